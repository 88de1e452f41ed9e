"""One body of a module of 5,000 lines is edited: what does it cost to run only what changed?

As users do it: a line is changed, or one is added above everything else, so that all later lines
move. In a small process, and in one whose heap holds millions of objects.
"""

from __future__ import annotations

import gc
import statistics
from typing import TYPE_CHECKING, Any

from _measure import make_ballast, timed_beside_compile
from _model import Job, Outcomes, Row, Scenario, milliseconds
from _sources import bodies_source
from _tools import BARE, LIVEPATCH, TOOLS
from _workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Sequence

CLASSES, FUNCTIONS = 55, 275
TARGET = 1.3
_CHANGED, _ADDED = "a line changed", "a line added"
_HEAP, _ADDED_HEAP = f"{_CHANGED}, big heap", f"{_ADDED}, big heap"
_EDITED = "    def __init__("


def jobs(tools: Sequence[str], quick: bool) -> list[Job]:
    """Return one round; bare reload is left to the scenario `bodies`."""
    common = {"reloads": 10, "budget": 10 if quick else 60}
    cases: dict[str, dict[str, int]] = {
        _CHANGED: {"added": 0, "heap": 10_000},
        _ADDED: {"added": 1, "heap": 10_000},
        _HEAP: {"added": 0, "heap": 1_000_000 if quick else 5_000_000},
        _ADDED_HEAP: {"added": 1, "heap": 1_000_000 if quick else 5_000_000},
    }
    return [
        Job("edit", case, tool, common | options)
        for case, options in cases.items()
        for tool in tools
        if tool != BARE
    ]


def rounds(quick: bool) -> int:
    """Return how often each job runs."""
    return 2 if quick else 4


def edited(version: int, *, added: int) -> str:
    """Return the module with the body of its first method in some version."""
    source = bodies_source(0, classes=CLASSES, functions=FUNCTIONS)
    place = source.index(":\n", source.index(_EDITED)) + 2
    lines = (
        "        version = 0\n" * (1 + version % 2) if added else f"        version = {version}\n"
    )
    return source[:place] + lines + source[place:]


def measure(job: Job) -> dict[str, Any]:
    """Reload a module with one body edited; livepatch and its peers run only what changed."""
    tool = TOOLS[job.tool]()
    added = job.options["added"]
    with Workspace("bench_edit") as workspace:
        module = workspace.load(edited(0, added=added))
        held = module.Class0.__init__
        ballast = make_ballast(job.options["heap"])
        tool.attach(module)
        gc.collect()
        turns: list[tuple[float, float]] = []
        current = True
        for version in range(1, job.options["reloads"] + 1):
            source = edited(version, added=added)
            workspace.write(source)
            turns.append(timed_beside_compile(tool.reload, source))
            expected = compile(source, module.__file__ or "", "exec")
            wanted = next(each for each in expected.co_consts if hasattr(each, "co_consts"))
            wanted = next(each for each in wanted.co_consts if hasattr(each, "co_consts"))
            current = current and held.__code__.co_code == wanted.co_code
            if sum(seconds for seconds, _ in turns) > job.options["budget"]:
                break
        return {
            "turns": turns,
            "current": current,
            "ballast": len(ballast),
            "lines": edited(0, added=0).count("\n"),
            "slow": len(turns) < job.options["reloads"],
        }


def rows(outcomes: Outcomes, tools: Sequence[str]) -> list[Row]:
    """Return what each tool costs, in compiles of the source.

    The first reload of a module is shown apart: what is known of it by then is from its import.
    """
    return [
        _row(outcomes, case, tool, first=first)
        for first in (False, True)
        for case in (_CHANGED, _ADDED, _HEAP, _ADDED_HEAP)
        for tool in tools
        if tool != BARE
    ]


def _row(outcomes: Outcomes, case: str, tool: str, *, first: bool) -> Row:
    runs = outcomes.figures(case, tool)
    which = slice(1) if first else slice(1, None)
    turns = [turn for run in runs for turn in run["turns"][which]]
    ratio = statistics.median(reload / compiled for reload, compiled in turns) if turns else None
    return Row(
        scenario="edit",
        case=f"{case}, first reload" if first else case,
        tool=tool,
        measured=(
            milliseconds(statistics.median(reload for reload, _ in turns))
            if turns
            else outcomes.problem(case, tool)
        ),
        ratio=ratio,
        against="compiling the source",
        target=TARGET if tool == LIVEPATCH else None,
        note=("held function current" if all(run["current"] for run in runs) else "held one stale")
        if runs
        else "",
    )


SCENARIO = Scenario(
    name="edit",
    question=f"one body of a module of {edited(0, added=0).count(chr(10))} lines edited, only that",
    jobs=jobs,
    rounds=rounds,
    measure=measure,
    rows=rows,
)
