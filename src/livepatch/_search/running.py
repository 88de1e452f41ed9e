"""Code that is in use beyond its definition: closures made at run time, and calls under way."""

from __future__ import annotations

import functools
import threading
import types
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain
from typing import Any

from livepatch._heap.heap import holders_of, running_frames, unexplained_counts
from livepatch._heap.retained import retained, retained_codes, retained_lists_of_codes
from livepatch._holders import Repointing, all_classes
from livepatch._match.pairs import Matches, Pair
from livepatch._match.said_defaults import (
    Defaults,
    Functions,
    defaults_of,
    functions_in,
    said_defaults,
)
from livepatch._python.code import codes_in, match_nested, same_code, same_kind
from livepatch._python.kinds import FUNCTION, class_attributes, qualified_name
from livepatch._python.live import reachable_functions
from livepatch._python.own import OwnDict, OwnList
from livepatch._reconcile import Reconciliation
from livepatch._report.report import Notice, StaleFrame
from livepatch._search.lagging import (
    codes_of_calls_under_way,
    forget_laggard,
    in_their_places,
    laggards,
    note_calls_under_way,
    note_laggard,
)
from livepatch._search.local_classes import changed_local_classes, made_before
from livepatch._select.docstring import docstring_of
from livepatch._snapshot.snapshot import overload_registry
from livepatch._source.outline import same_scope
from livepatch._steps.recode import with_code

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
    successors = {id(pair[0]): pair for pair in _all_pairs(in_their_places(matches, codes))}
    behind = [(closure.__code__, new) for closure, new in laggards(matches)]
    behind = [pair for pair in behind if id(pair[0]) not in successors]
    successors.update((id(pair[0]), pair) for pair in behind)
    _add_calls(successors)
    functions = _by_id(OwnList([pair.old for pair in matches.pairs]))
    # Those that a step gives the code it is to have.
    functions.update(_by_id(OwnList(result.steps.recoded())))
    # Nearly always there are none: no function with another one, or with a class, in it.
    around = OwnList(old for old, _ in successors.values() if _has_codes(old))
    local = changed_local_classes(successors.values()) if around else OwnDict[int, str]()
    for home, name in made_before(local.values(), {each.name: each for each in matches.modules}):
        _notice_local_class(repointing, f"{home}.{name}")
    used, near = _codes_in_use(result, matches, successors, functions, around)
    if not (used or near):
        return ()
    repointing.seeks_code = True
    changed = {
        id(old) for old, new in successors.values() if new is None or not same_code(old, new)
    }
    going_on: OwnList[types.CodeType] = OwnList()
    frames = list(_running_frames(changed, going_on))
    bodies = {id(method): local[id(body)] for body, method in _methods_in(successors, local)}
    holders = OwnList[Any](near)
    if used:
        hidden = {id(successors), *map(id, successors.values()), *functions, *map(id, codes)}
        hidden.update(map(id, (*retained(set(map(id, used))), *near)))
        holders += holders_of(used, hidden).others
    # 3.10 lists a suspended generator and its frame.
    own = {id(getattr(each, "gi_frame", None)) for each in holders}
    said_anew = {*_made_otherwise(successors.values()), *(id(old) for old, _ in behind)}
    parse = functools.cache(functions_in)
    for holder in (each for each in holders if id(each) not in own):
        if id(holder) in matches.by_new:
            continue  # made by the load, of code that another name had: `a, b = b, a` has gone
        if type(holder) is types.FunctionType:
            old, new = successors[id(holder.__code__)]
            said = _defaults(matches, holder, new, parse) if id(old) in said_anew else None
            if _update_closure(repointing, holder, old, new, said):
                forget_laggard(repointing.steps, holder)
                _note_rebuilt(repointing, result, holder)
            else:
                note_laggard(repointing.steps, matches, holder, new)
            body = bodies.get(id(holder.__code__))
            if body is not None:
                _notice_local_class(repointing, f"{holder.__module__}.{body}")
        else:
            frames += _suspended_frame(holder, changed, going_on)
    note_calls_under_way(repointing.steps, going_on, successors)
    return tuple(frames)


def _add_calls(successors: dict[int, tuple[types.CodeType, types.CodeType | None]]) -> None:
    """Add the codes in which calls go on since an earlier reload, of functions that change now."""
    for old, following in codes_of_calls_under_way():
        if id(following) in successors:
            successors.setdefault(id(old), (old, successors[id(following)][1]))


