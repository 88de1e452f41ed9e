"""Which of very many objects refer to some others: asked by the hundred, in C.

The heap may hold millions of objects: none is looked at by the interpreter that need not be.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from functools import partial
from itertools import compress, islice, repeat
from operator import is_, not_
from types import ModuleType
from typing import Any

from livepatch._python.kinds import IS_HEAP_TYPE, class_attributes, flags_of
from livepatch._python.own import Call, OwnDict, OwnList, OwnSet

_CHUNK = 500
_STEP = 25
_FEW = 8


@dataclass(slots=True, eq=False)
class Holders:
    """What a search found.

    Attributes:
        instances: the instances of each target that is a class, by its id; there may be a million.
        others: all other holders.
        crowds: those of which there are very many of one class, by its id.
        watched: objects of the types that were to be watched for.
    """

    instances: OwnDict[int, OwnList[Any]] = field(default_factory=OwnDict)
    others: OwnList[Any] = field(default_factory=OwnList)
    crowds: OwnDict[int, OwnList[Any]] = field(default_factory=OwnDict)
    watched: OwnList[Any] | None = None


Sought = Callable[[Iterable[list[Any]]], Iterator[bool]]
"""Says of each of some lists of objects whether one of these is sought."""


def is_among(wanted: AbstractSet[int]) -> Sought:
    """Seek the objects of some ids."""
    has_none, ids_of = wanted.isdisjoint, partial(map, id)
    # In C from end to end: nearly every young object is asked for by itself.
    return lambda lists: map(not_, map(has_none, map(ids_of, lists)))


def is_instance_or_among(classes: list[type], few: AbstractSet[int]) -> Sought:
    """Seek all instances of some classes, and objects of a few ids.

    To look a million ids up is to wait for memory again and again. Their type tells them at once.
    """
    if few or len(classes) != 1:
        types = frozenset(map(id, classes))

        def sought(parts: list[Any]) -> bool:
            has_none = types.isdisjoint(map(id, map(type, parts)))
            return not (has_none and few.isdisjoint(map(id, parts)))

    else:
        (only,) = classes

        def sought(parts: list[Any]) -> bool:
            return any(map(is_, map(type, parts), repeat(only)))

    return partial(map, sought)


def _is_none(_: type) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Watch:
    """What else is to be known of many objects as they are looked through.

    Attributes:
        is_wanted: says of a type whether its objects are to be told besides.
        look_at: is given all that the objects refer to, by the hundred.
        skipped: the ids of types whose objects are left out.
    """

    is_wanted: Callable[[type], bool] = _is_none
    look_at: Callable[[list[Any]], None] | None = None
    skipped: frozenset[int] = frozenset()


@dataclass(slots=True, eq=False)
class Found:
    """What a look through many objects found.

    Attributes:
        others: the objects that refer to one that is sought; those in crowds apart.
        crowds: those of which there are very many of one class, by its id.
        watched: the objects of the types that were to be watched for.
    """

    others: OwnList[Any] = field(default_factory=OwnList)
    crowds: OwnDict[int, OwnList[Any]] = field(default_factory=OwnDict)
    watched: OwnList[Any] = field(default_factory=OwnList)


def referring(objects: list[Any], sought: Sought | None, watch: Watch | None = None) -> Found:
    """Find those of many objects that refer to one that is sought.

    Modules never, whose dicts do: to ask 3.12's ``_asyncio`` for its referents corrupts its list of
    free iterators, each is given a reference and freed a second time (Modules/_asynciomodule.c,
    module_traverse). And not livepatch's own tables: of a million survivors, say.

    Args:
        objects: where to look.
        sought: says what is sought; None for nothing.
        watch: what else is to be known of them.
    """
    watch = watch or Watch()
    skipped = {*watch.skipped, *map(id, _SKIPPED)}
    known, watched = set(skipped), set[int]()
    found, remaining = Found(), iter(objects)
    while chunk := list(islice(remaining, _CHUNK)):
        kinds = list(map(id, map(type, chunk)))
        types = set(kinds)
        if not types <= known:
            news = OwnList(each for each in set_of_types(chunk) if id(each) not in known)
            known.update(map(id, news))
            skipped.update(map(id, filter(is_own_type, news)))
            watched.update(map(id, filter(watch.is_wanted, news)))
        if not types.isdisjoint(watched):
            found.watched += compress(chunk, map(watched.__contains__, kinds))
        if not types.isdisjoint(skipped):
            chunk = list(compress(chunk, map(not_, map(skipped.__contains__, kinds))))
        if sought is None and watch.look_at is None:
            continue
        parts = gc.get_referents(*chunk)
        if watch.look_at is not None:
            watch.look_at(parts)
        if sought is not None and any(sought((parts,))):
            _take_those(chunk, sought, found, alike=len(types) == 1)
    if found.crowds:
        group_of, others = found.crowds.get, OwnList[Any]()
        for each in found.others:
            group_of(id(type(each)), others).append(each)
        found.others = others
    return found


_SKIPPED = (ModuleType, OwnDict, OwnList, OwnSet, Call)


def is_own_type(cls: type) -> bool:
    """Whether the objects of a type are livepatch's own."""
    if cls is OwnDict or cls is OwnList or cls is OwnSet or cls is Call:
        return True
    home = class_attributes(cls).get("__module__")
    return isinstance(home, str) and home.startswith("livepatch._")


