"""The holders that a search has found so far, each noted once by what becomes of it."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator
from itertools import compress
from typing import Any

from livepatch._heap import MANY, grouped_by_type, untracked_instances
from livepatch._holders import Repointing, is_crowd_type, is_rebuilt, is_rebuilt_type
from livepatch._kinds import CACHE_TYPE, without_instances
from livepatch._migration import Migration
from livepatch._own import OwnDict, OwnList
from livepatch._rehash import Rehashing, has_own_hash
from livepatch._shapes import is_tracked
from livepatch._steps import Steps
from livepatch._successors import build_successors
from livepatch._weak import repoint_weak_references

CROWD = 50


class Noted:
    """What a search has found.

    Attributes:
        repointing: takes the instances, and the successors of what is built anew.
        changed: the holders that are changed in place, by id.
        crowds: those of which there are many of one class, and which are changed together.
        rebuilt: those that are built anew, by id; each is a loser in turn.
        arrived: losers that came beside those: instances that are made anew, keys.
        unseen: losers that something holds which was not found.
        objects: once an instance is made anew, all objects among which its holders may be.
        rehashing: the keys found.
    """

    __slots__ = (
        "_instance_ids",
        "arrived",
        "changed",
        "crowds",
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
        self.rehashing = Rehashing(repointing, steps)
        self._instance_ids: dict[int, set[int]] = {}
        self.take_keys()

    def note_all(self, holders: OwnList[Any]) -> OwnList[Any]:
        """Note holders; return those that will be other objects."""
        following: OwnList[Any] = OwnList()
        for holder in self._note_plain(holders):
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
            self.unseen.append(holder.__wrapped__)
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
        self._repoint_weak_references(news)

    def _repoint_weak_references(self, instances: OwnList[Any]) -> None:
        referred = OwnList(compress(instances, map(weakref.getweakrefcount, instances)))
        before = len(referred)
        repoint_weak_references(self.repointing, referred)
        self.arrived += referred[before:]

    def take_keys(self) -> None:
        """Note the keys, among the holders found since, whose hash may change."""
        keys = self.rehashing.follow(self.changed)
        self.rehashing.references(keys)
        self.arrived += keys
        self.arrived += self.repointing.take_rebuilt()

    def explainers(self) -> OwnList[Any]:
        """List what holds losers here."""
        found: OwnList[Any] = OwnList()
        found += (self.rebuilt, self.changed, self.unseen, self.repointing.rehashed)
        found += self.repointing.tables
        found.append(self.objects)
        return found


def _may_be_key(cls: type) -> bool:
    """Whether instances may be keys whose hash changes, or their dicts: `Rehashing` asks."""
    return cls is dict or has_own_hash(cls)