def _codes_in_use(
    result: Reconciliation,
    matches: Matches,
    successors: Mapping[int, tuple[types.CodeType, types.CodeType | None]],
    functions: OwnDict[int, Any],
    around: OwnList[types.CodeType],
) -> tuple[OwnList[types.CodeType], OwnList[types.FunctionType]]:
    """List the old codes that something else than the functions has, which are given new ones.

    Returns:
        The codes of which it is not known who has them, and the functions near by that have some.
    """
    olds = OwnList(old for old, _ in successors.values())
    explainers: OwnList[Any] = OwnList((around,))
    explainers += (code.co_consts for code in around)
    explainers += result.steps.lists_of_codes()
    explainers += retained_lists_of_codes(successors.keys())
    for module in matches.modules:
        if module.origin is not None:
            explainers += (scope.code.co_consts for scope in module.origin.scopes.values())
        if module.bodies is not None:
            explainers += module.bodies.functions
    known = [each.__code__ for each in functions.values() if type(each) is types.FunctionType]
    known += chain.from_iterable(_by_id([*result.codes, *successors.values()]).values())
    references = list(map(id, known))
    del known
    counts = unexplained_counts(olds, explainers, references, young=True)
    found = OwnList(code for code, count in zip(olds, counts) if count > 0)
    if found:
        # Earlier versions of a module have the codes of all that had not changed since.
        explainers += (code.co_consts for code in retained_codes())
        explainers += result.steps.arguments()
        explainers.append(olds)
        counts = unexplained_counts(found, explainers, references)
        found = OwnList(code for code, count in zip(found, counts) if count > 0)
    near = _functions_near(matches, set(map(id, found)), functions) if found else OwnList()
    if near:
        references += (id(each.__code__) for each in near)
        counts = unexplained_counts(found, explainers, references)
        found = OwnList(code for code, count in zip(found, counts) if count > 0)
    return found, near


def _functions_near(
    matches: Matches, codes: set[int], known: Mapping[int, Any]
) -> OwnList[types.FunctionType]:
    """List the functions with some codes that need no search of the heap, and are not known.

    What is behind a decorator of another package, and the variants of overloaded functions.
    """
    found: OwnDict[int, types.FunctionType] = OwnDict()
    for module in matches.modules:
        tables = (module.overloads or {}, overload_registry.get(module.name, {}))
        by_line = chain.from_iterable(table.values() for table in tables)
        variants = chain.from_iterable(lines.values() for lines in by_line)
        functions = (getattr(each, "__func__", each) for each in variants)  # of class methods
        for each in chain(reachable_functions(module.live), functions):
            is_function = type(each) is types.FunctionType
            if is_function and id(each.__code__) in codes and id(each) not in known:
                found[id(each)] = each
    return OwnList(found.values())


def _methods_in(
    successors: Mapping[int, tuple[types.CodeType, types.CodeType | None]], bodies: Iterable[int]
) -> Iterator[tuple[types.CodeType, types.CodeType]]:
    for key in bodies:
        body = successors[key][0]
        yield from ((body, each) for each in body.co_consts if type(each) is types.CodeType)


def _by_id(objects: list[Any]) -> OwnDict[int, Any]:
    return OwnDict(zip(map(id, objects), objects))


def _notice_local_class(repointing: Repointing, path: str) -> None:
    message = "a class of an earlier call is alive; its methods follow, no more"
    notice = Notice("LP204", path, message)
    if notice not in repointing.unmoved:
        repointing.unmoved.append(notice)


def _all_pairs(codes: Iterable[CodePair]) -> Iterator[tuple[types.CodeType, types.CodeType | None]]:
    for pair in codes:
        yield pair
        if _has_codes(pair[0]):
            yield from (each for each in match_nested(*pair) if each[0] is not each[1])


def _has_codes(code: types.CodeType) -> bool:
    return types.CodeType in map(type, code.co_consts)


def _made_otherwise(codes: Iterable[tuple[types.CodeType, types.CodeType | None]]) -> set[int]:
    """Return the ids of the old codes of functions that are made by other statements now."""
    return {
        id(inner)
        for old, new in codes
        if new is not None and _has_codes(old)
        if not same_scope(old, new)
        for inner in codes_in(old)
    }


def _defaults(
    matches: Matches,
    closure: types.FunctionType,
    new: types.CodeType | None,
    parse: Callable[[bytes | str], Functions],
) -> Defaults | None:
    """Return the defaults that a closure is to have; None where its own are what is known."""
    module = next((each for each in matches.modules if each.owns(closure)), None)
    if new is None or module is None:
        return None
    said = said_defaults(parse(module.source.text), new)
    return None if said is None else defaults_of(closure, new, said)


