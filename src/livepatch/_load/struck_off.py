"""Stage 5: what was struck off for good and what came in its place, as steps.

It is done already, while the statements ran; this is for who takes the reload back.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from livepatch._python.constants import same_value
from livepatch._python.kinds import is_plain_data
from livepatch._python.own import MISSING, Call, OwnDict, OwnList
from livepatch._registers.enrolled import Enrolled
from livepatch._registers.entries import Entry
from livepatch._steps.dicts import has_plain_keys, kind_of_dict, known_by, restore_places
from livepatch._steps.items import exchange_items
from livepatch._steps.steps import Steps, exchanged


def steps_for_moved(enrolled: Enrolled, survivors: Mapping[int, Any]) -> Steps:
    """Return the steps for what came under another key: done already, and to be taken back.

    Args:
        enrolled: what was struck off.
        survivors: what stands for the losers, by the id of each.
    """
    steps = Steps()
    stayed = _keys_that_stayed(enrolled, survivors) | _keys_that_were_there(enrolled, survivors)
    for container, key, value in enrolled.moved:
        settled = exchanged(key, survivors)
        if (id(container), known_by(settled)) not in stayed:
            kind = kind_of_dict(container)
            do = Call(kind.__setitem__, container, settled, survivors.get(id(value), value))
            steps.add(do, Call(kind.pop, container, settled, None))
    return steps


def steps_for_replaced(enrolled: Enrolled, settle: Callable[[Any], Any]) -> Steps:
    """Return the steps for what came in the place of an entry: done already, to be taken back.

    Args:
        enrolled: what was struck off.
        settle: returns what will stand for an object, one that is built anew too.
    """
    steps = Steps()
    in_lists: OwnDict[int, OwnList[Any]] = OwnDict()
    for container, key, *values in enrolled.replaced:
        old, new = map(settle, values)
        if same_value(old, new):
            continue  # it says the same again
        if not isinstance(container, (dict, set)):
            lists = in_lists.setdefault(id(container), OwnList((container, OwnList(), OwnList())))
            lists[1].append(old)
            lists[2].append(new)
            continue
        if isinstance(container, dict):
            sets = kind_of_dict(container).__setitem__
            calls = [Call(sets, container, settle(key), each) for each in (new, old)]
        else:
            calls = [Call(_exchange_in_set, container, *pair) for pair in ((old, new), (new, old))]
        steps.add(*calls)
    for container, olds, news in in_lists.values():
        steps.add(
            Call(exchange_items, container, olds, news), Call(exchange_items, container, news, olds)
        )
    return steps


def _exchange_in_set(target: set[Any], old: Any, new: Any) -> None:
    target.discard(old)
    target.add(new)


def contents_without(
    enrolled: Collection[Enrolled], container: Any, before: dict[Any, Any] | list[Any]
) -> dict[Any, Any] | list[Any]:
    """Return what a container held, but for what is known to have gone, or to have been replaced.

    Args:
        enrolled: what was struck off.
        container: the container.
        before: what it held: a dict, or a list of its items.
    """
    gone = [each for one in enrolled for each in one.gone if each.container is container]
    came = [each for one in enrolled for each in one.replaced if each[0] is container]
    if not gone and not came:
        return before
    left = {id(each.value) for each in gone}
    news = {id(old): new for _, _, old, new in came}
    if isinstance(before, dict):
        # Of a class that is made again it is told later whether it is the key.
        plain = [each for each in gone if is_plain_data(each.key)]
        places = {(id(each.value), known_by(each.key)) for each in plain}
        return OwnDict(
            (key, news.get(id(value), value))
            for key, value in before.items()
            if (id(value), known_by(key)) not in places
        )
    return OwnList(news.get(id(each), each) for each in before if id(each) not in left)


def forget_moved(enrolled: Enrolled, settle: Callable[[Any], Any]) -> None:
    """Forget that entries have gone whose definitions are there by another module now.

    Args:
        enrolled: what was struck off.
        settle: returns what will stand for an object.
    """
    there: OwnDict[int, set[int]] = OwnDict()
    gone: list[Entry] = OwnList()
    for entry in enrolled.gone:
        container = entry.container
        if id(container) not in there:
            values = container.values() if isinstance(container, dict) else container
            there[id(container)] = set(map(id, map(settle, list(values))))
        if id(settle(entry.value)) not in there[id(container)] or (
            isinstance(container, dict)
            and settle(dict.get(container, entry.key, MISSING)) is not settle(entry.value)
        ):
            gone.append(entry)
    enrolled.gone[:] = gone


def steps_for_gone(enrolled: Enrolled, survivors: Mapping[int, Any]) -> Steps:
    """Return the steps for what is struck off for good: done already, and to be taken back.

    Args:
        enrolled: what was struck off.
        survivors: what stands for the losers, by the id of each.
    """
    steps = Steps()
    stayed = _keys_that_stayed(enrolled, survivors)
    gone = [
        entry
        for entry in enrolled.gone
        if (id(entry.container), known_by(exchanged(entry.key, survivors))) not in stayed
    ]
    changed = {id(entry.container) for entry in gone}
    for container, keys_before in enrolled.orders:
        is_dict = isinstance(container, dict)
        if is_dict and id(container) in changed and has_plain_keys(keys_before):
            # Taken back last, when all are there again.
            steps.add(Call(id, container), Call(restore_places, container, keys_before, ()))
    for entry in reversed(gone):
        steps.add(entry.strike_off(), entry.put_back())
    return steps


def _keys_that_were_there(enrolled: Enrolled, survivors: Mapping[int, Any]) -> set[tuple[int, Any]]:
    """Return the keys that a definition had besides one that has gone, and has again."""
    gone = set(map(id, enrolled.gone))
    return {
        (id(entry.container), known_by(exchanged(entry.key, survivors)))
        for entry in enrolled.entries
        if id(entry) not in gone
    }


def _keys_that_stayed(enrolled: Enrolled, survivors: Mapping[int, Any]) -> set[tuple[int, Any]]:
    """Return the keys under which something came that are the old ones: classes made again."""
    came = {
        (id(container), known_by(exchanged(key, survivors))) for container, key, _ in enrolled.moved
    }
    went = {
        (id(entry.container), known_by(exchanged(entry.key, survivors))) for entry in enrolled.gone
    }
    return came & went
