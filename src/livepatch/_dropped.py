"""Classes that nothing holds any more, and that wait for the garbage collector.

A decorator that gives a class slots makes another one of it. The first is a cycle, so it stays on
its bases' lists of subclasses until the collector runs, and CPython may refuse to give it the bases
that all others get: it need not be asked.
"""

from __future__ import annotations

import types
from collections.abc import Iterator
from typing import Any

from livepatch._explain import parts_of
from livepatch._heap import unexplained_counts
from livepatch._kinds import class_attributes, subclasses_of
from livepatch._own import OwnDict, OwnList


def held_subclasses(classes: OwnList[type]) -> tuple[OwnList[type], OwnList[type]]:
    """List the subclasses of some classes: those that somebody holds, and those that nobody does.

    Args:
        classes: the classes. The caller holds no subclass of theirs.
    """
    each_once: OwnDict[int, type] = OwnDict()
    for cls in classes:
        each_once.update((id(below), below) for below in subclasses_of(cls))
    found: OwnList[type] = OwnList(each_once.values())
    explainers: OwnList[Any] = OwnList((each_once,))
    explainers += (part for cls in found for part in _parts_of(cls))
    counts = unexplained_counts(found, explainers)
    held, dropped = OwnList[type](), OwnList[type]()
    for index, count in enumerate(counts):
        (held if count > 0 else dropped).append(found[index])
    return held, dropped


def _parts_of(cls: type) -> Iterator[Any]:
    yield from parts_of(cls)
    for attribute in class_attributes(cls).values():
        if type(attribute) is types.FunctionType:
            yield from parts_of(attribute)  # the cell that super() looks into
