"""Tools to test that a program survives its own reloads: ``pip install "livepatch[test]"``.

A `LiveModule` is a module in a real file that a test edits and reloads; the pytest fixture
``live_module`` is one in a temporary folder. Three assertions say what a reload must leave behind.

>>> import tempfile, pathlib
>>> with tempfile.TemporaryDirectory() as folder, LiveModule(pathlib.Path(folder)) as live:
...     module = live.start("def hit(): return 1")
...     held = live.hold("hit")
...     report = live.edit("def hit(): return 2")
...     assert_current(module)
...     held[0]()
2
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from livepatch.testing._current import assert_current
from livepatch.testing._fresh import assert_like_fresh
from livepatch.testing._live import LiveModule, Rerun, Strategy
from livepatch.testing._unchanged import assert_unchanged

if TYPE_CHECKING:
    from livepatch.testing._generated import Definition, ModuleSource
    from livepatch.testing._machine import ReloadMachine, source_at
    from livepatch.testing._strategies import edits, modules, versions

__all__ = [
    "Definition",
    "LiveModule",
    "ModuleSource",
    "ReloadMachine",
    "Rerun",
    "Strategy",
    "assert_current",
    "assert_like_fresh",
    "assert_unchanged",
    "edits",
    "modules",
    "source_at",
    "versions",
]

_HOMES = {
    "Definition": "_generated",
    "ModuleSource": "_generated",
    "ReloadMachine": "_machine",
    "edits": "_strategies",
    "modules": "_strategies",
    "source_at": "_machine",
    "versions": "_strategies",
}


def __getattr__(name: str) -> Any:
    """Import what needs hypothesis when it is first asked for."""
    if name not in _HOMES:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    try:
        home = importlib.import_module(f"{__name__}.{_HOMES[name]}")
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] != "hypothesis":
            raise
        message = f'{__name__}.{name} needs hypothesis: pip install "livepatch[test]"'
        raise ModuleNotFoundError(message, name=error.name) from error
    return getattr(home, name)
