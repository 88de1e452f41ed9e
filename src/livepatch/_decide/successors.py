"""Rung 4: instances are made anew in their class's new layout, and given their values by name.

The old instance is a loser and its successor the survivor: who holds the one is given the other,
like any definition. Successors are made and filled while the reload is planned, when nobody can
see them and nothing else has changed. An old instance is never written to.
"""

from __future__ import annotations

import collections
import operator
from collections.abc import Callable, Iterable, Iterator
from itertools import compress, repeat
from typing import Any

from livepatch._decide.fill import (
    copy_slots,
    dict_is_shared,
    hold_only_atoms,
    losers_inside,
    read_column,
)
from livepatch._decide.migration import Migration
from livepatch._match.build import build_all, is_of_exception, of_exception, set_on_exception
from livepatch._match.shapes import Default, Shape, has_value, set_in_dict
from livepatch._python.layout import slot_value
from livepatch._python.own import MISSING, OwnDict, OwnList

Settle = Callable[[Any], Any]


def build_successors(
    migration: Migration, instances: OwnList[Any], survivors: OwnDict[int, Any]
) -> OwnList[Any]:
    """Make successors for instances that have none yet; return those instances."""
    if not migration.is_tuple and len(survivors) < len(instances):
        # Very many, and hardly one is known already: that is seen when all have been added.
        before: OwnDict[int, Any] = OwnDict(survivors)
        successors = build_all(migration.new, instances)
        survivors.update(zip(map(id, instances), successors))
        if len(survivors) == len(before) + len(instances):
            migration.take(instances, successors)
            return instances
        survivors.clear()
        survivors.update(before)
    known = map(survivors.__contains__, map(id, instances))
    news: OwnList[Any] = OwnList(compress(instances, map(operator.not_, known)))
    migration.instances += news
    if migration.is_tuple:
        return news
    successors = build_all(migration.new, news)
    migration.successors += successors
    survivors.update(zip(map(id, news), successors))
    return news


def tuple_successor(migration: Migration, old: Any, settle: Settle) -> Any:
    """Make a successor that is a tuple: by the names of its fields if it has some."""
    shape, after = migration.old, migration.new.fields
    if after is None or (shape.fields is None and shape.native is tuple):
        return tuple.__new__(migration.new.cls, map(settle, tuple.__iter__(old)))
    values = list(_field_values(shape, old))
    if shape.native is not tuple:
        values += ((name, slot_value(slot, old)) for name, slot in shape.slots.items())
        values += shape.attributes.__get__(old).items() if shape.attributes is not None else ()
    names = migration.renamed
    named = {names.get(name, name): value for name, value in values if value is not MISSING}
    named |= migration.earlier.get(id(old), {})
    defaults = migration.new.defaults
    for name in after:
        if name not in named and name not in defaults:
            migration.unfilled.setdefault(name, OwnList()).append(old)
    chosen = [
        settle(named.pop(name)) if name in named else defaults.get(name, Default()).value
        for name in after
    ]
    successor: Any = tuple.__new__(migration.new.cls, chosen)
    if named:
        migration.left[id(successor)] = OwnDict(named)
    return successor


def _field_values(shape: Shape, instance: Any) -> Iterator[tuple[str, Any]]:
    if shape.native is tuple and shape.fields is not None:
        yield from zip(shape.fields, tuple.__iter__(instance))


def fill_successors(
    migration: Migration, survivors: OwnDict[int, Any], *, losers_are_tracked: bool = False
) -> None:
    """Give all successors the values of their instances, and the defaults that are no calls.

    Args:
        migration: the instances and their successors.
        survivors: by the id of each loser what takes its place.
        losers_are_tracked: whether it is known that the collector knows all losers.
    """
    if migration.is_tuple:
        found = map(survivors.get, map(id, migration.instances))
        migration.successors = OwnList(found)
    old, new = migration.old, migration.new
    instances, successors = migration.instances, migration.successors
    if not (migration.is_tuple and old.native is object):
        # Else the values are fields of a tuple already.
        _take_slots(migration, instances, successors)
        if old.attributes is not None:
            for instance, successor in zip(instances, successors):
                _take_dict(migration, instance, successor)
    if old.fields is not None and new.fields is None:
        for instance, successor in zip(instances, successors):
            for name, value in _field_values(old, instance):
                place(migration, successor, migration.renamed.get(name, name), value)
    _keep_exceptions_aside(migration)
    _place_earlier(migration, instances, successors)
    _place_defaults(migration, successors)
    if not _come_to_atoms(migration, losers_are_tracked=losers_are_tracked):
        _settle(migration, successors, survivors)
    _settle_aside(migration, survivors)


