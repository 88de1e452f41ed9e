"""Classes of ctypes: where their instances keep things in C memory.

CPython does not look at that when an instance is given another class, and lets fields be said once
(Modules/_ctypes/_ctypes.c, PyCStructType_setattro).
"""

from __future__ import annotations

import _ctypes
from typing import Any

from livepatch._python.kinds import class_attributes, is_class, qualified_name

_C_DATA: type = _ctypes._SimpleCData.__base__  # type: ignore[assignment]  # noqa: SLF001
_STRUCTURES = (type(_ctypes.Structure), type(_ctypes.Union))
FIELDS, ITEM, LENGTH = "_fields_", "_type_", "_length_"


def keeps_c_memory(cls: type) -> bool:
    """Whether a class is one of ctypes or below one."""
    return type.__subclasscheck__(_C_DATA, cls)


def says_where(cls: type, name: str) -> bool:
    """Whether an attribute of a class is a field of a structure, or the list of these."""
    if not issubclass(type(cls), _STRUCTURES):
        return False
    return name == FIELDS or type(class_attributes(cls).get(name)).__name__ == "CField"


def memory_of(cls: type) -> Any:
    """Describe what a class adds in C memory; None if that is nothing.

    Types that a load makes anew are equal if they are alike.
    """
    if not keeps_c_memory(cls):
        return None
    own = class_attributes(cls)
    if FIELDS in own:
        places = [(name, own[name], _described(kind)) for name, kind, *_ in own[FIELDS]]
        fields = ((name, place.offset, place.size, kind) for name, place, kind in places)
        return (_ctypes.sizeof(cls), *fields)
    if LENGTH in own:
        return own[LENGTH], _described(own[ITEM])
    item = own.get(ITEM)
    # What a pointer points to is somewhere else.
    return ("pointer", qualified_name(item)) if is_class(item) else item


def _described(kind: Any) -> Any:
    found = memory_of(kind)
    return kind if found is None else (qualified_name(kind), found)
