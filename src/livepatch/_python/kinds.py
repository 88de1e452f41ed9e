"""The kinds of definition Python has, and the parts each is made of.

A definition is what a path leads to: a function, a class, or one of the objects that decorators
make of them. Its parts are the definitions inside it, each under a step of the path.
"""

from __future__ import annotations

import contextvars
import enum
import functools
import gc
import sys
import types
import typing
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.machinery import ModuleSpec, SourceFileLoader
from operator import is_
from typing import Any, TypeGuard

import wrapt

from livepatch._python.members import combinations

Parts = Iterator[tuple[str, Any]]


@dataclass(frozen=True, slots=True, eq=False)
class Kind:
    """A kind of definition.

    Attributes:
        name: what the report calls it.
        parts: yields the objects inside one that may be definitions themselves.
    """

    name: str
    parts: Callable[[Any], Parts]


def _no_parts(_: Any) -> Parts:
    return iter(())


def _function_parts(function: types.FunctionType) -> Parts:
    if function.__closure__:
        for name, cell in zip(function.__code__.co_freevars, function.__closure__):
            # A class's own __class__ cell leads back up, not down.
            if name != "__class__" and not is_empty(cell):
                yield f"<{name}>", cell.cell_contents
    for name, value in list(function.__dict__.items()):
        yield f"<{name}>", value
    if has_lambdas(function):
        for index, value in enumerate(function.__defaults__ or ()):
            if is_lambda(value):
                yield f"<default {index}>", value
        for name, value in (function.__kwdefaults__ or {}).items():
            if is_lambda(value):
                yield f"<default {name}>", value


def is_lambda(value: Any) -> bool:
    """Whether a value is the function of a lambda expression."""
    return type(value) is types.FunctionType and value.__code__.co_name == _LAMBDA


def has_lambdas(function: types.FunctionType) -> bool:
    """Whether a default of a function may be a lambda, which no name leads to."""
    values, named = function.__defaults__ or (), function.__kwdefaults__
    for value in (*values, *named.values()) if named else values:
        if type(value) is types.FunctionType:
            return True
    return False


_LAMBDA = "<lambda>"


def _attributes(*names: str) -> Callable[[Any], Parts]:
    def parts(definition: Any) -> Parts:
        for name in names:
            part = getattr(definition, name, None)
            if part is not None:
                yield f"<{name.strip('_')}>", part

    return parts


# What a class has, past any ``__getattribute__`` of its metaclass.
class_attributes: Callable[[type], types.MappingProxyType[str, Any]] = type.__dict__[
    "__dict__"
].__get__
bases_of: Callable[[type], tuple[type, ...]] = type.__dict__["__bases__"].__get__
mro_of: Callable[[type], tuple[type, ...]] = type.__dict__["__mro__"].__get__
base_of: Callable[[type], type | None] = type.__dict__["__base__"].__get__
subclasses_of: Callable[[type], list[type]] = type.__dict__["__subclasses__"]
flags_of: Callable[[type], int] = type.__dict__["__flags__"].__get__
IS_HEAP_TYPE = 1 << 9
"""The flag of a class that is not a static one of C (Py_TPFLAGS_HEAPTYPE, Include/object.h)."""
# Zero if there can be none to the instances of a class.
offset_of_weak_references: Callable[[type], int] = type.__dict__["__weakrefoffset__"].__get__


def is_whole(cls: type) -> bool:
    """Whether a class was made to its end: it has no order of bases if its ``mro()`` raised."""
    order: Any = mro_of(cls)
    return order is not None


def is_special(name: object) -> bool:
    """Whether a global is called like ``__doc__``; a namespace takes keys of any kind."""
    return type(name) is str and name[:2] == "__"


def settled_bases(settle: Callable[[Any], Any], bases: tuple[type, ...]) -> tuple[type, ...]:
    """Return the survivors of a class's bases; one that has become something else stays."""
    settled = tuple(map(settle, bases))
    if all(map(is_, settled, bases)):
        return bases  # nearly every class's
    return tuple(one if is_class(one) else base for one, base in zip(settled, bases))


def lowest_bases(settle: Callable[[Any], Any], bases: tuple[type, ...]) -> tuple[type, ...]:
    """Return the survivors of bases, but for those that a later one is going to derive from.

    The load may have made a class of a new class and of an old one that does not derive from it
    yet. Once they are what they are to be, there is no order for both.
    """
    settled = settled_bases(settle, bases)
    orders = [set(map(id, map(settle, mro_of(base)))) for base in settled[1:]]
    return tuple(
        base
        for place, base in enumerate(settled)
        if not any(id(base) in order for order in orders[place:])
    )


def dict_descriptor(cls: type) -> Any:
    """Return what gives the instances of a class their dict; None if they have none, or hide it.

    A class made of the attributes of another (``type(name, bases, dict(cls.__dict__))``) has that
    one's under this name, and then there is none that is right.
    """
    for base in mro_of(cls) if is_whole(cls) else ():
        descriptor: Any = class_attributes(base).get("__dict__")
        gives = type(descriptor) is types.GetSetDescriptorType or base is types.SimpleNamespace
        if gives and descriptor.__objclass__ is base:
            return descriptor
    return None