def _update_closure(
    repointing: Repointing,
    closure: types.FunctionType,
    old: types.CodeType,
    new: types.CodeType | None,
    defaults: Defaults | None,
) -> bool:
    """Note how a closure takes its new code; return whether it can."""
    path = f"{closure.__module__}.{closure.__qualname__}"
    cells = dict(zip(old.co_freevars, closure.__closure__ or ()))
    reason = None
    if new is None:
        reason = "a closure of it is alive, and the new source no longer has it"
    elif defaults is not None and defaults.unknown is not None:
        reason = f"a closure of it has no default for {defaults.unknown}; it runs the old code"
    elif old.co_freevars != new.co_freevars:
        if "__class__" in new.co_freevars and "__class__" not in cells:
            cells.update(_cell_of_class(closure))
        missing = ", ".join(name for name in new.co_freevars if name not in cells)
        if missing:
            reason = f"a closure of it never captured {missing}; it runs the old code"
    if new is None or reason is not None:
        notice = Notice("LP203", path, reason or "")
        repointing.unmoved.append(notice)
        repointing.lagging.append((closure, notice))
        return False
    if old.co_freevars == new.co_freevars and same_kind(old, new):
        repointing.steps.set_codes(OwnList([closure]), OwnList([new]))
        repointing.count("closure")
        successor = None
    else:
        successor = with_code(closure, new, cells)
        repointing.rebuild(closure, successor)
    _take_docstring(repointing, closure, successor or closure, old, new)
    if defaults is not None:
        _set_defaults(repointing, closure, successor, defaults)
    return True


def _note_rebuilt(
    repointing: Repointing, result: Reconciliation, closure: types.FunctionType
) -> None:
    """Note which closure another one stands for from now on: an undo gives it its place again."""
    module = result.decisions.matches.owner_of(closure)
    is_rebuilt = bool(repointing.rebuilt) and repointing.rebuilt[-1] is closure
    if is_rebuilt and module is not None:
        successor = repointing.survivors[id(closure)]
        path = (*closure.__qualname__.split("."), "<closure>")
        pair = Pair(path, FUNCTION, closure, successor, module, module)
        result.decisions.rebuilt.append(pair)


def _take_docstring(
    repointing: Repointing,
    closure: types.FunctionType,
    successor: types.FunctionType,
    old: types.CodeType,
    new: types.CodeType,
) -> None:
    before, after = docstring_of(old), docstring_of(new)
    is_its_own = "__wrapped__" not in closure.__dict__  # and not what functools.wraps gave it
    if before != after and closure.__doc__ == before and is_its_own:
        repointing.steps.set_attribute(successor, "__doc__", after, before)


def _set_defaults(
    repointing: Repointing,
    closure: types.FunctionType,
    successor: types.FunctionType | None,
    defaults: Defaults,
) -> None:
    for name, value in zip(("__defaults__", "__kwdefaults__"), defaults):
        if successor is not None:
            setattr(successor, name, value)
        elif getattr(closure, name) is not value:
            # After the search, which may repoint what is in those that it has; and for undo.
            repointing.forwards.set_attribute(closure, name, value, getattr(closure, name))


def _cell_of_class(method: types.FunctionType) -> Iterator[tuple[str, types.CellType]]:
    """Yield the cell that ``super()`` looks into, for a method of a class that a call has made."""
    home, _, name = method.__qualname__.rpartition(".")
    for cls in all_classes():
        if qualified_name(cls) == home and class_attributes(cls).get(name) is method:
            yield "__class__", types.CellType(cls)
            return


def _running_frames(changed: set[int], going_on: OwnList[types.CodeType]) -> Iterator[StaleFrame]:
    names = {thread.ident: thread.name for thread in threading.enumerate()}
    for thread, frame in running_frames():
        going_on.append(frame.f_code)
        if id(frame.f_code) in changed:
            yield _describe(frame, names.get(thread, f"thread {thread}"))


def _suspended_frame(
    holder: Any, changed: set[int], going_on: OwnList[types.CodeType]
) -> Iterator[StaleFrame]:
    attribute, what = _FRAME_ATTRIBUTES.get(type(holder), (None, ""))
    frame = getattr(holder, attribute, None) if attribute else None
    if type(holder) is types.FrameType and holder.f_back is None:
        frame, what = holder, "suspended generator"  # 3.10 lists the frame itself
    if frame is None:
        return
    going_on.append(frame.f_code)
    if id(frame.f_code) in changed:
        running = any(getattr(holder, name, False) for name in ("gi_running", "cr_running"))
        if not running:
            yield _describe(frame, what)


def _describe(frame: types.FrameType, where: str) -> StaleFrame:
    code: Any = frame.f_code
    name = getattr(code, "co_qualname", code.co_name)
    return StaleFrame(name, code.co_filename, frame.f_lineno or 0, where)
