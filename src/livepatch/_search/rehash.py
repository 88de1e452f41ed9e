"""Stage 5: find the keys whose hash the change may alter, so that tables are filled anew.

A dict or set keeps the hash that a key had when it came. A key's hash may go through its class
(``hash((type(self), self.name))``), through what it refers to (a frozen dataclass with a class in a
field), or its ``__hash__`` is what has been edited; whoever holds it as a key could not find it any
more. Nothing here asks a key for its hash: that is done last of all, when everything is in place.
"""

from __future__ import annotations

import enum
import gc
import sys
import types
import weakref
from collections.abc import Callable, Iterable, Iterator
from itertools import compress, islice, repeat
from operator import is_
from typing import Any

from livepatch._heap.heap import MANY, holders_of
from livepatch._holders import Repointing, Table, repoint_weak_reference
from livepatch._python.among import objects_whose_type, set_of_types
from livepatch._python.code import same_code
from livepatch._python.kinds import PROXY_TYPE, dict_of, is_class, mro_of
from livepatch._python.own import OwnDict, OwnList
from livepatch._report.report import Notice
from livepatch._steps.class_attributes import find_attribute
from livepatch._steps.rows import recode
from livepatch._steps.steps import Steps

# A tuple remembers its hash since 3.14, so one with such a key in it is built anew.
TUPLES_REMEMBER = sys.version_info >= (3, 14)
# Goes by the member's name; who gets another name is seen by that.
_STEADY = (enum.Enum.__hash__,)
_TABLES_OF_REFERENCES = (
    "WeakKeyDictionary.__init__.<locals>.remove",
    "WeakSet.__init__.<locals>._remove",
)


class Rehashing:
    """The keys found in the course of one search."""

    __slots__ = ("candidates", "dicts", "grouped", "own", "repointing", "seen", "told")

    def __init__(self, repointing: Repointing, steps: Steps) -> None:
        self.repointing = repointing
        self.own: dict[int, bool] = {}
        self.grouped: dict[int, int] = {}
        self.candidates: OwnList[Any] | None = None
        self.dicts: OwnList[Any] = OwnList()
        self.seen = self.told = 0
        edited = _edited_hashes(steps)
        if edited:
            self._add(_instances_of(edited))
        self._add(_renamed_members(steps))

    def follow(self, changed: OwnDict[int, Any]) -> OwnList[Any]:
        """Take in what a level of the search found.

        Args:
            changed: the holders that are changed in place.

        Returns:
            The keys that are new, whose holders are to be sought too.
        """
        news = OwnList(islice(changed.values(), self.seen, None))
        self.seen = len(changed)
        self._add(self._with_own_hash(news))
        self.dicts += filter(_may_be_of_instance, news)
        for key, group in self.repointing.instances.items():
            cls = type(group[0])
            successor: Any = self.repointing.survivors.get(key)
            start, self.grouped[key] = self.grouped.get(key, 0), len(group)
            moves = key not in self.repointing.migrations and is_class(successor)
            if moves and (self.has_own_hash(cls) or self.has_own_hash(successor)):
                self._add(islice(group, start, None))
        return self._take_new()

    def follow_dicts(self) -> OwnList[Any]:
        """Return the keys that are new because of what is in their dicts.

        Whose dicts these are costs a search of its own: it is asked once, of all that was found.
        """
        dicts, self.dicts = self.dicts, OwnList()
        if dicts:
            self._add(self._owners(dicts))
        return self._take_new()

    def _take_new(self) -> OwnList[Any]:
        before, self.told = self.told, len(self.repointing.rehashed)
        return OwnList(islice(self.repointing.rehashed.values(), before, None))

    def take(self, holder: Any) -> bool:
        """Take in a holder that cannot be changed in place; say whether it is to be built anew."""
        repointing = self.repointing
        if id(holder) in repointing.by_id:
            return True
        if any(map(repointing.is_loser, gc.get_referents(holder))):
            return True
        if issubclass(type(holder), tuple):
            if not TUPLES_REMEMBER:
                self._add((holder,))
            return TUPLES_REMEMBER
        if issubclass(type(holder), frozenset):
            repointing.tables.append(Table(frozenset, holder, frozenset.__len__(holder)))
        return False

    def references(self, keys: OwnList[Any]) -> None:
        """Build the weak references anew by which tables hold keys: they remember the hash."""
        for key in compress(keys, map(weakref.getweakrefcount, keys)):
            for reference in weakref.getweakrefs(key):
                callback = getattr(reference, "__callback__", None)
                if getattr(callback, "__qualname__", None) in _TABLES_OF_REFERENCES:
                    repoint_weak_reference(self.repointing, reference, key)

    def _add(self, keys: Iterable[Any]) -> None:
        survivors = self.repointing.survivors
        # What is made anew is hashed anew.
        self.repointing.rehashed.update((id(key), key) for key in keys if id(key) not in survivors)

    def _with_own_hash(self, holders: OwnList[Any]) -> OwnList[Any]:
        wanted = {id(kind) for kind in set_of_types(holders) if self.has_own_hash(kind)}
        return OwnList(each for each in holders if id(type(each)) in wanted if wanted)

    def has_own_hash(self, cls: type) -> bool:
        """Whether the hash of a class's instances may depend on what they are or refer to."""
        known = self.own.get(id(cls))
        if known is None:
            known = self.own[id(cls)] = has_own_hash(cls)
        return known

    def _owners(self, dicts: OwnList[Any]) -> OwnList[Any]:
        """Return the instances that have the dicts, and a hash of their own."""
        wanted = set(map(id, dicts))
        candidates = self.candidates
        if candidates is None and len(dicts) <= MANY:
            found = self._with_own_hash(holders_of(dicts, {id(dicts)}).others)
        else:
            if candidates is None:
                # Few classes have a hash of their own; to look into all objects would take longer.
                candidates = objects_whose_type(self.has_own_hash)
            # Not by its dict: an instance that was asked for it is slower ever after (3.11, 3.12).
            found = OwnList(
                each
                for each in candidates
                if not wanted.isdisjoint(map(id, gc.get_referents(each)))
            )
        return OwnList(each for each in found if id(dict_of(each)) in wanted)


