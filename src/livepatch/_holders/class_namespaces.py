"""Classes: what their attributes hold, and their dicts, which nobody is to write to."""

from __future__ import annotations

import gc
from typing import Any

from livepatch._holders.context import Repointing
from livepatch._python.kinds import class_attributes, subclasses_of
from livepatch._steps.class_attributes import UNSETTABLE

_TUPLES = (tuple, frozenset)


def raw_namespace(cls: type) -> dict[str, Any] | None:
    """Return a class's dict itself. Only to recognise it: writing to it corrupts (see FACTS)."""
    # type_traverse visits tp_dict first (Objects/typeobject.c).
    return next((part for part in gc.get_referents(cls) if type(part) is dict), None)


def all_classes() -> list[type]:
    """Return every class there is, by way of ``__subclasses__``."""
    found: dict[int, type] = {id(object): object}
    waiting: list[type] = [object]
    while waiting:
        for cls in subclasses_of(waiting.pop()):
            if id(cls) not in found:
                found[id(cls)] = cls
                waiting.append(cls)
    return list(found.values())


def repoint_class_namespace(repointing: Repointing, cls: type) -> None:
    """Exchange the losers among a class's attributes, through ``type.__setattr__``."""
    if not repointing.is_loser(cls) and id(cls) not in repointing.skipped:
        settle_class_attributes(repointing, cls)


def settle_class_attributes(repointing: Repointing, cls: type) -> None:
    """Exchange the losers among the attributes of a class that are not set by a step already."""
    for name, value in list(class_attributes(cls).items()):
        is_decided = name in UNSETTABLE or (id(cls), name) in repointing.decided
        if repointing.is_loser(value) and not is_decided:
            repointing.count("class attribute")
            repointing.steps.set_on_class(cls, name, repointing.settle(value))


def settle_instances_of_loser(repointing: Repointing, cls: type) -> None:
    """Exchange the instances that are made anew among the attributes of a class that goes."""
    for name, value in list(class_attributes(cls).items()) if repointing.migrates else ():
        is_instance = type(value) in _TUPLES or repointing.is_made_anew(id(value))
        if repointing.is_loser(value) and is_instance and name not in UNSETTABLE:
            repointing.steps.set_on_class(cls, name, repointing.settle(value))
