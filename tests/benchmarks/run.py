"""Measure livepatch beside the other ways to reload: ``python tests/benchmarks/run.py``.

Each measurement runs in a process of its own; the tools take turns, and the least (or the median)
of several rounds counts. All targets are ratios to something measured in the same run.
"""

from __future__ import annotations

import argparse
import datetime as dt
import os
import platform
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from _child import run_job
from _model import Job, Outcome, Outcomes, Row
from _report import draw_plot, summary_text, table_text, write_json
from _scenarios import SCENARIOS
from _tools import BARE, LIVEPATCH, TOOLS, installed_version

if TYPE_CHECKING:
    from collections.abc import Sequence

    from _model import Scenario

_ESSENTIAL = {LIVEPATCH, BARE}
_PEERS = set(TOOLS) - _ESSENTIAL


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the chosen scenarios; return 0 unless livepatch or bare reload failed to run."""
    options = _parse(arguments)
    context = _context(options)
    print(_heading(context))
    tools = [tool for tool in options.only if context["tools"][tool] is not None]
    all_rows: list[Row] = []
    all_outcomes: list[Outcome] = []
    for name in options.scenario:
        outcomes = _run_scenario(SCENARIOS[name], tools, options)
        rows = SCENARIOS[name].rows(Outcomes(outcomes), tools)
        print(f"\n{name}: {SCENARIOS[name].question}\n{table_text(rows)}", flush=True)
        all_rows += rows
        all_outcomes += outcomes
    missing = [tool for tool in options.only if tool not in tools]
    print("\n" + summary_text(all_rows, missing))
    if options.json:
        write_json(options.json, context, all_rows, all_outcomes)
    if options.plot and all_rows:
        draw_plot(options.plot, context, all_rows)
    return int(_failed(options.only, tools, all_outcomes))


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="smaller heaps, fewer rounds")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every figure to FILE")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="draw the ratios to FILE")
    parser.add_argument(
        "--only", type=_names(TOOLS), default=list(TOOLS), metavar="TOOL,...",
        help=f"which of {', '.join(TOOLS)} ('bare' will do)",
    )  # fmt: skip
    parser.add_argument(
        "--scenario", type=_names(SCENARIOS), default=list(SCENARIOS), metavar="NAME,...",
        help=f"which of {', '.join(SCENARIOS)}",
    )  # fmt: skip
    parser.add_argument(
        "--timeout", type=float, metavar="SECONDS", help="stop a single measurement after this long"
    )
    parser.add_argument(
        "--python", default=sys.executable, metavar="COMMAND",
        help="this interpreter's command, where it is a script that starts it",
    )  # fmt: skip
    return parser.parse_args(arguments)


def _names(known: Any) -> Any:
    """Return an argument type: a comma list of ``known`` names, in any case of letters."""
    by_lower = {name.lower(): name for name in known} | {"bare": BARE}

    def names(text: str) -> list[str]:
        chosen = [by_lower.get(part.strip().lower(), part) for part in text.split(",")]
        unknown = [name for name in chosen if name not in known]
        if unknown:
            raise argparse.ArgumentTypeError(
                f"unknown: {', '.join(unknown)} (choose from {', '.join(known)})"
            )
        return chosen

    return names


def _context(options: argparse.Namespace) -> dict[str, Any]:
    return {
        "python": platform.python_version(),
        "implementation": platform.python_implementation(),
        "platform": platform.platform(),
        "processors": os.cpu_count(),
        "started": dt.datetime.now(tz=dt.timezone.utc).isoformat(timespec="seconds"),
        "quick": options.quick,
        "tools": {tool: installed_version(tool) for tool in options.only},
    }


def _heading(context: dict[str, Any]) -> str:
    tools = ", ".join(
        f"{tool} {version or 'NOT INSTALLED'}" for tool, version in context["tools"].items()
    )
    return (
        f"livepatch benchmarks{' (quick)' if context['quick'] else ''}, "
        f"{context['implementation']} {context['python']}, {context['processors']} processors\n"
        f"tools: {tools}"
    )


def _run_scenario(
    scenario: Scenario, tools: Sequence[str], options: argparse.Namespace
) -> list[Outcome]:
    """Run every round of a scenario; a job that failed or was too slow once is not run again."""
    timeout = options.timeout or (120 if options.quick else 600)
    outcomes: list[Outcome] = []
    done_with: set[tuple[str, str]] = set()
    for _ in range(scenario.rounds(options.quick)):
        for job in scenario.jobs(tools, options.quick):
            if (job.case, job.tool) in done_with:
                continue
            _show_progress(job)
            outcomes.append(run_job(job, python=options.python, timeout=timeout))
            if outcomes[-1].problem or outcomes[-1].figures.get("slow"):
                done_with.add((job.case, job.tool))
    return outcomes


def _show_progress(job: Job) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\x1b[K{job.scenario}: {job.case}, {job.tool} ")


def _failed(wanted: Sequence[str], tools: Sequence[str], outcomes: Sequence[Outcome]) -> bool:
    """Return whether livepatch or bare reload was asked for and could not be measured.

    A peer that is not installed, too slow or broken by an edit is told in the table.
    """
    missing = (_ESSENTIAL & set(wanted)) - set(tools)
    crashed = [outcome for outcome in outcomes if outcome.problem]
    return bool(missing) or any(outcome.job.tool not in _PEERS for outcome in crashed)


if __name__ == "__main__":
    sys.exit(main())
