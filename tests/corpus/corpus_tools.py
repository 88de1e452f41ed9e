"""The tools that bring a package's modules to their new files, behind one small interface.

A tool is made before the package is imported, made ready when it is and nothing has changed yet,
and asked once to bring all of it up to date. That call alone is timed.
"""

from __future__ import annotations

import importlib
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

Found = dict[str, Any]


class Tool(Protocol):
    """One way to bring loaded modules up to date with their files."""

    def make_ready(self, names: list[str]) -> None:
        """Look at the modules before their files change."""

    def bring_up(self, names: list[str]) -> Found:
        """Bring the modules up to date; return ``reports`` and ``errors``, a text a failure."""


class Livepatch:
    """`livepatch.reload` of all modules at once."""

    def __init__(self, lib: Path, strategy: str) -> None:
        self._strategy = strategy
        self._livepatch: Any = None
        self.keep: list[str] = []
        self.again: list[str] = []

    def rerun(self) -> Any:
        """Return what is to run again."""
        return "all"

    def import_it(self) -> None:
        """Import livepatch; it remembers the sources of what is imported after it."""
        self._livepatch = importlib.import_module("livepatch")
        # Nothing of the version before is to stay, for livepatch.undo() neither.
        self._livepatch.keep_history(0)

    def make_ready(self, names: list[str]) -> None:
        self.import_it()

    def bring_up(self, names: list[str]) -> Found:
        return self.reload([names])

    def reload(self, groups: list[list[str]]) -> Found:
        """Reload modules, a transaction a group, until one fails."""
        options = {"strategy": self._strategy, "rerun": self.rerun(), "keep": self.keep}
        found: Found = {"reports": [], "errors": {}}
        for names in groups:
            modules = [sys.modules[name] for name in names]
            try:
                # Not in a variable: an error that the package keeps leads to this frame, too.
                found["reports"].append(self._livepatch.reload(*modules, **options).to_dict())
            except Exception as error:  # noqa: BLE001 - it is the finding
                found["errors"] = {"all" if len(groups) == 1 else names[0]: _text_of(error)}
                return found
        return found


class LivepatchChanged(Livepatch):
    """The same, and only what changed runs."""

    def rerun(self) -> Any:
        """Return what is to run besides what changed."""
        return tuple(self.again) or "changed"


class LivepatchEach(Livepatch):
    """`livepatch.reload` of one module after the other, in the order of their imports."""

    def bring_up(self, names: list[str]) -> Found:
        return self.reload([[name] for name in names])


class Bare:
    """`importlib.reload` of one module after the other, in the order of their imports."""

    def __init__(self, lib: Path, strategy: str) -> None:
        pass

    def make_ready(self, names: list[str]) -> None:
        pass

    def bring_up(self, names: list[str]) -> Found:
        importlib.invalidate_caches()
        texts = {name: _error_of(importlib.reload, sys.modules[name]) for name in names}
        return {"reports": [], "errors": {name: text for name, text in texts.items() if text}}


class IPython:
    """What ``%autoreload 2`` runs before each cell."""

    def __init__(self, lib: Path, strategy: str) -> None:
        autoreload: Any = importlib.import_module("IPython.extensions.autoreload")
        self._reloader = autoreload.ModuleReloader()
        self._reloader.enabled = True

    def make_ready(self, names: list[str]) -> None:
        self._reloader.check(check_all=True)

    def bring_up(self, names: list[str]) -> Found:
        self._reloader.check(check_all=True)
        return {"reports": [], "errors": dict.fromkeys(self._reloader.failed, "see the output")}


class Jurigged:
    """jurigged's refresh of each file, without its watcher thread."""

    def __init__(self, lib: Path, strategy: str) -> None:
        register: Any = importlib.import_module("jurigged.register")
        self._registry = register.registry
        self._registry.auto_register(filter=lambda file: file.startswith(str(lib)))
        self._errors: dict[str, str] = {}

    def make_ready(self, names: list[str]) -> None:
        self._files = {name: self._registry.find(sys.modules[name])[0] for name in names}
        for name, file in self._files.items():
            file.activity.register(lambda event, name=name: self._note(name, event))

    def bring_up(self, names: list[str]) -> Found:
        texts = {name: _error_of(file.refresh) for name, file in self._files.items()}
        raised = {name: text for name, text in texts.items() if text}
        return {"reports": [], "errors": {**self._errors, **raised}}

    def _note(self, name: str, event: object) -> None:
        if isinstance(event, BaseException):
            self._errors[name] = _text_of(event)


def _error_of(call: Callable[..., object], *arguments: object) -> str | None:
    try:
        call(*arguments)
    except Exception as error:  # noqa: BLE001 - it is the finding
        return _text_of(error)
    return None


def _text_of(error: BaseException) -> str:
    return "".join(traceback.format_exception(type(error), error, error.__traceback__))


TOOLS: dict[str, Callable[[Path, str], Tool]] = {
    "livepatch": Livepatch,
    "livepatch-changed": LivepatchChanged,
    "livepatch-each": LivepatchEach,
    "bare": Bare,
    "ipython": IPython,
    "jurigged": Jurigged,
}
