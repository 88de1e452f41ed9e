"""Stage 5d: find who holds the losers, and note how each holder is repointed.

Reference counts first: a loser whose references are all accounted for needs no search. Then one
search for all the others, among the young objects if the load made them all, else on the whole
heap. Immutable holders are rebuilt and are losers in turn, level by level, until nothing is left.
"""

from __future__ import annotations

import gc
import sys
import types
import typing
import weakref
from collections.abc import Generator, Iterator
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from itertools import compress, islice
from typing import Any

from livepatch._constants import DEEPEST_NESTING
from livepatch._decide import Decisions
from livepatch._explain import explained_by, parts_of
from livepatch._heap import (
    MANY,
    Holders,
    grouped_by_type,
    holders_among,
    holders_of,
    unexplained_counts,
    untracked_instances,
    young_holders_of,
)
from livepatch._hidden import forward_function, repoint_hidden_holders
from livepatch._holders import (
    Repointing,
    is_crowd_type,
    is_rebuilt,
    is_rebuilt_type,
    raw_namespace,
    repoint_contents,
    repoint_crowd,
    repoint_holder,
    repoint_running_frames,
    repoint_weak_reference,
)
from livepatch._kinds import (
    CACHE_TYPE,
    CACHED_PROPERTY,
    CLASS_METHOD,
    DISPATCH_METHOD,
    PARTIAL,
    PARTIAL_METHOD,
    PROPERTY,
    STATIC_METHOD,
    bases_of,
    classes_below,
    is_class,
    is_empty,
    mro_of,
    subclasses_of,
    without_instances,
)
from livepatch._match import Matches, Pair
from livepatch._migrate import Migration, build_successors, fill_successors, tuple_successor
from livepatch._own import Call, OwnDict, OwnList
from livepatch._recode import recode
from livepatch._reconcile import Reconciliation
from livepatch._record import retained
from livepatch._rehash import Rehashing, has_own_hash
from livepatch._report import StaleFrame
from livepatch._retire import forward_class
from livepatch._running import update_running_code
from livepatch._shapes import is_tracked
from livepatch._steps import Steps

_CROWD = 50
_CLASS_DICT_CELLS = (3, 12)
_RECONCILED_WHOLE = (
    PROPERTY,
    STATIC_METHOD,
    CLASS_METHOD,
    PARTIAL,
    PARTIAL_METHOD,
    CACHED_PROPERTY,
    DISPATCH_METHOD,
)


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
        decisions.survivors, _fresh_ids(matches), matches.path_of, decisions.migrations
    )
    repointing.skipped |= untouched
    # Their bases are decided; the search sees those that they have now.
    repointing.based.update(id(cls) for cls, _ in result.steps.new_bases())
    # What they will hold is decided too: the registries of dispatchers.
    repointing.skipped |= result.steps.refilled()
    _settle_class_dicts(matches, decisions, repointing)
    _settle_cells(matches, repointing)
    _repoint_subclasses(decisions, repointing)
    targets: OwnList[Any] = OwnList(decisions.losers)
    _add_weak_references(repointing, targets)
    frames = update_running_code(repointing, result, matches)
    targets += repointing.rebuilt
    repointing.rebuilt = OwnList()
    for forget in typing._cleanups:  # type: ignore[attr-defined]  # noqa: SLF001
        forget()  # caches of List[Player] and the like, which only C code can see into
    _Search(result, repointing).run(targets)
    return repointing, frames


