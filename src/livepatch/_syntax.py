"""What a top-level statement needs of others, by its syntax."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_DEFINITIONS = (*_FUNCTIONS, ast.ClassDef)
_COMPOUND = (ast.If, ast.Try, ast.With, ast.For, ast.While)
_IDENTIFIER = re.compile(r"[^\W\d]\w*")
_IMPORTS = (ast.Import, ast.ImportFrom)


def is_import(nodes: Iterable[ast.stmt]) -> bool:
    """Whether a statement does nothing but import."""
    return all(isinstance(node, _IMPORTS) for node in nodes)


def is_main_guard(node: ast.stmt) -> bool:
    """Whether a statement is ``if __name__ == "__main__"``."""
    if not (isinstance(node, ast.If) and isinstance(node.test, ast.Compare)):
        return False
    sides = (node.test.left, *node.test.comparators)
    names = {side.id for side in sides if isinstance(side, ast.Name)}
    texts = {side.value for side in sides if isinstance(side, ast.Constant)}
    return names == {"__name__"} and texts == {"__main__"}


def is_definition(nodes: Iterable[ast.stmt]) -> bool:
    """Whether a statement does nothing but define, import and choose between such."""
    return all(map(_only_defines, nodes)) and not is_import(nodes)


def _only_defines(node: ast.stmt) -> bool:
    if isinstance(node, (ast.If, ast.Try)):
        parts = [*node.body, *node.orelse]
        if isinstance(node, ast.Try):
            parts += node.finalbody
            parts += (part for handler in node.handlers for part in handler.body)
        return all(map(_only_defines, parts))
    return isinstance(node, (*_DEFINITIONS, *_IMPORTS, ast.Pass))


def header_names(nodes: Iterable[ast.AST]) -> set[str]:
    """Return the names and attributes that making definitions uses.

    Those of decorators, keywords, defaults and class-level statements. Annotations are not among
    them, nor what functions use when they are called, nor bases.
    """
    return {name for node in nodes for part in _headers(node) for name in _names(part)}


def base_names(nodes: Iterable[ast.AST]) -> set[str]:
    """Return the names and attributes in the bases of classes."""
    return {
        name
        for part in _outside_functions(nodes)
        if isinstance(part, ast.ClassDef)
        for base in part.bases
        for name in _names(base)
    }


def annotation_names(nodes: Iterable[ast.AST]) -> set[str]:
    """Return the names in what classes annotate outside functions, forward references included."""
    found: set[str] = set()
    for node in nodes:
        for part in _outside_functions(node.body if isinstance(node, ast.ClassDef) else [node]):
            if isinstance(part, ast.ClassDef):
                found |= annotation_names([part])
            elif isinstance(part, ast.AnnAssign) and isinstance(node, ast.ClassDef):
                found.update(_names(part.annotation))
                found.update(_names_in_texts(part.annotation))
    return found


def _headers(node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, _DEFINITIONS):
        yield from node.decorator_list
    if isinstance(node, _FUNCTIONS):
        yield from node.args.defaults
        yield from (each for each in node.args.kw_defaults if each is not None)
    elif isinstance(node, ast.ClassDef):
        yield from (each for each in node.bases if isinstance(each, ast.Call))
        yield from (each.value for each in node.keywords)
        for each in node.body:
            yield from _headers(each)
    elif isinstance(node, (*_COMPOUND, ast.ExceptHandler)):
        for part in ast.iter_child_nodes(node):
            yield from _headers(part)
    else:
        said = node.value if isinstance(node, ast.AnnAssign) else node
        yield from [] if said is None else [said]


def _names(node: ast.AST) -> Iterator[str]:
    for part in ast.walk(node):
        if isinstance(part, ast.Name):
            yield part.id
        elif isinstance(part, ast.Attribute):
            yield part.attr


def _names_in_texts(node: ast.AST) -> Iterator[str]:
    for part in ast.walk(node):
        if isinstance(part, ast.Constant) and isinstance(part.value, str):
            yield from _IDENTIFIER.findall(part.value)


def extended_names(nodes: Iterable[ast.AST]) -> set[str]:
    """Return the names to whose earlier value statements add: `X += 1`, `@x.setter def x`."""
    found: set[str] = set()
    for part in _outside_functions(nodes):
        if isinstance(part, ast.AugAssign) and isinstance(part.target, ast.Name):
            found.add(part.target.id)
        elif isinstance(part, ast.Assign):
            targets = {each.id for each in part.targets if isinstance(each, ast.Name)}
            found |= targets.intersection(_names(part.value))
        elif isinstance(part, _DEFINITIONS) and part.name in header_names([part]):
            found.add(part.name)
    return found


def built_names(nodes: Iterable[ast.AST]) -> set[str]:
    """Return the names whose objects statements go on to build: `X.append(1)`, `X[1] = 2`."""
    found: set[str] = set()
    for part in _outside_functions(nodes):
        if isinstance(part, ast.Expr) and isinstance(part.value, ast.Call):
            found |= _root(part.value.func, called=True)
        elif isinstance(part, (ast.Subscript, ast.Attribute)) and not isinstance(
            part.ctx, ast.Load
        ):
            found |= _root(part.value)
    return found


def _root(node: ast.AST, *, called: bool = False) -> set[str]:
    if called and not isinstance(node, ast.Attribute):
        return set()
    while isinstance(node, (ast.Attribute, ast.Subscript)):
        node = node.value
    return {node.id} if isinstance(node, ast.Name) else set()


def decorating_names(nodes: Iterable[ast.AST]) -> set[str]:
    """Return the names of objects whose methods decorate: `app` in `@app.route("/")`."""
    return {
        name
        for node in _outside_functions(nodes)
        if isinstance(node, _DEFINITIONS)
        for each in node.decorator_list
        for name in _root(each.func if isinstance(each, ast.Call) else each, called=True)
    }


def overloaded_names(nodes: Iterable[ast.AST]) -> set[str]:
    """Return the names of functions that ``typing.overload`` decorates."""
    return {
        node.name
        for node in nodes
        if isinstance(node, _FUNCTIONS)
        and any("overload" in set(_names(each)) for each in node.decorator_list)
    }


def _outside_functions(nodes: Iterable[ast.AST]) -> Iterator[ast.AST]:
    for node in nodes:
        yield node
        if not isinstance(node, (*_DEFINITIONS, ast.Lambda)):
            yield from _outside_functions(ast.iter_child_nodes(node))


class _WithoutAnnotations(ast.NodeTransformer):
    """Makes plain assignments of annotated ones, outside functions and classes."""

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
