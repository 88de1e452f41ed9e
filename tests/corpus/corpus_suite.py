"""Run a package's own test suite in this process and note how each test ended."""

from __future__ import annotations

import os
import re
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

_CONFIGURATIONS = ("pytest.ini", "pyproject.toml", "tox.ini", "setup.cfg")


class Endings:
    """A pytest plugin: how each test ended, by its id, and the text of each that did not pass."""

    def __init__(self) -> None:
        self.endings: dict[str, str] = {}
        self.texts: dict[str, str] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        ending = _ending(report)
        if ending is not None:
            self._note(report.nodeid, ending, report)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self._note(report.nodeid, "not collected", report)

    def _note(
        self, name: str, ending: str, report: pytest.TestReport | pytest.CollectReport
    ) -> None:
        # A path or an address in the name of a parameter.
        name = name.replace(str(Path.cwd()), "")
        name = re.sub(r"\b0x[0-9a-f]{6,}", "0x", name)
        self.endings[name] = ending
        if report.failed:
            self.texts[name] = report.longreprtext


def _ending(report: pytest.TestReport) -> str | None:
    if report.when == "call":
        return f"x{report.outcome}" if hasattr(report, "wasxfail") else report.outcome
    if report.skipped:
        return "xfailed" if hasattr(report, "wasxfail") else "skipped"
    return f"failed in {report.when}" if report.failed else None


def run_suite(suite: Path, root: Path, tests: list[str], extra: list[str]) -> dict[str, Any]:
    """Run the tests; return the exit status, the counts, and the ending of each test.

    Args:
        suite: the folder of the configuration; it becomes the working directory.
        root: the folder that the names of the tests start at.
        tests: what to run, below that folder.
        extra: further arguments for pytest.
    """
    endings = Endings()
    os.chdir(suite)
    sys.path.append(str(suite))  # as `python -m pytest` does, but behind the package
    configuration = next((name for name in _CONFIGURATIONS if _configures(suite / name)), None)
    # The project's own options are for plugins and reports that are not wanted here.
    options = ["-c", str(suite / configuration)] if configuration else []
    options += ["-o", "addopts=", "--rootdir", str(root), "-p", "no:cacheprovider", "-q"]
    options += ["--continue-on-collection-errors"]
    # An older version need not have all of the newer one's tests.
    paths = [str(root / test) for test in tests if (root / test).exists()]
    status = pytest.main([*options, *extra, *paths], plugins=[endings])
    return {
        "status": int(status),
        "counts": dict(Counter(endings.endings.values())),
        "endings": endings.endings,
        "texts": endings.texts,
    }


def _configures(path: Path) -> bool:
    sections = ("[pytest]", "[tool.pytest", "[tool:pytest]")
    return path.is_file() and any(section in path.read_text("utf-8") for section in sections)
