"""Stage 5: find who holds the losers, and note how each holder is repointed.

Reference counts first: a loser whose references are all accounted for needs no search. Then one
search for all the others, among the young objects if the load made them all, else on the whole
heap. Immutable holders are rebuilt and are losers in turn, level by level, until nothing is left.
"""

from __future__ import annotations

import typing
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from typing import Any

from livepatch._constants import DEEPEST_NESTING
from livepatch._explain import explained_by
from livepatch._heap import (
    MANY,
    Holders,
    holders_among,
    holders_of,
    unexplained_counts,
    young_holders_of,
)
from livepatch._holders import Repointing
from livepatch._noted import Noted
from livepatch._own import OwnList
from livepatch._reconcile import Reconciliation
from livepatch._record import retained
from livepatch._repoint import repoint_all
from livepatch._report import StaleFrame
from livepatch._running import update_running_code
from livepatch._steps import Steps
from livepatch._surroundings import (
    fresh_ids,
    repoint_subclasses,
    settle_cells,
    settle_class_dicts,
    skip_internals,
)
from livepatch._weak import repoint_weak_references


def search(
    result: Reconciliation, untouched: AbstractSet[int] = frozenset()
) -> tuple[Repointing, tuple[StaleFrame, ...]]:
    """Find every holder of a loser and note how it is repointed; list calls in old code.

    Args:
        result: who survives, and the steps noted so far.
        untouched: ids of holders to leave alone.
    """
    matches, decisions = result.decisions.matches, result.decisions
    repointing = Repointing(
        decisions.survivors, fresh_ids(matches), matches.path_of, decisions.migrations
    )
    repointing.skipped |= untouched
    # Their bases are decided; the search sees those that they have now.
    repointing.based.update(id(cls) for cls, _ in result.steps.new_bases())
    # What they will hold is decided too: the registries of dispatchers.
    repointing.skipped |= result.steps.refilled()
    repointing.decided.update((id(cls), name) for cls, name, _ in result.steps.new_attributes())
    settle_class_dicts(matches, decisions, repointing)
    settle_cells(matches, repointing)
    repoint_subclasses(decisions, repointing)
    targets: OwnList[Any] = OwnList(decisions.losers)
    repoint_weak_references(repointing, targets)
    frames = update_running_code(repointing, result, matches)
    targets += repointing.take_rebuilt()
    for forget in typing._cleanups:  # type: ignore[attr-defined]  # noqa: SLF001
        forget()  # caches of List[Player] and the like, which only C code can see into
    noted = Noted(repointing, result.steps)
    known = len(repointing.survivors)
    _Search(result, repointing, noted).run(targets)
    repoint_all(result, noted)
    if len(repointing.survivors) > known:
        # An attribute that is new to a class may be something immutable that was built anew.
        result.steps.settle_arguments(repointing.survivors)
    return repointing, frames


class _Search:
    """The levels of one search: the losers, then what is built anew because it holds one."""

    __slots__ = ("decisions", "matches", "noted", "old_side", "repointing", "result")

    def __init__(self, result: Reconciliation, repointing: Repointing, noted: Noted) -> None:
        self.result = result
        self.decisions = result.decisions
        self.matches = result.decisions.matches
        self.repointing = repointing
        self.noted = noted
        self.old_side = set(self.matches.by_old)

    def run(self, targets: OwnList[Any]) -> None:
        """Note the holders of some losers, and those of what is built anew, to the last one."""
        noted = self.noted
        for level in range(DEEPEST_NESTING):
            counts = unexplained_counts(targets, self._explainers())
            held = OwnList(target for target, count in zip(targets, counts) if count > 0)
            # Instances that are made anew are held by someone: nobody counts a million.
            arrived, noted.arrived = noted.arrived, OwnList()
            if not held and not arrived:
                break
            if level == 0:
                skip_internals(self.matches, self.decisions, self.repointing)
            targets.clear()
            if noted.objects and held:
                # Apart: who holds these few is not to be counted among the holders of a million.
                targets = self._take_level(held, OwnList())
                held = OwnList()
            targets += self._take_level(held, arrived)
            noted.take_keys()
        noted.objects.clear()

    def _explainers(self) -> OwnList[Any]:
        found = explained_by(self.matches, self.decisions)
        for steps in self._steps():
            found += steps.arguments()
        found += self.noted.explainers()
        return found

    def _steps(self) -> tuple[Steps, ...]:
        return (self.result.steps, *self.repointing.rows())

    def _take_level(self, held: OwnList[Any], arrived: OwnList[Any]) -> OwnList[Any]:
        """Note the holders of some losers; return the immutable ones, which are losers in turn."""
        noted, repointing = self.noted, self.repointing
        found = self._find(held, arrived)
        others = found.others
        # Counted before instances are made anew, of which there may be a million.
        explainers = self._explainers() if held else OwnList[Any]()
        explainers += others if held else ()
        counts = unexplained_counts(held, explainers)
        del explainers
        for key, group in found.instances.items():
            noted.note_instances(key, group)
        noted.note_untracked(held)
        for index, target in enumerate(held):
            instances = repointing.instances.get(id(target))
            if instances is not None:
                counts[index] -= len(instances)
        missing = OwnList(target for target, count in zip(held, counts) if count > 0)
        if missing:
            # An instance of a loser can hold losers in its attributes as well; not one that is made
            # anew.
            noted.unseen += missing
            for key, instances in repointing.instances.items():
                if key not in repointing.migrations:
                    others += instances
        return noted.note_all(others)

    def _migrating(self) -> Iterator[type]:
        return (each.old.cls for each in self.repointing.migrations.values())

    def _find(self, held: OwnList[Any], arrived: OwnList[Any]) -> Holders:
        repointing, objects = self.repointing, self.noted.objects
        sought = self._sought(held, arrived)
        hidden = {id(repointing.survivors), *repointing.skipped, *map(id, retained(sought))}
        for steps in self._steps():
            hidden.update(map(id, steps.arguments()))
        if not (arrived or objects) and self.old_side.isdisjoint(map(id, held)):
            young = young_holders_of(held, hidden, self._migrating())
            explainers = self._explainers()
            explainers += young.others
            for instances in young.instances.values():
                explainers += instances
            if not any(count > 0 for count in unexplained_counts(held, explainers)):
                return young
            del young, explainers
        if objects and arrived:
            found = holders_among(objects, sought, hidden, self._migrating())
            objects.clear()  # it is among the objects itself
            return found
        for migration in repointing.migrations.values() if arrived else ():
            hidden.update(map(id, migration.successors[-MANY:]))  # all those made for this level
        targets = OwnList((*held, *arrived)) if arrived else held
        return holders_of(targets, hidden, self._migrating())

    def _sought(self, held: OwnList[Any], arrived: OwnList[Any]) -> AbstractSet[int]:
        """Return the ids of what is sought."""
        survivors, rehashed = self.repointing.survivors, self.repointing.rehashed
        if not (self.noted.objects and arrived):
            return set(map(id, (*held, *arrived)))
        # All losers: none has another holder that is not known already, and no table of the ids of
        # a million instances is made beside the one there is.
        return survivors.keys() | rehashed.keys() if rehashed else survivors.keys()