class _Search:
    """The levels of one search."""

    __slots__ = (
        "arrived",
        "changed",
        "crowds",
        "decisions",
        "instance_ids",
        "matches",
        "objects",
        "old_side",
        "rebuilt",
        "rehashing",
        "repointing",
        "result",
        "unseen",
    )

    def __init__(self, result: Reconciliation, repointing: Repointing) -> None:
        self.result = result
        self.decisions = result.decisions
        self.matches = result.decisions.matches
        self.repointing = repointing
        self.old_side = set(self.matches.by_old)
        self.unseen: OwnList[Any] = OwnList()
        self.instance_ids: dict[int, set[int]] = {}
        self.rebuilt: OwnDict[int, Any] = OwnDict()
        self.changed: OwnDict[int, Any] = OwnDict()
        self.rehashing = Rehashing(repointing, result.steps)
        self.arrived: OwnList[Any] = OwnList()
        self.crowds: OwnList[OwnList[Any]] = OwnList()
        self.objects: OwnList[Any] = OwnList()
        self._take_keys(self.rehashing.follow(self.changed))

    def run(self, targets: OwnList[Any]) -> None:
        """Find all holders first; then build the immutable ones anew, parts before wholes."""
        for level in range(DEEPEST_NESTING):
            counts = unexplained_counts(targets, self._explainers())
            held = OwnList(target for target, count in zip(targets, counts) if count > 0)
            # Instances that are made anew are held by someone: nobody counts a million.
            arrived, self.arrived = self.arrived, OwnList()
            if not held and not arrived:
                break
            if level == 0:
                _skip_internals(self.matches, self.decisions, self.repointing)
            targets.clear()
            if self.objects and held:
                # Apart: who holds these few is not to be counted among the holders of a million.
                targets = self._take_level(held, OwnList())
                held = OwnList()
            targets += self._take_level(held, arrived)
            self._take_keys(self.rehashing.follow(self.changed))
        self.objects.clear()
        migrations = self.repointing.migrations.values()
        with self._earlier_code():
            for holder in OwnList(self.rebuilt.values()):
                self._rebuild(holder)
        for migration in migrations:
            fill_successors(migration, self.repointing.survivors)
            # Since 3.13 a dict whose values lie in its instance does not refer to them itself.
            self.changed.update((id(shared), shared) for shared in migration.shared.values())
        self._change_all()
        if self.unseen or any(migration.instances for migration in migrations):
            repoint_hidden_holders(self.repointing)
            repoint_running_frames(self.repointing)
            unseen = set(map(id, self.unseen))
            for pair in self.matches.pairs:
                if id(pair.old) in unseen:
                    self._forward(pair)

    def _skip_insides_of_caches(self) -> None:
        """Leave the dicts alone that caches, which are emptied, keep their entries in."""
        if self.repointing.hashes_last:
            for holder in self.changed.values():
                if type(holder) is CACHE_TYPE:
                    parts = gc.get_referents(holder)
                    own = (id(part) for part in parts if type(part) is dict)
                    self.repointing.skipped.update(own)
                    self.repointing.skipped.discard(id(holder.__dict__))

    @contextmanager
    def _earlier_code(self) -> Generator[None, None, None]:
        """Let the functions of the earlier code be that while frozensets are built on the way back.

        They ask their members for hashes, and the function that answers may have the later code
        until the change is made.
        """
        back = any(each.direction == "back" for each in self.repointing.migrations.values())
        if not back or frozenset not in set(map(type, self.rebuilt.values())):
            yield
            return
        steps = self.result.steps
        codes = [(do, undo) for do, undo in zip(steps.do, steps.undo) if do.func is recode]
        try:
            for do, _ in codes:
                do()
            yield
        finally:
            for _, undo in reversed(codes):
                undo()

    def _change_all(self) -> None:
        """Note how each holder is changed; what it cannot let go of is forwarded later."""
        calls = [steps.do for steps in self._steps()]
        self._skip_insides_of_caches()
        holders = OwnList(self.changed.values())
        for crowd in self._crowds():
            holders += repoint_crowd(self.repointing, crowd)
        holders = self._change_dicts(holders)
        before = sum(map(len, calls))
        for holder in holders:
            repoint_contents(self.repointing, holder)
            after = sum(map(len, calls))
            if after == before and not self.repointing.is_loser(type(holder)):
                losers = filter(self.repointing.is_loser, gc.get_referents(holder))
                self.unseen += losers
            before = after

    def _change_dicts(self, holders: OwnList[Any]) -> OwnList[Any]:
        """Note how dicts are changed, where they are many; return the holders that are left."""
        dicts = OwnList(each for each in holders if type(each) is dict)
        if len(dicts) <= _CROWD or not is_crowd_type(dict):
            return holders
        others = OwnList(each for each in holders if type(each) is not dict)
        others += repoint_crowd(self.repointing, dicts)
        return others

    def _rebuild(self, holder: Any) -> None:
        if self.rebuilt.pop(id(holder), None) is not None:
            for part in gc.get_referents(holder):
                if id(part) in self.rebuilt:
                    self._rebuild(part)
            migration = self.repointing.migrations.get(id(type(holder)))
            if migration is None:
                repoint_contents(self.repointing, holder)
            else:
                successor = tuple_successor(migration, holder, self.repointing.settle)
                self.repointing.rebuild(holder, successor)

    def _forward(self, pair: Pair) -> None:
        survivor = self.repointing.settle(pair.old)
        if id(pair.old) in self.repointing.migrations:
            return  # the new methods would look for the new fields in an old instance
        old: Any = pair.old
        if type(old) is CACHE_TYPE:
            # What is inside it is C memory too, and runs once nothing is remembered any more.
            self.result.add_cache(pair, Call(CACHE_TYPE.cache_clear, old))
            inner = self.matches.by_old.get(id(getattr(old, "__wrapped__", None)))
            if inner is not None:
                forward_function(self.repointing, inner)
            return
        if is_class(pair.old) and is_class(survivor):
            forward_class(pair.old, survivor, self.repointing.forwards)
        else:
            forward_function(self.repointing, pair)

    def _explainers(self) -> OwnList[Any]:
        found = explained_by(self.matches, self.decisions)
        for steps in self._steps():
            found += steps.arguments()
        found += (self.rebuilt, self.changed, self.unseen, self.repointing.rehashed)
        found += self.repointing.tables
        found.append(self.objects)
        return found

    def _steps(self) -> tuple[Steps, ...]:
        repointing = self.repointing
        return (
            self.result.steps,
            repointing.fresh_bases,
            repointing.first,
            repointing.steps,
            repointing.last,
            repointing.forwards,
        )

    def _take_level(self, held: OwnList[Any], arrived: OwnList[Any]) -> OwnList[Any]:
        """Note the holders of some losers; return the immutable ones, which are losers in turn."""
        found = self._find(held, arrived)
        others = found.others
        # Counted before instances are made anew, of which there may be a million.
        explainers = self._explainers() if held else OwnList[Any]()
        explainers += others if held else ()
        counts = unexplained_counts(held, explainers)
        del explainers
        for key, group in found.instances.items():
            self._note_instances(key, group)
        self._look_inside_others(held)
        for index, target in enumerate(held):
            instances = self.repointing.instances.get(id(target))
            if instances is not None:
                counts[index] -= len(instances)
        missing = OwnList(target for target, count in zip(held, counts) if count > 0)
        if missing:
            # An instance of a loser can hold losers in its attributes as well; not one that is made
            # anew.
            self.unseen += missing
            for key, instances in self.repointing.instances.items():
                if key not in self.repointing.migrations:
                    others += instances
        following: OwnList[Any] = OwnList()
        for holder in self._note_plain(others):
            if self._note(holder):
                following.append(holder)
        return following

    def _note_plain(self, holders: OwnList[Any]) -> OwnList[Any]:
        """Note the holders that are changed in place; return the others."""
        skipped = self.repointing.skipped
        if not skipped.isdisjoint(map(id, holders)):
            holders = OwnList(each for each in holders if id(each) not in skipped)
        others: OwnList[Any] = OwnList()
        for group in grouped_by_type(holders):
            cls = type(group[0])
            if is_rebuilt_type(cls) or self.repointing.is_loser(cls):
                others += group
            elif len(group) > _CROWD and is_crowd_type(cls) and not _may_be_key(cls):
                self.crowds.append(group)
            else:
                self.changed.update(zip(map(id, group), group))
        return others

    def _crowds(self) -> Iterator[OwnList[Any]]:
        """Yield the holders that are many of a class, each once."""
        by_type: OwnDict[int, OwnList[OwnList[Any]]] = OwnDict()
        for crowd in self.crowds:
            by_type.setdefault(id(type(crowd[0])), OwnList()).append(crowd)
        for crowds in by_type.values():
            if len(crowds) == 1:
                yield crowds[0]
            else:
                each_once = OwnDict((id(each), each) for crowd in crowds for each in crowd)
                yield OwnList(each_once.values())

    def _note(self, holder: Any) -> bool:
        """Note a holder once; say whether it will be another object."""
        key = id(holder)
        if key in self.changed or key in self.rebuilt or key in self.repointing.skipped:
            return False
        if not is_rebuilt(self.repointing, holder):
            self.changed[key] = holder
            if self.repointing.is_loser(type(holder)):
                self._note_instances(id(type(holder)), OwnList([holder]))
            return False
        if self.repointing.rehashed and not self.rehashing.take(holder):
            return False
        self.rebuilt[key] = holder
        self.repointing.survivors.setdefault(key, holder)
        if type(holder) is CACHE_TYPE:
            # Where the cache itself is held by what cannot be seen, its function runs the new code.
            self.unseen.append(holder.__wrapped__)
        return True

    def _look_inside_others(self, held: OwnList[Any]) -> None:
        """Find the instances that the collector does not know: those with nothing inside them."""
        for target in held:
            migration = self.repointing.migrations.get(id(target))
            if migration is not None and not is_tracked(target):
                self._note_instances(id(target), untracked_instances(target))

    def _note_instances(self, key: int, instances: OwnList[Any]) -> None:
        """Note instances of a class, by its id, each once."""
        if not instances:
            return
        migration = self.repointing.migrations.get(key)
        if migration is not None:
            self._note_migrating(key, migration, instances)
            return
        known = self.repointing.instances.setdefault(key, instances)
        if known is not instances:
            seen = self.instance_ids.setdefault(key, set())
            if len(seen) < len(known):
                seen.update(map(id, known))
            known += (each for each in instances if id(each) not in seen)

    def _note_migrating(self, key: int, migration: Migration, instances: OwnList[Any]) -> None:
        # Those that are made anew are no holders, nor are those that take their place: of what
        # these hold the losers are exchanged when they are filled. Of few it is told afterwards.
        if not self.objects and len(self.arrived) + len(instances) > MANY:
            rebuilt = (each for each in self.repointing.migrations.values() if not each.is_tuple)
            classes = OwnList(each.old.cls for each in rebuilt)
            self.objects += without_instances(gc.get_objects(), classes)
            classes.clear()  # it is among the objects
        news = build_successors(migration, instances, self.repointing.survivors)
        if migration.is_tuple:
            for each in news:
                self.rebuilt[id(each)] = each
                self.repointing.survivors[id(each)] = each
        if migration.instances:
            # Else they are losers by themselves: a live value stays in their place.
            self.repointing.instances[key] = migration.instances
        self.arrived += news
        self._add_weak_references(news)

    def _take_keys(self, keys: OwnList[Any]) -> None:
        self.rehashing.references(keys)
        self.arrived += keys
        self.arrived += self.repointing.rebuilt
        self.repointing.rebuilt = OwnList()

    def _add_weak_references(self, instances: OwnList[Any]) -> None:
        referred = OwnList(compress(instances, map(weakref.getweakrefcount, instances)))
        before = len(referred)
        _add_weak_references(self.repointing, referred)
        self.arrived += referred[before:]

    def _migrating(self) -> Iterator[type]:
        return (each.old.cls for each in self.repointing.migrations.values())

    def _find(self, held: OwnList[Any], arrived: OwnList[Any]) -> Holders:
        repointing = self.repointing
        sought = self._sought(held, arrived)
        hidden = {id(repointing.survivors), *repointing.skipped, *map(id, retained(sought))}
        for steps in self._steps():
            hidden.update(map(id, steps.arguments()))
        if not (arrived or self.objects) and self.old_side.isdisjoint(map(id, held)):
            young = young_holders_of(held, hidden, self._migrating())
            explainers = self._explainers()
            explainers += young.others
            for instances in young.instances.values():
                explainers += instances
            if not any(count > 0 for count in unexplained_counts(held, explainers)):
                return young
            del young, explainers
        if self.objects and arrived:
            found = holders_among(self.objects, sought, hidden, self._migrating())
            self.objects.clear()  # it is among the objects itself
            return found
        for migration in repointing.migrations.values() if arrived else ():
            hidden.update(map(id, migration.successors[-MANY:]))  # all those made for this level
        targets = OwnList((*held, *arrived)) if arrived else held
        return holders_of(targets, hidden, self._migrating())

    def _sought(self, held: OwnList[Any], arrived: OwnList[Any]) -> AbstractSet[int]:
        """Return the ids of what is sought."""
        survivors, rehashed = self.repointing.survivors, self.repointing.rehashed
        if not (self.objects and arrived):
            return set(map(id, (*held, *arrived)))
        # All losers: none has another holder that is not known already, and no table of the ids of
        # a million instances is made beside the one there is.
        return survivors.keys() | rehashed.keys() if rehashed else survivors.keys()


