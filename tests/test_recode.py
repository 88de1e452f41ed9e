"""A function with other code is called as fast as a new one, where CPython does not see to it."""

from __future__ import annotations

import pytest

from livepatch._steps import recode
from tests.live import LiveModule

# Until 3.12 the next call gives a function a new version.
pytestmark = pytest.mark.since(3, 13)


def test_versions_are_where_they_are_known_to_be() -> None:
    assert recode._VERSIONS_ARE_READABLE


def test_function_has_the_version_of_its_new_code(live: LiveModule) -> None:
    held = live.start("def f(amount, rate=2): return amount\n").f
    live.edit("def f(amount, rate=3): return amount + rate\n")

    assert live.module.f is held
    assert recode._version_of_function(held) == recode._version_of_code(held.__code__) > 1


def test_what_is_set_by_hand_takes_the_version_away() -> None:
    def f() -> int:
        return 1

    def g() -> int:
        return 2

    f.__code__ = g.__code__

    assert recode._version_of_function(f) <= 1
