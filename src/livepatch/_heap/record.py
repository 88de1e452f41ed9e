"""What a report keeps so that its reload can be taken back, and whose newest reload it is."""

from __future__ import annotations

import itertools
import operator
import weakref
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from types import CodeType, ModuleType
from typing import Any

from livepatch._decide.migration import Migration
from livepatch._heap.retire import Retired, with_bases_settled
from livepatch._match.module import Part, Path
from livepatch._match.unwrapped import Layer
from livepatch._python.constants import same_contents
from livepatch._python.kinds import Kind, is_class
from livepatch._python.own import Call, OwnDict, OwnList
from livepatch._source.outline import Outline
from livepatch._source.source import Source
from livepatch._steps.steps import Steps

_serials = itertools.count(1)


@dataclass(slots=True, eq=False)
class ModuleRecord:
    """What one module was before a reload and after it.

    Attributes:
        source: the module and the source it was brought to.
        part: its part in that reload.
        origin: the outline of the source before; None if unknown.
        at: the same without what was gone from that source already.
        outline: the outline of the source after.
        before: the namespace before the reload.
        after: the namespace after it.
        contents: what those containers held then that the reload had made anew.
        came: the paths of the definitions that came to classes that had been there.
    """

    source: Source
    part: Part
    origin: Outline | None
    at: Outline | None
    outline: Outline
    before: OwnDict[str, Any]
    after: OwnDict[str, Any]
    contents: OwnDict[str, OwnList[Any]]
    came: list[Path]


@dataclass(slots=True, eq=False)
class Replacement:
    """A pair whose new object survived.

    Attributes:
        path: its path.
        kind: what it is.
        old: the object there was.
        new: the object that came.
        before: the name of the module in which the old one was.
        module: the name of the module in which the new one is.
        attributes: the new one's attributes when the reload was done.
        home: for a class elsewhere that was copied, the name of its own module.
        migrated: whether instances were made anew.
    """

    path: Path
    kind: Kind
    old: Any
    new: Any
    before: str
    module: str
    attributes: OwnDict[str, Any]
    home: str = ""
    migrated: bool = False


@dataclass(slots=True, eq=False)
class Left:
    """What an instance had to leave behind when it was made anew.

    Attributes:
        instance: returns the instance that took its place; None when that is gone.
        values: the values, by name.
    """

    instance: Callable[[], Any]
    values: OwnDict[str, Any]


@dataclass(frozen=True, slots=True, eq=False)
class Filled:
    """What the instances of a class were given that were made before ``__init__`` assigned it.

    Attributes:
        cls: the class.
        name: the attribute.
        value: what all were given; MISSING where each got an object of its own.
        make: makes such an object.
        had: leads to those that had such an attribute by themselves, by the id of each.
    """

    cls: type
    name: str
    value: Any
    make: Callable[[], Any] | None
    had: OwnDict[int, Callable[[], Any]] = field(default_factory=OwnDict)

    def is_untouched(self, present: Any) -> bool:
        """Whether a value says no more than what was given."""
        return same_contents(present, self.value if self.make is None else self.make())


@dataclass(eq=False)  # without slots: 3.10 cannot make them weakly referenceable
class Record:
    """What is needed to take one reload back.

    Attributes:
        modules: the modules it brought up to date.
        replaced: the definitions whose new object survived; the old one is kept here.
        layers: wrappers whose decorator went.
        merged: the paths of definitions that became one with another, by an import say.
        steps: what was done to the definitions, and to ``sys.modules``.
        old_codes: of the functions whose code changed.
        new_codes: of the same functions.
        borrowed: new classes, and the base they have while instances go over.
        caches: what to empty, with the path of each definition.
        orders: classes that lost or moved attributes, with the order in which they had them.
        listed: of bases, by the id of each, the ids of the classes below them, and the base.
        entered: what was entered into containers of classes, as the new source does.
        registered: who came to or left abstract classes, as the new source does.
        filled: what instances were given that were made before ``__init__`` assigned it.
        left: values that have no place any more, by the id of their instance.
        retired: old classes that have left their bases' lists of subclasses.
        serial: tells the records of a process apart.
        undone: whether it has been taken back.
        doubts: until the end of the reload, what is said to be held, each with its notice.
        parts: what it holds and never changes; nothing until `retained` asks for it.
        inside: the ids of all that these parts refer to.
        coded: the ids of the old and new codes; none until somebody asks.
    """

    modules: list[ModuleRecord]
    replaced: OwnList[Replacement]
    layers: OwnList[Layer]
    merged: list[str]
    steps: Steps
    old_codes: OwnList[CodeType]
    new_codes: OwnList[CodeType]
    borrowed: OwnList[tuple[type, type]]
    caches: OwnList[tuple[str, Call]]
    orders: OwnList[tuple[type, list[str]]]
    listed: OwnDict[int, tuple[tuple[int, ...], type]] = field(default_factory=OwnDict)
    entered: Steps = field(default_factory=Steps)
    registered: Steps = field(default_factory=Steps)
    filled: OwnList[Filled] = field(default_factory=OwnList)
    left: OwnDict[int, Left] = field(default_factory=OwnDict)
    retired: OwnList[Retired] = field(default_factory=OwnList)
    serial: int = field(default_factory=lambda: next(_serials))
    undone: bool = False
    doubts: OwnList[OwnList[Any]] = field(default_factory=OwnList)
    parts: OwnList[Any] = field(default_factory=OwnList)
    inside: frozenset[int] = frozenset()
    coded: frozenset[int] = frozenset()


# Records die with their reports.
_records: weakref.WeakSet[Record] = weakref.WeakSet()


