"""Rung 4: instances are made anew in their class's new layout, and given their values by name.

The old instance is a loser and its successor the survivor: who holds the one is given the other,
like any definition. Successors are made and filled while the reload is planned, when nobody can
see them and nothing else has changed; what runs the user's code (default factories, the hook)
waits until everything else is in its place. An old instance is never written to.
"""

from __future__ import annotations

import collections
import operator
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import compress, repeat
from typing import Any

from livepatch._fill import copy_slots, dict_is_shared, hold_only_atoms, losers_inside, read_column
from livepatch._hotswap import HOOK, newly_renamed
from livepatch._own import OwnDict, OwnList
from livepatch._shapes import (
    Default,
    Shape,
    build_all,
    can_build,
    copy_contents,
    find_attribute,
    has_contents,
    shape_of,
    slot_value,
)
from livepatch._steps import MISSING

Settle = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Change:
    """What ``__livepatch_migrate__`` is told about the change of an instance.

    Attributes:
        old_class: the class that the instance was of.
        added: names of fields that the class did not have.
        removed: names of fields that it has no longer.
        renamed: new names of fields by their old ones.
        old_values: the values that have no place any more, by name.
        direction: ``"forward"`` in a reload, ``"back"`` when it is taken back.
    """

    __module__ = "livepatch"  # a holder of the user's, not one of livepatch's own

    old_class: type
    added: frozenset[str]
    removed: frozenset[str]
    renamed: Mapping[str, str]
    old_values: Mapping[str, Any]
    direction: str


@dataclass(slots=True, eq=False)
class Migration:
    """The instances of one class, on their way to its successor.

    Attributes:
        path: what the report calls the class.
        old: what the instances keep.
        new: what their successors keep.
        renamed: new names of fields by their old ones.
        hook: called with each successor and the change; None if there is none.
        direction: ``"forward"``, ``"back"``, or ``"none"`` where only the class is another.
        earlier: by the id of an instance, what it had to leave behind in the reload taken back.
        instances: the losers.
        successors: the survivors, in the same order.
        left: by the id of a successor, the values that have no place in it.
        shared: by the id of a successor, its dict, where somebody else holds that too.
        unfilled: fields of tuples without a value, with the number of tuples.
    """

    path: str
    old: Shape
    new: Shape
    renamed: dict[str, str]
    hook: Any
    direction: str
    earlier: Mapping[int, Mapping[str, Any]] = field(default_factory=OwnDict)
    instances: OwnList[Any] = field(default_factory=OwnList)
    successors: OwnList[Any] = field(default_factory=OwnList)
    left: OwnDict[int, OwnDict[str, Any]] = field(default_factory=OwnDict)
    shared: OwnDict[int, dict[str, Any]] = field(default_factory=OwnDict)
    unfilled: collections.Counter[str] = field(default_factory=collections.Counter)

    @property
    def added(self) -> frozenset[str]:
        """The fields that the class did not have."""
        present = {self.renamed.get(name, name) for name in self.old.declared}
        return frozenset(name for name in self.new.declared if name not in present)

    @property
    def removed(self) -> frozenset[str]:
        """The fields that the class has no longer."""
        names = (name for name in self.old.declared if name not in self.renamed)
        return frozenset(name for name in names if name not in self.new.declared)

    @property
    def is_tuple(self) -> bool:
        """Whether a successor can only be made once all that is in it is known."""
        return self.new.native is tuple

    def losing_contents(self) -> int:
        """Count the instances whose built-in base keeps something that has no place any more."""
        if self.old.native is self.new.native:
            return 0
        return sum(has_contents(self.old, each) for each in self.instances)

    def lacking(self) -> list[tuple[str, int]]:
        """List the fields that some successors have no value for, and how many they are.

        A field with a default gets that, and a hook may see to the others.
        """
        if self.is_tuple:
            return list(self.unfilled.items())
        if self.hook is not None:
            return []
        needed = self.added & self.new.required - self.new.defaults.keys()
        found: list[tuple[str, int]] = []
        for name in (name for name in self.new.declared if name in needed):
            count = sum(not has_value(self.new, each, name) for each in self.successors)
            if count:
                found.append((name, count))
        return found


