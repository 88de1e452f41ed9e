"""What the instances of a class keep, by name, and how one is made without calling its code.

Names are those of slots, of the instance's dict, of a named tuple's fields. Contents are what a
built-in base keeps beside them: a list's items, an integer's value, an exception's arguments.
"""

from __future__ import annotations

import ast
import collections
import copy
import dataclasses
import sys
import types
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import chain, repeat
from typing import Any

from livepatch._kinds import base_of, class_attributes, dict_descriptor, flags_of, mro_of
from livepatch._layout import own_slots, sizes_of
from livepatch._own import OwnDict, OwnList
from livepatch._steps import MISSING

_IS_HEAP_TYPE = 1 << 9  # Py_TPFLAGS_HEAPTYPE
_IS_ABSTRACT = 1 << 20  # Py_TPFLAGS_IS_ABSTRACT (Include/object.h)
_IS_TRACKED = 1 << 14  # Py_TPFLAGS_HAVE_GC

_FIELD_TABLES = ("__dataclass_fields__", "__attrs_attrs__", "__pydantic_fields__")


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
        defaults: of the declared names that have one.
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
    fields = find_attribute(cls, "_fields") if issubclass(cls, tuple) else None
    defaults: dict[str, Default] = {}
    required: dict[str, None] = {}
    fields_of = (_data_class_fields, _attrs_fields, _pydantic_fields)
    for name, default in chain.from_iterable(find(cls) for find in fields_of):
        required[name] = None
        if default is not None:
            defaults[name] = default
    if fields is not None:
        required |= dict.fromkeys(fields)
        given = find_attribute(cls, "_field_defaults") or {}
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
    while base is not None and flags_of(cls) & _IS_HEAP_TYPE and cls not in _CONTAINERS:
        cls, base = base, base_of(base)
    return cls


def _maker_of(cls: type) -> type:
    """Return the first of a class and its bases that has a ``__new__`` in C: that must be called.

    A type that C code has made like a class (``ast.AST``) need not add anything to ``object`` else.
    """
    made_by = class_attributes(cls).get("__new__")
    if type(made_by) is types.BuiltinFunctionType and made_by.__self__ is cls:
        return cls
    return _maker_of(base_of(cls) or object)


def find_attribute(cls: type, name: str) -> Any:
    """Return a class attribute past metaclasses and descriptors; None if there is none."""
    for base in mro_of(cls):
        attributes = class_attributes(base)
        if name in attributes:
            return attributes[name]
    return None


def _slots_of(cls: type) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for base in mro_of(cls):
        if flags_of(base) & _IS_HEAP_TYPE or issubclass(base, BaseException):
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


def lists_fields(cls: type) -> bool:
    """Whether a library has listed the fields of a class, those of its bases among them."""
    return any(name in class_attributes(cls) for name in _FIELD_TABLES)


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


_ATOMS = (int, float, bool, str, bytes, complex, type(None))


def is_tracked(cls: type) -> bool:
    """Whether the garbage collector knows the instances of a class."""
    return bool(flags_of(cls) & _IS_TRACKED)


# Making instances

_EXACT: dict[type, Callable[[Any], Any]] = {
    int: int.__pos__,
    float: float.__pos__,
    complex: complex.__pos__,
    str: str.__str__,
    bytes: lambda value: bytes.__getitem__(value, slice(None)),
    frozenset: lambda value: value,  # which knows the hashes of its members
}
_MAPPINGS = (dict, collections.OrderedDict, collections.defaultdict)
_EMPTY = (object, ast.AST)
_CONTAINERS = (list, set, bytearray, collections.deque, *_MAPPINGS)


def can_build(old: Shape, new: Shape) -> bool:
    """Whether an instance of one class can be made from one of another, without its code.

    What a built-in base keeps must have a place in the other one, or be nothing.
    """
    before, after = old.native, new.native
    made_by_known = after is not object or _maker_of(new.cls) in _EMPTY
    if not (made_by_known and grows_by_slots(new.cls) and grows_by_slots(old.cls)):
        return False
    if issubclass(before, BaseException) and issubclass(after, BaseException):
        return not any(issubclass(each, _GROUP) for each in (before, after))
    if before is object:
        by_name = after is tuple and new.fields is not None
        return after is object or by_name or after in _CONTAINERS or _is_plain_exception(after)
    if after is object:
        # By name; a container's instances must be empty, see `Migration.losing_contents`.
        by_name = before is tuple and old.fields is not None
        return by_name or before in _CONTAINERS or _is_plain_exception(before)
    if before is after:
        return after in _EXACT or after in _CONTAINERS or after is tuple
    return keeps_contents(before, after)


def keeps_contents(before: type, after: type) -> bool:
    """Whether what one built-in base keeps has a place in another."""
    return before is after or (before in _MAPPINGS and after in _MAPPINGS)


