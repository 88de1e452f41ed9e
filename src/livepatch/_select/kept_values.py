"""What definitions keep that was computed as they were made: defaults, what decorators were given.

``def connect(port=settings.port())``, ``@retry(POLICY["times"])``, ``run = partial(hit, limit())``:
each of these expressions is like the value of a global, computed by calls and by operations.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from types import ModuleType
from typing import Any

from livepatch._needs.differences import Path
from livepatch._needs.reach import Reach
from livepatch._needs.reached import Cause
from livepatch._needs.taken import calls_found, picked_items, taken_by
from livepatch._needs.uses import asked_by
from livepatch._python.kinds import PROPERTY, class_attributes, dict_of, is_class, kind_of, mro_of
from livepatch._statements.operations import CALLS_FOUND, operations_of
from livepatch._statements.statements import Statement
from livepatch._statements.syntax import FUNCTIONS, bound_names, definitions
from livepatch._statements.tree import children, names_in

_Kept = tuple[Path, ast.expr]


def stale_values(
    statement: Statement, reach: Reach, others: AbstractSet[str], filled: AbstractSet[str]
) -> Iterator[tuple[Path, Cause]]:
    """Yield what of a statement's definitions keeps a value computed from what has changed.

    Args:
        statement: it.
        reach: what has changed.
        others: names that it reads before what has changed is bound to them.
        filled: names of what statements above have changed in place: ``TABLE["a"] = 2``.
    """
    namespace = reach.behind.namespace
    asked: set[str] | None = None
    for path, value in _kept_by(statement):
        names = set(_computing(value, namespace)) - others
        if not names:
            continue  # nearly every one
        if isinstance(value, ast.Name) and names.isdisjoint(reach.changes.names):
            continue  # it is handed over, with what it leads to
        if asked is None:
            asked = _asked_by(statement, reach)
        found = {CALLS_FOUND} if calls_found([value], namespace, reach.follows) else set[str]()
        reads = names | asked | found
        cause = reach.cause(reads, (), taken_by([value], namespace), libraries=True)
        if cause is None and not filled.isdisjoint(names):
            cause = _taken_of(value, filled)
        if cause is not None and not _only_made(value, cause, reach):
            yield path, cause


def _asked_by(statement: Statement, reach: Reach) -> set[str]:
    """Return the special methods that a statement's operations ask for, in its classes as well."""
    classes = {node.name for node in definitions(statement.nodes)}
    codes = (code for code in statement.codes if code.co_name in classes)
    return asked_by(statement, reach).union(*map(operations_of, codes))


def _taken_of(value: ast.expr, filled: AbstractSet[str]) -> Cause | None:
    """Return what a value has taken something from; who has the object sees what it has now."""
    if isinstance(value, (ast.Tuple, ast.List, ast.Set)):
        return next(filter(None, (_taken_of(each, filled) for each in value.elts)), None)
    names = set(() if isinstance(value, ast.Name) else names_in(value)) & filled
    return Cause(min(names)) if names else None


def _only_made(value: ast.expr, cause: Cause, reach: Reach) -> bool:
    """Whether a call only makes a function that has changed: that one takes its code."""
    path = tuple(cause.what.split("."))
    called = value.func if isinstance(value, ast.Call) else value
    return (
        path in reach.changes.within
        and path not in reach.changes.bodies
        and path[-1] in names_in(called)
    )


def _kept_by(statement: Statement) -> Iterator[_Kept]:
    """Yield the expressions whose values definitions keep, each with whose it is."""
    found: list[Any] = [*definitions(statement.nodes)]
    for node in found:
        yield from _kept_in((), node)
    for each in () if found else statement.nodes:
        if isinstance(each, (ast.Assign, ast.AnnAssign)) and each.value is not None:
            given, names = [*_given([each.value])], sorted(bound_names([each]))
            yield from (((name,), value) for name in names for value in given)


def _kept_in(home: Path, node: Any) -> Iterator[_Kept]:
    path = (*home, node.name)
    calls = [each for each in node.decorator_list if isinstance(each, ast.Call)]
    yield from ((path, each) for call in calls for each in _arguments(call))
    if isinstance(node, FUNCTIONS):
        yield from ((path, each) for each in _defaults(node.args))
        return
    yield from ((path, each.value) for each in node.keywords if each.arg != "metaclass")
    for each in node.body:
        if isinstance(each, (*FUNCTIONS, ast.ClassDef)):
            yield from _kept_in(path, each)
        elif isinstance(each, (ast.Assign, ast.AnnAssign)) and each.value is not None:
            yield from (((*path, name), each.value) for name in sorted(bound_names([each])))


def _defaults(args: ast.arguments) -> Iterator[ast.expr]:
    return (each for each in (*args.defaults, *args.kw_defaults) if each is not None)


def _arguments(call: ast.Call) -> list[ast.expr]:
    return [*call.args, *(each.value for each in call.keywords)]


def _given(values: Iterable[ast.expr]) -> Iterator[ast.expr]:
    """Yield what the outermost calls in some values are given, and the defaults of lambdas."""
    ahead: list[ast.AST] = [*values]
    while ahead:
        part = ahead.pop()
        if isinstance(part, ast.Call):
            yield from _arguments(part)
            ahead.append(part.func)
        elif isinstance(part, ast.Lambda):
            yield from _defaults(part.args)
        else:
            ahead += children(part)


# They call at once what they are given, or what it says of its items.
_CALLING = frozenset({"max", "min", "sorted", "map", "filter", "reduce", "next", "list", "tuple"})


def _computing(value: ast.expr, namespace: Mapping[str, Any]) -> Iterator[str]:
    """Yield the names by which a value is computed; definitions in it go on to be the very ones."""
    ahead: list[ast.AST] = [value]
    while ahead:
        part = ahead.pop()
        if isinstance(part, (ast.Call, ast.Subscript)) and _takes_definition(part, namespace):
            continue
        if isinstance(part, ast.Call):
            yield from names_in(part.func)
            calls = isinstance(part.func, ast.Name) and part.func.id in _CALLING
            given = _arguments(part)
            yield from (each.id for each in given if calls and isinstance(each, ast.Name))
            ahead += given
        elif isinstance(part, ast.Lambda):
            ahead += _defaults(part.args)
        elif isinstance(part, (ast.Name, ast.Attribute)):
            yield from () if _is_definition(part, namespace) else names_in(part)
        else:
            ahead += children(part)


def _takes_definition(value: ast.expr, namespace: Mapping[str, Any]) -> bool:
    """Whether a value is a definition that is taken out of a table: ``STEPS[0]``."""
    if isinstance(value, ast.Call) and getattr(value.func, "attr", "") != "get":
        return False
    items = [each for found in picked_items([value], namespace).values() for each in found]
    return bool(items) and all(kind_of(each) is not None for each in items)


def _is_definition(said: ast.Name | ast.Attribute, namespace: Mapping[str, Any]) -> bool:
    """Whether a name leads to a definition, or an attribute to one as it is."""
    if isinstance(said, ast.Name):
        return said.id not in namespace or kind_of(namespace[said.id]) is not None
    if not isinstance(said.value, ast.Name):
        return False
    home = namespace.get(said.value.id)
    kind = kind_of(_attribute_of(home, said.attr))
    return kind is not None and kind is not PROPERTY


def _attribute_of(home: Any, name: str) -> Any:
    if type(home) is ModuleType:
        return home.__dict__.get(name)
    classes = mro_of(home if is_class(home) else type(home))
    places = ({} if is_class(home) else dict_of(home) or {}, *map(class_attributes, classes))
    return next((place[name] for place in places if name in place), None)
