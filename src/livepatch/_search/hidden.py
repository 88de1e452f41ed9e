"""Holders that no search finds, because C code keeps them: those that can be asked are asked."""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]  # pyright: ignore[reportMissingImports]
import signal
import sys
import threading
import types
from typing import Any

from livepatch._holders import Repointing
from livepatch._match.pairs import Pair
from livepatch._python.code import same_kind
from livepatch._python.own import Call, OwnList


def repoint_hidden_holders(repointing: Repointing) -> None:
    """Exchange losers among the signal handlers."""
    in_main_thread = threading.current_thread() is threading.main_thread()
    # Not by the module `signal`: it makes members of enumerations, whose class may be hooked.
    for number in _signal.valid_signals():
        handler = _signal.getsignal(number)
        survivor = _survivor_of_handler(repointing, handler)
        if survivor is handler:
            continue
        if in_main_thread:
            repointing.count("signal handler")
            repointing.steps.add(
                Call(_signal.signal, number, survivor), Call(_signal.signal, number, handler)
            )
        else:
            message = f"handles {signal.Signals(number).name}, set only from the main thread"
            repointing.leave(signal, handler, "LP206", message)


def _survivor_of_handler(repointing: Repointing, handler: Any) -> Any:
    if type(handler) is types.MethodType:
        function = repointing.settle(handler.__func__)
        bound = repointing.settle(handler.__self__)
        if function is not handler.__func__ or bound is not handler.__self__:
            return types.MethodType(function, bound)
    return repointing.settle(handler)


def forward_function(repointing: Repointing, pair: Pair) -> None:
    """Make an old function that something unseen holds run what its survivor runs."""
    old, survivor = pair.old, repointing.settle(pair.old)
    if type(old) is not types.FunctionType or survivor is old or not callable(survivor):
        return
    # Not the survivor's own code, which would have to follow by itself at every later reload.
    code = _forwarding_code(old, survivor)
    repointing.forwards.set_codes(OwnList([old]), OwnList([code]))


# Written so that the compiler leaves the constant alone.
def _forward(*args: Any, **kwargs: Any) -> Any:
    return "<survivor>".__getitem__(0)(*args, **kwargs)  # type: ignore[operator]


def _forward_generator(*args: Any, **kwargs: Any) -> Any:
    return (yield from "<survivor>".__getitem__(0)(*args, **kwargs))  # type: ignore[operator]


async def _forward_coroutine(*args: Any, **kwargs: Any) -> Any:
    result: Any = "<survivor>".__getitem__(0)(*args, **kwargs)  # type: ignore[operator]
    return await result if hasattr(result, "__await__") else result


async def _forward_async_generator(*args: Any, **kwargs: Any) -> Any:
    async for each in "<survivor>".__getitem__(0)(*args, **kwargs):  # type: ignore[operator]
        yield each


_FORWARDS = (_forward, _forward_generator, _forward_coroutine, _forward_async_generator)


def _forwarding_code(old: types.FunctionType, survivor: Any) -> types.CodeType:
    """Build code that calls the survivor, in the shape that the old function's closure needs.

    The survivor stands in a list among the constants, so that a later reload finds it there.
    """
    codes = (function.__code__ for function in _FORWARDS)
    template = next(code for code in codes if same_kind(code, old.__code__))
    constants = tuple([survivor] if item == "<survivor>" else item for item in template.co_consts)
    said = {name: getattr(old.__code__, name) for name in _SAID_OF_ITSELF}
    return template.replace(co_consts=constants, **said)


# By which a frame is known to be a call of the old function, too.
_SAID_OF_ITSELF = (
    "co_freevars",
    "co_name",
    "co_filename",
    "co_firstlineno",
    *(("co_qualname",) if sys.version_info >= (3, 11) else ()),
)
