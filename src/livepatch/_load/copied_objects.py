"""Copy what objects hold that statements may use, so that a reload which fails gives it back.

Containers among the globals are copied in any case. What else statements may change they lead to by
names: the attributes and slots of an object whose method they call, of what that has, and what a
function of the module names that they call. Nothing of the program's code is asked.
"""

from __future__ import annotations

import functools
import sys
import weakref
from collections.abc import Iterable, Iterator
from types import CodeType, FunctionType, MethodType, ModuleType, SimpleNamespace
from typing import Any

from livepatch._python.among import is_own_type
from livepatch._python.code import names_within
from livepatch._python.kinds import (
    IS_HEAP_TYPE,
    class_attributes,
    dict_of,
    flags_of,
    is_class,
    mro_of,
)
from livepatch._python.layout import slot_value
from livepatch._python.own import OwnDict, OwnList
from livepatch._registers.entries import Earlier
from livepatch._snapshot.snapshot import Snapshot
from livepatch._source.source import is_named_as_installed, namespace_of
from livepatch._steps.contents import is_atom, places_in_slots

_MOST = 10_000
"""So many objects are looked into for the statements of a module, the nearest first."""
_WEAK = (weakref.WeakSet, weakref.WeakKeyDictionary, weakref.WeakValueDictionary)
_OF_LIBRARY = (*_WEAK, SimpleNamespace)


def copy_objects(
    code: CodeType, snapshot: Snapshot, earlier: Earlier, first: Iterable[str] | None = None
) -> None:
    """Copy what the objects hold to which the names in a code lead.

    Args:
        code: what is to run.
        snapshot: of its module; takes the copies.
        earlier: knows what has been copied.
        first: the names that the code itself leads on from; None for all in it.
    """
    names = names_within(code)
    used = _values_used(names if first is None else names & {*first}, snapshot, earlier)
    known = OwnDict[int, bool]()
    waiting: OwnList[Any] = OwnList(used)
    for value in waiting:
        if len(waiting) > _MOST:
            return
        if not earlier.is_new(value):
            continue  # for this module or another one: what it had before is known
        waiting += (part for part in _copied(value, snapshot, earlier, known) if not is_atom(part))


def _copied(
    value: Any, snapshot: Snapshot, earlier: Earlier, known: OwnDict[int, bool]
) -> Iterator[Any]:
    """Copy what a value holds; yield what there is in it."""
    kind = type(value)
    if kind in _LIKE_LISTS or kind is dict:
        items: Any = list(value) if kind is not dict else OwnDict(value)
        if kind is not tuple and earlier.is_first_copy(value):
            snapshot.objects.append(OwnList((value, items)))
        yield from items if kind is not dict else (*items.values(),)
    elif kind is MethodType:
        yield value.__self__
    elif kind is functools.partial:
        yield from (value.func, *value.args, *value.keywords.values())
    elif not is_class(value) and _has_state(kind, known):
        own = dict_of(value)
        if own is not None:
            if earlier.is_first_copy(own):
                snapshot.objects.append(OwnList((own, OwnDict(own))))
            yield from list(own.values())
        is_first = earlier.is_first_copy(value)
        places = (each for each in places_in_slots(kind) if _is_own(each.__objclass__))
        for place in places:  # those of a built-in class may not be written
            inside = slot_value(place, value)
            if is_first:
                snapshot.slots.append(OwnList((place, value, inside)))
            yield inside


_LIKE_LISTS = (list, tuple, set)


def _has_state(cls: type, known: OwnDict[int, bool]) -> bool:
    """Whether the instances of a class hold what its own code has put there, and no library's."""
    if id(cls) not in known:
        # An object of a library sees to what it holds itself, and may have more in C memory.
        # livepatch's own knows of the load by now: what stands for `__import__` leads to it.
        known[id(cls)] = issubclass(cls, _OF_LIBRARY) or (
            _is_own(cls) and not is_class_of_library(cls) and not is_own_type(cls)
        )
    return known[id(cls)]


def _is_own(cls: type) -> bool:
    """Whether a class statement may have made a class."""
    return bool(flags_of(cls) & IS_HEAP_TYPE)


def is_class_of_library(cls: type) -> bool:
    """Whether a class is of an installed package: its objects see to what they keep themselves."""
    module = sys.modules.get(str(class_attributes(cls).get("__module__")))
    file = getattr(module, "__file__", None)
    return type(file) is str and is_named_as_installed(file)


def _values_used(first: Iterable[str], snapshot: Snapshot, earlier: Earlier) -> Iterator[Any]:
    """Yield the values of names, and those that functions of the module name which they may call.

    What a function of another module does is outside, and so is what a module has as attributes.

    Args:
        first: the names.
        snapshot: of the module.
        earlier: knows the functions of classes.
    """
    namespace, live = snapshot.namespace, namespace_of(snapshot.source.module)
    seen: set[int] = set()
    waiting: OwnList[Any] = OwnList(namespace[name] for name in first if name in namespace)
    for value in waiting:
        if id(value) in seen or type(value) is ModuleType:
            continue
        seen.add(id(value))
        yield value
        for function in _functions_of(value, earlier):
            if function.__globals__ is live:
                inside = names_within(function.__code__)
                waiting += (namespace[name] for name in inside if name in namespace)


def _functions_of(value: Any, earlier: Earlier) -> Iterable[FunctionType]:
    """Return the functions that a use of a value may run: it, or the methods of its class."""
    if type(value) is FunctionType:
        return (value,)
    if type(value) is MethodType:
        return _functions_of(value.__func__, earlier)
    if type(value) is functools.partial:
        return _functions_of(value.func, earlier)
    return earlier.methods_of(value if is_class(value) else type(value), _methods_of)


def _methods_of(cls: type) -> Iterator[FunctionType]:
    """Yield the methods of a class, and those that it inherits."""
    for base in mro_of(cls):
        for each in class_attributes(base).values() if _is_own(base) else ():
            yield from _inside(each)


def _inside(attribute: Any) -> Iterator[FunctionType]:
    """Yield the functions of an attribute of a class."""
    parts: tuple[Any, ...] = (attribute,)
    if type(attribute) in (staticmethod, classmethod):
        parts = (attribute.__func__,)
    elif type(attribute) is property:
        parts = (attribute.fget, attribute.fset, attribute.fdel)
    yield from (each for each in parts if type(each) is FunctionType)
