"""Classes that are let go: they leave their bases' ``__subclasses__()`` at once.

A class is a cycle, so it stays listed until the collector runs, and a registry made of
``Base.__subclasses__()`` would name it beside its successor. Given another base it is off the list.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from livepatch._class_attributes import UNSETTABLE
from livepatch._kinds import PLACES, base_of, bases_of, class_attributes, mro_of
from livepatch._layout import retirement_base
from livepatch._own import MISSING, OwnDict
from livepatch._steps import Steps


def retire_classes(classes: Iterable[type], steps: Steps) -> None:
    """Note the steps that take classes off their bases' lists of subclasses.

    Only where CPython allows the exchange, see `retirement_base`; the rest leave with the next
    collection. (Taken off the list itself, a class is not told of what its bases are given from
    then on, and its method cache keeps functions that are gone.) What they inherited is lost to
    them, so nothing may be using them any more.
    """
    each_once = OwnDict((id(cls), cls) for cls in classes)
    # Those below first: CPython orders the bases of all that are below a class anew.
    for cls in sorted(each_once.values(), key=lambda each: -len(mro_of(each))):
        base = retirement_base(cls)
        own = base_of(cls)
        if base is None and id(own) in each_once and len(bases_of(cls)) > 1:
            # Its first base has slots, so it cannot be exchanged; but it is let go as well.
            steps.set_bases(cls, (own,))  # type: ignore[arg-type]
        elif base is not None and own is not base:
            steps.set_bases(cls, (base,))


def forward_class(old: type, new: type, steps: Steps) -> None:
    """Make an old class that something unseen holds behave like the new one.

    Its instances can no longer be found and moved, so it takes the new class's attributes.
    """
    before, after = class_attributes(old), class_attributes(new)
    for name in {**before, **after}:
        if name in _OWN or name in UNSETTABLE:
            continue
        wanted: Any = after.get(name, MISSING)
        if type(wanted) in PLACES or type(before.get(name)) in PLACES:
            continue
        if before.get(name, MISSING) is not wanted:
            steps.set_on_class(old, name, wanted)


# Slots are places in an object of that very class.
_OWN = frozenset({"__dict__", "__weakref__", "__module__", "__slots__", "_abc_impl"})
