"""Stage 5: find who holds the losers, and note how each holder is repointed.

Reference counts first: a loser whose references are all accounted for needs no search. Then one
search for all the others, among the young objects if the load made them all, else on the whole
heap. Immutable holders are rebuilt and are losers in turn, level by level, until nothing is left.
"""

from __future__ import annotations

import gc
import typing
from collections import Counter
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from types import FunctionType
from typing import Any

from livepatch._decide.decisions import Decisions
from livepatch._heap.explain import explained_by, few_survivors, ids_in_pairs
from livepatch._heap.heap import (
    MANY,
    holders_among,
    holders_of,
    unexplained_counts,
    young_holders_of,
)
from livepatch._heap.retained import retained
from livepatch._holders import Repointing, settle_class_attributes, settle_instances_of_loser
from livepatch._python.among import Holders
from livepatch._python.class_tree import without_instances
from livepatch._python.constants import DEEPEST_NESTING
from livepatch._python.kinds import CLASS, is_class, is_place
from livepatch._python.own import OwnDict, OwnList, OwnSet
from livepatch._reconcile import Reconciliation
from livepatch._report.report import StaleFrame
from livepatch._search.noted import Noted
from livepatch._search.repoint import repoint_all
from livepatch._search.running import update_running_code
from livepatch._search.surroundings import (
    fresh_ids,
    repoint_subclasses,
    settle_cells,
    settle_class_dicts,
    skip_internals,
)
from livepatch._search.weak import repoint_weak_references
from livepatch._steps.steps import Steps


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
        decisions.survivors,
        fresh_ids(matches),
        matches.path_of,
        decisions.heirs,
        decisions.migrations,
    )
    repointing.skipped |= untouched
    repointing.skipped.update(map(id, decisions.borrowed))
    # Their bases are decided; the search sees those that they have now.
    repointing.based.update(id(cls) for cls, _ in result.steps.new_bases())
    # What they will hold is decided too: the registries of dispatchers.
    repointing.skipped |= result.steps.refilled()
    repointing.decided.update((id(cls), name) for cls, name, _ in result.steps.new_attributes())
    repointing.decided.update(result.steps.names_set())
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
        _settle_attributes(decisions, repointing)
        _settle_what_stays(repointing)
    return repointing, frames


def _settle_what_stays(repointing: Repointing) -> None:
    """Let steps put the successors of live values that stay, and have been made anew since."""
    survivors = repointing.survivors
    stay = (each for each in list(survivors.values()) if id(each) in survivors)
    anew = OwnDict((id(each), survivors[id(each)]) for each in stay)
    anew = OwnDict((key, each) for key, each in anew.items() if id(each) != key)
    for steps in repointing.rows() if anew else ():
        steps.settle_arguments(anew)


def _settle_attributes(decisions: Decisions, repointing: Repointing) -> None:
    """Give the survivors what was built anew among the attributes that no step sets.

    And the classes that go the instances that were: they may come back.
    """
    for pair in (*decisions.matches.beyond_functions(), *decisions.derived):
        survivor = decisions.settle(pair.new)
        if pair.kind is CLASS and is_class(survivor):
            settle_class_attributes(repointing, survivor)
        if pair.kind is CLASS and is_class(pair.old) and survivor is not pair.old:
            settle_instances_of_loser(repointing, pair.old)


