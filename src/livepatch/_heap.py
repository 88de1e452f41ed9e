"""Who holds what: reference counts first, then the young objects, and the whole heap last."""

from __future__ import annotations

import gc
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import compress, islice, repeat
from operator import is_
from types import AsyncGeneratorType, CodeType, CoroutineType, FrameType, GeneratorType, ModuleType
from typing import Any

from livepatch._kinds import class_attributes, is_class
from livepatch._own import Call, OwnDict, OwnList

# gc.get_referrers compares every reference on the heap with every target; past this many targets
# one pass with a set of ids is cheaper (measured: FACTS in the design notes, tests/benchmarks).
_MANY = 60
_CHUNK = 500


def unexplained_counts(
    targets: OwnList[Any], explainers: OwnList[Any], known: Iterable[int] = ()
) -> list[int]:
    """Count, for each target, the references that are not those of given objects.

    Args:
        targets: the objects; the caller holds each in this list and in nothing else that is not
            among the explainers.
        explainers: objects whose references are known and accounted for; so are the list's own.
        known: the id of a target for each reference to it that is accounted for besides.

    Returns:
        For each target how many references remain; 0 means that no other object holds it.
    """
    if not targets:
        return []
    each_once = OwnDict(zip(map(id, explainers), explainers))
    wanted = set(map(id, targets))
    references = map(id, gc.get_referents(explainers, each_once, *each_once.values()))
    explained = Counter(filter(wanted.__contains__, references))
    explained.update(known)
    probe = object()
    probes = [probe]
    del probe
    (surplus,) = map(sys.getrefcount, probes)
    return [
        count - surplus - explained[key]
        for count, key in zip(map(sys.getrefcount, targets), map(id, targets))
    ]


@dataclass(slots=True, eq=False)
class Holders:
    """What a search found.

    Attributes:
        instances: the instances of each target that is a class, by its id; there may be a million.
        others: all other holders.
    """

    instances: OwnDict[int, OwnList[Any]] = field(default_factory=OwnDict)
    others: OwnList[Any] = field(default_factory=OwnList)


def holders_of(targets: list[Any], hidden: set[int], classes: Iterable[type] = ()) -> Holders:
    """Find every object the collector knows that refers to one of the targets.

    Args:
        targets: the objects sought.
        hidden: ids of holders to leave out; livepatch's own are left out anyway.
        classes: further classes whose instances are told from the other holders.
    """
    if not targets:
        return Holders()
    # Since 3.13 the tuple of a call's own arguments is found too, or a copy of it; it is told from
    # a user's tuple of the same things by what stands last in it.
    mark = object()
    if len(targets) <= _MANY:
        found = gc.get_referrers(*targets, mark)
    else:
        found = list(_holders_among(gc.get_objects(), targets))
    return _sorted_out(found, (*targets, *classes), {id(targets), id(found), *hidden}, mark)


def young_holders_of(targets: list[Any], hidden: set[int], classes: Iterable[type] = ()) -> Holders:
    """Find the holders among the objects made since the last collection."""
    if not targets:
        return Holders()
    found = list(_holders_among(gc.get_objects(generation=0), targets))
    return _sorted_out(found, (*targets, *classes), {id(targets), id(found), *hidden}, None)


def _sorted_out(
    found: list[Any], targets: tuple[Any, ...], hidden: set[int], mark: object
) -> Holders:
    """Tell the targets' instances from the other holders, and leave livepatch's own objects out."""
    holders = Holders()
    classes = OwnDict((id(target), target) for target in targets if is_class(target))
    if len(classes) == 1:
        rest = _split_by_class(holders, found, *classes.values())
    else:
        rest = _split_by_classes(holders, found, classes)
    own = _OwnTypes()
    holders.others += (
        each
        for each in rest
        if not own.include(type(each))
        and id(each) not in hidden
        and not (type(each) is FrameType and is_own_frame(each))
        and not (type(each) is tuple and _is_marked(each, mark))
    )
    return holders


def _split_by_class(holders: Holders, found: list[Any], cls: type) -> OwnList[Any]:
    # The interpreter runs this in half the time of any composition of C functions.
    instances: OwnList[Any] = OwnList()
    rest: OwnList[Any] = OwnList()
    put, set_aside = instances.append, rest.append
    for each in found:
        if type(each) is cls:
            put(each)
        else:
            set_aside(each)
    if instances:
        holders.instances[id(cls)] = instances
    return rest


def _split_by_classes(holders: Holders, found: list[Any], classes: Iterable[int]) -> OwnList[Any]:
    rest: OwnList[Any] = OwnList()
    groups: OwnDict[int, OwnList[Any]] = OwnDict((key, OwnList()) for key in classes)
    group_of, set_aside = groups.get, rest
    for each in found:
        group_of(id(type(each)), set_aside).append(each)
    holders.instances.update((key, group) for key, group in groups.items() if group)
    return rest


def _is_marked(candidate: tuple[Any, ...], mark: object) -> bool:
    # By its referents: to read an empty place of a tuple that C code is still filling is to crash.
    return mark is not None and any(part is mark for part in gc.get_referents(candidate))


