"""What livepatch's own tests use besides `livepatch.testing`: warm calls, and child processes."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import livepatch
from livepatch.testing import LiveModule, Rerun, Strategy

__all__ = ["CHILD_TIMEOUT", "PYTHON", "LiveModule", "Rerun", "Strategy", "run_in_child", "warm"]

PYTHON = os.environ.get("LIVEPATCH_TEST_PYTHON", sys.executable)
"""The interpreter of child processes: a script where ``sys.executable`` cannot start alone."""

CHILD_TIMEOUT = 120


def warm(call: Callable[[], object], times: int = 3000) -> None:
    """Call until the interpreter has specialised the call site."""
    for _ in range(times):
        call()


_CHILD_PRELUDE = """\
import sys, tempfile
from pathlib import Path
import livepatch
from tests.live import LiveModule, warm
_folder = tempfile.TemporaryDirectory()
live = LiveModule(Path(_folder.name), {strategy!r}, "all")
"""


def run_in_child(source: str, strategy: Strategy = "auto", timeout: int = CHILD_TIMEOUT) -> str:
    """Run a source that may crash in a child process that has ``live``; return its output."""
    script = _CHILD_PRELUDE.format(strategy=strategy) + dedent(source)
    tests = Path(__file__).resolve().parent.parent
    package = Path(livepatch.__file__).resolve().parent.parent
    paths = [str(tests), str(package), *filter(None, [os.environ.get("PYTHONPATH")])]
    done = subprocess.run(
        [PYTHON, "-X", "faulthandler", "-c", script],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    assert done.returncode == 0, f"the child ended with {done.returncode}:\n{done.stderr}"
    return done.stdout
