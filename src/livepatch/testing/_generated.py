"""Generated modules as data: what stands in them, each definition in one of its ways."""

from __future__ import annotations

from dataclasses import dataclass, replace
from textwrap import indent

from livepatch.testing._grammar import GRAMMAR, PLACES, PRELUDE


@dataclass(frozen=True, slots=True)
class Definition:
    """A definition of a generated module.

    Attributes:
        kind: a key of the grammar.
        name: what it is bound to.
        way: which of the kind's ways it is written in.
        number: what asking it gives.
        place: where it stands, a key of `PLACES`.
    """

    kind: str
    name: str
    way: int
    number: int
    place: str = "top"

    @property
    def source(self) -> str:
        """The statements that make it, where no other class stands before it."""
        return self.source_below("Base")

    def source_below(self, parent: str) -> str:
        """Return the statements that make it, with the name of a class that stands before it."""
        ways = GRAMMAR[self.kind].ways
        text = ways[self.way % len(ways)].format(n=self.name, v=self.number, p=parent)
        place = PLACES[self.place]
        return text if place == "{}" else place.format(indent(text, "    "))


@dataclass(frozen=True, slots=True)
class ModuleSource:
    """A generated module; ``source`` is its text.

    Attributes:
        definitions: in the order in which they stand there.
        blank: how many empty lines stand before the first: an edit that only moves lines.
    """

    definitions: tuple[Definition, ...]
    blank: int = 0

    @property
    def source(self) -> str:
        """The text of the module."""
        parts, parent = [], "Base"
        for each in self.definitions:
            parts.append(each.source_below(parent))
            parent = each.name if each.kind == "class" else parent
        names = [each.name for each in self.definitions]
        return "\n\n\n".join([PRELUDE + "\n" * self.blank, *parts, f"__all__ = {names}\n"])

    def __str__(self) -> str:
        return self.source

    def find(self, name: str) -> Definition | None:
        """Return the definition of a name; None if there is none."""
        return next((each for each in self.definitions if each.name == name), None)

    def with_changed(self, name: str, /, **changes: str | int) -> ModuleSource:
        """Return the module with some fields of one definition changed."""
        found = tuple(
            replace(each, **changes) if each.name == name else each  # type: ignore[arg-type]
            for each in self.definitions
        )
        return replace(self, definitions=found)
