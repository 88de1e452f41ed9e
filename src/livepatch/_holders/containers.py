"""Lists, dicts, sets, tuples and their relatives.

Containers that the load filled hold a definition twice, once old and once new, where a decorator,
a metaclass or ``__init_subclass__`` registered it again. After repointing it stands there once, at
its old place.
"""

from __future__ import annotations

import collections
import gc
import types
import weakref
from collections import Counter
from itertools import compress, repeat, starmap, tee
from operator import is_, is_not
from typing import Any

from livepatch._holders.c_data import repoint_kept
from livepatch._holders.class_namespaces import (
    all_classes,
    raw_namespace,
    repoint_class_namespace,
)
from livepatch._holders.context import GONE, Repointing, Table
from livepatch._holders.frozen import IS_FILLABLE, another_frozenset, fill_frozen
from livepatch._holders.identity import settled_keys
from livepatch._holders.insides import fill
from livepatch._holders.ordered import iterators_going_on
from livepatch._python.kinds import (
    bases_of,
    class_attributes,
    dict_descriptor,
    is_class,
    subclasses_of,
)
from livepatch._python.own import MISSING, Call, OwnList
from livepatch._steps.class_attributes import find_attribute
from livepatch._steps.rows import set_values

# Entries of registries are tuples of tuples at most this deep.
_ENTRY_DEPTH = 8


def repoint_list(repointing: Repointing, holder: list[Any]) -> None:
    """Exchange the losers in a list; an entry that the load added again goes."""
    survivors = repointing.survivors
    items: list[Any] = OwnList(list.__iter__(holder))  # a subclass may say something else
    settled = list(map(survivors.get, map(id, items), items))
    moved = sum(map(is_not, settled, items))
    wanted = _without_repeats(repointing, items, settled)
    if any(map(is_, wanted, repeat(GONE))):
        wanted = [item for item in wanted if item is not GONE]
    if moved or len(wanted) != len(items):
        repointing.count(type(holder).__name__, moved)
        repointing.steps.replace_items(holder, wanted, items)


def _without_repeats(repointing: Repointing, items: Any, settled: list[Any]) -> list[Any]:
    """Drop, for each entry that was there before the load, one that the load added again."""
    repeats = set(_places_of_repeats(repointing, items, settled))
    if not repeats:
        return settled
    return [item for place, item in enumerate(settled) if place not in repeats]


def _places_of_repeats(repointing: Repointing, items: Any, settled: list[Any]) -> list[int]:
    # By identity: a metaclass may have a __hash__ or an __eq__ of its own.
    has_tuples = any(map(is_, map(type, items), repeat(tuple)))
    if not has_tuples and repointing.fresh.isdisjoint(map(id, items)):
        return []
    fresh = [_is_fresh(repointing, item) for item in items]
    if not any(fresh) or all(fresh):
        return []
    before = Counter(_key(after) for new, after in zip(fresh, settled) if not new)
    found = []
    for place, (new, after) in enumerate(zip(fresh, settled)):
        if new and before[_key(after)] > 0:
            before[_key(after)] -= 1
            found.append(place)
    return found


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
    """Exchange the losers in a deque, in place; an entry that the load added again goes."""
    items: list[Any] = OwnList(collections.deque.__iter__(holder))
    settled: list[Any] = OwnList(map(repointing.settle, items))
    gone = {index for index, item in enumerate(settled) if item is GONE}
    gone.update(_places_of_repeats(repointing, items, settled))
    kind = collections.deque
    for index, (before, after) in enumerate(zip(items, settled)):
        if before is not after and index not in gone:
            repointing.count("deque")
            repointing.steps.add(
                Call(kind.__setitem__, holder, index, after),
                Call(kind.__setitem__, holder, index, before),
            )
    for index in sorted(gone, reverse=True):
        repointing.steps.add(
            Call(kind.__delitem__, holder, index), Call(kind.insert, holder, index, items[index])
        )


def repoint_queue(repointing: Repointing, holder: Any) -> None:
    """Exchange the losers in a simple queue, which C code keeps in an array since Python 3.13."""
    losers = OwnList(part for part in gc.get_referents(holder) if repointing.is_loser(part))
    settled = OwnList(map(repointing.settle, losers))
    if losers and not any(map(is_, settled, repeat(GONE))):
        repointing.count("queue", len(losers))
        repointing.steps.add(
            Call(_exchange_queued, holder, losers, settled),
            Call(_exchange_queued, holder, settled, losers),
        )


def _exchange_queued(queue: Any, olds: list[Any], news: list[Any]) -> None:
    survivors = {id(old): new for old, new in zip(olds, news)}
    # Each is taken out and put in again, in C: an interrupt would leave some in front of others.
    taken, same = tee(starmap(queue.get_nowait, repeat((), queue.qsize())))
    collections.deque(map(queue.put, map(survivors.get, map(id, taken), same)), maxlen=0)


