"""What a report keeps so that its reload can be taken back, and whose newest reload it is."""

from __future__ import annotations

import itertools
import weakref
from collections.abc import Iterable
from dataclasses import dataclass, field
from types import CodeType, ModuleType
from typing import Any

from livepatch._kinds import Kind, parts_of_wrapper
from livepatch._module import Part, Path
from livepatch._outline import Outline
from livepatch._own import Call, OwnDict, OwnList
from livepatch._source import Source
from livepatch._steps import Steps
from livepatch._unwrapped import Layer

_serials = itertools.count(1)


@dataclass(slots=True, eq=False)
class ModuleRecord:
    """What one module was before a reload and after it.

    Attributes:
        source: the module and the source it was brought to.
        part: its part in that reload.
        origin: the outline of the source before; None if unknown.
        outline: the outline of the source after.
        before: the namespace before the reload.
        after: the namespace after it.
        contents: what those containers held then that the reload had made anew.
    """

    source: Source
    part: Part
    origin: Outline | None
    outline: Outline
    before: OwnDict[str, Any]
    after: OwnDict[str, Any]
    contents: OwnDict[str, OwnList[Any]]


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
    """

    path: Path
    kind: Kind
    old: Any
    new: Any
    before: str
    module: str
    attributes: OwnDict[str, Any]


@dataclass(eq=False)  # without slots: 3.10 cannot make them weakly referenceable
class Record:
    """What is needed to take one reload back.

    Attributes:
        modules: the modules it brought up to date.
        replaced: the definitions whose new object survived; the old one is kept here.
        layers: wrappers whose decorator went.
        merged: the paths of definitions that became one with another, by an import say.
        steps: what was done to the definitions, and to ``sys.modules``.
        codes: old and new code of the functions whose code changed.
        borrowed: new classes, and the base they have while instances go over.
        caches: what to empty, with the path of each definition.
        orders: classes that lost attributes, with the order in which they had them.
        retired: how old classes left their bases' lists of subclasses.
        serial: tells the records of a process apart.
        undone: whether it has been taken back.
    """

    modules: list[ModuleRecord]
    replaced: OwnList[Replacement]
    layers: OwnList[Layer]
    merged: list[str]
    steps: Steps
    codes: OwnList[tuple[CodeType, CodeType]]
    borrowed: OwnList[tuple[type, type]]
    caches: OwnList[tuple[str, Call]]
    orders: OwnList[tuple[type, list[str]]]
    retired: Steps = field(default_factory=Steps)
    serial: int = field(default_factory=lambda: next(_serials))
    undone: bool = False


# Records die with their reports.
_records: weakref.WeakSet[Record] = weakref.WeakSet()
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
        record.codes,
        record.borrowed,
        record.caches,
        record.orders,
        record.layers,
    ):
        held.clear()
    record.steps.clear()
    record.retired.clear()


def _stack_of(module: ModuleType) -> list[weakref.ref[Record]]:
    key = id(module)
    entry = _stacks.get(key)
    if entry is None or entry[0]() is not module:

        def forget(_: object) -> None:
            _stacks.pop(key, None)

        entry = _stacks[key] = (weakref.ref(module, forget), [])
    return entry[1]


def retained() -> OwnList[Any]:
    """List what the records of all live reports hold: no search must take it for a holder."""
    found: OwnList[Any] = OwnList()
    for record in list(_records):
        found += _retained_by(record)
    return found


def unwrapped() -> OwnList[Any]:
    """List the wrappers that the records of all live reports keep, and what is in them.

    A search takes them for holders, for others may have one of them still. They are no evidence
    that others hold what is in them.
    """
    return OwnList(
        part for record in list(_records) for layer in record.layers for part in layer.parts
    )


def _retained_by(record: Record) -> Iterable[Any]:
    yield from (record.replaced, record.codes, record.caches, record.borrowed)
    for module in record.modules:
        yield from (module.before, module.after, module.contents, *module.contents.values())
    for replacement in record.replaced:
        yield from (replacement, replacement.attributes)
        yield from parts_of_wrapper(replacement.old)
    yield from (*record.codes, *record.caches, *record.borrowed, record.orders, *record.orders)
    yield record.layers
    for layer in record.layers:
        yield from (layer, layer.parts, layer.inside, *layer.inside)
        yield from (contents for _, contents in layer.inside)
    for _, call in record.caches:
        yield call.args
    for steps in (record.steps, record.retired):
        for arguments in steps.arguments():
            yield arguments
            yield from (each for each in arguments if type(each) is tuple)  # bases
