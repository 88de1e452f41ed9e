"""What statements do beyond giving names values: those that do nothing may run again at will."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from typing import Any

from livepatch._statements.syntax import (
    DEFINITIONS,
    fallen_back_names,
    outside_functions,
    statements_in,
    suppresses,
)


def costs_nothing(nodes: Iterable[ast.stmt]) -> bool:
    """Whether statements may run again as they like: they but define, import, choose."""
    return all(
        (isinstance(node, _HARMLESS) and not any(map(_may_do_more, _called_by(node))))
        or _only_suppresses(node)
        or is_constant([node])
        or _hands_over(node)
        for node in statements_in(nodes)
    )


def imported_anew(nodes: Iterable[ast.stmt]) -> set[str]:
    """Return the names that statements import under a condition, and may import once more.

    Or else have another way to bind, which is to be found out.
    """
    nodes = list(nodes)
    found = fallen_back_names(nodes)
    if costs_nothing(nodes):
        said = (part for part in statements_in(nodes) if isinstance(part, ast.ImportFrom))
        found |= {alias.asname or alias.name for part in said for alias in part.names}
    return found


def _only_suppresses(node: ast.AST) -> bool:
    return suppresses(node) and isinstance(node, ast.With) and len(node.items) == 1


def _called_by(node: ast.AST) -> Iterator[ast.expr]:
    """Yield what a statement calls to choose, and what decorates."""
    for name in ("test", "subject", "guard"):
        part = getattr(node, name, None)
        found = outside_functions([part]) if isinstance(part, ast.expr) else ()
        yield from (each.func for each in found if isinstance(each, ast.Call))
    for each in getattr(node, "decorator_list", ()):
        yield each.func if isinstance(each, ast.Call) else each


def _may_do_more(called: ast.expr) -> bool:
    """Whether calling something may do more than give a value."""
    return not _is_harmless(ast.unparse(called))


def _is_harmless(called: str) -> bool:
    return called in _ASKING or called.partition(".")[0] in _OF_THE_SYSTEM


_ASKING = frozenset(
    {
        *("hasattr", "getattr", "isinstance", "issubclass", "callable", "len", "bool", "str"),
        *("int", "globals", "locals", "vars", "dir", "os.environ.get", "os.getenv"),
        *("importlib.util.find_spec", "find_spec", "property", "staticmethod", "classmethod"),
        *("dataclass", "final", "overload", "lru_cache", "cache", "wraps", "contextmanager"),
    }
)
_OF_THE_SYSTEM = frozenset(
    ("sys", "platform", "functools", "dataclasses", "typing", "abc", "enum", "contextlib")
)
_HARMLESS: Any = (
    *(*DEFINITIONS, ast.Import, ast.ImportFrom, ast.Pass),
    *(ast.If, ast.Try, getattr(ast, "TryStar", ast.Try), ast.ExceptHandler),
    *(ast.Match, ast.match_case, ast.Raise),
)


def is_constant(nodes: Iterable[ast.AST]) -> bool:
    """Whether statements do nothing but give names constants."""
    return all(_says_constant(given_to_names(node)) for node in nodes)


def _hands_over(node: ast.AST) -> bool:
    """Whether a statement gives another name to what has one: ``X = module.Y``."""
    return _leads_to_what_is_there(given_to_names(node))


def _leads_to_what_is_there(part: ast.expr | None) -> bool:
    while isinstance(part, ast.Attribute):
        part = part.value
    return isinstance(part, ast.Name)


def gives_what_is_there(value: ast.expr) -> bool:
    """Whether an expression is a constant, or leads to something by names."""
    return _says_constant(value) or _leads_to_what_is_there(value)


def given_to_names(node: ast.AST) -> ast.expr | None:
    """Return what a statement assigns, if that is all it does and to nothing but names."""
    if not isinstance(node, (ast.Assign, ast.AnnAssign)):
        return None
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    return node.value if all(isinstance(each, ast.Name) for each in targets) else None


def _says_constant(node: ast.expr | None) -> bool:
    if isinstance(node, ast.Tuple):
        return all(map(_says_constant, node.elts))
    return isinstance(node, ast.Constant)
