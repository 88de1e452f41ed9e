"""Which statements that stay have changed places, so that what they did is in another order."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import pairwise
from types import ModuleType
from typing import Any

from livepatch._needs.needs import Needs
from livepatch._python.kinds import kind_of
from livepatch._report.report import Notice
from livepatch._select.selection import Selection
from livepatch._select.stale import filled_through
from livepatch._source.bodies import Bodies
from livepatch._statements.statements import Statement
from livepatch._statements.syntax import DEFINITIONS, outside_functions

_PLACES_CHANGED = "statements that use it have changed places, and none of them ran again"


def note_order(selection: Selection, needs: Needs, module: str) -> None:
    """Note what the statements that stay have done in another order than the source says."""
    selection.notices += _notices_of_moved(needs, selection.bodies or Bodies(), module)
    selection.passed = _passed_over(needs)


def _notices_of_moved(needs: Needs, bodies: Bodies, module: str) -> Iterator[Notice]:
    """Name what a statement that stays has added to, and another one used, the other way round.

    ``ITEMS.append(1)`` that stands below ``COUNT = len(ITEMS)`` now. What decorators enter goes by
    the order of the definitions.

    Args:
        needs: the statements, in the order of the new source, and which of them run.
        bodies: the functions that are not made again: they add to tables, `register(hit)`.
        module: the name of the module.
    """
    namespace = needs.namespace
    stays = (each for each, run in zip(needs.statements, needs.runs) if not run)
    found = [each for each in stays if each.tokens]
    if all(one.old_place < other.old_place for one, other in pairwise(found)):
        return  # nearly always
    last_used: dict[str, int] = {}
    last_filled: dict[str, int] = {}
    moved: set[str] = set()
    for statement in found:
        if all(isinstance(node, DEFINITIONS) for node in statement.nodes):
            continue
        filled = set(_filled_by(statement)) & statement.reads
        filled.update(filled_through(filled & namespace.keys(), bodies, namespace))
        for name in statement.reads | filled:
            place = statement.old_place
            before = last_used if name in filled else last_filled
            if before.get(name, -1) > place:
                moved.add(name)
            last_used[name] = max(place, last_used.get(name, -1))
            if name in filled:
                last_filled[name] = max(place, last_filled.get(name, -1))
    for name in sorted(moved & namespace.keys()):
        if kind_of(namespace[name]) is None and type(namespace[name]) is not ModuleType:
            yield Notice("LP314", f"{module}.{name}", _PLACES_CHANGED)


def _passed_over(needs: Needs) -> dict[str, frozenset[Any]]:
    """Return what statements that run may change in place, and others below them that stay.

    ``ITEMS.append(1)`` that comes above another one: what it enters is the last of the list.

    Returns:
        The names, each with the constants that those below say.
    """
    ran: set[str] = set()
    found: dict[str, set[Any]] = {}
    if not (any(needs.runs) and needs.builders):
        return {}
    for statement, run in zip(needs.statements, needs.runs):
        if all(isinstance(node, DEFINITIONS) for node in statement.nodes):
            continue
        filled = set(_filled_by(statement)) & statement.reads
        if run:
            ran |= filled - statement.binds
        for name in () if run else filled & ran:
            found.setdefault(name, set()).update(_said_by(statement))
    return {name: frozenset(said) for name, said in found.items()}


def _said_by(statement: Statement) -> Iterator[Any]:
    """Yield the constants in a statement, and the names of arguments: ``TABLE.update(a=1)``."""
    for node in outside_functions(statement.nodes):
        if isinstance(node, ast.Constant):
            yield node.value
        elif isinstance(node, ast.keyword):
            yield node.arg


def _filled_by(statement: Statement) -> Iterator[str]:
    """Yield the names of what a statement may change in place: what it calls, gives or sets."""
    for node in outside_functions(statement.nodes):
        if isinstance(node, ast.Expr):
            yield from _names_in(node) if _calls(node) else ()
        elif isinstance(node, ast.AugAssign):
            yield from _names_in(node.target)
        elif isinstance(node, (ast.Attribute, ast.Subscript)) and _is_target(node):
            yield from _names_in(node.value)


def _calls(node: ast.AST) -> bool:
    return any(isinstance(part, ast.Call) for part in ast.walk(node))


def _is_target(node: ast.Attribute | ast.Subscript) -> bool:
    return not isinstance(node.ctx, ast.Load)


def _names_in(node: ast.AST) -> Iterator[str]:
    return (part.id for part in ast.walk(node) if isinstance(part, ast.Name))
