"""The items of a container, found by the definitions in them and by the texts that they say.

A register of a thousand items is asked for each of a thousand definitions: it is gone through once.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from functools import cached_property
from itertools import compress
from operator import and_, itemgetter, not_
from typing import Any

from livepatch._python.own import OwnDict, OwnList
from livepatch._registers.entries import items_of, parts_of_item
from livepatch._registers.records import Records, keys_of, leaves_of
from livepatch._statements.made_of import Made

_SAYS_LITTLE = (str, bool, type(None))
_MAY_SAY = frozenset(map(id, (*_SAYS_LITTLE, tuple)))  # a metaclass may have its own hash
_key_of, _value_of = itemgetter(0), itemgetter(1)


class ItemIndex:
    """The items of a container, as they are when this is made."""

    def __init__(
        self, container: Any, records: Records, skipped: Collection[int], *, with_leaves: bool
    ) -> None:
        """Go through a container.

        Args:
            container: whose items.
            records: what has been looked into.
            skipped: the ids of values that are not looked into.
            with_leaves: whether to look into containers among the items.
        """
        self._items: list[tuple[Any, Any]] = OwnList(items_of(container))
        self._container = container
        self._by_definition: OwnDict[Any, OwnList[tuple[int, Any]]] = OwnDict()
        are_old = map(skipped.__contains__, map(id, map(_value_of, self._items)))
        if isinstance(container, dict):
            are_old = map(
                and_, are_old, map(skipped.__contains__, map(id, map(_key_of, self._items)))
            )
        # Nearly all have been there before, and are not even gone through.
        for number, (key, value) in compress(enumerate(self._items), map(not_, are_old)):
            for part in parts_of_item(container, key, value):
                if id(part) in skipped:
                    continue
                for leaf in leaves_of(part) if with_leaves else (part,):
                    codes, classes = records.inside(leaf)
                    for each in (*codes, *classes):
                        self._by_definition.setdefault(each, OwnList()).append((number, part))

    @cached_property
    def _by_text(self) -> TextIndex:
        return TextIndex(self._container, self._items)

    def items_with(self, made: Made, not_counted: Collection[Any], *, by_name: bool) -> list[Any]:
        """List the items that a definition is in, each with its key.

        Args:
            made: the definition.
            not_counted: keys and values that do not count.
            by_name: whether those count that say its name, and no more.
        """
        found = {
            number
            for each in keys_of(made)
            for number, part in self._by_definition.get(each, ())
            if all(part is not other for other in not_counted)
        }
        found.update(self._by_text.numbers_that_name(made) if by_name else ())
        return [self._items[number] for number in sorted(found)]


class TextIndex:
    """The items of a container that say the name of a definition, and no more than that."""

    def __init__(self, container: Any, items: Iterable[tuple[Any, Any]]) -> None:
        """Go through the items of a container."""
        self._items: list[tuple[Any, Any]] = OwnList(items)
        self._numbers: dict[str, list[int]] = {}
        kinds = map(id, map(type, map(_value_of, self._items)))
        may_say = map(_MAY_SAY.__contains__, kinds)  # most registers have objects
        for number, (key, value) in compress(enumerate(self._items), may_say):
            for text in _texts_of(container, key, value):
                self._numbers.setdefault(text, []).append(number)

    def numbers_that_name(self, made: Made) -> list[int]:
        """List which items name a definition."""
        found = (self._numbers.get(name, ()) for name in _texts_naming(made))
        return sorted({number for numbers in found for number in numbers})

    def items_that_name(self, made: Made) -> list[tuple[Any, Any]]:
        """List the items that name a definition, each with its key."""
        return [self._items[number] for number in self.numbers_that_name(made)]


def says_name(made: Made, container: Any, key: Any, value: Any) -> bool:
    """Whether an entry says what a definition is called, among other texts at most.

    ``NAMES.append(name)``, ``FLAGS[name] = True``, ``PATHS[path] = name``, ``[(path, name)]``.
    What stands under a name may be another matter: what a program counts there, say.
    """
    return any(text in _texts_naming(made) for text in _texts_of(container, key, value))


def _texts_naming(made: Made) -> tuple[str, str]:
    return made.name, f"{made.home}.{made.name}"


def _texts_of(container: Any, key: Any, value: Any) -> list[str]:
    said = [*value] if type(value) is tuple else [value]
    if not all(type(each) in _SAYS_LITTLE for each in said):
        return []
    if isinstance(container, dict):
        said.append(key)
    return [each for each in said if type(each) is str]
