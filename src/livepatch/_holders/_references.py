"""Weak references, generic aliases, exceptions, futures: holders with a way of their own."""

from __future__ import annotations

import contextvars
import gc
import types
import typing
import weakref
from typing import Any

from livepatch._holders._context import Repointing
from livepatch._own import Call


def repoint_alias(repointing: Repointing, holder: types.GenericAlias) -> None:
    """Build ``list[Player]`` or ``Player[int]`` anew."""
    origin = repointing.settle(holder.__origin__)
    arguments = tuple(map(repointing.settle, holder.__args__))
    repointing.rebuild(holder, types.GenericAlias(origin, arguments))


def repoint_union(repointing: Repointing, holder: Any) -> None:
    """Build ``Player | None`` anew."""
    arguments = tuple(map(repointing.settle, holder.__args__))
    repointing.rebuild(holder, typing.Union[arguments])  # noqa: UP007 - a union of a tuple


def repoint_weak_reference(repointing: Repointing, reference: Any, referent: Any) -> None:
    """Make another weak reference of the same type, with the same callback.

    Args:
        repointing: the search.
        reference: a weak reference or weak proxy; a proxy is never called or asked anything, for
            it passes all that on.
        referent: the loser it refers to.
    """
    survivor = repointing.settle(referent)
    kind = type(reference)
    if not type(survivor).__weakrefoffset__ and type(survivor) is not type(referent):
        message = "a weak reference, for which its new layout has no room: it dies"
        repointing.leave(reference, type(referent), "LP201", message)
        return
    if kind in weakref.ProxyTypes:
        repointing.rebuild(reference, weakref.proxy(survivor))
    elif kind is weakref.KeyedRef:
        callback: Any = reference.__callback__
        repointing.rebuild(reference, weakref.KeyedRef(survivor, callback, reference.key))
    elif issubclass(kind, weakref.WeakMethod):
        # It refers to an object and a function; the latter's reference is an own one.
        function = reference._func_ref()  # noqa: SLF001
        if function is not None:
            bound = types.MethodType(repointing.settle(function), survivor)
            repointing.rebuild(reference, kind(bound, _callback_of(reference)))
    else:
        callback = reference.__callback__
        successor = kind(survivor, callback) if callback else kind(survivor)
        repointing.rebuild(reference, successor)


def _callback_of(reference: weakref.WeakMethod[Any]) -> Any:
    """Return what a weak method was given to call; it is inside a function of its own."""
    own: Any = reference.__callback__
    cells = dict(zip(own.__code__.co_freevars, own.__closure__))
    return cells["callback"].cell_contents


def repoint_exception(repointing: Repointing, holder: BaseException) -> None:
    """Exchange the arguments of an exception that were rebuilt."""
    arguments = holder.args
    settled = tuple(map(repointing.settle, arguments))
    if repointing.is_loser(arguments):
        settled = repointing.settle(arguments)
    if any(map(lambda a, b: a is not b, settled, arguments)):
        repointing.count("exception")
        setter = BaseException.__dict__["args"].__set__
        repointing.steps.add(Call(setter, holder, settled), Call(setter, holder, arguments))


def repoint_context_node(repointing: Repointing, holder: Any) -> None:
    """Set context variables again: their values lie in a C trie that only they can write."""
    del holder
    if repointing.contexts_seen:
        return  # once a search is enough: it goes through every context
    repointing.contexts_seen = True
    for context in _contexts():
        current = context is None
        items = list((contextvars.copy_context() if current else context).items())
        for variable, value in items:
            if repointing.is_loser(value):
                repointing.count("context variable")
                survivor = repointing.settle(value)
                if current:
                    repointing.steps.add(Call(variable.set, survivor), Call(variable.set, value))
                else:
                    repointing.steps.add(
                        Call(context.run, variable.set, survivor),
                        Call(context.run, variable.set, value),
                    )


def _contexts() -> list[Any]:
    found: list[Any] = [None]
    found += [each for each in gc.get_objects() if type(each) is contextvars.Context]
    return found


def repoint_future(repointing: Repointing, holder: Any) -> None:
    """Take a done callback off a C future and add its survivor."""
    callbacks = getattr(holder, "_callbacks", None) or []
    for callback, context in list(callbacks):
        survivor = repointing.settle(callback)
        if survivor is not callback:
            repointing.count("future callback")
            repointing.steps.add(
                Call(_exchange_callback, holder, callback, survivor, context),
                Call(_exchange_callback, holder, survivor, callback, context),
            )


def _exchange_callback(future: Any, out: Any, into: Any, context: Any) -> None:
    if future.remove_done_callback(out):
        future.add_done_callback(into, context=context)
