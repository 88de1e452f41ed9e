"""Who holds what: reference counts first, then the young objects, and the whole heap last."""

from __future__ import annotations

import gc
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from itertools import compress, islice, repeat
from operator import is_
from types import AsyncGeneratorType, CodeType, CoroutineType, FrameType, GeneratorType, ModuleType
from typing import Any

from livepatch._kinds import class_attributes, flags_of, is_class
from livepatch._own import Call, OwnDict, OwnList
from livepatch._record import retained

# gc.get_referrers compares every reference on the heap with every target; past this many targets
# one pass with a set of ids is cheaper (measured: FACTS in the design notes, tests/benchmarks).
MANY = 60
_FEW = 8
_IS_HEAP_TYPE = 1 << 9  # Py_TPFLAGS_HEAPTYPE (Include/object.h)
_CHUNK = 500
_STEP = 25


def unexplained_counts(
    targets: OwnList[Any], explainers: OwnList[Any], known: Iterable[int] = ()
) -> list[int]:
    """Count, for each target, the references that are not those of given objects.

    Args:
        targets: the objects; the caller holds each in this list and in nothing else that is not
            among the explainers.
        explainers: objects whose references are known and accounted for; so are the list's own,
            and those of what is kept for `livepatch.undo`.
        known: the id of a target for each reference to it that is accounted for besides.

    Returns:
        For each target how many references remain; 0 means that no other object holds it.
    """
    if not targets:
        return []
    wanted = set(map(id, targets))
    kept = retained(wanted)
    each_once = OwnDict(zip(map(id, explainers), explainers))
    each_once.update(zip(map(id, kept), kept))
    references = map(id, gc.get_referents(explainers, each_once, kept, *each_once.values()))
    explained = Counter(filter(wanted.__contains__, references))
    explained.update(known)
    probe = object()
    probes = [probe]
    del probe
    (surplus,) = map(sys.getrefcount, probes)
    accounted = map(explained.get, map(id, targets), repeat(0))
    return [
        count - surplus - known for count, known in zip(map(sys.getrefcount, targets), accounted)
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
    if len(targets) <= MANY:
        found = gc.get_referrers(*targets, mark)
    else:
        found = _holders_among(gc.get_objects(), set(map(id, targets)))
    return _sorted_out(found, (*targets, *classes), {id(targets), id(found), *hidden}, mark)


def holders_among(
    objects: list[Any], wanted: AbstractSet[int], hidden: set[int], classes: Iterable[type]
) -> Holders:
    """Find those of some objects that refer to one of the targets, of which there may be a million.

    Args:
        objects: where to look.
        wanted: the ids of the targets.
        hidden: see `holders_of`.
        classes: see `holders_of`.
    """
    found = _holders_among(objects, wanted)
    return _sorted_out(found, tuple(classes), {id(objects), id(found), *hidden}, None)


def young_holders_of(targets: list[Any], hidden: set[int], classes: Iterable[type] = ()) -> Holders:
    """Find the holders among the objects made since the last collection."""
    if not targets:
        return Holders()
    found = _holders_among(gc.get_objects(generation=0), set(map(id, targets)))
    return _sorted_out(found, (*targets, *classes), {id(targets), id(found), *hidden}, None)


def _sorted_out(
    found: list[Any], targets: tuple[Any, ...], hidden: set[int], mark: object
) -> Holders:
    """Tell the targets' instances from the other holders, and leave livepatch's own objects out."""
    holders = Holders()
    classes = OwnDict((id(target), target) for target in targets if is_class(target))
    if len(classes) == 1:
        rest = _split_by_class(holders, found, *classes.values())
    elif classes:
        rest = _split_by_classes(holders, found, classes)
    else:
        rest = OwnList(found)
    kinds = set_of_types(rest)
    own = {id(kind) for kind in kinds if kind is ModuleType or _is_own_type(kind)}
    if own:
        rest = OwnList([each for each in rest if id(type(each)) not in own])
    if not hidden.isdisjoint(map(id, rest)):
        rest = OwnList([each for each in rest if id(each) not in hidden])
    if FrameType in kinds:
        rest = OwnList(
            [each for each in rest if type(each) is not FrameType or not is_own_frame(each)]
        )
    if tuple in kinds:
        rest = OwnList(
            [each for each in rest if type(each) is not tuple or not _is_marked(each, mark)]
        )
    holders.others = rest
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


def _are_alike(objects: list[Any]) -> bool:
    """Whether many objects are instances of one class, and changed in place."""
    cls = type(objects[0])
    if not flags_of(cls) & _IS_HEAP_TYPE or issubclass(cls, (tuple, frozenset, property)):
        return False
    return all(map(is_, map(type, objects), repeat(cls)))


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


def _holders_among(objects: list[Any], wanted: AbstractSet[int]) -> list[Any]:
    """Return those of many objects that refer to a target; modules never, whose dicts do.

    To ask 3.12's ``_asyncio`` module for its referents corrupts its list of free iterators: each is
    given a reference and freed a second time (Modules/_asynciomodule.c, module_traverse).
    """
    # livepatch's own table of a million survivors is looked through in vain.
    skipped = frozenset(map(id, (ModuleType, OwnDict, OwnList, Call)))
    remaining = iter([each for each in objects if id(type(each)) not in skipped])
    has_none, referents = wanted.isdisjoint, gc.get_referents
    found: list[Any] = OwnList()
    while chunk := list(islice(remaining, _CHUNK)):
        if has_none(map(id, referents(*chunk))):
            continue
        if _are_alike(chunk) and not any(has_none(map(id, referents(x))) for x in chunk[::_STEP]):
            # Probably all: to ask each takes longer than to look into some for nothing.
            found += chunk
            continue
        found += [each for each in chunk if not has_none(map(id, referents(each)))]
    return found


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
