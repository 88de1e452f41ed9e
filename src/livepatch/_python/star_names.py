"""What ``from module import *`` binds."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any


def binds_other_stars(old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    """Whether ``from module import *`` binds other names with one namespace than with another."""
    if old.keys() == new.keys() and "__all__" not in new:
        return False  # nearly every one
    return set(star_names(old)) != set(star_names(new))


def star_names(namespace: Mapping[str, Any]) -> Collection[str]:
    """Return the names that ``from module import *`` binds."""
    said: Any = namespace.get("__all__")
    if type(said) in (list, tuple):
        return [name for name in said if isinstance(name, str)]
    # A namespace takes keys of any kind.
    return [name for name in list(namespace) if type(name) is str and name[:1] != "_"]
