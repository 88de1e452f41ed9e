"""The holders that a search has found so far, each noted once by what becomes of it."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterable, Iterator
from itertools import compress, repeat
from operator import is_
from types import FunctionType
from typing import Any

from livepatch._decide.migration import Migration
from livepatch._decide.successors import build_successors
from livepatch._heap.heap import MANY, untracked_instances
from livepatch._holders import (
    Repointing,
    is_crowd_type,
    is_rebuilt,
    is_rebuilt_type,
    objects_being_made,
)
from livepatch._match.shapes import is_tracked
from livepatch._python.among import Watch, grouped_by_type
from livepatch._python.class_tree import without_instances
from livepatch._python.kinds import CACHE_TYPE, cached_by, offset_of_weak_references
from livepatch._python.own import OwnDict, OwnList
from livepatch._search.identities import Identities, is_table_type
from livepatch._search.rehash import Rehashing, has_own_hash
from livepatch._search.weak import repoint_weak_references
from livepatch._steps.steps import Steps

CROWD = 50
_FEW = 4


class Noted:
    """What a search has found.

    Attributes:
        repointing: takes the instances, and the successors of what is built anew.
        changed: the holders that are changed in place, by id.
        crowds: those of which there are many of one class, and which are changed together.
        rebuilt: those that are built anew, by id; each is a loser in turn.
        arrived: losers that came beside those: instances that are made anew, if they are few; keys.
        unseen: losers that something holds which was not found.
        objects: once very many instances are made anew, all objects among which their holders are.
        rehashing: the keys found.
        identities: the tables that go by ``id``.
        annotated: functions that have losers in their annotations.
    """

    __slots__ = (
        "_being_made",
        "_instance_ids",
        "annotated",
        "arrived",
        "changed",
        "crowds",
        "identities",
        "objects",
        "rebuilt",
        "rehashing",
        "repointing",
        "unseen",
    )

    def __init__(self, repointing: Repointing, steps: Steps) -> None:
        self.repointing = repointing
        self.changed: OwnDict[int, Any] = OwnDict()
        self.crowds: OwnList[OwnList[Any]] = OwnList()
        self.rebuilt: OwnDict[int, Any] = OwnDict()
        self.arrived: OwnList[Any] = OwnList()
        self.unseen: OwnList[Any] = OwnList()
        self.objects: OwnList[Any] = OwnList()
        self.annotated: OwnList[Any] = OwnList()
        self.rehashing = Rehashing(repointing, steps)
        self.identities = Identities(repointing)
        self._instance_ids: dict[int, set[int]] = {}
        self._being_made: dict[int, str] | None = None
        self.take_keys()

    def note_all(self, holders: OwnList[Any], crowds: Iterable[OwnList[Any]] = ()) -> OwnList[Any]:
        """Note holders; return those that will be other objects.

        Args:
            holders: the holders.
            crowds: further ones, very many of one class each, none of which is to be skipped.
        """
        following: OwnList[Any] = OwnList()
        for holder in self._note_plain(holders, crowds):
            if self._note(holder):
                following.append(holder)
        return following

    def _note_plain(self, holders: OwnList[Any], crowds: Iterable[OwnList[Any]]) -> OwnList[Any]:
        """Note the holders that are changed in place; return the others."""
        skipped = self.repointing.skipped
        if not skipped.isdisjoint(map(id, holders)):
            holders = OwnList(each for each in holders if id(each) not in skipped)
        others: OwnList[Any] = OwnList()
        for group in (*grouped_by_type(holders), *crowds):
            cls = type(group[0])
            if is_rebuilt_type(cls) or self.repointing.is_loser(cls):
                others += group
            elif len(group) > CROWD and is_crowd_type(cls) and not _may_be_key(cls):
                self.crowds.append(group)
            else:
                self.changed.update(zip(map(id, group), group))
        return others

    def _note(self, holder: Any) -> bool:
        """Note a holder once; say whether it will be another object."""
        key = id(holder)
        if key in self.changed or key in self.rebuilt or key in self.repointing.skipped:
            return False
        if not is_rebuilt(self.repointing, holder):
            self.changed[key] = holder
            if self.repointing.is_loser(type(holder)):
                self.note_instances(id(type(holder)), OwnList([holder]))
            return False
        if self.repointing.rehashed and not self.rehashing.take(holder):
            return False
        self.rebuilt[key] = holder
        self.repointing.survivors.setdefault(key, holder)
        if type(holder) is CACHE_TYPE:
            # Where the cache itself is held by what cannot be seen, its function runs the new code.
            self.unseen.append(cached_by(holder))
        return True

    def crowds_by_class(self) -> Iterator[OwnList[Any]]:
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

    def note_instances(self, key: int, instances: OwnList[Any]) -> None:
        """Note instances of a class, by its id, each once."""
        if not instances:
            return
        migration = self.repointing.migrations.get(key)
        if migration is not None:
            self._note_migrating(key, migration, instances)
            return
        known = self.repointing.instances.setdefault(key, instances)
        if known is not instances:
            seen = self._instance_ids.setdefault(key, set())
            if len(seen) < len(known):
                seen.update(map(id, known))
            known += (each for each in instances if id(each) not in seen)

    def note_untracked(self, classes: OwnList[Any]) -> None:
        """Note the instances that the collector does not know: those with nothing inside them."""
        for target in classes:
            migration = self.repointing.migrations.get(id(target))
            if migration is not None and not is_tracked(target):
                self.note_instances(id(target), untracked_instances(target))

    def _note_migrating(self, key: int, migration: Migration, instances: OwnList[Any]) -> None:
        instances = self._leave_those_being_made(instances)
        # Those that are made anew are no holders, nor are those that take their place: of what
        # these hold the losers are exchanged when they are filled. Of few it is told afterwards.
        if not self.objects and len(self.arrived) + len(instances) > MANY:
            rebuilt = (each for each in self.repointing.migrations.values() if not each.is_tuple)
            classes = OwnList(each.old.cls for each in rebuilt)
            self.objects += without_instances(gc.get_objects(), classes)
        news = build_successors(migration, instances, self.repointing.survivors)
        if migration.is_tuple:
            for each in news:
                self.rebuilt[id(each)] = each
                self.repointing.survivors[id(each)] = each
        if migration.instances:
            # Else they are losers by themselves: a live value stays in their place.
            self.repointing.instances[key] = migration.instances
        if not self.objects:
            self.arrived += news
        self._repoint_weak_references(news)

    def _leave_those_being_made(self, instances: OwnList[Any]) -> OwnList[Any]:
        """Let the instances stay what they are whose constructor is under way, and name them."""
        if self._being_made is None:
            self._being_made = {id(each): where for each, where in objects_being_made()}
        being_made = self._being_made
        if being_made.keys().isdisjoint(map(id, instances)):
            return instances
        for each in instances:
            if id(each) in being_made and id(each) not in self.changed:
                self.changed[id(each)] = each  # what it holds is current
                message = f"one stays as it is: it was being made, at {being_made[id(each)]}"
                self.repointing.leave(each, type(each), "LP209", message)
        return OwnList(each for each in instances if id(each) not in being_made)

    def _repoint_weak_references(self, instances: OwnList[Any]) -> None:
        if not instances or not offset_of_weak_references(type(instances[0])):
            return
        referred = OwnList(compress(instances, map(weakref.getweakrefcount, instances)))
        before = len(referred)
        repoint_weak_references(self.repointing, referred, self.objects)
        self.arrived += referred[before:]

    def take_keys(self) -> None:
        """Note the keys, among the holders found since, whose hash may change."""
        self._add_keys(self.rehashing.follow(self.changed))

    def take_keys_by_dict(self) -> OwnList[Any]:
        """Note the keys whose hash may change for what is in their dicts; return what is new."""
        self._add_keys(self.rehashing.follow_dicts())
        arrived, self.arrived = self.arrived, OwnList()
        return arrived

    def watch(self) -> Watch:
        """Return what else is to be known of all objects: keys, and tables that go by ``id``."""
        has_own_hash = self.rehashing.has_own_hash
        return self.identities.watch(lambda cls: is_table_type(cls) or has_own_hash(cls))

    def take_watched(self, objects: OwnList[Any] | None) -> None:
        """Take in the objects of such types."""
        self.rehashing.candidates = OwnList()
        self.identities.tables = OwnList()
        for group in grouped_by_type(objects) if objects else ():
            if is_table_type(type(group[0])):
                self.identities.tables += group
            if self.rehashing.has_own_hash(type(group[0])):
                self.rehashing.candidates += group

    def take_tables_by_id(self) -> OwnList[Any]:
        """Note the tables that go by ``id``; return those that will be other objects."""
        tables = self.identities.take()
        self.repointing.by_id.update(map(id, tables))
        return self.note_all(tables)

    def _add_keys(self, keys: OwnList[Any]) -> None:
        self.rehashing.references(keys)
        self.arrived += keys
        self.arrived += self.repointing.take_rebuilt()

    def explainers(self) -> OwnList[Any]:
        """List what holds losers here."""
        found: OwnList[Any] = OwnList()
        found += (self.rebuilt, self.changed, self.unseen, self.repointing.rehashed)
        found += self.repointing.tables
        found += self.annotated
        found.append(self.rehashing.candidates)
        return found

    def references_from_objects(self, targets: OwnList[Any]) -> Iterator[int]:
        """Yield the id of a target for each time that it is in the list of all objects."""
        if not self.objects:
            return  # nearly always
        if len(targets) > _FEW:
            wanted = set(map(id, targets))
            yield from filter(wanted.__contains__, map(id, self.objects))
            return
        for target in targets:
            yield from repeat(id(target), sum(map(is_, self.objects, repeat(target))))

    def note_annotated(self, tuples: OwnList[Any], functions: Iterable[FunctionType]) -> None:
        """Note the functions whose annotations are in tuples: nothing else holds those.

        So they are until somebody asks for them (CPython: Objects/funcobject.c, up to 3.13).
        """
        wanted = {id(each) for each in tuples if type(each) is tuple}
        for function in functions if wanted else ():
            if id(function) not in self.repointing.skipped and not wanted.isdisjoint(
                map(id, gc.get_referents(function))
            ):
                self.changed[id(function)] = function
                self.annotated.append(function)


def _may_be_key(cls: type) -> bool:
    """Whether instances may be keys whose hash changes, or their dicts: `Rehashing` asks."""
    return cls is dict or has_own_hash(cls)
