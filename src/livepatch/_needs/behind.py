"""What the live values of globals lead to: the classes of objects, the functions in tables."""

from __future__ import annotations

import builtins
import functools
from collections.abc import Collection, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from types import (
    BuiltinFunctionType,
    FunctionType,
    ModuleType,
)
from typing import Any

from livepatch._needs.inside import (
    INSIDE,
    LIMIT,
    TABLE_TYPES,
    TABLES,
    Members,
    has_members,
    may_lead,
    own_members,
)
from livepatch._needs.leads import Content, Leads
from livepatch._needs.libraries import Libraries
from livepatch._needs.remembered import Remembered
from livepatch._python.code import nested_codes
from livepatch._python.kinds import (
    class_attributes,
    dict_of,
    is_class,
    is_module,
    is_plain_data,
    is_whole,
    mro_of,
    qualified_name,
)
from livepatch._python.layers import layers_of
from livepatch._source.bodies import Bodies
from livepatch._source.source import namespace_of
from livepatch._statements.operations import CALLS, CALLS_FOUND

_DEEPEST = 3
# A library may be given anything; past so many objects that is what the whole program has.
_LIMIT_OF_LIBRARIES = 150
_NO_OBJECTS = (FunctionType, BuiltinFunctionType, ModuleType, *TABLE_TYPES)


Made = tuple[tuple[str, ...], str]
"""A function that another one has made: the path of that, and its name."""


