"""Names that several statements bind in turn: one comes, goes, moves or says something else.

Behind ``def f``, ``A = f`` and another ``def f`` the name leads to the last one alone, and who
holds the first is known by its turn. So where the turns are others now all of them are taken again,
in order; so they are where each makes its value of the one before: ``X = dict(X, b=2)``.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import ModuleType
from typing import Any

from livepatch._needs.in_force import InForce, read_before_bound
from livepatch._python.kinds import is_single_dispatch
from livepatch._python.star_names import star_names
from livepatch._source.by_text import names_in_text
from livepatch._source.outline import OTHER_MEANS
from livepatch._statements.statements import Statement
from livepatch._statements.syntax import decorator_paths, definitions, outside_functions


def chains_changed(in_force: InForce, runs: Sequence[bool]) -> Iterator[int]:
    """Yield the places of those that bind such names, and that name them otherwise in between.

    Args:
        in_force: knows who binds what.
        runs: which of the statements run: those that have come, or say something else.
    """
    statements = in_force.statements
    for name, places in in_force.all_binders.items():
        gone, has_gone = in_force.last_bound.get(name, -1), name in in_force.last_bound
        if not places[1:] and not has_gone:
            continue  # nearly every one
        before = [statements[each].old_place for each in places]
        is_other = has_gone or before != sorted(before) or any(runs[each] for each in places)
        if not is_other or not any(_goes_by_turn(statements[each], name) for each in places):
            continue
        if all(_is_dispatched(statements[each], in_force.namespace) for each in places):
            continue  # each is told by the type that it is registered for
        yield from places
        for index, each in enumerate(statements[places[0] :], places[0]):
            is_between = index < places[-1] or each.old_place < gone
            if is_between and name in each.reads and in_force.costs_nothing(index):
                yield index


def _goes_by_turn(statement: Statement, name: str) -> bool:
    """Whether a statement makes a definition, or a value of the one that the name had before.

    A loop that chooses a value may do more besides: what may have come of that is named.
    """
    nodes = statement.nodes
    if any(each.name == name for each in definitions(nodes)):
        return True
    values = [each.value for each in nodes if isinstance(each, _ASSIGNMENTS)]
    return any(isinstance(each, ast.Lambda) for each in values) or (
        len(values) == len(nodes) and name in read_before_bound(statement.tokens)
    )


def _is_dispatched(statement: Statement, namespace: Mapping[str, Any]) -> bool:
    """Whether a statement registers a variant of a single dispatch: ``@show.register``."""
    for *home, name in decorator_paths(statement.nodes):
        found: Any = namespace.get(home[0]) if home and name == "register" else None
        for step in home[1:]:  # `@library.show.register`
            found = found.__dict__.get(step) if type(found) is ModuleType else None
        if is_single_dispatch(found):
            return True
    return False


def bound_otherwise(in_force: InForce) -> Iterator[int]:
    """Yield the places of those that bind by other means what the statement behind has gone of.

    ``from math import *`` and ``pi = 4``; ``exec("SIZE = 1")`` and ``SIZE = 2``.
    """
    gone = {
        name: place
        for name, place in in_force.last_bound.items()
        if name not in in_force.all_binders
    }
    for index, home in in_force.stars if gone else ():
        before = in_force.statements[index].old_place
        if any(before < gone[name] for name in gone.keys() & set(star_names(home))):
            yield index
    for index, statement in enumerate(in_force.statements) if gone else ():
        if not statement.uses.isdisjoint(OTHER_MEANS):
            said = set(_names_said(statement.nodes))
            if any(statement.old_place < gone[name] for name in gone.keys() & said):
                yield index


def _names_said(nodes: Iterable[ast.AST]) -> Iterator[str]:
    """Yield the texts in statements, and the names that those bind which are sources."""
    for part in outside_functions(nodes):
        if isinstance(part, ast.Constant) and type(part.value) is str:
            yield part.value
            yield from names_in_text(part.value, ast.Store)


_ASSIGNMENTS = (ast.Assign, ast.AnnAssign, ast.AugAssign)
