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
from itertools import compress, islice
from typing import Any

from livepatch._code import same_code
from livepatch._heap import holders_of, set_of_types
from livepatch._holders import Repointing, Table, repoint_weak_reference
from livepatch._kinds import PROXY_TYPE, dict_of, is_class, mro_of
from livepatch._own import OwnDict, OwnList
from livepatch._recode import recode
from livepatch._report import Notice
from livepatch._shapes import find_attribute
from livepatch._steps import Steps

# A tuple remembers its hash since 3.14, so one with such a key in it is built anew.
TUPLES_REMEMBER = sys.version_info >= (3, 14)
# Goes by the member's name.
_STEADY = (enum.Enum.__hash__,)
_TABLES_OF_REFERENCES = (
    "WeakKeyDictionary.__init__.<locals>.remove",
    "WeakSet.__init__.<locals>._remove",
)


class Rehashing:
    """The keys found in the course of one search."""

    __slots__ = ("grouped", "own", "repointing", "seen", "told")

    def __init__(self, repointing: Repointing, steps: Steps) -> None:
        self.repointing = repointing
        self.own: dict[int, bool] = {}
        self.grouped: dict[int, int] = {}
        self.seen = self.told = 0
        edited = _edited_hashes(steps)
        if edited:
            self._add(_instances_of(edited))

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
        self._add(self._owners(OwnList(each for each in news if _may_be_of_instance(each))))
        for key, group in self.repointing.instances.items():
            cls = type(group[0])
            successor: Any = self.repointing.survivors.get(key)
            start, self.grouped[key] = self.grouped.get(key, 0), len(group)
            moves = key not in self.repointing.migrations and is_class(successor)
            if moves and (self._has_own_hash(cls) or self._has_own_hash(successor)):
                self._add(islice(group, start, None))
        before, self.told = self.told, len(self.repointing.rehashed)
        return OwnList(islice(self.repointing.rehashed.values(), before, None))

    def take(self, holder: Any) -> bool:
        """Take in a holder that cannot be changed in place; say whether it is to be built anew."""
        repointing = self.repointing
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
        wanted = {id(kind) for kind in set_of_types(holders) if self._has_own_hash(kind)}
        return OwnList(each for each in holders if id(type(each)) in wanted if wanted)

    def _has_own_hash(self, cls: type) -> bool:
        """Whether the hash of a class's instances may depend on what they are or refer to."""
        known = self.own.get(id(cls))
        if known is None:
            known = self.own[id(cls)] = has_own_hash(cls)
        return known

    def _owners(self, dicts: OwnList[Any]) -> OwnList[Any]:
        """Return the instances that have the dicts, and a hash of their own."""
        if not dicts:
            return dicts
        found = holders_of(dicts, {id(dicts), id(self.repointing.rehashed)}).others
        wanted = set(map(id, dicts))
        return OwnList(each for each in self._with_own_hash(found) if id(dict_of(each)) in wanted)


def notice_lost_keys(tables: list[Table], path_of: Callable[[Any], str]) -> Iterator[Notice]:
    """Name the tables, when the change is done, that lack an entry or cannot find a key."""
    for table in tables:
        what, keys = type(table.holder).__name__, table.keys()
        if not keys:
            continue
        try:
            lost = OwnList(key for key in keys if not table.finds(key))
        except Exception as error:  # noqa: BLE001 - a key's own __eq__ or __hash__
            message = f"a key of a {what} raised {type(error).__name__}: {error}"
            yield Notice("LP210", path_of(type(keys[0])), message)
            continue
        missing = 0 if table.filled is None else table.expected - table.filled
        if missing > 0:
            message = f"{missing} entries of a {what} equal others now, and went"
            yield Notice("LP210", path_of(type(keys[0])), message)
        if lost:
            message = f"a {what} does not find {len(lost)} of its members any more"
            yield Notice("LP210", path_of(type(lost[0])), message)


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
        and all(type(key) is str for key in candidate)
        and "__name__" not in candidate
        and "__module__" not in candidate
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


def _says_the_same(before: Any, after: Any) -> bool:
    if type(before) is types.FunctionType and type(after) is types.FunctionType:
        return same_code(before.__code__, after.__code__)
    return before is after


def _instances_of(edited: OwnList[Any]) -> Iterator[Any]:
    """Yield the instances of classes that have an edited hash method, own or inherited."""
    wanted = set(map(id, edited))
    known: dict[int, bool] = {}
    for each in gc.get_objects():
        cls = type(each)
        found = known.get(id(cls))
        if found is None:
            method = id(find_attribute(cls, "__hash__"))
            found = known[id(cls)] = not wanted.isdisjoint((method, *map(id, mro_of(cls))))
        if found:
            yield each
