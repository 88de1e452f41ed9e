"""``livepatch.history`` and ``livepatch.undo``: what was reloaded when, and the way back.

What taking a reload back needs (the old definitions among it) is kept for the last few reloads, and
otherwise for as long as somebody has the report. The list itself holds names and numbers only.
"""

from __future__ import annotations

import collections
import datetime as dt
import weakref
from dataclasses import dataclass, field

from livepatch._heap.record import Record, can_be_undone
from livepatch._report.errors import NothingToUndoError, OptionTypeError
from livepatch._report.report import Report, joined, some_of, summary_of
from livepatch._report.turns import log_report, one_at_a_time
from livepatch._undo.undo import undo_record

_LISTED = 100
_KEPT = 10


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One reload of this process.

    Attributes:
        number: counts the reloads, from 1.
        time: when it was done, in local time.
        modules: the names of the modules.
        summary: how many definitions were unchanged, updated and so on.
        undone: whether it has been taken back.
        undoable: whether it can be taken back, once those of the same modules after it have been.
    """

    number: int
    time: dt.datetime
    modules: tuple[str, ...]
    summary: str
    undone: bool
    undoable: bool

    def __str__(self) -> str:
        state = "undone" if self.undone else "undoable" if self.undoable else "for good"
        when = f"{self.time:%Y-%m-%d %H:%M:%S}"
        return f"{self.number}  {when}  {some_of(self.modules)}: {self.summary} ({state})"


@dataclass(slots=True, eq=False)
class _Line:
    number: int
    time: dt.datetime
    modules: tuple[str, ...]
    summary: str
    record: weakref.ref[Record]
    undone: bool = False


@dataclass(slots=True, eq=False)
class _History:
    """The reloads of this process.

    Attributes:
        lines: what is listed, the newest last.
        kept: what the newest that are not undone need to be taken back.
        most: how many of those there may be.
    """

    lines: collections.deque[_Line] = field(
        default_factory=lambda: collections.deque(maxlen=_LISTED)
    )
    kept: collections.deque[Record] = field(default_factory=collections.deque)
    most: int = _KEPT

    def trim(self) -> None:
        while len(self.kept) > self.most:
            self.kept.popleft()


_history = _History()


def add_to_history(record: Record, report: Report) -> None:
    """Note a reload that has been done."""
    now = dt.datetime.now(tz=dt.timezone.utc).astimezone()
    line = _Line(record.serial, now, report.modules, summary_of(report), weakref.ref(record))
    _history.lines.append(line)
    _history.kept.append(record)
    _history.trim()


def take_back(record: Record) -> Report:
    """Take one reload back, see `Report.undo`."""
    with one_at_a_time():
        report = _take_back(record)
    log_report(report)
    return report


def undo(steps: int = 1) -> Report:
    """Take the last reloads back, one after another: the code before them, with today's state.

    It does what ``report.undo()`` of each would do, the newest first. Where one of several cannot
    be done, those after it stay undone.

    Args:
        steps: how many reloads.

    Returns:
        What the way back did; of several steps, all of it in one report.

    Raises:
        LivepatchError: there are not so many that can be taken back; then none is.
    """
    if not _is_number(steps) or steps < 1:
        raise OptionTypeError("LP110", f"undo({steps!r}) is no number of reloads")
    with one_at_a_time():
        reports = [_take_back(record) for record in _last_records(steps)]
    report = joined(reports)
    log_report(report)
    return report


def _take_back(record: Record) -> Report:
    report = undo_record(record)
    for line in _history.lines:
        if line.number == record.serial:
            line.undone = True
    if record in _history.kept:
        _history.kept.remove(record)
    return report


def _last_records(steps: int) -> list[Record]:
    found: list[Record] = []
    for line in reversed(_history.lines):
        if len(found) == steps:
            break
        if line.undone:
            continue
        record = line.record()
        if record is None or not can_be_undone(record):
            detail = f"the reload of {', '.join(line.modules)} is not kept any more"
            raise NothingToUndoError("LP130", detail)
        found.append(record)
    if len(found) < steps:
        detail = f"{len(found) or 'no'} reload{'s are' if len(found) > 1 else ' is'} in force"
        raise NothingToUndoError("LP130", detail)
    return found


def history() -> tuple[HistoryEntry, ...]:
    """List the last hundred reloads of this process, the oldest first, but dry and failed ones.

    Each says whether it can be taken back: the last ten can (see `keep_history`), and every one
    whose report somebody has, as long as all later ones of the same modules can.
    """
    return tuple(map(_entry, _history.lines))


def _entry(line: _Line) -> HistoryEntry:
    record = line.record()
    undoable = record is not None and not line.undone and can_be_undone(record)
    return HistoryEntry(line.number, line.time, line.modules, line.summary, line.undone, undoable)


def keep_history(reloads: int) -> None:
    """Say how many reloads are to stay undoable although nobody has their reports.

    Each keeps the definitions that it replaced, and the values that instances had to leave behind.

    Args:
        reloads: how many, from now on; those beyond are let go at once. Ten at first.

    Raises:
        OptionTypeError: it is no number of reloads.
    """
    if not _is_number(reloads) or reloads < 0:
        raise OptionTypeError("LP110", f"keep_history({reloads!r}) is no number of reloads")
    _history.most = reloads
    _history.trim()


def forget_reloads_of(modules: set[str]) -> None:
    """Let go of what is kept to undo reloads of modules with those names; they stay listed."""
    others = (each for each in _history.kept if modules.isdisjoint(_names_of(each)))
    _history.kept = collections.deque(others)


def _names_of(record: Record) -> set[str]:
    return {each.source.name for each in record.modules}


def _is_number(candidate: object) -> bool:
    return isinstance(candidate, int) and not isinstance(candidate, bool)
