"""The object graph as labelled edges: what an object refers to, and by which way."""

from __future__ import annotations

import ctypes
import functools
import sys
import types
import weakref
from collections.abc import Callable, Iterator
from typing import Any

from livepatch._holders.c_data import C_DATA, objects_kept_by
from livepatch._python.kinds import (
    IS_HEAP_TYPE,
    bases_of,
    class_attributes,
    flags_of,
    is_class,
    mro_of,
    subclasses_of,
)
from livepatch._source.source import namespace_of

Edges = Iterator[tuple[str, Any]]

ATOMS = (int, float, bool, str, bytes, complex, type(None), type(Ellipsis), type(NotImplemented))
# Made when somebody asks for them, from what stays as it was.
_LAZY = frozenset({"__annotations_cache__", "__annotations__", "_abc_impl"})
_FUNCTION_FIELDS = (
    *("__code__", "__defaults__", "__kwdefaults__"),
    *("__name__", "__qualname__", "__module__", "__doc__"),
    # From 3.14 on annotations are computed when asked for, which may raise (PEP 649).
    "__annotate__" if sys.version_info >= (3, 14) else "__annotations__",
)


def edges_of(holder: Any) -> Edges:
    """Yield what an object refers to, each with the text by which a path goes on to it.

    Nothing of the object's own is run: no property, no ``__getattribute__``, no ``__eq__``.
    """
    cls = type(holder)
    way = _EDGES.get(cls)
    if way is not None:
        yield from way(holder)
        return
    if is_class(holder):
        yield from _class_edges(holder)
        return
    yield "'s class", cls
    for base in mro_of(cls):
        way = _EDGES.get(base)
        if way is not None:
            yield from way(holder)
            break
    yield from _attribute_edges(holder, cls)


def is_boundary(value: Any) -> bool:
    """Whether a walk ends here: at data that cannot change, and at what is the interpreter's."""
    cls = type(value)
    if cls in ATOMS or cls is types.CodeType or issubclass(cls, types.ModuleType):
        return True
    if is_class(value):
        return not flags_of(value) & IS_HEAP_TYPE
    home = class_attributes(cls).get("__module__")
    return isinstance(home, str) and home.startswith("livepatch._")


def module_namespaces() -> set[int]:
    """Return the ids of the namespaces of all loaded modules."""
    modules: list[Any] = list(sys.modules.values())  # which may hold anything
    return {id(namespace_of(each)) for each in modules if isinstance(each, types.ModuleType)}


def describe(value: Any) -> str:
    """Say what an object is, without asking it."""
    cls = type(value)
    if cls in ATOMS:
        return f"{value!r:.60}"
    where = f" at {id(value):#x}"
    if cls is types.FunctionType:
        return f"function {value.__qualname__}{where}"
    if is_class(value):
        return f"class {class_name(value)}{where}"
    return f"{class_name(cls)}{where}"


def class_name(cls: type) -> str:
    """Return a class's qualified name, past its metaclass."""
    name: str = type.__dict__["__qualname__"].__get__(cls)
    return name


def _dict_edges(holder: dict[Any, Any]) -> Edges:
    for key, value in list(dict.items(holder)):
        plain = type(key) in ATOMS
        text = f"[{key!r}]" if plain else f"[{describe(key)}]"
        if not plain:
            yield f"'s key {text}", key
        yield text, value


def _sequence_edges(kind: Any) -> Callable[[Any], Edges]:
    def edges(holder: Any) -> Edges:
        for index, part in enumerate(list(kind.__iter__(holder))):
            yield f"[{index}]", part

    return edges


def _set_edges(kind: Any) -> Callable[[Any], Edges]:
    def edges(holder: Any) -> Edges:
        # A set has no order that anybody may rely on.
        for part in sorted(kind.__iter__(holder), key=id):
            yield "'s member", part

    return edges


def _field_edges(*names: str) -> Callable[[Any], Edges]:
    def edges(holder: Any) -> Edges:
        for name in names:
            value = getattr(holder, name, None)
            if not (type(value) is dict and not value):
                yield f".{name}", value

    return edges


