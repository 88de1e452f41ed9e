"""``python -m tests.corpus.history``: real packages go through their releases, one reload a step.

    python -m tests.corpus.history [--only NAME ...] [--strategy auto repoint] [--back]

A child process imports the first release, holds what it defines, and is brought to each later one
in turn. After each step every module must equal a fresh import of its source in another process.
The exit status is 0 if all of them did at every step.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import livepatch
from tests.corpus._download import site_of
from tests.live import PYTHON

_SCRIPT = Path(__file__).with_name("corpus_history.py")
_BYTECODE = shutil.ignore_patterns("__pycache__", "*.pyc", "*.dist-info")
_TIMEOUT = 3600


@dataclass(frozen=True, slots=True)
class History:
    """A project and the releases it goes through.

    Attributes:
        project: its name on the package index.
        package: the name it is imported by.
        versions: the releases, in order.
        unstable: paths that no two processes have the same value for, or that stay and a fresh
            import has not.
    """

    project: str
    package: str
    versions: tuple[str, ...]
    unstable: tuple[str, ...]


def _history(project: str, versions: str, *unstable: str) -> History:
    return History(project, project.replace("-", "_"), tuple(versions.split()), unstable)


HISTORIES = (
    # The releases before cannot be imported any more.
    _history("sortedcontainers", "2.0.5 2.1.0 2.2.0 2.2.1 2.2.2 2.3.0 2.4.0"),
    _history(
        "more-itertools",
        "8.8.0 8.9.0 8.10.0 8.11.0 8.12.0 8.13.0 8.14.0 9.0.0 9.1.0 10.0.0 10.1.0 10.2.0 10.5.0",
        "numeric_range._EMPTY_HASH",  # from the address of None, before 3.12
    ),
    _history(
        "packaging",
        "20.9 21.0 21.2 21.3 22.0 23.0 23.1 23.2 24.0 24.1 24.2",
        # `else: ExceptionGroup = ExceptionGroup`, since 24.0: the class of 23.2 stays.
        "ExceptionGroup",
        *(f"ExceptionGroup.{each}" for each in ("__doc__", "__init__", "__module__", "__repr__")),
    ),
    _history(
        "click",
        "8.0.0 8.0.1 8.0.2 8.0.3 8.0.4 8.1.0 8.1.1 8.1.2 8.1.3 8.1.7",
        "_detect_program_name",  # a default is the module __main__, of which the repr says the file
        # Of two unions in another order, `typing` remembers the one that was made first.
        "Parameter.__init__",
        "CliRunner.invoke",
    ),
    _history("itsdangerous", "0.24 1.1.0 2.0.0 2.0.1 2.1.0 2.1.1 2.1.2 2.2.0"),
)


def main(arguments: list[str] | None = None) -> int:
    """Run what the command line asks for; print a line a step."""
    options = _parse(arguments)
    chosen = [each for each in HISTORIES if not options.only or each.project in options.only]
    wrong = 0
    for history in chosen:
        for strategy in options.strategy:
            steps = follow(history, strategy, back=options.back)
            for step in steps:
                print(_line(history, strategy, step), flush=True)  # noqa: T201 - a command prints
            wrong += sum(bool(step["wrong"]) for step in steps)
    return 1 if wrong or not chosen else 0


def follow(history: History, strategy: str, *, back: bool = False) -> list[dict[str, Any]]:
    """Take a package through its releases in a child process; return what each step found.

    Raises:
        RuntimeError: the child process did not run to its end.
    """
    versions = history.versions[::-1] if back else history.versions
    with tempfile.TemporaryDirectory(prefix="history-") as name:
        folder = Path(name).resolve()
        for version in versions:
            shutil.copytree(site_of(history.project, version), folder / version, ignore=_BYTECODE)
        order = {
            "package": history.package,
            "versions": versions,
            "strategy": strategy,
            "unstable": history.unstable,
        }
        (folder / "order.json").write_text(json.dumps(order), encoding="utf-8")
        paths = [str(Path(livepatch.__file__).parent.parent), os.environ.get("PYTHONPATH")]
        done = subprocess.run(
            [PYTHON, "-X", "faulthandler", str(_SCRIPT), str(folder)],
            cwd=folder,
            # What a module computes from hashes is to be the same in a fresh process.
            env={
                **os.environ,
                "PYTHONHASHSEED": "0",
                "PYTHONPATH": os.pathsep.join(filter(None, paths)),
            },
            capture_output=True,
            text=True,
            timeout=_TIMEOUT,
            check=False,
        )
    if done.returncode:
        raise RuntimeError(f"the child ended with {done.returncode}:\n{done.stderr[-20000:]}")
    steps: list[dict[str, Any]] = [json.loads(line) for line in done.stdout.splitlines()]
    return steps


def _line(history: History, strategy: str, step: dict[str, Any]) -> str:
    found = f"{step['modules']} modules, {step['seconds']:.2f} s"
    verdict = "as fresh" if not step["wrong"] else f"DIFFERS: {'; '.join(step['wrong'])}"
    return f"{history.project} {step['version']} ({strategy}): {found}, {verdict}"


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.corpus.history", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--only", nargs="+", metavar="PROJECT", help="these projects alone")
    both = ["auto", "repoint"]
    parser.add_argument("--strategy", nargs="+", choices=both, default=both)
    parser.add_argument("--back", action="store_true", help="from the last release to the first")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