def _may_be_key(cls: type) -> bool:
    """Whether instances may be keys whose hash changes, or their dicts: `Rehashing` asks."""
    return cls is dict or has_own_hash(cls)


def _fresh_ids(matches: Matches) -> set[int]:
    fresh = {key for key, pair in matches.by_new.items() if not pair.foreign}
    for module in matches.modules:
        old = module.old
        fresh.update(id(value) for name, value in module.new.items() if old.get(name) is not value)
    return fresh


def _skip_internals(matches: Matches, decisions: Decisions, repointing: Repointing) -> None:
    """Leave alone what goes with a loser, and what `reconcile` has seen to."""
    skipped = repointing.skipped
    for module in matches.modules:
        skipped |= {id(module.live), id(module.old), id(module.new)}
    for pair in (*matches.pairs, *decisions.derived):
        if pair.kind in _RECONCILED_WHOLE:
            # What it will hold is decided; the search sees what it holds now.
            skipped |= {id(pair.old), id(pair.new)}
        for cls in (pair.old,) if pair.foreign else (pair.old, pair.new):
            if is_class(cls):
                # Its dict, its bases and its method resolution order; its slots.
                skipped.update(map(id, parts_of(cls)))
                skipped.discard(id(cls))
    for loser in decisions.losers:
        if is_class(loser):
            for subclass in (loser, *classes_below(loser)):
                skipped.update((id(mro_of(subclass)), id(bases_of(subclass))))


