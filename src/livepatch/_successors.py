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

from livepatch._fill import copy_slots, dict_is_shared, hold_only_atoms, losers_inside, read_column
from livepatch._migration import Migration
from livepatch._own import OwnDict, OwnList
from livepatch._shapes import Default, Shape, build_all, has_value, set_in_dict, slot_value
from livepatch._steps import MISSING

Settle = Callable[[Any], Any]


def build_successors(
    migration: Migration, instances: OwnList[Any], survivors: OwnDict[int, Any]
) -> OwnList[Any]:
    """Make successors for instances that have none yet; return those instances."""
    news = instances
    if not survivors.keys().isdisjoint(map(id, instances)):
        known = map(survivors.__contains__, map(id, instances))
        news = OwnList(compress(instances, map(operator.not_, known)))
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
    migration.unfilled.update(name for name in after if name not in named and name not in defaults)
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


def fill_successors(migration: Migration, survivors: OwnDict[int, Any]) -> None:
    """Give all successors the values of their instances, and the defaults that are no calls."""
    if migration.is_tuple:
        found = map(survivors.get, map(id, migration.instances))
        migration.successors = OwnList(found)
    give_values(migration, migration.instances, migration.successors, survivors)


def give_values(
    migration: Migration,
    instances: list[Any],
    successors: list[Any],
    survivors: OwnDict[int, Any],
) -> None:
    """Give some successors their values."""
    old, new = migration.old, migration.new
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
    _place_earlier(migration, instances, successors)
    _place_defaults(migration, successors)
    if not _come_to_atoms(migration, instances):
        _settle(migration, successors, survivors)


def _place_earlier(migration: Migration, instances: list[Any], successors: list[Any]) -> None:
    for instance, successor in zip(instances, successors) if migration.earlier else ():
        for name, value in migration.earlier.get(id(instance), {}).items():
            place(migration, successor, name, value)


def _come_to_atoms(migration: Migration, instances: list[Any]) -> bool:
    """Whether all values of the successors are numbers, texts and the like: none is a loser."""
    old, new = migration.old, migration.new
    only_slots = old.attributes is None and new.attributes is None and object is old.native
    if not only_slots or migration.earlier or migration.added & new.defaults.keys():
        return False
    return bool(instances) and hold_only_atoms(instances, old.slots)


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
