"""The layers of decoration around a function or class: what is inside what is bound to a name."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from types import FunctionType
from typing import Any

from livepatch._python.kinds import is_class, kind_of

CONTAINERS = (dict, list, tuple)
_DEEPEST = 8


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
            following += parts_inside(value)
        level = following
        if not level:
            return


def class_inside(candidate: Any) -> Any:
    """Return the outermost class in what is around a class, of whatever name; None if none."""
    return next((value for value in layers_of(candidate) if is_class(value)), None)


def parts_inside(value: Any) -> list[Any]:
    """Return what is inside one layer and may be, or lead to, a definition."""
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


def _is_wrapper_object(value: Any) -> bool:
    cls = type(value)
    if type(cls) is not type or cls.__module__ == "builtins":
        return False
    return any("__call__" in vars(base) or "__get__" in vars(base) for base in cls.__mro__)


def _leads_down(part: Any) -> bool:
    return type(part) in (dict, tuple, FunctionType) or is_class(part)