def _settle_cells(matches: Matches, repointing: Repointing) -> None:
    """Give every closure of a pair the survivors, the losers' too: old generators use them.

    Zero-argument super() in old code raises TypeError once its instance has the new class, until
    the old ``__class__`` cell holds that class.
    """
    seen: set[int] = set()
    functions = OwnList(pair.old for pair in matches.pairs)
    functions += (pair.new for pair in matches.pairs)
    for function in functions:
        if type(function) is types.FunctionType:
            for cell in function.__closure__ or ():
                if id(cell) not in seen:
                    seen.add(id(cell))
                    repointing.skipped.add(id(cell))
                    _settle_cell(repointing, cell)


def _settle_class_dicts(matches: Matches, decisions: Decisions, repointing: Repointing) -> None:
    """Let annotations look names up in the survivor's namespace (PEP 649, PEP 695).

    They are functions since 3.14, and a class that takes them over from a loser would keep that
    one's namespace alive with all that is in it.
    """
    if sys.version_info < _CLASS_DICT_CELLS:
        return
    wanted: OwnDict[int, Any] = OwnDict()
    for loser in OwnList(decisions.losers):
        survivor = decisions.settle(loser)
        if is_class(loser) and is_class(survivor):
            wanted[id(raw_namespace(loser))] = raw_namespace(survivor)
    for pair in matches.pairs if wanted else ():
        for function in (pair.old, pair.new):
            if type(function) is types.FunctionType:
                _settle_class_dict(repointing, function, wanted)
                _settle_class_dict(repointing, getattr(function, "__annotate__", None), wanted)


