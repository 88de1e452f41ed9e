"""What a statement uses when it runs, of what has changed: by names, operations and tables."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import Any

from livepatch._needs.headers import Header
from livepatch._needs.marks import found_by
from livepatch._needs.module_hooks import hooks_among
from livepatch._needs.reach import Reach
from livepatch._needs.reached import Cause
from livepatch._needs.taken import NOTHING_TAKEN, Taken, calls_found, taken_by
from livepatch._source.by_text import ASKS_BY_TEXT, RUNS_TEXTS, names_in_text
from livepatch._source.outline import global_names
from livepatch._source.scope import LAMBDA, RUN_AT_ONCE
from livepatch._statements.operations import CALLS, CALLS_FOUND, operations, operations_of
from livepatch._statements.statements import Statement
from livepatch._statements.syntax import (
    DEFINITIONS,
    base_names,
    definitions,
    extended_names,
    outside_functions,
)
from livepatch._statements.tree import names_in, walk


def used_by(
    statement: Statement,
    reach: Reach,
    others: frozenset[str],
    before: AbstractSet[str] = frozenset(),
) -> Cause | None:
    """Return what has changed of all that a statement uses, in its lambda expressions too.

    Args:
        statement: it.
        reach: what has changed.
        others: names that it reads before what has changed is bound to them, or behind.
        before: what those use that have bound what it extends: that may have been an object of
            another class then.
    """
    lambdas = (code.co_names for code in statement.codes if code.co_name == LAMBDA)
    namespace = reach.behind.namespace
    extended = extended_names(statement.nodes) & statement.binds  # `value += 1`
    reads = statement.uses.union(*lambdas, in_texts(statement, ast.Load))
    reads -= statement.binds - extended
    taken = _taken_by(statement, namespace)
    reads |= taken.set | {*hooks_among(statement.reads)} | _asked_otherwise(statement)
    kin = {cls for name in extended for cls in reach.behind.classes_of(name)}
    kin |= before & reach.methods.own.keys()
    reads |= asked_by(statement, reach)
    cause = reach.cause(reads, kin, taken, libraries=True)
    if cause is None or cause.what not in others:
        return cause
    picked = {name: items for name, items in taken.picked.items() if name not in others}
    return reach.cause(reads - others, kin, taken._replace(picked=picked), libraries=True)


def _asked_otherwise(statement: Statement) -> set[str]:
    """Return the names that a statement asks for as texts, and those that its classes import."""
    found = {
        each.name
        for node in _class_statements(statement.nodes)
        if isinstance(node, ast.ImportFrom)
        for each in node.names
    }
    for node in () if ASKS_BY_TEXT.isdisjoint(statement.uses) else statement.nodes:
        texts = (part.value for part in walk(node) if isinstance(part, ast.Constant))
        found.update(text for text in texts if isinstance(text, str) and text.isidentifier())
    return found


def _taken_by(statement: Statement, namespace: Mapping[str, Any]) -> Taken:
    """Return what a statement takes of the live globals, which stay as they are meanwhile."""
    if statement.taken is None:
        statement.taken = taken_by(statement.nodes, namespace)
    taken: Taken = statement.taken
    return taken


def asked_by(statement: Statement, reach: Reach) -> set[str]:
    """Return the special methods that a statement's operations ask for."""
    codes = (code for code in statement.codes if code.co_name in (*RUN_AT_ONCE, LAMBDA))
    found = operations(statement.pairs).union(*map(operations_of, codes)) - {CALLS, CALLS_FOUND}
    if calls_found(statement.nodes, reach.behind.namespace, reach.follows):
        found.add(CALLS_FOUND)
    return found


def sets_by(statement: Statement, reach: Reach) -> bool:
    """Whether a statement sets an attribute or an item by a method, and that uses what changed."""
    namespace = reach.behind.namespace
    targets = (
        part.value
        for part in outside_functions(statement.nodes)
        if isinstance(part, (ast.Attribute, ast.Subscript)) and isinstance(part.ctx, ast.Store)
    )
    objects = {"": [found_by(each, namespace) for each in targets]}
    asked = _taken_by(statement, namespace).set | asked_by(statement, reach)
    return reach.cause(asked, taken=NOTHING_TAKEN._replace(picked=objects)) is not None


