"""Stage 4: pair what a `def` of the module has put into its own place: nearly every definition."""

from __future__ import annotations

from operator import attrgetter
from types import FunctionType
from typing import Any

from livepatch._match.likeness import Walk
from livepatch._match.module import Path
from livepatch._match.pairs import Pair
from livepatch._python.kinds import (
    CLASS_METHOD,
    FUNCTION,
    PROPERTY,
    STATIC_METHOD,
    Kind,
    has_lambdas,
)

_INSIDE_BINDING = ("<fget>", "<fset>", "<fdel>", "<func>")
BINDING_KINDS = (STATIC_METHOD, CLASS_METHOD, PROPERTY)
# By id: a metaclass may have its own hash.
_PLAIN_BINDINGS = dict(zip(map(id, (staticmethod, classmethod, property)), BINDING_KINDS))


def pair_plainly(walk: Walk, path: Path, old: Any, new: Any) -> bool:
    """Pair two functions each of which is what a `def` of the module has put into its own place.

    And two properties or methods around such functions. Nearly all are: none of the questions that
    `visit` asks of others has to be asked of these.
    """
    if type(new) is FunctionType:
        if is_plain := _is_plain(walk, path, old, new):
            _add_plain_pair(walk, path, FUNCTION, old, new)
        return is_plain
    kind = _PLAIN_BINDINGS.get(id(type(new)))
    if kind is None or type(old) is not type(new) or len(path) == 1 or _is_known(walk, old, new):
        return False
    before, parts = dict(kind.parts(old)), dict(kind.parts(new))
    plain = (_is_plain(walk, (*path, step), before.get(step), parts[step]) for step in parts)
    if parts.keys() != before.keys() or not all(plain) or walk.module.outline.imports(path):
        return False
    _add_plain_pair(walk, path, kind, old, new)
    for step, part in parts.items():
        if not _is_known(walk, before[step], part):  # one function may be two of the parts
            _add_plain_pair(walk, (*path, step), FUNCTION, before[step], part)
    return True


def _is_known(walk: Walk, old: Any, new: Any) -> bool:
    """Whether either definition has been met before, or both are one."""
    matches = walk.matches
    both = before, now = id(old), id(new)
    return (
        before in matches.by_old
        or now in matches.by_new
        or both in matches.seen
        or old is new
        or not matches.standing.isdisjoint(both)
    )


# Of a function: all that a `def` says of itself, and what nearly none has.
_called = attrgetter("__qualname__", "__name__", "__code__.co_name", "__module__", "__closure__")


def _is_plain(walk: Walk, path: Path, old: Any, new: Any) -> bool:
    module = walk.module
    if type(new) is not FunctionType or type(old) is not FunctionType or walk.before is not module:
        return False
    # A namespace takes keys of any kind: those of a class are joined, and they are texts.
    depth = len(path)
    names = path[:-1] if depth > 1 and path[-1] in _INSIDE_BINDING else path
    name = names[-1]
    home = name if len(names) == 1 else ".".join(names)
    plainly = home, name, name, module.name, None
    return (
        _called(old) == plainly == _called(new)
        and old.__globals__ is new.__globals__ is module.live
        and bool(name.strip("_"))  # there are functions that have no name of their own
        and not (old.__dict__ or new.__dict__ or has_lambdas(new) or _is_known(walk, old, new))
    )


def _add_plain_pair(walk: Walk, path: Path, kind: Kind, old: Any, new: Any) -> None:
    matches, module = walk.matches, walk.module
    both = before, now = id(old), id(new)
    matches.seen.add(both)
    pair = Pair(path, kind, old, new, module, module)
    pair.is_plain = kind is FUNCTION and path[-1] not in _INSIDE_BINDING
    matches.by_old[before] = matches.by_new[now] = pair
    matches.pairs.append(pair)
