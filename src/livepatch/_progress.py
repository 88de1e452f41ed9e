"""Tell whoever watches a terminal how far a long reload is."""

from __future__ import annotations

import sys
import time

_PATIENCE = 1.0  # seconds without a word


class Progress:
    """A line on a terminal that counts modules, shown once a reload takes long."""

    def __init__(self, total: int) -> None:
        self.total = total
        self.count = 0
        self.width = 0
        self.started = time.perf_counter()

    def __enter__(self) -> Progress:
        return self

    def show(self, name: str) -> None:
        """Say that a module is about to run."""
        self.count += 1
        if self.total > 1 and time.perf_counter() - self.started > _PATIENCE and _is_watched():
            self._write(f"livepatch: {self.count} of {self.total}, {name}")

    def __exit__(self, *_: object) -> None:
        if self.width:
            self._write("")

    def _write(self, text: str) -> None:
        sys.stderr.write("\r" + text.ljust(self.width) + ("" if text else "\r"))
        sys.stderr.flush()
        self.width = len(text)


def _is_watched() -> bool:
    try:
        return sys.stderr.isatty()
    except (AttributeError, ValueError):
        return False  # no stderr, or one that is closed
