"""Where those who decorate definitions, or derive them, may keep a list of them.

An object whose method decorates keeps it itself. A function or a class that does keeps it in what
its code names: in globals, in variables of the call that made it, in attributes of a class.
"""

from __future__ import annotations

import types
from collections import ChainMap, deque
from collections.abc import Iterator, Mapping
from functools import partial
from types import CodeType, FunctionType, MethodType
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary, WeakSet, WeakValueDictionary

from livepatch._python.code import nested_codes
from livepatch._python.kinds import (
    class_attributes,
    dict_of,
    is_class,
    is_empty,
    is_module,
    kind_of,
    mro_of,
)
from livepatch._python.library import is_of_standard_library
from livepatch._python.own import MISSING, OwnList
from livepatch._registers.filled import (
    FILLED,
    changes_something,
    filled_attributes,
    filled_by,
    given_by,
)
from livepatch._steps.class_attributes import find_attribute

_CONTAINERS = (dict, list, set, deque)
_WEAK = (WeakKeyDictionary, WeakSet, WeakValueDictionary)
_MAKERS = ("__new__", "__init__", "__call__")
_LAYERS = 8
_FURTHEST = 100
"""So many functions are looked through for one decorator."""


def lead_to(
    namespace: Mapping[str, Any],
    path: tuple[str, ...],
    before: Mapping[str, Mapping[str, Any]] = types.MappingProxyType({}),
) -> tuple[Any, tuple[str, ...]]:
    """Return what names lead to, through modules, and the names that are left.

    Args:
        namespace: where the first name is looked up.
        path: the names.
        before: namespaces of modules, by name, that count instead of what these have now.
    """
    value, rest = namespace.get(path[0], MISSING), path[1:]
    while is_module(value) and rest:
        inside: Mapping[str, Any] = vars(value)
        inside = before.get(str(inside.get("__name__")), inside)
        value, rest = inside.get(rest[0], MISSING), rest[1:]
    return value, rest


_Reached = Iterator[tuple[FunctionType, list[type]]]
"""Functions that run, each with the classes whose attributes its code may name."""


def registers_of(value: Any, rest: tuple[str, ...]) -> Iterator[Any]:
    """Yield what a decorator may enter definitions in: its object, or what its code names.

    Args:
        value: the decorator, or what has it.
        rest: the attributes that lead to it from there.
    """
    value, rest = _lead_on(value, rest)
    if is_register(value, rest or ("__call__",)):
        yield value
    if type(value) is dict and not rest:  # `@DECORATORS["route"]("/")`
        for each in list(value.values()):
            if not issubclass(type(each), dict):
                yield from registers_of(each, ())
    for function, classes in _run_by(value, rest):
        yield from _registers_named(function, classes)


class Filled(NamedTuple):
    """A container that code puts something into.

    Attributes:
        home: the namespace or the class that has it; None for an object that is not named here.
        name: the global or the attribute.
        container: the container.
    """

    home: Any
    name: str
    container: Any


def filled_by_decorator(value: Any, rest: tuple[str, ...]) -> Iterator[Any]:
    """Yield the globals and attributes that the code of a decorator puts something into."""
    yield from (each.container for each in places_filled(value, rest))


def places_filled(value: Any, rest: tuple[str, ...]) -> Iterator[Filled]:
    """Yield the same, each with its place, of whatever is called.

    Args:
        value: what is called, or what has it.
        rest: the attributes that lead to it from there.
    """
    value, rest = _lead_on(value, rest)
    attributes: Mapping[str, Any] = (
        dict_of(value) or {} if is_register(value, rest or ("__call__",)) else {}
    )
    yield from _filled_by(_run_by(value, rest), attributes)


def given_by_decorator(value: Any, rest: tuple[str, ...], registers: list[Any]) -> Iterator[Any]:
    """Yield the containers that a decorator itself puts something into: it is an entry as a whole.

    Args:
        value: the decorator, or what has it.
        rest: the attributes that lead to it from there.
        registers: what it may enter definitions in: the objects among these have containers.
    """
    for function, classes in _run_by(*_lead_on(value, rest)):
        yield from _given(function, classes, registers)


