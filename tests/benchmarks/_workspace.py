"""A temporary folder with one module in it, whose file can be edited again and again."""

from __future__ import annotations

import importlib
import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import ModuleType, TracebackType

    from typing_extensions import Self


class Workspace:
    """One importable module in a folder of its own.

    Every `write` sets a modification time one second later than the last one. Without that a bare
    `importlib.reload` may serve a stale .pyc (it compares whole seconds and the size), and IPython
    sees no edit at all.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._folder = tempfile.TemporaryDirectory(prefix="livepatch-bench-")
        self._file = Path(self._folder.name, f"{name}.py")
        self._modified = 1_600_000_000

    def __enter__(self) -> Self:
        sys.path.insert(0, self._folder.name)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        sys.path.remove(self._folder.name)
        self._folder.cleanup()

    @property
    def folder(self) -> Path:
        """Where the module is, and others may be."""
        return Path(self._folder.name)

    def write(self, source: str) -> None:
        """Replace the module's source."""
        self._file.write_text(source, encoding="utf-8")
        self._modified += 1
        os.utime(self._file, (self._modified, self._modified))

    def load(self, source: str) -> ModuleType:
        """Write ``source`` and import it for the first time."""
        self.write(source)
        importlib.invalidate_caches()
        return importlib.import_module(self.name)
