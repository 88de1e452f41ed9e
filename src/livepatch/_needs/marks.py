"""What functions that a module's statements call have set in the module's namespace.

Such a function may refuse to be called again where it finds its mark: zope.interface's
``moduleProvides(IShop)`` sets ``__provides__`` in its caller's namespace.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterable, Mapping
from types import CodeType, FunctionType, ModuleType
from typing import Any

from livepatch._python.code import nested_codes
from livepatch._python.kinds import is_special
from livepatch._source.outline import Outline

# What the import system and the interpreter put into a namespace.
IMPORT_SYSTEM_NAMES = frozenset(
    {
        "__annotate__",
        "__annotations__",
        "__builtins__",
        "__cached__",
        "__conditional_annotations__",
        "__doc__",
        "__file__",
        "__loader__",
        "__name__",
        "__package__",
        "__path__",
        "__spec__",
    }
)
# How the name begins of a global that is gone from the source and that something gone still calls.
REMNANT = "_gone "


def is_remnant(name: object) -> bool:
    """Whether a global is such a one; a namespace takes keys of any kind."""
    return type(name) is str and name.startswith(REMNANT)


def marks_in(namespace: Mapping[str, Any], origin: Outline | None) -> list[str]:
    """List the special names in a namespace that its source does not bind itself."""
    bound = origin.scopes[()].shells if origin is not None else namespace
    return [
        name
        for name in namespace
        if name not in bound
        and name not in IMPORT_SYSTEM_NAMES
        and is_special(name)
        and name.endswith("__")
        and not name.startswith("__livepatch_")
    ]


def marks_set_by(
    nodes: Iterable[ast.stmt], namespace: Mapping[str, Any], marks: Collection[str]
) -> frozenset[str]:
    """Return which marks a statement's own calls may have set: those that the functions name."""
    found: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            called = found_by(node.value.func, namespace)
            if type(called) is FunctionType:
                found.update(_said_by(called.__code__).intersection(marks))
    return frozenset(found)


def _said_by(code: CodeType) -> set[str]:
    return {
        said
        for each in (code, *nested_codes(code))
        for said in (*each.co_names, *each.co_consts)
        if type(said) is str
    }


def found_by(node: ast.expr, namespace: Mapping[str, Any]) -> Any:
    """Return what a name, or a name in modules, leads to; None for any other expression."""
    if isinstance(node, ast.Name):
        return namespace.get(node.id)
    if isinstance(node, ast.Attribute):
        home = found_by(node.value, namespace)
        return home.__dict__.get(node.attr) if type(home) is ModuleType else None
    return None
