"""What a statement takes out of tables, and whether it may call what it has taken."""

from __future__ import annotations

import ast
import builtins
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import FunctionType
from typing import Any, NamedTuple

from livepatch._python.kinds import class_attributes, dict_of, is_class, mro_of
from livepatch._statements.syntax import outside_functions
from livepatch._statements.tree import children, walk


class Taken(NamedTuple):
    """What statements take of the live globals.

    Attributes:
        picked: the items of tables that are all they use of these, by the name of each.
        plain: the objects of which they use no methods, and the tables that they only measure.
        made: the classes that they but call to have an instance, or ask for an attribute.
        set: the attributes that they set where a descriptor sees to that.
    """

    picked: dict[str, list[Any]]
    plain: set[str]
    made: set[str]
    set: set[str]


NOTHING_TAKEN = Taken({}, set(), set(), set())


def taken_by(nodes: Iterable[ast.AST], namespace: Mapping[str, Any]) -> Taken:
    """Return what statements take of the live globals."""
    nodes = list(nodes)
    return Taken(
        picked_items(nodes, namespace),
        names_looked_at(nodes, namespace),
        names_made(nodes),
        attributes_set(nodes, namespace),
    )


# These call nothing of what is in a table that they are given.
_LOOKING = frozenset(
    (
        *("len", "list", "tuple", "set", "frozenset", "dict", "sorted", "reversed", "iter", "next"),
        *("enumerate", "zip", "id", "type", "isinstance", "issubclass", "bool", "print", "vars"),
        *("str", "repr", "hash", "int", "float", "super", "range", "getattr", "hasattr"),
    )
)
_LOOKING_METHODS = frozenset(
    (
        *("get", "keys", "values", "items", "copy", "index", "count", "pop", "popitem", "popleft"),
        *("append", "appendleft", "extend", "insert", "add", "setdefault", "update", "remove"),
    )
)
_MEASURING = ("len", "id", "type", "isinstance", "bool")
_KEYS = (str, int, bytes)


def names_made(nodes: Iterable[ast.AST]) -> set[str]:
    """Return what statements but call to have what it gives, or ask for an attribute.

    ``app = App()``, ``port = Settings.port``: no one else is given the class.
    """
    asked, named = Counter[str](), Counter[str]()
    for node in nodes:
        parts: list[ast.expr | None] = []
        if isinstance(node, ast.Assign):
            parts += (node.value, *node.targets)
        elif isinstance(node, ast.AnnAssign):
            parts += (node.value, node.target)
        if not parts:
            return set()
        asked.update(_called_for(parts[0]))
        for each in (part for parent in parts if parent is not None for part in walk(parent)):
            if isinstance(each, ast.Name):
                named[each.id] += 1
            elif isinstance(each, ast.Attribute) and isinstance(each.value, ast.Name):
                asked[each.value.id] += each.attr[:2] != "__"
    return {name for name, count in asked.items() if named[name] == count}


def _called_for(value: ast.expr | None) -> Iterator[str]:
    """Yield the names that are called for what a value is, or has as items."""
    if isinstance(value, ast.Call) and isinstance(value.func, ast.Name):
        yield value.func.id
    parts: Iterable[ast.expr] = ()
    if isinstance(value, (ast.List, ast.Tuple, ast.Set)):
        parts = value.elts
    elif isinstance(value, ast.Dict):
        parts = value.values
    for each in parts:
        yield from _called_for(each)


def calls_found(
    nodes: Iterable[ast.AST], namespace: Mapping[str, Any], is_own: Callable[[str], bool]
) -> bool:
    """Whether statements may call what they take out of a table, or have in a variable.

    Args:
        nodes: the statements.
        namespace: the live globals.
        is_own: whether a name is that of a definition whose code is followed.
    """
    parts = list(outside_functions(nodes))
    stored = {
        each.id for each in parts if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store)
    }
    return any(
        _calls_found(each, namespace, is_own, stored)
        for each in parts
        if isinstance(each, ast.Call)
    )