def dict_of(instance: Any) -> dict[str, Any] | None:
    """Return an instance's own dict, past any ``__dict__`` or ``__getattribute__`` of its class."""
    descriptor = dict_descriptor(type(instance))
    try:
        attributes = descriptor.__get__(instance) if descriptor is not None else None
    except AttributeError:
        return None  # a type made in C that asks another object for it: a proxy
    return attributes if issubclass(type(attributes), dict) else None


def _class_parts(cls: type) -> Parts:
    attributes = class_attributes(cls)
    parts = [each for each in list(attributes.items()) if each[0] not in _NOT_PARTS]
    if is_enum(cls):
        parts[:0] = [*attributes["_member_map_"].items(), *combinations(attributes)]
    return iter(parts)


# What every class has by itself, or what leads back to the class.
_NOT_PARTS = frozenset({"__dict__", "__weakref__", "__module__", "_abc_impl", "_member_map_"})


def _wrapt_parts(wrapper: Any) -> Parts:
    yield "<wrapped>", wrapper.__wrapped__
    for name in ("_self_wrapper", "_self_enabled"):
        part = getattr(wrapper, name, None)
        if part is not None:
            yield f"<{name}>", part


def _partial_parts(partial: functools.partial[Any]) -> Parts:
    yield "<func>", partial.func
    for index, argument in enumerate(partial.args):
        yield f"<{index}>", argument


def _attributes_of_instance(instance: Any) -> Parts:
    for name, value in list((dict_of(instance) or {}).items()):
        yield f"<{name}>", value


def _alias_parts(alias: Any) -> Parts:
    # Nothing else leads to what computes the value; to ask for the value is to have it computed.
    for part in gc.get_referents(alias):
        if type(part) is types.FunctionType and part.__name__ == alias.__name__:
            yield VALUE_OF_ALIAS, part


VALUE_OF_ALIAS = "<value of alias>"


FUNCTION = Kind("function", _function_parts)
CLASS = Kind("class", _class_parts)
ENUM_MEMBER = Kind("enum member", _no_parts)
OBJECT = Kind("decorated object", _no_parts)
SENTINEL = Kind("sentinel", _attributes_of_instance)
CONTEXT_VARIABLE = Kind("context variable", _no_parts)
TYPE_PARAMETER = Kind("type variable", _no_parts)
NEW_TYPE = Kind("new type", _no_parts)
TYPE_ALIAS = Kind("type alias", _alias_parts)
PROPERTY = Kind("property", _attributes("fget", "fset", "fdel"))
STATIC_METHOD = Kind("static method", _attributes("__func__"))
CLASS_METHOD = Kind("class method", _attributes("__func__"))
PARTIAL = Kind("partial", _partial_parts)
PARTIAL_METHOD = Kind("partial method", _attributes("func"))
CACHED_PROPERTY = Kind("cached property", _attributes("func"))
DISPATCH_METHOD = Kind("single-dispatch method", _attributes("func", "dispatcher"))
CACHED_FUNCTION = Kind("cached function", _attributes("__wrapped__"))
WRAPT = Kind("wrapt wrapper", _wrapt_parts)

# Every wrapt proxy derives from this one, C or Python, in wrapt 1 and 2 (`wrapt.ObjectProxy`
# itself is a subclass of it since 2.0).
PROXY_TYPE: type = next(
    cls for cls in reversed(wrapt.FunctionWrapper.__mro__) if cls.__name__ == "ObjectProxy"
)
# What binds and calls, below wrapt's function wrappers.
WRAPPER_BASE: type = next(
    cls for cls in wrapt.FunctionWrapper.__mro__ if cls.__name__ == "_FunctionWrapperBase"
)
CACHE_TYPE: Any = type(functools.lru_cache(_no_parts))

KINDS: dict[type, Kind] = {
    types.FunctionType: FUNCTION,
    property: PROPERTY,
    staticmethod: STATIC_METHOD,
    classmethod: CLASS_METHOD,
    functools.partial: PARTIAL,
    functools.partialmethod: PARTIAL_METHOD,
    functools.cached_property: CACHED_PROPERTY,
    functools.singledispatchmethod: DISPATCH_METHOD,
    CACHE_TYPE: CACHED_FUNCTION,
    object: SENTINEL,
    contextvars.ContextVar: CONTEXT_VARIABLE,
    typing.TypeVar: TYPE_PARAMETER,
    typing.ParamSpec: TYPE_PARAMETER,
    typing.NewType: NEW_TYPE,
}
if sys.version_info >= (3, 11):
    KINDS[typing.TypeVarTuple] = TYPE_PARAMETER
if sys.version_info >= (3, 12):
    KINDS[typing.TypeAliasType] = TYPE_ALIAS


