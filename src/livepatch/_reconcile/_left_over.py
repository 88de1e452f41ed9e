"""What only the old class has: made by its source, or set at run time.

The old class as its source made it is not there any more, so that this is told by what is known:
the outline of that source, and who took part in making the class.
"""

from __future__ import annotations

import dis
import sys
from collections.abc import Iterator, Mapping
from types import (
    CodeType,
    FunctionType,
    GetSetDescriptorType,
    MemberDescriptorType,
    MethodType,
    ModuleType,
)
from typing import Any, NamedTuple

from livepatch._code import instructions, nested_codes
from livepatch._kinds import class_attributes, is_class, is_empty, kind_of, mro_of, qualified_name
from livepatch._pairs import Pair

_STORE_ATTRIBUTE = dis.opmap["STORE_ATTR"]
_MAKING = ("__new__", "__init__", "__prepare__", "__call__", "__init_subclass__")
# What collections.namedtuple puts into a class besides its fields, which are C descriptors.
_OF_NAMED_TUPLES = frozenset({"_fields", "_field_defaults", "_make", "_replace", "_asdict"})
_C_DESCRIPTORS = (
    MemberDescriptorType,
    GetSetDescriptorType,
    type(NamedTuple("_Sample", [("field", int)]).__dict__["field"]),
)


def is_left_over(pair: Pair, name: str, old: Any, *, source_is_same: bool | None) -> bool:
    """Whether an attribute that the new class has not was made by the old source.

    Args:
        pair: the class.
        name: the attribute's name.
        old: its value.
        source_is_same: whether the source says the same of the class as a whole.

    Returns:
        False also in doubt: what somebody set is lost for good, what stays can be seen.
    """
    before, path = pair.before, (*pair.path, name)
    origin = before.origin
    scope = origin.scopes.get(pair.path) if origin is not None else None
    if scope is not None and scope.binds(name):
        return True
    if origin is not None and name in _attributes_stored(origin.scopes[()].code):
        return True
    if path in before.removed or before.owns(old):
        return not _is_at_home_elsewhere(pair, name, old)
    if source_is_same:
        return False
    if name.startswith("__") and name.endswith("__"):
        return not _is_function_of_others(pair, old)
    return _is_made_by_machinery(pair, name, old)


def _attributes_stored(code: CodeType) -> set[str]:
    return {code.co_names[at] for opcode, at in instructions(code) if opcode == _STORE_ATTRIBUTE}


def _is_at_home_elsewhere(pair: Pair, name: str, old: Any) -> bool:
    """Whether a definition of the source has been put into the class as well."""
    home = qualified_name(old)
    if pair.before.origin is None or home is None or "<" in home:
        return False
    return home != ".".join((*pair.path, name)) and not _is_mentioned(pair, name)


def _is_made_by_machinery(pair: Pair, name: str, old: Any) -> bool:
    # An enum's own names have one underscore on either side, and its members are of its type.
    return (
        (name.startswith("_") and name.endswith("_"))
        or name in _OF_NAMED_TUPLES
        or type(old) in _C_DESCRIPTORS
        or type(old) is pair.old
        or _is_mentioned(pair, name)
    )


def _is_mentioned(pair: Pair, name: str) -> bool:
    """Whether the code of who made the class names the attribute."""
    return any(
        name in code.co_names or any(type(said) is str and said == name for said in code.co_consts)
        for maker in _makers(pair)
        for outer in _codes_of(maker)
        for code in (outer, *nested_codes(outer))
    )


def _is_function_of_others(pair: Pair, old: Any) -> bool:
    """Whether a function is from a file, and not from that of somebody who made the class."""
    if type(old) is not FunctionType or old.__code__.co_filename.startswith("<"):
        return False
    package = _package(old.__globals__)
    # collections has the methods of typing.NamedTuple, and functools those of total_ordering.
    libraries = {*sys.stdlib_module_names, *map(_package_of, _makers(pair))}
    return package not in libraries


def _package_of(maker: Any) -> str:
    return _package(class_attributes(maker) if is_class(maker) else maker.__globals__)


def _package(namespace: Mapping[str, Any]) -> str:
    name = namespace.get("__module__") or namespace.get("__name__")
    return name.partition(".")[0] if type(name) is str else ""


def _makers(pair: Pair) -> Iterator[Any]:
    """Yield the functions and classes that took part in making the old class."""
    yield from (*mro_of(type(pair.old)), *mro_of(pair.old)[1:])
    origin = pair.before.origin
    scope = origin.scopes.get(pair.path[:-1]) if origin is not None else None
    loads = {
        name
        for shell in (scope.shells.get(pair.path[-1], ()) if scope is not None else ())
        for name in shell.loads
    }
    for name in loads:
        value = pair.before.old.get(name)
        if type(value) is ModuleType:
            for attribute in loads:
                yield from _functions_in(value.__dict__.get(attribute))
        yield from _functions_in(value)


def _functions_in(value: Any) -> Iterator[Any]:
    """Yield the function or class that calling a value runs, and what is wrapped in it."""
    if type(value) is MethodType:
        value = value.__func__
    if is_class(value):
        yield value
    elif type(value) is FunctionType:
        yield value
        yield from (
            cell.cell_contents
            for cell in value.__closure__ or ()
            if not is_empty(cell) and type(cell.cell_contents) is FunctionType
        )
    elif kind_of(value) is None and "__module__" in class_attributes(type(value)):
        yield type(value)  # an object that is called


def _codes_of(maker: Any) -> Iterator[CodeType]:
    if type(maker) is FunctionType:
        yield maker.__code__
        return
    attributes = class_attributes(maker)
    for name in _MAKING:
        function = attributes.get(name)
        function = getattr(function, "__func__", function)
        if type(function) is FunctionType:
            yield function.__code__
