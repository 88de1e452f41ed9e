"""Every body of a module of 50 classes and 250 functions is edited: what does a reload cost?

Asked in a small process, then with a million live instances of the module's classes, then in a
process whose heap holds millions of unrelated objects. A third-rung tool that walks the heap shows
it here; a body edit should not have to. Last, livepatch is told to run all of the module again.
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
    from types import ModuleType

CLASSES = 50
FUNCTIONS = 250
RATIO_TARGET = 1.5
SAME_TARGET = 1.2
_SMALL, _INSTANCES, _HEAP = "nothing alive", "live instances", "big heap"
_ALL = "rerun='all'"


def jobs(tools: Sequence[str], quick: bool) -> list[Job]:
    """Return one round: each case by each tool, the tools side by side."""
    common = {"reloads": 10, "budget": 10 if quick else 60}
    cases: dict[str, dict[str, int]] = {
        _SMALL: {"instances": 0, "heap": 10_000},
        _INSTANCES: {"instances": 1_000_000, "heap": 10_000},
        _HEAP: {"instances": 0, "heap": 1_000_000 if quick else 5_000_000},
    }
    found = [
        Job("bodies", case, tool, common | sizes) for case, sizes in cases.items() for tool in tools
    ]
    again: dict[str, Any] = {**common, **cases[_SMALL], "rerun": "all"}
    return found + [Job("bodies", _ALL, tool, again) for tool in _tools(_ALL, tools)]


def _tools(case: str, tools: Sequence[str]) -> list[str]:
    return [tool for tool in tools if case != _ALL or tool in {LIVEPATCH, BARE}]


def rounds(quick: bool) -> int:
    """Return how often each job runs."""
    return 3 if quick else 6


def measure(job: Job) -> dict[str, Any]:
    """Reload a module with every body edited, and check who runs the new code afterwards."""
    sources = [bodies_source(v, classes=CLASSES, functions=FUNCTIONS) for v in (0, 1)]
    tool: Any = TOOLS[job.tool]()
    if job.tool == LIVEPATCH and "rerun" in job.options:
        tool.options = {"rerun": job.options["rerun"]}
    with Workspace("bench_bodies") as workspace:
        module = workspace.load(sources[0])
        callbacks = [getattr(module, f"function_{index}") for index in range(FUNCTIONS)]
        instances = _make_instances(module, job.options["instances"])
        ballast = make_ballast(job.options["heap"])
        tool.attach(module)
        gc.collect()
        turns: list[tuple[float, float]] = []
        for turn in range(1, job.options["reloads"] + 1):
            source = sources[turn % 2]
            workspace.write(source)
            turns.append(timed_beside_compile(tool.reload, source))
            if sum(seconds for seconds, _ in turns) > job.options["budget"]:
                break
        expected = _run(sources[len(turns) % 2])
        return {
            "turns": turns,
            "functions_current": _functions_current(callbacks, module, expected),
            "instances_current": _instances_current(instances, module, expected),
            "ballast": len(ballast),
            "slow": len(turns) < job.options["reloads"],
        }


def rows(outcomes: Outcomes, tools: Sequence[str]) -> list[Row]:
    """Return each tool's time beside bare reload's, and livepatch's beside its own small case."""
    table = []
    for case in (_SMALL, _INSTANCES, _HEAP, _ALL):
        bare = _compiles(outcomes, case, BARE)
        for tool in _tools(case, tools):
            compiles = _compiles(outcomes, case, tool)
            table.append(
                Row(
                    scenario="bodies",
                    case=case,
                    tool=tool,
                    measured=_measured(outcomes, case, tool),
                    ratio=compiles / bare if compiles and bare else None,
                    against="bare, same case",
                    target=RATIO_TARGET if tool == LIVEPATCH else None,
                    note=_note(outcomes, case, tool),
                )
            )
    return table + [_same(outcomes, case, tool) for case in (_INSTANCES, _HEAP) for tool in tools]


def _same(outcomes: Outcomes, case: str, tool: str) -> Row:
    here, small = _compiles(outcomes, case, tool), _compiles(outcomes, _SMALL, tool)
    return Row(
        scenario="bodies",
        case=f"{case} or not",
        tool=tool,
        measured=_measured(outcomes, case, tool),
        ratio=here / small if here and small else None,
        against=f"itself, {_SMALL}",
        target=SAME_TARGET if tool == LIVEPATCH else None,
    )


def _make_instances(module: ModuleType, count: int) -> list[Any]:
    classes = [getattr(module, f"Class{index}") for index in range(CLASSES)]
    return [classes[number % CLASSES](number, number + 1) for number in range(count)]


def _run(source: str) -> dict[str, Any]:
    namespace: dict[str, Any] = {"__name__": "expected"}
    exec(compile(source, "expected", "exec"), namespace)
    return namespace


def _functions_current(callbacks: list[Any], module: ModuleType, expected: dict[str, Any]) -> bool:
    return all(
        callback is getattr(module, callback.__name__)
        and callback(7) == expected[callback.__name__](7)
        for callback in callbacks
    )


def _instances_current(instances: list[Any], module: ModuleType, expected: dict[str, Any]) -> bool:
    return all(
        type(instance) is getattr(module, type(instance).__name__)
        and instance.combine() == expected[type(instance).__name__](left, left + 1).combine()
        for left, instance in enumerate(instances[: 4 * CLASSES])
    )


def _warm_turns(outcomes: Outcomes, case: str, tool: str) -> list[tuple[float, float]]:
    """Return all turns but the first of each process, which pays for imports and cold caches."""
    runs = [run["turns"] for run in outcomes.figures(case, tool)]
    return [turn for turns in runs for turn in (turns[1:] or turns)]


def _compiles(outcomes: Outcomes, case: str, tool: str) -> float | None:
    """Return how many compiles of the same text a reload costs, or None if it never ended."""
    turns = _warm_turns(outcomes, case, tool)
    return statistics.median(reload / compiled for reload, compiled in turns) if turns else None


def _measured(outcomes: Outcomes, case: str, tool: str) -> str:
    turns = _warm_turns(outcomes, case, tool)
    if not turns:
        return outcomes.problem(case, tool)
    seconds = [reload for reload, _ in turns]
    best, median = milliseconds(min(seconds)), milliseconds(statistics.median(seconds))
    return f"{best} (median {median}) = {_compiles(outcomes, case, tool):.2f} compiles"


def _note(outcomes: Outcomes, case: str, tool: str) -> str:
    runs = outcomes.figures(case, tool)
    if not runs:
        return ""
    functions = all(run["functions_current"] for run in runs)
    instances = all(run["instances_current"] for run in runs)
    stale = [name for name, ok in (("functions", functions), ("instances", instances)) if not ok]
    return f"held {' and '.join(stale)} stale" if stale else "all current"


SCENARIO = Scenario(
    name="bodies",
    question=f"{CLASSES} classes and {FUNCTIONS} functions, every body edited",
    jobs=jobs,
    rounds=rounds,
    measure=measure,
    rows=rows,
)
