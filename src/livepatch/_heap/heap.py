"""Who holds what: reference counts first, then the young objects, and the whole heap last."""

from __future__ import annotations

import gc
import inspect
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import chain, compress, islice, repeat
from operator import is_
from types import AsyncGeneratorType, CodeType, CoroutineType, FrameType, GeneratorType, ModuleType
from typing import Any

from livepatch._heap.retained import retained
from livepatch._python.among import (
    Holders,
    Watch,
    is_among,
    is_instance_or_among,
    is_own_type,
    objects_of,
    referring,
    set_of_types,
)
from livepatch._python.kinds import is_class
from livepatch._python.own import OwnDict, OwnList

# gc.get_referrers compares every reference on the heap with every target; past this many targets
# one pass with a set of ids is cheaper (measured: FACTS in the design notes, tests/benchmarks).
MANY = 60
_CHUNK = 500


def unexplained_counts(
    targets: OwnList[Any],
    explainers: OwnList[Any],
    known: Iterable[int] = (),
    *,
    young: bool = False,
    namespaces: Iterable[dict[Any, Any]] = (),
) -> list[int]:
    """Count, for each target, the references that are not those of given objects.

    Args:
        targets: the objects; the caller holds each in this list and in nothing else that is not
            among the explainers.
        explainers: objects whose references are known and accounted for; so are the list's own,
            and those of what is kept for `livepatch.undo`.
        known: the id of a target for each reference to it that is accounted for besides.
        young: whether nothing that is kept refers to the targets, or what does is among the
            explainers: this load made all of them, say.
        namespaces: those among the explainers whose keys are texts or numbers: half of all there is
            to see.

    Returns:
        For each target how many references remain; 0 means that no other object holds it.
    """
    if not targets:
        return []
    wanted = set(map(id, targets))
    kept: OwnList[Any] = OwnList() if young else retained(wanted)
    each_once = OwnDict(zip(map(id, explainers), explainers))
    each_once.update(zip(map(id, kept), kept))
    values = [each.values() for each in namespaces if each_once.pop(id(each), None) is not None]
    inside = gc.get_referents(*each_once.values())
    references = map(id, chain(inside, explainers, kept, *values))
    # Ours has each as well, by its id.
    explained = Counter(filter(wanted.__contains__, chain(each_once, references, known)))
    del inside, references
    probe = object()
    probes = [probe]
    del probe
    (surplus,) = map(sys.getrefcount, probes)
    accounted = map(explained.get, map(id, targets), repeat(0))
    return [
        count - surplus - known for count, known in zip(map(sys.getrefcount, targets), accounted)
    ]


def going_along(values: OwnList[Any], explainers: OwnList[Any]) -> OwnList[Any]:
    """Return what is held by nothing but some values and one another, themselves included.

    Args:
        values: what nobody has any more but who is among the explainers: a route that has gone.
        explainers: objects whose references are known and accounted for.
    """
    going = _reached_from(values)
    counts = unexplained_counts(going, OwnList((*explainers, values, *going)))
    remaining = OwnDict(zip(map(id, going), going))
    held = dict(zip(remaining, counts))
    waiting: OwnList[Any] = OwnList(each for each in going if held[id(each)] > 0)
    known = set(map(id, explainers)) if waiting else set()
    while waiting:
        # What one refers to that stays is held by that, unless it is accounted for in any case.
        each = waiting.pop()
        if remaining.pop(id(each), None) is not None and id(each) not in known:
            inside = OwnList(part for part in gc.get_referents(each) if id(part) in remaining)
            for part in inside:
                held[id(part)] += 1
            waiting += (part for part in inside if held[id(part)] > 0)
    return OwnList(remaining.values())


def _reached_from(values: OwnList[Any]) -> OwnList[Any]:
    found = OwnDict((id(each), each) for each in values)
    level = OwnList(values)
    for _ in range(_DEEP):
        inside = OwnDict((id(each), each) for each in gc.get_referents(*level))
        level = OwnList(
            filter(_may_go_along, (inside[key] for key in inside.keys() - found.keys()))
        )
        if not level or len(found) + len(level) > _VERY_MANY:
            break
        found.update(zip(map(id, level), level))
    return OwnList(found.values())


_DEEP, _VERY_MANY = 8, 5_000


def _may_go_along(part: Any) -> bool:
    """Whether an object may belong to one that refers to it: no module, namespace or class."""
    if issubclass(type(part), (ModuleType, type)) or not gc.is_tracked(part):
        return False
    return type(part) is not dict or "__builtins__" not in part


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
    found = referring_to(targets, mark)
    if len(targets) <= MANY:
        found += _tasks_missing(found, targets)
    return _sorted_out(found, (*targets, *classes), {id(targets), id(found), *hidden}, mark)


