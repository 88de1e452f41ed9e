"""What statements use when they run, and what of it has changed, as data."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from itertools import chain
from types import CodeType
from typing import NamedTuple

from livepatch._needs.module_hooks import HOOKS, hooks_among
from livepatch._python.code import codes_in, globals_read, nested_codes


class Cause(NamedTuple):
    """Something that has changed, of what statements use.

    Attributes:
        what: its path.
        is_direct: whether it has changed itself; else it uses what has.
    """

    what: str
    is_direct: bool = True

    def __str__(self) -> str:
        return self.what if self.is_direct else f"what is behind {self.what}"


class Reached(NamedTuple):
    """What statements use.

    Attributes:
        names: all names.
        kin: classes of objects, and bases: of these run the methods of such names, and no more.
        plain: objects of which no methods run, and tables of which no items are used.
        said: what code of other modules asks for of objects.
    """

    names: set[str]
    kin: set[str]
    plain: set[str]
    said: set[str]


def functions_in(code: CodeType, later: Collection[str] | None) -> list[CodeType]:
    """List the functions in one, at any depth, but for some that it makes and does not call.

    Args:
        code: of the function.
        later: the names of those; None for nearly every one, which has none.
    """
    if later is None:
        return list(nested_codes(code))
    found = [each for each in codes_in(code) if each.co_name not in later]
    for each in found:
        found += (part for part in codes_in(each) if part.co_name not in later)
    return found


def names_said(code: CodeType, inner: Collection[CodeType]) -> Iterable[str]:
    """Return the names that a function says, and some functions in it."""
    names: Iterable[str] = code.co_names
    if inner:
        names = {*names, *chain.from_iterable(each.co_names for each in inner)}
    if HOOKS.isdisjoint(names):
        return names  # nearly every one
    read = frozenset(chain.from_iterable(map(globals_read, (code, *inner))))
    return {*names, *hooks_among(read)}