class _Search:
    """The levels of one search: the losers, then what is built anew because it holds one."""

    __slots__ = (
        "decisions",
        "explained",
        "matches",
        "noted",
        "old_side",
        "paired",
        "repointing",
        "result",
    )

    def __init__(self, result: Reconciliation, repointing: Repointing, noted: Noted) -> None:
        self.result = result
        self.decisions = result.decisions
        self.matches = result.decisions.matches
        self.repointing = repointing
        self.noted = noted
        self.old_side = OwnSet(self.matches.by_old)
        self.paired = ids_in_pairs(self.matches)
        self.explained: OwnSet[int] = OwnSet()  # ids of what was accounted for when last asked

    def run(self, targets: OwnList[Any]) -> None:
        """Note the holders of some losers, and those of what is built anew, to the last one."""
        noted = self.noted
        for level in range(DEEPEST_NESTING):
            counts = self._unexplained(targets) if targets else []
            held = OwnList(target for target, count in zip(targets, counts) if count > 0)
            counts = [count for count in counts if count > 0]
            # Instances that are made anew are held by someone: nobody counts a million.
            arrived, noted.arrived = noted.arrived, OwnList()
            if not (held or arrived or noted.objects):
                arrived = noted.take_keys_by_dict() or noted.take_tables_by_id()
            if not (held or arrived or noted.objects):
                break
            if level == 0:
                skip_internals(self.matches, self.decisions, self.repointing)
            targets.clear()
            if noted.objects and held:
                # Apart: who holds these few is not to be counted among the holders of a million.
                targets = self._take_level(held, counts, OwnList())
                held, counts = OwnList(), []
            targets += self._take_level(held, counts, arrived)
            noted.take_keys()
        noted.objects.clear()

    def _explainers(self, *, young: bool) -> OwnList[Any]:
        found = explained_by(self.matches, self.decisions, pairs=False, young=young)
        for steps in self._steps():
            found += steps.arguments(recoded=not young)
        found += self.noted.explainers()
        return found

    def _known(self, targets: OwnList[Any]) -> Iterator[int]:
        """Yield the id of a target for each reference from livepatch's own very long lists."""
        yield from self.paired
        yield from self.noted.references_from_objects(targets)
        yield from map(id, few_survivors(self.decisions) or ())

    def _steps(self) -> tuple[Steps, ...]:
        return (self.result.steps, *self.repointing.rows())

    def _take_level(
        self, held: OwnList[Any], counts: list[int], arrived: OwnList[Any]
    ) -> OwnList[Any]:
        """Note the holders of some losers; return the immutable ones, which are losers in turn.

        Args:
            held: losers that something holds.
            counts: how many references to each are not accounted for yet.
            arrived: losers of which that is not known.
        """
        noted, repointing = self.noted, self.repointing
        found = self._find_young(held, counts) if not arrived else None
        # Counted before instances are made anew, of which there may be a million.
        counts = self._not_held_by(found, held, counts) if found is not None else [0] * len(held)
        if found is None:
            found = self._find(held, arrived)
            counts = self._unexplained(held, found.others, whole=True) if held else counts
        others = found.others
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
        following = noted.note_all(others, found.crowds.values())
        others.clear()  # it may be among the objects itself, which keep it
        noted.note_annotated(following, self._functions())
        return following

    def _unexplained(
        self, targets: OwnList[Any], *holders: OwnList[Any], whole: bool = False
    ) -> list[int]:
        """Count what holds losers besides livepatch, what goes with them, and holders found.

        Args:
            targets: the losers.
            holders: those found.
            whole: whether nothing may be counted that need not be. Else what holds something that
                the load made is only looked for where nearly all that does is.
        """
        young = self._are_made_by_load(targets)
        explainers = self._explainers(young=young and not whole)
        for group in holders:
            explainers += (*group, group)  # a class that holds another may be held itself
        self.explained = OwnSet(map(id, explainers))
        return unexplained_counts(
            targets,
            explainers,
            self._known(targets),
            young=young,
            namespaces=(*self.matches.namespaces(), self.decisions.survivors),
        )

    def _are_made_by_load(self, targets: OwnList[Any]) -> bool:
        made = self.matches.by_new
        return all(
            id(each) in made or (is_place(each) and id(each.__objclass__) in made)
            for each in targets
        )

    def _functions(self) -> Iterator[FunctionType]:
        for pair in self.matches.pairs:
            if type(pair.old) is FunctionType:
                yield pair.old
            if type(pair.new) is FunctionType:
                yield pair.new

    def _migrating(self) -> OwnList[type]:
        return OwnList(each.old.cls for each in self.repointing.migrations.values())

    def _find_young(self, held: OwnList[Any], counts: list[int]) -> Holders | None:
        """Find the holders among the objects that the load made; None if there are others."""
        if self.noted.objects or not self.old_side.isdisjoint(map(id, held)):
            return None
        hidden, classes = self._hidden(set(map(id, held))), self._migrating()
        # A look at the annotations of a function makes the dict of them, which is younger.
        for first in dict.fromkeys((self.matches.young, None)):
            found = young_holders_of(held, hidden, classes, first)
            if self._are_all(found, held, counts):
                return found
        return None

    def _are_all(self, found: Holders, held: OwnList[Any], counts: list[int]) -> bool:
        """Whether there are no other holders than those found."""
        explained = self._references((found.others, *found.instances.values()), held)
        return all(count <= explained[id(each)] for each, count in zip(held, counts))

    def _not_held_by(self, found: Holders, held: OwnList[Any], counts: list[int]) -> list[int]:
        """Return how many references are not those of holders, instances of losers left out."""
        if not found.instances:
            return [0] * len(held)  # nearly always: these are all there are
        explained = self._references((found.others,), held)
        return [count - explained[id(each)] for each, count in zip(held, counts)]

    def _references(self, groups: tuple[OwnList[Any], ...], held: OwnList[Any]) -> Counter[int]:
        """Count the references of some holders to losers, by the ids of these."""
        # What was accounted for a moment ago still is, and nobody has counted these lists.
        news = OwnList(each for group in groups for each in group if id(each) not in self.explained)
        references = map(id, gc.get_referents(*news))
        return Counter(filter(set(map(id, held)).__contains__, references))

    def _find(self, held: OwnList[Any], arrived: OwnList[Any]) -> Holders:
        repointing, objects = self.repointing, self.noted.objects
        hidden = self._hidden(None if objects else set(map(id, (*held, *arrived))))
        if objects and not held:
            classes = self._migrating()
            others = without_instances(arrived, classes)
            noted = self.noted
            found = holders_among(objects, classes, others, hidden, noted.watch())
            noted.take_watched(found.watched)
            objects.clear()
            return found
        for migration in repointing.migrations.values() if arrived else ():
            hidden.update(map(id, migration.successors[-MANY:]))  # all those made for this level
        targets = OwnList((*held, *arrived)) if arrived else held
        return holders_of(targets, hidden, self._migrating())

    def _hidden(self, sought: AbstractSet[int] | None) -> set[int]:
        """Return the ids of livepatch's own holders, and of those to be left alone."""
        repointing = self.repointing
        hidden = OwnSet(repointing.skipped)
        hidden |= {id(repointing.survivors), id(repointing.heirs)}
        hidden.update(map(id, retained(sought)))
        for steps in self._steps():
            hidden.update(map(id, steps.arguments()))
        return hidden