def live_records() -> list[Record]:
    """List the records of all live reports."""
    return list(_records)


# Of each module, the reloads that can still be taken back, the newest last.
_stacks: dict[int, tuple[weakref.ref[ModuleType], list[weakref.ref[Record]]]] = {}


def add_record(record: Record) -> None:
    """Note that a record is the newest of each of its modules."""
    _records.add(record)
    for module in record.modules:
        stack = _stack_of(module.source.module)
        # What lies below a reload that nobody can take back cannot be taken back either.
        dead = [index for index, each in enumerate(stack) if each() is None]
        del stack[: dead[-1] + 1 if dead else 0]
        stack.append(weakref.ref(record))


def is_newest(record: Record, module: ModuleType) -> bool:
    """Whether no later reload of a module is in force."""
    stack = _stack_of(module)
    return bool(stack) and stack[-1]() is record


def can_be_undone(record: Record) -> bool:
    """Whether a reload can be taken back, once all later ones of its modules have been."""
    if record.undone:
        return False
    for module in record.modules:
        later = list(itertools.dropwhile(_is_not(record), _stack_of(module.source.module)))
        if not later or any(each() is None for each in later):
            return False
    return True


def _is_not(record: Record) -> Callable[[Callable[[], Record | None]], bool]:
    return lambda reference: reference() is not record


def drop_record(record: Record) -> None:
    """Note that a record, the newest of each of its modules, has been taken back."""
    record.undone = True
    for module in record.modules:
        _stack_of(module.source.module).pop()
        module.before.clear()
        module.after.clear()
        module.contents.clear()
    for held in (
        record.replaced,
        record.old_codes,
        record.new_codes,
        record.borrowed,
        record.caches,
        record.orders,
        record.layers,
        record.left,
        record.filled,
        record.listed,
        record.parts,
    ):
        held.clear()
    record.inside = record.coded = frozenset()
    record.steps.clear()
    record.entered.clear()
    record.registered.clear()
    record.retired.clear()


def follow_instances(migrations: list[Migration], survivors: Mapping[int, Any]) -> None:
    """Let what records keep for instances, of values and of bases, be kept for their successors."""
    for record in live_records():
        follow_state(record, migrations, survivors)
        record.retired[:] = with_bases_settled(record.retired, _settling(survivors))
        for filled in record.filled:
            _follow(filled.had, survivors)
        if not record.left:
            continue
        for migration in migrations:
            for loser, survivor in zip(migration.instances, migration.successors):
                left = record.left.get(id(loser))
                if left is not None and left.instance() is loser:
                    del record.left[id(loser)]
                    record.left[id(survivor)] = Left(holding(survivor), left.values)
        for left in record.left.values():
            for name, value in left.values.items():
                left.values[name] = survivors.get(id(value), value)


def _settling(survivors: Mapping[int, Any]) -> Callable[[Any], Any]:
    def settle(cls: Any) -> Any:
        survivor = survivors.get(id(cls), cls)
        return survivor if is_class(survivor) else cls

    return settle


def follow_state(record: Record, migrations: list[Migration], survivors: Mapping[int, Any]) -> None:
    """Let what a record puts in its place again be what has taken the place of that."""
    kinds = {id(each.old.cls) for each in migrations if each.instances}
    if not kinds:
        return
    kinds |= {id(tuple), id(frozenset)}
    names = [names for module in record.modules for names in (module.before, module.after)]
    names += (each.attributes for each in record.replaced)
    for namespace in names:
        for name, value in namespace.items():
            if id(type(value)) in kinds and id(value) in survivors:
                namespace[name] = survivors[id(value)]
    for steps in (record.steps, record.entered):
        steps.follow(kinds, survivors)
    record.parts.clear()  # they are to be listed again


def _follow(ways: OwnDict[int, Callable[[], Any]], survivors: Mapping[int, Any]) -> None:
    """Let ways to instances lead to those that took their places."""
    for key, way in list(ways.items()):
        instance = way()
        if instance is None or id(instance) != key:
            del ways[key]
        elif key in survivors:
            del ways[key]
            ways[id(survivors[key])] = holding(survivors[key])


def keep_left(record: Record, migrations: Iterable[Migration]) -> None:
    """Keep the values that have no place any more, for when the reload is taken back."""
    for migration in migrations:
        for successor in migration.successors if migration.left else ():
            values = migration.left.get(id(successor))
            if values is not None:
                record.left[id(successor)] = Left(holding(successor), values)


def left_behind(record: Record) -> OwnDict[int, OwnDict[str, Any]]:
    """Return what instances that are alive left behind, by their ids."""
    return OwnDict(
        (key, left.values)
        for key, left in record.left.items()
        if (instance := left.instance()) is not None and id(instance) == key
    )


def holding(instance: Any) -> Callable[[], Any]:
    """Return a way to an instance that does not keep it alive, if its class has one."""
    try:
        return weakref.ref(instance)
    except TypeError:
        return Call(operator.itemgetter(0), OwnList([instance]))


def is_led_to(ways: Mapping[int, Callable[[], Any]], instance: Any) -> bool:
    """Whether one of some ways leads to an instance."""
    way = ways.get(id(instance))
    return way is not None and way() is instance


def _stack_of(module: ModuleType) -> list[weakref.ref[Record]]:
    key = id(module)
    entry = _stacks.get(key)
    if entry is None or entry[0]() is not module:

        def forget(_: object) -> None:
            _stacks.pop(key, None)

        entry = _stacks[key] = (weakref.ref(module, forget), [])
    return entry[1]
