"""Lists, dicts, sets, tuples and their relatives.

Containers that the load filled hold a definition twice, once old and once new, where a decorator,
a metaclass or ``__init_subclass__`` registered it again. After repointing it stands there once, at
its old place.
"""

from __future__ import annotations

import collections
import gc
import types
from collections import Counter
from itertools import compress, repeat
from operator import is_, is_not
from typing import Any

from livepatch._holders._context import GONE, Repointing, Table
from livepatch._kinds import UNSETTABLE, class_attributes, is_class, subclasses_of
from livepatch._own import Call, OwnList
from livepatch._shapes import find_attribute
from livepatch._steps import MISSING, set_values

# Entries of registries are tuples of tuples at most this deep.
_ENTRY_DEPTH = 8


def repoint_list(repointing: Repointing, holder: list[Any]) -> None:
    """Exchange the losers in a list; an entry that the load added again goes."""
    survivors = repointing.survivors
    settled = list(map(survivors.get, map(id, holder), holder))
    moved = sum(map(is_not, settled, holder))
    wanted = _without_repeats(repointing, holder, settled)
    if any(map(is_, wanted, repeat(GONE))):
        wanted = [item for item in wanted if item is not GONE]
    if moved or len(wanted) != len(holder):
        repointing.count(type(holder).__name__, moved)
        repointing.steps.replace_items(holder, wanted, list(holder))


def _without_repeats(repointing: Repointing, items: Any, settled: list[Any]) -> list[Any]:
    """Drop, for each entry that was there before the load, one that the load added again."""
    if repointing.fresh.isdisjoint(map(id, items)) and tuple not in set(map(type, items)):
        return settled
    fresh = [_is_fresh(repointing, item) for item in items]
    if not any(fresh) or all(fresh):
        return settled
    before = Counter(_key(after) for new, after in zip(fresh, settled) if not new)
    kept = []
    for new, after in zip(fresh, settled):
        if new and before[_key(after)] > 0:
            before[_key(after)] -= 1
        else:
            kept.append(after)
    return kept


def _is_fresh(repointing: Repointing, item: Any) -> bool:
    waiting: OwnList[Any] = OwnList([item])
    while waiting:
        part = waiting.pop()
        if type(part) is tuple:
            waiting += part
        elif id(part) in repointing.fresh:
            return True
    return False


def _key(value: Any, depth: int = _ENTRY_DEPTH) -> Any:
    # A route ("/", view) is added again as another tuple of the same things.
    if type(value) is tuple and depth:
        return tuple(_key(part, depth - 1) for part in value)
    return value if type(value) in (str, int) else id(value)


def repoint_deque(repointing: Repointing, holder: collections.deque[Any]) -> None:
    """Exchange the losers in a deque, in place."""
    for index, item in enumerate(list(holder)):
        if repointing.is_loser(item):
            setter = collections.deque.__setitem__
            repointing.steps.add(
                Call(setter, holder, index, repointing.settle(item)),
                Call(setter, holder, index, item),
            )
            repointing.count("deque")


def repoint_set(repointing: Repointing, holder: set[Any]) -> None:
    """Exchange the losers in a set, and fill it anew if there is one, or a key's hash changes."""
    if repointing.rehashed.keys().isdisjoint(map(id, holder)) and not any(
        map(repointing.is_loser, holder)
    ):
        return
    repointing.count("set", sum(map(repointing.is_loser, holder)))
    settled = [item for item in map(repointing.settle, holder) if item is not GONE]
    table = Table(set, holder, len(set(map(id, settled))))
    steps = repointing.last if repointing.hashes_last else repointing.steps
    # A set copied from a set knows the hashes: they are not asked for again on the way back.
    steps.replace_members(set, holder, settled, set(holder))
    _count_when_filled(repointing, table)


def repoint_frozenset(repointing: Repointing, holder: frozenset[Any]) -> None:
    """Build a frozenset anew. Instances in it are hashed: they have their values by now."""
    repointing.rebuild(holder, frozenset(map(repointing.settle, holder)))


def repoint_tuple(repointing: Repointing, holder: tuple[Any, ...]) -> None:
    """Build a tuple (or named tuple) anew; a class's own __mro__ is the class's affair."""
    if len(gc.get_referents(holder)) < len(holder):
        return  # C code is still filling it, and to read an empty place of it is to crash
    if any(repointing.settle(item) is GONE for item in holder):
        repointing.rebuild(holder, GONE)
    elif type(holder) is tuple:
        repointing.rebuild(holder, tuple(map(repointing.settle, holder)))
    else:
        cls = type(holder)
        settled = repointing.settle(cls)
        if not is_class(settled) or not issubclass(settled, tuple):
            return  # a tuple cannot become what its class has become; the plan refuses that
        successor = tuple.__new__(settled, map(repointing.settle, holder))
        if cls.__dictoffset__:
            object.__getattribute__(successor, "__dict__").update(
                object.__getattribute__(holder, "__dict__")
            )
        repointing.rebuild(holder, successor)