def repoint_set(repointing: Repointing, holder: set[Any]) -> None:
    """Exchange the losers in a set, and fill it anew if there is one, or a key's hash changes."""
    by_id = id(holder) in repointing.by_id
    members: OwnList[Any] = OwnList(set.__iter__(holder))
    stays = repointing.rehashed.keys().isdisjoint(map(id, members))
    if stays and not by_id and not any(map(repointing.is_loser, members)):
        return
    repointing.count("set", sum(map(repointing.is_loser, members)))
    settled = _settled_members(repointing, holder, members)
    table = Table(set, holder, _count_different(settled))
    steps = repointing.last if repointing.hashes_last else repointing.steps
    # A set copied from a set knows the hashes: they are not asked for again on the way back.
    steps.replace_members(set, holder, settled, set(holder))
    _count_when_filled(repointing, table)


def repoint_frozenset(repointing: Repointing, holder: frozenset[Any]) -> None:
    """Build a frozenset anew; its members are asked for their hashes last, if these may change."""
    settled = repointing.settle(type(holder))
    cls = settled if is_class(settled) and issubclass(settled, frozenset) else frozenset
    members = _settled_members(repointing, holder, OwnList(frozenset.__iter__(holder)))
    # There is one empty frozenset for all.
    late = bool(members) and repointing.hashes_last and IS_FILLABLE
    try:
        successor = another_frozenset(holder, cls, holder if late else members)
    except Exception as error:  # noqa: BLE001 - a member's own __hash__ or __eq__
        loser = next(filter(repointing.is_loser, frozenset.__iter__(holder)), holder)
        message = f"a frozenset keeps it: a member raised {type(error).__name__}: {error}"
        repointing.leave(holder, loser, "LP210", message)
        return
    if late:
        repointing.last.add(Call(fill_frozen, successor, members), Call(bool))
        table = Table(frozenset, successor, _count_different(members))
        table.has_known = False
        repointing.tables.append(table)
    repointing.rebuild(holder, successor)


def _settled_members(repointing: Repointing, holder: Any, members: OwnList[Any]) -> OwnList[Any]:
    settled: list[Any] = OwnList(map(repointing.settle, members))
    if id(holder) in repointing.by_id:
        settled = settled_keys(repointing, members, settled)
    return OwnList(each for each in settled if each is not GONE)


def repoint_tuple(repointing: Repointing, holder: tuple[Any, ...]) -> None:
    """Build a tuple (or named tuple) anew; a class's own __mro__ is the class's affair."""
    if len(gc.get_referents(holder)) < len(holder):
        # C code is still filling it, or empties it; to read an empty place of it is to crash.
        fill(repointing, holder)
        return
    if any(repointing.settle(item) is GONE for item in holder):
        repointing.rebuild(holder, GONE)
    elif type(holder) is tuple:
        repointing.rebuild(holder, tuple(map(repointing.settle, holder)))
    else:
        cls = type(holder)
        settled = repointing.settle(cls)
        if not is_class(settled) or not issubclass(settled, tuple):
            return  # a tuple cannot become what its class has become; the plan refuses that
        attributes, places = dict_descriptor(cls), dict_descriptor(settled)
        if attributes is not None and places is None:
            return  # nor keep its attributes where there is no place for them
        successor = tuple.__new__(settled, map(repointing.settle, holder))
        if attributes is not None:
            # The dict itself: what it holds may be built anew as well, in a circle even.
            places.__set__(successor, attributes.__get__(holder))
        repointing.rebuild(holder, successor)


def repoint_dict(repointing: Repointing, holder: dict[Any, Any]) -> None:
    """Exchange the losers among a dict's keys and values; the order stays."""
    keepers = repointing.kept.get(id(holder))
    if keepers is not None:
        repoint_kept(repointing, holder, keepers)
        return
    if type(holder) is dict and "__doc__" in holder and "__module__" in holder:
        owner = _owner_of_namespace(repointing, holder)
        if owner is not None:
            repoint_class_namespace(repointing, owner)
            return
    ordered = issubclass(type(holder), collections.OrderedDict)
    kind: Any = collections.OrderedDict if ordered else dict
    survivors, rehashed = repointing.survivors, repointing.rehashed
    keys: list[Any] = OwnList(kind.keys(holder))
    stay = id(holder) not in repointing.by_id and survivors.keys().isdisjoint(map(id, keys))
    if not stay or (rehashed and not rehashed.keys().isdisjoint(map(id, keys))):
        _rehash(repointing, holder, list(kind.items(holder)))
        return
    olds: list[Any] = OwnList(kind.values(holder))
    news: list[Any] = OwnList(map(survivors.get, map(id, olds), olds))
    moved = list(map(is_not, news, olds))
    if not all(moved):
        keys, news, olds = (OwnList(compress(column, moved)) for column in (keys, news, olds))
    has_numbers = any(map(is_, map(type, keys), repeat(int)))
    if has_numbers and _is_list_of_subclasses(holder):
        return
    if has_numbers and any(_is_by_identity(repointing, *item) for item in zip(keys, olds)):
        _rehash(repointing, holder, list(kind.items(holder)))
        return
    repointing.count("dict value", len(olds))
    if len(olds) > _FEW and not any(map(is_, news, repeat(GONE))):
        repointing.steps.add(
            Call(set_values, kind, holder, keys, news), Call(set_values, kind, holder, keys, olds)
        )
        return
    for key, survivor in zip(keys, news):
        repointing.steps.set_item(holder, key, MISSING if survivor is GONE else survivor)


