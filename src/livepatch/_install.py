"""``livepatch.install``: make ``importlib.reload`` itself keep the program's state."""

from __future__ import annotations

import importlib
import threading
from types import ModuleType
from typing import Any

from livepatch._load.load import original_reload
from livepatch._reload import reload
from livepatch._report.errors import NotAModuleError, NotReloadableError
from livepatch._source.source import find_module

_in_force = threading.Event()
# A namespace package; a built-in, frozen or compiled module.
_WITHOUT_SOURCE = frozenset({"LP103", "LP104"})


def install() -> None:
    """Make ``importlib.reload(module)`` do what `livepatch.reload` does; it returns the module.

    All of the module runs, as whoever calls ``importlib.reload`` expects (``rerun="all"``).
    Modules without a Python source are reloaded as before. Code that imported the function itself
    (``from importlib import reload``) keeps the old one.
    Calling it twice is the same as once.
    """
    importlib.reload = _reload_and_return
    _in_force.set()


def uninstall() -> None:
    """Put the original ``importlib.reload`` back; without `install` before, nothing happens.

    Whoever took hold of the function in between, to wrap it say, has one that does what the
    original does.
    """
    _in_force.clear()
    if importlib.reload is _reload_and_return:
        importlib.reload = original_reload


def _reload_and_return(module: Any) -> ModuleType:
    """Reload a module with livepatch and return it, as ``importlib.reload`` does."""
    if not _in_force.is_set():
        return original_reload(module)
    if isinstance(module, str):
        # importlib.reload takes no names, and whoever calls it may rely on that.
        raise NotAModuleError("LP101", f"importlib.reload takes a module, not {module!r}")
    try:
        # Whoever calls importlib.reload means that all of the module runs.
        reload(module, rerun="all")
    except NotReloadableError as error:
        if error.code not in _WITHOUT_SOURCE:
            raise
        # Nothing of it could be left behind: whoever reloads all modules need not know which.
        return original_reload(module)
    return find_module(module)