def notice_lost_keys(tables: list[Table], path_of: Callable[[Any], str]) -> Iterator[Notice]:
    """Name the tables, when the change is done, that lack an entry or cannot find a key."""
    for table in tables:
        what, keys = type(table.holder).__name__, table.keys()
        if not keys:
            continue
        try:
            sought = keys if table.has_known else ()
            lost = OwnList(key for key in sought if not table.finds(key))
        except Exception as error:  # noqa: BLE001 - a key's own __eq__ or __hash__
            message = f"a key of a {what} raised {type(error).__name__}: {error}"
            yield Notice("LP210", path_of(type(keys[0])), message)
            continue
        missing = table.expected - (len(keys) if table.filled is None else table.filled)
        if missing > 0:
            message = f"{missing} entries of a {what} equal others now, and went"
            yield Notice("LP210", path_of(type(keys[0])), message)
        if lost and not _is_of_union(table.holder):
            message = f"a {what} does not find {len(lost)} of its members any more"
            yield Notice("LP210", path_of(type(lost[0])), message)


def _is_of_union(holder: Any) -> bool:
    """Whether a frozenset is what a union has its parts in (3.14), and goes with it.

    The union has a tuple of the same parts, and so is built anew.
    """
    if type(holder) is not frozenset:
        return False
    return any(type(each) is types.UnionType for each in gc.get_referrers(holder))


def has_own_hash(cls: type) -> bool:
    """Whether the hash of a class's instances is the class's own affair."""
    if issubclass(cls, (type, types.ModuleType)) or id(cls) in _BUILT_IN:
        return False
    found = find_attribute(cls, "__hash__")
    if issubclass(cls, PROXY_TYPE):
        return True
    return type(found) is types.FunctionType and found not in _STEADY


_BUILT_IN = frozenset(map(id, (dict, list, set, types.CellType, types.FunctionType)))


def _may_be_of_instance(candidate: Any) -> bool:
    """Whether an object may be the dict of an instance, rather than of a module or a class."""
    return (
        type(candidate) is dict
        and all(map(is_, map(type, candidate), repeat(str)))
        and "__name__" not in candidate
        and not ("__module__" in candidate and "__doc__" in candidate)
    )


def _edited_hashes(steps: Steps) -> OwnList[Any]:
    """List the hash methods that say something else after the steps, and the classes given one."""
    found: OwnList[Any] = OwnList()
    for call in steps.do:
        if call.func is recode:
            for function, code in zip(*call.args):
                if function.__name__ == "__hash__" and not same_code(function.__code__, code):
                    found.append(function)
    for cls, name, after in steps.new_attributes():
        if name == "__hash__" and not _says_the_same(find_attribute(cls, name), after):
            found.append(cls)
    return found


def _renamed_members(steps: Steps) -> Iterator[Any]:
    """Yield the members of enumerations that get another name: they hash by it."""
    for call in steps.do:
        if call.func is object.__setattr__ and call.args[1] == "_name_":
            yield call.args[0]


def _says_the_same(before: Any, after: Any) -> bool:
    if type(before) is types.FunctionType and type(after) is types.FunctionType:
        return same_code(before.__code__, after.__code__)
    return before is after


def _instances_of(edited: OwnList[Any]) -> OwnList[Any]:
    """List the instances of classes that have an edited hash method, own or inherited."""
    wanted = set(map(id, edited))

    def has_one(cls: type) -> bool:
        method = find_attribute(cls, "__hash__")
        return not wanted.isdisjoint((id(method), *map(id, mro_of(cls))))

    return objects_whose_type(has_one)
