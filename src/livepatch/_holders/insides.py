"""Objects that nothing but C code can change: the references in their memory are exchanged.

The tuple that a loop goes through is in the hands of its iterator, and so is what the iterator of a
dict's items, or a call under way, keeps for itself. No search finds all these hands, and none of
them takes another tuple. So the tuple stays the object it is, and has in it what the new one has.
"""

from __future__ import annotations

import collections
import contextvars
import ctypes
import gc
import itertools
import operator
import sys
import types
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

from livepatch._holders.context import GONE, Repointing
from livepatch._python.kinds import mro_of
from livepatch._python.own import Call, OwnList

_START = object.__basicsize__
_WORD = tuple.__itemsize__
_HASH = _START + _WORD  # behind the length, since 3.14
_TUPLES_KNOW_THEIR_HASH = tuple.__basicsize__ > _HASH
_UNKNOWN = 2 * sys.maxsize + 1  # -1
# One type for all: those of ctypes are seen among the subclasses of its own, as long as they live.
_Memory = ctypes.c_char * sys.maxsize


def fill_unseen(repointing: Repointing, holder: Any) -> None:
    """Let a tuple or bound method that something unseen holds have in it what its successor has."""
    if repointing.settle(holder) is not holder:
        fill(repointing, holder)


def fill(repointing: Repointing, holder: Any) -> None:
    """Exchange the losers in a tuple or a bound method, which stays the object it is.

    Only where all that is exchanged in it are instances that are made anew, and for a method the
    function they bring along: the bases of a class, say, are the interpreter's.
    """
    if _has_only_instances(repointing, holder):
        _exchange_in(repointing, holder, _size_of(holder))
        if type(holder) is tuple and _TUPLES_KNOW_THEIR_HASH:
            forget = Call(operator.setitem, words_at(id(holder) + _HASH, 1), 0, _UNKNOWN)
            repointing.steps.add(forget, forget)


def _has_only_instances(repointing: Repointing, holder: Any) -> bool:
    if type(holder) is types.MethodType:
        return repointing.is_made_anew(id(holder.__self__))
    if type(holder) is not tuple:
        return False
    return all(
        repointing.is_made_anew(id(part)) or _has_only_instances(repointing, part)
        for part in gc.get_referents(holder)
        if repointing.is_loser(part)
    )


def repoint_inside(repointing: Repointing, holder: Any) -> None:
    """Exchange the losers in an object of one of the types below, or of a class below one."""
    kind: Any = next(base for base in mro_of(type(holder)) if id(base) in _TYPES_BY_ID)
    is_fit = _TAKES_ONLY.get(kind)
    losers = filter(repointing.is_loser, gc.get_referents(holder))
    if is_fit is None or all(is_fit(holder, repointing.settle(each)) for each in losers):
        _exchange_in(repointing, holder, kind.__basicsize__)


def _exchange_in(repointing: Repointing, holder: Any, size: int) -> None:
    words = words_at(id(holder) + _START, (size - _START) // _WORD)
    count = exchange_words(repointing, holder, words, gc.get_referents(holder))
    repointing.count(type(holder).__name__, count > 0)


def _size_of(holder: Any) -> int:
    length = len(holder) if type(holder) is tuple else 0
    return int(type(holder).__basicsize__ + type(holder).__itemsize__ * length)


def words_at(address: int, count: int) -> memoryview:
    """Return some words of memory, as numbers."""
    memory = memoryview(_Memory.from_address(address)).cast("B")
    return memory[: count * _WORD].cast("P")


def exchange_words(
    repointing: Repointing, holder: Any, words: memoryview, referents: Iterable[Any]
) -> int:
    """Note that the losers in an object's memory are exchanged, the references and all; count them.

    What the object owned a tuple owns for as long as the step is kept, and the other way round, so
    that no count of references changes.

    Args:
        repointing: takes the step.
        holder: the object.
        words: the memory.
        referents: what the object refers to, as often as it does. What is in the memory besides is
            nobody's: left over, or borrowed, which comes behind what is owned.
    """
    losers = OwnList(filter(repointing.is_loser, referents))
    goes = any(repointing.settle(each) is GONE for each in losers)
    if not CAN_EXCHANGE or goes or id(holder) in repointing.exchanged:
        return 0
    repointing.exchanged.add(id(holder))
    owned = Counter(map(id, losers))
    places: list[int] = []
    for place, word in enumerate(words.tolist()):
        if owned[word] > 0:
            owned[word] -= 1
            places.append(place)
    olds = [words[place] for place in places]
    twin = tuple(repointing.survivors[old] for old in olds)
    views = [words] * len(olds) + [words_at(id(twin) + tuple.__basicsize__, len(olds))] * len(olds)
    where = [*places, *range(len(olds))]
    news = list(map(id, twin))
    if olds:
        repointing.steps.add(
            Call(_set_all, views, where, news + olds, holder, twin),
            Call(_set_all, views, where, olds + news, holder, twin),
        )
    return len(olds)


def _set_all(views: list[Any], places: list[int], values: list[int], *owners: Any) -> None:
    del owners  # they live as long as the step
    # In C: an interrupt between the two would leave one thing with two owners.
    collections.deque(map(operator.setitem, views, places, values), maxlen=0)


def _can_exchange() -> bool:
    """Whether the items of a tuple are where they are known to be."""
    items = [object() for _ in range(3)]
    probe = tuple(items)
    if tuple.__itemsize__ != ctypes.sizeof(ctypes.c_void_p):
        return False
    (length,) = words_at(id(probe) + _START, 1)
    words = words_at(id(probe) + tuple.__basicsize__, length)
    return words.tolist() == list(map(id, items))


CAN_EXCHANGE = _can_exchange()
"""Whether references in memory can be exchanged."""


class _Sequence:
    def __getitem__(self, index: int) -> int:
        return index


_ITERATORS: tuple[Any, ...] = (
    enumerate,
    filter,
    map,
    reversed,
    zip,
    itertools.accumulate,
    itertools.chain,
    itertools.compress,
    itertools.count,
    itertools.cycle,
    itertools.dropwhile,
    itertools.filterfalse,
    itertools.groupby,
    type(next(itertools.groupby([0]))[1]),
    itertools.islice,
    itertools.pairwise,
    itertools.repeat,
    itertools.starmap,
    itertools.takewhile,
    itertools.zip_longest,
    type(itertools.tee([])[0]),
    type(gc.get_referents(itertools.tee([])[0])[-1]),
    type(iter(int, 1)),
    type(iter(_Sequence())),
    type(iter(collections.OrderedDict())),
)


def _is_of_home(holder: Any, survivor: Any) -> bool:
    return issubclass(type(survivor), holder.__objclass__)


def _is_of(kind: type) -> Callable[[Any, Any], bool]:
    return lambda _, survivor: issubclass(type(survivor), kind)


_TAKES_ONLY: dict[type, Callable[[Any, Any], bool]] = {
    types.MethodWrapperType: _is_of_home,
    type(iter([])): _is_of(list),
    type(reversed([])): _is_of(list),
    type(iter(())): _is_of(tuple),
    type({}.keys()): _is_of(dict),
    type({}.values()): _is_of(dict),
    type({}.items()): _is_of(dict),
}
"""Types whose code takes what they refer to for an object of a built-in type."""

TYPES = (
    *_ITERATORS,
    *_TAKES_ONLY,
    slice,
    operator.itemgetter,
    contextvars.ContextVar,
    contextvars.Token,
)
_TYPES_BY_ID = frozenset(map(id, TYPES))
