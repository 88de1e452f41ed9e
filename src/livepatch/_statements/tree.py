"""Go through a syntax tree. What has no parts of interest is left out: operators, and contexts.

A package is gone through node by node, several times; `ast.walk` takes four times as long.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

_NO_NODES = frozenset(
    (
        *("ctx", "op", "ops", "id", "attr", "arg", "asname", "module", "level", "rest", "kind"),
        *("conversion", "is_async", "simple", "type_comment", "lineno", "kwd_attrs", "tag"),
    )
)
_FIELDS: dict[type[ast.AST], tuple[str, ...]] = {
    kind: tuple(name for name in kind._fields if name not in _NO_NODES)
    for kind in vars(ast).values()
    if isinstance(kind, type) and issubclass(kind, ast.AST)
}
_FIELDS[ast.Constant] = ()


def children(node: ast.AST) -> list[ast.AST]:
    """List the nodes directly in another one, in order."""
    found: list[ast.AST] = []
    for name in _FIELDS[type(node)]:
        value = getattr(node, name, None)
        if type(value) is list:
            found += [each for each in value if isinstance(each, ast.AST)]
        elif isinstance(value, ast.AST):
            found.append(value)
    return found


def walk(node: ast.AST) -> list[ast.AST]:
    """List a node and all in it, level by level."""
    found = [node]
    for each in found:
        if _FIELDS[type(each)]:
            found += children(each)
    return found


def names_in(node: ast.AST) -> Iterator[str]:
    """Yield the names and attributes in an expression."""
    for part in walk(node):
        if isinstance(part, ast.Name):
            yield part.id
        elif isinstance(part, ast.Attribute):
            yield part.attr
