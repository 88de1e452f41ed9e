"""Fields of a class in C memory that CPython shows to nobody, or lets nobody set as it pleases.

PyTypeObject (Include/cpython/object.h) is a header and fields of a word each, in the same order on
every release build from 3.10 to 3.14. Who uses one asks first whether what is known is there.
"""

from __future__ import annotations

import ctypes
from typing import Any

from livepatch._python.kinds import base_of, mro_of

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
_counting = ctypes.PYFUNCTYPE(None, ctypes.py_object)
increase = _counting(("Py_IncRef", ctypes.pythonapi))
decrease = _counting(("Py_DecRef", ctypes.pythonapi))


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
