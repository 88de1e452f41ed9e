"""The layers of decoration around a function or class of the source."""

from __future__ import annotations

import gc
from types import FunctionType
from typing import Any

from livepatch._kinds import is_class, kind_of, qualified_name
from livepatch._module import Module, Path

CONTAINERS = (dict, list, tuple)
_DEEPEST = 8
_INTO = ("<", "[")


def plain_path(path: Path) -> Path:
    """Return the names of a path: what is left without the steps into parts and containers."""
    for step in path:
        if step.startswith(_INTO):
            return tuple(step for step in path if not step.startswith(_INTO))
    return path


def decorated_function(module: Module, path: Path, candidate: Any) -> Any:
    """Find the function or class of a path that decorators wrapped; None if there is none.

    Args:
        module: whose source made it.
        path: where it was bound.
        candidate: what is bound there: the thing itself, or the outermost layer around it.
    """
    names = plain_path(path)
    wanted = ".".join(names)
    level = [candidate]
    seen: dict[int, Any] = {}
    for _ in range(_DEEPEST):
        following: list[Any] = []
        for value in level:
            if id(value) in seen:
                continue
            seen[id(value)] = value
            if qualified_name(value) == wanted and module.owns(value) and _is_plain(value, names):
                return value
            following += _parts_inside(value)
        level = following
        if not level:
            return None
    return None


def _parts_inside(value: Any) -> list[Any]:
    if type(value) is dict:
        return [part for part in list(value.values()) if _leads_down(part)]
    if is_class(value):
        return []
    kind = kind_of(value)
    if kind is not None:
        return [part for _, part in kind.parts(value) if leads_on(part)]
    if _is_wrapper_object(value):
        return [part for part in gc.get_referents(value) if _leads_down(part)]
    return []


def leads_on(value: Any) -> bool:
    """Whether there may be a definition in a value."""
    return type(value) in CONTAINERS or type(value) is FunctionType or kind_of(value) is not None


def _is_plain(value: Any, names: Path) -> bool:
    # functools.wraps gives a wrapper the name of what it wraps; its code keeps its own.
    return type(value) is not FunctionType or value.__code__.co_name == names[-1]


def _is_wrapper_object(value: Any) -> bool:
    cls = type(value)
    if type(cls) is not type or cls.__module__ == "builtins":
        return False
    return any("__call__" in vars(base) or "__get__" in vars(base) for base in cls.__mro__)


def _leads_down(part: Any) -> bool:
    return type(part) in (dict, tuple, FunctionType) or is_class(part)
