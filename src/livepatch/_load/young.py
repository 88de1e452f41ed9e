"""The objects that the load makes, told from all others: they alone are in generation 0."""

from __future__ import annotations

import gc
from collections.abc import Callable, Generator
from contextlib import contextmanager

# To scan so many objects for holders takes longer than to collect them (measured: `many`).
_MANY = 5_000


@contextmanager
def young_objects_kept_apart() -> Generator[Callable[[], object], None, None]:
    """Keep the garbage collector from running, so that what the load makes stays young.

    Then all that is new is in generation 0 and nothing else is: a search among new objects need not
    walk the heap, and a class there was made by the load (one that the user had just made was
    taken for such, and taken out with a load that failed).

    Yields:
        What frees those of the new objects that nothing holds any more.
    """
    restore = gc.enable if gc.isenabled() else gc.disable
    try:
        gc.disable()
        gc.collect(0)
        before = _count_older_collections()
        # A module's own code may have had everything collected; then they are not young any more.
        yield lambda: gc.collect(0 if _count_older_collections() == before else 2)
        restore()  # an interrupt may come right behind the block, where nothing is done about it
    finally:
        try:
            restore()
        finally:
            restore()  # an interrupt may come in the midst of the first


def no_longer_young() -> None:
    """Let what livepatch has made so far be old: outlines are many objects, and no holders."""
    if gc.get_count()[0] > _MANY:
        gc.collect(0)


def count_young() -> int:
    """Return how many young objects there are; whatever is made later stands behind them."""
    return len(gc.get_objects(generation=0))


def _count_older_collections() -> int:
    return sum(each["collections"] for each in gc.get_stats()[1:])
