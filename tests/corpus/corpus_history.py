"""Take a package through its releases in one process: a script for a child process.

Its argument is a folder with a copy of each release and an ``order.json``; it prints a JSON object
a step.
"""

# ruff: noqa: T201 - a script prints what it found
from __future__ import annotations

import json
import sys
import time
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from corpus_definitions import definitions_of, has_source, import_whole, modules_of
from corpus_holders import hold_all
from upgrade import replace_files

import livepatch
from livepatch.testing import assert_current, assert_like_fresh


def main(path: str) -> None:
    """Do what the order in a folder says."""
    folder = Path(path)
    order = json.loads((folder / "order.json").read_text("utf-8"))
    first, *later = order["versions"]
    lib = folder / "lib"
    lib.mkdir()
    replace_files(lib, folder / first)
    sys.path.insert(0, str(lib))
    package = order["package"]
    import_whole([package])
    held = hold_all(definitions_of([package]))
    for version in later:
        print(json.dumps(_step(lib, folder / version, package, version, order["strategy"])))
    del held


def _step(lib: Path, new: Path, package: str, version: str, strategy: str) -> dict[str, Any]:
    replace_files(lib, new)
    started = time.perf_counter()
    wrong: list[str] = []
    try:
        livepatch.reload_changed(package, strategy=strategy)
    except Exception:  # noqa: BLE001 - it is the finding
        wrong.append(traceback.format_exc())
    seconds = time.perf_counter() - started
    import_whole([package])
    names = [name for name in modules_of([package]) if has_source(name)]
    wrong += (text for name in names for text in _complaints(name))
    return {"version": version, "modules": len(names), "seconds": seconds, "wrong": wrong}


def _complaints(name: str) -> Iterator[str]:
    for check in (assert_like_fresh, assert_current):
        try:
            check(name)
        except AssertionError as error:  # noqa: PERF203 - it is the finding
            yield str(error)


main(*sys.argv[1:])
