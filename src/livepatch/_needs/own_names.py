"""Whether a value is a definition of a module, or what names lead to from one."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from types import MethodType
from typing import Any

from livepatch._python.kinds import class_attributes, is_class, kind_of, mro_of, qualified_name


def is_statement_of_class(nodes: Iterable[ast.AST], name: str) -> bool:
    """Whether a statement is that of the class of a name."""
    return all(isinstance(node, ast.ClassDef) and node.name == name for node in nodes)


def is_called(value: Any, home: str, namespace: Mapping[str, Any]) -> bool:
    """Whether a value is a function or class that a module has defined in a place of its own."""
    if qualified_name(value) != home:
        return False
    module = class_attributes(value).get("__module__") if is_class(value) else value.__module__
    return bool(module == namespace.get("__name__"))


def is_at(names: tuple[str, ...], definition: Any, value: Any) -> bool:
    """Whether a value is what names lead to from a definition, a method bound to the class say."""
    cls: Any = None
    found = definition
    for name in names:
        if not is_class(found):
            return False
        cls = found
        orders = (class_attributes(base) for base in mro_of(cls))
        found = next((each[name] for each in orders if name in each), None)
    if type(found) is classmethod:
        return (
            type(value) is MethodType and value.__func__ is found.__func__ and value.__self__ is cls
        )
    if type(found) is staticmethod:
        return value is found.__func__
    return kind_of(found) is not None and value is found
