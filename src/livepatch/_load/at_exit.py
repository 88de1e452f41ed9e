"""Functions that are called when the interpreter ends: one that a statement registers once more.

`atexit` shows nobody what is registered, but it compares that with what it is to unregister; the
arguments are seen by nobody. A function that was made again keeps the registration it had, and goes
on to be the very function; for one that was not, what the statement says now is the one to stay.
"""

from __future__ import annotations

import atexit
from collections.abc import Callable, Collection
from types import FunctionType, MethodType
from typing import Any

from livepatch._python.own import OwnList

_compare: Callable[[_Asking], None] = atexit.unregister  # type: ignore[assignment]


class _Asking:
    """What is compared with all that is registered, and is equal to what is to go."""

    __slots__ = ("found", "gone")

    def __init__(self, gone: Collection[int] = ()) -> None:
        self.found: OwnList[Any] = OwnList()
        self.gone = gone

    def __eq__(self, other: object) -> bool:
        self.found.append(other)
        return len(self.found) - 1 in self.gone

    __hash__ = None  # type: ignore[assignment]


def registered() -> tuple[int, ...]:
    """Return the ids of what is registered, as `atexit` goes through it."""
    return tuple(map(id, _found()))


def _found() -> OwnList[Any]:
    asking = _Asking()
    try:
        _compare(asking)
    except Exception:  # noqa: BLE001 - of the user's: who is registered may compare as it likes
        return OwnList()
    return asking.found


def drop_registered_again(before: tuple[int, ...], settle: Callable[[Any], Any]) -> None:
    """Unregister one of each two, where the load has registered what was registered before.

    Args:
        before: the ids of what was registered then.
        settle: returns the survivor of a definition.
    """
    after, came = _came(before)
    places: set[int] = set()
    for place in came:
        function = after[place]
        survivor = _settled(function, settle)
        earlier = (
            at
            for at, each in enumerate(after)
            if at not in came and at not in places and _settled(each, settle) == survivor
        )
        known = next(earlier, None)
        if known is not None:
            places.add(known if _settled(function, _itself) == survivor else place)
    _unregister(places)


def take_back_registrations(before: tuple[int, ...], modules: Collection[str]) -> None:
    """Unregister what functions of some modules a load that is taken back has registered."""
    after, came = _came(before)
    functions = ((at, getattr(after[at], "__func__", after[at])) for at in came)
    _unregister(
        {
            at
            for at, function in functions
            if type(function) is FunctionType and function.__module__ in modules
        }
    )


def _came(before: tuple[int, ...]) -> tuple[OwnList[Any], range]:
    """Return what is registered, and the places of what was not before."""
    after = _found()
    count = len(after) - len(before)
    for came in (range(len(before), len(after)), range(count)):  # the newest are last, or first
        rest = [each for at, each in enumerate(after) if at not in came]
        if count > 0 and tuple(map(id, rest)) == before:
            return after, came
    return after, range(0)


def _settled(function: Any, settle: Callable[[Any], Any]) -> tuple[int, ...]:
    if type(function) is MethodType:
        return id(settle(function.__func__)), id(function.__self__)
    return (id(settle(function)),)


def _itself(function: Any) -> Any:
    return function


def _unregister(places: Collection[int]) -> None:
    if places:
        _compare(_Asking(places))