def given_by_bases(base: Any, registers: list[Any]) -> Iterator[Any]:
    """Yield the same of the code that makes the classes below a base."""
    for function, classes in _makers_below(base):
        yield from _given(function, classes, registers)


def _given(function: FunctionType, classes: list[type], registers: list[Any]) -> Iterator[Any]:
    variables = dict(zip(function.__code__.co_freevars, _in_cells(function)))
    attributes = (*map(class_attributes, classes), *(dict_of(each) or {} for each in registers))
    for code in _codes_of(function):
        for name in {*code.co_names, *code.co_freevars}:
            found = (home.get(name) for home in (function.__globals__, variables, *attributes))
            homes = OwnList(each for each in found if issubclass(type(each), FILLED))
            if homes and name in given_by(code, {name}):
                yield from homes


def _lead_on(value: Any, rest: tuple[str, ...]) -> tuple[Any, tuple[str, ...]]:
    """Return the object of a method, and its name: ``route = app.route``, ``@Api.app.route``."""
    for _ in range(_LAYERS):
        if type(value) is MethodType and not rest:
            value, rest = value.__self__, (value.__name__,)
        elif type(value) is partial and not rest:
            value = value.func
        elif is_class(value) and rest:
            inner = find_attribute(value, rest[0])
            leads_on = len(rest) > 1 and (is_class(inner) or kind_of(inner) is None)
            if inner is None or not (leads_on or type(inner) in _LEAD_ELSEWHERE):
                break
            value, rest = inner, rest[1:]
        else:
            break
    return value, rest


_LEAD_ELSEWHERE = (MethodType, partial)


def sorts(value: Any, rest: tuple[str, ...]) -> bool:
    """Whether a decorator sees to the order of what it enters definitions in."""
    names = (_names_in(function) for function, _ in _run_by(*_lead_on(value, rest)))
    return any(map(_ORDERS.intersection, names))


_ORDERS = frozenset(
    {"sort", "sorted", "insert", "appendleft", "insort", "insort_left", "insort_right"}
    | {"bisect", "bisect_left", "bisect_right", "heappush", "heapify", "move_to_end"}
)


def filled_by_bases(base: Any) -> Iterator[Any]:
    """Yield the same of the code that makes the classes below a base."""
    yield from (each.container for each in places_filled_below(base))


def places_filled_below(base: Any) -> Iterator[Filled]:
    """Yield the same, each with its place."""
    yield from _filled_by(_makers_below(base), {})


def _filled_by(functions: _Reached, attributes: Mapping[str, Any]) -> Iterator[Filled]:
    for function, classes in functions:
        codes = [each for each in _codes_of(function) if changes_something(each)]
        if not codes:
            continue  # nearly every one
        homes = OwnList((None, *classes))
        own: Any = OwnList((attributes, *map(class_attributes, classes)))
        named = ChainMap[str, Any](*own)
        names = function.__globals__
        for code in codes:
            for name in filled_by(code, names):
                yield Filled(names, name, names[name])
            for name in filled_attributes(code, named):
                home = next(home for home, each in zip(homes, own) if name in each)
                yield Filled(home, name, named[name])


def registers_of_bases(base: Any) -> Iterator[Any]:
    """Yield what the code that makes the classes below a base may enter them in."""
    for function, classes in _makers_below(base):
        yield from _registers_named(function, classes)


def _makers_below(base: Any) -> _Reached:
    """Yield what runs as classes below a base are made."""
    if not is_class(base):
        return
    # A class may name its metaclass itself: `metaclass=Registered`.
    meta = OwnList(mro_of(base if issubclass(base, type) else type(base)))
    makers = (
        *((each, ("__init_subclass__",)) for each in mro_of(base)),
        *((each, ("__new__", "__init__")) for each in meta),
    )
    yield from _methods(makers, OwnList((*mro_of(base), *meta)))


