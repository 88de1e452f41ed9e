"""Fields of a class in C memory that CPython shows to nobody, or lets nobody set as it pleases.

PyTypeObject (Include/cpython/object.h) is a header and fields of a word each, in the same order on
every release build from 3.10 to 3.14. Who uses one asks first whether what is known is there.
"""

from __future__ import annotations

import ctypes
from collections import deque
from operator import methodcaller
from typing import Any

from livepatch._kinds import base_of, bases_of, mro_of
from livepatch._own import Call

_WORD = ctypes.sizeof(ctypes.c_void_p)
_HEADER = object.__basicsize__ + _WORD  # of an object that has a variable size
METACLASS = object.__basicsize__ - _WORD  # ob_type: the last field of the header of any object
NUMBER, SEQUENCE, MAPPING = (_HEADER + place * _WORD for place in (9, 10, 11))  # tp_as_number ...
BASE = _HEADER + 29 * _WORD
MAKER = _HEADER + 36 * _WORD  # tp_new
BASES = _HEADER + 39 * _WORD
ORDER = BASES + _WORD  # tp_mro
SUBCLASSES = BASES + 3 * _WORD

_POINTER: Any = ctypes.c_void_p
set_field: Any = _POINTER.value.__set__
_set_bases = type.__dict__["__bases__"].__set__
_counting = ctypes.PYFUNCTYPE(None, ctypes.py_object)
_increase = _counting(("Py_IncRef", ctypes.pythonapi))
_decrease = _counting(("Py_DecRef", ctypes.pythonapi))


def field_of(cls: type, place: int) -> ctypes.c_void_p:
    """Return a field of a class: its ``value`` is an address, and can be set."""
    return ctypes.c_void_p.from_address(id(cls) + place)


def can_exchange_base(cls: type) -> bool:
    """Whether the fields are where they are known to be."""
    known = (METACLASS, type(cls)), (BASE, base_of(cls))
    return all(field_of(cls, place).value == id(value) for place, value in known)


def has_own_order(cls: type) -> bool:
    """Whether the order that a metaclass has given a class is another one than Python's own."""
    try:
        order = type.mro(cls)
    except TypeError:
        return True  # there is none by the rules
    # By identity: a metaclass may compare classes as it likes.
    return list(map(id, order)) != list(map(id, mro_of(cls)))


def exchange_base(cls: type, bases: tuple[type, ...], base: type, kind: type) -> None:
    """Give a class other bases, whatever its instances keep: it must have none.

    CPython asks that nothing would change for instances, and of a class with a metaclass that it
    fits all in its order. It takes a class for that whose ``tp_base`` is the new one already, and
    asks no metaclass where that is ``type``.

    Args:
        cls: what nothing uses, until it has its own bases again.
        bases: those that it gets.
        base: which of them CPython builds instances on.
        kind: its metaclass, or ``type`` where that is not to be asked for the order.
    """
    before, metaclass = base_of(cls), type(cls)
    base_field, metaclass_field = field_of(cls, BASE), field_of(cls, METACLASS)
    calls = (
        # CPython will let go of the base that is lent, and of the one before it will not.
        Call(_increase, base),
        Call(set_field, base_field, id(base)),
        Call(set_field, metaclass_field, id(kind)),
        Call(_set_bases, cls, bases),
        Call(set_field, metaclass_field, id(metaclass)),
        Call(_decrease, before),
    )
    try:
        deque(map(methodcaller("__call__"), calls), maxlen=0)  # C alone: no interrupt comes between
    except BaseException:
        if bases_of(cls) is not bases:
            metaclass_field.value, base_field.value = id(metaclass), id(before)
            _decrease(base)
        raise