def _cell_edges(cell: types.CellType) -> Edges:
    try:
        yield "'s contents", cell.cell_contents
    except ValueError:
        return  # a variable that is not assigned yet


def _weak_edges(reference: weakref.ref[Any]) -> Edges:
    yield "'s referent", reference()


def _module_edges(module: types.ModuleType) -> Edges:
    for name, value in list(namespace_of(module).items()):
        yield f".{name}", value


def _function_edges(function: types.FunctionType) -> Edges:
    yield from _field_edges(*_FUNCTION_FIELDS)(function)
    hidden = _CACHES if function.__globals__ is namespace_of(functools) else ()
    cells = zip(function.__code__.co_freevars, function.__closure__ or ())
    for index, (name, cell) in enumerate(cells):
        if name not in hidden:
            yield f".__closure__[{index}]", cell
    for name, value in list(function.__dict__.items()):
        if name not in hidden:
            yield f".__dict__[{name!r}]", value


def _class_edges(cls: type) -> Edges:
    yield "'s class", type(cls)
    for name, value in list(class_attributes(cls).items()):
        if name not in _LAZY:
            yield f".{name}", value
    for text, parts in (("base", bases_of(cls)), ("mro", mro_of(cls))):
        for index, part in enumerate(parts):
            yield f"'s {text} {index}", part
    below = subclasses_of(cls)
    # A class made in C cannot be helped to the order in which they were made.
    for subclass in below if flags_of(cls) & IS_HEAP_TYPE else sorted(below, key=id):
        yield f"'s subclass {class_name(subclass)}", subclass
    yield ".__qualname__", class_name(cls)


def _c_data_edges(holder: Any) -> Edges:
    yield "'s objects", objects_kept_by(holder)
    if isinstance(holder, ctypes.py_object):
        yield from _readable("'s value", lambda: holder.value)
    elif isinstance(holder, ctypes.Array) and holder._type_ is ctypes.py_object:
        for index in range(len(holder)):
            yield from _readable(f"[{index}]", functools.partial(holder.__getitem__, index))


def _readable(text: str, read: Callable[[], Any]) -> Edges:
    try:
        yield text, read()
    except ValueError:
        return  # nothing is there


def _attribute_edges(holder: Any, cls: type) -> Edges:
    for base in mro_of(cls):
        for name, descriptor in list(class_attributes(base).items()):
            if type(descriptor) is types.MemberDescriptorType and flags_of(base) & IS_HEAP_TYPE:
                try:
                    yield f".{name}", descriptor.__get__(holder)
                except AttributeError:
                    continue  # a slot that is not set
    attributes = attributes_of(holder)
    for name, value in list((attributes or {}).items()):
        yield f".{name}", value


def attributes_of(holder: Any) -> dict[str, Any] | None:
    """Return an instance's dict, past what its class says; None if it has none."""
    for base in mro_of(type(holder)):
        descriptor = class_attributes(base).get("__dict__")
        if type(descriptor) is types.GetSetDescriptorType:
            attributes = descriptor.__get__(holder)
            return attributes if type(attributes) is dict else None
    return None


# What a single dispatch remembers of the answers it has found: no state, and emptied when in doubt.
_CACHES = frozenset({"_clear_cache", "dispatch_cache", "cache_token"})
_EDGES: dict[type, Callable[[Any], Edges]] = {
    dict: _dict_edges,
    list: _sequence_edges(list),
    tuple: _sequence_edges(tuple),
    set: _set_edges(set),
    frozenset: _set_edges(frozenset),
    types.FunctionType: _function_edges,
    types.MethodType: _field_edges("__func__", "__self__"),
    types.CellType: _cell_edges,
    types.MappingProxyType: lambda _: iter(()),
    property: _field_edges("fget", "fset", "fdel"),
    staticmethod: _field_edges("__func__"),
    classmethod: _field_edges("__func__"),
    functools.partial: _field_edges("func", "args", "keywords"),
    weakref.ref: _weak_edges,
    types.ModuleType: _module_edges,
    C_DATA: _c_data_edges,
}