_GROUP: Any = getattr(sys.modules["builtins"], "BaseExceptionGroup", ())


def _is_plain_exception(cls: type) -> bool:
    return issubclass(cls, BaseException) and not issubclass(cls, _GROUP)


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
    places = len(own_slots(cls))
    # Dicts and weak reference lists that the interpreter manages have an offset below zero.
    places += sum(there == 0 < here for there, here in zip(before[2:], after[2:]))
    return bool(before[1]) or after[0] == before[0] + places * tuple.__itemsize__


def has_contents(shape: Shape, instance: Any) -> bool:
    """Whether a container has anything in it."""
    native: Any = shape.native
    return native in _CONTAINERS and native.__len__(instance) > 0


def build_all(new: Shape, olds: list[Any]) -> OwnList[Any]:
    """Make an instance for each old one, empty but for a value that cannot be set afterwards."""
    abstract = flags_of(new.cls) & _IS_ABSTRACT
    methods = find_attribute(new.cls, "__abstractmethods__") if abstract else None
    if abstract:
        # An instance of a class that became abstract stays one; only making new ones is refused.
        type.__setattr__(new.cls, "__abstractmethods__", frozenset())
    try:
        maker = _maker_of(new.cls) if new.native is object else new.native
        make: Any = maker.__new__
        exact = _EXACT.get(new.native)
        if exact is None:
            return OwnList(map(make, repeat(new.cls, len(olds))))
        return OwnList(map(make, repeat(new.cls), map(exact, olds)))
    finally:
        if abstract:
            type.__setattr__(new.cls, "__abstractmethods__", methods)


def copy_contents(shape: Shape, old: Any, new: Any, settle: Callable[[Any], Any]) -> None:
    """Give an instance what another one keeps in its built-in base.

    Args:
        shape: that of the old one.
        old: the old instance.
        new: the new one, with an empty base that has a place for it.
        settle: returns what is to stand for a value.
    """
    native: Any = shape.native
    if native in _MAPPINGS:
        _copy_items(native, old, new, settle)
    elif native is collections.deque:
        native.__init__(new, map(settle, native.__iter__(old)), native.maxlen.__get__(old))
    elif native in _FILLED_BY:
        _FILLED_BY[native](new, map(settle, native.__iter__(old)))
    elif issubclass(native, BaseException):
        for name, value in of_exception(old):
            set_on_exception(new, name, _settled(settle, value))


def of_exception(instance: Any) -> Iterator[tuple[str, Any]]:
    """Yield what an exception keeps as such, by name."""
    for name in _OF_EXCEPTIONS:
        yield name, class_attributes(BaseException)[name].__get__(instance)


def is_of_exception(shape: Shape, name: str) -> bool:
    """Whether a name is that of something which exceptions keep as such."""
    return issubclass(shape.native, BaseException) and name in _OF_EXCEPTIONS


def set_on_exception(instance: Any, name: str, value: Any) -> None:
    """Set what an exception keeps as such."""
    class_attributes(BaseException)[name].__set__(instance, value)


def _copy_items(native: Any, old: Any, new: Any, settle: Callable[[Any], Any]) -> None:
    into: Any = native_of(type(new))
    if native is into is collections.defaultdict:
        factory = class_attributes(native)["default_factory"]
        factory.__set__(new, settle(factory.__get__(old)))
    into.update(new, [(settle(key), settle(value)) for key, value in native.items(old)])


_FILLED_BY: dict[type, Callable[[Any, Any], None]] = {
    list: list.extend,
    set: set.update,
    bytearray: bytearray.extend,
}
_OF_EXCEPTIONS = ("args", "__traceback__", "__cause__", "__context__", "__suppress_context__")


def _settled(settle: Callable[[Any], Any], value: Any) -> Any:
    return tuple(map(settle, value)) if type(value) is tuple else settle(value)


def slot_value(descriptor: Any, instance: Any) -> Any:
    """Return what is in a slot; MISSING if nothing is."""
    try:
        return descriptor.__get__(instance)
    except AttributeError:
        return MISSING


def has_value(shape: Shape, instance: Any, name: str) -> bool:
    """Whether an instance has a value of its own under a name."""
    if name in shape.slots:
        return slot_value(shape.slots[name], instance) is not MISSING
    return shape.attributes is not None and name in shape.attributes.__get__(instance)


def set_in_dict(shape: Shape, instance: Any, name: Any, value: Any) -> None:
    """Put a value into an instance's dict, without making a dict object where none is needed."""
    # object.__setattr__ would call a property of that name, or set a slot.
    hidden = type(name) is not str or hasattr(type(find_attribute(shape.cls, name)), "__set__")
    if hidden:
        shape.attributes.__get__(instance)[name] = value
    else:
        object.__setattr__(instance, name, value)