class Behind:
    """Follows live values by the names of attributes; nothing of theirs is called.

    Nothing may refer to this in a cycle: it holds a user's tables, whose holders are sought later.

    Attributes:
        namespace: the live globals.
        bodies: the functions of the module that are not made again.
    """

    def __init__(self, namespace: Mapping[str, Any], bodies: Bodies) -> None:
        self.namespace = namespace
        self.bodies = bodies
        self._asked_of: set[str] = set()  # the names of which it is known whether they lead on
        self._leading: set[str] = set()
        self._contents: dict[int, Content] = {}
        self._begun: set[int] = set()  # the tables that are being looked into
        self._orders: dict[str, list[tuple[str, Collection[str]]]] = {}
        self._members = Members()
        self._remembered = Remembered((CALLS, CALLS_FOUND))

    @functools.cached_property
    def names(self) -> dict[int, str]:
        """The names of the functions and classes among the globals, by the id of each."""
        return {
            id(value): name
            for name, value in list(self.namespace.items())
            if type(value) is FunctionType or is_class(value)
        }

    @functools.cached_property
    def _paths(self) -> dict[int, tuple[str, ...]]:
        """The paths of the functions whose code live functions have, by its id."""
        return {
            id(code): body.path
            for body in self.bodies.functions
            for code in (body.old, *nested_codes(body.old))
        }

    @functools.cached_property
    def _makers(self) -> dict[int, tuple[str, ...]]:
        """The paths of the functions that make functions with some code, by its id."""
        return {
            id(code): body.path for body in self.bodies.functions for code in nested_codes(body.old)
        }

    def wrappers_in(self, value: Any) -> frozenset[Made]:
        """Return what of a value, or in a class, decorators have made: it is called later."""
        waiting, seen = [value], dict[int, Any]()
        for each in waiting:
            if is_class(each) and id(each) not in seen:
                seen[id(each)] = each
                waiting += class_attributes(each).values()
        functions = (layer for each in waiting if not is_class(each) for layer in layers_of(each))
        codes = (each.__code__ for each in functions if type(each) is FunctionType)
        found = ((self._makers.get(id(code)), code.co_name) for code in codes)
        return frozenset((path, name) for path, name in found if path is not None)

    def _leads_on(self, name: str) -> bool:
        """Whether the value of a name leads to more than the definition of that name."""
        value = self.namespace.get(name)
        is_itself = self.names.get(id(value)) == name
        return not is_plain_data(value) and not (is_itself and _leads_nowhere(value, name))

    def order_of(self, name: str) -> list[tuple[str, Collection[str]]]:
        """List the classes that a class of a name has methods of, each with its attributes."""
        if name not in self._orders:
            cls: Any = self.namespace.get(name)
            self._orders[name] = [
                (each, class_attributes(base).keys())
                for base in (mro_of(cls) if is_class(cls) else ())
                for each in self._names_of(base)
            ]
        return self._orders[name]

    def classes_of(self, name: str) -> Iterator[str]:
        """Yield the name of the class whose instance a global is."""
        if name in self.namespace:
            yield from self._names_of(type(self.namespace[name]))

    def is_table(self, name: str) -> bool:
        """Whether a global is a container."""
        return issubclass(type(self.namespace.get(name)), TABLE_TYPES)

    def overrides(self, name: str, method: str) -> bool:
        """Whether a class, by its name, has a method that a class of another module has."""
        cls: Any = self.namespace.get(name)
        homes = map(class_attributes, mro_of(cls)[1:-1] if is_class(cls) and is_whole(cls) else ())
        own = self.namespace.get("__name__")
        return any(method in home and home.get("__module__") != own for home in homes)

    def is_object(self, name: str) -> bool:
        """Whether a global is an object of another kind than definitions, modules and tables."""
        value = self.namespace.get(name)
        return not (is_plain_data(value) or is_class(value) or issubclass(type(value), _NO_OBJECTS))

    def lacks(self, name: str, names: Iterable[str]) -> bool:
        """Whether a class, or an object, of a name may be asked for an attribute it has not got."""
        value: Any = self.namespace.get(name)
        order = mro_of(value if is_class(value) else type(value))
        own = dict_of(value) if not is_class(value) else None
        known = [self.namespace, vars(builtins), *map(class_attributes, order)]
        known += () if own is None else (dict.fromkeys(dict.keys(own)),)
        return any(
            each[:2] != "__" and not any(each in attributes for attributes in known)
            for each in names
        )

    def leads(
        self,
        names: Collection[str],
        picked: Collection[Any],
        plain: Collection[str],
        libraries: Libraries | None = None,
    ) -> Leads:
        """Return what the values of names lead to.

        Args:
            names: those that code uses, of globals and attributes.
            picked: items of tables that it uses besides.
            plain: those of objects of which it uses no methods, and of tables of which no items.
            libraries: reads the code of other modules that these lead to, and says what it asks
                for; None to leave that out.

        Returns:
            Not to be changed.
        """
        self._note_leading(names)
        follow = functools.partial(self._follow, names, picked, plain, libraries)
        if libraries is not None or picked:
            return follow()
        return self._remembered.of(names, plain, follow)

    def _follow(
        self,
        names: Collection[str],
        picked: Iterable[Any],
        plain: Collection[str],
        libraries: Libraries | None,
    ) -> Leads:
        # Alive, as long as their ids are asked for.
        seen, followed = dict[int, Any](), dict[int, Any]()
        found = Leads(set(), set())
        calls_items = CALLS_FOUND in names
        limit = LIMIT if libraries is None else _LIMIT_OF_LIBRARIES
        waiting = [*self._values_of(names, plain), *((each, True) for each in picked)]
        if libraries is not None:
            # A variable `log` is no method of that name.
            libraries.asked = libraries.said.union(set(names) - self.namespace.keys())
            waiting += self._values_in_modules(names, libraries.asked)
            names = libraries.said.union(names)
        for value, is_item in waiting:
            if len(seen) > limit:
                break
            if id(value) in seen or not may_lead(value):
                continue
            seen[id(value)] = value
            kind = type(value)
            self._remembered.look_into(value, self._members)
            found.others.update(self._names_of(kind))
            is_called = not is_item or calls_items
            if self._is_called_through(kind, names, is_item=is_item):
                found.called.add(CALLS_FOUND)
            if is_class(value):
                (found.called if is_called else found.others).update(self._names_of(value))
            elif kind in INSIDE:
                inside = [*INSIDE[kind](value)]
                if is_called and kind is FunctionType:
                    tables = self._add_function(value, found, inside, libraries)
                    waiting += (part for each in tables for part in self._take_called(each, found))
                waiting += ((each, is_item) for each in inside)
                continue
            waiting += self._attributes_of(value, names, found)
            cls = value if is_class(value) else kind
            if id(cls) not in followed:
                followed[id(cls)] = cls
                waiting += self._values_in_class(cls, names, libraries)
        return found

    def _attributes_of(
        self, value: Any, names: Collection[str], found: Leads
    ) -> Iterator[tuple[Any, bool]]:
        """Yield what an object itself has under some names, and what is in it if it is a table."""
        if issubclass(type(value), TABLE_TYPES):
            yield from self._take_content(value, found, names)
        yield from own_members(value, names)
        yield from self._members.in_slots(value, names)

    def _values_in_modules(
        self, names: Collection[str], said: AbstractSet[str]
    ) -> Iterator[tuple[Any, bool]]:
        """Yield what the modules among some globals have under names that code says."""
        for name in names:
            module: Any = self.namespace.get(name)
            there = namespace_of(module) if is_module(module) else {}
            yield from ((there[each], False) for each in sorted(there.keys() & said))

    def _values_in_class(
        self, cls: type, names: Collection[str], libraries: Libraries | None
    ) -> Iterator[tuple[Any, bool]]:
        """Yield what a class has under some names, but for methods; those are read, if at all."""
        if libraries is not None:
            libraries.read_methods(cls)
        return ((value, False) for each, value in self._members.of(cls) if each in names)

    def _note_leading(self, names: Collection[str]) -> None:
        """Find out which of some globals have values that lead on."""
        unknown = set(names) - self._asked_of
        self._asked_of |= unknown
        leading = set(filter(self._leads_on, unknown))
        self._leading |= leading
        self._remembered.tell(leading)

    def _values_of(
        self, names: Collection[str], plain: Collection[str]
    ) -> Iterator[tuple[Any, bool]]:
        """Yield the values of names that lead on, and what of those that are plain does."""
        for name in self._leading.intersection(names):
            value = self.namespace[name]
            yield from own_members(value, names) if name in plain else ((value, False),)

    def _take_content(
        self, table: Any, found: Leads, names: Collection[str]
    ) -> Iterator[tuple[Any, bool]]:
        """Note what the items of a table lead to; yield those that have to be followed."""
        content = self._content_of(table)
        classes = found.others
        if CALLS_FOUND in names:
            classes = found.called
            found.called.update(content.functions.called)
            found.others.update(content.functions.others)
            yield from ((each, True) for each in content.called)
        classes.update(content.classes)
        yield from ((each, True) for each in content.others)

    def _content_of(self, table: Any, depth: int = 0) -> Content:
        known = self._contents.get(id(table))
        if known is not None:
            return known
        base: Any = next(each for each in TABLES if issubclass(type(table), each))
        found = self._contents[id(table)] = Content(table, Leads(set(), set()), set(), [], [])
        self._begun.add(id(table))
        kinds = set[int]()
        for item in TABLES[base](table) if base.__len__(table) <= LIMIT else ():
            kind = type(item)
            if is_plain_data(item):
                continue
            if kind is FunctionType and item.__closure__ is None:
                self._add_function(item, found.functions)
            elif kind in INSIDE:
                found.called.append(item)
            elif kind is type and is_whole(item) and not has_members(item):
                found.classes.update(self._names_of(item))
            elif kind in TABLES and depth < _DEEPEST and self._take_record(item, found, depth):
                continue
            elif is_class(item) or issubclass(kind, TABLE_TYPES) or id(kind) not in kinds:
                kinds.add(id(kind))
                found.others.append(item)
        self._begun.discard(id(table))
        return found

    def _take_record(self, item: Any, found: Content, depth: int) -> bool:
        """Take a record in a table, ``(path, view)``, for a part of that, if it leads no further.

        Returns:
            Whether it was taken.
        """
        if id(item) in self._begun or len(self._contents) > LIMIT:
            return False  # it leads back to the table, or there is too much of it
        inside = self._content_of(item, depth + 1)
        if inside.called or inside.others:
            return False
        found.functions.called.update(inside.functions.called)
        found.functions.others.update(inside.functions.others)
        found.classes.update(inside.classes)
        return True

    def _is_called_through(self, kind: type, names: Collection[str], *, is_item: bool) -> bool:
        """Whether a call may be one of the ``__call__`` of a global's class, or its metaclass."""
        return (
            not is_item
            and CALLS in names
            and kind is not type
            and any(self._names_of(kind))
            and any(CALLS_FOUND in class_attributes(base) for base in mro_of(kind))
        )

    def _names_of(self, cls: type) -> Iterator[str]:
        name = self.names.get(id(cls))
        home = class_attributes(cls).get("__module__") if name is None else None
        if type(home) is str and home == self.namespace.get("__name__"):
            name = (qualified_name(cls) or "").partition(".")[0]  # of the class around it
        if name:
            yield name

    def _take_called(self, table: Any, found: Leads) -> Iterator[tuple[Any, bool]]:
        """Note what the items of a table lead to that are called; yield those to be followed."""
        return self._take_content(table, found, (CALLS_FOUND,))

    def _add_function(
        self,
        function: FunctionType,
        found: Leads,
        inside: Iterable[Any] = (),
        libraries: Libraries | None = None,
    ) -> list[Any]:
        """Note the name of a function, or the names of the one that has made a wrapper.

        Args:
            function: it.
            found: takes the names.
            inside: what it has in its closure.
            libraries: reads its code.

        Returns:
            The tables there, of which it may call the items, if its code is not known: what
            `functools.singledispatch` makes does that.
        """
        name = self.names.get(id(function))
        if name is not None:
            found.called.add(name)
        if name != function.__code__.co_name:
            path = self._paths.get(id(function.__code__), ())
            (found.called if len(path) == 1 else found.others).update(path[:1])
            found.called.update(path[1:][-1:])
        if id(function.__code__) in self._paths:
            return []
        if libraries is not None:
            libraries.read(function)
        return [each for each in inside if type(each) in TABLES]


def _leads_nowhere(value: Any, name: str) -> bool:
    """Whether a function or class of a name leads to nothing but its own code."""
    if type(value) is FunctionType:
        has_values = value.__closure__ or value.__defaults__ or value.__kwdefaults__
        return not has_values and value.__code__.co_name == name
    return type(value) is type and is_whole(value) and not has_members(value)
