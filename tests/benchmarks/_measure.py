"""The clock, the counters and the ballast that the scenarios share."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from time import process_time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Record:
    """An ordinary object of a program's heap, of no class that is reloaded."""

    def __init__(self, key: int, link: object) -> None:
        self.key = key
        self.link = link


def timed(call: Callable[[], object]) -> float:
    """Return the seconds of processor time that one ``call`` takes.

    All that is measured runs in one thread and waits for nothing; on a shared machine the clock on
    the wall would count other people's work too.
    """
    start = process_time()
    call()
    return process_time() - start


def timed_beside_compile(call: Callable[[], object], source: str) -> tuple[float, float]:
    """Return the seconds of one ``call``, and those of a mere `compile` just before it.

    On a shared machine the same work takes half as long again for minutes on end. What a reload
    costs in compiles of the same text, at the same moment, stays the same. There is no `gc.collect`
    in between: it drives everything else out of the processor's caches, more so in a big heap.
    """
    compiled = timed(partial(compile, source, "yardstick", "exec"))
    return timed(call), compiled


def make_ballast(count: int) -> list[object]:
    """Return ``count`` gc-tracked objects: lists and instances, each linked to the one before."""
    ballast: list[object] = []
    link: object = ballast
    for key in range(count // 2):
        record = Record(key, link)
        link = [record]
        ballast += (record, link)
    return ballast


def resident_bytes() -> int:
    """Return the memory that this process holds now."""
    statm = Path("/proc/self/statm")
    if statm.exists():
        return int(statm.read_text(encoding="ascii").split()[1]) * 4096
    # Elsewhere only the peak can be had without a package; it still shows growth.
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
