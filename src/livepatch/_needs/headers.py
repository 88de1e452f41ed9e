"""What making a definition uses."""

from __future__ import annotations

import abc
import ast
import typing
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from livepatch._python.kinds import class_attributes, is_class, is_enum, mro_of
from livepatch._python.layout import lists_fields
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
from livepatch._statements.tree import walk

PLAIN_METACLASSES = (type, abc.ABCMeta)
"""They look at nothing of a class but its methods that are abstract."""
PLAIN_BASES = frozenset(map(id, (object, abc.ABC, typing.Generic)))
"""They do nothing that depends on what a class says, to make it or an instance."""
ANNOTATIONS_ARE_TEXTS: int = annotations.compiler_flag
"""The flag of code whose annotations are texts (PEP 563)."""
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

    def without_types(
        self, statement: Statement, namespace: Mapping[str, Any], is_type: Callable[[str], bool]
    ) -> Header:
        """Return it without the annotations that go on to say what they do.

        Args:
            statement: whose it is.
            namespace: the live globals.
            is_type: says of a name whether it leads to a class that goes on to be the very one.
        """
        if not self.annotations:
            return self  # nearly every one
        if not all(_only_notes(node, namespace) for node in statement.nodes):
            return self
        are_texts = any(code.co_flags & ANNOTATIONS_ARE_TEXTS for code in statement.codes)
        left = [] if are_texts else [each for each in self.annotations if not is_type(each)]
        return replace(self, annotations=left)


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


def _only_notes(node: ast.stmt, namespace: Mapping[str, Any]) -> bool:
    """Whether the statement of a class but notes what it annotates: nobody looks at that."""
    inside = [each for each in walk(node) if isinstance(each, ast.ClassDef)]
    if node not in inside or any(each.decorator_list for each in inside):
        return False
    if any(each.bases or each.keywords for each in inside[1:]):
        return False
    cls: Any = namespace.get(inside[0].name)
    if not is_class(cls) or type(cls) not in PLAIN_METACLASSES or lists_fields(cls):
        return False
    return all(
        "__init_subclass__" not in class_attributes(each)
        for each in mro_of(cls)
        if id(each) not in PLAIN_BASES
    )
