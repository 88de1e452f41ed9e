"""The pytest plugin, found by its entry point: the fixture ``live_module``."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import pytest

from livepatch.testing._live import LiveModule


@pytest.fixture
def live_module(tmp_path: Path) -> Generator[LiveModule, None, None]:
    """Give a module in a temporary folder: write it, hold what it defines, edit it, reload it."""
    with LiveModule(tmp_path) as live:
        yield live
