"""What the tests of every framework share: both strategies, and only what changed runs."""

from __future__ import annotations

from typing import cast

import pytest

from tests.live import Rerun, Strategy


@pytest.fixture(params=["auto", "repoint"])
def strategy(request: pytest.FixtureRequest) -> Strategy:
    """The strategy of every reload in the test."""
    return cast("Strategy", request.param)


@pytest.fixture
def rerun() -> Rerun:
    """What runs again in every reload."""
    return "changed"
