"""What statements annotate, by their syntax, and by the code of a module."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from types import CodeType
from typing import Any

from livepatch._python.code import instructions
from livepatch._python.opcodes import CONSTANT, OP, STORES
from livepatch._source.scope import ANNOTATE_NAMES, ANNOTATIONS, Scope
from livepatch._statements.syntax import definitions_inside, statements_in
from livepatch._statements.tree import names_in, walk

_SETS_ANNOTATIONS_UP = frozenset(OP[name] for name in ("SETUP_ANNOTATIONS",) if name in OP)
_IDENTIFIER = re.compile(r"[^\W\d]\w*")


def annotation_names(nodes: Iterable[ast.AST]) -> set[str]:
    """Return the names in what classes annotate outside functions, forward references included."""
    found: set[str] = set()
    for node in nodes:
        for part in statements_in(node.body if isinstance(node, ast.ClassDef) else [node]):
            if isinstance(part, ast.ClassDef):
                found |= annotation_names([part])
            elif isinstance(part, ast.AnnAssign) and isinstance(node, ast.ClassDef):
                found.update(names_in(part.annotation))
                found.update(_names_in_texts(part.annotation))
    return found


def signature_names(nodes: Iterable[ast.AST]) -> set[str]:
    """Return the names that annotations of functions and methods evaluate to when they are made."""
    found: set[str] = set()
    for node in definitions_inside(nodes):
        if isinstance(node, ast.ClassDef):
            continue
        parts = _annotations_of(node)
        found.update(name for part in parts if part is not None for name in names_in(part))
    return found


def called_in_annotations(nodes: Iterable[ast.AST]) -> set[str]:
    """Return the names in calls that annotations of functions and attributes make."""
    parts: list[ast.expr | None] = []
    for node in definitions_inside(nodes):
        if isinstance(node, ast.ClassDef):
            parts += (each.annotation for each in node.body if isinstance(each, ast.AnnAssign))
        else:
            parts += _annotations_of(node)
    said = (each for part in parts if part is not None for each in walk(part))
    return {name for each in said if isinstance(each, ast.Call) for name in names_in(each)}


def _annotations_of(node: Any) -> Iterator[ast.expr | None]:
    said = node.args
    arguments = (*said.posonlyargs, *said.args, said.vararg, *said.kwonlyargs, said.kwarg)
    yield node.returns
    yield from (each and each.annotation for each in arguments)


def _names_in_texts(node: ast.AST) -> Iterator[str]:
    for part in walk(node):
        if isinstance(part, ast.Constant) and isinstance(part.value, str):
            yield from _IDENTIFIER.findall(part.value)


class _WithoutAnnotations(ast.NodeTransformer):
    """Makes plain assignments of annotated ones, outside functions and classes."""

    def visit(self, node: ast.AST) -> Any:
        # No expression has an annotation, and some are a thousand deep.
        return node if isinstance(node, ast.expr) else super().visit(node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        return node

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AST:
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        if node.value is None:
            return ast.copy_location(ast.Pass(), node)
        return ast.copy_location(ast.Assign([node.target], node.value), node)


def without_annotations(nodes: Iterable[ast.stmt]) -> list[ast.stmt]:
    """Return statements that note no annotations of variables."""
    return [_WithoutAnnotations().visit(node) for node in nodes]


def annotates(code: CodeType) -> bool:
    """Whether a module annotates names."""
    return ANNOTATE_NAMES[0] in code.co_names or not _SETS_ANNOTATIONS_UP.isdisjoint(
        code.co_code[::2]
    )


def annotate_code(code: CodeType) -> CodeType | None:
    """Return the code of the function of a module's annotations, if it has one (3.14)."""
    if "__annotate__" not in code.co_names:
        return None
    last: CodeType | None = None
    for opcode, argument in instructions(code):
        if opcode in CONSTANT and type(code.co_consts[argument]) is CodeType:
            last = code.co_consts[argument]
        elif opcode in STORES and code.co_names[argument] == "__annotate__":
            return last
    return None


def variables_annotated(scope: Scope) -> frozenset[str]:
    """Return the variables that a module annotates by setting items of a dict."""
    shells = scope.shells.get(ANNOTATIONS, ())
    said: list[Any] = [shell.fingerprint[-1] for shell in shells]
    return frozenset(part[1] for part in said if part[0] == "text")
