"""Tell whoever watches a terminal how far a long reload is."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager

_PATIENCE = 1.0  # seconds without a word


@contextmanager
def progress(total: int) -> Generator[Callable[[str], None], None, None]:
    """Count modules on a line of the terminal, once a reload takes long; it goes at the end.

    Args:
        total: how many modules there will be.

    Yields:
        What is to be told the name of each module that is about to run.
    """
    started = time.perf_counter()
    count = width = 0

    def show(name: str) -> None:
        nonlocal count, width
        count += 1
        if total > 1 and time.perf_counter() - started > _PATIENCE and _is_watched():
            width = _write(f"livepatch: {count} of {total}, {name}", width)

    try:
        yield show
    finally:
        if width:
            _write("", width)


def _write(text: str, width: int) -> int:
    """Write over the line that is there, and return how wide it is now."""
    sys.stderr.write("\r" + text.ljust(width) + ("" if text else "\r"))
    sys.stderr.flush()
    return len(text)


def _is_watched() -> bool:
    try:
        return sys.stderr.isatty()
    except (AttributeError, ValueError):
        return False  # no stderr, or one that is closed
