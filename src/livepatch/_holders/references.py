"""Weak references, generic aliases, exceptions, futures: holders with a way of their own."""

from __future__ import annotations

import contextvars
import functools
import operator
import sys
import types
import typing
import weakref
from typing import Any

from livepatch._holders.context import GONE, Repointing
from livepatch._holders.identity import repoint_callback, with_new_ids
from livepatch._python.among import objects_of
from livepatch._python.kinds import is_class, mro_of
from livepatch._python.own import Call, OwnList


def repoint_alias(repointing: Repointing, holder: types.GenericAlias) -> None:
    """Build ``list[Player]`` or ``Player[int]`` anew."""
    origin = repointing.settle(holder.__origin__)
    arguments = tuple(map(repointing.settle, holder.__args__))
    # A subclass, as that of ``collections.abc.Callable[[Player], int]`` is, writes them otherwise.
    successor: Any = types.GenericAlias.__new__(type(holder), origin, arguments)
    if sys.version_info >= (3, 11) and holder.__unpacked__:
        (successor,) = successor
    repointing.rebuild(holder, successor)


def repoint_union(repointing: Repointing, holder: Any) -> None:
    """Build ``Player | None`` anew."""
    arguments = tuple(map(repointing.settle, holder.__args__))
    try:
        successor = functools.reduce(_joined, arguments)
    except TypeError:
        # A class has become a function, say, of which there is no union: it stays.
        for loser in filter(repointing.is_loser, holder.__args__):
            kind = type(repointing.settle(loser)).__name__
            message = f"inside a union, which cannot be made with a {kind} in its place"
            repointing.leave(holder, loser, "LP201", message)
        return
    repointing.rebuild(holder, successor)


def _joined(left: Any, right: Any) -> Any:
    """Return ``left | right``, past a metaclass that says something else."""
    joined = type.__or__(left, right) if is_class(left) else left | right
    if joined is not NotImplemented:
        return joined
    operator.or_(right, None)  # raises for a function, which `typing` would take
    # Before 3.14 a union that `typing` makes is of another type.
    return typing.Union[left, right]  # noqa: UP007


def repoint_weak_reference(repointing: Repointing, reference: Any, referent: Any) -> None:
    """Make another weak reference of the same type, with the same callback.

    Args:
        repointing: the search.
        reference: a weak reference or weak proxy; a proxy is never called or asked anything, for
            it passes all that on.
        referent: the loser it refers to.
    """
    survivor = repointing.settle(referent)
    if survivor is GONE:
        repointing.rebuild(reference, GONE)
        return
    kind = type(reference)
    if not type(survivor).__weakrefoffset__ and type(survivor) is not type(referent):
        message = "a weak reference, for which its new layout has no room: it dies"
        repointing.leave(reference, type(referent), "LP201", message)
        return
    if kind in weakref.ProxyTypes:
        repointing.rebuild(reference, weakref.proxy(survivor))
    elif kind is weakref.KeyedRef:
        callback: Any = reference.__callback__
        by_id = type(reference.key) is int and reference.key == id(referent)
        key = id(survivor) if by_id else with_new_ids(repointing, reference.key)
        repointing.rebuild(reference, weakref.KeyedRef(survivor, callback, key))
    elif issubclass(kind, weakref.WeakMethod):
        # It refers to an object and a function; the latter's reference is an own one.
        function = reference._func_ref()  # noqa: SLF001
        if function is not None:
            settled = repointing.settle(function)
            if type(settled) in (classmethod, staticmethod):
                settled = settled.__func__  # which is no method by itself
            bound = types.MethodType(settled, survivor)
            repointing.rebuild(reference, kind(bound, _callback_of(reference)))
    else:
        callback = reference.__callback__
        repoint_callback(repointing, callback, id(referent), id(survivor))
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
    return [None, *objects_of(contextvars.Context)]


def repoint_future(repointing: Repointing, holder: Any) -> None:
    """Exchange the done callbacks of a C future, or the result of one that is done.

    The callbacks are taken off, and their survivors added in the same order.
    """
    callbacks = OwnList(callback for callback, _ in getattr(holder, "_callbacks", None) or ())
    settled = OwnList(map(repointing.settle, callbacks))
    moved = sum(map(lambda a, b: a is not b, settled, callbacks))
    if moved:
        repointing.count("future callback", moved)
        repointing.steps.add(
            Call(_exchange_callbacks, holder, callbacks, settled),
            Call(_exchange_callbacks, holder, settled, callbacks),
        )
    base: Any = next(cls for cls in mro_of(type(holder)) if cls.__name__ == "Future")
    # Not by asking for its exception, which would count as having been asked.
    if base.done(holder) and holder._exception is None and not base.cancelled(holder):  # noqa: SLF001
        result = holder._result  # noqa: SLF001
        if repointing.is_loser(result):
            repointing.count("future result")
            loop = base.get_loop(holder)
            repointing.steps.add(
                Call(_set_result, base, holder, loop, repointing.settle(result)),
                Call(_set_result, base, holder, loop, result),
            )


def _set_result(base: Any, future: Any, loop: Any, result: Any) -> None:
    """Begin a future again, and end it at once: nobody is told a second time."""
    base.__init__(future, loop=loop)
    base.set_result(future, result)


def _exchange_callbacks(future: Any, outs: list[Any], intos: list[Any]) -> None:
    """Exchange done callbacks; one that is added goes behind the others, so all are added again."""
    present: list[Any] = list(future._callbacks or ())  # noqa: SLF001 - it has no public name
    successors = dict(zip(map(id, outs), intos))
    for callback, _ in present:
        future.remove_done_callback(callback)
    for callback, context in present:
        future.add_done_callback(successors.get(id(callback), callback), context=context)