class _OwnTypes:
    """Remembers which types' objects are no holders: livepatch's, and modules, whose dicts are."""

    def __init__(self) -> None:
        self.known: dict[int, bool] = {id(ModuleType): True}

    def include(self, cls: type) -> bool:
        found = self.known.get(id(cls))
        if found is None:
            found = self.known[id(cls)] = _is_own_type(cls)
        return found


def untracked_instances(cls: type) -> OwnList[Any]:
    """Find the instances of a class that the collector does not track, in what it does track."""
    found: OwnDict[int, Any] = OwnDict()
    remaining = (each for each in gc.get_objects() if type(each) is not ModuleType)
    while chunk := list(islice(remaining, _CHUNK)):
        parts = gc.get_referents(*chunk)
        for part in compress(parts, map(is_, map(type, parts), repeat(cls))):
            found[id(part)] = part
    return OwnList(found.values())


def overwritten_locals(*, suspended: bool = False) -> OwnList[Any]:
    """List what is left of locals that others overwrote, as far as nothing else holds it.

    Since 3.14 a frame's stack borrows references from its locals, so what is overwritten through
    ``f_locals`` stays alive until the frame ends, in a tuple (CPython: Objects/frameobject.c,
    add_overwritten_fast_local). A running frame refers to no other tuple.

    Args:
        suspended: look also at the frames of suspended generators and coroutines, on the heap.
    """
    found: OwnList[Any] = OwnList()
    level: OwnList[Any] = OwnList()
    frames: OwnList[Any] = OwnList(frame for _, frame in running_frames())
    if suspended and sys.version_info >= (3, 14):
        frames += _suspended_frames()
    for frame in frames:
        level += (part for part in gc.get_referents(frame) if type(part) is tuple)
    while level:
        found += level
        parts = {id(part): part for each in level for part in gc.get_referents(each)}
        level = OwnList(part for key, part in parts.items() if key not in set(map(id, found)))
        del parts
        counts = unexplained_counts(level, found)
        level = OwnList(part for part, count in zip(level, counts) if count == 0)
    return found


def suspended_codes() -> Iterator[CodeType]:
    """Yield the code of each suspended generator, coroutine and asynchronous generator."""
    for each in gc.get_objects():
        name = _CODE_OF.get(type(each))
        if name is not None and getattr(each, _FRAME_OF[type(each)]) is not None:
            yield getattr(each, name)


def _suspended_frames() -> Iterator[FrameType]:
    # The collector does not know these frames before their generators end.
    for each in gc.get_objects():
        name = _FRAME_OF.get(type(each))
        frame = getattr(each, name) if name is not None else None
        if frame is not None:
            yield frame


_FRAME_OF: dict[type, str] = {
    GeneratorType: "gi_frame",
    CoroutineType: "cr_frame",
    AsyncGeneratorType: "ag_frame",
}
_CODE_OF: dict[type, str] = {
    GeneratorType: "gi_code",
    CoroutineType: "cr_code",
    AsyncGeneratorType: "ag_code",
}


def set_of_types(objects: list[Any]) -> list[type]:
    """List the types of many objects, each once, without asking a metaclass for a hash."""
    return list(dict(zip(map(id, map(type, objects)), map(type, objects))).values())


def _holders_among(objects: list[Any], targets: list[Any]) -> Iterator[Any]:
    """Yield those of many objects that refer to a target; modules never, whose dicts do.

    To ask 3.12's ``_asyncio`` module for its referents corrupts its list of free iterators: each is
    given a reference and freed a second time (Modules/_asynciomodule.c, module_traverse).
    """
    wanted = set(map(id, targets))
    remaining = (each for each in objects if type(each) is not ModuleType)
    while chunk := list(islice(remaining, _CHUNK)):
        if not wanted.isdisjoint(map(id, gc.get_referents(*chunk))):
            for candidate in chunk:
                if not wanted.isdisjoint(map(id, gc.get_referents(candidate))):
                    yield candidate


def _is_own_type(cls: type) -> bool:
    if cls is OwnDict or cls is OwnList or cls is Call:
        return True
    home = class_attributes(cls).get("__module__")
    return isinstance(home, str) and home.startswith("livepatch._")


def is_own_frame(frame: FrameType) -> bool:
    """Whether a frame runs livepatch's own code."""
    name = frame.f_globals.get("__name__")
    # Not those of livepatch.testing, which hold definitions for the user.
    return isinstance(name, str) and name.startswith("livepatch._")


def running_frames() -> OwnList[tuple[int, FrameType]]:
    """List the frames of every thread with the thread's number, livepatch's own left out.

    A frame in a local variable of that very frame is a cycle that keeps all its locals alive; here
    the variable ends as None, and the list has no frame of livepatch's.
    """
    found: OwnList[tuple[int, FrameType]] = OwnList()
    frame: FrameType | None
    for thread, frame in sys._current_frames().items():  # noqa: SLF001 - the one way to see them
        while frame is not None:
            if not is_own_frame(frame):
                found.append((thread, frame))
            frame = frame.f_back  # noqa: PLW2901
    return found