def _settle_class_dict(
    repointing: Repointing, function: Any, wanted: OwnDict[int, dict[str, Any]]
) -> None:
    if type(function) is not types.FunctionType or not function.__closure__:
        return
    for name, cell in zip(function.__code__.co_freevars, function.__closure__):
        if name == "__classdict__" and not is_empty(cell):
            namespace = wanted.get(id(cell.cell_contents))
            if namespace is not None and id(cell) not in repointing.skipped:
                repointing.skipped.add(id(cell))
                repointing.steps.set_cell(cell, namespace, cell.cell_contents)


def _settle_cell(repointing: Repointing, cell: types.CellType) -> None:
    try:
        contents = cell.cell_contents
    except ValueError:
        return  # not assigned yet
    if repointing.is_loser(contents):
        repointing.steps.set_cell(cell, repointing.settle(contents), contents)


def _repoint_subclasses(decisions: Decisions, repointing: Repointing) -> None:
    for loser in OwnList(decisions.losers):
        if is_class(loser):
            for subclass in subclasses_of(loser):
                repoint_holder(repointing, subclass)


def _add_weak_references(repointing: Repointing, targets: OwnList[Any]) -> None:
    referred: OwnList[Any] = OwnList(filter(weakref.getweakrefcount, targets))
    references: OwnList[Any] = OwnList()
    ends = [0]
    for loser in referred:
        references += weakref.getweakrefs(loser)
        ends.append(len(references))
    # Those that records keep follow the instances by themselves.
    counts = iter(zip(references, unexplained_counts(references, retained())))
    for loser, start, end in zip(referred, ends, ends[1:]):
        # A base's list of subclasses holds the plain reference to each; that is not ours.
        own = len(bases_of(loser)) if is_class(loser) else 0
        for reference, count in islice(counts, end - start):
            plain = type(reference) is weakref.ref and reference.__callback__ is None
            if count > (own if plain else 0):
                repoint_weak_reference(repointing, reference, loser)
    targets += repointing.rebuilt
    repointing.rebuilt = OwnList()
