"""Stage 7: what is said to be held, and is by the program, not by what livepatch keeps alone."""

from __future__ import annotations

import dataclasses
from typing import Any

from livepatch._heap.belongings import parts_of
from livepatch._heap.heap import overwritten_locals, unexplained_counts
from livepatch._heap.outside import held_outside
from livepatch._python.kinds import is_class
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


def with_held(report: Report, went: OwnList[OwnList[Any]]) -> Report:
    """Name what had come with a reload that is taken back, and is still held.

    Args:
        report: of the undo.
        went: the definitions, each behind its path; it is empty afterwards.
    """
    try:
        values: OwnList[Any] = OwnList(value for _, value in went)
        explainers = OwnList((went, *went, *(part for each in values for part in parts_of(each))))
        counts = unexplained_counts(values, explainers)
        suspects = OwnList(value for value, count in zip(values, counts) if count > 0)
        del explainers
        if not suspects:
            return report  # nearly always
        own = OwnList((went, *went, values, *overwritten_locals(suspended=True)))
        held = held_outside(suspects, own)
        notices = OwnList(
            Notice("LP306" if is_class(value) else "LP309", path, _HELD_AFTER_UNDO)
            for path, value in went
            if id(value) in held
        )
        return dataclasses.replace(report, notices=(*report.notices, *notices))
    finally:
        went.clear()


_HELD_AFTER_UNDO = "had come with the reload that is undone, and something still holds it"
