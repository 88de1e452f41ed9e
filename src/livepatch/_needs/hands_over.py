"""Which statements only hand definitions over: an alias, a table of functions, ``bus.on(hit)``."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Mapping
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import Any

from livepatch._needs.marks import found_by
from livepatch._python.kinds import ENUM_MEMBER, class_attributes, is_class, is_enum, kind_of
from livepatch._registers.filled import CHANGERS, FILLED
from livepatch._registers.records import holds_inside
from livepatch._statements.statements import Statement
from livepatch._statements.syntax import header_names


def only_hands_over(statement: Statement, namespace: Mapping[str, Any]) -> bool:
    """Whether a statement assigns or enters but definitions, which go on to be the very ones."""
    return all(
        values is not None and all(_is_made_of_definitions(each, namespace) for each in values)
        for values in (_handed_over(node, namespace) for node in statement.nodes)
    )


def _handed_over(node: ast.stmt, namespace: Mapping[str, Any]) -> list[ast.expr] | None:
    """Return what a statement assigns, enters into a global container or leaves to be called.

    None for any other statement.
    """
    if isinstance(node, (ast.Assign, ast.AnnAssign)):
        return [node.value] if node.value is not None else None
    call = node.value if isinstance(node, ast.Expr) else None
    if not (isinstance(call, ast.Call) and isinstance(call.func, (ast.Attribute, ast.Name))):
        return None
    keeper = found_by(call.func, namespace)
    of_library = type(keeper) in (BuiltinFunctionType, FunctionType, type)
    keeps = of_library and (keeper.__module__, keeper.__name__) in _KEEPERS
    fills = (
        isinstance(call.func, ast.Attribute)
        and call.func.attr in CHANGERS
        and type(found_by(call.func.value, namespace)) in FILLED
    )
    given = [*call.args, *(each.value for each in call.keywords)]
    return given if keeps or fills or _are_kept(call.func, given, namespace) else None


def _are_kept(called: ast.expr, given: list[ast.expr], namespace: Mapping[str, Any]) -> bool:
    """Whether an object keeps the functions that a method of it was given: ``bus.listen(hit)``."""
    receiver = found_by(called.value, namespace) if isinstance(called, ast.Attribute) else None
    if receiver is None or kind_of(receiver) is not None or type(receiver) is ModuleType:
        return False
    found = (found_by(each, namespace) for each in given)
    functions = [each for each in found if type(each) is FunctionType]
    return bool(functions) and all(holds_inside([receiver], {id(each)}) for each in functions)


_BUILT_IN = frozenset(vars(builtins))
# They call what they are given later, and not at once.
_KEEPERS = frozenset(
    {
        *(("atexit", "register"), ("signal", "signal"), ("copyreg", "pickle")),
        *(("_codecs", "register"), ("_codecs", "register_error")),
        *(("threading", "settrace"), ("threading", "setprofile"), ("posix", "register_at_fork")),
        *(("sys", "settrace"), ("sys", "setprofile"), ("sys", "addaudithook")),
    }
)


def _is_made_of_definitions(node: ast.expr, namespace: Mapping[str, Any]) -> bool:
    """Whether an expression is a definition, or a table of such and of constants."""
    parts: list[ast.expr | None] = []
    if isinstance(node, (ast.List, ast.Tuple, ast.Set)):
        parts += node.elts
    elif isinstance(node, ast.Dict):
        parts += (*node.keys, *node.values)
    else:
        return (
            isinstance(node, ast.Constant)
            or (isinstance(node, ast.Lambda) and not header_names([node]))
            or kind_of(found_by(node, namespace)) is not None
            or kind_of(_member(node, namespace)) is ENUM_MEMBER
            or (isinstance(node, ast.Name) and node.id in _BUILT_IN.difference(namespace))
        )
    return all(each is not None and _is_made_of_definitions(each, namespace) for each in parts)


def _member(node: ast.expr, namespace: Mapping[str, Any]) -> Any:
    """Return the member of an enumeration that an expression says: ``Color.RED``."""
    if not isinstance(node, ast.Attribute):
        return None
    cls: Any = found_by(node.value, namespace)
    is_enumeration = is_class(cls) and is_enum(cls)
    return class_attributes(cls)["_member_map_"].get(node.attr) if is_enumeration else None
