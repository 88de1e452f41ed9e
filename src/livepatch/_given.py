"""What objects and classes were given as they were made: other functions now, or a store."""

from __future__ import annotations

from collections import OrderedDict, defaultdict, deque
from collections.abc import Collection, Iterator
from types import CodeType, FunctionType
from typing import Any

from livepatch._code import same_code
from livepatch._kinds import class_attributes
from livepatch._layers import CONTAINERS
from livepatch._module import Path
from livepatch._pairs import Pair
from livepatch._scope import functions_bound

_DEEPEST = 8


def is_given_other_functions(pair: Pair, path: Path, new: Any) -> bool:
    """Whether a function in the statements that bind a path has another body than before.

    What an object was given and keeps somewhere of its own is no definition that is paired. The
    functions in a table are.
    """
    origin, outline = pair.before.origin, pair.module.outline
    scope = origin.scopes.get(path[:-1]) if origin is not None else None
    shells = outline.scopes[path[:-1]].shells[path[-1]]
    if scope is None or not any(shell.is_definition for shell in shells):
        return False
    before = functions_bound(scope.code, path[-1])
    after = functions_bound(outline.scopes[path[:-1]].code, path[-1])
    if len(before) != len(after):
        return True
    changed = {id(code) for old, code in zip(before, after) if not same_code(old, code)}
    return bool(changed) and not changed <= set(map(id, _codes_within(new, _DEEPEST)))


def _codes_within(value: Any, depth: int) -> Iterator[CodeType]:
    """Yield the codes of the functions that the walk finds in a table."""
    if type(value) is FunctionType:
        yield value.__code__
    elif type(value) in CONTAINERS and depth:
        for part in value.values() if type(value) is dict else value:
            yield from _codes_within(part, depth - 1)


def is_filled_since(pair: Pair, live: Any, made: Any) -> bool:
    """Whether a class was given an empty container as it was made, which the program has filled.

    ``cls.store = {}`` in ``__init_subclass__`` or a metaclass. What is in it may be of the class's
    own instead, a table of its fields say: then it is empty where the class has none any more.

    Args:
        pair: the class, before and after the load.
        live: what it was given before.
        made: what it was given in the load.
    """
    if type(live) is not type(made) or type(live) not in _STORES or made or not live:
        return False
    before, after = class_attributes(pair.old), class_attributes(pair.new)
    had = {name: value for name, value in before.items() if name not in after}
    named = before.get("__annotations__")
    names = {*had, *(named if type(named) is dict else ())}
    own = set(map(id, had.values()))
    parts: Collection[Any] = (*live, *live.values()) if isinstance(live, dict) else live
    return not any((type(part) is str and part in names) or id(part) in own for part in parts)


_STORES = (dict, list, set, deque, defaultdict, OrderedDict)
