"""Stage 7: prove that nothing holds a loser any more, or list what does."""

from __future__ import annotations

import dataclasses
import gc
import sys
import types
from collections import Counter
from collections.abc import Iterator
from typing import Any

from livepatch._apply.apply import perform_each, perform_whole
from livepatch._heap.belongings import parts_of
from livepatch._heap.heap import (
    clear_ended_frames,
    going_along,
    holders_of,
    is_own_frame,
    overwritten_locals,
    running_frames,
    suspended_codes,
    unexplained_counts,
)
from livepatch._heap.retained import (
    closures_kept,
    insides_of_replaced,
    once_replaced,
    retained,
    unwrapped,
)
from livepatch._heap.retire import Retired, retired_classes, retiring
from livepatch._holders import Repointing, repoint_holder
from livepatch._plan.plan import NO_SUCCESSOR, Watched
from livepatch._python.among import objects_of
from livepatch._python.kinds import (
    bases_of,
    class_attributes,
    is_class,
    is_enum,
    may_say_type,
    mro_of,
    qualified_name,
    subclasses_of,
)
from livepatch._python.layout import same_layout
from livepatch._python.own import OwnDict, OwnList
from livepatch._report.report import Notice, Report
from livepatch._snapshot.borrow import Lent, lent_once_more, with_borrowed_bases
from livepatch._steps.dicts import run_in_c
from livepatch._steps.steps import Steps


def verify(report: Report, watched: Watched, retired: OwnList[Retired], lent: Lent) -> Report:
    """Look whether the losers are dead, and add a notice for each that something still holds.

    A weak reference to a loser dies with its last holder, so a dead one proves that all were
    found. What is alive is garbage in a cycle, or kept by the report for its undo, or held.
    What other threads have made of an old class or taken of it in the meantime is repointed, and
    old classes that nothing can reach any more leave their bases' lists of subclasses.

    Args:
        report: what was done.
        watched: weak references to the losers, with the path of each and its survivor.
        retired: takes the old classes that left those lists.
        lent: the bases that classes had while instances went over.
    """
    gc.collect(0)
    held = _held(watched)
    if held and _move_latecomers(held, lent):
        held = _held(watched)
    if held:
        # What holds them may be garbage itself, of an earlier reload say; or an exception that a
        # module keeps, by the frames of this reload.
        del held
        clear_ended_frames()
        gc.collect()
        held = _held(watched, suspended=True)
    unheld: OwnList[Any] | None = None
    if held:
        unheld = _unheld(watched, held)
        del held
        held = _held(watched, unheld, suspended=True)
    listed = _retire(watched, held, unheld, retired)
    held = OwnDict(each for each in held.items() if each[1][2] is not NO_SUCCESSOR)
    if not (held or listed):
        return report
    described = _describe_all(held) if held else ()
    notices = list(dict.fromkeys((*_describe_listed(listed), *described)))
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
    internals = _internals(alive, unheld, suspended=suspended)
    counts = dict(zip(map(id, alive), unexplained_counts(alive, internals)))
    running = _frames_by_code(suspended=suspended)
    ended = Counter(_functions_of_ended_calls()) if suspended else Counter[int]()
    found = Held()
    for reference, path, survivor in watched:
        loser = reference()
        if loser is None:
            continue
        frames = running[_code_key(loser.__code__)] if type(loser) is types.FunctionType else 0
        if counts[id(loser)] > frames + ended[id(loser)]:
            found[id(loser)] = (loser, path, survivor())
    return found


def _internals(
    alive: OwnList[Any], unheld: OwnList[Any] | None, *, suspended: bool
) -> OwnList[Any]:
    internals: OwnList[Any] = OwnList(part for each in alive for part in parts_of(each))
    internals += unwrapped()
    internals += overwritten_locals(suspended=suspended)
    if unheld is not None:
        internals += (*alive, *unheld, unheld)
    return internals


def _alive(watched: Watched) -> OwnList[Any]:
    losers: OwnList[Any] = OwnList(reference() for reference, _, _ in watched)
    return OwnList(loser for loser in losers if loser is not None)


