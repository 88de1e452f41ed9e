"""What is inside a live value, as far as code may come to it: nothing of the value's is called."""

from __future__ import annotations

import functools
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator
from types import (
    ClassMethodDescriptorType,
    FunctionType,
    GetSetDescriptorType,
    MemberDescriptorType,
    MethodDescriptorType,
    MethodType,
    WrapperDescriptorType,
)
from typing import Any

from livepatch._python.kinds import (
    CACHE_TYPE,
    cached_by,
    class_attributes,
    dict_of,
    is_class,
    is_empty,
    is_plain_data,
    is_whole,
    mro_of,
)
from livepatch._python.layout import slot_value
from livepatch._python.opcodes import COMPILER_NAMES
from livepatch._steps.contents import places_in_slots

# Past any method of a subclass.
TABLES: dict[type, Callable[[Any], Iterable[Any]]] = {
    dict: lambda table: (*dict.keys(table), *dict.values(table)),
    list: list.__iter__,
    tuple: tuple.__iter__,
    set: set.__iter__,
    frozenset: frozenset.__iter__,
    deque: deque.__iter__,
}
TABLE_TYPES = tuple(TABLES)
LIMIT = 10_000
# What else is inside a value that can be called.
INSIDE: dict[Any, Callable[[Any], Iterable[Any]]] = {
    FunctionType: lambda function: (
        *(each.cell_contents for each in function.__closure__ or () if not is_empty(each)),
        *(function.__defaults__ or ()),
        *(function.__kwdefaults__ or {}).values(),
    ),
    MethodType: lambda method: (method.__self__,),
    functools.partial: lambda partial: (partial.func, *partial.args, *partial.keywords.values()),
    functools.partialmethod: lambda partial: (
        *(partial.func, *partial.args),
        *partial.keywords.values(),
    ),
    functools.singledispatchmethod: lambda method: (method.func, method.dispatcher.dispatch),
    functools.cached_property: lambda cached: (cached.func,),
    CACHE_TYPE: lambda cached: (cached_by(cached),),
}
# The methods of a class are told by their names.
OF_CLASSES = (FunctionType, property, staticmethod, classmethod)


def may_lead(value: Any) -> bool:
    """Whether a value is more than plain data, and of a type that has attributes.

    CPython makes a type that is written in C ready when it is first asked for something.
    """
    return not is_plain_data(value) and is_whole(value if is_class(value) else type(value))


def own_members(value: Any, names: Collection[str]) -> Iterator[tuple[Any, bool]]:
    """Yield what an object itself has as attributes of some names, each as no item."""
    own = dict_of(value)
    if own is None:
        return
    # Past the methods of a subclass of dict.
    found: Iterable[Any] = names if dict.__len__(own) > len(names) else list(dict.keys(own))
    for name in found:
        if type(name) is str and name in names and dict.__contains__(own, name):
            yield dict.__getitem__(own, name), False


def has_members(cls: type) -> bool:
    """Whether a class has attributes that lead on, but for methods."""
    return any(
        not is_plain_data(value)
        and type(value) not in (*OF_CLASSES, GetSetDescriptorType)
        and name not in COMPILER_NAMES  # as each class has them since 3.13
        for base in mro_of(cls)
        for name, value in (class_attributes(base).items() if base is not object else ())
    )


# These are C functions, and lead nowhere.
_NO_MEMBERS = frozenset(
    (
        *(*OF_CLASSES, GetSetDescriptorType, MemberDescriptorType, WrapperDescriptorType),
        *(MethodDescriptorType, ClassMethodDescriptorType),
    )
)


class Members:
    """What classes have as attributes and their instances in slots; each class is asked once."""

    def __init__(self) -> None:
        # Each class is with its members: it is alive as long as they are known by its id.
        self._known: dict[int, tuple[type, list[tuple[str, Any]]]] = {}
        self._slots: dict[int, tuple[type, dict[str, Any]]] = {}

    def of(self, cls: type) -> list[tuple[str, Any]]:
        """List what a class has as attributes that may lead on, but for methods."""
        known = self._known.get(id(cls))
        if known is None:
            found = [
                (name, value)
                for base in mro_of(cls)
                if base is not object
                for name, value in list(class_attributes(base).items())
                if type(name) is str and type(value) not in _NO_MEMBERS and not is_plain_data(value)
            ]
            known = self._known[id(cls)] = cls, found
        return known[1]

    def in_slots(self, value: Any, names: Collection[str]) -> Iterator[tuple[Any, bool]]:
        """Yield what an object has in slots of some names, each as no item."""
        for name, slot in self._slots_of(type(value)).items():
            if name in names:
                yield slot_value(slot, value), False

    def names_of(self, value: Any) -> Iterator[str]:
        """Yield the names under which a value, or its class, has something."""
        own: Any = dict_of(value)
        own_names = dict.keys(own) if own is not None else ()
        yield from (name for name in own_names if type(name) is str)
        yield from self._slots_of(type(value))
        yield from (name for name, _ in self.of(value if is_class(value) else type(value)))

    def _slots_of(self, cls: type) -> dict[str, Any]:
        known = self._slots.get(id(cls))
        if known is None:
            known = cls, {each.__name__: each for each in places_in_slots(cls)}
            self._slots[id(cls)] = known
        return known[1]