def _take_those(chunk: list[Any], sought: Sought, found: Found, *, alike: bool) -> None:
    referents = gc.get_referents
    cls = type(chunk[0])
    if alike and _may_be_crowd(cls) and all(sought(map(referents, chunk[::_STEP]))):
        # Probably all: to ask each takes longer than to look into some for nothing.
        found.crowds.setdefault(id(cls), OwnList()).extend(chunk)
        return
    # By the handful first: most have nothing, and to ask each takes several times as long.
    for start in range(0, len(chunk), _STEP):
        few = chunk[start : start + _STEP]
        if any(sought((referents(*few),))):
            found.others += compress(few, sought(map(referents, few)))


def _may_be_crowd(cls: type) -> bool:
    """Whether objects of a class are changed in place, as instances are."""
    return bool(flags_of(cls) & IS_HEAP_TYPE) and not issubclass(cls, (tuple, frozenset, property))


def objects_of(*types: type) -> OwnList[Any]:
    """List the objects of just these types that the collector knows of."""
    return _of_types(all_objects(), types)


def objects_whose_type(is_wanted: Callable[[type], bool]) -> OwnList[Any]:
    """List the objects that the collector knows of and whose type is wanted; it is asked once."""
    objects = all_objects()
    wanted = OwnList(each for each in set_of_types(objects) if is_wanted(each))
    return _of_types(objects, wanted)


def young_objects_of(*types: type) -> OwnList[Any]:
    """List the objects of just these types that are in the collector's youngest generation."""
    return _of_types(OwnList(gc.get_objects(generation=0)), types)


def all_objects() -> OwnList[Any]:
    """List the objects that the collector knows of."""
    # livepatch's own: an interrupt keeps the frame that has it, and a search that goes into it
    # crashes where C code is still filling a tuple.
    return OwnList(gc.get_objects())


def _of_types(objects: OwnList[Any], types: Sequence[type]) -> OwnList[Any]:
    present, wanted = map(type, objects), set(map(id, types))
    if len(types) == 1:
        return OwnList(compress(objects, map(is_, present, repeat(types[0]))))  # half the time
    return OwnList(compress(objects, map(wanted.__contains__, map(id, present))))


def set_of_types(objects: list[Any]) -> list[type]:
    """List the types of many objects, each once, without asking a metaclass for a hash."""
    return list(dict(zip(map(id, map(type, objects)), map(type, objects))).values())


def grouped_by_type(objects: list[Any]) -> list[OwnList[Any]]:
    """Put many objects into groups of one type each."""
    kinds = set_of_types(objects)
    if len(kinds) == 1:
        return [OwnList(objects)]
    if len(kinds) < _FEW:
        # Half the time of one pass that looks the group of each up.
        return [OwnList([each for each in objects if type(each) is kind]) for kind in kinds]
    groups: OwnDict[int, OwnList[Any]] = OwnDict((id(kind), OwnList()) for kind in kinds)
    for each in objects:
        groups[id(type(each))].append(each)
    return list(groups.values())
