"""What the instances of a class keep, by name.

Names are those of slots, of the instance's dict, of a named tuple's fields. Contents are what a
built-in base keeps beside them: a list's items, an integer's value, an exception's arguments.
"""

from __future__ import annotations

import collections
import copy
import dataclasses
import sys
import types
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import Any

from livepatch._python.kinds import (
    IS_HEAP_TYPE,
    base_of,
    class_attributes,
    dict_descriptor,
    flags_of,
    mro_of,
)
from livepatch._python.layout import own_slots, sizes_of, slot_value, tuple_fields
from livepatch._python.own import MISSING, OwnDict
from livepatch._steps.class_attributes import find_attribute, has_attribute

_IS_TRACKED = 1 << 14  # Py_TPFLAGS_HAVE_GC

MAPPINGS = (dict, collections.OrderedDict, collections.defaultdict)
NATIVE_CONTAINERS = (list, set, bytearray, collections.deque, *MAPPINGS)


@dataclass(frozen=True, slots=True)
class Default:
    """What a new field of an old instance is given.

    Attributes:
        value: the value, unless there is a factory.
        factory: called for each instance.
        takes_self: whether the factory is given the instance (attrs, pydantic).
    """

    value: Any = None
    factory: Any = None
    takes_self: bool = False


@dataclass(frozen=True, slots=True)
class Shape:
    """What the instances of a class keep.

    Attributes:
        cls: the class.
        native: its first built-in base.
        slots: each slot's descriptor by name; one that a class below hides is marked.
        attributes: the descriptor of the instance's dict; None if it has none.
        fields: the fields of a named tuple; None if it is none.
        declared: the names that the class declares: slots, and fields of any kind.
        defaults: of the declared names that have one, and of what pydantic keeps beside fields.
        required: the declared names that are given a value whenever an instance is made.
    """

    cls: type
    native: type
    slots: dict[str, Any]
    attributes: Any
    fields: tuple[str, ...] | None
    declared: dict[str, None]
    defaults: dict[str, Default]
    required: frozenset[str]


def shape_of(cls: type) -> Shape:
    """Describe what the instances of a class keep."""
    slots = _slots_of(cls)
    fields = tuple_fields(cls)
    defaults: dict[str, Default] = {}
    required: dict[str, None] = {}
    fields_of = (_data_class_fields, _attrs_fields, _pydantic_fields)
    for name, default in chain.from_iterable(find(cls) for find in fields_of):
        required[name] = None
        if default is not None:
            defaults[name] = default
    for name in _BESIDE.keys() & slots.keys():
        defaults[name] = Default(factory=_BESIDE[name], takes_self=True)
    if fields is not None:
        required |= dict.fromkeys(fields)
        given = find_attribute(cls, "_field_defaults")
        if type(given) is dict:
            defaults |= {name: Default(value) for name, value in given.items()}
    declared = dict.fromkeys((*slots, *required))
    native = native_of(cls)
    return Shape(
        cls, native, slots, dict_descriptor(cls), fields, declared, defaults, frozenset(required)
    )


def state_of(shape: Shape, instance: Any) -> OwnDict[str, Any]:
    """Return what an instance keeps, by name, whatever its class would answer."""
    found: OwnDict[str, Any] = OwnDict()
    for name, slot in shape.slots.items():
        found[name] = slot_value(slot, instance)
    if shape.attributes is not None:
        found.update(shape.attributes.__get__(instance))
    return found


def native_of(cls: type) -> type:
    """Return the first of a class and its bases that C code made."""
    base = base_of(cls)
    while base is not None and flags_of(cls) & IS_HEAP_TYPE and cls not in NATIVE_CONTAINERS:
        cls, base = base, base_of(base)
    return cls


def _slots_of(cls: type) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for base in mro_of(cls):
        if flags_of(base) & IS_HEAP_TYPE or issubclass(base, BaseException):
            for name, attribute in class_attributes(base).items():
                if type(attribute) is types.MemberDescriptorType and _is_own(attribute, base, name):
                    found[_unhidden(found, name)] = attribute
    return found


def _is_own(slot: types.MemberDescriptorType, cls: type, name: str) -> bool:
    # A class may have another one's slot under a name of its own. Exceptions are seen to apart.
    return cls is not BaseException and slot.__objclass__ is cls and slot.__name__ == name


def _unhidden(found: dict[str, Any], name: str) -> str:
    # Two classes of a hierarchy may have a slot of one name, and an instance then has both.
    while name in found:
        name += "'"
    return name


def _data_class_fields(cls: type) -> list[tuple[str, Default | None]]:
    if find_attribute(cls, "__dataclass_fields__") is None:
        return []
    found: list[tuple[str, Default | None]] = []
    for each in dataclasses.fields(cls):
        default: Default | None = None
        if each.default_factory is not dataclasses.MISSING:
            default = Default(factory=each.default_factory)
        elif each.default is not dataclasses.MISSING:
            default = Default(each.default)
        found.append((each.name, default))
    return found


