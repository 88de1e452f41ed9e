"""One reload at a time, and a log line for what became of each."""

from __future__ import annotations

import logging
import threading
from collections.abc import Generator
from contextlib import contextmanager

from livepatch._report.errors import ReloadInProgressError
from livepatch._report.report import Report

logger = logging.getLogger("livepatch")
logger.addHandler(logging.NullHandler())

_lock = threading.RLock()
_under_way = threading.local()


@contextmanager
def one_at_a_time() -> Generator[None, None, None]:
    """Have other threads wait for their turn.

    Raises:
        ReloadInProgressError: this thread is in the middle of a reload.
    """
    if getattr(_under_way, "value", False):
        raise ReloadInProgressError("LP109", "this thread is in the middle of a reload")
    with _lock:
        try:
            _under_way.value = True
            yield
        finally:
            try:
                _under_way.value = False
            finally:
                _under_way.value = False  # an interrupt may come in the midst of the first


def log_report(report: Report) -> None:
    """Write a report's lines to the log."""
    level = logging.INFO if report.ok else logging.WARNING
    if not logger.isEnabledFor(level):
        return  # the lines cost more than the rest of a small report
    for line in str(report).splitlines():
        logger.log(level, "%s", line.strip())
