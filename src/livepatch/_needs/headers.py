"""What making a definition uses."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from livepatch._python.kinds import is_class, is_enum
from livepatch._statements.annotated import annotation_names
from livepatch._statements.operations import operators
from livepatch._statements.statements import Statement
from livepatch._statements.syntax import (
    base_names,
    called_decorator_names,
    decorator_paths,
    header_names,
    invoked_names,
)

MAKING_MEMBERS = frozenset({"__init__", "__new__", "_generate_next_value_"})
"""What the statement of an enumeration calls of it, for each member."""


@dataclass(frozen=True, slots=True)
class Header:
    """What making a definition uses: names and attributes.

    Attributes:
        names: of its decorators, keywords, defaults and class-level statements, or of what is
            called to make it.
        annotations: of the variables that classes annotate, or of the data that a call is given.
        bases: of its bases.
        binds: the globals that it binds itself.
        called: of those of its decorators that a call makes: what the call returns is called too.
        direct: of objects that decorate themselves, rather than by a method.
        invoked: of those that are called, or given to what is.
    """

    names: Collection[str]
    annotations: Collection[str]
    bases: Collection[str]
    binds: Collection[str]
    called: Collection[str] = ()
    direct: Collection[str] = ()
    invoked: Collection[str] = ()

    def without(self, names: frozenset[str]) -> Header:
        """Return it without some names; what is bound itself stays."""
        return Header(
            frozenset(self.names) - names,
            frozenset(self.annotations) - names,
            frozenset(self.bases) - names,
            self.binds,
            frozenset(self.called) - names,
            frozenset(self.direct) - names,
            frozenset(self.invoked) - names,
        )


def header_of(statement: Statement, namespace: Mapping[str, Any]) -> Header:
    """Return what the statement of a definition uses."""
    nodes, binds = statement.nodes, statement.binds
    enums: list[Any] = [namespace.get(name) for name in binds]
    members = any(is_class(each) and is_enum(each) for each in enums)
    return Header(
        header_names(nodes) | operators(statement.pairs),
        annotation_names(nodes),
        base_names(nodes),
        binds,
        called_decorator_names(nodes),
        {path[0] for path in decorator_paths(nodes) if not path[1:]},
        invoked_names(nodes) | (MAKING_MEMBERS if members else set()),
    )
