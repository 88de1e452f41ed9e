"""The four ways to reload that are compared, behind one small interface.

A tool is made before the module is imported (jurigged watches what is imported after it), and
attached to the module before its first edit. `reload` is the only part that is timed.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import ModuleType

LIVEPATCH = "livepatch"
BARE = "importlib.reload"


class Tool(Protocol):
    """One way to bring a module up to date with its file."""

    def attach(self, module: ModuleType) -> None:
        """Make ready for edits of ``module``, which was just imported."""

    def reload(self) -> object:
        """Bring the attached module up to date; return what the tool says about it."""


class Bare:
    """`importlib.reload`, which compiles the source and writes the .pyc."""

    def attach(self, module: ModuleType) -> None:
        self._module = module

    def reload(self) -> object:
        return importlib.reload(self._module)


class Livepatch:
    """`livepatch.reload`."""

    def __init__(self) -> None:
        self._livepatch: Any = importlib.import_module("livepatch")
        self.options: dict[str, Any] = {}

    def attach(self, module: ModuleType) -> None:
        self._module = module

    def reload(self) -> object:
        return self._livepatch.reload(self._module, **self.options)


class IPython:
    """What ``%autoreload 2`` runs before each cell, for this one module.

    ``check_all`` is off so that the search for changed files, which grows with the number of
    imported modules, is not charged to the reload.
    """

    def __init__(self) -> None:
        autoreload: Any = importlib.import_module("IPython.extensions.autoreload")
        self._reloader = autoreload.ModuleReloader()
        self._reloader.enabled = True
        self._reloader.check_all = False

    def attach(self, module: ModuleType) -> None:
        self._module = module
        self._reloader.mark_module_reloadable(module.__name__)
        self._reloader.check()

    def reload(self) -> object:
        self._reloader.check()
        # The reloader prints a failure and carries on; a benchmark should not time that.
        if self._reloader.failed:
            raise RuntimeError(f"autoreload failed: {self._reloader.failed}")
        return self._module


class Jurigged:
    """jurigged's refresh of one code file, without its watcher thread."""

    def __init__(self) -> None:
        register: Any = importlib.import_module("jurigged.register")
        self._registry = register.registry
        self._errors: list[BaseException] = []

    def attach(self, module: ModuleType) -> None:
        self._code_file, _ = self._registry.find(module)
        self._code_file.activity.register(self._note_error)

    def reload(self) -> object:
        self._code_file.refresh()
        if self._errors:
            raise self._errors[0]
        return self._code_file

    def _note_error(self, event: object) -> None:
        if isinstance(event, BaseException):
            self._errors.append(event)


TOOLS: Mapping[str, type[Tool]] = {
    LIVEPATCH: Livepatch,
    BARE: Bare,
    "IPython": IPython,
    "jurigged": Jurigged,
}
_DISTRIBUTIONS = {LIVEPATCH: "livepatch", "IPython": "ipython", "jurigged": "jurigged"}
_MODULES = {LIVEPATCH: "livepatch", "IPython": "IPython", "jurigged": "jurigged"}


def installed_version(tool: str) -> str | None:
    """Return the tool's version, or None if it is not installed."""
    if tool == BARE:
        return "built in"
    if importlib.util.find_spec(_MODULES[tool]) is None:
        return None
    try:
        return importlib.metadata.version(_DISTRIBUTIONS[tool])
    except importlib.metadata.PackageNotFoundError:
        return "from a folder"
