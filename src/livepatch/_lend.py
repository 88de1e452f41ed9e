"""Stage 3: let what is not made again run its new code while statements run.

A decorator whose body changed decorates by its new body. Afterwards all have their old code again,
for what comes of the reload is decided later.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from types import CellType, CodeType, FunctionType
from typing import Any

from livepatch._bodies import Body
from livepatch._class_attributes import set_on_class
from livepatch._code import can_take, match_nested
from livepatch._docstring import DOCSTRING
from livepatch._kinds import class_attributes, found_at, is_class, kind_of
from livepatch._own import OwnDict, OwnList
from livepatch._recode import with_code
from livepatch._rows import recode
from livepatch._selection import Selection
from livepatch._snapshot import Snapshot
from livepatch._source import namespace_of

_DEEPEST = 8


@contextmanager
def new_bodies(
    selections: Iterable[Selection],
    snapshots: Iterable[Snapshot],
    successors: OwnDict[int, FunctionType],
) -> Generator[None, None, None]:
    """Let functions that are not made again run their new code while statements run.

    Args:
        selections: which functions these are.
        snapshots: of the modules.
        successors: takes what stands for functions that cannot take their new code, by the id of
            each: a method that begins to use ``super()`` gains a free variable.
    """
    functions: list[FunctionType] = OwnList()
    codes: list[CodeType] = OwnList()
    lent: list[tuple[Any, str, Any, Any]] = OwnList()
    chosen = [each for each in selections if each.bodies is not None]
    snapshots = list(snapshots)
    some_run_whole = len(chosen) < len(snapshots)
    # A docstring calls nothing.
    if some_run_whole or any(each.code and each.names != DOCSTRING for each in chosen):
        news = {id(old): new for each in chosen for old, new in _new_codes(each)}
        unfit = {id(body.old): body for each in chosen for body in _unfit(each)}
        for snapshot in snapshots if news or unfit else ():  # where all run whole there is nothing
            for function in _functions_in(snapshot.namespace.values()):
                new = news.get(id(function.__code__))
                if new is not None and can_take(function.__code__, new):
                    functions.append(function)
                    codes.append(new)
            lent += _to_lend(snapshot, unfit, successors)
    present: list[CodeType] = OwnList(function.__code__ for function in functions)
    recode(functions, codes)
    for owner, name, _, instead in lent:
        _put(owner, name, instead)
    try:
        yield
    finally:
        for owner, name, value, instead in lent:
            if _at(owner, name) is instead:
                _put(owner, name, value)
        recode(functions, present)


def _new_codes(selection: Selection) -> Iterator[tuple[CodeType, CodeType]]:
    for body in selection.bodies.functions if selection.bodies is not None else ():
        # One that has but moved makes closures, and these are to say where they stand now.
        if body.old is not body.new:
            yield body.old, body.new
            for old, new in match_nested(body.old, body.new):
                if new is not None and new is not old:
                    yield old, new


def _unfit(selection: Selection) -> Iterator[Body]:
    for body in selection.bodies.functions if selection.bodies is not None else ():
        if body.changed and not can_take(body.old, body.new):
            yield body


def _to_lend(
    snapshot: Snapshot, unfit: dict[int, Body], successors: OwnDict[int, FunctionType]
) -> Iterator[tuple[Any, str, Any, Any]]:
    """Yield where functions are that cannot take their new code, and what is to be there."""
    for body in unfit.values():
        *home, name = body.path
        owner = _owner(snapshot, home)
        value = _at(owner, name) if owner is not None else None
        instead = _renewed(value, body, owner, successors)
        if instead is not value:
            yield owner, name, value, instead


def _owner(snapshot: Snapshot, home: list[str]) -> Any:
    """Return the namespace or the class of a module that has a definition; None if none has."""
    if not home:
        return namespace_of(snapshot.source.module)
    found = found_at(snapshot.namespace, ".".join(home))
    return found if is_class(found) else None


def _renewed(value: Any, body: Body, owner: Any, successors: OwnDict[int, FunctionType]) -> Any:
    """Return what stands for a function, or for what is directly around it, with the new code."""
    if type(value) in (staticmethod, classmethod):
        inside = _renewed(value.__func__, body, owner, successors)
        return value if inside is value.__func__ else type(value)(inside)
    if type(value) is property:
        parts = (value.fget, value.fset, value.fdel)
        fget, fset, fdel = (_renewed(each, body, owner, successors) for each in parts)
        is_same = fget is parts[0] and fset is parts[1] and fdel is parts[2]
        return value if is_same else property(fget, fset, fdel, value.__doc__)
    if type(value) is not FunctionType or value.__code__ is not body.old:
        return value
    cells = dict(zip(body.old.co_freevars, value.__closure__ or ()))
    if is_class(owner):
        cells.setdefault("__class__", CellType(owner))
    if any(name not in cells for name in body.new.co_freevars):
        return value
    successor = successors[id(value)] = with_code(value, body.new, cells)
    return successor


def _at(owner: Any, name: str) -> Any:
    attributes = class_attributes(owner) if is_class(owner) else owner
    return attributes.get(name)


def _put(owner: Any, name: str, value: Any) -> None:
    if is_class(owner):
        set_on_class(owner, name, value)
    else:
        owner[name] = value


def _functions_in(values: Iterable[Any]) -> Iterator[FunctionType]:
    """Yield the functions among some values and inside them: methods, wrapped ones, closures."""
    seen: set[int] = set()
    level: list[Any] = OwnList(values)
    for _ in range(_DEEPEST):
        following: list[Any] = OwnList()
        for value in level:
            kind = kind_of(value)
            if kind is not None and id(value) not in seen:
                seen.add(id(value))
                if type(value) is FunctionType:
                    yield value
                following += (part for _, part in kind.parts(value))
        if not following:
            return
        level = following
