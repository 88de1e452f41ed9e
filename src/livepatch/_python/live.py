"""The functions and codes that a live module has."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import compress, repeat
from operator import is_
from types import CodeType, FunctionType
from typing import Any

from livepatch._python.kinds import class_attributes, is_class, is_plain_data
from livepatch._python.layers import layers_of


def live_codes(namespace: dict[str, Any], name: str, filename: str) -> list[CodeType]:
    """List the code of each function that a module or one of its classes holds."""
    values = list(namespace.values())
    for cls in [value for value in values if issubclass(type(value), type)]:
        attributes = type.__dict__["__dict__"].__get__(cls)
        if attributes.get("__module__") == name:
            values += attributes.values()
    are_functions = map(is_, map(type, values), repeat(FunctionType))
    functions: Iterator[FunctionType] = compress(values, are_functions)
    codes = [each.__code__ for each in functions if each.__globals__ is namespace]
    # What dataclasses and their like generate has a filename of its own, and is in no source.
    return [code for code in codes if code.co_filename == filename]


def reachable_functions(namespace: dict[str, Any]) -> Iterator[FunctionType]:
    """Yield the functions of a module that its names lead to, through classes and decoration."""
    waiting: list[Any] = [layer for value in list(namespace.values()) for layer in _layers(value)]
    seen: set[int] = set()
    for each in waiting:
        attributes = class_attributes(each) if is_class(each) else {}
        if type(each) is FunctionType and each.__globals__ is namespace:
            yield each
        own = attributes.get("__module__") == namespace.get("__name__")
        if attributes and own and id(each) not in seen:
            seen.add(id(each))
            waiting += (layer for part in list(attributes.values()) for layer in _layers(part))


def _layers(value: Any) -> Iterable[Any]:
    if is_plain_data(value):
        return ()
    if type(value) is FunctionType and not value.__closure__ and not value.__dict__:
        return (value,)  # nearly every one
    return layers_of(value)


def codes_behind(namespace: dict[str, Any], filename: str) -> list[CodeType]:
    """List the code of each function of a module that its names lead to, behind decorators too."""
    codes = (each.__code__ for each in reachable_functions(namespace))
    return [code for code in codes if code.co_filename == filename]
