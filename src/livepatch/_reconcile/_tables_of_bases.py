"""Tables that a metaclass makes of a class and its bases: a list of all fields, say."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from livepatch._constants import is_plain, same_contents
from livepatch._dicts import has_plain_keys
from livepatch._kinds import class_attributes, is_class, mro_of
from livepatch._own import MISSING, OwnDict, OwnList
from livepatch._pairs import Pair
from livepatch._reconcile._result import Reconciliation
from livepatch._registries import ATOMS


def follow_bases(result: Reconciliation, pair: Pair, name: str, old: Any, new: Any) -> None:
    """Let a table that is made of those of the bases follow them; what else is in it stays.

    Entry by entry: what the bases have more of, have no more, or say otherwise. The program may
    have entered something itself.

    Args:
        result: takes the steps.
        pair: the class.
        name: of the attribute.
        old: the table, which stays.
        new: the one that the load made.
    """
    if type(old) is not type(new) or not result.values.is_made_of_bases(pair, name):
        return
    tables = OwnList(_tables_of_bases(result, pair, name, type(old)))
    if type(old) is dict and has_plain_keys(old) and has_plain_keys(new):
        _follow_in_dict(result, old, new, tables)
    elif type(old) is list and is_plain(old) and is_plain(new):
        _follow_in_list(result, old, new, tables)
    elif type(old) is set and all(type(each) in ATOMS for each in (*old, *new)):
        gone = OwnList(
            each
            for each in old - new
            if any(each in before and each not in after for before, after in tables)
        )
        if gone:
            result.left.append((old, gone))
        result.fillings.append((old, new - old))


def _tables_of_bases(
    result: Reconciliation, pair: Pair, name: str, kind: type
) -> Iterator[tuple[Any, Any]]:
    """Yield the tables of the bases, as they were and as they are."""
    by_old = result.decisions.matches.by_old
    for base in mro_of(pair.old)[1:]:
        made = by_old.get(id(base))
        if made is not None and is_class(made.new):
            found = [class_attributes(cls).get(name) for cls in (made.old, made.new)]
            if type(found[0]) is type(found[1]) is kind:
                yield found[0], found[1]


def _follow_in_dict(
    result: Reconciliation, old: Any, new: Any, tables: list[tuple[Any, Any]]
) -> None:
    follow = OwnList(key for key in old if _follows(old[key], key, tables))
    gone = OwnList(key for key in follow if key not in new)
    if gone:
        result.left.append((old, gone))
    more: OwnDict[Any, Any] = OwnDict()
    for key, value in new.items():
        if key not in old or (key in follow and not is_plain(value)):
            more[key] = value
        elif key in follow and type(value) is type(old[key]) is list:
            result.steps.replace_items(old[key], list(value), list(old[key]))  # a record
        elif key in follow:
            result.steps.set_item(old, key, value)
    result.fillings.append((old, more))


def _follows(value: Any, key: Any, tables: list[tuple[Any, Any]]) -> bool:
    """Whether an entry came from a base, which has another one there by now, or none."""
    found = ((before.get(key, MISSING), after.get(key, MISSING)) for before, after in tables)
    return any(
        same_contents(before, value) and not same_contents(before, after) for before, after in found
    )


def _follow_in_list(
    result: Reconciliation, old: Any, new: Any, tables: list[tuple[Any, Any]]
) -> None:
    gone = OwnList(
        each
        for each in old
        if each not in new and any(each in before and each not in after for before, after in tables)
    )
    if [each for each in new if each not in old] or gone:
        own = [each for each in old if each not in new and each not in gone]
        result.steps.replace_items(old, [*new, *own], list(old))  # in the order of the new one
