"""What those who decorate definitions keep of them: routes, commands, tasks, registers of plugins.

A definition whose statement has changed or gone is struck off their lists first. Else an
application refuses the second view of a name, or asks the first of two routes; and a route that is
gone answers.
"""

from __future__ import annotations

import dataclasses
import gc
import inspect
import sys
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from types import CodeType, FunctionType, ModuleType
from typing import Any

from livepatch._code import nested_codes
from livepatch._frameworks import see_to_frameworks
from livepatch._kinds import class_attributes, dict_of, is_class, kind_of, mro_of, qualified_name
from livepatch._own import Call, OwnDict, OwnList
from livepatch._steps import MISSING, Steps

_DEEPEST = 4
_MANY = 10_000
_LAYERS = 8


@dataclass(frozen=True, slots=True)
class Made:
    """A definition that is decorated.

    Attributes:
        name: the global that its statement binds.
        decorators: the names that lead to what decorates it: ``("app", "route")``.
        codes: its code.
        bases: the names that lead to the bases and the metaclass of a class.
        home: the name of its module.
    """

    name: str
    decorators: frozenset[tuple[str, ...]]
    codes: tuple[CodeType, ...]
    bases: frozenset[tuple[str, ...]] = frozenset()
    home: str = ""

    @property
    def is_class(self) -> bool:
        """Whether it is a class: those do not keep their code, and go by their names."""
        return not all(code.co_flags & inspect.CO_OPTIMIZED for code in self.codes)


@dataclass(slots=True, eq=False)
class Entry:
    """A place in a list or dict where a definition is, or something that holds it.

    Attributes:
        container: the list or dict.
        key: the key, or the index.
        held: what is there, in a list of livepatch's own.
        made: the definition.
        within: the keys that lead to the container.
    """

    container: Any
    key: Any
    held: OwnList[Any]
    made: Made
    within: tuple[Any, ...] = ()

    @property
    def value(self) -> Any:
        """What is there."""
        return self.held[0]

    def strike_off(self) -> Call:
        """Return the call that takes it out of its container."""
        if isinstance(self.container, dict):
            return Call(dict.pop, self.container, self.key, None)
        return Call(_remove, self.container, self.value)

    def put_back(self) -> Call:
        """Return the call that puts it where it was."""
        if isinstance(self.container, dict):
            return Call(dict.setdefault, self.container, self.key, self.value)
        return Call(list.insert, self.container, self.key, self.value)


@dataclass(slots=True, eq=False)
class Enrolled:
    """What was struck off for a run of statements.

    Attributes:
        entries: from where, in the order in which it was done.
        gone: the entries that did not come back.
        came: what came in their place, a path and the old and the new object each.
        moved: dicts, each with a key and a value that came under it in place of another key.
        steps: what frameworks keep beside such entries, as it was before and as it is without them.
        unfound: names of objects on whose lists a definition was not found.
        orders: the dicts, each with its keys as they were.
    """

    entries: list[Entry] = field(default_factory=OwnList)
    gone: list[Entry] = field(default_factory=OwnList)
    came: OwnList[tuple[str, OwnList[Any]]] = field(default_factory=OwnList)
    moved: OwnList[OwnList[Any]] = field(default_factory=OwnList)
    steps: Steps = field(default_factory=Steps)
    unfound: set[str] = field(default_factory=set)
    orders: list[tuple[dict[Any, Any], list[Any]]] = field(default_factory=OwnList)

    def contents(self) -> Iterator[tuple[Any, Any]]:
        """Yield each container once, with a copy of what it holds."""
        for container in {id(each.container): each.container for each in self.entries}.values():
            is_dict = isinstance(container, dict)
            yield container, OwnDict(container) if is_dict else OwnList(container)


