"""The classes above a class and below it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from livepatch._python.kinds import class_attributes, mro_of, subclasses_of
from livepatch._python.own import OwnDict, OwnList


def abstract_bases_of(cls: type) -> Iterator[type]:
    """Yield what remembers answers to ``isinstance`` that a hook of a class has given: it first."""
    return (base for base in mro_of(cls) if "_abc_impl" in class_attributes(base))


def without_instances(objects: list[Any], classes: list[type]) -> list[Any]:
    """Leave the instances of some classes out of many objects."""
    if len(classes) == 1:
        cls = classes[0]
        return [each for each in objects if type(each) is not cls]
    wanted = set(map(id, classes))
    return [each for each in objects if id(type(each)) not in wanted]


def with_classes_below(classes: Iterable[type]) -> OwnList[type]:
    """List some classes, and those below any of them, each once."""
    found, waiting = OwnDict[int, type](), OwnList(classes)
    while waiting:
        cls = waiting.pop()
        if id(cls) not in found:
            found[id(cls)] = cls
            waiting += subclasses_of(cls)
    return OwnList(found.values())


def classes_below(cls: type) -> OwnList[type]:
    """List the classes below a class, each behind its bases."""
    below = with_classes_below(subclasses_of(cls))
    return OwnList(sorted(below, key=lambda each: len(mro_of(each))))
