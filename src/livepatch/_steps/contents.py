"""What a value holds, at any depth: so that it can be told later whether anything has changed."""

from __future__ import annotations

import collections
import functools
import types
import weakref
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import Any

from livepatch._python.constants import may_hold_state
from livepatch._python.kinds import (
    IS_HEAP_TYPE,
    class_attributes,
    dict_of,
    flags_of,
    kind_of,
    mro_of,
)
from livepatch._python.layout import slot_value
from livepatch._python.own import MISSING, OwnList

_MOST = 10_000
"""A value that holds more than this is not looked through."""
# By id: a metaclass may have its own hash.
_ATOMS = frozenset(map(id, (str, int, float, bool, bytes, type(None))))
# A proxy asks another object for everything, and holds nothing.
_EMPTY = _ATOMS.union(map(id, weakref.ProxyTypes))
# Past what a subclass has put over these.
_ITEMS: tuple[tuple[type, Callable[[Any], Iterable[Any]]], ...] = (
    (dict, lambda value: chain.from_iterable(dict.items(value))),
    (list, list.__iter__),
    (set, set.__iter__),
    (collections.deque, collections.deque.__iter__),
    (tuple, tuple.__iter__),
    (frozenset, frozenset.__iter__),
    (types.MethodType, lambda method: (method.__func__, method.__self__)),
    (types.BuiltinMethodType, lambda method: (method.__self__,)),
    (functools.partial, lambda partial: (partial.func, *partial.args, partial.keywords)),
)
# Their objects never change, though what they have is in C memory; a lock is nobody's state, unless
# somebody waits for it.
_UNCHANGING = frozenset(
    (
        *(f"datetime.{name}" for name in ("date", "datetime", "time", "timedelta", "timezone")),
        *("decimal.Decimal", "fractions.Fraction", "uuid.UUID", "zoneinfo.ZoneInfo"),
        *("_struct.Struct", "_thread.lock", "_thread.RLock"),
        *(f"operator.{name}" for name in ("attrgetter", "itemgetter", "methodcaller")),
        *(
            f"pathlib.{kind}{name}"
            for kind in ("", "Pure")
            for name in ("PosixPath", "WindowsPath")
        ),
    )
)


def contents_of(value: Any) -> OwnList[Any] | None:
    """List what a value holds, in containers and in attributes and slots of plain objects.

    Returns:
        The parts, those of parts too, in an order that stays as long as nothing changes. None where
        something keeps what it holds in C code, or holds very much.
    """
    found, waiting = OwnList[Any](), OwnList[Any]([value])
    seen: set[int] = set()
    while waiting:
        part = waiting.pop()
        if id(part) in seen:
            continue
        seen.add(id(part))
        inside = _inside(part)
        if inside is None or len(found) + len(inside) > _MOST:
            return None
        found += inside
        waiting += inside
    return found


def _inside(part: Any) -> OwnList[Any] | None:
    kind = type(part)
    if id(kind) in _EMPTY:
        return OwnList()  # nearly everything
    items = next((items for base, items in _ITEMS if issubclass(kind, base)), None)
    is_namespace = kind is types.SimpleNamespace
    own = dict_of(part) if flags_of(kind) & IS_HEAP_TYPE or is_namespace else None
    attributes = OwnList(chain.from_iterable((own or {}).items()))
    if items is not None:
        return OwnList(chain(items(part), attributes))
    if not may_hold_state(part) or kind_of(part) is not None or _never_changes(kind):
        return OwnList()
    if not is_namespace and not all(map(_is_plain, mro_of(kind)[:-1])):  # but for `object`
        return None
    attributes += chain.from_iterable(_slots_of(part, kind))
    return attributes


def _never_changes(cls: type) -> bool:
    home, name = _module_of(cls), _name_of(cls)
    # Since 3.13 paths are of a package: ``pathlib._local``.
    return type(home) is str and f"{home.partition('.')[0]}.{name}" in _UNCHANGING


# Past what a metaclass says.
_module_of: Callable[[type], Any] = type.__dict__["__module__"].__get__
_name_of: Callable[[type], str] = type.__dict__["__name__"].__get__


def _is_plain(cls: type) -> bool:
    """Whether a class statement made a class: its instances have slots and a dict, and no more."""
    if not flags_of(cls) & IS_HEAP_TYPE:
        return False
    # C code makes such types as well, and theirs have methods that are made from C.
    return not any(
        id(type(each)) in _OF_C and each.__objclass__ is cls
        for each in class_attributes(cls).values()
    )


_OF_C = frozenset(map(id, (types.MethodDescriptorType, types.WrapperDescriptorType)))


def is_atom(value: Any) -> bool:
    """Whether a value is a number, a text or the like."""
    return id(type(value)) in _ATOMS


def _slots_of(part: Any, kind: type) -> Iterator[tuple[str, Any]]:
    return ((slot.__name__, slot_value(slot, part)) for slot in places_in_slots(kind))


def places_in_slots(cls: type) -> Iterator[Any]:
    """Yield the descriptors of the slots that the instances of a class have."""
    for base in mro_of(cls):
        for slot in list(class_attributes(base).values()):
            if type(slot) is types.MemberDescriptorType and slot.__objclass__ is base:
                yield slot


def restore_slots(slots: Iterable[OwnList[Any]]) -> None:
    """Give slots what they had: each comes as its descriptor, the instance and the value."""
    for place, instance, value in slots:
        if slot_value(place, instance) is value:
            continue
        if value is MISSING:
            place.__delete__(instance)
        else:
            place.__set__(instance, value)