def _is_list_of_subclasses(holder: dict[Any, Any]) -> bool:
    """Whether a dict is CPython's own list of the classes below a class.

    That has weak references by the classes' ids, follows those that set bases, and is trusted to
    hold classes only. Nothing says whose it is; but it names all that the class names, and no more.
    """
    if any(map(is_not, map(type, dict.values(holder)), repeat(weakref.ref))):
        return False
    below = [cls for cls in map(_refer, dict.values(holder)) if cls is not None]
    if not below or not all(map(is_class, below)):
        return False
    first = next(dict.__iter__(holder))
    return type(first) is int and any(
        list(map(id, subclasses_of(base))) == list(map(id, below)) for base in bases_of(below[0])
    )


_refer: Any = weakref.ref.__call__


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
    keys = OwnList(_settled_key(repointing, key, value) for key, value in items)
    if id(holder) in repointing.by_id:
        keys = settled_keys(repointing, OwnList(key for key, _ in items), keys)
        _follow_keys(repointing, keys, items)
    settled = [(key, repointing.settle(value)) for key, (_, value) in zip(keys, items)]
    settled = [(key, value) for key, value in settled if key is not GONE and value is not GONE]
    # A dict copied from a dict knows the hashes: they are not asked for again on the way back.
    plain = find_attribute(type(holder), "__iter__") is class_attributes(dict)["__iter__"]
    before: Any = dict.copy(holder) if plain else items
    late = repointing.hashes_last
    steps = repointing.last if late else repointing.steps
    with iterators_going_on(repointing, steps, holder):
        steps.replace_members(kind, holder, settled if late else dict(settled), before)
    if late:
        table = Table(dict, holder, _count_different([key for key, _ in settled]))
        _count_when_filled(repointing, table)


def _follow_keys(repointing: Repointing, keys: list[Any], items: list[tuple[Any, Any]]) -> None:
    """Let weak values know the keys by which they leave a table when they die."""
    for key, (old, value) in zip(keys, items):
        weak = type(value) is weakref.KeyedRef and not repointing.is_loser(value)
        if weak and key is not old and key is not GONE:
            repointing.steps.set_attribute(value, "key", key, old)


def _settled_key(repointing: Repointing, key: Any, value: Any) -> Any:
    if _is_by_identity(repointing, key, value):
        return id(repointing.survivors[key])
    return repointing.settle(key)


def _is_by_identity(repointing: Repointing, key: Any, value: Any) -> bool:
    """Whether a key is the ``id`` of a loser, and beside it stands what is exchanged as well.

    The object, a tuple with it, a weak reference.
    """
    return type(key) is int and key in repointing.survivors and repointing.is_loser(value)


def _count_different(keys: list[Any]) -> int:
    """Count keys that are not the same, nor plain weak references to the same, nor tuples of it."""
    return len(set(map(_identity, keys)))


def _identity(key: Any) -> Any:
    referent = key() if type(key) is weakref.ref else None
    same = id(key if referent is None else referent)
    return tuple(map(_identity, key)) if type(key) is tuple else same


def _count_when_filled(repointing: Repointing, table: Table) -> None:
    """Have a table counted right after it was filled anew: keys may have become equal."""
    if repointing.hashes_last:
        table.has_known = bool(repointing.rehashed)
        repointing.tables.append(table)
        repointing.last.add(Call(Table.count, table), Call(bool))


def _owner_of_namespace(repointing: Repointing, namespace: dict[str, Any]) -> type | None:
    if not repointing.raw_namespaces:
        for cls in all_classes():
            raw = raw_namespace(cls)
            if raw is not None:
                repointing.raw_namespaces[id(raw)] = cls
    return repointing.raw_namespaces.get(id(namespace))


def repoint_proxy(repointing: Repointing, holder: types.MappingProxyType[Any, Any]) -> None:
    """Build a view of a mapping anew, when the mapping itself was rebuilt."""
    (mapping,) = gc.get_referents(holder)
    repointing.rebuild(holder, types.MappingProxyType(repointing.settle(mapping)))
