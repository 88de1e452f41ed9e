"""Wrappers and closures: who was called to make them has not run them, as a rule."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from types import CodeType, FunctionType
from typing import Any

from livepatch._needs.behind import Behind
from livepatch._needs.inside import INSIDE, OF_CLASSES
from livepatch._python.code import codes_in
from livepatch._python.kinds import class_attributes, is_class
from livepatch._statements.operations import operations_of

_FEW = 1_000


def returned_to(
    behind: Behind, functions: Mapping[str, CodeType], names: Iterable[str]
) -> dict[int, set[str]]:
    """Return what calls have made and is what some names lead to.

    Args:
        behind: the live values.
        functions: the functions that make something, by their names.
        names: of globals; the methods of classes count.

    Returns:
        The names of such functions, by the id of the code of who has made them.
    """
    found: dict[int, set[str]] = {}
    for maker, name in _made_by_calls(behind, names):
        if maker in functions:
            found.setdefault(id(functions[maker]), set()).add(name)
    return found


def _made_by_calls(behind: Behind, names: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield the functions that some names lead to, each with the one in which it was made first."""
    waiting: list[Any] = [behind.namespace.get(name) for name in names]
    seen = dict[int, Any]()
    for value in waiting:
        if id(value) in seen or len(seen) > _FEW:
            continue
        seen[id(value)] = value
        if is_class(value):
            waiting += class_attributes(value).values()
        elif type(value) in INSIDE:
            waiting += INSIDE[type(value)](value)
        elif type(value) in OF_CLASSES:
            waiting += (getattr(value, each, None) for each in ("__func__", "fget", "fset"))
        if type(value) is FunctionType:
            path = behind.paths.get(id(value.__code__), ())
            if len(path) == 1 and path[0] != value.__code__.co_name:
                yield path[0], value.__code__.co_name


def names_but(code: CodeType, left_out: Collection[str], asked: Collection[str]) -> frozenset[str]:
    """Return the names in a function without those in some functions that are made in it.

    Args:
        code: of the function.
        left_out: the names of those functions.
        asked: the special methods that operations may ask for.
    """
    names = {*code.co_names, *operations_of(code).intersection(asked)}
    for each in codes_in(code):
        if each.co_name not in left_out:
            names |= names_but(each, left_out, asked)
    return frozenset(names)