# By id: a metaclass may have a __hash__ or an __eq__ of its own.
_KINDS_BY_ID = {id(cls): kind for cls, kind in KINDS.items()}
# What a class has for each of its slots, its dict and its weak references.
PLACES = (types.GetSetDescriptorType, types.MemberDescriptorType)
# Of these nearly all data are.
_DATA = (str, int, float, bool, type(None), bytes, tuple, list, dict, set, frozenset)
DATA_BY_ID = frozenset(map(id, (*_DATA, types.ModuleType, *PLACES)))


def kind_of(candidate: Any) -> Kind | None:  # noqa: PLR0911
    """Return the kind of definition an object is; None for data."""
    cls = type(candidate)
    kind = _KINDS_BY_ID.get(id(cls))
    if kind is not None or id(cls) in DATA_BY_ID:
        return kind
    if issubclass(cls, type):
        return CLASS
    if issubclass(type(cls), enum.EnumMeta):
        return ENUM_MEMBER
    if issubclass(cls, PROXY_TYPE):
        return WRAPT
    if issubclass(cls, property):
        return PROPERTY
    if issubclass(cls, (staticmethod, classmethod)):
        return STATIC_METHOD if issubclass(cls, staticmethod) else CLASS_METHOD
    return None


def is_place(value: Any) -> bool:
    """Whether a value is one of `PLACES`; no metaclass is asked."""
    kind = type(value)
    return kind is types.GetSetDescriptorType or kind is types.MemberDescriptorType


def cached_by(cache: Any) -> Any:
    """Return the function that an ``lru_cache`` is around, as far as it says; None if it does not.

    Its ``__wrapped__`` is an attribute like any other, which a program may delete.
    """
    return (dict_of(cache) or {}).get("__wrapped__")


def parts_of_wrapper(definition: Any) -> Iterator[Any]:
    """Yield a definition that is no function or class, and what in it may hold one."""
    if type(definition) is types.FunctionType or is_class(definition):
        return
    if kind_of(definition) is not None:
        yield definition
        # The arguments of a partial, the constraints of a type variable.
        yield from (part for part in gc.get_referents(definition) if type(part) in (tuple, dict))


# What says a type: list[Player], Player | None, typing.Optional[Player].
_SAY_TYPES = frozenset(
    map(
        id,
        (
            *(tuple, frozenset, types.GenericAlias, types.UnionType),
            *map(type, (typing.List[int], typing.Union[int, str], typing.Literal[1])),  # noqa: UP006, UP007
            *map(type, (typing.Callable[[], int], typing.Annotated[int, 1])),
            type(Callable[[], int]),
        ),
    )
)


def may_say_type(candidate: Any) -> bool:
    """Whether an object is a type that is written as more than a name, or a part of one."""
    # What is in an alias of typing is in its dict before 3.11.
    in_dict = type(candidate) is dict and "__origin__" in candidate
    return in_dict or id(type(candidate)) in _SAY_TYPES


def behind_arguments(candidate: Any) -> Any:
    """Return the class that a type is written of, ``Table`` of ``Table[str]``; else the object."""
    return getattr(candidate, "__origin__", candidate) if may_say_type(candidate) else candidate


_PLAIN_DATA = frozenset(
    map(id, (str, int, float, bool, bytes, type(None), ModuleSpec, SourceFileLoader))
)


def is_plain_data(value: Any) -> bool:
    """Whether a value is no definition, and has none in it: a constant, or the import system's."""
    return id(type(value)) in _PLAIN_DATA


def is_module(candidate: Any) -> TypeGuard[types.ModuleType]:
    """Whether an object is a module, whatever it says itself."""
    return issubclass(type(candidate), types.ModuleType)


def is_class(candidate: Any) -> TypeGuard[type]:
    """Whether an object is a class, whatever it says itself."""
    return issubclass(type(candidate), type)


def is_enum(cls: type) -> bool:
    """Whether a class is an enumeration (with members or without)."""
    return issubclass(type(cls), enum.EnumMeta) and "_member_map_" in class_attributes(cls)


def is_empty(cell: types.CellType) -> bool:
    """Whether a cell has no contents (yet)."""
    try:
        cell.cell_contents  # noqa: B018 - reading it is the only way to ask
    except ValueError:
        return True
    return False


def qualified_name(definition: Any) -> str | None:
    """Return the qualified name of a function or class; None for anything else."""
    if type(definition) is types.FunctionType:
        return definition.__qualname__
    return _name_of_class(definition) if is_class(definition) else None


_name_of_class: Callable[[type], str] = type.__dict__["__qualname__"].__get__


def found_at(namespace: typing.Mapping[str, Any], home: str) -> Any:
    """Return what a qualified name leads to; None if nothing."""
    holder: typing.Mapping[str, Any] = namespace
    value: Any = None
    for step in home.split("."):
        value = holder.get(step)
        holder = class_attributes(value) if is_class(value) else {}
    return value


def is_single_dispatch(function: Any) -> bool:
    """Whether a function is one that functools.singledispatch has made."""
    return (
        type(function) is types.FunctionType
        and function.__code__.co_filename == functools.__file__
        and type(function.__dict__.get("registry")) is types.MappingProxyType
        and "dispatch" in function.__dict__
    )