def _attrs_fields(cls: type) -> list[tuple[str, Default | None]]:
    attr: Any = sys.modules.get("attr")
    said = find_attribute(cls, "__attrs_attrs__")
    if attr is None or not isinstance(said, tuple):
        return []
    found: list[tuple[str, Default | None]] = []
    for each in said:
        default: Default | None = Default(each.default)
        if each.default is attr.NOTHING:
            default = None
        elif isinstance(each.default, attr.Factory):
            default = Default(None, each.default.factory, each.default.takes_self)
        found.append((each.name, default))
    return found


def model_fields(cls: type) -> dict[str, Any]:
    """Return the fields of a pydantic model by name; none of anything else."""
    for name in ("__pydantic_fields__", "model_fields"):  # the second one before pydantic 2.10
        found = find_attribute(cls, name) if "pydantic" in sys.modules else None
        if type(found) is dict:
            return found
    return {}


def _pydantic_fields(cls: type) -> list[tuple[str, Default | None]]:
    fields = model_fields(cls).items()
    return [
        (name, None if field.is_required() else _pydantic_default(field)) for name, field in fields
    ]


def _pydantic_default(field: Any) -> Default:
    if getattr(field, "default_factory_takes_validated_data", False):
        return Default(factory=partial(_made_of_values, field), takes_self=True)
    if field.default_factory is not None:
        return Default(factory=field.default_factory)
    if type(field.default) in _ATOMS:
        return Default(field.default)
    return Default(factory=partial(copy.deepcopy, field.default))  # so does pydantic


def _made_of_values(field: Any, instance: Any) -> Any:
    return field.default_factory(dict_descriptor(type(instance)).__get__(instance))


def _fields_set(instance: Any) -> set[str]:
    """Return the fields that say more than their defaults; which were given nobody knows."""
    there, fields = dict_descriptor(type(instance)).__get__(instance), model_fields(type(instance))
    given = (name for name, field in fields.items() if there.get(name, field) is not field.default)
    return {name for name in given if name in there}


def _extra(instance: Any) -> dict[str, Any] | None:
    said: Any = find_attribute(type(instance), "model_config")
    return {} if isinstance(said, dict) and said.get("extra") == "allow" else None


def _private(instance: Any) -> dict[str, Any] | None:
    undefined: Any = getattr(sys.modules.get("pydantic_core"), "PydanticUndefined", None)
    said: Any = find_attribute(type(instance), "__private_attributes__") or {}
    made = {name: each.get_default() for name, each in said.items()}
    return {name: each for name, each in made.items() if each is not undefined} if made else None


_BESIDE = {
    "__pydantic_fields_set__": _fields_set,
    "__pydantic_extra__": _extra,
    "__pydantic_private__": _private,
}
_ATOMS = (int, float, bool, str, bytes, complex, type(None))


def is_tracked(cls: type) -> bool:
    """Whether the garbage collector knows the instances of a class."""
    return bool(flags_of(cls) & _IS_TRACKED)


def grows_by_slots(cls: type) -> bool:
    """Whether a class keeps nothing in C memory of its own beyond its built-in base's."""
    base: Any = base_of(cls)
    while base is not None and cls is not native_of(cls):
        if not _adds_only_places(cls, base):
            return False
        cls, base = base, base_of(base)
    return True


def _adds_only_places(cls: type, base: type) -> bool:
    before, after = sizes_of(base), sizes_of(cls)
    places = len(own_slots(cls)) + _said_twice(cls)
    # Dicts and weak reference lists that the interpreter manages have an offset below zero.
    places += sum(there == 0 < here for there, here in zip(before[2:], after[2:]))
    return bool(before[1]) or after[0] == before[0] + places * tuple.__itemsize__


def _said_twice(cls: type) -> int:
    """Count the names that ``__slots__`` says once more: each has a place that nothing leads to."""
    said: Any = class_attributes(cls).get("__slots__")
    if type(said) not in (list, tuple) or not all(type(name) is str for name in said):
        return 0
    return len(said) - len({*said})


def has_value(shape: Shape, instance: Any, name: str) -> bool:
    """Whether an instance has a value of its own under a name."""
    if name in shape.slots:
        return slot_value(shape.slots[name], instance) is not MISSING
    return shape.attributes is not None and name in shape.attributes.__get__(instance)


def set_in_dict(shape: Shape, instance: Any, name: Any, value: Any) -> None:
    """Put a value into an instance's dict, without making a dict object where none is needed."""
    # object.__setattr__ would call a property of that name, or set a slot.
    hidden = type(name) is not str or has_attribute(
        type(find_attribute(shape.cls, name)), "__set__"
    )
    if hidden:
        shape.attributes.__get__(instance)[name] = value
    else:
        object.__setattr__(instance, name, value)
