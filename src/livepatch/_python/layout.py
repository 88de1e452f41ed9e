"""Where the instances of a class keep things, and what CPython lets be exchanged because of it.

The rules are those of Objects/typeobject.c: ``compatible_for_assignment``, ``same_slots_added`` and
their neighbours, which decide about ``__class__`` and ``__bases__``.
"""

from __future__ import annotations

import types
from typing import Any

from livepatch._python.c_memory import FIELDS, ITEM, keeps_c_memory, memory_of
from livepatch._python.kinds import IS_HEAP_TYPE, base_of, class_attributes, flags_of, mro_of
from livepatch._python.own import MISSING

_FIELD_TABLES = ("__dataclass_fields__", "__attrs_attrs__", "__pydantic_fields__")


Known = dict[int, tuple[Any, ...]]
"""The layouts of classes by their ids, for as long as these are held."""


def same_layout(old: type, new: type, known: Known | None = None) -> bool:
    """Whether the instances of two classes keep the same things at the same places."""
    if base_of(old) is base_of(new) and not (_may_add_slots(old) or _may_add_slots(new)):
        return sizes_of(old) == sizes_of(new)  # nearly every class
    return layout_of(old, known) == layout_of(new, known)


def _may_add_slots(cls: type) -> bool:
    own = class_attributes(cls)
    in_c = FIELDS in own or ITEM in own  # of ctypes
    return "__slots__" in own or in_c or not flags_of(cls) & IS_HEAP_TYPE or issubclass(cls, tuple)


def layout_of(cls: type, known: Known | None = None) -> tuple[Any, ...]:
    """Describe where a class's instances keep things, down to the first built-in base.

    Args:
        cls: the class.
        known: the layouts of classes that have been asked for; takes this one's.
    """
    known = {} if known is None else known
    above: list[type] = []
    base: Any = base_of(cls)
    while id(cls) not in known and flags_of(cls) & IS_HEAP_TYPE and base is not None:
        above.append(cls)
        cls, base = base, base_of(base)
    found = known.get(id(cls), (cls,))
    for each in reversed(above):
        own = sizes_of(each)
        fields = tuple_fields(each) if "_fields" in class_attributes(each) else memory_of(each)
        if own != sizes_of(cls) or fields is not None:
            found = (*found, (tuple(own_slots(each)), own, fields))
        known[id(each)], cls = found, each
    return found


def tuple_fields(cls: type) -> tuple[str, ...] | None:
    """Return the names that a named tuple has for its places; None for another class.

    What a tuple of another kind has by that name may be anything (aenum: a property).
    """
    if not issubclass(cls, tuple):
        return None
    has = (class_attributes(each) for each in mro_of(cls))
    said: Any = next((each["_fields"] for each in has if "_fields" in each), None)
    named = type(said) in (tuple, list) and all(type(name) is str for name in said)
    return tuple(said) if named else None


def sizes_of(cls: type) -> tuple[int, ...]:
    """Return a class's basic size, item size, and the offsets of its dict and weak references."""
    return _basic(cls), _item(cls), _dict_offset(cls), _weakref_offset(cls)


_basic, _item, _dict_offset, _weakref_offset = (
    type.__dict__[name].__get__
    for name in ("__basicsize__", "__itemsize__", "__dictoffset__", "__weakrefoffset__")
)


def own_slots(cls: type) -> list[str]:
    """List the names of the slots that a class adds."""
    return sorted(
        name
        for name, attribute in class_attributes(cls).items()
        if type(attribute) is types.MemberDescriptorType
    )


def has_dict(instance: Any) -> bool:
    """Whether an instance keeps its attributes in a dict and in nothing else."""
    cls = type(instance)
    slots = [
        attribute
        for base in mro_of(cls)
        for attribute in class_attributes(base).values()
        if type(attribute) is types.MemberDescriptorType
    ]
    return not slots and cls.__dictoffset__ != 0


def where_layout_grows(cls: type) -> type:
    """Return the class, of this one and its bases, that last added something to instances."""
    base = base_of(cls)
    while base is not None and flags_of(cls) & IS_HEAP_TYPE and sizes_of(cls) == sizes_of(base):
        cls, base = base, base_of(base)
    return cls


def grow_from_one(one: type, other: type) -> bool:
    """Whether two bases add nothing to the same class (object and Generic, say)."""
    return where_layout_grows(one) is where_layout_grows(other)


def adds_only_slots(cls: type, base: type) -> bool:
    """Whether a class adds to its base a dict, a weak reference list and slots, and no more."""
    word = tuple.__itemsize__
    basicsize, _, dictoffset, weakrefoffset = sizes_of(cls)
    size = sizes_of(base)[0]
    if dictoffset == size:
        size += word
    if weakrefoffset == size:
        size += word
    return basicsize == size + word * len(own_slots(cls))


def is_below_plain(cls: type) -> bool:
    """Whether all that instances have of a class's bases is a built-in object, and a dict.

    Weak references count as that dict does. A built-in type itself is no plain base, but `object`.
    """
    base: Any = base_of(cls)
    if base is object or not flags_of(base) & IS_HEAP_TYPE or keeps_c_memory(cls):
        return base is object
    top = where_layout_grows(base)
    below = base_of(top)
    if below is None:
        return True  # object's layout
    is_built_in = not flags_of(where_layout_grows(below)) & IS_HEAP_TYPE
    return is_built_in and not own_slots(top) and adds_only_slots(top, below)


def keeps_no_more(cls: type) -> bool:
    """Whether all that instances of a class have by its bases is a dict, freed by the class."""
    top: Any = where_layout_grows(base_of(cls) or object)
    below = base_of(top)
    return is_below_plain(cls) and (below is None or where_layout_grows(below) is object)


def lists_fields(cls: type) -> bool:
    """Whether a library has listed the fields of a class, those of its bases among them."""
    return any(name in class_attributes(cls) for name in _FIELD_TABLES)


def slot_value(descriptor: Any, instance: Any) -> Any:
    """Return what is in a slot; MISSING if nothing is."""
    try:
        return descriptor.__get__(instance)
    except AttributeError:
        return MISSING