def repoint_dict(repointing: Repointing, holder: dict[Any, Any]) -> None:
    """Exchange the losers among a dict's keys and values; the order stays."""
    if type(holder) is dict and "__doc__" in holder and "__module__" in holder:
        owner = _owner_of_namespace(repointing, holder)
        if owner is not None:
            repoint_class_namespace(repointing, owner)
            return
    ordered = issubclass(type(holder), collections.OrderedDict)
    kind: Any = collections.OrderedDict if ordered else dict
    survivors, rehashed = repointing.survivors, repointing.rehashed
    keys: list[Any] = OwnList(kind.keys(holder))
    stay = survivors.keys().isdisjoint(map(id, keys))
    if not stay or (rehashed and not rehashed.keys().isdisjoint(map(id, keys))):
        _rehash(repointing, holder, list(kind.items(holder)))
        return
    olds: list[Any] = OwnList(kind.values(holder))
    news: list[Any] = OwnList(map(survivors.get, map(id, olds), olds))
    moved = list(map(is_not, news, olds))
    if not all(moved):
        keys, news, olds = (OwnList(compress(column, moved)) for column in (keys, news, olds))
    repointing.count("dict value", len(olds))
    if len(olds) > _FEW and not any(map(is_, news, repeat(GONE))):
        repointing.steps.add(
            Call(set_values, kind, holder, keys, news), Call(set_values, kind, holder, keys, olds)
        )
        return
    for key, survivor in zip(keys, news):
        repointing.steps.set_item(holder, key, MISSING if survivor is GONE else survivor)


# More items than this are set by one step.
_FEW = 8


def repoint_defaultdict(repointing: Repointing, holder: collections.defaultdict[Any, Any]) -> None:
    """Exchange a default factory, then what any dict holds."""
    factory = holder.default_factory
    if repointing.is_loser(factory):
        repointing.count("default factory")
        setter = collections.defaultdict.__dict__["default_factory"].__set__
        repointing.steps.add(
            Call(setter, holder, repointing.settle(factory)), Call(setter, holder, factory)
        )
    repoint_dict(repointing, holder)


def _rehash(repointing: Repointing, holder: dict[Any, Any], items: list[tuple[Any, Any]]) -> None:
    ordered = issubclass(type(holder), collections.OrderedDict)
    kind = collections.OrderedDict if ordered else dict
    repointing.count("dict key", sum(repointing.is_loser(key) for key, _ in items))
    # Where the load added the new definition beside the old one, its value is the later word.
    settled = [(repointing.settle(key), repointing.settle(value)) for key, value in items]
    settled = [(key, value) for key, value in settled if key is not GONE and value is not GONE]
    # A dict copied from a dict knows the hashes: they are not asked for again on the way back.
    plain = find_attribute(type(holder), "__iter__") is class_attributes(dict)["__iter__"]
    before: Any = dict.copy(holder) if plain else items
    if repointing.hashes_last:
        repointing.last.replace_members(kind, holder, settled, before)
        table = Table(dict, holder, len({id(key) for key, _ in settled}))
        _count_when_filled(repointing, table)
    else:
        repointing.steps.replace_members(kind, holder, dict(settled), before)


def _count_when_filled(repointing: Repointing, table: Table) -> None:
    """Have a table counted right after it was filled anew: keys may have become equal."""
    if repointing.rehashed:
        repointing.tables.append(table)
        repointing.last.add(Call(Table.count, table), Call(bool))


def _owner_of_namespace(repointing: Repointing, namespace: dict[str, Any]) -> type | None:
    if not repointing.raw_namespaces:
        for cls in all_classes():
            raw = raw_namespace(cls)
            if raw is not None:
                repointing.raw_namespaces[id(raw)] = cls
    return repointing.raw_namespaces.get(id(namespace))


def raw_namespace(cls: type) -> dict[str, Any] | None:
    """Return a class's dict itself. Only to recognise it: writing to it corrupts (see FACTS)."""
    # type_traverse visits tp_dict first (Objects/typeobject.c).
    return next((part for part in gc.get_referents(cls) if type(part) is dict), None)


def all_classes() -> list[type]:
    """Return every class there is, by way of ``__subclasses__``."""
    found: dict[int, type] = {id(object): object}
    waiting: list[type] = [object]
    while waiting:
        for cls in subclasses_of(waiting.pop()):
            if id(cls) not in found:
                found[id(cls)] = cls
                waiting.append(cls)
    return list(found.values())


def repoint_class_namespace(repointing: Repointing, cls: type) -> None:
    """Exchange the losers among a class's attributes, through ``type.__setattr__``."""
    if repointing.is_loser(cls) or id(cls) in repointing.skipped:
        return
    for name, value in list(class_attributes(cls).items()):
        is_decided = name in UNSETTABLE or (id(cls), name) in repointing.decided
        if repointing.is_loser(value) and not is_decided:
            repointing.count("class attribute")
            repointing.steps.set_on_class(cls, name, repointing.settle(value))


def repoint_proxy(repointing: Repointing, holder: types.MappingProxyType[Any, Any]) -> None:
    """Build a view of a mapping anew, when the mapping itself was rebuilt."""
    (mapping,) = gc.get_referents(holder)
    repointing.rebuild(holder, types.MappingProxyType(repointing.settle(mapping)))
