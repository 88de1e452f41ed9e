"""Keep other threads from running for a while, as far as Python code can."""

from __future__ import annotations

import sys
import time
from collections.abc import Generator
from contextlib import contextmanager

from livepatch._dicts import run_in_c
from livepatch._own import Call

# Seconds without other threads, from the look at who holds what to the end of the change: what
# they would do in between, a plan cannot know.
PLAN_WINDOW = 0.5
# The same where instances are made anew: what is done to an old one in between would be lost.
MIGRATION_WINDOW = 60.0


@contextmanager
def quiet_threads(seconds: float) -> Generator[None, None, None]:
    """Have this thread keep the GIL, unless it gives it away itself or takes longer than this.

    A thread that waits for the GIL asks for it after one switch interval, counted from when it
    began to wait or from the last time the GIL changed hands (CPython: Python/ceval_gil.c,
    take_gil). So it is given away once, and the interval is made longer as soon as it is back: in
    C, or the thread that had it meanwhile begins to wait with the short one.
    It is also what this thread may have to wait for the GIL if it gives it away, to read a file
    say; hence no longer than needed.

    Args:
        seconds: for how long.
    """
    if len(sys._current_frames()) == 1:  # noqa: SLF001 - the one way to see every thread
        yield
        return
    interval = sys.getswitchinterval()
    give_away = Call(time.sleep, 1e-6)
    keep = Call(sys.setswitchinterval, max(interval, seconds))
    try:
        run_in_c([give_away, keep])
        yield
    finally:
        try:
            sys.setswitchinterval(interval)
        finally:
            sys.setswitchinterval(interval)  # an interrupt may come in the midst of the first
