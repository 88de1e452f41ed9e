"""Both strategies must give the same observations: every case here runs under each."""

from __future__ import annotations

from typing import cast

import pytest

from tests.live import Strategy


@pytest.fixture(params=["auto", "repoint"])
def strategy(request: pytest.FixtureRequest) -> Strategy:
    """The strategy of every reload in the test."""
    return cast("Strategy", request.param)
