"""Which values are constants, and whether two say the same. No user's code is asked."""

from __future__ import annotations

import collections
import re
import types
import typing
from operator import is_
from typing import Any

from livepatch._python.own import OwnList

_PLAIN = frozenset({int, bool, str, bytes})
_ATOMS = (int, float, bool, str, bytes, complex, type(None), type(...), range)
CONSTANTS = (
    int,
    float,
    bool,
    str,
    bytes,
    complex,
    type(None),
    type(...),
    range,
    tuple,
    frozenset,
    types.CodeType,
    types.ModuleType,
)
HOLD_FOR_GOOD = (
    tuple,
    frozenset,
    types.MethodType,
    types.BuiltinMethodType,
    types.GenericAlias,
    types.UnionType,
    types.MappingProxyType,
)
"""What holds others and cannot be changed: to hold another object it has to be built anew."""
_CONTAINERS = (list, dict, set, tuple, bytearray, collections.deque)
_STATELESS = (
    int,
    float,
    complex,
    str,
    bytes,
    type(None),
    tuple,
    frozenset,
    type,
    types.ModuleType,
    types.FunctionType,
    types.BuiltinFunctionType,
    types.MethodDescriptorType,
    types.ClassMethodDescriptorType,
    types.WrapperDescriptorType,
    types.GenericAlias,
    types.UnionType,
    type(typing.List[int]),  # noqa: UP006 - what typing makes of it, and of all its like
    re.Pattern,
    range,
    slice,
)


def same_value(old: Any, new: Any) -> bool:
    """Whether two values are the same object, or equal constants; asks no user's ``__eq__``."""
    if old is new:
        return True
    if type(old) is not type(new):
        return False
    if type(old) in _PLAIN:
        return bool(old == new)
    if type(old) in (tuple, frozenset):
        # Nearly all of them hold the very same objects.
        same_objects = len(old) == len(new) and all(map(is_, old, new))
        return same_objects or _same_parts(old, new)
    # The text tells 0.0 from -0.0, and finds a nan equal to itself.
    return type(old) in _ATOMS and repr(old) == repr(new)


def _same_parts(old: Any, new: Any) -> bool:
    # Without recursion: they may be nested a thousand deep.
    waiting: OwnList[Any] = OwnList([(old, new)])
    while waiting:
        before, after = waiting.pop()
        if len(before) != len(after):
            return False
        for one, other in zip(before, after):
            if one is not other and type(one) is type(other) and type(one) in (tuple, frozenset):
                waiting.append((one, other))
            elif not same_value(one, other):
                return False
    return True


def is_plain(value: Any, depth: int = 4) -> bool:
    """Whether a value is an atom, or a list, tuple or dict of nothing else."""
    if type(value) is dict:
        value = [*value.keys(), *value.values()]
    if type(value) in (list, tuple):
        return depth > 0 and all(is_plain(each, depth - 1) for each in value)
    return type(value) in _ATOMS


def same_contents(old: Any, new: Any) -> bool:
    """Whether two values are equal constants, or containers of such; asks no user's ``__eq__``."""
    waiting: OwnList[tuple[Any, Any]] = OwnList([(old, new)])
    seen = set[tuple[int, int]]()  # a child may know its parent
    while waiting:
        one, other = waiting.pop()
        if type(one) is not type(other) or not issubclass(type(one), _CONTAINERS):
            if not same_value(one, other):
                return False
        elif one is not other and (id(one), id(other)) not in seen:
            seen.add((id(one), id(other)))
            if len(one) != len(other):
                return False
            if isinstance(one, set):
                if not all(type(each) in _ATOMS for each in one) or one != other:
                    return False
            elif isinstance(one, dict):
                waiting += zip(one.keys(), other.keys())
                waiting += zip(one.values(), other.values())
            else:
                waiting += zip(one, other)
    return True


# What is nested deeper than this is not looked into any further, nor is it built anew.
DEEPEST_NESTING = 64


def repr_of_constant(value: Any, depth: int = DEEPEST_NESTING) -> str | None:
    """Return the repr of a constant; None for anything whose repr a user could have written.

    Nor is there one of what is nested too deep: the interpreter's own repr may fail at that.
    """
    if type(value) in (tuple, frozenset):
        inner = [repr_of_constant(item, depth - 1) for item in value] if depth else [None]
        return None if None in inner else repr(value)
    return repr(value) if type(value) in CONSTANTS and type(value) is not types.ModuleType else None


def may_hold_state(value: Any) -> bool:
    """Whether a global's value is an object of its own, rather than a constant or an import."""
    return not issubclass(type(value), _STATELESS)


def has_state_inside(value: Any, depth: int = DEEPEST_NESTING) -> bool:
    """Whether a value may hold state, or is a tuple with something in it that may."""
    if issubclass(type(value), tuple) and depth:
        return any(has_state_inside(each, depth - 1) for each in tuple.__iter__(value))
    return may_hold_state(value)


def is_constant_object(value: Any) -> bool:
    """Whether a value cannot be changed and is no constant of the code: it is made as that runs."""
    kind = type(value)
    if kind is tuple:
        return any(type(each) not in CONSTANTS or is_constant_object(each) for each in value)
    if kind is types.BuiltinFunctionType:
        return not issubclass(type(value.__self__), (types.ModuleType, type, type(None)))
    if issubclass(kind, frozenset):
        return frozenset.__len__(value) > 0
    return kind in _MADE or (issubclass(kind, tuple) and tuple.__len__(value) > 0)


_MADE = frozenset({re.Pattern, range, slice, types.GenericAlias})
_SAID: dict[type, tuple[str, ...]] = {
    re.Pattern: ("pattern", "flags"),
    slice: ("start", "stop", "step"),
    types.GenericAlias: ("__origin__", "__args__"),
}


def same_constant_object(old: Any, new: Any) -> bool:
    """Whether two objects that cannot be changed say the same; asks no user's ``__eq__``."""
    if type(old) in _SAID and type(new) is type(old):
        return all(same_value(getattr(old, each), getattr(new, each)) for each in _SAID[type(old)])
    if issubclass(type(old), tuple) and issubclass(type(new), tuple):
        return same_value(tuple(tuple.__iter__(old)), tuple(tuple.__iter__(new)))
    if type(old) is type(new) is frozenset and all(type(each) in _PLAIN for each in (*old, *new)):
        return old == new
    return same_value(old, new)


def is_made_of_texts(value: Any, depth: int = 4) -> bool:
    """Whether a value is a text, number or pattern, or a table of nothing else."""
    if type(value) in (list, tuple, dict) and depth:
        parts = list(value.values() if type(value) is dict else value)
        return all(is_made_of_texts(part, depth - 1) for part in parts)
    return type(value) in (*CONSTANTS, re.Pattern) and not isinstance(value, types.ModuleType)
