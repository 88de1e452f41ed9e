"""Names that came from a module imported whole, and that it does not have any more."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import Any

from livepatch._python.star_names import star_names
from livepatch._snapshot.nested import absolute_name
from livepatch._snapshot.snapshot import Snapshot
from livepatch._source.outline import Outline
from livepatch._source.source import namespace_of


def no_longer_starred(
    snapshot: Snapshot,
    snapshots: Mapping[str, Snapshot],
    outlines: Mapping[str, Outline],
    pending: Collection[str],
) -> list[str]:
    """List what a module's namespace has from ``import *`` that a fresh one would not have.

    Args:
        snapshot: of the module.
        snapshots: of all modules of the reload, by name.
        outlines: of their new sources.
        pending: those that have not run yet: what they will have is read of their sources.
    """
    if snapshot.origin is None:
        return []
    before = [snapshots[home] for home in _starred(snapshot.origin, snapshot, snapshots)]
    if not before:
        return []  # nearly every one
    provided = _may_bind(snapshot, outlines)
    waiting = [*_starred(outlines[snapshot.source.name], snapshot, snapshots)]
    seen = {snapshot.source.name}
    provided.update(_names_elsewhere(outlines[snapshot.source.name], snapshot, snapshots))
    while waiting:
        home = waiting.pop()
        if home in seen:
            continue
        seen.add(home)
        other, others = snapshots[home], outlines[home].has_other_means
        if home not in pending or others:
            # Where only what changed runs, what has gone is there until the end.
            gone = _gone(other, outlines) if not others else ()
            provided.update(namespace_of(other.source.module).keys() - gone)
        provided.update(_names_elsewhere(outlines[home], other, snapshots))
        if home in pending:
            provided |= _may_bind(other, outlines)
        waiting += _starred(outlines[home], other, snapshots)
    namespace: dict[str, Any] = namespace_of(snapshot.source.module)
    return [
        name
        for each in before
        for name in {*star_names(each.namespace)} & each.namespace.keys() - provided
        if namespace.get(name, snapshot) is each.namespace[name]
    ]


def _gone(snapshot: Snapshot, outlines: Mapping[str, Outline]) -> AbstractSet[str]:
    """Return what the old source of a module bound and the new one does not bind."""
    origin = snapshot.origin
    bound = origin.scopes[()].shells.keys() if origin is not None else frozenset[str]()
    return bound - _may_bind(snapshot, outlines)


def _may_bind(snapshot: Snapshot, outlines: Mapping[str, Outline]) -> set[str]:
    """Return the names that the new source of a module may bind, as far as it says them."""
    outline = outlines[snapshot.source.name]
    if outline.has_other_means:
        return set(snapshot.source.code.co_names)
    return {*outline.scopes[()].shells, *outline.global_names}


def _starred(
    outline: Outline, snapshot: Snapshot, snapshots: Mapping[str, Snapshot]
) -> Iterator[str]:
    """Yield the modules of the reload of which a source imports everything."""
    imports = (each for each in outline.scopes[()].imports if each.name == "*")
    homes = (absolute_name(each.module, snapshot.namespace) for each in imports)
    return (home for home in homes if home in snapshots and home != snapshot.source.name)


def _names_elsewhere(
    outline: Outline, snapshot: Snapshot, snapshots: Mapping[str, Snapshot]
) -> Iterator[str]:
    """Yield the names that other modules have of which a source imports everything."""
    for each in outline.scopes[()].imports:
        home = absolute_name(each.module, snapshot.namespace) if each.name == "*" else None
        if home is not None and home not in snapshots and home in sys.modules:
            yield from vars(sys.modules[home])
