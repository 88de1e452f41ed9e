"""Fixtures that every test of livepatch may ask for."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live import LiveModule, Strategy


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the tests out of what this interpreter does not have: they are none that it skips."""
    later = [item for item in items if _needs_later(item)]
    if later:
        config.hook.pytest_deselected(items=later)
        items[:] = [item for item in items if item not in later]


def _needs_later(item: pytest.Item) -> bool:
    mark = item.get_closest_marker("since")
    return mark is not None and sys.version_info < mark.args


@pytest.fixture
def strategy() -> Strategy:
    """The strategy of every reload; tests/conformance runs each test under both."""
    return "auto"


@pytest.fixture
def live(tmp_path: Path, strategy: Strategy) -> Iterator[LiveModule]:
    """A module under test in a folder of its own."""
    module = LiveModule(tmp_path, strategy)
    yield module
    module.close()
