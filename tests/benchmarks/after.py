"""Are patched objects as fast as those of a process that never reloaded?

Each process runs the same loops over the same code; one of them reached that code by a reload.
Every loop runs before the reload too, so that the interpreter has specialised it for the old code.
A second set of processes that never reloaded shows the noise of the machine.
"""

from __future__ import annotations

import gc
import statistics
from timeit import Timer
from typing import TYPE_CHECKING, Any

from _model import Job, Outcomes, Row, Scenario
from _sources import speed_source
from _tools import LIVEPATCH, TOOLS
from _workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

TARGET = 1.05
NEVER, CONTROL = "never reloaded", "never reloaded (again)"
_FREE, _HELD = "held by nobody", "held elsewhere"

# Each loop is ten times its statement; the names are locals of the loop, as in a real function.
_LOOPS = {
    "attribute read": "point.x",
    "method call": "point.shifted(1)",
    "function call": "module.add(1, 2)",
    "class call": "module.Point(1, 2)",
}
_HELD_LOOPS = _LOOPS | {"callback": "callback(1, 2)", "bound method": "bound(1)"}
_PER_TURN = 10


def jobs(tools: Sequence[str], quick: bool) -> list[Job]:
    """Return one round: the reference, each tool and the control, for both ways of holding."""
    options = {"loops": 300, "repeats": 300 if quick else 1_000}
    return [
        Job("after", case, tool, options | {"held": held})
        for case, held in ((_FREE, 0), (_HELD, 1))
        for tool in (NEVER, *tools, CONTROL)
    ]


def rounds(quick: bool) -> int:
    """Return how often each job runs."""
    return 10 if quick else 20


def measure(job: Job) -> dict[str, Any]:
    """Time each loop on objects that were made before the reload, if there was one."""
    with Workspace("bench_after") as workspace:
        tool = None if job.tool in (NEVER, CONTROL) else TOOLS[job.tool]()
        module = workspace.load(speed_source(0 if tool else 1))
        names = _names(module, held=bool(job.options["held"]))
        timers = _timers(names)
        if tool:
            tool.attach(module)
            _warm(timers)
            workspace.write(speed_source(1))
            tool.reload()
        _warm(timers)
        gc.collect()
        seconds = _least(timers, job.options["loops"], job.options["repeats"])
        return {"nanoseconds": seconds, "stale": _stale(names)}


def rows(outcomes: Outcomes, tools: Sequence[str]) -> list[Row]:
    """Return each loop of each tool beside the process that never reloaded."""
    return [
        _row(outcomes, case, loop, tool)
        for case, loops in ((_FREE, _LOOPS), (_HELD, _HELD_LOOPS))
        for loop in loops
        for tool in (*tools, CONTROL)
    ]


def _names(module: Any, *, held: bool) -> dict[str, Any]:
    """Return what the loops use, made now: an old instance, and old functions if they are held."""
    names = {"module": module, "point": module.Point(3, 4)}
    if held:
        names |= {"callback": module.add, "bound": names["point"].shifted}
    return names


def _timers(names: Mapping[str, Any]) -> dict[str, Timer]:
    setup = "\n".join(f"{name} = names[{name!r}]" for name in names)
    loops = _HELD_LOOPS if "callback" in names else _LOOPS
    return {
        loop: Timer("\n".join([statement] * _PER_TURN), setup, globals={"names": names})
        for loop, statement in loops.items()
    }


def _warm(timers: Mapping[str, Timer]) -> None:
    for timer in timers.values():
        timer.timeit(1_000)


def _least(timers: Mapping[str, Timer], loops: int, repeats: int) -> dict[str, float]:
    """Return the least nanoseconds of one statement of each loop.

    The loops take turns, so that a slow moment of the machine hits them all.
    """
    least = dict.fromkeys(timers, float("inf"))
    for _ in range(repeats):
        for name, timer in timers.items():
            least[name] = min(least[name], timer.timeit(loops))
    return {name: seconds * 1e9 / (loops * _PER_TURN) for name, seconds in least.items()}


def _stale(names: Mapping[str, Any]) -> list[str]:
    """Return the loops that still run old code: version 1 adds where version 0 subtracts."""
    module, point = names["module"], names["point"]
    current = {
        "attribute read": type(point) is module.Point,
        "method call": point.shifted(1) == point.x + 1,
        "function call": module.add(2, 1) == 2 + 1,
    }
    if "callback" in names:
        current["callback"] = names["callback"](2, 1) == 2 + 1
        current["bound method"] = names["bound"](1) == point.x + 1
    return [loop for loop, is_current in current.items() if not is_current]


def _typical(outcomes: Outcomes, case: str, loop: str, tool: str) -> float | None:
    """Return the lower quartile of what the processes measured.

    Processes differ by how their memory happens to lie, and a shared machine has slow minutes: two
    sets of the same processes differed by 3 % in their least and their median, 1.5 % in this.
    """
    runs = sorted(run["nanoseconds"][loop] for run in outcomes.figures(case, tool))
    return statistics.quantiles(runs)[0] if len(runs) > 1 else next(iter(runs), None)


def _row(outcomes: Outcomes, case: str, loop: str, tool: str) -> Row:
    typical = _typical(outcomes, case, loop, tool)
    reference = _typical(outcomes, case, loop, NEVER)
    stale = any(loop in run["stale"] for run in outcomes.figures(case, tool))
    return Row(
        scenario="after",
        case=f"{loop}, {case}",
        tool=tool,
        measured=f"{typical:.1f} ns" if typical else outcomes.problem(case, tool),
        ratio=typical / reference if typical and reference else None,
        against=f"never reloaded {reference:.1f} ns" if reference else "",
        target=TARGET if tool == LIVEPATCH else None,
        note="runs old code" if stale else "",
    )


SCENARIO = Scenario(
    name="after",
    question="speed of patched objects after a body edit",
    jobs=jobs,
    rounds=rounds,
    measure=measure,
    rows=rows,
)
