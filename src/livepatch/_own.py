"""livepatch's own containers, told apart by type: a search for holders must not find itself."""

from __future__ import annotations

import functools
from typing import Any, TypeVar

_Key = TypeVar("_Key")
_Value = TypeVar("_Value")


class OwnDict(dict[_Key, _Value]):
    """A dict of livepatch's that may hold definitions."""

    __slots__ = ()


class OwnList(list[_Value]):
    """A list of livepatch's that may hold definitions."""

    __slots__ = ()


class Call(functools.partial[Any]):
    """A call of C code with its arguments bound: one half of a step."""

    __slots__ = ()
