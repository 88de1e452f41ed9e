"""The entries in what those who decorate definitions keep, found by the definitions in them.

Hundreds of modules may share one register, with a thousand entries: it is gone through once.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import FunctionType
from typing import Any

from livepatch._python.kinds import dict_of, is_module, is_plain_data, kind_of
from livepatch._python.library import is_of_standard_library
from livepatch._python.own import MISSING, Call, OwnDict, OwnList
from livepatch._registers.blueprints import applications_of
from livepatch._registers.records import Records, by_key, is_container, leaves_of
from livepatch._registers.registers import filled_by_bases, filled_by_decorator, registers_of
from livepatch._statements.made_of import Made
from livepatch._steps.dicts import kind_of_dict

_DEEPEST = 4
_MANY = 10_000


@dataclass(slots=True, eq=False)
class Entry:
    """A place in a list, dict or set where a definition is, or something that holds it.

    Attributes:
        container: the list, dict or set.
        key: the key, or the index; of a set what is there.
        held: what is there, in a list of livepatch's own.
        made: the definition.
        within: the keys that lead to the container.
        ways: the names of decorators and bases of the definition by which it was found.
    """

    container: Any
    key: Any
    held: OwnList[Any]
    made: Made
    within: tuple[Any, ...] = ()
    ways: frozenset[tuple[str, ...]] = frozenset()

    @property
    def value(self) -> Any:
        """What is there."""
        return self.held[0]

    @property
    def place(self) -> tuple[int, int]:
        """What tells the place from others."""
        # A key may have a hash of its own, which may raise; each number of a list is another.
        return id(self.container), self.key if type(self.key) is int else id(self.key)

    def strike_off(self) -> Call:
        """Return the call that takes it out of its container."""
        if isinstance(self.container, dict):
            return Call(kind_of_dict(self.container).pop, self.container, self.key, None)
        if isinstance(self.container, set):
            return Call(set.discard, self.container, self.value)
        return Call(_remove, self.container, self.key, self.value)

    def put_back(self) -> Call:
        """Return the call that puts it where it was."""
        if isinstance(self.container, dict):
            kind = kind_of_dict(self.container)
            return Call(kind.setdefault, self.container, self.key, self.value)
        if isinstance(self.container, set):
            return Call(set.add, self.container, self.value)
        return Call(type(self.container).insert, self.container, self.key, self.value)


@dataclass(slots=True, eq=False)
class _Place:
    """Something that a register leads to.

    Attributes:
        container: what it is in.
        key: its key there, if that is a container.
        held: itself, in a list of livepatch's own.
        within: the keys that lead to the container.
        around: the places that lead to it, by their numbers.
    """

    container: Any
    key: Any
    held: OwnList[Any]
    within: tuple[Any, ...]
    around: tuple[int, ...]

    def parts(self) -> list[Any]:
        """List what is there, and the key under which a dict has it if that may be a definition."""
        return parts_of_item(self.container, self.key, self.held[0])

    def is_there(self) -> bool:
        """Whether it has not been taken out since."""
        part = self.held[0]
        if isinstance(self.container, dict):
            return dict.get(self.container, self.key, MISSING) is part
        items = list(self.container)
        # Where it was, nearly always.
        near = items[self.key : self.key + 1] if type(self.key) is int else ()
        return any(each is part for each in (*near, *items))


class _Contents:
    """All that a register leads to, by the definitions that are in it."""

    def __init__(self, register: Any, records: Records) -> None:
        self.places: list[_Place] = OwnList(_places_in(register))
        self.by_definition: OwnDict[Any, list[int]] = OwnDict()
        for number, place in enumerate(self.places):
            if place.key is MISSING:
                continue
            for part in place.parts():
                codes, classes = records.inside(part)
                for each in (*codes, *classes):
                    self.by_definition.setdefault(each, []).append(number)

    def entries(
        self, wanted: Mapping[Any, Made], records: Records, given: Callable[[], set[int]]
    ) -> Iterator[Entry]:
        """Yield where some definitions are, but not what is inside of such an entry again."""
        found = {number for each in wanted for number in self.by_definition.get(each, ())}
        for number in sorted(found):
            place = self.places[number]
            if found.isdisjoint(place.around) and place.is_there():
                made_there = records.made_in_one(place.parts(), wanted)
                if made_there is not None:
                    place = self._record_of(place, made_there, records, given)
                    held = OwnList(place.held)
                    yield Entry(place.container, place.key, held, made_there, place.within)

    def _record_of(
        self, place: _Place, made: Made, records: Records, given: Callable[[], set[int]]
    ) -> _Place:
        """Return the place of the record that a definition is in, ``[path, view]``, or its own."""
        around = OwnList(self.places[number] for number in place.around)
        for at, each in enumerate(around):
            if is_container(each.container) and id(each.container) in given():
                are_plain = all(is_container(inner.held[0]) for inner in around[at:])
                is_record = are_plain and _is_record(each, made, records)
                return each if is_record else place
        return place


def _is_record(place: _Place, made: Made, records: Records) -> bool:
    """Whether a container in a register is of one definition, and not a group for several.

    A group has no more in it than definitions: ``{"GET": view}``, ``[handler]``. It is found there
    again by its key.
    """
    leaves = leaves_of(place.held[0])
    wanted = by_key([made])
    others = OwnList(each for each in leaves if records.made_inside(each, wanted) is None)
    if any(map(_is_of_program, map(records.inside, others))):
        return False
    return bool(others) or isinstance(place.container, (list, deque))


def _is_of_program(inside: tuple[tuple[int, ...], frozenset[tuple[Any, Any]]]) -> bool:
    codes, classes = inside
    # Those made in C have no home.
    homes = (home for home, _ in classes if home is not None)
    return bool(codes) or not all(map(is_of_standard_library, homes))


def _places_in(register: Any) -> Iterator[_Place]:
    seen: set[int] = set()
    level: list[tuple[Any, tuple[Any, ...], tuple[int, ...]]] = OwnList([(register, (), ())])
    number = 0
    for _ in range(_DEEPEST):
        following: list[tuple[Any, tuple[Any, ...], tuple[int, ...]]] = OwnList()
        for value, within, around in level:
            if id(value) in seen:
                continue
            if len(seen) > _MANY:
                return  # the nearest have been seen
            seen.add(id(value))
            for key, part in _items_in(value):
                yield _Place(value, key, OwnList([part]), within, around)
                if kind_of(part) is None and not is_module(part):
                    following.append((part, (*within, key), (*around, number)))
                number += 1
        level = following


def _items_in(value: Any) -> list[tuple[Any, Any]]:
    """List the entries of a container, and what may have entries: in a tuple too."""
    if issubclass(type(value), tuple):
        return [(MISSING, part) for part in tuple.__iter__(value) if is_container(part)]
    return items_of(value)


class Earlier:
    """What is known of the time before the load.

    Attributes:
        namespaces: what the namespaces of the modules of the reload were; some have run by now.
    """

    def __init__(self, namespaces: Mapping[str, Mapping[str, Any]]) -> None:
        self.namespaces = namespaces
        self._records = Records()
        self._contents: OwnDict[int, _Contents] = OwnDict()
        self._registers: OwnDict[tuple[Any, ...], list[Any]] = OwnDict()
        self._filled: OwnDict[tuple[Any, ...], list[Any]] = OwnDict()
        self._methods: OwnDict[int, OwnList[Any]] = OwnDict()
        self._copied: set[int] = set()
        self._seen: OwnDict[int, Any] = OwnDict()

    def registers(self, value: Any, rest: tuple[str, ...]) -> list[Any]:
        """List what `registers_of` finds, and what has registered that itself."""
        key = (id(value), *rest)
        if key not in self._registers:
            found = OwnList(registers_of(value, rest))
            found += [app for each in found for app in applications_of(each)]
            self._registers[key] = found
        return self._registers[key]

    def filled(self, value: Any, rest: tuple[str, ...]) -> list[Any]:
        """List what `filled_by_decorator` finds."""
        key = (id(value), *rest)
        if key not in self._filled:
            self._filled[key] = OwnList(filled_by_decorator(value, rest))
        return self._filled[key]

    def filled_below(self, base: Any) -> list[Any]:
        """List what `filled_by_bases` finds."""
        key = ("below", id(base))
        if key not in self._filled:
            self._filled[key] = OwnList(filled_by_bases(base))
        return self._filled[key]

    def entries_in(
        self, register: Any, wanted: Mapping[Any, Made], given: Callable[[], set[int]]
    ) -> Iterator[Entry]:
        """Yield where in a register some definitions are.

        Args:
            register: where to look.
            wanted: the definitions, see `by_key`.
            given: returns the ids of containers of which an item is an entry as a whole, where it
                is a record that has a definition in it.
        """
        return self._contents_of(register).entries(wanted, self._records, given)

    def has_in_attribute(self, register: Any, made: Made) -> bool:
        """Whether an object has a definition in an attribute, which is set again with it."""
        wanted = by_key([made])
        attributes = list((dict_of(register) or {}).values())
        return self._records.made_in_one(attributes, wanted) is not None

    def _contents_of(self, register: Any) -> _Contents:
        if id(register) not in self._contents:
            self._contents[id(register)] = _Contents(register, self._records)
        return self._contents[id(register)]

    def containers_in(self, register: Any) -> list[Any]:
        """List what a register leads to, itself first: each container is among that, if empty."""
        inside = (each.held[0] for each in self._contents_of(register).places)
        return OwnList((register, *inside))

    def methods_of(
        self, cls: type, found_in: Callable[[type], Iterable[FunctionType]]
    ) -> Iterable[FunctionType]:
        """Return what a function finds in a class, which it is asked for once."""
        known = self._methods.get(id(cls))
        if known is None:
            # With the class: it is alive as long as it is known by its id.
            known = self._methods[id(cls)] = OwnList((cls, OwnList(found_in(cls))))
        methods: OwnList[FunctionType] = known[1]
        return methods

    def not_copied(self, copies: Iterable[OwnList[Any]]) -> Iterator[OwnList[Any]]:
        """Yield the containers, each with a copy, of which there is none from before the load."""
        return (each for each in copies if self.is_first_copy(each[0]))

    def is_first_copy(self, value: Any) -> bool:
        """Whether there is no copy yet of what a value holds, which is alive until the end."""
        known = len(self._copied)
        self._copied.add(id(value))
        return len(self._copied) > known

    def is_new(self, value: Any) -> bool:
        """Whether a value has not been looked into yet for what it holds."""
        known = len(self._seen)
        self._seen[id(value)] = value  # alive as long as it is known by its id
        return len(self._seen) > known

    def forget(self) -> None:
        """Let go of all that was looked into."""
        self._records.clear()
        for known in (self._contents, self._registers, self._filled, self._methods, self._seen):
            known.clear()


def parts_of_item(container: Any, key: Any, value: Any) -> list[Any]:
    """List a value, and its key in a dict if that may be or have a definition: ``RULES[view]``."""
    with_key = isinstance(container, dict) and not is_plain_data(key)
    return OwnList((value, key) if with_key else (value,))


def items_of(value: Any) -> list[tuple[Any, Any]]:
    """List the entries of a container, or the attributes of an object, which are no entries."""
    if issubclass(type(value), dict):
        return list(dict.items(value)) if len(value) <= _MANY else []
    if type(value) in (list, deque):
        return list(enumerate(value)) if len(value) <= _MANY else []
    if type(value) is set:
        return [(part, part) for part in value] if len(value) <= _MANY else []
    attributes = dict_of(value)
    return [(MISSING, part) for part in list((attributes or {}).values())]


def _remove(container: list[Any] | deque[Any], place: Any, value: Any) -> None:
    # Where it was, nearly always; what stands in an attribute has no number.
    if type(place) is int and place < len(container) and container[place] is value:
        del container[place]
        return
    for index, each in enumerate(container):
        if each is value:
            del container[index]
            return
