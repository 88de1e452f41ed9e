"""Run one job in a process of its own: the parent's half (`run_job`) and the child's (`main`)."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from _model import Job, Outcome

_MARKER = "livepatch-benchmark:"


def run_job(job: Job, *, python: str, timeout: float) -> Outcome:
    """Measure ``job`` in a fresh interpreter; a crash or a timeout is the outcome's problem."""
    command = [python, str(Path(__file__)), json.dumps(dataclasses.asdict(job))]
    try:
        ended = subprocess.run(
            command,
            env=_environment(),
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Outcome(job, {}, f"more than {timeout:.0f} s, stopped")
    for line in ended.stdout.splitlines():
        if line.startswith(_MARKER):
            return Outcome(job, json.loads(line.removeprefix(_MARKER)))
    sys.stderr.write(ended.stderr)
    last = (ended.stderr.strip().splitlines() or ["no output"])[-1]
    return Outcome(job, {}, f"crashed ({ended.returncode}): {last}"[:100])


def _environment() -> dict[str, str]:
    """Return this process's environment, with .pyc files written as usual and hashes fixed."""
    spared = {"PYTHONDONTWRITEBYTECODE", "PYTHONPYCACHEPREFIX", "PYTHONOPTIMIZE"}
    kept = {name: value for name, value in os.environ.items() if name not in spared}
    return kept | {"PYTHONHASHSEED": "0"}


def main(text: str) -> None:
    """Run the job that ``text`` describes and print its figures as one marked line."""
    from _scenarios import SCENARIOS

    fields: dict[str, Any] = json.loads(text)
    job = Job(**fields)
    figures = SCENARIOS[job.scenario].measure(job)
    print(_MARKER + json.dumps(figures))


if __name__ == "__main__":
    main(sys.argv[1])
