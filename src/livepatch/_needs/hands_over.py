"""Which statements only hand definitions over: an alias, a table of functions, ``bus.on(hit)``.

So does what says a type (``Handler = Callable[[Player], int]``): it is repointed to what there is.
"""

from __future__ import annotations

import abc
import ast
import builtins
import sys
from collections.abc import Mapping
from itertools import repeat
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import Any

from livepatch._needs.harmless import given_to_names
from livepatch._needs.marks import found_by
from livepatch._needs.needs import Needs
from livepatch._python.kinds import (
    ENUM_MEMBER,
    class_attributes,
    found_at,
    is_class,
    is_enum,
    kind_of,
    may_say_type,
    qualified_name,
)
from livepatch._registers.filled import CHANGERS, FILLED
from livepatch._registers.records import holds_inside
from livepatch._snapshot.nested import absolute_name
from livepatch._source.source import namespace_of
from livepatch._statements.statements import Statement
from livepatch._statements.syntax import header_names, is_definition, is_import
from livepatch._steps.class_attributes import find_attribute


def only_hands_over(statement: Statement, needs: Needs) -> bool:
    """Whether a statement assigns or enters but definitions, which go on to be the very ones."""
    namespace = needs.namespace
    if any(map(_is_another, statement.reads, repeat(needs))):
        return False
    return _says_type(statement, namespace) or all(
        values is not None and all(_is_made_of_definitions(each, namespace) for each in values)
        for values in (_handed_over(node, namespace) for node in statement.nodes)
    )


def _is_another(name: str, needs: Needs) -> bool:
    """Whether a name is bound in another way now, and may lead to another definition by that."""
    if name in needs.imported_as_before or name not in needs.namespace:
        return False
    if any(_says_another(at, needs) for at in needs.binders.get(name, ())):
        return True
    for each in needs.new_imports:
        if each.bound == name and each.name is not None:
            home: Any = sys.modules.get(absolute_name(each.module, needs.namespace))
            there = namespace_of(home) if type(home) is ModuleType else {each.name: None}
            # It moves there if there is none yet.
            return there.get(each.name, needs.namespace[name]) is not needs.namespace[name]
    return False


def _says_another(at: int, needs: Needs) -> bool:
    """Whether a statement is a new one that gives a name to what has one: ``Pet = Cat``."""
    statement = needs.statements[at]
    is_new = needs.runs[at] and statement.old_codes is None
    nodes = statement.nodes
    return is_new and not is_import(nodes) and not is_definition(nodes, needs.namespace)


def _says_type(statement: Statement, namespace: Mapping[str, Any]) -> bool:
    """Whether a statement but gives a name to a type, and writes that of others alone."""
    values = [namespace.get(name) for name in statement.binds]
    if not values or not all(may_say_type(each) and type(each) is not tuple for each in values):
        return False
    waiting: list[ast.AST | None] = [given_to_names(node) for node in statement.nodes]
    for part in waiting:
        if isinstance(part, (ast.Name, ast.Attribute)):
            found = found_by(part, namespace)
            of_typing = type(found).__module__ in _OF_TYPING or may_say_type(found)
            if not (of_typing or _is_made_of_definitions(part, namespace)):
                return False
        elif isinstance(part, _WRITES_TYPES):
            waiting += (each for each in ast.iter_child_nodes(part) if isinstance(each, ast.expr))
        elif not isinstance(part, ast.Constant):
            return False
    return True


_OF_TYPING = frozenset({"typing", "typing_extensions"})
_WRITES_TYPES = (ast.Subscript, ast.Tuple, ast.List, ast.BinOp)


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
    keeps = keeps or _registers(call.func, namespace)
    given = [*call.args, *(each.value for each in call.keywords)]
    return given if keeps or fills or _are_kept(call.func, given, namespace) else None


def _registers(called: ast.expr, namespace: Mapping[str, Any]) -> bool:
    """Whether an abstract class is given another one to count among its own."""
    if not isinstance(called, ast.Attribute) or called.attr != "register":
        return False
    cls = found_by(called.value, namespace)
    way = find_attribute(type(cls), "register") if is_class(cls) else None
    return way is abc.ABCMeta.register


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
            or _nested(node, namespace) is not None
            or kind_of(_member(node, namespace)) is ENUM_MEMBER
            or (isinstance(node, ast.Name) and node.id in _BUILT_IN.difference(namespace))
        )
    return all(each is not None and _is_made_of_definitions(each, namespace) for each in parts)


def _nested(node: ast.expr, namespace: Mapping[str, Any]) -> Any:
    """Return the class or method that an expression says, where it is at home: ``Order.Line``."""
    if not isinstance(node, ast.Attribute):
        return None
    said = ast.unparse(node)
    value = found_at(namespace, said)
    return value if qualified_name(value) == said else None


def _member(node: ast.expr, namespace: Mapping[str, Any]) -> Any:
    """Return the member of an enumeration that an expression says: ``Color.RED``."""
    if not isinstance(node, ast.Attribute):
        return None
    cls: Any = found_by(node.value, namespace)
    is_enumeration = is_class(cls) and is_enum(cls)
    return class_attributes(cls)["_member_map_"].get(node.attr) if is_enumeration else None
