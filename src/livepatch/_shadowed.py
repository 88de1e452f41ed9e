"""Which of several statements has the last word on a name: ``def scan``, then ``from fast import``.

One that binds a name only where a condition holds may not have bound it: the accelerated `scan` is
not there. And where it has, the definition before it has another name at best: ``py_scan = scan``.
Whoever was given that one has the object itself, and no name leads to it any more; so it does not
go on to be the very one where its statement runs again.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import FunctionType, MethodType
from typing import Any

from livepatch._kinds import class_attributes, is_class, kind_of, mro_of, qualified_name
from livepatch._nested import absolute_name
from livepatch._statements import Statement
from livepatch._syntax import definitions, imports_all, names_bound_perhaps


@dataclass(frozen=True, slots=True, eq=False)
class Words:
    """Tells who has the last word.

    Attributes:
        statements: all of a module.
        binders: the places of those that bind or delete a name, in order, by the name.
        namespace: the live globals.
        stars: the places of those that import everything, each with what it is imported from.
    """

    statements: list[Statement]
    binders: Mapping[str, list[int]]
    namespace: dict[str, Any]
    stars: list[tuple[int, Mapping[str, Any]]] = field(default_factory=list)

    def note_stars(self) -> None:
        """Find the statements that import everything, and from where."""
        for index, statement in enumerate(self.statements):
            for name in imports_all(statement.nodes):
                home = sys.modules.get(absolute_name(name, self.namespace))
                self.stars.append((index, vars(home) if home is not None else {}))

    def has_last(self, name: str, at: int) -> bool | None:
        """Return whether a name leads to what a statement binds it to; None if it is not known.

        Args:
            name: of a global.
            at: the place of the statement.
        """
        later = [self.statements[each] for each in self.binders[name] if each > at]
        if any(name not in names_bound_perhaps(each.nodes) for each in later):
            return False
        if name not in self.namespace:
            return True  # none of those has bound it
        value = self.namespace[name]
        found = [each for each in definitions(self.statements[at].nodes) if each.name == name]
        if found and is_called(value, name, self.namespace):
            codes = [code for each in later for code in each.old_codes or ()]
            is_later = type(value) is FunctionType and any(value.__code__ is each for each in codes)
            return not is_later
        if self.star_behind(name, at) is not None:
            return False
        if found and not found[-1].decorator_list:
            return not later
        return None if later else True

    def star_behind(self, name: str, at: int) -> int | None:
        """Return where a definition's name is taken by an import of everything behind it.

        None where it is not. Data may be what that module has imported from this one.
        """
        value = self.namespace.get(name, self)
        if not self.stars or not self._defines(at, name) or is_called(value, name, self.namespace):
            return None  # nearly every one
        behind = [place for place, home in self.stars if place > at and home.get(name) is value]
        return max(behind, default=None)

    def shadowed(self, index: int) -> dict[str, int]:
        """Return the definitions that a statement reads and that no name leads to any more.

        Each with the place of the statement that makes it.
        """
        found: dict[str, int] = {}
        for name in self.statements[index].reads:
            binders = self.binders.get(name, ())
            at = max((each for each in binders if each < index), default=None)
            if at is not None and self._defines(at, name) and self.has_last(name, at) is False:
                found[name] = at
        return found

    def _defines(self, at: int, name: str) -> bool:
        return any(each.name == name for each in definitions(self.statements[at].nodes))


def is_called(value: Any, home: str, namespace: Mapping[str, Any]) -> bool:
    """Whether a value is a function or class that a module has defined in a place of its own."""
    if qualified_name(value) != home:
        return False
    module = class_attributes(value).get("__module__") if is_class(value) else value.__module__
    return bool(module == namespace.get("__name__"))


def is_at(names: tuple[str, ...], definition: Any, value: Any) -> bool:
    """Whether a value is what names lead to from a definition, a method bound to the class say."""
    cls: Any = None
    found = definition
    for name in names:
        if not is_class(found):
            return False
        cls = found
        orders = (class_attributes(base) for base in mro_of(cls))
        found = next((each[name] for each in orders if name in each), None)
    if type(found) is classmethod:
        return (
            type(value) is MethodType and value.__func__ is found.__func__ and value.__self__ is cls
        )
    if type(found) is staticmethod:
        return value is found.__func__
    return kind_of(found) is not None and value is found
