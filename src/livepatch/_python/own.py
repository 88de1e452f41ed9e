"""livepatch's own containers, told apart by type: a search for holders must not find itself."""

from __future__ import annotations

import functools
import sys
from itertools import repeat
from operator import is_
from typing import Any, TypeVar

_Key = TypeVar("_Key")
_Value = TypeVar("_Value")

MISSING: Any = type("Missing", (), {"__repr__": lambda _: "<missing>"})()


class OwnDict(dict[_Key, _Value]):
    """A dict of livepatch's that may hold definitions."""

    __slots__ = ()


class OwnList(list[_Value]):
    """A list of livepatch's that may hold definitions."""

    __slots__ = ()


class OwnSet(set[_Value]):
    """A set of livepatch's, of ids: nothing that a search looks for is in it."""

    __slots__ = ()


class Call(functools.partial[Any]):
    """A call of C code with its arguments bound: one half of a step."""

    __slots__ = ()

    if sys.version_info >= (3, 14):

        def __new__(cls, func: Any, /, *args: Any) -> Any:
            """Bind the arguments, one that a partial takes for a place to fill among them."""
            if any(map(is_, args, repeat(functools.Placeholder))):
                return super().__new__(cls, _call_with, func, OwnList(args))
            return super().__new__(cls, func, *args)


def _call_with(func: Any, args: OwnList[Any]) -> Any:
    return func(*args)
