"""Both strategies must give the same observations, and both modes but for the data they keep.

Every case here runs under each strategy, and with LIVEPATCH_MODES=both and `pytest -m slow` in the
mode that runs only what changed, too. What a case says of the other mode alone is marked so.
"""

from __future__ import annotations

import os
from typing import cast

import pytest

from tests.live import Strategy


@pytest.fixture(params=["auto", "repoint"])
def strategy(request: pytest.FixtureRequest) -> Strategy:
    """The strategy of every reload in the test."""
    return cast("Strategy", request.param)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test in both modes, unless it is marked to be about one."""
    said = (mark.args[0] for mark in metafunc.definition.iter_markers("parametrize"))
    if "live" not in metafunc.fixturenames or "rerun" in said:
        return
    modes = [pytest.param("all", id="all")]
    # Asked for by a variable: every search goes over what pytest keeps of its tests, and it keeps
    # those too that it leaves out.
    both = os.environ.get("LIVEPATCH_MODES") == "both"
    if both and metafunc.definition.get_closest_marker("one_mode") is None:
        modes.append(pytest.param("changed", id="changed", marks=pytest.mark.slow))
    metafunc.parametrize("rerun", modes)
