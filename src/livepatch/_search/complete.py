"""Complete the successors of instances while the change is made: what runs the user's code.

Default factories and the hook are called when everything else is in its place.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from operator import is_not
from typing import Any

from livepatch._decide.migration import Change, Migration
from livepatch._decide.successors import place
from livepatch._holders import fill_frozen
from livepatch._match.build import copy_contents
from livepatch._match.shapes import has_value
from livepatch._python.own import OwnDict, OwnList

_FOREVER = 1e6


def complete(migrations: OwnList[Migration], survivors: OwnDict[int, Any]) -> None:
    """Call default factories and hooks, when all else is in its place.

    A hook must not wait for anything: whoever waits lets other threads run. As long as none does,
    no other thread runs before all is done.
    """
    interval = sys.getswitchinterval()
    try:
        sys.setswitchinterval(_FOREVER)
        _complete(migrations, survivors)
        sys.setswitchinterval(interval)  # an interrupt may come in between, or in the midst of one
    finally:
        sys.setswitchinterval(interval)


def _complete(migrations: OwnList[Migration], survivors: OwnDict[int, Any]) -> None:
    for migration in migrations:
        _call_factories(migration)
    for migration in migrations:
        _copy_all_contents(migration, survivors)
    for migration in migrations:
        _call_hooks(migration)


def _call_factories(migration: Migration) -> None:
    for name in migration.new.declared:
        default = migration.new.defaults.get(name)
        if name not in migration.added or default is None or default.factory is None:
            continue
        for successor in migration.successors:
            if not has_value(migration.new, successor, name):
                arguments = (successor,) if default.takes_self else ()
                place(migration, successor, name, default.factory(*arguments))


def _copy_all_contents(migration: Migration, survivors: OwnDict[int, Any]) -> None:
    if object in (migration.old.native, migration.new.native) or migration.is_tuple:
        return

    def settle(value: Any) -> Any:
        return survivors.get(id(value), value)

    for instance, successor in zip(migration.instances, migration.successors):
        if migration.new.native is frozenset:
            _fill_again(successor, settle)
        else:
            copy_contents(migration.old, instance, successor, settle)


def _fill_again(frozen: frozenset[Any], settle: Callable[[Any], Any]) -> None:
    """Exchange the losers among the members that a frozenset was made with."""
    members: OwnList[Any] = OwnList(frozenset.__iter__(frozen))
    settled = OwnList(map(settle, members))
    if any(map(is_not, settled, members)):
        fill_frozen(frozen, settled)


def _call_hooks(migration: Migration) -> None:
    if migration.hook is None:
        return
    for successor, change in _changes_of(migration):
        migration.hook(successor, change)


def _changes_of(migration: Migration) -> Iterator[tuple[Any, Change]]:
    """Yield each successor with what its hook is told."""
    added, removed = migration.added, migration.removed
    for successor in migration.successors:
        yield (
            successor,
            Change(
                migration.old.cls,
                added,
                removed,
                dict(migration.renamed),
                dict(migration.left.get(id(successor), {})),
                migration.direction,
            ),
        )
