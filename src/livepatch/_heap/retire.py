"""Classes that are let go: they leave their bases' ``__subclasses__()`` at once.

A class is a cycle, so it stays listed until the collector runs, and a registry made of
``Base.__subclasses__()`` would name it beside its successor. Given another base it is off the list.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from livepatch._python.class_fields import can_exchange_base, has_own_order
from livepatch._python.kinds import base_of, bases_of, class_attributes, is_place, mro_of
from livepatch._python.layout import own_slots
from livepatch._python.own import MISSING, OwnDict, OwnList
from livepatch._steps.class_attributes import UNSETTABLE
from livepatch._steps.steps import BasesInC, Steps


class _Retired:
    """What classes that have been replaced derive from."""


class _RetiredMeta(type):
    """What metaclasses do: their classes are classes still."""


class Retired(NamedTuple):
    """A class that is let go.

    Attributes:
        cls: it.
        had: its bases.
        has: those it has instead, for as long as it is let go.
    """

    cls: type
    had: BasesInC
    has: BasesInC


def retired_classes(classes: Iterable[type]) -> OwnList[Retired]:
    """Say how classes are taken off their bases' lists of subclasses.

    Taken off the list alone a class would not be told of what its bases are given from then on, and
    its method cache would keep functions that are gone. What they inherited is lost to them, and
    what an instance keeps by a base would not be freed with it: so there may be none, and nothing
    may be using them any more. Nobody asks ``object`` for its subclasses.
    """
    each_once = OwnDict((id(cls), cls) for cls in classes)
    found: OwnList[Retired] = OwnList()
    # Those below first: CPython orders the bases of all that are below a class anew. Metaclasses
    # last: one that goes back may be asked for the order of its class.
    for cls in sorted(each_once.values(), key=_place):
        base, root = base_of(cls), _RetiredMeta if issubclass(cls, type) else _Retired
        if base is None or base is object or base is root or not can_exchange_base(cls):
            continue
        is_ordered = has_own_order(cls)
        if is_ordered and own_slots(cls):
            continue  # CPython would compare its slots with the order that it has without them
        kind = type(cls) if is_ordered else type
        had = BasesInC(bases_of(cls), base, kind)
        found.append(Retired(cls, had, BasesInC((root,), root, type)))
    return found


def retiring(retired: Iterable[Retired]) -> Steps:
    """Return the steps by which classes are let go; those that are already need none."""
    steps = Steps()
    for cls, had, has in retired:
        if base_of(cls) is not has.base:
            steps.exchange_base(cls, has, had)
    return steps


def returning(retired: Iterable[Retired]) -> Steps:
    """Return the steps by which classes have their bases again, where they are let go."""
    steps = Steps()
    for cls, had, has in retired:
        if base_of(cls) is has.base:
            steps.exchange_base(cls, has, had)
    return steps.inverse()


def with_bases_settled(retired: Iterable[Retired], settle: Callable[[Any], Any]) -> list[Retired]:
    """Let classes have had what stands for their bases by now."""
    return [
        Retired(cls, BasesInC(tuple(map(settle, had.bases)), settle(had.base), had.kind), has)
        for cls, had, has in retired
    ]


def _place(cls: type) -> tuple[bool, int]:
    return issubclass(cls, type), -len(mro_of(cls))


def forward_class(old: type, new: type, steps: Steps) -> None:
    """Make an old class that something unseen holds behave like the new one.

    Its instances can no longer be found and moved, so it takes the new class's attributes.
    """
    before, after = class_attributes(old), class_attributes(new)
    for name in {**before, **after}:
        if name in _OWN or name in UNSETTABLE:
            continue
        wanted: Any = after.get(name, MISSING)
        if is_place(wanted) or is_place(before.get(name)):
            continue
        if before.get(name, MISSING) is not wanted:
            steps.set_on_class(old, name, wanted)


# Slots are places in an object of that very class.
_OWN = frozenset({"__dict__", "__weakref__", "__module__", "__slots__", "_abc_impl"})
