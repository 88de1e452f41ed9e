"""What is measured, what came of it, and what is printed: the data of the benchmark run."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


class Verdict(enum.Enum):
    """Whether a figure of livepatch keeps to its target; peers' figures are there to compare."""

    MET = "met"
    NOT_MET = "NOT met"
    NONE = ""


@dataclass(frozen=True)
class Job:
    """One measurement, made in a process of its own."""

    scenario: str
    case: str
    tool: str
    options: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Outcome:
    """What a job's process gave: its figures, or the problem that stopped it."""

    job: Job
    figures: Mapping[str, Any]
    problem: str = ""


@dataclass(frozen=True)
class Row:
    """One line of the printed table."""

    scenario: str
    case: str
    tool: str
    measured: str
    ratio: float | None = None
    against: str = ""
    target: float | None = None
    note: str = ""

    @property
    def verdict(self) -> Verdict:
        """Return whether the ratio keeps to the target, if the row has one."""
        if self.target is None:
            return Verdict.NONE
        if self.ratio is not None and self.ratio <= self.target:
            return Verdict.MET
        return Verdict.NOT_MET


class Outcomes:
    """All outcomes of one scenario, asked for by case and tool."""

    def __init__(self, outcomes: Sequence[Outcome]) -> None:
        self._outcomes = outcomes

    def figures(self, case: str, tool: str) -> list[Mapping[str, Any]]:
        """Return the figures of every run of one case by one tool that ended well."""
        return [
            outcome.figures
            for outcome in self._outcomes
            if (outcome.job.case, outcome.job.tool) == (case, tool) and not outcome.problem
        ]

    def problem(self, case: str, tool: str) -> str:
        """Return why a case gave no figures, or nothing."""
        for outcome in self._outcomes:
            if (outcome.job.case, outcome.job.tool) == (case, tool) and outcome.problem:
                return outcome.problem
        return ""


@dataclass(frozen=True)
class Scenario:
    """One question of the suite: which jobs answer it, how one is run, what the answers say."""

    name: str
    question: str
    jobs: Callable[[Sequence[str], bool], list[Job]]
    rounds: Callable[[bool], int]
    measure: Callable[[Job], dict[str, Any]]
    rows: Callable[[Outcomes, Sequence[str]], list[Row]]


def milliseconds(seconds: float) -> str:
    """Return a duration as the table prints it."""
    return f"{seconds * 1e3:.1f} ms"
