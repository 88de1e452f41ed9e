"""Code that is in use beyond its definition: closures made at run time, and calls under way."""

from __future__ import annotations

import inspect
import threading
import types
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from livepatch._code import match_nested, same_code, same_kind
from livepatch._follow import with_code
from livepatch._heap import holders_of, running_frames, unexplained_counts
from livepatch._holders import Repointing
from livepatch._outline import outline
from livepatch._own import OwnDict, OwnList
from livepatch._pairs import Matches
from livepatch._reconcile import Reconciliation
from livepatch._record import retained
from livepatch._report import Notice, StaleFrame

CodePair = tuple[types.CodeType, types.CodeType]
_FRAME_ATTRIBUTES = {
    types.GeneratorType: ("gi_frame", "suspended generator"),
    types.CoroutineType: ("cr_frame", "suspended coroutine"),
    types.AsyncGeneratorType: ("ag_frame", "suspended async generator"),
}


def update_running_code(
    repointing: Repointing, result: Reconciliation, matches: Matches
) -> tuple[StaleFrame, ...]:
    """Give closures made at run time the new code, and list the calls that go on in old code.

    A closure has no name that leads to a new one; what it shares with the new source is the code
    object inside its maker's. Reference counts say which of those are in use at all.
    """
    codes = result.codes
    successors = {id(pair[0]): pair for pair in _all_pairs(codes)}
    functions = OwnDict((id(pair.old), pair.old) for pair in matches.pairs)
    # Those that a step gives the code it is to have.
    functions.update((id(each), each) for each in result.steps.recoded())
    used = _codes_in_use(result, matches, successors, functions)
    if not used:
        return ()
    changed = {
        id(old) for old, new in successors.values() if new is None or not same_code(old, new)
    }
    frames = list(_running_frames(changed))
    bodies = dict(_changed_local_bodies(successors.values()))
    hidden = {id(successors), *map(id, successors.values()), *functions, *map(id, codes)}
    hidden.update(map(id, retained(set(map(id, used)))))
    holders = holders_of(used, hidden).others
    # 3.10 lists a suspended generator and its frame.
    own = {id(getattr(each, "gi_frame", None)) for each in holders}
    for holder in (each for each in holders if id(each) not in own):
        if type(holder) is types.FunctionType:
            _update_closure(repointing, holder, *successors[id(holder.__code__)])
            body = bodies.get(id(holder.__code__))
            if body is not None:
                _notice_local_class(repointing, f"{holder.__module__}.{body}")
        else:
            frames += _suspended_frame(holder, changed)
    return tuple(frames)


def _codes_in_use(
    result: Reconciliation,
    matches: Matches,
    successors: Mapping[int, tuple[types.CodeType, types.CodeType | None]],
    functions: OwnDict[int, Any],
) -> OwnList[types.CodeType]:
    """List the old codes that something else than the functions has, which are given new ones."""
    olds = OwnList(old for old, _ in successors.values())
    explainers: OwnList[Any] = OwnList(code.co_consts for code in olds)
    explainers += successors.values()
    explainers += result.codes
    explainers += result.steps.arguments()
    for module in matches.modules:
        if module.origin is not None:
            explainers += (scope.code.co_consts for scope in module.origin.scopes.values())
        if module.bodies is not None:
            explainers += module.bodies.functions
    held = (each.__code__ for each in functions.values() if type(each) is types.FunctionType)
    counts = unexplained_counts(olds, explainers, map(id, held))
    return OwnList(code for code, count in zip(olds, counts) if count > 0)


def _notice_local_class(repointing: Repointing, path: str) -> None:
    message = "a class of an earlier call is alive; its methods follow, no more"
    notice = Notice("LP204", path, message)
    if notice not in repointing.unmoved:
        repointing.unmoved.append(notice)


def _all_pairs(codes: list[CodePair]) -> Iterator[tuple[types.CodeType, types.CodeType | None]]:
    for pair in codes:
        yield pair
        if types.CodeType in map(type, pair[0].co_consts):
            yield from (each for each in match_nested(*pair) if each[0] is not each[1])


def _changed_local_bodies(
    pairs: Iterable[tuple[types.CodeType, types.CodeType | None]],
) -> Iterator[tuple[int, str]]:
    """Yield the codes of methods in class bodies inside functions that changed beyond methods."""
    for old, new in pairs:
        if old.co_flags & inspect.CO_OPTIMIZED or new is None:
            continue
        if outline(new).same_body(outline(old), ()) is not True:
            for method in old.co_consts:
                if type(method) is types.CodeType:
                    yield id(method), getattr(old, "co_qualname", old.co_name)


def _update_closure(
    repointing: Repointing,
    closure: types.FunctionType,
    old: types.CodeType,
    new: types.CodeType | None,
) -> None:
    path = f"{closure.__module__}.{closure.__qualname__}"
    if new is None:
        message = "a closure of it is alive, and the new source no longer has it"
        repointing.unmoved.append(Notice("LP203", path, message))
        return
    if old.co_freevars == new.co_freevars and same_kind(old, new):
        repointing.steps.set_codes(OwnList([closure]), OwnList([new]))
        repointing.count("closure")
        return
    cells = dict(zip(old.co_freevars, closure.__closure__ or ()))
    missing = [name for name in new.co_freevars if name not in cells]
    if missing:
        message = f"a closure of it never captured {', '.join(missing)}; it runs the old code"
        repointing.unmoved.append(Notice("LP203", path, message))
        return
    repointing.rebuild(closure, with_code(closure, new, cells))


def _running_frames(changed: set[int]) -> Iterator[StaleFrame]:
    names = {thread.ident: thread.name for thread in threading.enumerate()}
    for thread, frame in running_frames():
        if id(frame.f_code) in changed:
            yield _describe(frame, names.get(thread, f"thread {thread}"))


def _suspended_frame(holder: Any, changed: set[int]) -> Iterator[StaleFrame]:
    attribute, what = _FRAME_ATTRIBUTES.get(type(holder), (None, ""))
    frame = getattr(holder, attribute, None) if attribute else None
    if type(holder) is types.FrameType and holder.f_back is None:
        frame, what = holder, "suspended generator"  # 3.10 lists the frame itself
    if frame is not None and id(frame.f_code) in changed:
        running = any(getattr(holder, name, False) for name in ("gi_running", "cr_running"))
        if not running:
            yield _describe(frame, what)


def _describe(frame: types.FrameType, where: str) -> StaleFrame:
    code: Any = frame.f_code
    name = getattr(code, "co_qualname", code.co_name)
    return StaleFrame(name, code.co_filename, frame.f_lineno or 0, where)
