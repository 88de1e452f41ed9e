"""Classes that nothing holds any more, and that wait for the garbage collector.

A decorator that gives a class slots makes another one of it. The first is a cycle, so it stays on
its bases' lists of subclasses until the collector runs, and CPython may refuse to give it the bases
that all others get: it need not be asked.
"""

from __future__ import annotations

import types
from collections.abc import Iterator
from typing import Any

from livepatch._heap.belongings import parts_of
from livepatch._heap.heap import unexplained_counts
from livepatch._python.kinds import class_attributes, subclasses_of
from livepatch._python.own import OwnDict, OwnList


def held_subclasses(classes: OwnList[type]) -> tuple[OwnList[type], OwnList[type]]:
    """List the subclasses of some classes: those that somebody holds, and those that nobody does.

    Args:
        classes: the classes. The caller holds no subclass of theirs.
    """
    each_once: OwnDict[int, type] = OwnDict()
    for cls in classes:
        each_once.update((id(below), below) for below in subclasses_of(cls))
    held, left = OwnList[type](), OwnList(each_once.values())
    del each_once
    while True:
        counts = _counts_of(left, held)
        there = OwnList(cls for cls, count in zip(left, counts) if count > 0)
        if not there:
            return held, left
        # What one of them holds that is held itself is held too: `cls.parser_class = Parser`.
        held += there
        left = OwnList(cls for cls, count in zip(left, counts) if count <= 0)
        there.clear()


def _counts_of(left: OwnList[type], held: OwnList[type]) -> list[int]:
    """Count for each class what holds it besides these."""
    explainers: OwnList[Any] = OwnList((held,))
    explainers += (part for cls in left for part in _parts_of(cls))
    return unexplained_counts(left, explainers)


def _parts_of(cls: type) -> Iterator[Any]:
    yield from parts_of(cls)
    for attribute in class_attributes(cls).values():
        if type(attribute) is types.FunctionType:
            yield from parts_of(attribute)  # the cell that super() looks into
