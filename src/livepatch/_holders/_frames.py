"""Locals of running frames and of suspended generators, coroutines and async generators."""

from __future__ import annotations

import ctypes
import sys
import threading
import types
from typing import Any

from livepatch._heap import is_own_frame, running_frames
from livepatch._holders._context import Repointing
from livepatch._own import Call

_WRITES_THROUGH = sys.version_info >= (3, 13)  # PEP 667


def repoint_suspended(repointing: Repointing, holder: Any) -> None:
    """Exchange the losers among the locals of a suspended generator or coroutine."""
    for name in ("gi_frame", "cr_frame", "ag_frame"):
        frame = getattr(holder, name, None)
        if frame is not None:
            repoint_frame(repointing, frame)
    for name in ("gi_yieldfrom", "cr_await", "ag_await"):
        inner = getattr(holder, name, None)
        if type(inner) in (types.GeneratorType, types.CoroutineType):
            repoint_suspended(repointing, inner)


def repoint_frame(repointing: Repointing, frame: types.FrameType) -> None:
    """Exchange the losers among a frame's local variables."""
    if is_own_frame(frame):
        return
    if not frame.f_code.co_flags & 0x1:
        return  # a module or class body: its locals are a namespace, which is a holder itself
    own = _own_names(frame.f_code)
    for name, value in _locals_of(frame):
        if name in own and repointing.is_loser(value):
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


def _report_frame(repointing: Repointing, frame: types.FrameType) -> None:
    if not frame.f_code.co_flags & 0x1:
        return
    for name, value in _locals_of(frame):
        if repointing.is_loser(value):
            where = f"{frame.f_code.co_filename}:{frame.f_lineno}"
            repointing.leave(frame, value, "LP202", f"held by local variable {name!r} at {where}")
