"""Run an upgrade and its fresh counterpart in child processes, and compare the two."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import livepatch
from tests.corpus._pairs import Pair
from tests.corpus._stage import Stage, lay_out
from tests.live import PYTHON, Strategy

FRESH = "fresh"
"""The name of no tool: a second fresh process, which shows how alike two of them are."""

_SCRIPT = Path(__file__).with_name("upgrade.py")
# Left behind, a class with instances, without a successor, moved who knows where, a whole module.
_NAMING = ("LP2", "LP306", "LP309", "LP310", "LP311")
_TIMEOUT = 600  # sympy on a busy machine
_fresh_ones: dict[tuple[Pair, bool], dict[str, Any]] = {}


@dataclass(frozen=True, slots=True)
class Comparison:
    """What the upgraded process found, and what a fresh process of the new version did."""

    upgraded: dict[str, Any]
    fresh: dict[str, Any]

    @property
    def errors(self) -> dict[str, str]:
        """The modules that could not be reloaded, with the text of the error."""
        return dict(self.upgraded.get("errors", {}))

    @property
    def held(self) -> int:
        """How many references were held, to what the new version still has or not."""
        return sum(self.upgraded.get("held", {}).values())

    @property
    def leftovers(self) -> list[str]:
        """Old objects in the heap that a fresh process does not have."""
        return sorted({*self.upgraded.get("leftovers", ())} - {*self.fresh["leftovers"]})

    @property
    def named(self) -> list[str]:
        """What the reports say was removed or left behind: paths of definitions."""
        paths = []
        for report in self.upgraded.get("reports", ()):
            notices, definitions = report["notices"], report["definitions"]
            paths += [each["path"] for each in notices if each["code"].startswith(_NAMING)]
            paths += [each["path"] for each in definitions if each["outcome"] == "removed"]
        return paths

    @property
    def unnamed(self) -> list[str]:
        """The leftovers that no report names, by themselves or by the class they are part of."""
        named = tuple(self.named)
        starts = tuple(f"{path}." for path in named)
        return [
            left
            for left in [*self.leftovers, *self.upgraded.get("gone", ())]
            if not any(name in named or name.startswith(starts) for name in left.split())
        ]

    def unlike(self, part: str) -> dict[str, tuple[str | None, str | None]]:
        """Return where the two differ in a part, as (upgraded, fresh)."""
        return _differences(self.upgraded.get(part, {}), self.fresh[part])

    @property
    def tests_unlike(self) -> dict[str, tuple[str | None, str | None]]:
        """The tests that ended in another way than in the fresh process."""
        suite = self.upgraded.get("suite", {})
        return _differences(suite.get("endings", {}), self.fresh["suite"]["endings"])

    def complaints(self) -> dict[str, Any]:
        """Return what is not as it should be, by kind; nothing if the upgrade passes."""
        found = {
            "errors": self.errors,
            "stale": self.upgraded.get("stale", []),
            "lost_state": self.upgraded.get("lost_state", []),
        }
        if "suite" in self.upgraded:
            found |= {
                "tests_unlike": self.tests_unlike,
                "unnamed": self.unnamed,
                "not_imported": self.unlike("not_imported_then"),
                "elsewhere": self.upgraded["elsewhere"],
            }
        return {kind: what for kind, what in found.items() if what}


def _differences(
    ours: dict[str, str], theirs: dict[str, str]
) -> dict[str, tuple[str | None, str | None]]:
    return {
        name: (ours.get(name), theirs.get(name))
        for name in {**ours, **theirs}
        if ours.get(name) != theirs.get(name)
    }


def compare(
    pair: Pair, *, tool: str = "livepatch", strategy: Strategy = "auto", late: bool = False
) -> Comparison:
    """Upgrade a package in a child process and test the new version in another.

    Args:
        pair: the versions.
        tool: what brings the modules up to date; `FRESH` for nothing.
        strategy: of livepatch's reloads.
        late: whether livepatch is imported after the package. It then knows the old sources by
            the bytecode files only; the children write none otherwise.

    Raises:
        RuntimeError: a child process did not run to its end.
    """
    if (pair, late) not in _fresh_ones:
        _fresh_ones[pair, late] = _child(pair, None, "auto", late=late)
    fresh = _fresh_ones[pair, late]
    return Comparison(
        _child(pair, None if tool == FRESH else tool, strategy, late=late),
        fresh,
    )


def _child(pair: Pair, tool: str | None, strategy: Strategy, *, late: bool) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="corpus-") as name:
        folder = Path(name).resolve()
        stage = lay_out(pair, pair.old if tool else pair.new, folder)
        order = {
            **{part: str(getattr(stage, part)) for part in ("lib", "new", "suite")},
            "packages": pair.packages,
            "skipped": pair.skipped,
            "migrated": pair.migrated,
            "not_made": pair.not_made,
            "keep": pair.keep,
            "again": pair.again,
            "tests": pair.tests,
            "inside": pair.inside,
            "options": [
                *pair.options,
                *(f"--deselect={test}" for test in (*pair.unstable, *pair.of_compiled)),
            ],
            "tool": tool,
            "strategy": strategy,
            "late": late,
            "result": str(folder / "result.json"),
        }
        (folder / "order.json").write_text(json.dumps(order), encoding="utf-8")
        return _run(folder, _environment(stage, bytecode=late))


def _run(folder: Path, environment: dict[str, str]) -> dict[str, Any]:
    command = [PYTHON, "-X", "faulthandler", str(_SCRIPT), str(folder / "order.json")]
    output = folder / "output.txt"
    # Its output goes to a file: a grandchild that lives on would hold a pipe open.
    with output.open("wb") as file:
        done = subprocess.run(
            command,
            cwd=folder,  # guessed arguments may name a file to make
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            timeout=_TIMEOUT,
            check=False,
        )
    if done.returncode:
        text = output.read_text("utf-8", "replace")
        raise RuntimeError(f"the child ended with {done.returncode}:\n{text[-20000:]}")
    found: dict[str, Any] = json.loads((folder / "result.json").read_text("utf-8"))
    return found | {"output": output.read_text("utf-8", "replace")}


def _environment(stage: Stage, *, bytecode: bool) -> dict[str, str]:
    dropped = ("PYTEST_", "PYTHONDONTWRITEBYTECODE")
    kept = {name: text for name, text in os.environ.items() if not name.startswith(dropped)}
    # What is needed comes first: a suite's outcome is not to depend on this interpreter's copies.
    paths = [str(stage.needs), str(Path(livepatch.__file__).parent.parent)]
    kept["PYTHONHASHSEED"] = "0"  # sets are in the same order in all of them
    kept["PYTHONPATH"] = os.pathsep.join(filter(None, [*paths, os.environ.get("PYTHONPATH")]))
    kept["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"  # a pair names the plugins that its tests need
    return kept if bytecode else {**kept, "PYTHONDONTWRITEBYTECODE": "1"}
