"""Stage 8: the result of a reload as data. Its text, notebook view and log lines are views of it."""  # noqa: E501

from __future__ import annotations

import enum
import html
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple

from livepatch._report.errors import NothingToUndoError


class Outcome(str, enum.Enum):
    """What became of a definition."""

    UNCHANGED = "unchanged"
    UPDATED = "updated"
    REPLACED = "replaced"
    ADDED = "added"
    REMOVED = "removed"

    def __str__(self) -> str:
        return self.value


class DefinitionChange(NamedTuple):
    """One definition and what became of it.

    Attributes:
        path: where it is: module, class and name, joined by dots.
        kind: function, class, property, ...
        outcome: see `Outcome`; *updated* kept the old object, *replaced* moved to the new one.
        previous: its path before, where it has moved from another module or was renamed; else None.
    """

    path: str
    kind: str
    outcome: Outcome
    previous: str | None = None

    def __str__(self) -> str:
        return self.path if self.previous is None else f"{self.path} (was {self.previous})"


@dataclass(frozen=True, slots=True)
class Notice:
    """One numbered line: a refusal (LP1xx), something left behind (LP2xx), or worth knowing (LP3xx).

    Attributes:
        code: the number; `livepatch.explain` says more.
        path: the definition, global or attribute it is about.
        message: what was found, in one clause.
    """  # noqa: E501

    code: str
    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.code} {self.path}: {self.message}"


@dataclass(frozen=True, slots=True)
class StaleFrame:
    """A call that began before the reload and still runs old code.

    Attributes:
        function: the qualified name of the function.
        filename: its source file.
        lineno: the line it is at, in the old source.
        thread: the thread's name, or ``suspended generator`` and the like.
    """

    function: str
    filename: str
    lineno: int
    thread: str


@dataclass(frozen=True, slots=True)
class Report:
    """What a reload did, as data; ``print(report)`` is the text for a human.

    Attributes:
        modules: the names of the modules reloaded.
        definitions: each definition and what became of it.
        instances: how many instances were given the new class, by the class's path. Instances of
            a class that kept its identity are not touched and not counted.
        references: how many references were repointed, by the kind of holder.
        notices: what was left behind (LP2xx) or is worth knowing (LP3xx).
        refusals: why the edit cannot be applied; only a dry run returns any.
        stale_frames: calls that still run old code.
        seconds: how long it took, wall clock.
        dry_run: nothing was changed; the rest says what would have been.
    """

    modules: tuple[str, ...]
    definitions: tuple[DefinitionChange, ...]
    instances: dict[str, int]
    references: dict[str, int]
    notices: tuple[Notice, ...]
    refusals: tuple[Notice, ...]
    stale_frames: tuple[StaleFrame, ...]
    seconds: float
    dry_run: bool
    _undo: Callable[[], Report] | None = field(default=None, repr=False, compare=False)

    @property
    def ok(self) -> bool:
        """Whether every reference reaches the new code: no refusal and nothing left behind."""
        return not self.refusals and not any(n.code.startswith("LP2") for n in self.notices)

    def undo(self) -> Report:
        """Return to the code before this reload, and keep the state gathered since.

        Functions, classes, names and constants are again what they were; instances, containers
        and other live objects stay as they are now. Only the newest reload of a module can be
        taken back; after that the one before it.

        Returns:
            The report of the way back. A reload of the edited source works again afterwards.

        Raises:
            LivepatchError: this was a dry run, or a later reload is still in force.
        """
        if self._undo is None:
            raise NothingToUndoError(
                "LP130",
                "this report is of a dry run, an undo, or a reload that changed nothing",
            )
        return self._undo()

    def to_dict(self) -> dict[str, Any]:
        """Return the report as plain dicts, lists, strings and numbers (fit for JSON)."""
        return {
            "ok": self.ok,
            "modules": list(self.modules),
            "definitions": [
                {
                    "path": d.path,
                    "kind": d.kind,
                    "outcome": d.outcome.value,
                    "previous": d.previous,
                }
                for d in self.definitions
            ],
            "instances": dict(self.instances),
            "references": dict(self.references),
            "notices": [asdict(notice) for notice in self.notices],
            "refusals": [asdict(refusal) for refusal in self.refusals],
            "stale_frames": [asdict(frame) for frame in self.stale_frames],
            "seconds": self.seconds,
            "dry_run": self.dry_run,
        }

    def __str__(self) -> str:
        return "\n".join(report_lines(self))

    def _repr_html_(self) -> str:
        head, *rest = report_lines(self)
        items = "".join(f"<li>{html.escape(line.strip())}</li>" for line in rest)
        return f"<div class='livepatch'><b>{html.escape(head)}</b><ul>{items}</ul></div>"


