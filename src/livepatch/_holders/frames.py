"""Locals of running frames and of suspended generators, coroutines and async generators."""

from __future__ import annotations

import ctypes
import gc
import inspect
import sys
import threading
import types
from collections.abc import Generator, Iterator
from typing import Any

from livepatch._heap.heap import is_own_frame, running_frames
from livepatch._holders.context import Repointing
from livepatch._holders.insides import CAN_EXCHANGE, exchange_words, words_at
from livepatch._python.own import Call, OwnList

_WRITES_THROUGH = sys.version_info >= (3, 13)  # PEP 667
_LIE_IN_GENERATOR = sys.version_info >= (3, 11)
_GENERATORS = inspect.CO_GENERATOR | inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR


def repoint_suspended(repointing: Repointing, holder: Any) -> None:
    """Exchange the losers in the frame of a suspended generator or coroutine.

    The iterator of a loop and what a with statement is to call lie among the locals, without names.
    """
    for name in ("gi_frame", "cr_frame", "ag_frame"):
        frame = getattr(holder, name, None)
        if frame is not None and not is_own_frame(frame):
            _repoint_places(repointing, holder, frame)
    for name in ("gi_yieldfrom", "cr_await", "ag_await"):
        inner = getattr(holder, name, None)
        if type(inner) in (types.GeneratorType, types.CoroutineType):
            repoint_suspended(repointing, inner)


def _repoint_places(repointing: Repointing, holder: Any, frame: types.FrameType) -> None:
    """Exchange the losers in all the places of a suspended frame."""
    if not _CAN_WRITE_PLACES or _is_running(holder, frame):
        repoint_frame(repointing, frame)
        return
    code = frame.f_code
    # From 3.11 on they lie in the generator, and its frame is made to be looked at.
    owner: Any = holder if _LIE_IN_GENERATOR else frame
    count = _count_locals(code) + code.co_stacksize
    words = words_at(id(owner) + _FIRST_PLACE, count)
    moved = exchange_words(repointing, owner, words, gc.get_referents(owner))
    repointing.count("local variable", moved)


def _is_running(holder: Any, frame: types.FrameType) -> bool:
    # An asynchronous generator calls itself running while it waits as well.
    says = getattr(holder, "gi_running", False) or getattr(holder, "cr_running", False)
    return says or frame.f_back is not None


def _may_be_suspended(frame: types.FrameType) -> bool:
    """Whether a frame is what a suspended generator keeps its locals in, as before 3.11."""
    makes_generator = frame.f_code.co_flags & _GENERATORS
    is_owner = _CAN_WRITE_PLACES and not _LIE_IN_GENERATOR
    return is_owner and bool(makes_generator) and frame.f_back is None


def _count_locals(code: types.CodeType) -> int:
    return len(dict.fromkeys((*code.co_varnames, *code.co_cellvars, *code.co_freevars)))


def repoint_frame(repointing: Repointing, frame: types.FrameType) -> None:
    """Exchange the losers among a frame's local variables."""
    if is_own_frame(frame):
        return
    if not frame.f_code.co_flags & 0x1:
        return  # a module or class body: its locals are a namespace, which is a holder itself
    if _may_be_suspended(frame):
        _repoint_places(repointing, frame, frame)
        return
    own = _own_names(frame.f_code)
    for name, value in _locals_of(frame):
        if name in own and repointing.is_loser(value):
            if frame.f_code.co_name == "__new__" and id(value) in repointing.migrations:
                # What it makes of another class than was called, nobody would initialise.
                _leave_local(repointing, frame, name, value)
                continue
            repointing.count("local variable")
            repointing.steps.add(
                Call(_write_local, frame, name, repointing.settle(value)),
                Call(_write_local, frame, name, value),
            )


def _locals_of(frame: types.FrameType) -> list[tuple[str, Any]]:
    found = list(frame.f_locals.items())
    if not _WRITES_THROUGH:
        # The copy stays with the frame and would keep all its locals alive.
        frame.f_locals.clear()
    return found


def _own_names(code: types.CodeType) -> set[str]:
    # A free variable's cell belongs to another frame or function, and is a holder of its own.
    return {*code.co_varnames, *code.co_cellvars}


def _write_local(frame: types.FrameType, name: str, value: Any) -> None:
    frame.f_locals[name] = value
    if not _WRITES_THROUGH:
        # Until 3.12 f_locals is a copy; this is the call by which a debugger writes it back
        # (Objects/frameobject.c). The frame is not running: it is below us, or suspended.
        ctypes.pythonapi.PyFrame_LocalsToFast(ctypes.py_object(frame), ctypes.c_int(0))
        frame.f_locals.clear()


def repoint_running_frames(repointing: Repointing) -> None:
    """Exchange the losers in the frames that run now, which no search for referrers finds.

    Before 3.13 only this thread's: another thread's frame may be running while it is written.
    """
    here = threading.get_ident()
    for thread, frame in running_frames():
        if thread == here or _WRITES_THROUGH:
            repoint_frame(repointing, frame)
        else:
            _report_frame(repointing, frame)


def objects_being_made() -> Iterator[tuple[Any, str]]:
    """Yield what constructors that are under way make, each with where that is.

    Who has called one is given the very object, from where no search can take it: the C stack, or
    the places of a frame that runs. To let the constructor go on with another one would be to give
    the caller one that has not been filled.
    """
    for _, frame in running_frames():
        code = frame.f_code
        if code.co_name in _CONSTRUCTORS:
            # The instance, or the class and what has been made of it so far.
            names = code.co_varnames if code.co_name == "__new__" else code.co_varnames[:1]
            where = f"{code.co_filename}:{frame.f_lineno}"
            yield from ((value, where) for name, value in _locals_of(frame) if name in names)


_CONSTRUCTORS = frozenset({"__new__", "__init__", "__setstate__"})


def dicts_in_running_frames() -> OwnList[Any]:
    """List the dicts that running frames have in local variables."""
    found: OwnList[Any] = OwnList()
    for _, frame in running_frames():
        if frame.f_code.co_flags & 0x1:
            found += (value for _, value in _locals_of(frame) if type(value) is dict)
    return found


def _report_frame(repointing: Repointing, frame: types.FrameType) -> None:
    if not frame.f_code.co_flags & 0x1:
        return
    for name, value in _locals_of(frame):
        if repointing.is_loser(value):
            _leave_local(repointing, frame, name, value)


def _leave_local(repointing: Repointing, frame: types.FrameType, name: str, value: Any) -> None:
    where = f"{frame.f_code.co_filename}:{frame.f_lineno}"
    repointing.leave(frame, value, "LP202", f"held by local variable {name!r} at {where}")


def _probe_of_places(first: object) -> Generator[None, None, None]:
    for _second in (first,):
        yield


def _first_place() -> int:
    """Return where the places of a frame begin in what owns them."""
    if _LIE_IN_GENERATOR:
        return types.GeneratorType.__basicsize__
    return types.FrameType.__basicsize__ - tuple.__itemsize__  # which counts the first of them


def _can_write_places() -> bool:
    """Whether a suspended frame's locals are where they are known to be, and its stack behind."""
    first = object()
    probe: Any = _probe_of_places(first)
    next(probe)
    owner: Any = probe if _LIE_IN_GENERATOR else probe.gi_frame
    words = words_at(id(owner) + _FIRST_PLACE, 3).tolist()
    loops = [id(part) for part in gc.get_referents(owner) if type(part) is type(iter(()))]
    return CAN_EXCHANGE and words == [id(first), id(first), *loops]


_FIRST_PLACE = _first_place()
_CAN_WRITE_PLACES = _can_write_places()
