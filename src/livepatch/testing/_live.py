"""A module in a real file that a test imports, holds, edits and reloads."""

from __future__ import annotations

import importlib
import itertools
import re
import sys
from pathlib import Path
from textwrap import dedent
from types import ModuleType, TracebackType
from typing import Any, Literal, TypeVar

from livepatch._reload import reload
from livepatch._report.report import Report
from livepatch._undo.history import forget_reloads_of

Strategy = Literal["auto", "repoint"]
Rerun = Literal["all", "changed"]

_Self = TypeVar("_Self", bound="LiveModule")
_numbers = itertools.count(1)


class LiveModule:
    """A module under test in a folder of its own: write it, hold what it defines, edit, reload.

    In every source the words ``LIVE`` and ``OTHER`` stand for the unique names of the module under
    test and of a second one beside it, so that no two tests ever share a module name. Sources may
    be indented, as they are in a test. The folder is put on ``sys.path`` until `close`; used as a
    context manager, that is at the end of the block.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder, LiveModule(Path(folder)) as live:
    ...     module = live.start("def hit(): return 1")
    ...     held = live.hold("hit")
    ...     report = live.edit("def hit(): return 2")
    ...     held[0]()
    2

    Attributes:
        root: the folder.
        strategy: of every reload; see `livepatch.reload`.
        rerun: likewise, unless a reload says otherwise.
        name: the module's name, which no other `LiveModule` has.
        other_name: the name of the module beside it.
        path: the file.
        source: what was written last.
    """

    def __init__(self, root: Path, strategy: Strategy = "auto", rerun: Rerun = "changed") -> None:
        number = next(_numbers)
        self.root = root
        self.strategy: Strategy = strategy
        self.rerun: Rerun = rerun
        self.name = f"live_{number}"
        self.other_name = f"other_{number}"
        self.path = root / f"{self.name}.py"
        self.source = ""
        self._held: list[list[Any]] = []
        # Bytecode files as users have them: a stale one is among the traps.
        self._wrote_no_bytecode = sys.dont_write_bytecode
        sys.dont_write_bytecode = False
        sys.path.insert(0, str(root))

    def __enter__(self: _Self) -> _Self:  # noqa: PYI019 - typing.Self came with 3.11
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

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

    def hold(self, *paths: str) -> list[Any]:
        """Hold definitions as the rest of a program would, until `close`.

        Args:
            paths: where the definitions are in the module: ``"Player"``, ``"Player.hit"``.

        Returns:
            The definitions in this order. The list is a holder like any other: after a reload
            it has the current ones.
        """
        held = [self.find(path) for path in paths]
        self._held.append(held)
        return held

    def find(self, path: str) -> Any:
        """Return what a path leads to in the module as it is now."""
        found: Any = self.module
        for step in path.split("."):
            found = getattr(found, step)
        return found

    def write(self, source: str) -> None:
        """Write a source without reloading it."""
        self.source = self._named(source)
        self.path.write_text(self.source, encoding="utf-8")

    def edit(self, source: str, **options: Any) -> Report:
        """Write a source and reload the module, with the options of `livepatch.reload`."""
        self.write(source)
        return self.reload(**options)

    def change(self, old: str, new: str, **options: Any) -> Report:
        """Replace a text of the source, often by one of the same size, and reload the module.

        Raises:
            ValueError: the text is not in the source.
        """
        if old not in self.source:
            message = f"{old!r} is not in the source of {self.name!r}; see LiveModule.source"
            raise ValueError(message)
        return self.edit(self.source.replace(old, new), **options)

    def reload(self, **options: Any) -> Report:
        """Reload the module from the file as it is, with the options of `livepatch.reload`."""
        given: dict[str, Any] = {"strategy": self.strategy, "rerun": self.rerun, **options}
        return reload(self.module, **given)

    def close(self) -> None:
        """Forget the modules, their reloads and the folder; the files stay."""
        self._held.clear()
        own = {name for name in sys.modules if name.split(".")[0] in {self.name, self.other_name}}
        for name in own:
            del sys.modules[name]
        forget_reloads_of(own)
        sys.dont_write_bytecode = self._wrote_no_bytecode
        sys.path.remove(str(self.root))
        sys.path_importer_cache.pop(str(self.root), None)

    def _named(self, source: str) -> str:
        source = re.sub(r"\bLIVE\b", self.name, dedent(source))
        return re.sub(r"\bOTHER\b", self.other_name, source)

    def _import(self, name: str) -> ModuleType:
        importlib.invalidate_caches()
        return importlib.import_module(name)
