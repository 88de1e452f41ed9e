"""Import a package, hold all of it, upgrade it in place, run the new version's tests here.

A script for a child process; its one argument is a JSON file that says what to do, see `Order`.
Without a tool there is no upgrade: the package is imported, held and tested, which is what the
upgraded process is compared with. The exit status is 0 when it ran to the end.
"""

# ruff: noqa: T201 - a script prints what it found
from __future__ import annotations

import json
import os
import platform
import shutil
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from corpus_definitions import definitions_of, has_source, import_whole, leftovers, modules_of
from corpus_holders import Holdings, examine, hold_all
from corpus_portrait import portrait_of
from corpus_tools import TOOLS, Livepatch, Tool


@dataclass(frozen=True)
class Order:
    """What the child is to do, as its file says.

    Attributes:
        packages: the names it is imported by.
        skipped: patterns of modules that are not imported.
        migrated: classes that are given a hook for their instances.
        not_made: patterns of classes of which no instance is made.
        keep: globals that livepatch is told to keep.
        again: globals that are made anew where only what changed runs.
        lib: the folder it is imported from; its files are replaced.
        new: the folder of the files that replace them.
        suite: the root of the new version's sdist.
        tests: what of it to run.
        inside: whether the tests are below ``lib`` instead.
        options: further arguments for pytest.
        tool: the name of what brings the modules up to date; none for a fresh process.
        strategy: of livepatch.
        late: import livepatch after the package.
        result: where to write what was found, as JSON.
    """

    packages: list[str]
    skipped: list[str]
    migrated: list[str]
    not_made: list[str]
    keep: list[str]
    again: list[str]
    lib: str
    new: str
    suite: str
    tests: list[str]
    inside: bool
    options: list[str]
    tool: str | None
    strategy: str
    late: bool
    result: str


def main(path: str) -> int:
    """Do what the order in a file says and write the result."""
    order = Order(**json.loads(Path(path).read_text("utf-8")))
    # The package comes before all else, and this folder after it.
    sys.path.append(sys.path[0])
    sys.path[0] = order.lib
    started = time.perf_counter()
    found = _run(order)
    found["seconds"] = time.perf_counter() - started
    Path(order.result).write_text(json.dumps(found, indent=1), encoding="utf-8")
    try:
        _print(found)
        sys.stdout.flush()
    except OSError:
        os._exit(0)  # some suite's test has closed it; all is written
    return 0


def _run(order: Order) -> dict[str, Any]:
    found: dict[str, Any] = {"python": platform.python_version()}
    tool = TOOLS[order.tool](Path(order.lib), order.strategy) if order.tool else None
    if isinstance(tool, Livepatch):
        tool.keep, tool.again = order.keep, order.again
        if not order.late:
            tool.import_it()
    found["not_imported"] = import_whole(order.packages, order.skipped)
    holdings = hold_all(definitions_of(order.packages), order.not_made)
    if tool:
        found |= upgrade(order, tool, holdings)
    if not (isinstance(tool, Livepatch) and found["errors"]):
        found["not_imported_then"] = import_whole(order.packages, order.skipped)
        found["leftovers"] = leftovers(order.packages)
        found["portrait"] = portrait_of(order.packages, order.lib)
        found["suite"] = _suite(order)
        found["elsewhere"] = _imported_elsewhere(order.packages, Path(order.lib))
    return found


def upgrade(order: Order, tool: Tool, holdings: Holdings) -> dict[str, Any]:
    """Replace the files of what is held, bring the modules up to date, look at what is held."""
    all_names = modules_of(order.packages)
    names = [name for name in all_names if has_source(name)]
    tool.make_ready(names)
    for place in order.migrated:
        module, _, cls = place.rpartition(".")
        getattr(sys.modules[module], cls).__livepatch_migrate__ = fill_in
    replace_files(Path(order.lib), Path(order.new))
    found: dict[str, Any] = {"tool": order.tool, "order": names}
    found["without_source"] = [name for name in all_names if name not in names]
    started = time.perf_counter()
    found |= tool.bring_up(names)
    found["tool_seconds"] = time.perf_counter() - started
    found["impossible"] = holdings.impossible
    definitions = [each for report in found["reports"] for each in report["definitions"]]
    moved = {each["previous"]: each["path"] for each in definitions if each["previous"]}
    return found | asdict(examine(holdings, moved))


def fill_in(instance: Any, change: Any) -> None:
    """Say what an instance gets in its new fields, as a user who upgrades would."""
    for name in change.added:
        if not hasattr(instance, name):
            object.__setattr__(instance, name, None)


def replace_files(lib: Path, new: Path) -> None:
    """Do what an installer does: remove what is no longer there, write the rest over the old.

    Bytecode of the old sources stays where it is, and the files are as old as this moment.
    """
    for path in sorted(lib.rglob("*"), reverse=True):
        kept = new / path.relative_to(lib)
        if "__pycache__" in path.parts or kept.exists():
            continue
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    shutil.copytree(new, lib, copy_function=_replace_file, dirs_exist_ok=True)


def _replace_file(source: str, target: str) -> None:
    # A binary that is mapped into this process must not be written into.
    Path(target).unlink(missing_ok=True)
    shutil.copyfile(source, target)


def _suite(order: Order) -> dict[str, Any]:
    # Imported late: pytest may itself use the package that is upgraded.
    from corpus_suite import run_suite

    suite = Path(order.suite)
    root = Path(order.lib) if order.inside else suite
    return run_suite(suite, root, order.tests, order.options)


def _imported_elsewhere(packages: list[str], lib: Path) -> list[str]:
    """Return the packages' modules that did not come from the working folder."""
    files = {name: getattr(sys.modules[name], "__file__", None) for name in modules_of(packages)}
    # A module that some package makes up as it goes has a file by name only.
    return [
        f"{name} is {file}"
        for name, file in files.items()
        if file and Path(file).exists() and not _is_below(file, lib)
    ]


def _is_below(file: str, folder: Path) -> bool:
    return Path(file).resolve().is_relative_to(folder.resolve())


def _print(found: dict[str, Any]) -> None:
    for report in found.get("reports", ()):
        for notice in report["notices"]:
            print(f"{notice['code']} {notice['path']}: {notice['message']}")
    for kind in ("stale", "lost_state", "leftovers", "gone", "changed_kind", "elsewhere"):
        for line in found.get(kind, ()):
            print(f"{kind}: {line}")
    for name, text in found.get("errors", {}).items():
        print(f"error: {name}\n{text}")
    if "suite" in found:
        print(f"tests: {found['suite']['counts']}")


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
