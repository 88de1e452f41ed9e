"""Which of several class statements of one name made a class that a later one derives from.

``class Shape: sides = 0``, and below it ``class Shape(Shape): ...``, or one between the two. No
name leads to the first of them by then.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from livepatch._match.pairs import Pair
from livepatch._python.kinds import found_at, is_class, mro_of, qualified_name
from livepatch._source.outline import Outline
from livepatch._source.scope import Scope, read_scope
from livepatch._source.shell import Shell


def said_by_namesake(pair: Pair, name: str) -> tuple[tuple[Shell, ...], tuple[Shell, ...]] | None:
    """Return what the class's own statements say of an attribute, before and now.

    Args:
        pair: the class.
        name: of the attribute.

    Returns:
        None for a class that a name leads to, where it is not known which of them it is, and where
        one of them says nothing of it.
    """
    before = scope_of_namesake(pair)
    if before is None or not before.binds(name):
        return None
    after = _scope_of(pair.module.outline, pair.module.new, pair.new)
    return (before.shells[name], after.shells[name]) if after and after.binds(name) else None


def scope_of_namesake(pair: Pair) -> Scope | None:
    """Return the body by which such a class was made before; None for others, and in doubt."""
    if not pair.path[-1].startswith("<base "):
        return None
    if qualified_name(pair.old) != qualified_name(pair.new):
        return None
    return _scope_of(pair.before.origin, pair.before.old, pair.old)


def _scope_of(source: Outline | None, namespace: Mapping[str, Any], cls: type) -> Scope | None:
    home = str(qualified_name(cls))
    bodies = source.twins.get(tuple(home.split(".")), ()) if source is not None else ()
    last = found_at(namespace, home)
    if not bodies or not is_class(last):
        return None  # nearly every one
    alike = [each for each in mro_of(last) if qualified_name(each) == home]
    place = next((place for place, each in enumerate(alike) if each is cls), -1)
    # Each derives from the one before; of others it is not known which ran.
    return read_scope(bodies[-1 - place]) if place >= 0 and len(alike) == len(bodies) else None
