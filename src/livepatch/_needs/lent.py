"""Names that a module deletes again, and that statements need which run alone: ``del _os``.

The statements that bind them run once more for that. What they make is not another one for it: who
used it before does not run because of them.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from livepatch._python.code import globals_read, nested_codes
from livepatch._statements.statements import Statement
from livepatch._statements.syntax import FUNCTIONS


@dataclass(eq=False)
class Lent:
    """Finds what binds the deleted names that a statement needs.

    Attributes:
        statements: all of a module.
        binders: the places of those that bind or delete a name, in order, by the name.
        namespace: the live globals.
    """

    statements: list[Statement]
    binders: Mapping[str, list[int]]
    namespace: Mapping[str, Any]
    _needed: dict[int, list[int]] = field(default_factory=dict)
    _read: dict[int, frozenset[str]] = field(default_factory=dict)

    def needed_by(self, index: int) -> list[int]:
        """List the places of the statements that bind the deleted names which one needs."""
        if index not in self._needed:
            names = self._names_needed_by(index) if self.deleted else ()
            self._needed[index] = [place for name in names for place in self._bind(name, index)]
        return self._needed[index]

    @cached_property
    def deleted(self) -> frozenset[str]:
        """The names that statements bind, and that are not there."""
        absent = self.binders.keys() - self.namespace.keys()
        return frozenset(name for name in absent if not hasattr(builtins, name))

    def _bind(self, name: str, index: int) -> Iterator[int]:
        """Yield the places of what binds a name before a statement, back to where it is deleted."""
        for place in reversed(self.binders[name]):
            if place < index:
                if all(isinstance(node, ast.Delete) for node in self.statements[place].nodes):
                    return
                yield place

    def _names_needed_by(self, index: int) -> set[str]:
        """Return the deleted names that a statement reads, and those that functions read for it.

        Which of these it calls is not asked: one that reads what is not there can be called while
        the module runs, and never again.
        """
        statement = self.statements[index]
        found = set(statement.reads)
        if not all(_is_plain_function(node) for node in statement.nodes):
            found.update(self._read_in(index))
        waiting = list(found)
        for name in waiting:
            for place in self.binders.get(name, ()):
                if place < index:
                    more = self._read_in(place) - found
                    found |= more
                    waiting += more
        return found & self.deleted

    def _read_in(self, index: int) -> frozenset[str]:
        """Return the globals that the functions and classes of a statement read."""
        if index not in self._read:
            outer = self.statements[index].codes
            codes = (each for code in outer for each in (code, *nested_codes(code)))
            self._read[index] = frozenset(name for code in codes for name in globals_read(code))
        return self._read[index]


def _is_plain_function(node: ast.stmt) -> bool:
    return isinstance(node, FUNCTIONS) and not node.decorator_list
