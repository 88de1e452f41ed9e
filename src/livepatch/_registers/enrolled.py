"""What those who decorate definitions keep of them: routes, commands, tasks, registers of plugins.

A definition whose statement has changed or gone is struck off their lists first. Else an
application refuses the second view of a name, or asks the first of two routes; and a route that is
gone answers.
"""

from __future__ import annotations

import functools
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from livepatch._python.own import OwnDict, OwnList
from livepatch._registers.entries import Earlier, Entry, items_of
from livepatch._registers.frameworks import see_to_frameworks
from livepatch._registers.item_index import TextIndex
from livepatch._registers.records import keys_of
from livepatch._registers.registers import (
    given_by_bases,
    given_by_decorator,
    is_register,
    lead_to,
    registers_of_bases,
)
from livepatch._statements.made_of import Made, at_home
from livepatch._steps.steps import Steps

_DEEPEST = 4
_MANY = 10_000


@dataclass(slots=True, eq=False)
class Enrolled:
    """What was struck off for a run of statements.

    Attributes:
        entries: from where, in the order in which it was done.
        gone: the entries that did not come back.
        came: what came in their place, a path and the old and the new object each.
        moved: dicts, each with a key and a value that came under it in place of another key.
        replaced: containers, each with a key, and what stood there and what came; no definitions.
        steps: what frameworks keep beside such entries, as it was before and as it is without them.
        unfound: names of objects on whose lists a definition was not found.
        orders: the containers, each with its keys or items as they were.
        standing: what is left in each container, by the ids of both.
    """

    entries: list[Entry] = field(default_factory=OwnList)
    gone: list[Entry] = field(default_factory=OwnList)
    came: OwnList[tuple[str, OwnList[Any]]] = field(default_factory=OwnList)
    moved: OwnList[OwnList[Any]] = field(default_factory=OwnList)
    replaced: OwnList[OwnList[Any]] = field(default_factory=OwnList)
    steps: Steps = field(default_factory=Steps)
    unfound: set[str] = field(default_factory=set)
    orders: list[tuple[Any, list[Any]]] = field(default_factory=OwnList)
    standing: dict[int, set[int]] = field(default_factory=dict)

    def contents(self) -> Iterator[tuple[Any, Any]]:
        """Yield each container once, with a copy of what it holds."""
        for container in {id(each.container): each.container for each in self.entries}.values():
            is_dict = isinstance(container, dict)
            yield container, OwnDict(container) if is_dict else OwnList(container)


def find_entries(
    namespace: Mapping[str, Any], made: Collection[Made], earlier: Earlier
) -> Enrolled:
    """Find what those who decorated some definitions hold of these. Nothing is changed.

    Args:
        namespace: of the module that has them.
        made: the definitions.
        earlier: what is known of the time before the load.
    """
    found = Enrolled()
    made = [at_home(each, namespace) for each in made]
    registers, reached = _registers_of(namespace, made, earlier)
    places: set[tuple[int, int]] = set()

    @functools.cache
    def given() -> set[int]:
        return set(map(id, _given(namespace, made, earlier, registers)))

    for register, wanted in registers.values():
        for entry in earlier.entries_in(register, wanted, given):
            if entry.place not in places:
                places.add(entry.place)
                ways = entry.made.decorators | entry.made.bases
                entry.ways = frozenset(way for way in ways if id(register) in reached[way])
                found.entries.append(entry)
        see_to_frameworks(register, found.entries, found.steps)
    for entry in _names_noted(namespace, made, earlier):
        if entry.place not in places:
            places.add(entry.place)
            found.entries.append(entry)
    entered = {entry.made.name for entry in found.entries}
    for each in made:
        if each.name not in entered and "." not in each.name:
            found.unfound.update(
                path[0]
                for path in each.decorators
                if path[0] in namespace
                and is_register(namespace[path[0]], path[1:])
                and not earlier.has_in_attribute(namespace[path[0]], each)
            )
    return found