def start_migration(
    path: str,
    old: type,
    new: type,
    *,
    direction: str = "forward",
    earlier: Mapping[int, Mapping[str, Any]] | None = None,
) -> Migration | None:
    """Describe how the instances of a class are to go over; None if they cannot be made anew."""
    before, after = shape_of(old), shape_of(new)
    if not can_build(before, after):
        return None
    left = new if direction == "forward" else old
    renamed = newly_renamed(old, new)
    if direction == "back":
        renamed = {after: before for before, after in newly_renamed(new, old).items()}
    # On the way back the later code knows of the change; the earlier may not.
    hook = find_attribute(left, HOOK) or find_attribute(new, HOOK)
    if direction == "none":
        renamed, hook = {}, None
    return Migration(path, before, after, renamed, hook, direction, earlier or OwnDict())


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
    fill(migration, migration.instances, migration.successors, survivors)


def fill(
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
                _place(migration, successor, migration.renamed.get(name, name), value)
    _place_earlier(migration, instances, successors)
    _place_defaults(migration, successors)
    if not _come_to_atoms(migration, instances):
        _settle(migration, successors, survivors)


def _place_earlier(migration: Migration, instances: list[Any], successors: list[Any]) -> None:
    for instance, successor in zip(instances, successors) if migration.earlier else ():
        for name, value in migration.earlier.get(id(instance), {}).items():
            _place(migration, successor, name, value)


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
            _place(migration, successor, name, value)


def _place(migration: Migration, successor: Any, name: Any, value: Any) -> None:
    """Put a value where its name has a place; if there is none, keep it aside."""
    new = migration.new
    if name in new.slots:
        new.slots[name].__set__(successor, value)
    elif new.attributes is not None:
        set_in_dict(new, successor, name, value)
    elif new.fields is None or name not in new.fields:
        aside: OwnDict[str, Any] = OwnDict()
        migration.left.setdefault(id(successor), aside)[name] = value


def set_in_dict(shape: Shape, instance: Any, name: Any, value: Any) -> None:
    """Put a value into an instance's dict, without making a dict object where none is needed."""
    # object.__setattr__ would call a property of that name, or set a slot.
    hidden = type(name) is not str or hasattr(type(find_attribute(shape.cls, name)), "__set__")
    if hidden:
        shape.attributes.__get__(instance)[name] = value
    else:
        object.__setattr__(instance, name, value)


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
        _place(migration, successor, migration.renamed.get(name, name), value)


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
                _place(migration, successor, name, default.value)


def has_value(shape: Shape, instance: Any, name: str) -> bool:
    """Whether an instance has a value of its own under a name."""
    if name in shape.slots:
        return slot_value(shape.slots[name], instance) is not MISSING
    return shape.attributes is not None and name in shape.attributes.__get__(instance)


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


# While the change is made


def complete(migrations: OwnList[Migration], survivors: OwnDict[int, Any]) -> None:
    """Call default factories and hooks, when all else is in its place.

    A hook must not wait for anything: whoever waits lets other threads run. As long as none does,
    no other thread runs before all is done.
    """
    interval = sys.getswitchinterval()
    try:
        sys.setswitchinterval(_FOREVER)
        for migration in migrations:
            _call_factories(migration)
            _copy_all_contents(migration, survivors)
        for migration in migrations:
            _call_hooks(migration)
    finally:
        sys.setswitchinterval(interval)


_FOREVER = 1e6


def _call_factories(migration: Migration) -> None:
    for name in migration.new.declared:
        default = migration.new.defaults.get(name)
        if name not in migration.added or default is None or default.factory is None:
            continue
        for successor in migration.successors:
            if not has_value(migration.new, successor, name):
                arguments = (successor,) if default.takes_self else ()
                _place(migration, successor, name, default.factory(*arguments))


def _copy_all_contents(migration: Migration, survivors: OwnDict[int, Any]) -> None:
    if object in (migration.old.native, migration.new.native) or migration.is_tuple:
        return

    def settle(value: Any) -> Any:
        return survivors.get(id(value), value)

    for instance, successor in zip(migration.instances, migration.successors):
        copy_contents(migration.old, instance, successor, settle)


def _call_hooks(migration: Migration) -> None:
    if migration.hook is None:
        return
    for successor, change in changes_of(migration):
        migration.hook(successor, change)


def changes_of(migration: Migration) -> Iterator[tuple[Any, Change]]:
    """Yield each successor with what its hook is told."""
    added, removed = migration.added, migration.removed
    for successor in migration.successors:
        yield (
            successor,
            Change(
                migration.old.cls,
                added,
                removed,
                dict(migration.renamed),
                dict(migration.left.get(id(successor), {})),
                migration.direction,
            ),
        )