def _unheld(watched: Watched, held: Held) -> OwnList[Any]:
    """Return the holders of losers that only losers, reports and one another refer to.

    The default arguments of an old function that a report keeps; a cache that a report is to put
    back into a class; the bases of a class that is no more, and its only instance.
    """
    own = _alive(watched)
    # The attributes of a class that goes: an instance of its own may be among them.
    own += OwnList(part for each in own for part in parts_of(each))
    own += retained()
    own += unwrapped()
    own += _insides_of_enums(own)
    # A class that an earlier report keeps was given the attributes of the one that goes now.
    own += (part for cls in once_replaced() for part in parts_of(cls))
    own += closures_kept()
    # The closures of a class's methods, which may refer to it (`super()`).
    own += going_along(OwnList(each for each, _, _ in held.values() if is_class(each)), own)
    holders = OwnList(each for each in _holders(held) if type(each) is not types.FrameType)
    known = set(map(id, holders))
    holders += (part for part in _parts_of_classes_below(held) if id(part) not in known)
    holders += _types_around(holders)
    while holders:
        counts = unexplained_counts(holders, OwnList((*own, *holders, own, *held.values())))
        remaining = OwnList(each for each, count in zip(holders, counts) if count <= 0)
        if len(remaining) == len(holders):
            break
        holders = remaining
    return holders


def _may_be_inside(holder: Any) -> bool:
    return may_say_type(holder) or _is_of_pydantic(holder)


def _is_of_pydantic(holder: Any) -> bool:
    # Its validators refer to one another where the collector cannot see, and its models to them.
    home = class_attributes(type(holder)).get("__module__")
    return type(home) is str and home.startswith("pydantic_core.")


def _types_around(holders: OwnList[Any]) -> OwnList[Any]:
    """Return what is written of types that are holders (``dict[str, list[Player]]``)."""
    found: OwnList[Any] = OwnList()
    known = set(map(id, holders))
    level = OwnList(filter(_may_be_inside, holders))
    while level:
        around = holders_of(level, {id(holders), id(found)}).others
        level = OwnList(each for each in around if _may_be_inside(each) and id(each) not in known)
        known.update(map(id, level))
        found += level
    return found


def _insides_of_enums(definitions: OwnList[Any]) -> OwnList[Any]:
    """Return what enumerations keep their members in: these refer to them, and go with them."""
    found: OwnList[Any] = OwnList()
    for cls in definitions:
        if is_class(cls) and is_enum(cls):
            found += parts_of(cls)
            found += (part for part in class_attributes(cls).values() if type(part) is dict)
    return found


def _parts_of_classes_below(held: Held) -> Iterator[Any]:
    """Yield, each once, the classes below losers that are none, and what belongs to them."""
    losers = OwnList(loser for loser, _, _ in held.values() if is_class(loser))
    below = OwnDict((id(cls), cls) for loser in losers for cls in subclasses_of(loser))
    parts = (part for key in below.keys() - held.keys() for part in parts_of(below[key]))
    yield from OwnDict((id(part), part) for part in parts).values()


def _frames_by_code(*, suspended: bool) -> Counter[tuple[str, str]]:
    """Count the frames of each code: a frame holds its function."""
    found = Counter(_code_key(frame.f_code) for _, frame in running_frames())
    if suspended and sys.version_info >= (3, 11):  # before, a suspended one holds its code alone
        found.update(_code_key(code) for code in suspended_codes())
    return found


def _functions_of_ended_calls() -> Iterator[int]:
    """Yield the id of a function for each frame that has it and runs no more: a traceback's.

    The collector knows no others than these. Before 3.11 they hold their code alone.
    """
    for frame in objects_of(types.FrameType):
        key = _code_key(frame.f_code)
        functions = (each for each in gc.get_referents(frame) if type(each) is types.FunctionType)
        own = [id(each) for each in functions if _code_key(each.__code__) == key]
        yield from own[:1]


def _code_key(code: Any) -> tuple[str, str]:
    # Not the code itself: an old function that is forwarded has another by now.
    return code.co_filename, getattr(code, "co_qualname", code.co_name)


def _holders(held: Held) -> OwnList[Any]:
    losers: OwnList[Any] = OwnList(loser for loser, _, _ in held.values())
    internals: OwnList[Any] = OwnList(part for loser in losers for part in parts_of(loser))
    entries = set(map(id, held.values()))
    found = holders_of(losers, entries.union(map(id, internals)))
    holders = OwnList(holder for holder in found.others if id(holder) not in entries)
    for instances in found.instances.values():
        holders += instances
    return holders


