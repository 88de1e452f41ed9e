"""Fixtures that every test of livepatch may ask for."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from tests.live import LiveModule, Rerun, Strategy


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave the harness's own tests to `pytest tests/harness`: a suite of minutes."""
    asked = any("harness" in argument for argument in config.args)
    return True if collection_path.name == "harness" and not asked else None


@pytest.hookimpl(tryfirst=True)  # before those marked slow are left out
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave tests to the long suite, and those out of what this interpreter does not have.

    The latter are none that it skips.
    """
    mark_sampled(items)
    later = [item for item in items if _needs_later(item)]
    if later:
        config.hook.pytest_deselected(items=later)
        items[:] = [item for item in items if item not in later]


def mark_sampled(items: Iterable[pytest.Item]) -> None:
    """Mark as slow most of those tests of which a plain run has a sample.

    What goes by the same way as its neighbours, at the price of a search of the heap each time.
    """
    numbers: dict[object, int] = {}
    for item in items:
        mark, call = item.get_closest_marker("sampled"), getattr(item, "callspec", None)
        if mark is None or call is None:
            continue
        case = {name: at for name, at in call.indices.items() if name not in _WAYS}
        key = (item.nodeid.partition("[")[0], *sorted(case.items()))
        number = numbers.setdefault(key, len(numbers))
        if (number + call.indices.get("strategy", 0)) % mark.args[0]:
            item.add_marker(pytest.mark.slow)


_WAYS = ("strategy", "rerun")


def _needs_later(item: pytest.Item) -> bool:
    mark = item.get_closest_marker("since")
    return mark is not None and sys.version_info < mark.args


@pytest.fixture
def strategy() -> Strategy:
    """The strategy of every reload; tests/conformance runs each test under both."""
    return "auto"


@pytest.fixture
def rerun() -> Rerun:
    """What runs again in every reload; tests/conformance runs each test with both answers."""
    return "all"


@pytest.fixture
def live(tmp_path: Path, strategy: Strategy, rerun: Rerun) -> Iterator[LiveModule]:
    """A module under test in a folder of its own."""
    module = LiveModule(tmp_path, strategy, rerun)
    yield module
    module.close()