def in_texts(statement: Statement, context: type[ast.expr_context]) -> set[str]:
    """Return the names that what a statement runs as a text reads, or binds."""
    found: set[str] = set()
    for node in () if RUNS_TEXTS.isdisjoint(statement.uses) else statement.nodes:
        for part in walk(node):
            if isinstance(part, ast.Constant) and isinstance(part.value, str):
                found.update(names_in_text(part.value, context))
    return found


def globals_set_by(statement: Statement, reach: Reach) -> set[str]:
    """Return what functions bind by `global` that a statement calls, if they use what changed."""
    return {
        name
        for called in reach.functions.keys() & statement.uses
        for name in global_names([reach.functions[called]])
        if reach.cause((called,)) is not None
    }


def own_variables(statement: Statement) -> tuple[set[str], set[str]]:
    """Return what `for` and `with` bind at the head of a statement, and what `with` opens."""
    own, opened = set[str](), set[str]()
    for node in statement.nodes:
        if isinstance(node, ast.For):
            own.update(names_in(node.target))
        for item in node.items if isinstance(node, ast.With) else ():
            opened.update(names_in(item.context_expr))
            own.update(() if item.optional_vars is None else names_in(item.optional_vars))
    return own, opened


def called_in_classes(statement: Statement, header: Header) -> set[str]:
    """Return the names that the bodies of a statement's classes use of what they call."""
    return {
        part.id
        for node in _class_statements(statement.nodes)
        for part in outside_functions([node])
        if isinstance(part, ast.Name)
    }.intersection(header.invoked)


def computed_in_classes(statement: Statement) -> set[str]:
    """Return what the bodies of a statement's classes use to compute something."""
    found: set[str] = set()
    for node in _class_statements(statement.nodes):
        value = getattr(node, "value", node)  # of an assignment
        if value is not None and not isinstance(value, (*DEFINITIONS, ast.Name, ast.Attribute)):
            found.update(names_in(value))
    classes = {node.name for node in definitions(statement.nodes)}
    codes = (code for code in statement.codes if code.co_name in classes)
    return found.union(*map(operations_of, codes)) if found else found


def effects_inside(statement: Statement) -> set[str]:
    """Return the names used by what an `if`, `try` or loop does besides binding names.

    ``__all__.append("Secure")`` runs again where anything in the same block has changed.
    """
    return {
        part.id
        for node in statement.nodes
        if isinstance(node, _COMPOUND)
        for each in outside_functions([node])
        if isinstance(each, (ast.Expr, ast.AugAssign))
        for part in outside_functions([each])
        if isinstance(part, ast.Name)
    }


_COMPOUND = (ast.If, ast.Try, ast.With, ast.For, ast.While, ast.Match)


def handed_over(statement: Statement) -> set[str]:
    """Return what the bodies of a statement's classes only give another name: ``get = fetch``.

    Nobody calls it there, so that what it calls is of no concern.
    """
    handed = set[str]()
    used = set(base_names(statement.nodes))
    for each in definitions(statement.nodes):
        keywords = each.keywords if isinstance(each, ast.ClassDef) else []
        used = used.union(*map(names_in, (*each.decorator_list, *keywords)))
    for node in _class_statements(statement.nodes):
        value: ast.AST | None = node
        if isinstance(node, (ast.Assign, ast.AnnAssign)):
            value = node.value
        while isinstance(value, ast.Call) and _makes_method(value):
            value = value.args[0]
        if isinstance(value, ast.Name):
            handed.add(value.id)
        elif value is not None:
            parts = outside_functions([value])
            used |= {part.id for part in parts if isinstance(part, ast.Name)}
    return handed - used


def _makes_method(call: ast.Call) -> bool:
    makers = ("staticmethod", "classmethod", "property")
    called = call.func.id if isinstance(call.func, ast.Name) else None
    return called in makers and len(call.args) == 1 and not call.keywords


def _class_statements(nodes: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield the statements in the bodies of the classes that statements define."""
    for node in definitions(nodes):
        if isinstance(node, ast.ClassDef):
            yield from node.body
            yield from _class_statements(node.body)
