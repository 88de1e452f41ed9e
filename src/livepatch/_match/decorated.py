"""The function or class of the source that is inside layers of decoration."""

from __future__ import annotations

from collections.abc import Iterator
from types import FunctionType
from typing import Any

from livepatch._match.module import Module, Path
from livepatch._python.kinds import qualified_name
from livepatch._python.layers import layers_of, parts_inside

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
    if not parts_inside(candidate):
        return None  # nearly everything else
    found = (value for value in layers_of(candidate) if _is_it(module, names, value))
    return next(found, None)


def functions_around(module: Module, path: Path, candidate: Any) -> Iterator[FunctionType]:
    """Yield the functions of the layers around what `decorated_function` finds."""
    names = plain_path(path)
    for value in layers_of(candidate):
        if _is_it(module, names, value):
            return
        if type(value) is FunctionType:
            yield value


def _is_it(module: Module, names: Path, value: Any) -> bool:
    name = qualified_name(value)
    return (
        name is not None
        and name == ".".join(names)
        and module.owns(value)
        and _is_plain(value, names)
    )


def _is_plain(value: Any, names: Path) -> bool:
    # functools.wraps gives a wrapper the name of what it wraps; its code keeps its own.
    return type(value) is not FunctionType or value.__code__.co_name == names[-1]
