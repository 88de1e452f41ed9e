"""A module's own ``__getattr__`` and ``__dir__`` (PEP 562), told from those that objects have."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from livepatch._needs.differences import Path

HOOKS = frozenset(("__getattr__", "__dir__"))
OF_MODULE = "module "
"""What stands before the name of such a function."""


def hooks_among(names: Iterable[str]) -> Iterator[str]:
    """Yield what stands for a module's own ``__getattr__`` where that is read by its name."""
    return (f"{OF_MODULE}{each}" for each in HOOKS.intersection(names))


def as_called(path: Path) -> Path:
    """Return what a path is called where it is that of a module's own ``__getattr__``."""
    return (f"{OF_MODULE}{path[0]}",) if path[0] in HOOKS and len(path) == 1 else path
