"""Stage 7: prove that nothing holds a loser any more, or list what does."""

from __future__ import annotations

import dataclasses
import gc
import sys
import types
from collections import Counter
from collections.abc import Iterator
from typing import Any

from livepatch._apply import perform_each
from livepatch._dicts import run_in_c
from livepatch._explain import parts_of
from livepatch._heap import (
    holders_of,
    is_own_frame,
    overwritten_locals,
    running_frames,
    suspended_codes,
    unexplained_counts,
)
from livepatch._holders import Repointing, repoint_holder
from livepatch._kinds import is_class
from livepatch._layout import same_layout
from livepatch._own import OwnDict, OwnList
from livepatch._plan import Watched
from livepatch._record import retained, unwrapped
from livepatch._report import Notice, Report
from livepatch._retire import retire_classes
from livepatch._steps import Steps


def verify(report: Report, watched: Watched, retired: Steps) -> Report:
    """Look whether the losers are dead, and add a notice for each that something still holds.

    A weak reference to a loser dies with its last holder, so a dead one proves that all were
    found. What is alive is garbage in a cycle, or kept by the report for its undo, or held.
    What other threads have made of an old class or taken of it in the meantime is repointed, and
    old classes that nothing can reach any more leave their bases' lists of subclasses.

    Args:
        report: what was done.
        watched: weak references to the losers, with the path of each and its survivor.
        retired: takes the steps by which old classes left those lists.
    """
    gc.collect(0)
    held = _held(watched)
    if held and _move_latecomers(held):
        held = _held(watched)
    if held:
        # What holds them may be garbage itself, of an earlier reload say.
        del held
        gc.collect()
        held = _held(watched, suspended=True)
    if held:
        unheld = _unheld(watched, held)
        del held
        held = _held(watched, unheld, suspended=True)
    _retire(watched, held, retired)
    if not held:
        return report
    notices = list(dict.fromkeys(_describe_all(held)))
    return dataclasses.replace(report, notices=(*report.notices, *notices))


Held = OwnDict[int, "tuple[Any, str, Any]"]


def _held(watched: Watched, unheld: OwnList[Any] | None = None, *, suspended: bool = False) -> Held:
    """Return the losers that more than cycles, reports and calls that go on refer to.

    Args:
        watched: the losers.
        unheld: what refers to losers, and is itself held by nothing that lives on.
        suspended: look also at what waits in generators and coroutines.
    """
    alive = _alive(watched)
    if not alive:
        return Held()
    internals: OwnList[Any] = OwnList(part for each in alive for part in parts_of(each))
    internals += unwrapped()
    internals += overwritten_locals(suspended=suspended)
    if unheld is not None:
        internals += (*alive, *unheld, unheld)
    counts = dict(zip(map(id, alive), unexplained_counts(alive, internals)))
    running = _frames_by_code(suspended=suspended)
    found = Held()
    for reference, path, survivor in watched:
        loser = reference()
        if loser is None:
            continue
        frames = running[_code_key(loser.__code__)] if type(loser) is types.FunctionType else 0
        if counts[id(loser)] > frames:
            found[id(loser)] = (loser, path, survivor())
    return found


def _alive(watched: Watched) -> OwnList[Any]:
    losers: OwnList[Any] = OwnList(reference() for reference, _, _ in watched)
    return OwnList(loser for loser in losers if loser is not None)


def _unheld(watched: Watched, held: Held) -> OwnList[Any]:
    """Return the holders of losers that only losers, reports and one another refer to.

    The default arguments of an old function that a report keeps; a cache that a report is to put
    back into a class.
    """
    own = _alive(watched)
    own += retained()
    own += unwrapped()
    holders = OwnList(each for each in _holders(held) if type(each) is not types.FrameType)
    while holders:
        counts = unexplained_counts(holders, OwnList((*own, *holders, own, *held.values())))
        remaining = OwnList(each for each, count in zip(holders, counts) if count <= 0)
        if len(remaining) == len(holders):
            break
        holders = remaining
    return holders


def _frames_by_code(*, suspended: bool) -> Counter[tuple[str, str]]:
    """Count the frames of each code: a frame holds its function."""
    found = Counter(_code_key(frame.f_code) for _, frame in running_frames())
    if suspended and sys.version_info >= (3, 11):  # before, a suspended one holds its code alone
        found.update(_code_key(code) for code in suspended_codes())
    return found


def _code_key(code: Any) -> tuple[str, str]:
    # Not the code itself: an old function that is forwarded has another by now.
    return code.co_filename, getattr(code, "co_qualname", code.co_name)


def _holders(held: Held) -> OwnList[Any]:
    losers: OwnList[Any] = OwnList(loser for loser, _, _ in held.values())
    internals: OwnList[Any] = OwnList(part for loser in losers for part in parts_of(loser))
    own = {*map(id, held.values()), *map(id, internals)}
    found = holders_of(losers, own)
    holders = OwnList(holder for holder in found.others if not _is_own_tuple(holder, held))
    for instances in found.instances.values():
        holders += instances
    return holders


def _is_own_tuple(holder: Any, held: Held) -> bool:
    return type(holder) is tuple and any(holder is entry for entry in held.values())


def _move_latecomers(held: Held) -> bool:
    """Repoint what other threads have made of an old definition, or taken of it, since the search.

    A class's instance made in the meantime; a name that an import has bound while the load ran.
    """
    survivors: OwnDict[int, Any] = OwnDict()
    for key, (_, _, survivor) in held.items():
        if survivor is not None:
            survivors[key] = survivor
    repointing = Repointing(survivors, set(), lambda _: "")
    for holder in _holders(held):
        repoint_holder(repointing, holder)
    steps = Steps()
    for instances in repointing.instances.values():
        cls = type(instances[0])
        if is_class(survivors[id(cls)]) and same_layout(cls, survivors[id(cls)]):
            steps.set_class(instances, survivors[id(cls)], cls)
    steps.extend(repointing.steps)
    steps.extend(repointing.last)
    perform_each(steps)
    return len(steps) > 0


def _retire(watched: Watched, held: Held, retired: Steps) -> None:
    classes: OwnList[type] = OwnList()
    for reference, _, survivor in watched:
        loser: Any = reference()
        if loser is None:
            continue  # nearly every one
        if is_class(loser) and is_class(survivor()) and id(loser) not in held:
            classes.append(loser)
    steps = Steps()
    retire_classes(classes, steps)
    run_in_c(steps.do)
    retired.extend(steps)


def _describe_all(held: Held) -> Iterator[Notice]:
    described: set[int] = set()
    own = set(map(id, (*retained(), *unwrapped(), *overwritten_locals())))
    for holder in _holders(held):
        if id(holder) in own:
            continue
        what = type(holder).__name__
        if type(holder) is types.FrameType:
            if is_own_frame(holder):
                continue
            what = f"frame at {holder.f_code.co_filename}:{holder.f_lineno}"
        cls = type(holder)
        survivor: Any = held[id(cls)][2] if id(cls) in held else None
        if is_class(survivor) and not same_layout(cls, survivor):
            described.add(id(cls))
            yield Notice("LP209", held[id(cls)][1], "one is still held where it cannot be moved")
            continue
        for part in gc.get_referents(holder):
            if id(part) in held:
                described.add(id(part))
                yield Notice("LP201", held[id(part)][1], f"still held by a {what}")
    for key, (_, path, _) in held.items():
        if key not in described:
            yield Notice("LP206", path, "still held where the garbage collector cannot see")
