"""A package of many modules is upgraded, all of it at once: what does it cost, and does it grow?

The yardstick is `importlib.reload` of the same modules, one after the other, in the same process,
and two `gc.collect()` of its heap. Each module defines a class that derives from another module's,
and imports another one in a cycle; all definitions are held from a list, a dict and an instance.
"""

from __future__ import annotations

import gc
import importlib
import statistics
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from _measure import timed
from _model import Job, Outcomes, Row, Scenario, milliseconds
from _packages import write_package
from _tools import LIVEPATCH

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import ModuleType

TARGET = 1.5
_PACKAGE = "bench_many"
_SIZES = (250, 300, 500, 1_000, 2_000)
# How many modules, what runs, and whether `importlib.reload` writes bytecode, as it does unless
# that is switched off: with modules so small it is half of its time, and livepatch writes none.
_CASES = {
    **{f"package of {size:,} modules": (size, "all", True) for size in _SIZES},
    "package of 300 modules, no bytecode written": (300, "all", False),
    "package of 300 modules, what changed": (300, "changed", True),
}


def jobs(tools: Sequence[str], quick: bool) -> list[Job]:
    """Return one round: a job a case; livepatch alone reloads many modules at once."""
    return [
        Job("many", case, LIVEPATCH, {"modules": size, "rerun": rerun, "bytecode": bytecode})
        for case, (size, rerun, bytecode) in _CASES.items()
        if LIVEPATCH in tools and not (quick and size > _SIZES[1])
    ]


def rounds(quick: bool) -> int:
    """Return how often each job runs."""
    return 1 if quick else 2


def measure(job: Job) -> dict[str, Any]:
    """Time one upgrade of a whole package, and the yardstick after it."""
    import livepatch  # the other tools' processes have no use for it

    count = job.options["modules"]
    sys.dont_write_bytecode = not job.options["bytecode"]
    with tempfile.TemporaryDirectory(prefix="livepatch-bench-") as name:
        folder = Path(name)
        sys.path.insert(0, name)
        names = write_package(folder, _PACKAGE, count, 1)
        package = importlib.import_module(_PACKAGE)
        modules = [sys.modules[each] for each in names]
        held = _hold(package, count)
        write_package(folder, _PACKAGE, count, 2)
        collect = min(timed(gc.collect) for _ in range(3))
        rerun = job.options["rerun"]
        seconds = timed(lambda: livepatch.reload(*modules, rerun=rerun))
        current = sum(held[index] == _definitions(package, index) for index in range(count))
        write_package(folder, _PACKAGE, count, 30)  # of another size: no stale .pyc
        bare = timed(lambda: [importlib.reload(module) for module in modules])
    return {"seconds": seconds, "bare": bare, "collect": collect, "current": current}


def _hold(package: ModuleType, count: int) -> list[list[Any]]:
    return [_definitions(package, index) for index in range(count)]


def _definitions(package: ModuleType, index: int) -> list[Any]:
    part = getattr(package, f"part_{index}")
    names = (f"Node_{index}", f"first_{index}", f"second_{index}")
    return [getattr(part, name) for name in names]


def rows(outcomes: Outcomes, tools: Sequence[str]) -> list[Row]:
    """Return a row a case; that of 300 modules that are upgraded has the target."""
    return [_row(outcomes, case) for case in _CASES if LIVEPATCH in tools and _ran(outcomes, case)]


def _ran(outcomes: Outcomes, case: str) -> bool:
    ran = outcomes.figures(case, LIVEPATCH) or outcomes.problem(case, LIVEPATCH)
    return bool(ran)


def _row(outcomes: Outcomes, case: str) -> Row:
    size = _CASES[case][0]
    target = TARGET if _CASES[case] == (300, "all", True) else None
    runs = outcomes.figures(case, LIVEPATCH)
    if not runs:
        return Row("many", case, LIVEPATCH, outcomes.problem(case, LIVEPATCH), target=target)
    # Two collections are allowed besides.
    ratio = statistics.median((run["seconds"] - 2 * run["collect"]) / run["bare"] for run in runs)
    seconds, bare, collect = (
        statistics.median(run[name] for run in runs) for name in ("seconds", "bare", "collect")
    )
    current = min(run["current"] for run in runs)
    return Row(
        scenario="many",
        case=case,
        tool=LIVEPATCH,
        measured=milliseconds(seconds),
        ratio=ratio,
        against=f"bare {milliseconds(bare)}, collect {milliseconds(collect)} twice besides",
        target=target,
        note=f"{seconds / size * 1000:.2f} ms a module"
        + ("" if current == size else f", {current} of {size} current"),
    )


SCENARIO = Scenario(
    name="many",
    question="all modules of a package edited, one reload",
    jobs=jobs,
    rounds=rounds,
    measure=measure,
    rows=rows,
)
