"""Keep other threads from running for a while, as far as Python code can."""

from __future__ import annotations

import ctypes
import itertools
import operator
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from livepatch._python.own import Call

# Seconds without other threads, from the look at who holds what to the end of the change: what
# they would do in between, a plan cannot know. Several times what it takes (`slots` for the most),
# by each block of memory that the process has.
_LEAST, _OF_BLOCK, _LONGEST = 1.0, 1e-5, 60.0
# Seconds that another thread may keep the GIL, where code of the user's waits in between.
LONGEST_TURN = 0.5

# Seconds: the switch interval while it is seen to that nobody else waits with a shorter one.
_BRIEF = 2e-5
# Seconds for another thread to take the GIL that is free; it wakes late on a busy machine.
_TURN = 1e-3
# Seconds for those who wait with the brief interval to ask for it.
_PATIENCE = 5e-3
# Seconds that a call takes which gives no other thread a turn, at most (8e-6 were measured). A turn
# takes longer: this thread asks for the GIL when it has waited for the brief interval.
_NO_TURN = 1.5e-5
_MOST_TRIES = 100
# What `sum` adds up in a second, or more.
_ADDITIONS = 5e7


def plan_window() -> float:
    """Return the seconds without other threads that it takes to plan a change and to make it."""
    return min(_LEAST + sys.getallocatedblocks() * _OF_BLOCK, _LONGEST)


@contextmanager
def quiet_threads(seconds: float) -> Generator[None, None, None]:
    """Have this thread keep the GIL, unless it gives it away itself or takes longer than this.

    A thread that waits for the GIL asks for it after the switch interval that it found when it
    began to wait, unless the GIL has changed hands since (CPython: Python/ceval_gil.c, take_gil).
    To set a longer interval is therefore not enough: those who wait already ask all the same. So
    another thread is given a turn, by which all that wait begin anew. Who has had it may wait with
    the shorter interval still, so the GIL is kept until it must have asked, and goes round once
    more if somebody has.

    The interval is also what this thread may have to wait for the GIL if it gives it away, to read
    a file say; hence no longer than needed. When all is done the GIL is given away once: those who
    wait with the longer interval would let this thread keep it for so long.

    Args:
        seconds: for how long.
    """
    if len(sys._current_frames()) == 1:  # noqa: SLF001 - the one way to see every thread
        yield
        return
    interval = sys.getswitchinterval()
    try:
        _take_turns(max(interval, seconds))
        yield
        sys.setswitchinterval(interval)  # an interrupt may come right behind the block
    finally:
        try:
            sys.setswitchinterval(interval)
        finally:
            sys.setswitchinterval(interval)  # an interrupt may come in the midst of the first
            time.sleep(0)


def _take_turns(longer: float) -> None:
    """Set a longer switch interval, and give the GIL away until no other thread asks for it.

    All of it is one C call: unasked, the GIL goes away between bytecodes only, which here are those
    of `_give_way`. Anywhere else this thread would wait for it with the longer interval.
    """
    lengthen, clock = Call(sys.setswitchinterval, longer), Call(time.perf_counter)
    shorten = Call(sys.setswitchinterval, _BRIEF)
    # The looks at the clock stand outside: whoever begins to wait in between may do so briefly.
    rest = (_keep(_PATIENCE), clock, shorten, Call(_give_way), lengthen, clock)
    calls = itertools.chain((shorten, Call(time.sleep, _TURN), lengthen), rest * _MOST_TRIES)
    results = itertools.islice(map(operator.methodcaller("__call__"), calls), 3, None)
    tries = zip(*[results] * len(rest))
    # Seconds that it took to give way, each time: the later look at the clock less the earlier.
    spans = itertools.starmap(operator.sub, map(operator.itemgetter(5, 1), tries))
    any(map(_NO_TURN.__gt__, spans))


def _give_way() -> None:
    """Run a bytecode, before which the GIL is given away if another thread has asked for it."""


def _keep(seconds: float) -> Call:
    """Return a C call that takes so long and keeps the GIL, without use of the processor if it can.

    Others need the processor to ask for the GIL.
    """
    if _usleep is not None:
        return Call(_usleep, int(seconds * 1e6))
    return Call(sum, range(int(seconds * _ADDITIONS)))


def _find_usleep() -> Any:
    """Return the C library's function, called with the GIL held; None where it has none."""
    try:
        function = ctypes.pythonapi.usleep
    except AttributeError:
        return None
    function.argtypes, function.restype = [ctypes.c_uint], ctypes.c_int
    return function


_usleep = _find_usleep()