def find_entries(namespace: Mapping[str, Any], made: Collection[Made]) -> Enrolled:
    """Find what those who decorated some definitions hold of these. Nothing is changed."""
    found = Enrolled()
    made = [at_home(each, namespace) for each in made]
    registers: OwnDict[int, tuple[Any, dict[int, Made]]] = OwnDict()
    for each in made:
        by_bases = (registers_of_bases(namespace, path) for path in each.bases)
        by_decorators = (_registers_of(namespace, path) for path in each.decorators)
        for register in chain(*by_bases, *by_decorators):
            wanted = registers.setdefault(id(register), (register, {}))[1]
            wanted.update((id(code), each) for code in each.codes)
    places: set[tuple[int, int]] = set()
    for register, wanted in registers.values():
        for entry in _entries_in(register, wanted):
            # A key may have a hash of its own, which may raise; each number of a list is another.
            key = entry.key if type(entry.key) is int else id(entry.key)
            if (id(entry.container), key) not in places:
                places.add((id(entry.container), key))
                found.entries.append(entry)
        see_to_frameworks(register, found.entries, found.steps)
    entered = {entry.made.name for entry in found.entries}
    for each in made:
        if each.name not in entered:
            found.unfound.update(
                path[0]
                for path in each.decorators
                if path[0] in namespace and _is_register(namespace[path[0]], path[1:])
            )
    return found


