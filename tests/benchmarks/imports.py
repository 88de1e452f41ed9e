"""What does it cost to remember what modules were imported from?

livepatch keeps the code of each module that is imported after it. The cost is that of a function
around the one that reads a .pyc; it is measured alone, against whole imports of small modules.
"""

from __future__ import annotations

import importlib
import sys
from functools import partial
from importlib.machinery import SourceFileLoader
from typing import TYPE_CHECKING, Any

from _measure import timed
from _model import Job, Outcomes, Row, Scenario
from _sources import bodies_source
from _tools import LIVEPATCH
from _workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Sequence

TARGET = 0.01
_CASE = "modules of 50 lines, from their .pyc"


def jobs(tools: Sequence[str], quick: bool) -> list[Job]:
    """Return one round."""
    return [Job("imports", _CASE, LIVEPATCH, {"modules": 100 if quick else 300})] * (
        LIVEPATCH in tools
    )


def rounds(quick: bool) -> int:
    """Return how often each job runs."""
    return 2 if quick else 5


def measure(job: Job) -> dict[str, Any]:
    """Import many modules, and call what livepatch adds as often."""
    origin: Any = importlib.import_module("livepatch._source.remembered")
    count = job.options["modules"]
    with Workspace("bench_imports") as workspace:
        source = bodies_source(0, classes=1, functions=3)
        names = [f"bench_imported_{number}" for number in range(count)]
        for name in names:
            (workspace.folder / f"{name}.py").write_text(source, encoding="utf-8")
        importlib.invalidate_caches()
        for name in names:
            importlib.import_module(name)
            del sys.modules[name]
        imports = timed(lambda: [importlib.import_module(name) for name in names])
        loader = sys.modules[names[0]].__spec__.loader  # type: ignore[union-attr]
        assert isinstance(loader, SourceFileLoader)
        code = loader.get_code(names[0])
        reading, origin._get_code = origin._get_code, lambda *_: code
        calls = [partial(origin._get_code_and_remember, loader, name) for name in names]
        added = timed(lambda: [call() for call in calls])
        nothing = timed(lambda: [origin._get_code(loader, name) for name in names])
        origin._get_code = reading
    return {"imports": imports, "added": max(added - nothing, 0.0), "modules": count}


def rows(outcomes: Outcomes, tools: Sequence[str]) -> list[Row]:
    """Return what is added, beside an import."""
    runs = outcomes.figures(_CASE, LIVEPATCH)
    if LIVEPATCH not in tools:
        return []
    best = min(runs, key=lambda run: run["added"] / run["imports"], default=None)
    measured = outcomes.problem(_CASE, LIVEPATCH)
    if best is not None:
        each = [best[name] / best["modules"] * 1e6 for name in ("added", "imports")]
        measured = f"{each[0]:.2f} us more, at {each[1]:.0f} us an import"
    return [
        Row(
            scenario="imports",
            case=_CASE,
            tool=LIVEPATCH,
            measured=measured,
            ratio=best["added"] / best["imports"] if best is not None else None,
            against="the imports",
            target=TARGET,
        )
    ]


SCENARIO = Scenario(
    name="imports",
    question="what remembering sources adds to an import",
    jobs=jobs,
    rounds=rounds,
    measure=measure,
    rows=rows,
)