def _keep_exceptions_aside(migration: Migration) -> None:
    """Keep the arguments and the like of exceptions that become none and have no place for them."""
    old, new = migration.old.native, migration.new.native
    if not issubclass(old, BaseException) or issubclass(new, BaseException):
        return
    for instance, successor in zip(migration.instances, migration.successors):
        for name, value in of_exception(instance):
            if not any(value is nothing for nothing in _NOTHING):
                _keep_aside(migration, successor, name, value)


_NOTHING = ((), None, False)


def _place_earlier(migration: Migration, instances: list[Any], successors: list[Any]) -> None:
    for instance, successor in zip(instances, successors) if migration.earlier else ():
        for name, value in migration.earlier.get(id(instance), {}).items():
            if is_of_exception(migration.new, name):
                set_on_exception(successor, name, value)
            else:
                place(migration, successor, name, value)


def _come_to_atoms(migration: Migration, *, losers_are_tracked: bool) -> bool:
    """Whether all values of the successors are numbers, texts and the like: none is a loser."""
    old, new = migration.old, migration.new
    only_slots = old.attributes is None and new.attributes is None and object is old.native
    if not only_slots or migration.earlier or migration.added & new.defaults.keys():
        return False
    return bool(migration.instances) and hold_only_atoms(
        migration.instances, old.slots, losers_are_tracked=losers_are_tracked
    )


def _take_slots(migration: Migration, instances: list[Any], successors: list[Any]) -> None:
    same: list[tuple[Any, Any]] = []
    elsewhere: list[tuple[str, Any]] = []
    for name, descriptor in migration.old.slots.items():
        target = migration.renamed.get(name, name)
        if target in migration.new.slots:
            same.append((descriptor, migration.new.slots[target]))
        else:
            elsewhere.append((target, descriptor))
    copy_slots(same, instances, successors)
    for target, descriptor in elsewhere:
        _place_column(migration, target, read_column(descriptor, instances), successors)


def _place_column(
    migration: Migration, name: str, values: Iterable[Any], successors: list[Any]
) -> None:
    for successor, value in zip(successors, values):
        if value is not MISSING:
            place(migration, successor, name, value)


def place(migration: Migration, successor: Any, name: Any, value: Any) -> None:
    """Put a value where its name has a place; if there is none, keep it aside."""
    new = migration.new
    if name in new.slots:
        new.slots[name].__set__(successor, value)
    elif new.attributes is not None:
        set_in_dict(new, successor, name, value)
    elif new.fields is None or name not in new.fields:
        _keep_aside(migration, successor, name, value)


def _keep_aside(migration: Migration, successor: Any, name: str, value: Any) -> None:
    aside: OwnDict[str, Any] = OwnDict()
    migration.left.setdefault(id(successor), aside)[name] = value


def _take_dict(migration: Migration, instance: Any, successor: Any) -> None:
    old, new = migration.old, migration.new
    attributes = old.attributes.__get__(instance)
    moves = any(name in new.slots or name in migration.renamed for name in attributes)
    if not moves and new.attributes is not None and dict_is_shared(attributes):
        # Someone holds the dict itself (vars(player), a state that all instances share).
        new.attributes.__set__(successor, attributes)
        migration.shared[id(successor)] = attributes
        return
    for name, value in attributes.items():
        place(migration, successor, migration.renamed.get(name, name), value)


def _place_defaults(migration: Migration, successors: list[Any]) -> None:
    for name in migration.added:
        default = migration.new.defaults.get(name)
        if default is None or default.factory is not None or migration.is_tuple:
            continue
        if migration.old.attributes is None and not migration.earlier:
            slot = migration.new.slots.get(name)
            if slot is not None:  # nobody can have a value for it
                values = repeat(default.value)
                collections.deque(map(slot.__set__, successors, values), maxlen=0)
                continue
        for successor in successors:
            shared = id(successor) in migration.shared
            if not shared and not has_value(migration.new, successor, name):
                place(migration, successor, name, default.value)


def _settle_aside(migration: Migration, survivors: OwnDict[int, Any]) -> None:
    for aside in migration.left.values():
        for name, value in aside.items():
            if id(value) in survivors:
                aside[name] = survivors[id(value)]


def _settle(migration: Migration, successors: list[Any], survivors: OwnDict[int, Any]) -> None:
    """Exchange the losers among the values of the successors."""
    shape = migration.new
    have_dicts = shape.attributes is not None
    for successor in losers_inside(successors, survivors, have_dicts=have_dicts):
        for descriptor in shape.slots.values():
            value = slot_value(descriptor, successor)
            if id(value) in survivors:
                descriptor.__set__(successor, survivors[id(value)])
        if shape.attributes is not None and id(successor) not in migration.shared:
            attributes = shape.attributes.__get__(successor)
            for name, value in list(attributes.items()):
                attributes[name] = survivors.get(id(value), value)
