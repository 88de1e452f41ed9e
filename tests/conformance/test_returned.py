"""Decorators and metaclasses that return what they have made before: what is new is nowhere."""

from __future__ import annotations

import pytest

from tests.live import LiveModule

pytestmark = pytest.mark.sampled(8)

KEEPERS = """
    made, once = {}, {}
    class Memo(type):
        def __new__(mcs, name, bases, body):
            return made.get(name) or made.setdefault(name, super().__new__(mcs, name, bases, body))
        def __init__(cls, *args): pass
    def first(function):
        return once.setdefault(function.__name__, function)
"""
BEFORE = """
    from KEEPERS import Memo, first
    class Player(metaclass=Memo):
        def hit(self): return 1
    class Bot(metaclass=Memo):
        def hit(self): return 1
    @first
    def g(): return 1
    @first
    def h(): return 1
"""


def test_definition_that_is_the_object_it_was_is_named(live: LiveModule) -> None:
    live.start("")
    keepers = live.other(KEEPERS)
    before = BEFORE.replace("KEEPERS", keepers.__name__)
    module = live.edit(before) and live.module
    held = module.Player()
    after = before.replace("return 1", "return 2; 'Player'", 1)
    after = after.replace("class Bot", "    def run(self): return 2\n    class Bot")
    report = live.edit(after.replace("def g()", "def g(power=1)"))

    left = [each.path.partition(".")[2] for each in report.notices if each.code == "LP211"]
    if live.rerun == "changed":
        # Both were struck off the dicts that their metaclass and their decorator had put them into.
        assert report.ok, report
        assert left == [], report
        assert held.hit() == held.run() == 2
        assert keepers.made["Player"] is type(held) is module.Player
        assert keepers.once["g"] is module.g
        return
    assert left == ["Player", "g"], report
    assert held.hit() == 1
    assert not hasattr(held, "run")

    keepers.made.clear()
    keepers.once.clear()
    report = live.reload(rerun="all")

    assert report.ok, report
    assert held.hit() == held.run() == 2
    assert type(held) is module.Player