def joined(reports: Sequence[Report]) -> Report:
    """Put what several transactions did, one after another, into one report."""
    if len(reports) == 1:
        return reports[0]
    instances: Counter[str] = Counter()
    references: Counter[str] = Counter()
    for report in reports:
        instances.update(report.instances)
        references.update(report.references)
    return Report(
        modules=tuple(dict.fromkeys(name for each in reports for name in each.modules)),
        definitions=tuple(change for each in reports for change in each.definitions),
        instances=dict(instances),
        references=dict(references),
        notices=tuple(notice for each in reports for notice in each.notices),
        refusals=tuple(refusal for each in reports for refusal in each.refusals),
        stale_frames=tuple(frame for each in reports for frame in each.stale_frames),
        seconds=sum(each.seconds for each in reports),
        dry_run=False,
    )


# A report fits on a screen of 24 lines; what does not fit is counted, and to_dict() has it all.
_MOST_LINES = 6


def report_lines(report: Report) -> list[str]:
    """Render a report as text lines; the first one says whether all is well."""
    lines = [_headline(report)]
    for outcome in (Outcome.UPDATED, Outcome.REPLACED, Outcome.ADDED, Outcome.REMOVED):
        paths = [str(d) for d in report.definitions if d.outcome is outcome]
        if paths:
            lines.append(f"  {outcome.value:<9} {some_of(paths)}")
    if report.instances:
        moved = [f"{count} {path}" for path, count in report.instances.items()]
        lines.append(f"  instances {some_of(moved)}")
    if report.references:
        # The order in which they were found is another one from interpreter to interpreter.
        most_first = sorted(report.references.items(), key=lambda item: -item[1])
        held = [f"{count} {kind}" for kind, count in most_first]
        lines.append(f"  repointed {some_of(held)}")
    lines += _some_lines([f"  refused   {refusal}" for refusal in report.refusals])
    lines += _some_lines([f"  notice    {notice}" for notice in report.notices])
    lines += _some_lines(
        [
            f"  running   LP301 {frame.function} at {frame.filename}:{frame.lineno} ({frame.thread})"  # noqa: E501
            for frame in report.stale_frames
        ]
    )
    return lines


def _headline(report: Report) -> str:
    names = some_of(report.modules)
    if not names:
        return "nothing has changed on disk"
    if report.refusals:
        verdict = "would be refused" if report.dry_run else "refused"
    elif report.dry_run:
        verdict = "would be reloaded"
    elif report.ok:
        verdict = "reloaded, every reference is current"
    else:
        left = sum(notice.code.startswith("LP2") for notice in report.notices)
        verdict = f"reloaded, {left} left behind"
    milliseconds = report.seconds * 1000
    return f"{names}: {verdict} ({summary_of(report)}; {milliseconds:.1f} ms)"


def summary_of(report: Report) -> str:
    """Say how many definitions were unchanged, updated and so on."""
    counts = Counter(d.outcome for d in report.definitions)
    summary = ", ".join(f"{counts[outcome]} {outcome}" for outcome in Outcome if counts[outcome])
    return summary or "no definitions"


def some_of(texts: Sequence[str]) -> str:
    """Join the first ones of some texts, and say how many more there are."""
    shown = ", ".join(texts[:_MOST_LINES])
    more = len(texts) - _MOST_LINES
    return f"{shown} and {more} more" if more > 0 else shown


def _some_lines(lines: list[str]) -> list[str]:
    if len(lines) <= _MOST_LINES:
        return lines
    return [*lines[: _MOST_LINES - 1], f"  ... and {len(lines) - _MOST_LINES + 1} more like it"]