def _move_latecomers(held: Held, lent: Lent) -> bool:
    """Repoint what other threads have made of an old definition, or taken of it, since the search.

    A class's instance made in the meantime; a name that an import has bound while the load ran.
    """
    survivors: OwnDict[int, Any] = OwnDict()
    for key, (_, _, survivor) in held.items():
        if survivor is not None and survivor is not NO_SUCCESSOR:
            survivors[key] = survivor
    repointing = Repointing(survivors, set(), lambda _: "")
    # What records keep goes back to what it was by their steps alone.
    repointing.skipped.update(map(id, (*retained(), *unwrapped(), *insides_of_replaced())))
    for holder in _holders(held):
        repoint_holder(repointing, holder)
    moved = False
    for instances in repointing.instances.values():
        cls = type(instances[0])
        if _can_become(cls, survivors[id(cls)]):
            steps = Steps()
            steps.set_class(instances, survivors[id(cls)], cls)
            # What CPython refuses stays of the old class, and is reported as held.
            moved |= perform_whole(with_borrowed_bases(steps, lent_once_more(lent)))
    steps = Steps()
    steps.extend(repointing.steps)
    steps.extend(repointing.last)
    perform_each(steps, "what has come since the search could not be given the current definition")
    return moved or len(steps) > 0


def _can_become(cls: type, survivor: Any) -> bool:
    """Whether instances of a class can be given its survivor as theirs; no member is made so."""
    return (
        is_class(survivor)
        and same_layout(cls, survivor)
        and (is_enum(cls) or not is_enum(survivor))
    )


def _retire(
    watched: Watched, held: Held, unheld: OwnList[Any] | None, retired: OwnList[Retired]
) -> OwnList[tuple[type, str, bool]]:
    """Let go of classes that nothing uses any more; return those that stay on their bases' lists.

    Each comes with its path, and whether nothing has come in its place.
    """
    going: OwnList[type] = OwnList()
    known: dict[int, tuple[str, bool]] = {}
    # Who is held inherits, while an object of its is still being made say.
    used = {id(cls) for loser, *_ in held.values() if is_class(loser) for cls in mro_of(loser)}
    for reference, path, survivor in watched:
        loser: Any = reference()
        if loser is None:
            continue  # nearly every one
        if is_class(loser) and id(loser) not in used and id(loser) not in known:
            known[id(loser)] = path, survivor() is NO_SUCCESSOR
            going.append(loser)
        del loser
    if going:
        alive = _alive(watched)
        along = OwnList(_going_along(going))
        going += along
        # What is of such a class explains nothing: the only instance, in an attribute of its own.
        # But for what nobody can reach any more, though a call that goes on keeps it.
        kinds, ended = set(map(id, going)), set(map(id, overwritten_locals(suspended=True)))
        internals = _internals(OwnList((*alive, *going)), unheld, suspended=True)
        internals[:] = [
            each
            for each in internals
            if id(type(each)) not in kinds or is_class(each) or id(each) in ended
        ]
        internals += (alive, along)
        # The closures of their methods, which may refer to them: `super()`.
        functions = (each for cls in along for each in class_attributes(cls).values())
        internals += (part for each in functions for part in parts_of(each) if not is_class(each))
        counts = unexplained_counts(going, internals)
        made = OwnList(cls for cls, count in zip(going, counts) if count > 0)
        used = {id(above) for cls in made for above in mro_of(cls)}
        # First: who is not let go in the end, for an interrupt, needs no way back.
        retired += retired_classes(cls for cls in going if id(cls) not in used)
    run_in_c(retiring(retired).do)
    let_go = {id(each.cls) for each in retired}
    return OwnList(
        (cls, *known[id(cls)]) for cls in going if id(cls) in known and id(cls) not in let_go
    )


def _going_along(classes: OwnList[type]) -> Iterator[type]:
    """Yield what may go with classes: bases that no name leads to, and their twins.

    ``dataclass(slots=True)`` makes a second class; a method with `super()` keeps the first one.
    """
    homes = {class_attributes(cls).get("__module__") for cls in classes}
    found = OwnDict((id(cls), cls) for cls in classes)
    level = OwnList(classes)
    while level:
        names = set(map(qualified_name, level))
        # Hundreds of classes may have one base.
        bases = OwnDict((id(base), base) for cls in level for base in bases_of(cls))
        others = OwnList(base for base in bases.values() if base is not object)
        for base in OwnList(others):
            others += (each for each in subclasses_of(base) if qualified_name(each) in names)
        level = OwnList(
            each
            for each in others
            if id(each) not in found and class_attributes(each).get("__module__") in homes
        )
        found.update((id(each), each) for each in level)
        yield from level


def _describe_listed(classes: OwnList[tuple[type, str, bool]]) -> Iterator[Notice]:
    for cls, path, is_gone in classes:
        for base in bases_of(cls) if is_gone else ():
            if base is not object and any(each is cls for each in subclasses_of(base)):
                message = f"stays in {base.__qualname__}.__subclasses__() for the undo"
                yield Notice("LP309", path, message)


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
        if is_class(survivor) and not _can_become(cls, survivor):
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
