"""The defaults that a source gives functions which calls make: closures, local classes' methods.

No new function is there to take them from, and to call the maker would run the user's code. So they
are read from the syntax: a constant is what it says, anything else is kept where there is one.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from types import CodeType, FunctionType
from typing import Any, NamedTuple

from livepatch._python.constants import same_value

_Node = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
Expressions = Mapping[str, ast.expr]
Functions = dict[tuple[str, int], list[_Node]]
_CONTAINERS = (ast.List, ast.Dict, ast.Set)


class Defaults(NamedTuple):
    """The defaults that a function is to have.

    Attributes:
        positional: the value of its ``__defaults__``.
        named: that of its ``__kwdefaults__``.
        unknown: a parameter whose default only the call that makes the function knows.
    """

    positional: tuple[Any, ...] | None
    named: dict[str, Any] | None
    unknown: str | None = None


def functions_in(text: bytes | str) -> Functions:
    """Return the syntax of all functions in a source, by the name and first line of each."""
    found: Functions = {}
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, _Node):
            found.setdefault(_place(node), []).append(node)
    return found


def said_defaults(functions: Functions, code: CodeType) -> Expressions | None:
    """Return what a source says the defaults of a function are; None where it cannot be told.

    Args:
        functions: of the source, see `functions_in`.
        code: of the function.
    """
    nodes = functions.get((code.co_name, code.co_firstlineno), ())
    said = [_expressions(node) for node in nodes if _is_of(node, code)]
    alike = {tuple(map(ast.dump, each.values())) for each in said}
    return said[0] if len(alike) == 1 else None


def defaults_of(function: FunctionType, code: CodeType, said: Expressions) -> Defaults:
    """Return the defaults that a function is to have with other code.

    Args:
        function: as it is.
        code: which it is to have.
        said: its defaults, as the source of that code has them.
    """
    present = _present(function)
    values: dict[str, Any] = {}
    for name, expression in said.items():
        try:
            value = ast.literal_eval(expression)
        except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
            if name not in present:
                return Defaults(function.__defaults__, function.__kwdefaults__, name)
            value = present[name]
        # What is in a container by now is state.
        keeps = name in present and (
            isinstance(expression, _CONTAINERS) or same_value(present[name], value)
        )
        values[name] = present[name] if keeps else value
    names = code.co_varnames[: code.co_argcount]
    positional = tuple(values.pop(name) for name in names if name in values)
    return Defaults(positional or None, values or None)


def _place(node: _Node) -> tuple[str, int]:
    if isinstance(node, ast.Lambda):
        return "<lambda>", node.lineno
    return node.name, min(each.lineno for each in (node, *node.decorator_list))


def _is_of(node: _Node, code: CodeType) -> bool:
    count = code.co_argcount + code.co_kwonlyargcount
    names = [each.arg for each in (*_positional(node), *node.args.kwonlyargs)]
    # The compiler mangles private names.
    return len(names) == count and all(map(str.endswith, code.co_varnames, names))


def _positional(node: _Node) -> list[ast.arg]:
    return [*node.args.posonlyargs, *node.args.args]


def _expressions(node: _Node) -> dict[str, ast.expr]:
    names = [each.arg for each in _positional(node)]
    values = node.args.defaults
    found = dict(zip(names[len(names) - len(values) :], values))
    named = zip(node.args.kwonlyargs, node.args.kw_defaults)
    return found | {each.arg: value for each, value in named if value is not None}


def _present(function: FunctionType) -> dict[str, Any]:
    code, values = function.__code__, function.__defaults__ or ()
    names = code.co_varnames[: code.co_argcount]
    return {
        **dict(zip(names[len(names) - len(values) :], values)),
        **(function.__kwdefaults__ or {}),
    }
