"""One class gains a base while a million instances of it are alive: what does a reload cost?

The yardstick is the least that any tool in pure Python can do: walk the heap once, as one
`gc.collect()` does, and assign `__class__` to each instance in a bare loop. Both are measured in
the same process on the same kind of heap, before the reload in one round and after it in the next,
because what comes first pays for fresh memory.
"""

from __future__ import annotations

import gc
import statistics
from functools import partial
from typing import TYPE_CHECKING, Any

from _beside import jobs_beside, measure_beside
from _measure import timed
from _model import Job, Outcomes, Row, Scenario, milliseconds
from _sources import hierarchy_source
from _tools import LIVEPATCH

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import ModuleType

    from _tools import Tool
    from _workspace import Workspace

TARGET = 1.5
_CASE = "one class gains a base"


def jobs(tools: Sequence[str], quick: bool) -> list[Job]:
    """Return one round, see `jobs_beside`."""
    return jobs_beside("base", _CASE, tools, 100_000 if quick else 1_000_000)


def rounds(quick: bool) -> int:
    """Return how often each job runs."""
    return 2 if quick else 3


def measure(job: Job) -> dict[str, Any]:
    """Time one reload over many instances, and the yardstick beside it."""
    return measure_beside(job, hierarchy_source(0), _time_reload, _time_yardstick)


def rows(outcomes: Outcomes, tools: Sequence[str]) -> list[Row]:
    """Return each tool's time beside the yardstick of its own processes."""
    return [_row(outcomes, tool) for tool in tools]


def _time_reload(
    workspace: Workspace, module: ModuleType, tool: Tool, count: int
) -> dict[str, Any]:
    players = [module.Player(number, number) for number in range(count)]
    workspace.write(hierarchy_source(1))
    gc.collect()
    seconds = timed(tool.reload)
    current = sum(type(player) is module.Player for player in players)
    working = sum(getattr(player, "shout", None) is not None for player in players)
    return {"seconds": seconds, "count": count, "current": current, "with_base": working}


def _time_yardstick(module: ModuleType, count: int) -> dict[str, float]:
    twins = [module.Twin(number, number) for number in range(count)]
    target = module.TwinWithBase
    gc.collect()
    collect = min(timed(gc.collect) for _ in range(3))
    return {"collect": collect, "assign": timed(partial(_assign, twins, target))}


def _assign(twins: list[Any], target: type) -> None:
    for twin in twins:
        twin.__class__ = target


def _row(outcomes: Outcomes, tool: str) -> Row:
    target = TARGET if tool == LIVEPATCH else None
    runs = outcomes.figures(_CASE, tool)
    if not runs:
        return Row("base", _CASE, tool, outcomes.problem(_CASE, tool), target=target)
    # Each reload beside the yardstick of its own process: the machine was in the same mood.
    ratio = statistics.median(run["seconds"] / (run["collect"] + run["assign"]) for run in runs)
    seconds, collect, assign = (
        statistics.median(run[name] for run in runs) for name in ("seconds", "collect", "assign")
    )
    return Row(
        scenario="base",
        case=f"{_CASE}, {runs[0]['count']:,} instances",
        tool=tool,
        measured=milliseconds(seconds),
        ratio=ratio,
        against=f"collect {milliseconds(collect)} + assign {milliseconds(assign)}",
        target=target,
        note=_note(runs),
    )


def _note(runs: list[Any]) -> str:
    count, current = runs[0]["count"], min(run["current"] for run in runs)
    with_base = min(run["with_base"] for run in runs)
    if current == with_base == count:
        return "all current"
    return f"{current:,} of type module.Player, {with_base:,} have the new base"


SCENARIO = Scenario(
    name="base",
    question="one class gains a base, with many live instances",
    jobs=jobs,
    rounds=rounds,
    measure=measure,
    rows=rows,
)
