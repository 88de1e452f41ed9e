"""Stage 3: definitions stand on the lists of who decorates them in the order of their statements.

Routes are asked one after the other, and so are hooks and plugins: a view that has been moved above
another one, or written there, is to be found before it. Only the changed statements run, so what
they enter comes last; it is put in its place afterwards, and what has moved changes places.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from livepatch._python.own import OwnDict, OwnList
from livepatch._registers.enrolled import find_entries
from livepatch._registers.entries import Earlier, Entry
from livepatch._registers.registers import lead_to, sorts
from livepatch._select.selection import Selection
from livepatch._snapshot.snapshot import Snapshot
from livepatch._source.source import namespace_of
from livepatch._steps.dicts import has_plain_keys, restore_contents
from livepatch._steps.items import rearrange


def put_in_order(selection: Selection, snapshot: Snapshot, earlier: Earlier) -> None:
    """Bring the entries of definitions in lists and dicts into the order of the definitions.

    What stood in another order than that of the old source has been ordered by the program, and
    stays; so do the places of all other entries.

    Args:
        selection: what ran, with the definitions in the order of their statements.
        snapshot: of the module; takes copies of the containers, with which a failure is taken back.
        earlier: what is known of the time before the load.
    """
    namespace = namespace_of(snapshot.source.module)
    all_places = {name: place for place, name in enumerate(selection.before)}
    struck_off = (entry for enrolled in snapshot.enrolled for entry in enrolled.entries)
    stood = {(id(entry.container), entry.made.name) for entry in struck_off}
    for made in selection.orders:
        ranks = {each.name: rank for rank, each in enumerate(made)}
        entries = find_entries(namespace, made, Earlier({})).entries
        for container, own in _by_container(entries, namespace):
            own.sort(key=lambda each: each[0])
            # What is made anew and did not stand here has come, wherever its statement was.
            places = {
                name: all_places[name]
                for _, name in own
                if name in all_places
                and (name not in selection.entered or (id(container), name) in stood)
            }
            known = [places[name] for _, name in own if name in places]
            if known != sorted(known):
                continue
            before_it = OwnDict(container) if isinstance(container, dict) else OwnList(container)
            wanted = _in_order(own, ranks, places)
            if wanted is not None:
                snapshot.contents.extend(earlier.not_copied([OwnList((container, before_it))]))
                _arrange(container, wanted)


def _by_container(
    entries: Collection[Entry], namespace: Mapping[str, Any]
) -> Iterator[tuple[Any, list[tuple[int, str]]]]:
    """Yield the lists and dicts of entries, with the place and the definition of each entry."""
    found: OwnDict[int, tuple[Any, list[tuple[int, str]]]] = OwnDict()
    ways = {way for entry in entries for way in entry.ways}
    sorted_by = {way for way in ways if sorts(*lead_to(namespace, way))}
    places: OwnDict[int, Mapping[Any, int]] = OwnDict()
    for entry in entries:
        container = entry.container
        if id(container) not in places:
            places[id(container)] = _places_in(container)
        place = places[id(container)].get(entry.key)
        if place is not None and sorted_by.isdisjoint(entry.ways):
            found.setdefault(id(container), (container, []))[1].append((place, entry.made.name))
    yield from (each for each in found.values() if each[1][1:])


def _places_in(container: Any) -> Mapping[Any, int]:
    """Return the places of the entries of a list or dict by their keys; nothing for another."""
    if isinstance(container, dict) and has_plain_keys(container):
        return {key: place for place, key in enumerate(container)}
    return dict(enumerate(range(len(container)))) if type(container) in (list, deque) else {}


def _in_order(
    own: list[tuple[int, str]], ranks: Mapping[str, int], places: Mapping[str, int]
) -> list[int] | None:
    """Return the places of a container's items as they are to follow one another, if they are not.

    Args:
        own: the places of the entries that are to be in order, with the names of the definitions.
        ranks: the order.
        places: where the old source had those that it had.
    """
    last = own[-1][0]
    stood = [each for each in own if each[1] in places]
    moved = dict(
        zip(
            (place for place, _ in stood),
            (place for place, _ in sorted(stood, key=lambda each: ranks[each[1]])),
        )
    )
    came = {place for place, name in own if name not in places}
    order = [moved.get(place, place) for place in range(last + 1) if place not in came]
    named = dict(own)
    for place in sorted(came, key=lambda each: -ranks[named[each]]):
        rank = ranks[named[place]]
        behind = (at for at, each in enumerate(order) if ranks.get(named.get(each, ""), -1) > rank)
        order.insert(next(behind, len(order)), place)
    return None if order == [*range(last + 1)] else order


def _arrange(container: Any, places: list[int]) -> None:
    if isinstance(container, dict):
        items = list(container.items())
        wanted = OwnDict(items[place] for place in places)
        wanted.update(items)
        restore_contents(container, wanted)
    else:
        items = OwnList(container)
        rearrange(container, OwnList(items[place] for place in places))
