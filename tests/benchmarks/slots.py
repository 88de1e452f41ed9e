"""A class with a million slotted instances gains a slot: what does a reload cost, and hold?

Each instance has to be made anew, and whoever holds the old one given the new one. The yardstick is
the least that a program could do by hand: one `gc.collect()` of the heap that the reload searches,
with the instances and their holders, and a bare loop that builds as many instances and copies their
attributes, without looking for who holds them. Memory is that at the peak of the reload beyond what
there was before, beside what the instances take with their values.
"""

from __future__ import annotations

import gc
import resource
import statistics
from functools import partial
from typing import TYPE_CHECKING, Any

from _beside import jobs_beside, measure_beside
from _measure import resident_bytes, timed
from _model import Job, Outcomes, Row, Scenario, milliseconds
from _sources import slots_source
from _tools import LIVEPATCH

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import ModuleType

    from _tools import Tool
    from _workspace import Workspace

TIME, MEMORY = 3.0, 2.0
_CASE = "a slotted class gains a slot"
_MEMORY_CASE = "the same, memory at the peak"
_IN_ONE = 1000  # instances in one list or dict of many


def jobs(tools: Sequence[str], quick: bool) -> list[Job]:
    """Return one round, see `jobs_beside`."""
    return jobs_beside("slots", _CASE, tools, 90_000 if quick else 1_000_000)


def rounds(quick: bool) -> int:
    """Return how often each job runs."""
    return 2 if quick else 3


def measure(job: Job) -> dict[str, Any]:
    """Time one reload over many instances, and the yardstick beside it."""
    return measure_beside(job, slots_source(0), _time_reload, _time_yardstick)


def rows(outcomes: Outcomes, tools: Sequence[str]) -> list[Row]:
    """Return each tool's time beside the yardstick of its own processes, and its memory."""
    return [row for tool in tools for row in _rows(outcomes, tool)]


def _time_reload(
    workspace: Workspace, module: ModuleType, tool: Tool, count: int
) -> dict[str, Any]:
    before = resident_bytes()
    holders = _hold(module, _make(module.Player, count))
    taken = resident_bytes() - before
    workspace.write(slots_source(1))
    gc.collect()
    collect = min(timed(gc.collect) for _ in range(3))
    before = resident_bytes()
    seconds = timed(tool.reload)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    held = list(_held(holders))
    return {
        "seconds": seconds,
        "collect": collect,
        "count": count,
        "current": sum(type(player) is module.Player for player in held),
        "with_slot": sum(_has_slot(player) for player in held),
        "taken": taken,
        # Where the yardstick came first, the peak may be its own.
        "peak": peak - before,
    }


def _make(cls: Any, count: int) -> list[Any]:
    return [cls(f"player {number}", number, number / 2) for number in range(count)]


def _hold(module: ModuleType, players: list[Any]) -> tuple[list[Any], dict[Any, Any], list[Any]]:
    """Have a third of the instances each held by lists, by dicts, and by attributes."""
    third = len(players) // 3
    first = players[:third]
    chunks = [first[start : start + _IN_ONE] for start in range(0, third, _IN_ONE)]
    table = {each.name: each for each in players[third : 2 * third]}
    boxes = [module.Box(each) for each in players[2 * third :]]
    return chunks, table, boxes


def _held(holders: tuple[list[Any], dict[Any, Any], list[Any]]) -> Any:
    chunks, table, boxes = holders
    for chunk in chunks:
        yield from chunk
    yield from table.values()
    yield from (box.player for box in boxes)


def _has_slot(player: Any) -> bool:
    try:
        player.mana = 1
    except AttributeError:
        return False
    return True


def _time_yardstick(module: ModuleType, count: int) -> dict[str, float]:
    twins = _make(module.Twin, count)
    gc.collect()
    return {"copy": timed(partial(_copy, twins, module.TwinWithSlot))}


def _copy(twins: list[Any], cls: type) -> list[Any]:
    copies = []
    new = cls.__new__
    for twin in twins:
        copy: Any = new(cls)
        copy.name = twin.name
        copy.level = twin.level
        copy.score = twin.score
        copies.append(copy)
    return copies


def _rows(outcomes: Outcomes, tool: str) -> list[Row]:
    runs = outcomes.figures(_CASE, tool)
    time, memory = (TIME, MEMORY) if tool == LIVEPATCH else (None, None)
    if not runs:
        return [Row("slots", _CASE, tool, outcomes.problem(_CASE, tool), target=time)]
    # Each reload beside the yardstick of its own process: the machine was in the same mood.
    ratio = statistics.median(run["seconds"] / (run["collect"] + run["copy"]) for run in runs)
    seconds, collect, copy, taken, peak = (
        statistics.median(run[name] for run in runs)
        for name in ("seconds", "collect", "copy", "taken", "peak")
    )
    first = Row(
        scenario="slots",
        case=f"{_CASE}, {runs[0]['count']:,} instances",
        tool=tool,
        measured=milliseconds(seconds),
        ratio=ratio,
        against=f"collect {milliseconds(collect)} + copy {milliseconds(copy)}",
        target=time,
        note=_note(runs),
    )
    second = Row(
        scenario="slots",
        case=_MEMORY_CASE,
        tool=tool,
        measured=f"{peak / 1e6:.0f} MB",
        ratio=peak / taken,
        against=f"instances and holders {taken / 1e6:.0f} MB",
        target=memory,
    )
    return [first, second]


def _note(runs: list[Any]) -> str:
    count, current = runs[0]["count"], min(run["current"] for run in runs)
    with_slot = min(run["with_slot"] for run in runs)
    if current == with_slot == count:
        return "all current"
    return f"{current:,} of type module.Player, {with_slot:,} have the slot"


SCENARIO = Scenario(
    name="slots",
    question="a slotted class gains a slot, with many live instances",
    jobs=jobs,
    rounds=rounds,
    measure=measure,
    rows=rows,
)
