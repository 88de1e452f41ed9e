"""Stage 5: find the tables that go by ``id``, which no search for holders finds.

``{id(player): 12}`` refers to no player, and up to Python 3.13 the collector does not even know of
it, for there is nothing in it that could be part of a cycle. So all tables are looked into, those
too that some other object has.
"""

from __future__ import annotations

import gc
import sys
import types
import weakref
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import chain, compress, filterfalse, islice, repeat
from operator import is_, not_
from typing import Any

from livepatch._holders import Repointing, Table, dicts_in_running_frames, goes_by_id
from livepatch._python.among import (
    Watch,
    all_objects,
    is_own_type,
    objects_whose_type,
    referring,
    set_of_types,
)
from livepatch._python.kinds import CACHE_TYPE
from livepatch._python.own import Call, OwnList

_CHUNK = 500
_FEWER = 8
_DEEPEST = 8
# Since 3.14 the collector knows all dicts.
_ARE_LOOSE = sys.version_info < (3, 14)
# What is the larger part of a small heap, and refers to no table that a program fills.
_HAVE_NO_TABLES = frozenset(
    map(
        id,
        (
            types.FunctionType,
            types.BuiltinFunctionType,
            types.CodeType,
            types.ClassMethodDescriptorType,
            types.GetSetDescriptorType,
            types.MemberDescriptorType,
            types.MethodDescriptorType,
            types.WrapperDescriptorType,
            weakref.ref,
        ),
    )
)


class Identities:
    """The tables there are, and those among them that go by ``id``."""

    __slots__ = ("known", "loose", "repointing", "tables", "tuples")

    def __init__(self, repointing: Repointing) -> None:
        self.repointing = repointing
        self.tables: OwnList[Any] | None = None
        self.loose: OwnList[Any] = OwnList()
        self.known: set[int] = set()
        self.tuples: set[int] = set()

    def watch(self, is_wanted: Callable[[type], bool]) -> Watch:
        """Return what is to be known of all objects: those of some types, and dicts in them."""
        return Watch(is_wanted, self._lay_aside if _ARE_LOOSE else None)

    def _lay_aside(self, parts: list[Any]) -> None:
        """Keep those among some objects that are dicts which the collector does not know."""
        self.loose.extend(filterfalse(gc.is_tracked, filter(None, _of_type(parts, dict))))

    def take(self) -> OwnList[Any]:
        """Return the tables that have the ``id`` of an instance that is made anew in a key."""
        if not self.repointing.migrates:
            return OwnList()
        if self.tables is None:
            watch = replace(self.watch(is_table_type), skipped=_HAVE_NO_TABLES)
            self.tables = referring(all_objects(), None, watch).watched
        if _ARE_LOOSE:
            self.loose += dicts_in_running_frames()
        tables: OwnList[Any] = OwnList((*self.tables, *self.loose))
        self.tables.clear()
        self.loose.clear()
        found = OwnList(self._by_id(tables))
        hidden = _hidden() if found else set()
        return OwnList(each for each in found if id(each) not in hidden)

    def _by_id(self, tables: OwnList[Any]) -> Iterator[Any]:
        """Yield the tables that go by ``id``."""
        are_plain = list(map(_PLAIN.__contains__, map(id, map(type, tables))))
        yield from self._narrowed(compress(tables, are_plain), _keys_of_all, _CHUNK)
        # What a class says of its keys is not asked; all that such a table has is looked at.
        others = compress(tables, map(not_, are_plain))
        yield from self._narrowed(others, _parts_of_all, _CHUNK)

    def _narrowed(
        self, tables: Iterable[Any], keys_of: Callable[[list[Any]], list[Any]], count: int
    ) -> Iterator[Any]:
        """Look for them by the hundred, then by fewer."""
        remaining = iter(tables)
        while chunk := OwnList(islice(remaining, count)):
            if not self._may_have_ids(keys_of(chunk)):
                continue
            if count == 1:
                yield from filter(self._goes_by_id, chunk)
            else:
                yield from self._narrowed(chunk, keys_of, count // _FEWER or 1)

    def _may_have_ids(self, parts: list[Any]) -> bool:
        """Whether a number among some objects, or in tuples of them, may be a loser's ``id``."""
        has_none = self.repointing.survivors.keys().isdisjoint
        for _ in range(_DEEPEST):
            kinds = set(map(id, map(type, parts)))
            if id(int) in kinds and not has_none(_of_type(parts, int)):
                return True
            self._learn(kinds, parts)
            if kinds.isdisjoint(self.tuples):
                break
            are_tuples = map(self.tuples.__contains__, map(id, map(type, parts)))
            parts = gc.get_referents(*compress(parts, are_tuples))
        return False

    def _learn(self, kinds: set[int], parts: list[Any]) -> None:
        """Note which types of some objects are tuples, named ones too."""
        if not kinds <= self.known:
            self.known |= kinds
            self.tuples.update(id(kind) for kind in set_of_types(parts) if issubclass(kind, tuple))

    def _goes_by_id(self, table: Any) -> bool:
        return any(goes_by_id(self.repointing, key) for key in _keys_of(table))


def is_table_type(cls: type) -> bool:
    """Whether the objects of a type are dicts, sets or frozensets, and none of livepatch's."""
    return issubclass(cls, _KINDS) and not is_own_type(cls)


def _keys_of(table: Any) -> OwnList[Any]:
    """List the keys of a table, past what its class makes of them."""
    kind: Any = next(each for each in _KINDS if issubclass(type(table), each))
    return OwnList(kind.__iter__(table))


def _of_type(parts: list[Any], kind: type) -> Iterator[Any]:
    return compress(parts, map(is_, map(type, parts), repeat(kind)))


_KINDS = (dict, set, frozenset)
_PLAIN = frozenset(map(id, _KINDS))


def _keys_of_all(tables: list[Any]) -> list[Any]:
    return list(chain.from_iterable(tables))


def _parts_of_all(tables: list[Any]) -> list[Any]:
    return gc.get_referents(*tables)


def _hidden() -> set[int]:
    """Return the ids of tables that are to stay: livepatch's own, and what caches keep.

    A cache goes by its dict and by a list in C memory, and is emptied as a whole.
    """
    owners = objects_whose_type(lambda cls: cls is CACHE_TYPE or _is_own_owner(cls))
    return set(map(id, gc.get_referents(*owners)))


def _is_own_owner(cls: type) -> bool:
    """Whether objects of a type are livepatch's, and have no table of the program's in them."""
    return is_own_type(cls) and not issubclass(cls, (dict, list, Call, Table))
