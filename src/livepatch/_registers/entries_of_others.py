"""What other modules have entered in a module's data: routes in its table, plugins in its list."""

from __future__ import annotations

import sys
from collections import OrderedDict, defaultdict, deque
from collections.abc import Collection, Iterator
from types import FunctionType, ModuleType
from typing import Any

from livepatch._python.kinds import class_attributes, is_class, is_module, qualified_name
from livepatch._python.own import OwnList
from livepatch._source.source import namespace_of

_CONTAINERS = frozenset(map(id, (dict, list, set, deque, OrderedDict, defaultdict)))
_MANY = 10_000
_DEEPEST = 3  # a table of lists of tuples


def may_have_entries(value: Any) -> bool:
    """Whether a value is a container that entries are sought in."""
    return id(type(value)) in _CONTAINERS  # a metaclass may have its own hash


def definitions_in(value: Any) -> OwnList[Any]:
    """List the functions and classes in a container, and in the containers and tuples in it."""
    found: OwnList[Any] = OwnList()
    level: OwnList[Any] = OwnList([value])
    for depth in range(_DEEPEST):
        parts: OwnList[Any] = OwnList()
        for each in level:
            if (may_have_entries(each) or (depth and type(each) is tuple)) and len(each) <= _MANY:
                parts += each
                parts += dict.values(each) if isinstance(each, dict) else ()
        found += (each for each in parts if type(each) is FunctionType or is_class(each))
        level = parts
        if len(level) > _MANY:
            break
    return found


def entered_by_others(
    value: Any, home: ModuleType, excluded: Collection[str]
) -> Iterator[tuple[str, Any]]:
    """Yield what others have entered in a container: the module's name, and the definition.

    What others have made is an entry of theirs only if they know where to enter it: if they have
    imported the module that has the container.

    Args:
        value: the container, or anything else.
        home: the module that has it.
        excluded: names of modules to leave out.
    """
    for definition in definitions_in(value):
        if is_class(definition):
            name = class_attributes(definition).get("__module__")
        else:
            name = definition.__globals__.get("__name__")
        if type(name) is str and name not in excluded and has_imported(name, home):
            yield name, definition


def path_of_entry(name: str, definition: Any) -> str:
    """Return what the report calls an entry."""
    return f"{name}.{qualified_name(definition)}"


def has_imported(name: str, home: ModuleType, value: Any = None) -> bool:
    """Whether another module has a module, or a function or class of it, or a value."""
    module: Any = sys.modules.get(name)
    if module is home or not is_module(module):
        return False
    there, own_name = namespace_of(home), namespace_of(home).get("__name__")
    values: list[Any] = OwnList(namespace_of(module).values())
    return any(
        each is home
        or (value is not None and each is value)
        or (is_class(each) and class_attributes(each).get("__module__") == own_name)
        or (type(each) is FunctionType and each.__globals__ is there)
        for each in values
    )
