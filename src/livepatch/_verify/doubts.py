"""Stage 7: strike off the report what is held by nothing but what livepatch keeps for an undo."""

from __future__ import annotations

import dataclasses
from typing import Any

from livepatch._heap.outside import held_outside
from livepatch._python.own import OwnList
from livepatch._report.report import Notice, Report

# So many are held by somebody.
_MANY = 100


def without_false(report: Report, doubts: OwnList[OwnList[Any]]) -> Report:
    """Leave out the notices of what nobody in the program holds.

    Args:
        report: what was done.
        doubts: what is said to be held, each with its notice; it is empty afterwards.
    """
    try:
        if not doubts or len(doubts) > _MANY:
            return report
        values: OwnList[Any] = OwnList(value for value, _ in doubts)
        held = held_outside(values, OwnList((doubts, *doubts)))
        true, false = set[Notice](), set[Notice]()
        for value, notice in doubts:
            (true if id(value) in held else false).add(notice)
        notices = tuple(each for each in report.notices if each not in false - true)
        return dataclasses.replace(report, notices=notices)
    finally:
        doubts.clear()
