"""A thousand reloads in a row: do live objects, memory and the time of a reload stay flat?"""

from __future__ import annotations

import gc
import statistics
import sys
from time import perf_counter
from typing import TYPE_CHECKING, Any

from _measure import resident_bytes, timed_beside_compile
from _model import Job, Outcomes, Row, Scenario, milliseconds
from _sources import bodies_source, hierarchy_source
from _tools import LIVEPATCH, TOOLS
from _workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from types import ModuleType

# The heap starts at tens of thousands of objects, so one object leaked by each of 1,000 reloads
# shows as more than 1 %. Allocated blocks count the interpreter's free lists too, which fill slowly
# (bare reload's do as well); time and resident memory are as steady as the machine lets them be.
TARGETS = {"objects": 1.01, "blocks": 1.03, "memory": 1.05, "time": 1.2}
_BODIES, _BASE = "bodies edited", "base comes and goes"
_INSTANCES = 100
_ENDS = 2


def jobs(tools: Sequence[str], quick: bool) -> list[Job]:
    """Return one job a kind of edit and tool; a slow tool stops at its budget of seconds."""
    options = {"reloads": 200 if quick else 1_000, "budget": 30 if quick else 300}
    return [Job("steady", case, tool, options) for case in (_BODIES, _BASE) for tool in tools]


def rounds(quick: bool) -> int:
    """Return how often each job runs: once, because it is a long row of measurements itself."""
    del quick
    return 1


def measure(job: Job) -> dict[str, Any]:
    """Reload again and again between two versions; note counts and times at ten points."""
    sources = _sources(job.case)
    tool = TOOLS[job.tool]()
    with Workspace("bench_steady") as workspace:
        module = workspace.load(sources[0])
        held = _hold(module)
        tool.attach(module)
        marks: list[dict[str, float]] = []
        every = max(job.options["reloads"] // 10, 1)
        start = perf_counter()
        turns: list[tuple[float, float]] = []
        done = 0
        while done < job.options["reloads"] and perf_counter() - start < job.options["budget"]:
            done += 1
            source = sources[done % 2]
            workspace.write(source)
            turns.append(timed_beside_compile(tool.reload, source))
            if done % every == 0:
                marks.append(_mark(done, turns))
                turns = []
        return {
            "reloads": done,
            "marks": marks,
            "elapsed": perf_counter() - start,
            "held": len(held),
        }


def rows(outcomes: Outcomes, tools: Sequence[str]) -> list[Row]:
    """Return, for each count, its last mark beside its first."""
    return [
        row
        for case in (_BODIES, _BASE)
        for tool in tools
        for row in _tool_rows(outcomes, case, tool)
    ]


def _sources(case: str) -> list[str]:
    if case == _BASE:
        return [hierarchy_source(version) for version in (0, 1)]
    return [bodies_source(version, classes=10, functions=50) for version in (0, 1)]


def _hold(module: ModuleType) -> list[Any]:
    """Return what a program holds of the module: instances of its first class, and functions."""
    held_class = getattr(module, "Player", None) or module.Class0
    functions = [value for value in vars(module).values() if hasattr(value, "__code__")]
    return [held_class(number, number) for number in range(_INSTANCES)] + functions


def _mark(done: int, turns: Sequence[tuple[float, float]]) -> dict[str, float]:
    gc.collect()
    return {
        "reloads": done,
        "objects": len(gc.get_objects()),
        "blocks": sys.getallocatedblocks(),
        "memory": resident_bytes(),
        "seconds": min(seconds for seconds, _ in turns),
        "time": statistics.median(seconds / compiled for seconds, compiled in turns),
    }


def _tool_rows(outcomes: Outcomes, case: str, tool: str) -> list[Row]:
    runs = outcomes.figures(case, tool)
    marks = runs[0]["marks"] if runs else []
    if len(marks) < _ENDS:
        target = TARGETS["time"] if tool == LIVEPATCH else None
        return [Row("steady", case, tool, _without_trend(outcomes, case, tool), target=target)]
    return [_row(case, tool, count, marks[0], marks[-1]) for count in TARGETS]


def _without_trend(outcomes: Outcomes, case: str, tool: str) -> str:
    for run in outcomes.figures(case, tool):
        return f"too slow for a trend: {run['reloads']} reloads in {run['elapsed']:.0f} s"
    return outcomes.problem(case, tool)


def _row(
    case: str, tool: str, count: str, first: Mapping[str, float], last: Mapping[str, float]
) -> Row:
    show = _SHOW[count]
    reloads = last["reloads"] - first["reloads"]
    return Row(
        scenario="steady",
        case=f"{case}: {count}",
        tool=tool,
        measured=show(last),
        ratio=last[count] / first[count],
        against=f"{show(first)}, {reloads:,.0f} reloads before",
        target=TARGETS[count] if tool == LIVEPATCH else None,
        note="" if count == "time" else f"{(last[count] - first[count]) / reloads:+,.2f} a reload",
    )


_SHOW: Mapping[str, Callable[[Mapping[str, float]], str]] = {
    "objects": lambda mark: f"{mark['objects']:,.0f} objects",
    "blocks": lambda mark: f"{mark['blocks']:,.0f} blocks",
    "memory": lambda mark: f"{mark['memory'] / 1e6:.1f} MB",
    "time": lambda mark: f"{milliseconds(mark['seconds'])} = {mark['time']:.2f} compiles",
}

SCENARIO = Scenario(
    name="steady",
    question="many reloads in a row: objects, memory, time",
    jobs=jobs,
    rounds=rounds,
    measure=measure,
    rows=rows,
)
