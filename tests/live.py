"""The harness: a module in a real file that a test imports, holds, edits and reloads.

In every source the words ``LIVE`` and ``OTHER`` stand for the unique names of the module under test
and of a second module beside it, so that no two tests ever share a module name.
"""

from __future__ import annotations

import importlib
import itertools
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent
from types import ModuleType
from typing import Any, Literal

import livepatch

Strategy = Literal["auto", "repoint"]
Rerun = Literal["all", "changed"]

PYTHON = os.environ.get("LIVEPATCH_TEST_PYTHON", sys.executable)
"""The interpreter of child processes: a script where ``sys.executable`` cannot start alone."""

CHILD_TIMEOUT = 120
_numbers = itertools.count(1)


class LiveModule:
    """A module under test, its file, and the reload of this run's strategy and mode."""

    def __init__(self, root: Path, strategy: Strategy = "auto", rerun: Rerun = "all") -> None:
        number = next(_numbers)
        self.root = root
        self.strategy: Strategy = strategy
        self.rerun: Rerun = rerun
        self.name = f"live_{number}"
        self.other_name = f"other_{number}"
        self.path = root / f"{self.name}.py"
        self.source = ""
        # Bytecode files as users have them: a stale one is among the traps.
        self._wrote_no_bytecode = sys.dont_write_bytecode
        sys.dont_write_bytecode = False
        sys.path.insert(0, str(root))

    @property
    def module(self) -> ModuleType:
        """The module under test as ``sys.modules`` has it."""
        return sys.modules[self.name]

    def start(self, source: str) -> ModuleType:
        """Write the first source and import it."""
        self.write(source)
        return self._import(self.name)

    def package(self, **sources: str) -> ModuleType:
        """Write a package, one keyword a file, and import it; it is the module under test."""
        folder = self.root / self.name
        folder.mkdir()
        self.path = folder / "__init__.py"
        for stem, source in sources.items():
            (folder / f"{stem}.py").write_text(self._named(source), encoding="utf-8")
        return self._import(self.name)

    def other(self, source: str) -> ModuleType:
        """Write and import a module beside the one under test; nothing reloads it."""
        path = self.root / f"{self.other_name}.py"
        path.write_text(self._named(source), encoding="utf-8")
        return self._import(self.other_name)

    def write(self, source: str) -> None:
        """Write a source without reloading it."""
        self.source = self._named(source)
        self.path.write_text(self.source, encoding="utf-8")

    def edit(self, source: str, **options: Any) -> livepatch.Report:
        """Write a source and reload the module."""
        self.write(source)
        return self.reload(**options)

    def change(self, old: str, new: str, **options: Any) -> livepatch.Report:
        """Replace a text of the source, often by one of the same size, and reload the module."""
        assert old in self.source, f"{old!r} is not in the source"
        return self.edit(self.source.replace(old, new), **options)

    def reload(self, **options: Any) -> livepatch.Report:
        """Reload the module from the file as it is."""
        options.setdefault("rerun", self.rerun)
        return livepatch.reload(self.module, strategy=self.strategy, **options)

    def close(self) -> None:
        """Forget the modules and the folder."""
        for name in list(sys.modules):
            if name.split(".")[0] in {self.name, self.other_name}:
                del sys.modules[name]
        sys.dont_write_bytecode = self._wrote_no_bytecode
        sys.path.remove(str(self.root))
        sys.path_importer_cache.pop(str(self.root), None)

    def _named(self, source: str) -> str:
        return dedent(source).replace("LIVE", self.name).replace("OTHER", self.other_name)

    def _import(self, name: str) -> ModuleType:
        importlib.invalidate_caches()
        return importlib.import_module(name)


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
live = LiveModule(Path(_folder.name), {strategy!r})
"""


def run_in_child(source: str, strategy: Strategy = "auto") -> str:
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
        timeout=CHILD_TIMEOUT,
        check=False,
    )
    assert done.returncode == 0, f"the child ended with {done.returncode}:\n{done.stderr}"
    return done.stdout
