"""What runs old code since an earlier reload: closures that could not take the new, and calls.

Each later reload asks again whether the closures can, and names the calls again. Nothing leads from
the code of such a closure to the newest one but the place where it is written: the code beside it,
by which the others follow, is of a source that has gone.
"""

from __future__ import annotations

import inspect
import weakref
from collections.abc import Iterable, Iterator, Mapping
from types import CodeType, FunctionType
from typing import Any, NamedTuple

from livepatch._match.pairs import Matches
from livepatch._python.code import codes_in, same_code
from livepatch._python.own import Call, OwnDict
from livepatch._source.scope import is_type_scope
from livepatch._steps.steps import Steps


class _Place(NamedTuple):
    """Where a function is written in a module.

    Attributes:
        names: of the functions and classes around it, and its own.
        number: which of those that are called so.
        alike: how many these are.
    """

    names: tuple[str, ...]
    number: int
    alike: int


class _Laggard(NamedTuple):
    closure: weakref.ref[FunctionType]
    module: weakref.ref[Any]
    place: _Place | None


_laggards: OwnDict[int, _Laggard] = OwnDict()


def laggards(matches: Matches) -> Iterator[tuple[FunctionType, CodeType | None]]:
    """Yield closures that run old code since an earlier reload, each with what they should run.

    That is None where the new source has nothing in the place of theirs.
    """
    modules = {id(each.source.module): each for each in matches.modules}
    for key, laggard in list(_laggards.items()):
        closure = laggard.closure()
        if closure is None:
            _laggards.pop(key, None)
            continue
        module = modules.get(id(laggard.module()))
        if module is not None:
            new = _code_at(module.outline.scopes[()].code, laggard.place)
            if new is None or not same_code(closure.__code__, new):
                yield closure, new


def note_laggard(
    steps: Steps, matches: Matches, closure: FunctionType, new: CodeType | None
) -> None:
    """Note the step by which it is known that a closure runs old code.

    Args:
        steps: where to note it.
        matches: of the reload.
        closure: the closure.
        new: the code that it cannot take; None if the new source has none for it.
    """
    module = next((each for each in matches.modules if each.owns(closure)), None)
    if module is None:
        return
    before, known = module.origin, _laggards.get(id(closure))
    if new is not None:
        place = _place_of(module.outline.scopes[()].code, new)
    elif known is not None and known.closure() is closure:
        place = known.place
    else:
        place = _place_of(before.scopes[()].code, closure.__code__) if before else None
    laggard = _Laggard(weakref.ref(closure), weakref.ref(module.source.module), place)
    steps.add(
        Call(dict.__setitem__, _laggards, id(closure), laggard),
        Call(dict.pop, _laggards, id(closure), None)
        if known is None
        else Call(dict.__setitem__, _laggards, id(closure), known),
    )


def forget_laggard(steps: Steps, closure: FunctionType) -> None:
    """Note the step by which a closure that takes new code is none that runs old code."""
    known = _laggards.get(id(closure))
    if known is not None:
        steps.add(
            Call(dict.pop, _laggards, id(closure), None),
            Call(dict.__setitem__, _laggards, id(closure), known),
        )


_calls: OwnDict[int, tuple[weakref.ref[CodeType], weakref.ref[CodeType]]] = OwnDict()


def codes_of_calls_under_way() -> Iterator[tuple[CodeType, CodeType]]:
    """Yield the codes that calls went on in, each with that which its function had then."""
    for key, (reference, following) in list(_calls.items()):
        code, now = reference(), following()
        if code is None or now is None:
            _calls.pop(key, None)
        else:
            yield code, now


def note_calls_under_way(
    steps: Steps, codes: Iterable[CodeType], successors: Mapping[int, tuple[Any, CodeType | None]]
) -> None:
    """Note the steps by which it is known that calls go on in the old codes of functions.

    Args:
        steps: where to note them.
        codes: those in which calls go on, and more.
        successors: by the id of an old code, itself and what its function runs from now on.
    """
    for code in codes:
        _, following = successors.get(id(code), (None, None))
        if following is None:
            continue
        known = _calls.get(id(code))
        call = (weakref.ref(code), weakref.ref(following))
        steps.add(
            Call(dict.__setitem__, _calls, id(code), call),
            Call(dict.pop, _calls, id(code), None)
            if known is None
            else Call(dict.__setitem__, _calls, id(code), known),
        )


def in_their_places(
    matches: Matches, codes: Iterable[tuple[CodeType, CodeType]]
) -> Iterator[tuple[CodeType, CodeType]]:
    """Yield codes that functions have exchanged, each old one with what is in its place now.

    ``@deco(2)`` that became ``@deco`` gives one function the code of another one of those that
    ``deco`` makes; the others that it has made go on with theirs.

    Args:
        matches: of the reload.
        codes: the old and the new code of each function that has another.
    """
    tables: list[_Codes] | None = None
    for pair in codes:
        old, new = pair
        if not old.co_flags & inspect.CO_NESTED:
            yield pair
            continue
        if tables is None:
            tables = [
                _Codes(each.origin.scopes[()].code, each.outline.scopes[()].code)
                for each in matches.modules
                if each.origin is not None
            ]
        found = next((each for each in tables if each.knows(old)), None)
        there = found.successor(old) if found is not None else new
        if there is not None:
            yield old, there


class _Codes:
    """The codes of an old source and of a new one, by where they are written."""

    def __init__(self, before: CodeType, after: CodeType) -> None:
        self._olds: dict[tuple[str, ...], list[CodeType]] = {}
        self._news: dict[tuple[str, ...], list[CodeType]] = {}
        for code, table in ((before, self._olds), (after, self._news)):
            for names, each in _with_names(code):
                table.setdefault(names, []).append(each)
        # One that was read from a bytecode cache is equal to that of the function.
        self._places = {
            each: (names, number)
            for names, alike in self._olds.items()
            for number, each in enumerate(alike)
        }

    def knows(self, old: CodeType) -> bool:
        return old in self._places

    def successor(self, old: CodeType) -> CodeType | None:
        names, number = self._places[old]
        alike = self._news.get(names, [])
        return alike[number] if len(alike) == len(self._olds[names]) else None


def _code_at(code: CodeType, place: _Place | None) -> CodeType | None:
    if place is None:
        return None
    found = [each for names, each in _with_names(code) if names == place.names]
    return found[place.number] if len(found) == place.alike else None


def _place_of(code: CodeType, sought: CodeType) -> _Place | None:
    written = list(_with_names(code))
    # One that was read from a bytecode cache is equal to that of the function.
    for names, each in written:
        if each is sought or each == sought:
            alike = [other for at, other in written if at == names]
            return _Place(names, alike.index(each), len(alike))
    return None


def _with_names(code: CodeType, names: tuple[str, ...] = ()) -> Iterator[tuple[Any, CodeType]]:
    """Yield the codes inside another one with the names that lead to each, in source order."""
    for inner in codes_in(code):
        if is_type_scope(inner):
            yield from _with_names(inner, names)
        else:
            yield (*names, inner.co_name), inner
            yield from _with_names(inner, (*names, inner.co_name))
