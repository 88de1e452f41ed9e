"""Copy the slots of many instances at once, and look for losers in them.

There may be a million of them, so what can be is done in C, or in a loop that the interpreter
specialises.
"""

from __future__ import annotations

import collections
import gc
import keyword
import sys
from collections.abc import Callable, Iterator
from itertools import compress, islice, repeat
from operator import is_
from typing import Any

from livepatch._kinds import class_attributes, mro_of
from livepatch._own import OwnDict, OwnList
from livepatch._shapes import slot_value
from livepatch._steps import MISSING

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


def _are_plain(old: type, new: type, pairs: list[tuple[Any, Any]]) -> bool:
    """Whether ``new.b = old.a`` does nothing but copy those slots."""
    return (
        _first(old, "__getattribute__") is _PLAIN_READ
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


def losers_inside(instances: list[Any], survivors: OwnDict[int, Any]) -> Iterator[Any]:
    """Yield the instances that refer to a loser."""
    remaining = iter(instances)
    while chunk := list(islice(remaining, _CHUNK)):
        if not survivors.keys().isdisjoint(map(id, _inside(*chunk))):
            for candidate in chunk:
                if not survivors.keys().isdisjoint(map(id, _inside(candidate))):
                    yield candidate


def _inside(*instances: Any) -> list[Any]:
    parts = gc.get_referents(*instances)
    # Their own dicts are objects up to 3.10, and once they were asked for.
    dicts = list(compress(parts, map(is_, map(type, parts), repeat(dict))))
    return parts + gc.get_referents(*dicts) if dicts else parts


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
