"""How an instance is made from one of another class, without calling the code of either."""

from __future__ import annotations

import ast
import collections
import sys
import types
from collections.abc import Callable, Iterator
from itertools import repeat
from typing import Any

from livepatch._match.shapes import (
    MAPPINGS,
    NATIVE_CONTAINERS,
    Shape,
    grows_by_slots,
    native_of,
)
from livepatch._python.kinds import base_of, class_attributes, flags_of
from livepatch._python.own import OwnList
from livepatch._steps.class_attributes import find_attribute

_IS_ABSTRACT = 1 << 20  # Py_TPFLAGS_IS_ABSTRACT (Include/object.h)
_GROUP: Any = getattr(sys.modules["builtins"], "BaseExceptionGroup", ())
_EMPTY = (object, ast.AST)
_EXACT: dict[type, Callable[[Any], Any]] = {
    int: int.__pos__,
    float: float.__pos__,
    complex: complex.__pos__,
    str: str.__str__,
    bytes: lambda value: bytes.__getitem__(value, slice(None)),
    frozenset: lambda value: value,  # which knows the hashes of its members
}
_FILLED_BY: dict[type, Callable[[Any, Any], None]] = {
    list: list.extend,
    set: set.update,
    bytearray: bytearray.extend,
}
_OF_EXCEPTIONS = ("args", "__traceback__", "__cause__", "__context__", "__suppress_context__")


def can_build(old: Shape, new: Shape) -> bool:
    """Whether an instance of one class can be made from one of another, without its code.

    What a built-in base keeps must have a place in the other one, or be nothing.
    """
    before, after = old.native, new.native
    made_by_known = after is not object or _maker_of(new.cls) in _EMPTY
    if not (made_by_known and grows_by_slots(new.cls) and grows_by_slots(old.cls)):
        return False
    if issubclass(before, BaseException) and issubclass(after, BaseException):
        return not any(issubclass(each, _GROUP) for each in (before, after))
    if before is object:
        by_name = after is tuple and new.fields is not None
        return (
            after is object or by_name or after in NATIVE_CONTAINERS or _is_plain_exception(after)
        )
    if after is object:
        # By name; a container's instances must be empty, see `Migration.losing_contents`.
        by_name = before is tuple and old.fields is not None
        return by_name or before in NATIVE_CONTAINERS or _is_plain_exception(before)
    if before is after:
        return after in _EXACT or after in NATIVE_CONTAINERS or after is tuple
    return keeps_contents(before, after)


def _is_plain_exception(cls: type) -> bool:
    return issubclass(cls, BaseException) and not issubclass(cls, _GROUP)


def _maker_of(cls: type) -> type:
    """Return the first of a class and its bases that has a ``__new__`` in C: that must be called.

    A type that C code has made like a class (``ast.AST``) need not add anything to ``object`` else.
    """
    made_by = class_attributes(cls).get("__new__")
    if type(made_by) is types.BuiltinFunctionType and made_by.__self__ is cls:
        return cls
    return _maker_of(base_of(cls) or object)


def keeps_contents(before: type, after: type) -> bool:
    """Whether what one built-in base keeps has a place in another."""
    return before is after or (before in MAPPINGS and after in MAPPINGS)


def has_contents(shape: Shape, instance: Any) -> bool:
    """Whether a container has anything in it."""
    native: Any = shape.native
    return native in NATIVE_CONTAINERS and native.__len__(instance) > 0


def build_all(new: Shape, olds: list[Any]) -> OwnList[Any]:
    """Make an instance for each old one, empty but for a value that cannot be set afterwards."""
    abstract = flags_of(new.cls) & _IS_ABSTRACT
    methods = find_attribute(new.cls, "__abstractmethods__") if abstract else None
    if abstract:
        # An instance of a class that became abstract stays one; only making new ones is refused.
        type.__setattr__(new.cls, "__abstractmethods__", frozenset())
    try:
        maker = _maker_of(new.cls) if new.native is object else new.native
        make: Any = maker.__new__
        exact = _EXACT.get(new.native)
        if exact is None:
            return OwnList(map(make, repeat(new.cls, len(olds))))
        return OwnList(map(make, repeat(new.cls), map(exact, olds)))
    finally:
        if abstract:
            type.__setattr__(new.cls, "__abstractmethods__", methods)


def copy_contents(shape: Shape, old: Any, new: Any, settle: Callable[[Any], Any]) -> None:
    """Give an instance what another one keeps in its built-in base.

    Args:
        shape: that of the old one.
        old: the old instance.
        new: the new one, with an empty base that has a place for it.
        settle: returns what is to stand for a value.
    """
    native: Any = shape.native
    if native in MAPPINGS:
        _copy_items(native, old, new, settle)
    elif native is collections.deque:
        native.__init__(new, map(settle, native.__iter__(old)), native.maxlen.__get__(old))
    elif native in _FILLED_BY:
        _FILLED_BY[native](new, map(settle, native.__iter__(old)))
    elif issubclass(native, BaseException):
        for name, value in of_exception(old):
            set_on_exception(new, name, _settled(settle, value))


def _copy_items(native: Any, old: Any, new: Any, settle: Callable[[Any], Any]) -> None:
    into: Any = native_of(type(new))
    if native is into is collections.defaultdict:
        factory = class_attributes(native)["default_factory"]
        factory.__set__(new, settle(factory.__get__(old)))
    into.update(new, [(settle(key), settle(value)) for key, value in native.items(old)])


def _settled(settle: Callable[[Any], Any], value: Any) -> Any:
    return tuple(map(settle, value)) if type(value) is tuple else settle(value)


def of_exception(instance: Any) -> Iterator[tuple[str, Any]]:
    """Yield what an exception keeps as such, by name."""
    for name in _OF_EXCEPTIONS:
        yield name, class_attributes(BaseException)[name].__get__(instance)


def is_of_exception(shape: Shape, name: str) -> bool:
    """Whether a name is that of something which exceptions keep as such."""
    return issubclass(shape.native, BaseException) and name in _OF_EXCEPTIONS


def set_on_exception(instance: Any, name: str, value: Any) -> None:
    """Set what an exception keeps as such."""
    class_attributes(BaseException)[name].__set__(instance, value)
