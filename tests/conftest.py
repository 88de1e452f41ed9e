"""Fixtures that every test of livepatch may ask for."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live import LiveModule, Rerun, Strategy


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave the harness's own tests to `pytest tests/harness`: a suite of minutes."""
    asked = any("harness" in argument for argument in config.args)
    return True if collection_path.name == "harness" and not asked else None


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
def rerun() -> Rerun:
    """What runs again in every reload; tests/conformance runs each test with both answers."""
    return "all"


@pytest.fixture
def live(tmp_path: Path, strategy: Strategy, rerun: Rerun) -> Iterator[LiveModule]:
    """A module under test in a folder of its own."""
    module = LiveModule(tmp_path, strategy, rerun)
    yield module
    module.close()
