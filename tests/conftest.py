"""Fixtures that every test of livepatch may ask for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live import LiveModule, Strategy


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
