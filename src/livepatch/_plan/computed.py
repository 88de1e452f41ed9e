"""Whether what a module outside the reload has was computed when its statement ran."""

from __future__ import annotations

import gc
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from inspect import CO_NESTED
from itertools import chain
from types import CodeType, FunctionType
from typing import Any

from livepatch._match.pairs import Matches
from livepatch._plan.importer import Importer
from livepatch._plan.reads_on import Change
from livepatch._python.code import codes_in
from livepatch._python.kinds import found_at
from livepatch._python.layers import layers_of
from livepatch._source.bodies import runs_the_same

# How many calls the statement of a function makes that has no decorators but these.
_WRAPPERS: dict[type, int] = {FunctionType: 0, staticmethod: 1, classmethod: 1, property: 1}


def computed_nothing(importer: Importer, path: tuple[str, ...], *, by_calls: bool = True) -> bool:
    """Whether nothing that a path leads to was computed when its statement ran.

    It did not run where there is no such global: what a script does, say; and calls seldom give
    None. A function or property is made of no more than a decorator or a default, whatever its
    annotations say.

    Args:
        importer: whose path it is.
        path: it.
        by_calls: by calls, that is; else a default that is only read counts as well.
    """
    namespace = importer.namespace
    if path[0] not in namespace or (namespace[path[0]] is None and by_calls):
        return True  # what a function sets by `global` is None until that is called
    value = found_at(namespace, ".".join(path))
    scope = importer.outline.scopes.get(path[:-1])
    shells = scope.shells.get(path[-1], ()) if scope is not None else ()
    if type(value) not in _WRAPPERS or not shells:
        return False
    parts: Any = (value,) if type(value) is FunctionType else gc.get_referents(value)
    has_defaults = any(
        each.__defaults__ or each.__kwdefaults__ for each in parts if type(each) is FunctionType
    )
    calls = _WRAPPERS[type(value)]
    is_plain = all(each.is_definition and each.calls <= calls for each in shells)
    return is_plain and (by_calls or not has_defaults)


def has_computed_defaults(importer: Importer, name: str) -> bool:
    """Whether a global is a function without decorators whose statement has called something.

    For a default, then: ``def show(width=measure()): ...``.
    """
    value = importer.namespace.get(name)
    if type(value) is not FunctionType or value.__code__.co_name != name:
        return False
    is_own = not value.__code__.co_flags & CO_NESTED and value.__globals__ is importer.namespace
    return is_own and not computed_nothing(importer, (name,))


def takes_new_code(
    matches: Matches, change: Change, namespace: Mapping[str, Any], path: tuple[str, ...]
) -> bool:
    """Whether all that has changed of what decorates a definition is what its wrappers do.

    They are given their new code wherever they are.

    Args:
        matches: of the reload.
        change: of a function, which may be what decorates.
        namespace: of the module that has the definition.
        path: of the definition there.
    """
    codes = _codes_of(matches, change)
    around = layers_of(found_at(namespace, ".".join(path))) if codes is not None else ()
    made = {id(each.__code__) for each in around if type(each) is FunctionType}
    return codes is not None and _only_makes(*codes, made)


def _codes_of(matches: Matches, change: Change) -> tuple[CodeType, CodeType] | None:
    before, after = change.held or change.old, change.new
    if not type(before) is type(after) is FunctionType:
        return None
    if before is not after:
        return before.__code__, after.__code__
    followed = chain.from_iterable(module.followed.codes for module in matches.modules)
    return next((each for each in followed if each[0] is after.__code__), None)


def _only_makes(old: CodeType, new: CodeType, made: AbstractSet[int]) -> bool:
    """Whether a function does what it did, down to where it makes one of some codes."""
    inside = codes_in(old), codes_in(new)
    if not runs_the_same(old, new) or len(inside[0]) != len(inside[1]):
        return False
    return any(
        not made.isdisjoint(map(id, both)) or _only_makes(*both, made) for both in zip(*inside)
    )