def is_register(value: Any, attributes: tuple[str, ...]) -> bool:
    """Whether a method of an object decorates, rather than the object, a function or a class."""
    return (
        bool(attributes)
        and kind_of(value) is None
        and not is_module(value)
        and not _is_of_library(type(value).__module__)
    )


def _run_by(value: Any, rest: tuple[str, ...]) -> _Reached:
    """Yield the functions that run where something decorates, and those of its module they call."""
    waiting = deque(_first_run_by(value, rest))
    seen: set[int] = set()
    while waiting and len(seen) < _FURTHEST:
        function, classes = waiting.popleft()
        if id(function) in seen or _is_of_library(function.__module__):
            continue
        seen.add(id(function))
        yield function, classes
        named: list[Any] = [function.__globals__.get(name) for name in _names_in(function)]
        for called in (*named, *_in_cells(function)):
            if type(called) is FunctionType and called.__globals__ is function.__globals__:
                waiting.append((called, []))
            elif is_class(called):  # `return Task(f)`, which enters itself
                own: list[type] = OwnList(mro_of(called))  # pyright: ignore[reportArgumentType]
                waiting.extend(_methods(((each, _MAKERS) for each in own), own))


def _first_run_by(value: Any, rest: tuple[str, ...]) -> _Reached:
    if type(value) is FunctionType:
        yield value, []
    elif type(value) is MethodType:
        yield from _first_run_by(value.__self__, (value.__name__,))
    elif is_register(value, rest or ("__call__",)):
        own = OwnList(mro_of(type(value)))
        yield from _methods(((each, rest[:1] or ("__call__",)) for each in own), own)
    elif is_class(value):
        own, meta = OwnList(mro_of(value)), OwnList(mro_of(type(value)))
        names = rest[:1] or _MAKERS  # `@Plugin.register`, or `@Plugin`
        makers = (*((each, names) for each in own), *((each, ("__call__",)) for each in meta))
        yield from _methods(makers, OwnList((*own, *meta)))


def _methods(makers: Any, classes: list[type]) -> _Reached:
    """Yield those of some methods that classes have, but for those of Python's own library."""
    own = OwnList(
        each for each in classes if not _is_of_library(class_attributes(each).get("__module__"))
    )
    known = set(map(id, own))
    for cls, names in makers:
        for name in names if id(cls) in known else ():
            method = class_attributes(cls).get(name)
            function = getattr(method, "__func__", method)
            if type(function) is FunctionType:
                yield function, own


def _registers_named(function: FunctionType, classes: list[type]) -> Iterator[Any]:
    """Yield the containers and objects that a function names.

    Args:
        function: the function.
        classes: those whose attributes it may name besides.
    """
    names = _names_in(function)
    for name in names:
        used = function.__globals__.get(name, MISSING)
        if is_class(used):
            yield from _containers(class_attributes(used).values())
        elif issubclass(type(used), _WEAK):
            yield vars(used)["data"]
        elif is_register(used, (name,)):
            yield used
    yield from _containers(_in_cells(function))
    yield from _containers(function.__dict__.values())
    for cls in classes:
        for name in names:
            value = class_attributes(cls).get(name)
            if issubclass(type(value), _CONTAINERS) or is_register(value, (name,)):
                yield value


def _in_cells(function: FunctionType) -> list[Any]:
    cells = (cell for cell in function.__closure__ or () if not is_empty(cell))
    return OwnList(cell.cell_contents for cell in cells)


def _containers(values: Any) -> Iterator[Any]:
    yield from (each for each in list(values) if issubclass(type(each), _CONTAINERS))


def _names_in(function: FunctionType) -> set[str]:
    return {name for code in _codes_of(function) for name in code.co_names}


def _codes_of(function: FunctionType) -> tuple[CodeType, ...]:
    return (function.__code__, *nested_codes(function.__code__))


def _is_of_library(module: Any) -> bool:
    """Whether a function or class is of Python's own library, but for its containers."""
    return str(module).partition(".")[0] not in _CONTAINERS_OF and is_of_standard_library(module)


_CONTAINERS_OF = frozenset({"__main__", "builtins", "collections", "types"})
