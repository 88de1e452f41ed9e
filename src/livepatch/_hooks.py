"""What a program does before and after each reload: its own hooks, and those of the modules.

Before hooks run when nothing has been touched yet. After hooks run when everything is in its place,
caches emptied included, and the reload can still be taken back: one that raises undoes it all.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from types import MethodType
from typing import Any, TypeVar

from livepatch._python.own import OwnList
from livepatch._python.quiet import LONGEST_TURN
from livepatch._source.source import namespace_of

_Hook = TypeVar("_Hook", bound=Callable[..., Any])
_BEFORE, _AFTER = "__livepatch_before__", "__livepatch_after__"

# Plain lists, which a search finds like any holder: a hook that a module registers when it runs
# again stands there once, and is the surviving function.
_before: list[Callable[..., Any]] = []
_after: list[Callable[..., Any]] = []


@dataclass(frozen=True, slots=True)
class Reloading:
    """What a hook is told.

    Attributes:
        modules: the names of the modules.
        direction: ``"forward"`` in a reload, ``"back"`` when one is taken back.
    """

    __module__ = "livepatch"  # a holder of the user's, not one of livepatch's own

    modules: tuple[str, ...]
    direction: str


def before_reload(hook: _Hook) -> _Hook:
    """Have a function called before each reload, and before each undo; fit for a decorator.

    It is called before anything is touched, and may take its time. If it raises, there is no
    reload. If it returns a function, that is called if the reload then does not come about:
    refused, raised, taken back. Dry runs call no hook.

    Args:
        hook: called with a `Reloading`, or without arguments if it takes none. A function that
            stands here already is not added again.

    Returns:
        The hook itself.

    Raises:
        TypeError: it cannot be called.

    >>> @before_reload
    ... def pause(reloading):
    ...     print("pausing for", *reloading.modules)
    >>> forget_hook(pause)
    """
    return _registered(hook, _before)


def after_reload(hook: _Hook) -> _Hook:
    """Have a function called after each reload, and after each undo; fit for a decorator.

    All caches that livepatch knows of have been emptied by then, and every reference is current.
    No other thread runs meanwhile unless the hook waits for something. If it raises, the whole
    reload is taken back, and the error reaches the caller.

    Args:
        hook: see `before_reload`; what it returns does not matter.

    Returns:
        The hook itself.

    Raises:
        TypeError: it cannot be called.
    """
    return _registered(hook, _after)


def _registered(hook: _Hook, hooks: list[Callable[..., Any]]) -> _Hook:
    given: Any = hook
    if not callable(given):
        message = f"a hook is called, and {hook!r} cannot be"
        raise TypeError(message)
    if not any(_is_same(hook, each) for each in hooks):
        hooks.append(hook)
    return hook


def forget_hook(hook: Callable[..., Any]) -> None:
    """Take a function from the hooks; one that is none is fine."""
    for hooks in (_before, _after):
        hooks[:] = [each for each in hooks if not _is_same(hook, each)]


def _is_same(one: Any, other: Any) -> bool:
    # Every look at a bound method makes another one.
    return one is other or (type(one) is type(other) is MethodType and bool(one == other))


def run_before(modules: Iterable[Any], reloading: Reloading) -> list[Callable[[], Any]]:
    """Call the hooks that come first: the program's, then the modules' own.

    Args:
        modules: the module objects.
        reloading: what the hooks are told.

    Returns:
        What is to be called if the reload does not come about.

    Raises:
        BaseException: what a hook raised; what those before it returned has been called.
    """
    hooks: OwnList[Any] = OwnList(_before)
    hooks += (namespace_of(module).get(_BEFORE) for module in modules)
    inverses: list[Callable[[], Any]] = []
    try:
        for hook in hooks:
            inverse = _call(hook, reloading)
            if callable(inverse):
                inverses.append(inverse)
    except BaseException as error:
        run_inverses(inverses)
        _note(error, "before")
        raise
    return inverses


def run_inverses(inverses: list[Callable[[], Any]]) -> None:
    """Call what the hooks returned, the last one first; an error stops none of them."""
    raised: BaseException | None = None
    while inverses:
        try:
            inverses.pop()()
        except Exception as error:  # noqa: BLE001, PERF203 - raised again below
            raised = raised or error
    if raised is not None:
        raise raised


def run_after(namespaces: Iterable[dict[str, Any]], reloading: Reloading) -> None:
    """Call the hooks that come last: the modules' own, then the program's.

    Args:
        namespaces: of the modules, as they are now.
        reloading: what the hooks are told.

    Raises:
        BaseException: what a hook raised.
    """
    hooks: OwnList[Any] = OwnList(namespace.get(_AFTER) for namespace in namespaces)
    hooks += _after
    interval = sys.getswitchinterval()
    # Who waits in a hook has to wait for other threads that are busy; not for long.
    sys.setswitchinterval(min(interval, LONGEST_TURN))
    try:
        for hook in hooks:
            _call(hook, reloading)
    except BaseException as error:
        _note(error, "after")
        raise
    finally:
        sys.setswitchinterval(interval)


def _call(hook: Any, reloading: Reloading) -> Any:
    if hook is None:
        return None
    return hook(reloading) if _takes_argument(hook) else hook()


def _takes_argument(hook: Callable[..., Any]) -> bool:
    try:
        inspect.signature(hook).bind(None)
    except TypeError:
        return False
    except ValueError:
        return True  # C code without a signature
    return True


def _note(error: BaseException, when: str) -> None:
    if sys.version_info >= (3, 11):
        error.add_note(
            f"livepatch: raised by a hook that is called {when} the reload; "
            "everything is as it was before."
        )
