"""Which statements make definitions, and what they use for that."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from livepatch._needs.headers import Header, header_of
from livepatch._needs.in_force import InForce
from livepatch._python.kinds import kind_of
from livepatch._statements.statements import Statement
from livepatch._statements.syntax import called_names, is_definition


def headers_of(
    statements: Sequence[Statement],
    namespace: Mapping[str, Any],
    in_force: InForce,
    is_type: Callable[[str], bool],
) -> Iterator[tuple[int, Header]]:
    """Yield the places of the statements that make definitions, each with what it uses.

    Args:
        statements: all of them, in order.
        namespace: the live globals.
        in_force: finds who has bound what a statement reads.
        is_type: says of a name whether it leads to a class that goes on to be the very one.
    """
    for index, statement in enumerate(statements):
        if is_definition(statement.nodes, namespace):
            header = header_of(statement, namespace)
            yield index, header.without_types(statement, namespace, is_type)
        elif (made := _made_by_call(index, statement, namespace, in_force)) is not None:
            yield index, made


def _made_by_call(
    index: int, statement: Statement, namespace: Mapping[str, Any], in_force: InForce
) -> Header | None:
    """Return what a definition uses that is made by a call; None for any other statement.

    The definitions that the call is given go on to be the very ones; of all else that it is given
    it may have taken something.
    """
    binds = statement.binds
    if not binds or any(kind_of(namespace.get(each)) is None for each in binds):
        return None
    names = called_names(statement.nodes)
    if names is None:
        return None
    shadowed = in_force.shadowed(index)
    data = frozenset(
        name for name in names[1] if kind_of(namespace.get(name)) is None or name in shadowed
    )
    return Header(names[0], data, (), binds)
