"""The statements that run, compiled alone.

An import among the modules of a reload that says what it said does not run, for it would bind its
names anew. But what it imports is to be at its new source when the statements behind it run, as in
a fresh process; so it asks for that and binds nothing.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import replace
from types import CodeType
from typing import Any

from livepatch._python.code import exchange
from livepatch._python.kinds import is_class, is_module, is_special
from livepatch._snapshot.nested import absolute_name
from livepatch._statements.annotated import without_annotations
from livepatch._statements.asked import not_asked_for
from livepatch._statements.statements import Statement, pair_codes
from livepatch._statements.syntax import definitions, imports_all, is_import, names_bound_perhaps

BEFORE = "_namespace before"
"""No name of a source: the globals as they were, for who gives names their values back."""
LEND = "_lend to the class before"
"""No name of a source either: lends a class what the one has that has just been made."""


def compile_chosen(
    statements: list[Statement], whole: CodeType, flags: int, *, has_lazy_annotations: bool
) -> CodeType:
    """Compile statements of a source, so that what they make has the code objects of the whole.

    Args:
        statements: in order.
        whole: the code of the whole source.
        flags: of the compiler.
        has_lazy_annotations: whether what they annotate is left out.
    """
    nodes = [node for statement in statements for node in statement.nodes]
    if has_lazy_annotations:
        nodes = without_annotations(nodes)
    tree = ast.Module(nodes, [])
    code = compile(tree, whole.co_filename, "exec", flags=flags, dont_inherit=True)
    return exchange(code, pair_codes(statements, code))


def with_what_stays(
    statements: list[Statement],
    runs: list[bool],
    namespace: dict[str, Any],
    packages: frozenset[str],
    given_back: Mapping[int, AbstractSet[str]],
) -> Iterator[Statement]:
    """Yield the statements that run, and before the last of them what stands for others.

    Args:
        statements: in order.
        runs: which of them run.
        namespace: of the module.
        packages: those that the modules of the reload are in.
        given_back: the names that have their old values again, by the place of who bound them.
    """
    last = max((at for at, run in enumerate(runs) if run), default=-1)
    for at, (statement, run) in enumerate(zip(statements, runs)):
        standing: list[ast.stmt] = []
        if run and (at < last or packages) and (lending := [*_lending(statement, namespace)]):
            yield replace(statement, nodes=[*statement.nodes, *lending])
        elif run:
            yield statement
        elif packages and at < last and is_import(statement.nodes):
            for node in statement.nodes:
                standing += _asking(node, namespace, packages)
        if at < last and at in given_back:
            names = given_back[at] & namespace.keys()
            standing += (_taking_back(name, statement.nodes[-1]) for name in sorted(names))
        if standing:
            yield Statement(standing, statement.first, statement.last)


def given_back_behind_stars(
    statements: list[Statement], runs: list[bool], behind: AbstractSet[str]
) -> dict[int, frozenset[str]]:
    """Return by place the names of `bound_behind_stars` that are bound there."""
    starred, found = False, dict[int, frozenset[str]]()
    for at, (statement, run) in enumerate(zip(statements, runs)):
        starred = starred or (run and any(imports_all(statement.nodes)))
        if starred and not run and not behind.isdisjoint(statement.binds):
            found[at] = statement.binds & behind
    return found


def _lending(statement: Statement, namespace: dict[str, Any]) -> Iterator[ast.stmt]:
    """Yield the calls that lend the classes there are what those have that a statement makes."""
    for node in definitions(statement.nodes):
        if isinstance(node, ast.ClassDef) and is_class(namespace.get(node.name)):
            call = ast.Call(ast.Name(LEND, ast.Load()), [ast.Constant(node.name)], [])
            line = ast.copy_location(ast.Expr(call), statement.nodes[-1])
            yield ast.fix_missing_locations(line)


def _taking_back(name: str, node: ast.stmt) -> ast.stmt:
    """Return a statement that gives a name the value that it had."""
    value = ast.Subscript(ast.Name(BEFORE, ast.Load()), ast.Constant(name), ast.Load())
    assignment = ast.Assign([ast.Name(name, ast.Store())], value)
    return ast.fix_missing_locations(ast.copy_location(assignment, node))


def _asking(node: Any, namespace: dict[str, Any], packages: frozenset[str]) -> Iterator[ast.stmt]:
    """Yield calls that load what an import statement imports: ``__import__("shop.config")``."""
    names: tuple[str, ...] = tuple(each.name for each in node.names)
    if isinstance(node, ast.Import):
        asked: list[tuple[str, tuple[str, ...]]] = [(name, ()) for name in names]
    else:
        relative = "." * node.level + (node.module or "")
        asked = [(absolute_name(relative, namespace), names)]
    for home, parts in asked:
        if home.partition(".")[0] in packages:
            given: Any = (home, None, None, parts)
            call = ast.Call(ast.Name("__import__", ast.Load()), [*map(ast.Constant, given)], [])
            yield ast.fix_missing_locations(ast.copy_location(ast.Expr(call), node))


def bound_behind_stars(
    statements: list[Statement], runs: list[bool], namespace: dict[str, Any]
) -> Iterator[str]:
    """Yield the names that ``from shop import *`` would take from statements that do not run.

    Args:
        statements: in order.
        runs: which of them run.
        namespace: of the module, as it is; what is there by the import is left to that. What is not
            there was deleted.
    """
    homes: list[Mapping[str, Any]] = []
    last: dict[str, Statement | None] = {}
    for statement, run in zip(statements, runs):
        stars = [absolute_name(name, namespace) for name in imports_all(statement.nodes)]
        if run:
            homes += (vars(sys.modules[home]) for home in stars if home in sys.modules)
        for name in statement.binds if homes and not stars else ():
            last[name] = None if run else statement
    for name, kept in last.items():
        if kept is None or any(_is_from(home, name, namespace) for home in homes):
            continue
        if name in namespace or any(isinstance(node, ast.Delete) for node in kept.nodes):
            yield name


def set_behind_stars(
    statements: list[Statement], runs: list[bool], namespace: dict[str, Any]
) -> Iterator[tuple[str, str]]:
    """Yield the names that ``from shop import *`` would take from what no statement says.

    ``for name in NAMES: setattr(sys.modules[__name__], name, ...)`` had bound them behind it. Each
    comes with the module that has another value for it. A part of the package is no such name.
    """
    said = frozenset[str]().union(*(each.binds for each in statements))
    for statement, run in zip(statements, runs):
        for name in imports_all(statement.nodes) if run else ():
            home = absolute_name(name, namespace)
            there = vars(sys.modules[home]) if home in sys.modules else {}
            for each in (there.keys() & namespace.keys()) - said:
                value = namespace[each]
                if there[each] is not value and not is_module(value):
                    yield each, home


def _is_from(home: Mapping[str, Any], name: str, namespace: dict[str, Any]) -> bool:
    return name in home and home[name] is namespace.get(name, home)


def bound_for_certain(
    statements: Iterable[Statement], runs: Iterable[bool], names: AbstractSet[str]
) -> frozenset[str]:
    """Return those of some names that a statement which stays has bound, whatever holds."""
    stay = (each for each, run in zip(statements, runs) if not run and names & each.binds)
    bound = (each.binds - names_bound_perhaps(each.nodes) for each in stay)
    return frozenset(names & frozenset[str]().union(*bound))


def unasked_perhaps(
    nodes: Collection[ast.stmt], code: CodeType, names: AbstractSet[str]
) -> frozenset[str]:
    """Return those of some names that are bound where a condition holds, and not asked for.

    Where one of several is asked for (``try: CACHE``), the source takes the others for there too.

    Args:
        nodes: the statements.
        code: of their module.
        names: the names.
    """
    bound = names_bound_perhaps(nodes) & names
    unasked = not_asked_for(code, bound) if bound else set[str]()
    asked = {name for name in bound - unasked if not is_special(name)}
    for node in nodes if asked else ():
        together = names_bound_perhaps([node])
        if not together.isdisjoint(asked):
            unasked -= together
    return frozenset(unasked)
