"""Take a package through its releases in one process: a script for a child process.

Its argument is a folder with a copy of each release and an ``order.json``; it prints a JSON object
a step.
"""

# ruff: noqa: T201 - a script prints what it found
from __future__ import annotations

import functools
import json
import subprocess
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
    gone: set[str] = set()
    for version in later:
        replace_files(lib, folder / version)
        print(json.dumps({"version": version, **_step(order, gone)}))
    del held


def _step(order: dict[str, Any], gone: set[str]) -> dict[str, Any]:
    """Bring a package to a release and compare it; add the modules that are said to be gone."""
    package = order["package"]
    started = time.perf_counter()
    wrong: list[str] = []
    try:
        report = livepatch.reload_changed(package, strategy=order["strategy"], rerun="all")
        gone |= {notice.path for notice in report.notices if notice.code == "LP311"}
    except Exception:  # noqa: BLE001 - it is the finding
        wrong.append(traceback.format_exc())
    seconds = time.perf_counter() - started
    import_whole([package])
    names = [name for name in modules_of([package]) if has_source(name)]
    # What is held of a module whose file has gone keeps it, and the report says so.
    gone -= {name for name in names if _has_file(name)}
    names = [name for name in names if name not in gone]
    wrong += (text for name in names for text in _complaints(name, gone, order["unstable"]))
    return {"modules": len(names), "seconds": seconds, "wrong": wrong}


def _has_file(name: str) -> bool:
    return Path(sys.modules[name].__file__ or "").exists()


def _complaints(name: str, gone: set[str], unstable: list[str]) -> Iterator[str]:
    for check in (functools.partial(assert_like_fresh, ignore=unstable), assert_current):
        try:
            check(name)
        except AssertionError as error:  # noqa: PERF203 - it is the finding
            first, *lines = str(error).splitlines()
            # What other modules have imported is in its package, and what one warned of stays.
            parts = (each for each in sys.modules if each.startswith(f"{name}."))
            kept = tuple(f" is left over: module {each}" for each in (*gone, *parts))
            kept += ("  __warningregistry__ is left over: builtins.dict object",)
            lines = [each for each in lines if not each.endswith(kept)]
            if lines or check is assert_current:
                yield "\n".join([first, *lines])
        except subprocess.CalledProcessError as error:
            yield f"{name} cannot be imported by itself: {error.stderr.strip()[-2000:]}"


main(*sys.argv[1:])
