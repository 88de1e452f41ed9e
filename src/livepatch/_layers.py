"""The layers of decoration around a function or class of the source."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from types import FunctionType
from typing import Any

from livepatch._kinds import is_class, kind_of, qualified_name
from livepatch._module import Module, Path

CONTAINERS = (dict, list, tuple)
_DEEPEST = 8
_INTO = ("<", "[")


def plain_path(path: Path) -> Path:
    """Return the names of a path: what is left without the steps into parts and containers."""
    text = "".join(path)
    if "<" not in text and "[" not in text:
        return path  # nearly every one
    names = tuple(step for step in path if not step.startswith(_INTO))
    return names if len(names) < len(path) else path


def decorated_function(module: Module, path: Path, candidate: Any) -> Any:
    """Find the function or class of a path that decorators wrapped; None if there is none.

    Args:
        module: whose source made it.
        path: where it was bound.
        candidate: what is bound there: the thing itself, or the outermost layer around it.
    """
    names = plain_path(path)
    if _is_it(module, names, candidate):
        return candidate  # nearly every definition
    if not _parts_inside(candidate):
        return None  # nearly everything else
    found = (value for value in layers_of(candidate) if _is_it(module, names, value))
    return next(found, None)


def class_inside(candidate: Any) -> Any:
    """Return the outermost class in what is around a class, of whatever name; None if none."""
    return next((value for value in layers_of(candidate) if is_class(value)), None)


def functions_around(module: Module, path: Path, candidate: Any) -> Iterator[FunctionType]:
    """Yield the functions of the layers around what `decorated_function` finds."""
    names = plain_path(path)
    for value in layers_of(candidate):
        if _is_it(module, names, value):
            return
        if type(value) is FunctionType:
            yield value


def layers_of(candidate: Any) -> Iterator[Any]:
    """Yield what is bound to a name and what is inside it, from the outside in."""
    level = [candidate]
    seen: dict[int, Any] = {}
    for _ in range(_DEEPEST):
        following: list[Any] = []
        for value in level:
            if id(value) in seen:
                continue
            seen[id(value)] = value
            yield value
            following += _parts_inside(value)
        level = following
        if not level:
            return


def _is_it(module: Module, names: Path, value: Any) -> bool:
    name = qualified_name(value)
    return (
        name is not None
        and name == ".".join(names)
        and module.owns(value)
        and _is_plain(value, names)
    )


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
