"""Whether statements bind a name for certain, whichever of their conditions hold."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from typing import Any

from livepatch._statements.syntax import bound_names, suppresses

_TRIES: Any = (ast.Try, getattr(ast, "TryStar", ast.Try))  # that one since 3.11


def binds_for_certain(nodes: Iterable[ast.stmt], name: str) -> bool:
    """Whether statements bind a name whichever of their conditions hold.

    A loop does: it binds its own variables, and is taken to go round.
    """
    return any(_binds(node, name) for node in nodes)


def _binds(node: ast.stmt, name: str) -> bool:
    if isinstance(node, ast.If):
        return binds_for_certain(node.body, name) and binds_for_certain(node.orelse, name)
    if isinstance(node, _TRIES):
        return _try_binds(node, name)
    if isinstance(node, (ast.For, ast.AsyncFor, ast.While)):
        target = [] if isinstance(node, ast.While) else [node.target]
        return name in bound_names(target) or binds_for_certain(node.body, name)
    if isinstance(node, ast.Match) or suppresses(node):
        return False
    targets = node.targets if isinstance(node, ast.Delete) else ()
    return name in bound_names([node]) or any(
        isinstance(each, ast.Name) and each.id == name for each in targets
    )


def _try_binds(node: Any, name: str) -> bool:
    handled = all(
        isinstance(each.body[-1], ast.Raise) or binds_for_certain(each.body, name)
        for each in node.handlers
    )
    tried = binds_for_certain([*node.body, *node.orelse], name)
    return (handled and tried) or binds_for_certain(node.finalbody, name)
