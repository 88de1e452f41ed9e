"""Fixtures that every test of livepatch may ask for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live import LiveModule, Rerun, Strategy


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
