"""Which of the definitions that came is which of those of its name that there were."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from itertools import islice
from typing import Any

from livepatch._python.code import same_code
from livepatch._python.kinds import is_plain_data, kind_of
from livepatch._python.own import OwnList
from livepatch._registers.entries import Entry
from livepatch._registers.records import functions_among, leaves_of, parts_of
from livepatch._source.scope import constant_shell
from livepatch._statements.made_of import Made

Found = tuple[Entry, "Made | None", "list[tuple[Any, Any]]"]
"""An entry, the definition that was made again, and the keys and values that came for it."""


def dealt(found: list[Found], by_program: set[int]) -> Iterator[Found]:
    """Yield what was found; several entries of one definition in a list each with its own.

    What is left of the entries the statements make no more.
    """
    groups: dict[tuple[int, str], list[Entry]] = {}
    all_came: dict[tuple[int, str], list[tuple[Any, Any]]] = {}
    for entry, _, came in found:
        if came and isinstance(entry.container, (list, deque)) and id(entry) not in by_program:
            key = id(entry.container), entry.made.name
            groups.setdefault(key, OwnList()).append(entry)
            all_came.setdefault(key, came)
    own: dict[int, list[tuple[Any, Any]]] = {}
    for key, group in groups.items():
        own.update(_deal(group, OwnList(all_came[key])))
    for entry, successor, came in found:
        dealt = own.get(id(entry), came)
        yield entry, None if came and not dealt else successor, dealt


def _deal(group: list[Entry], waiting: list[tuple[Any, Any]]) -> dict[int, list[tuple[Any, Any]]]:
    """Return by the ids of entries what came for each.

    What says the same is the same, and the last of definitions the last one; of the others the
    first came for the first.
    """
    own: dict[int, list[tuple[Any, Any]]] = {id(entry): OwnList() for entry in group}
    last = group[-1]
    if len(group) > 1 and kind_of(last.value) is not None is not kind_of(waiting[-1][1]):
        own[id(last)].append(waiting.pop())  # the name leads to these
    for is_alike in (_says_and_does_the_same, _says_the_same_constants):
        for entry in group:
            alike = (at for at, each in enumerate(waiting) if is_alike(entry, *each))
            if not own[id(entry)]:
                own[id(entry)] += (waiting.pop(at) for at in islice(alike, 1))
    for entry in group:
        if waiting and not own[id(entry)]:
            own[id(entry)].append(waiting.pop(0))
    for each in waiting:
        # To the one that it stands behind; nearly always there is none left.
        before = [entry for entry in group if own[id(entry)][0][0] < each[0]]
        own[id((before or group[:1])[-1])].append(each)
    return own


def _says_and_does_the_same(entry: Entry, key: Any, value: Any) -> bool:
    """Whether it is of the same definition: several may have one name, ``def _(...)``."""
    codes = [
        [function.__code__ for function in functions_among(parts_of(each))]
        for each in (entry.value, value)
    ]
    return (
        len(codes[0]) == len(codes[1])
        and all(map(same_code, *codes))
        and _says_the_same_constants(entry, key, value)
    )


def _says_the_same_constants(entry: Entry, key: Any, value: Any) -> bool:
    return constants_of(entry.key, entry.value) == constants_of(key, value)


def constants_of(key: Any, value: Any) -> frozenset[Any]:
    """Return what an entry says: the constants in it, and the text it stands under."""
    parts: list[Any] = OwnList(part for leaf in leaves_of(value) for part in parts_of(leaf))
    parts += (key,) if type(key) is str else ()
    return frozenset(constant_shell(part, set()) for part in parts if is_plain_data(part))
