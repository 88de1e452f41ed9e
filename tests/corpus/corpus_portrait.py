"""A package's namespaces as text: an upgraded process should give that of a fresh import."""

from __future__ import annotations

import functools
import inspect
import re
import sys
import types
import typing
from collections.abc import Callable, Iterable
from typing import Any

from corpus_definitions import is_class, modules_of

_OF_THE_IMPORT = {"__builtins__", "__cached__", "__file__", "__loader__", "__path__", "__spec__"}
_OF_THE_CLASS = {
    "__dict__",
    "__weakref__",
    "__abstractmethods__",
    "_abc_impl",
    "__annotations__",
    "__annotations_cache__",
}
_PLAIN = (int, float, bool, str, bytes, type(None))
_attributes = type.__dict__["__dict__"].__get__


def portrait_of(packages: Iterable[str], lib: str) -> dict[str, str]:
    """Return what each name of each module stands for, methods and class attributes included.

    Args:
        packages: the names they are imported by.
        lib: the folder they come from, which the texts do not tell.
    """
    portrait: dict[str, str] = {}
    for name in modules_of(packages):
        for key, value in list(vars(sys.modules[name]).items()):
            if key not in _OF_THE_IMPORT:
                _draw(portrait, f"{name}.{key}", value, name)
    return {path: text.replace(lib, "LIB") for path, text in portrait.items()}


def _draw(portrait: dict[str, str], path: str, value: Any, module: str) -> None:
    draw = _DRAWERS.get(type(value), _draw_class if is_class(value) else _draw_other)
    portrait[path] = re.sub(r" at 0x[0-9a-f]+", "", _told(draw, value))
    if is_class(value) and _is_drawn_at(path, value):
        for key, attribute in list(_attributes(value).items()):
            if key not in _OF_THE_CLASS:
                _draw(portrait, f"{path}.{key}", attribute, module)


def _is_drawn_at(path: str, cls: type) -> bool:
    home = _attributes(cls).get("__module__")
    return f"{home}.{type.__dict__['__qualname__'].__get__(cls)}" == path


def _told(draw: Callable[[Any], str], value: Any) -> str:
    try:
        return draw(value)
    except Exception as error:  # noqa: BLE001 - a text of its own may be more than it can give
        return f"{type(value).__name__} without a text: {type(error).__name__}"


def _draw_function(function: types.FunctionType) -> str:
    code = function.__code__
    names = (code.co_names, code.co_varnames, code.co_freevars)
    told = [function.__module__, function.__qualname__, code.co_firstlineno, names]
    told += [str(inspect.signature(function)), function.__doc__, len(_overloads(function))]
    return f"function {told}"


def _overloads(function: types.FunctionType) -> list[Any]:
    return typing.get_overloads(function) if sys.version_info >= (3, 11) else []


def _draw_class(cls: type) -> str:
    mro = [f"{base.__module__}.{base.__qualname__}" for base in cls.__mro__]
    # What it annotates is told below; 3.14 keeps it under either name, as it was set.
    names = sorted(set(_attributes(cls)) - {"__annotations__", "__annotations_cache__"})
    return f"class {mro} {names} {cls.__doc__!r} {inspect.get_annotations(cls)}"


def _draw_wrapper(wrapper: Any) -> str:
    return f"{type(wrapper).__name__} of {_draw_any(wrapper.__func__)}"


def _draw_property(accessors: property) -> str:
    return f"property {[_draw_any(f) for f in (accessors.fget, accessors.fset, accessors.fdel)]}"


def _draw_any(value: Any) -> str:
    return _draw_function(value) if type(value) is types.FunctionType else _draw_other(value)


def _draw_other(value: Any) -> str:
    return repr(value) if isinstance(value, _PLAIN) else f"{type(value).__name__} {value!r:.200}"


def _draw_module(module: types.ModuleType) -> str:
    return f"module {module.__name__}"


_DRAWERS: dict[type, Callable[[Any], str]] = {
    types.FunctionType: _draw_function,
    types.ModuleType: _draw_module,
    staticmethod: _draw_wrapper,
    classmethod: _draw_wrapper,
    property: _draw_property,
    functools.partial: _draw_other,
}