def _registers_of(namespace: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[Any]:
    """Yield what a decorator may enter definitions in: its object, or what a function names."""
    value, rest = _led_to(namespace, path)
    if _is_register(value, rest):
        yield value
    if type(value) is FunctionType and not _is_of_library(value.__module__):
        yield from _registers_named(value)


def _led_to(namespace: Mapping[str, Any], path: tuple[str, ...]) -> tuple[Any, tuple[str, ...]]:
    """Return what names lead to, through modules, and the names that are left."""
    value, rest = namespace.get(path[0], MISSING), path[1:]
    while isinstance(value, ModuleType) and rest:
        value, rest = value.__dict__.get(rest[0], MISSING), rest[1:]
    return value, rest


def _registers_named(function: FunctionType) -> Iterator[Any]:
    """Yield the containers and objects among the globals that a function names."""
    for name in _names_in(function):
        used = function.__globals__.get(name, MISSING)
        if is_class(used):
            attributes = list(class_attributes(used).values())
            yield from (each for each in attributes if isinstance(each, (dict, list)))
        elif _is_register(used, (name,)):
            yield used


def at_home(made: Made, namespace: Mapping[str, Any]) -> Made:
    """Say of which module a definition is: others have classes of the same name."""
    return dataclasses.replace(made, home=namespace.get("__name__", ""))


def registers_of_bases(namespace: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[Any]:
    """Yield what the code that makes the classes below a base may enter them in."""
    base, _ = _led_to(namespace, path)
    if not is_class(base):
        return
    makers = OwnList(
        (cls, names)
        for cls, names in (
            *((each, ("__init_subclass__",)) for each in mro_of(base)),
            *((each, ("__new__", "__init__")) for each in mro_of(type(base))),
        )
        if not _is_of_library(class_attributes(cls).get("__module__"))
    )
    for cls, names in makers:
        for function in (class_attributes(cls).get(name) for name in names):
            function = getattr(function, "__func__", function)  # noqa: PLW2901 - inside
            if type(function) is FunctionType:
                yield from _registers_named(function)
                for name in _names_in(function):
                    kept = (class_attributes(each).get(name) for each, _ in makers)
                    yield from (each for each in kept if isinstance(each, (dict, list)))


def _names_in(function: FunctionType) -> set[str]:
    return {name for code in _codes_of(function) for name in code.co_names}


def _codes_of(function: FunctionType) -> tuple[CodeType, ...]:
    return (function.__code__, *nested_codes(function.__code__))


def _is_register(value: Any, attributes: tuple[str, ...]) -> bool:
    """Whether a method of an object decorates, rather than the object, a function or a class."""
    return (
        bool(attributes)
        and kind_of(value) is None
        and not isinstance(value, ModuleType)
        and not _is_of_library(type(value).__module__)
    )


def _is_of_library(module: Any) -> bool:
    """Whether a function or class is of Python's own library, but for its containers."""
    top = str(module).partition(".")[0]
    return top in sys.stdlib_module_names and top not in _CONTAINERS_OF


_CONTAINERS_OF = frozenset({"__main__", "builtins", "collections"})


def _entries_in(root: Any, wanted: Mapping[int, Made]) -> Iterator[Entry]:
    seen: set[int] = set()
    level: list[tuple[Any, tuple[Any, ...]]] = OwnList([(root, ())])
    for _ in range(_DEEPEST):
        following: list[tuple[Any, tuple[Any, ...]]] = OwnList()
        for value, within in level:
            if id(value) in seen:
                continue
            if len(seen) > _MANY:
                return  # the nearest have been seen
            seen.add(id(value))
            for key, part in items_of(value):
                made = made_inside(part, wanted) if key is not MISSING else None
                if made is not None:
                    yield Entry(value, key, OwnList([part]), made, within)
                elif kind_of(part) is None and not isinstance(part, ModuleType):
                    following.append((part, (*within, key)))
        level = following


def items_of(value: Any) -> list[tuple[Any, Any]]:
    """List the entries of a container, or the attributes of an object, which are no entries."""
    if isinstance(value, dict):
        return list(dict.items(value)) if len(value) <= _MANY else []
    if type(value) is list:
        return list(enumerate(value)) if len(value) <= _MANY else []
    attributes = dict_of(value)
    return [(MISSING, part) for part in list((attributes or {}).values())]


def made_inside(value: Any, wanted: Mapping[int, Made]) -> Made | None:
    """Return which of some definitions a value is, or holds in an attribute."""
    parts = parts_of(value)
    for function in functions_among(parts):
        if id(function.__code__) in wanted:
            return wanted[id(function.__code__)]
    names = {
        (class_attributes(part).get("__module__"), qualified_name(part))
        for part in parts
        if is_class(part)
    }
    classes = (made for made in wanted.values() if made.is_class)
    return next((made for made in classes if (made.home, made.name) in names), None)


def parts_of(value: Any) -> list[Any]:
    """List a value and, if it is an object that may be a record of a definition, its attributes."""
    parts: list[Any] = OwnList([value])
    if type(value) is tuple:
        parts += value
    elif kind_of(value) is None and not isinstance(value, (ModuleType, dict, list, set)):
        parts += (dict_of(value) or {}).values()
        parts += (each for each in gc.get_referents(value) if type(each) is FunctionType)
        if type(value).__flags__ & _HEAP_TYPE:
            parts += class_attributes(type(value)).values()
    return parts


_HEAP_TYPE = 1 << 9  # Py_TPFLAGS_HEAPTYPE (Include/object.h)


def functions_among(values: list[Any]) -> Iterator[FunctionType]:
    """Yield the functions among values, behind wrappers too."""
    seen: set[int] = set()
    level = values
    for _ in range(_LAYERS):
        following: list[Any] = OwnList()
        for value in level:
            kind = kind_of(value)
            if kind is None or id(value) in seen or is_class(value):
                continue
            seen.add(id(value))
            if type(value) is FunctionType:
                yield value
            following += (part for _, part in kind.parts(value))
        level = following


def strike_off(enrolled: Enrolled) -> None:
    """Take the entries out of their containers."""
    for container, contents in enrolled.contents():
        if isinstance(container, dict):
            enrolled.orders.append((container, OwnList(contents)))
    for call in (*(each.strike_off() for each in reversed(enrolled.entries)), *enrolled.steps.do):
        call()


def _remove(container: list[Any], value: Any) -> None:
    for index, each in enumerate(container):
        if each is value:
            del container[index]
            return
