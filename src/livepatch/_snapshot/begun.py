"""In which order modules are begun: one whose import was under way comes before what it imported.

``sys.modules`` has modules in the order in which their imports ended. Where two import each other,
the one that was begun first ends last, and is the one to begin with: the other one finds what that
has by then, and it in turn finds the other one whole.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from livepatch._snapshot.nested import absolute_name
from livepatch._snapshot.snapshot import Snapshot


def begun_in_turn(snapshots: Mapping[str, Snapshot]) -> Iterator[str]:
    """Yield the names of modules, some more than once; the last time may be too late.

    Args:
        snapshots: of the modules, in the order in which their imports ended.
    """
    places = {name: place for place, name in enumerate(snapshots)}
    # Once for each: a package may import all its parts, and each of these goes by way of it.
    last = {name: _ended_last(name, snapshot, places) for name, snapshot in snapshots.items()}
    for name in snapshots:
        under_way = [name]
        while (following := last[under_way[-1]]) is not None:
            under_way.append(following)
        yield from reversed(under_way)


def _ended_last(name: str, snapshot: Snapshot, places: Mapping[str, int]) -> str | None:
    """Return which import that a module begins, or finds begun, ended last; if behind its own."""
    later = [each for each in _imported_by(snapshot) if places.get(each, -1) > places[name]]
    return max(later, key=places.__getitem__) if later else None


def _imported_by(snapshot: Snapshot) -> Iterator[str]:
    """Yield what the import of a module begins, or finds begun: its packages, what it says."""
    package, dot, _ = snapshot.source.name.rpartition(".")
    while dot:
        yield package
        package, dot, _ = package.rpartition(".")
    if snapshot.origin is None:
        return
    for each in snapshot.origin.scopes[()].imports:
        if each.bound in snapshot.namespace or each.name == "*":  # else it was for type checkers
            home = absolute_name(each.module, snapshot.namespace)
            yield from (home, f"{home}.{each.name}")
