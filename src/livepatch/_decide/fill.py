"""Copy the slots of many instances at once, and look for losers in them.

There may be a million of them, so what can be is done in C, or in a loop that the interpreter
specialises.
"""

from __future__ import annotations

import collections
import gc
import keyword
import sys
from collections.abc import Callable, Iterator, Mapping
from itertools import compress, islice, repeat
from operator import is_
from typing import Any

from livepatch._python.kinds import class_attributes, mro_of
from livepatch._python.layout import slot_value
from livepatch._python.own import MISSING, OwnDict, OwnList

_CHUNK = 500
_PLAIN_READ = object.__getattribute__
_PLAIN_WRITE = object.__setattr__


def copy_slots(pairs: list[tuple[Any, Any]], instances: list[Any], successors: list[Any]) -> None:
    """Copy what is in some slots of instances to slots of their successors.

    Args:
        pairs: the descriptors of each slot, the instance's and the successor's.
        instances: what to copy from; all of one class.
        successors: what to copy to, in the same order; all of one class.
    """
    if not instances or not pairs:
        return
    if _are_plain(type(instances[0]), type(successors[0]), pairs):
        try:
            _loop_over([(old.__name__, new.__name__) for old, new in pairs])(instances, successors)
        except AttributeError:
            pass  # a slot that was never assigned; all are copied again, one by one
        else:
            return
    for old, new in pairs:
        _copy_slot(old, new, instances, successors)


def _copy_slot(old: Any, new: Any, instances: list[Any], successors: list[Any]) -> None:
    try:
        values = OwnList(map(old.__get__, instances))
    except AttributeError:
        for successor, value in zip(successors, read_column(old, instances)):
            if value is not MISSING:
                new.__set__(successor, value)
        return
    collections.deque(map(new.__set__, successors, values), maxlen=0)


def read_column(slot: Any, instances: list[Any]) -> OwnList[Any]:
    """Read a slot of many instances; MISSING where it was never assigned."""
    return OwnList(map(slot_value, repeat(slot), instances))


def is_plain_read(cls: type) -> bool:
    """Whether reading an attribute of an instance does not run the class's own code."""
    return _first(cls, "__getattribute__") is _PLAIN_READ


def _are_plain(old: type, new: type, pairs: list[tuple[Any, Any]]) -> bool:
    """Whether ``new.b = old.a`` does nothing but copy those slots."""
    return (
        is_plain_read(old)
        and _first(new, "__setattr__") is _PLAIN_WRITE
        and all(
            _first(old, before.__name__) is before
            and _first(new, after.__name__) is after
            and before.__name__.isidentifier()
            and not keyword.iskeyword(before.__name__)
            and not keyword.iskeyword(after.__name__)
            for before, after in pairs
        )
    )


def _first(cls: type, name: str) -> Any:
    for base in mro_of(cls):
        if name in class_attributes(base):
            return class_attributes(base)[name]
    return None


def _loop_over(names: list[tuple[str, str]]) -> Callable[[list[Any], list[Any]], None]:
    """Compile the loop: attribute reads and writes of slots are specialised, calls are not."""
    lines = "".join(f"\n        new.{after} = old.{before}" for before, after in names)
    namespace: dict[str, Any] = {}
    source = f"def copy(olds, news):\n    for old, new in zip(olds, news):{lines}\n"
    exec(source, namespace)  # noqa: S102 - the names are identifiers
    made: Callable[[list[Any], list[Any]], None] = namespace["copy"]
    return made


def losers_inside(
    instances: list[Any], survivors: OwnDict[int, Any], *, have_dicts: bool
) -> Iterator[Any]:
    """Yield the instances that refer to a loser.

    Args:
        instances: the instances; all of one class.
        survivors: the losers' survivors, by their ids.
        have_dicts: whether the instances have a dict, which may be an object of its own.
    """
    inside = _inside if have_dicts else gc.get_referents
    has_none = survivors.keys().isdisjoint
    remaining = iter(instances)
    while chunk := list(islice(remaining, _CHUNK)):
        if not has_none(map(id, inside(*chunk))):
            yield from (each for each in chunk if not has_none(map(id, inside(each))))


def _inside(*instances: Any) -> list[Any]:
    parts = gc.get_referents(*instances)
    # Their own dicts are objects up to 3.10, and once they were asked for.
    dicts = list(compress(parts, map(is_, map(type, parts), repeat(dict))))
    return parts + gc.get_referents(*dicts) if dicts else parts


def hold_only_atoms(
    instances: list[Any], slots: Mapping[str, Any], *, losers_are_tracked: bool
) -> bool:
    """Whether what many instances have in their slots are numbers, texts and the like.

    Args:
        instances: the instances; all of one class.
        slots: their slots.
        losers_are_tracked: whether the collector knows all losers: what it does not know is none.
    """
    cls = type(instances[0])
    pairs = [(slot, slot) for slot in slots.values()]
    if not _are_plain(cls, cls, pairs):
        return False
    are_atoms = _are_untracked if losers_are_tracked else _are_of_atomic_types
    readers = [_reader_of(slot.__name__) for slot in slots.values()]
    remaining = iter(instances)
    try:
        # Not slot by slot through them all: each would have to be brought into the caches again.
        while chunk := list(islice(remaining, _CHUNK)):
            if not all(are_atoms(read(chunk)) for read in readers):
                return False
    except AttributeError:
        return False  # a slot that was never assigned
    return True


def _are_untracked(values: list[Any]) -> bool:
    return not any(map(gc.is_tracked, values))


def _are_of_atomic_types(values: list[Any]) -> bool:
    return _ATOMS_BY_ID.issuperset(map(id, map(type, values)))


_ATOMS_BY_ID = frozenset(map(id, (int, float, bool, str, bytes, complex, type(None))))


def _reader_of(name: str) -> Callable[[list[Any]], list[Any]]:
    made: Callable[[list[Any]], list[Any]] = eval(  # noqa: S307 - the name is an identifier
        f"lambda instances: [each.{name} for each in instances]", {}
    )
    return made


def dict_is_shared(attributes: dict[str, Any]) -> bool:
    """Whether more than its instance and the caller's variable refer to an instance's dict."""
    return sys.getrefcount(attributes) > _OWN_REFERENCES


class _Probe:
    pass


def _count_own_references() -> int:
    probe: Any = _Probe()
    probe.name = None
    attributes = probe.__dict__
    return _count(attributes)


def _count(attributes: dict[str, Any]) -> int:
    return sys.getrefcount(attributes)


_OWN_REFERENCES = _count_own_references()