def registers_entered(
    namespace: Mapping[str, Any], made: Collection[Made], earlier: Earlier
) -> Iterator[Any]:
    """Yield where who decorates definitions, or derives them, may enter them.

    Args:
        namespace: of the module that is to make them.
        made: the definitions.
        earlier: what is known of the time before the load.
    """
    registers, _ = _registers_of(namespace, made, earlier)
    yield from (register for register, _ in registers.values())


_Registers = OwnDict[int, "tuple[Any, dict[Any, Made]]"]
_Reached = dict["tuple[str, ...]", "set[int]"]


def _registers_of(
    namespace: Mapping[str, Any], made: Collection[Made], earlier: Earlier
) -> tuple[_Registers, _Reached]:
    """Return the registers that may have definitions, and which of them the names lead to.

    Of the first, by the id of a register, itself and the definitions, see `by_key`; of the second
    the ids, by the names of decorators and bases.
    """
    decorated: dict[tuple[str, ...], dict[Any, Made]] = {}
    derived: dict[tuple[str, ...], dict[Any, Made]] = {}
    for each in made:
        keys = dict.fromkeys(keys_of(each), each)
        for paths, by_path in ((each.decorators, decorated), (each.bases, derived)):
            for path in sorted(paths):
                by_path.setdefault(path, {}).update(keys)
    registers, reached = _Registers(), _Reached()
    for by_path in (decorated, derived):
        for path, wanted in by_path.items():
            led = lead_to(namespace, path, earlier.namespaces)
            # Hundreds of classes may have one base.
            found = (
                earlier.registers(*led)
                if by_path is decorated
                else _each_once(registers_of_bases(led[0]))
            )
            reached.setdefault(path, set()).update(map(id, found))
            for register in found:
                registers.setdefault(id(register), (register, {}))[1].update(wanted)
    return registers, reached


def _each_once(values: Iterable[Any]) -> list[Any]:
    return OwnList(OwnDict((id(each), each) for each in values).values())


def _given(
    namespace: Mapping[str, Any], made: Collection[Made], earlier: Earlier, registers: _Registers
) -> Iterator[Any]:
    """Yield the containers that what decorates or bears definitions itself puts something into."""
    objects = OwnList(register for register, _ in registers.values())
    for path in {path for each in made for path in each.decorators}:
        yield from given_by_decorator(*lead_to(namespace, path, earlier.namespaces), objects)
    for path in {path for each in made for path in each.bases}:
        yield from given_by_bases(lead_to(namespace, path, earlier.namespaces)[0], objects)


def _names_noted(
    namespace: Mapping[str, Any], made: Collection[Made], earlier: Earlier
) -> Iterator[Entry]:
    """Yield where what decorates or bears definitions notes their names, and no more than that."""
    indexes: OwnDict[int, TextIndex] = OwnDict()
    for each in made:
        led = OwnDict(
            (way, lead_to(namespace, way, earlier.namespaces))
            for way in each.decorators | each.bases
        )
        kept = [(way, earlier.filled(*led[way])) for way in each.decorators]
        kept += [(way, earlier.filled_below(led[way][0])) for way in each.bases]
        for way, containers in kept:
            for container in containers:
                if id(container) not in indexes:
                    indexes[id(container)] = TextIndex(container, items_of(container))
                for key, value in indexes[id(container)].items_that_name(each):
                    yield Entry(container, key, OwnList([value]), each, ways=frozenset({way}))


def strike_off(enrolled: Enrolled) -> None:
    """Take the entries out of their containers."""
    enrolled.orders += (
        (container, OwnList(contents)) for container, contents in enrolled.contents()
    )
    for call in (*(each.strike_off() for each in reversed(enrolled.entries)), *enrolled.steps.do):
        call()
    for container, contents in enrolled.contents():
        values = (*contents, *contents.values()) if isinstance(container, dict) else contents
        enrolled.standing[id(container)] = set(map(id, values))
