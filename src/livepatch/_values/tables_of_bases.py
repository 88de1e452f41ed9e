"""Tables that a metaclass makes of a class and all that it derives from: a list of its fields, say.

Where a base has changed, and the class says what it said, its table follows entry by entry. So what
the program has entered itself stays, and where it stands.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from livepatch._match.pairs import Matches, Pair
from livepatch._python.constants import is_plain, same_contents
from livepatch._python.kinds import class_attributes, is_class, mro_of
from livepatch._python.own import MISSING, OwnDict, OwnList
from livepatch._steps.dicts import kind_of_dict, known_by
from livepatch._steps.steps import Steps
from livepatch._values.registries import ATOMS, MAPPINGS

_Entries = OwnDict[Any, "tuple[Any, Any]"]


@dataclass(frozen=True, slots=True)
class Followed:
    """What lets a table follow those of the bases.

    Attributes:
        steps: of plain data, all there is to do.
        gone: the keys that go from a dict whose values are no plain data.
        more: what is to be entered there; what a value will be is decided later.
        order: the keys as they are to follow one another then.
    """

    steps: Steps = field(default_factory=Steps)
    gone: OwnList[Any] = field(default_factory=OwnList)
    more: OwnDict[Any, Any] = field(default_factory=OwnDict)
    order: OwnList[Any] = field(default_factory=OwnList)


def can_follow(live: Any, made: Any) -> bool:
    """Whether a table can follow another entry by entry.

    They are plain data, each thing in them once, or dicts by names. Any other table that is made of
    those of the bases is the new one, without what the program had entered.
    """
    if type(live) is not type(made) or type(live) not in (*MAPPINGS, list, set):
        return False
    by_name = type(live) in MAPPINGS and all(type(key) in ATOMS for key in (*live, *made))
    return by_name or (_is_told_apart(live) and _is_told_apart(made))


def follow(matches: Matches, pair: Pair, name: str, tables: tuple[Any, Any]) -> Followed:
    """Let the table of a class follow those of its bases; see `can_follow`.

    Args:
        matches: who was made again.
        pair: the class.
        name: of the attribute.
        tables: the live one, and the one that the load made.
    """
    live, made = tables
    before, after = _entries_of(live), _entries_of(made)
    bases = OwnList(_tables_of_bases(matches, pair, name, type(live)))
    followed = {key for key, (_, value) in before.items() if _follows(key, value, bases)}
    order = _in_order(before, after, before.keys() - after.keys() - followed)
    if not (_is_plain(live) and _is_plain(made)):
        gone = OwnList(before[key][0] for key in before if key in followed and key not in after)
        news = (key for key in after if key in followed or key not in before)
        more = OwnDict(after[key] for key in news)
        keys = OwnList((before if key in before else after)[key][0] for key in order)
        return Followed(gone=gone, more=more, order=keys)
    stay = before.keys() & after.keys() - followed
    kept = (key in stay or key not in after for key in order)
    final = [before[key] if keeps else after[key] for key, keeps in zip(order, kept)]
    result = Followed()
    _set_contents(result.steps, live, final)
    return result


def _is_plain(table: Any) -> bool:
    return is_plain([*table.items()] if isinstance(table, dict) else [*table])


def _is_told_apart(table: Any) -> bool:
    return _is_plain(table) and len(_entries_of(table)) == len(table)


def _entries_of(table: Any) -> _Entries:
    """Return what is in a table, with its keys, by what tells one from others."""
    items = table.items() if isinstance(table, dict) else zip(table, table)
    return _Entries((_known_by(key), (key, value)) for key, value in items)


def _known_by(key: Any) -> Any:
    """Return what tells plain data from others, in lists and dicts too: 1 and True are two."""
    if type(key) in (list, tuple):
        return (type(key), *map(_known_by, key))
    if type(key) is dict:
        return (dict, *((_known_by(each), _known_by(value)) for each, value in key.items()))
    return known_by(key)


def _tables_of_bases(
    matches: Matches, pair: Pair, name: str, kind: type
) -> Iterator[tuple[_Entries, _Entries]]:
    """Yield what is in the tables of the bases, as they were and as they are."""
    for base in mro_of(pair.old)[1:]:
        made = matches.by_old.get(id(base))
        if made is not None and is_class(made.new):
            found = [class_attributes(cls).get(name) for cls in (made.old, made.new)]
            if type(found[0]) is kind and can_follow(*found):
                yield _entries_of(found[0]), _entries_of(found[1])


def _follows(key: Any, value: Any, bases: list[tuple[_Entries, _Entries]]) -> bool:
    """Whether an entry came from a base, which has another one there by now, or none."""
    nothing = MISSING, MISSING
    for before, after in bases:
        had, has = before.get(key, nothing)[1], after.get(key, nothing)[1]
        if same_contents(had, value) and not same_contents(had, has):
            return True
        # Each class may have an object of its own: of a field, say.
        if has is MISSING and type(had) is type(value) and not is_plain(value):
            return True
    return False


def _in_order(before: _Entries, after: _Entries, own: Any) -> list[Any]:
    """Return the keys that are to be there: the new ones, and the program's behind what they were.

    Args:
        before: the live entries.
        after: those that the load made.
        own: the keys of what the program has entered.
    """
    behind: dict[Any, list[Any]] = {}
    last = None
    for key in before:
        if key in own:
            behind.setdefault(last, []).append(key)
        elif key in after:
            last = key
    return [*behind.get(None, ()), *(e for key in after for e in (key, *behind.get(key, ())))]


def _set_contents(steps: Steps, live: Any, entries: list[tuple[Any, Any]]) -> None:
    present = _entries_of(live)
    # What comes is a copy: the tables of the load may be taken for the live ones.
    entries = [
        each if each[1] is present.get(_known_by(each[0]), each)[1] else copy.deepcopy(each)
        for each in entries
    ]
    if isinstance(live, dict):
        kind, new = kind_of_dict(live), OwnDict(entries)
        if not same_contents(list(live.items()), list(new.items())):
            steps.replace_members(kind, live, new, OwnDict(live))
    elif type(live) is list:
        items = OwnList(value for _, value in entries)
        if not same_contents(live, list(items)):
            steps.replace_items(live, items, OwnList(live))
    elif _entries_of(live).keys() != {_known_by(key) for key, _ in entries}:
        steps.replace_members(set, live, OwnList(key for key, _ in entries), OwnList(live))
