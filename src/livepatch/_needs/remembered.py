"""What live values lead to, remembered for as long as code asks for the same of them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import Any

from livepatch._needs.inside import Members
from livepatch._needs.leads import Leads

_Key = tuple[frozenset[str], frozenset[str]]


class Remembered:
    """What names led to, by those of them that tell: a thousand statements ask much the same.

    A name tells if some value that was looked into has an attribute of that name, or if a global
    has it that leads on. Of two sets of names that have the same ones of these, all others are
    names of nothing, and the same values are come to.
    """

    def __init__(self, telling: Iterable[str]) -> None:
        """Begin with names that tell in any case."""
        self._telling = set(telling)
        self._seen: dict[int, Any] = {}  # alive, as long as their ids are asked for
        self._known: dict[_Key, Leads] = {}

    def tell(self, names: Iterable[str]) -> None:
        """Count some names among those that tell."""
        before = len(self._telling)
        self._telling.update(names)
        if len(self._telling) > before:
            self._known.clear()  # they did not, when these were remembered

    def look_into(self, value: Any, members: Members) -> None:
        """Count the names under which a value has something, the first time that it is met."""
        if id(value) not in self._seen:
            self._seen[id(value)] = value
            self.tell(members.names_of(value))

    def of(
        self, names: Collection[str], plain: Collection[str], follow: Callable[[], Leads]
    ) -> Leads:
        """Return what names lead to; it is not to be changed.

        Args:
            names: those that code uses.
            plain: those of objects of which it uses less.
            follow: finds it out, and has all names told that it asks values for.
        """
        key = (
            frozenset(self._telling.intersection(names)),
            frozenset(self._telling.intersection(plain)),
        )
        found = self._known.get(key)
        if found is None:
            before = len(self._telling)
            found = follow()
            if len(self._telling) == before:
                self._known[key] = found
        return found