def holders_among(
    objects: list[Any],
    classes: list[type],
    others: list[Any],
    hidden: set[int],
    watch: Watch,
) -> Holders:
    """Find those of some objects that refer to instances of some classes: of a million say.

    Args:
        objects: where to look.
        classes: the classes, all of whose instances are sought.
        others: what is sought besides.
        hidden: see `holders_of`.
        watch: what else is to be known of them.
    """
    sought = is_instance_or_among(classes, set(map(id, others)))
    found = referring(objects, sought, watch)
    hidden = {id(objects), *hidden}
    holders = _sorted_out(found.others, tuple(classes), hidden, None)
    for key, crowd in found.crowds.items():
        if is_own_type(type(crowd[0])):
            continue
        if not hidden.isdisjoint(map(id, crowd)):
            crowd = OwnList([each for each in crowd if id(each) not in hidden])  # noqa: PLW2901
        holders.crowds[key] = crowd
    holders.watched = found.watched
    return holders


def _tasks_missing(found: list[Any], targets: list[Any]) -> OwnList[Any]:
    """List the tasks that refer to a target and that `gc.get_referrers` keeps silent about.

    Before 3.12 it does so of a task's callback, result and exception: the task does not pass on
    that its part that is a future has found something (Modules/_asynciomodule.c, TaskObj_traverse).
    """
    asyncio: Any = sys.modules.get("asyncio.tasks") if sys.version_info < (3, 12) else None
    tasks = OwnDict((id(each), each) for each in list(asyncio._all_tasks)) if asyncio else None  # noqa: SLF001
    if not tasks:
        return OwnList()  # a million may have been found, to be gone through for nothing
    for key in list(filter(tasks.__contains__, map(id, found))):
        tasks.pop(key, None)
    return _referring_to(OwnList(tasks.values()), targets)


def referring_to(targets: list[Any], mark: object) -> OwnList[Any]:
    """Return what refers to some objects; the mark stands last in what is but a call of ours."""
    if len(targets) <= MANY:
        return OwnList(gc.get_referrers(*targets, mark))
    return _referring_to(gc.get_objects(), targets)


def _referring_to(objects: list[Any], targets: list[Any]) -> OwnList[Any]:
    found = referring(objects, is_among(set(map(id, targets))))
    for crowd in found.crowds.values():
        found.others += crowd
    return found.others


def young_holders_of(
    targets: list[Any], hidden: set[int], classes: Iterable[type] = (), first: int | None = None
) -> Holders:
    """Find the holders among the objects made since the last collection.

    Args:
        targets: the objects sought.
        hidden: see `holders_of`.
        classes: see `holders_of`.
        first: look at so many only, in the order in which they were made.
    """
    if not targets:
        return Holders()
    found = _referring_to(gc.get_objects(generation=0)[:first], targets)
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
    own = {id(kind) for kind in kinds if kind is ModuleType or is_own_type(kind)}
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
        suspended: look also at the frames of suspended generators and coroutines, and at those that
            a traceback has, on the heap.
    """
    found: OwnList[Any] = OwnList()
    level: OwnList[Any] = OwnList()
    frames: OwnList[Any] = OwnList()
    if sys.version_info >= (3, 14):  # before, a tuple to which a frame refers is a local (3.10)
        frames += (frame for _, frame in running_frames())
    if suspended and sys.version_info >= (3, 14):
        frames += _suspended_frames()
        frames += (each for each in objects_of(FrameType) if not is_own_frame(each))
    for frame in frames:
        level += (part for part in gc.get_referents(frame) if type(part) is tuple)
    while level:
        found += level
        parts = {id(part): part for each in level for part in gc.get_referents(each)}
        known = set(map(id, found))
        level = OwnList(part for key, part in parts.items() if key not in known)
        del parts
        before = -1
        while len(level) != before:
            # They may hold one another, as two old instances do.
            before = len(level)
            counts = unexplained_counts(level, OwnList((*found, *level)))
            level = OwnList(part for part, count in zip(level, counts) if count <= 0)
    return found


def suspended_codes() -> Iterator[CodeType]:
    """Yield the code of each suspended generator, coroutine and asynchronous generator."""
    for each in _generators():
        if getattr(each, _FRAME_OF[type(each)]) is not None:
            yield getattr(each, _CODE_OF[type(each)])


def _suspended_frames() -> Iterator[FrameType]:
    # The collector does not know these frames before their generators end.
    for each in _generators():
        frame = getattr(each, _FRAME_OF[type(each)])
        if frame is not None:
            yield frame


def _generators() -> OwnList[Any]:
    return objects_of(*_FRAME_OF)


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


def clear_ended_frames() -> None:
    """Let go of the locals of livepatch's own calls that have ended, and that somebody keeps.

    ``except ImportError as error: WHY = error`` in a module keeps all that led there.
    """
    for frame in objects_of(FrameType):
        if is_own_frame(frame) and not frame.f_code.co_flags & _SUSPENDS:
            with suppress(RuntimeError):  # it goes on, in this thread or in another one
                frame.clear()


_SUSPENDS = inspect.CO_GENERATOR | inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR


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
