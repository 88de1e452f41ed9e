"""What an ``lru_cache`` remembers, and whether the function would give just that again."""

from __future__ import annotations

import gc
import re
import types
from collections.abc import Iterator
from typing import Any

from livepatch._python.kinds import cached_by, dict_of, is_class, is_plain_data, may_say_type
from livepatch._python.own import OwnList

_LINK = "_lru_list_elem"  # what a bounded one has in its table
_IMMUTABLE = (tuple, frozenset, object, re.Pattern, types.NoneType)
_DEEPEST = 8


def remembers_no_state(cache: Any) -> bool:
    """Whether all that a cache has is such that no program changes it: data, classes, functions.

    A list, a dict, a closure or another object may be what the program goes on with.
    """
    return all(map(_is_immutable, arguments_and_results(cache)))


def arguments_and_results(cache: Any) -> OwnList[Any]:
    """List what a cache was called with and has returned, and what is in tuples and sets of that.

    Nothing can be put in the place of these: they are in C memory, or in what does not change.
    """
    found, level = OwnList[Any](), OwnList(_entries_of(cache))
    for _ in range(_DEEPEST):
        found += level
        level = OwnList(part for each in level if type(each) in (tuple, frozenset) for part in each)
    return found


def _entries_of(cache: Any) -> Iterator[Any]:
    own = (cached_by(cache), dict_of(cache), type(cache))
    parts = OwnList(part for part in gc.get_referents(cache) if not any(part is x for x in own))
    tables = OwnList(part for part in parts if type(part) is dict)
    bounded = OwnList(table for table in tables if any(map(_is_link, table.values())))
    # Where it is bounded other dicts are results.
    tables = bounded or tables
    for part in parts:
        if not any(part is table for table in tables):
            yield part
    for table in tables:
        yield from table
        yield from (value for value in table.values() if not _is_link(value))


def _is_link(value: Any) -> bool:
    return type(value).__name__ == _LINK


def _is_immutable(part: Any) -> bool:
    return (
        type(part) in _IMMUTABLE
        or is_plain_data(part)
        or is_class(part)
        or type(part) is types.BuiltinFunctionType
        or (type(part) is types.FunctionType and not part.__closure__)
        or (type(part) is not dict and may_say_type(part))
    )