def _calls_found(
    call: ast.Call, namespace: Mapping[str, Any], is_own: Callable[[str], bool], stored: set[str]
) -> bool:
    func = call.func
    if isinstance(func, ast.Attribute):
        return func.attr not in _LOOKING_METHODS and _gives_names(call)
    if not isinstance(func, ast.Name) or func.id in stored:
        return True
    if func.id not in namespace:
        return func.id not in _LOOKING and (
            not hasattr(builtins, func.id) or _gives_names(call)  # the variable of a loop; map
        )
    value = namespace[func.id]
    if is_own(func.id):
        return False
    return _gives_names(call) if type(value) is FunctionType or is_class(value) else True


def _gives_names(call: ast.Call) -> bool:
    given = (*call.args, *(each.value for each in call.keywords))
    return any(isinstance(part, ast.Name) for each in given for part in walk(each))


def attributes_set(nodes: Iterable[ast.AST], namespace: Mapping[str, Any]) -> set[str]:
    """Return the attributes that statements set where a descriptor sees to that."""
    return {
        part.attr
        for part in outside_functions(nodes)
        if isinstance(part, ast.Attribute)
        and isinstance(part.ctx, ast.Store)
        and isinstance(part.value, ast.Name)
        and _is_set_by_descriptor(namespace.get(part.value.id), part.attr)
    }


def _is_set_by_descriptor(value: Any, name: str) -> bool:
    homes = map(class_attributes, mro_of(type(value)))
    descriptor = next((home[name] for home in homes if name in home), None)
    return any("__set__" in class_attributes(base) for base in mro_of(type(descriptor)))


def names_looked_at(nodes: Iterable[ast.AST], namespace: Mapping[str, Any]) -> set[str]:
    """Return the names of objects whose own attributes are all that statements use of them.

    And of tables that they only measure: ``len(TABLE)``.
    """
    found: dict[str, bool] = {}
    for node in nodes:
        for part in walk(node):
            for name in children(part):
                if isinstance(name, ast.Name):
                    is_looked_at = _is_looked_at(name, part, namespace.get(name.id))
                    found[name.id] = found.get(name.id, True) and is_looked_at
    return {name for name, is_looked_at in found.items() if is_looked_at}


def _is_looked_at(name: ast.Name, use: ast.AST, value: Any) -> bool:
    if isinstance(use, ast.Call):
        is_measured = isinstance(use.func, ast.Name) and use.func.id in _MEASURING
        return is_measured and name is not use.func and type(value) in (dict, list, tuple, set)
    if not (isinstance(use, ast.Attribute) and isinstance(use.ctx, ast.Load)) or is_class(value):
        return False
    own = dict_of(value)
    homes = (class_attributes(base) for base in mro_of(type(value)) if base is not object)
    return (
        own is not None
        and dict.__contains__(own, use.attr)
        and all({use.attr, "__getattribute__"}.isdisjoint(home) for home in homes)
    )


def picked_items(nodes: Iterable[ast.AST], namespace: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Return the items that are all that statements use of some tables: of R, in ``R["a"]()``."""
    parts = [part for node in nodes for part in walk(node)]
    names = Counter(part.id for part in parts if isinstance(part, ast.Name))
    found: dict[str, list[Any]] = {}
    for part in parts:
        name, key = _picked(part)
        table: Any = namespace.get(name)
        if type(table) in (dict, list, tuple) and type(key) in _KEYS:
            names[name] -= 1
            items = found.setdefault(name, [])
            try:
                items.append(table[key])
            except (LookupError, TypeError):
                continue  # it was taken before it left
    return {name: items for name, items in found.items() if not names[name]}


def _picked(part: ast.AST) -> tuple[str, Any]:
    """Return the name of a table that an expression takes an item of, and the item's key."""
    if isinstance(part, ast.Subscript) and isinstance(part.ctx, ast.Load):
        home, key = part.value, part.slice
    elif isinstance(part, ast.Call) and isinstance(part.func, ast.Attribute) and part.args:
        home, key = part.func.value, part.args[0]
        home = home if part.func.attr == "get" and len(part.args) == 1 else key
    else:
        return "", None
    if isinstance(home, ast.Name) and isinstance(key, ast.Constant):
        return home.id, key.value
    return "", None
