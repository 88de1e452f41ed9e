"""What somebody put into classes and modules at run time: it stays, or the report names it."""

from __future__ import annotations

import functools
import unittest.mock
from collections.abc import Callable
from typing import Any

import pytest
import wrapt

import livepatch
from livepatch.testing import assert_current
from tests.live import LiveModule

pytestmark = pytest.mark.sampled(8)

PLAYER = """
    class Base: pass
    class Player:
        def hit(self): return 1
        def heal(self): return 1
        @property
        def level(self): return 1
        @staticmethod
        def limit(): return 1
        @classmethod
        def make(cls): return 1
    def roll(): return 1
"""


def traced(function: Any) -> Any:
    @functools.wraps(function)
    def wrapper(*args: Any) -> Any:
        return "traced", function(*args)

    return wrapper


def wrapped(function: Any) -> Any:
    def wrapper(*args: Any) -> Any:
        return "traced", function(*args)

    return wrapper


@wrapt.decorator
def proxied(function: Any, instance: Any, args: Any, kwargs: Any) -> Any:
    return "traced", function(*args, **kwargs)


AROUND = {"traced": traced, "wrapped": wrapped, "proxied": proxied}
PUT = {
    "level": property(lambda self: "put"),
    "limit": staticmethod(lambda: "put"),
    "make": classmethod(lambda cls: "put"),
}


def notices(live: LiveModule, report: Any, code: str) -> set[str]:
    start = f"{live.name}."
    return {each.path.removeprefix(start) for each in report.notices if each.code == code}


@pytest.mark.parametrize("around", AROUND.values(), ids=AROUND)
def test_what_was_put_around_a_method_stays_and_calls_the_new_body(
    live: LiveModule, around: Callable[[Any], Any]
) -> None:
    module = live.start(PLAYER)
    player = module.Player()
    module.Player.hit = around(module.Player.hit)
    put = vars(module.Player)["hit"]
    for edit in (
        ("heal(self): return 1", "heal(self): return 2"),
        ("hit(self): return 1", "hit(self): return 2"),
    ):
        report = live.change(*edit)
        if live.rerun == "all":
            assert notices(live, report, "LP303") == {"Player.hit"}
        assert vars(module.Player)["hit"] is put

    assert player.hit() == ("traced", 2)
    assert_current(module)


@pytest.mark.parametrize("around", AROUND.values(), ids=AROUND)
def test_what_was_put_around_a_method_stays_when_the_class_is_replaced(
    live: LiveModule, around: Callable[[Any], Any]
) -> None:
    module = live.start(PLAYER)
    player = module.Player()
    module.Player.hit = around(module.Player.hit)
    report = live.change("class Player:", "class Player(Base):")

    assert player.hit() == ("traced", 1)
    assert notices(live, report, "LP303") == {"Player.hit"}
    assert_current(module)


def test_decorator_of_a_class_that_is_gone_takes_its_wrappers_along(live: LiveModule) -> None:
    other = live.other("""
        def traced(cls):
            hit = cls.hit
            cls.hit = lambda self: ("traced", hit(self))
            return cls
    """)
    source = f"import {other.__name__} as other\n@other.traced\n"
    source += "class Player:\n    def hit(self): return 1\n"
    module = live.start(source)
    player = module.Player()
    live.edit(source.replace("@other.traced\n", ""))

    assert player.hit() == 1


@pytest.mark.parametrize("name", PUT)
def test_what_was_put_in_the_place_of_a_descriptor_stays(live: LiveModule, name: str) -> None:
    module = live.start(PLAYER)
    setattr(module.Player, name, PUT[name])
    report = live.change("heal(self): return 1", "heal(self): return 2")

    assert vars(module.Player)[name] is PUT[name]
    if live.rerun == "all":
        assert notices(live, report, "LP303") == {f"Player.{name}"}


@pytest.mark.parametrize("name", PUT)
@pytest.mark.one_mode("nothing runs where only a body changes, and what was put there stays")
def test_changed_source_takes_the_place_of_a_descriptor_back(live: LiveModule, name: str) -> None:
    module = live.start(PLAYER)
    setattr(module.Player, name, PUT[name])
    report = live.edit(PLAYER.replace("return 1", "return 2"))
    found = getattr(module.Player(), name)

    assert (found() if callable(found) else found) == 2
    assert notices(live, report, "LP304") == {f"Player.{name}"}


@pytest.mark.one_mode("the statement of a function runs")
def test_function_is_followed_that_something_was_put_in_the_place_of(live: LiveModule) -> None:
    module = live.start(PLAYER)
    player = module.Player()
    held = [module.roll, player.hit, module.Player.heal]
    module.roll = lambda: "put"
    module.Player.hit = module.Player.heal = lambda self: "put"
    report = live.edit(PLAYER.replace("return 1", "return 2"))

    assert [held[0](), held[1](), held[2](player)] == [2, 2, 2]
    assert held == [module.roll, player.hit, module.Player.heal]
    assert notices(live, report, "LP304") == {"roll", "Player.hit", "Player.heal"}
    assert_current(module)


@pytest.mark.one_mode("the statement of a function runs")
@pytest.mark.parametrize("around", AROUND.values(), ids=AROUND)
def test_global_function_that_something_was_put_around_is_the_source_s(
    live: LiveModule, around: Callable[[Any], Any]
) -> None:
    module = live.start(PLAYER)
    held = live.hold("roll")
    module.roll = around(module.roll)
    report = live.change("heal(self): return 1", "heal(self): return 2")

    assert module.roll() == 1
    assert held == [module.roll]
    assert notices(live, report, "LP304") == {"roll"}


def test_patch_of_a_test_puts_the_new_function_back(live: LiveModule) -> None:
    module = live.start(PLAYER)
    with unittest.mock.patch.object(module.Player, "hit", autospec=True):
        live.edit(PLAYER.replace("return 1", "return 2"))

    assert module.Player().hit() == 2
    assert_current(module)


def test_undo_leaves_what_was_put_around_a_method(live: LiveModule) -> None:
    module = live.start(PLAYER)
    module.Player.hit = traced(module.Player.hit)
    held = live.hold("roll")
    report = live.edit(PLAYER.replace("return 1", "return 2"))
    report.undo()

    assert module.Player().hit() == ("traced", 1)
    assert held == [module.roll]
    assert module.roll() == 1


@pytest.mark.parametrize("around", AROUND.values(), ids=AROUND)
def test_undo_puts_what_was_around_a_global_function_back(
    live: LiveModule, around: Callable[[Any], Any]
) -> None:
    module = live.start(PLAYER)
    module.roll = around(module.roll)
    report = live.edit(PLAYER.replace("return 1", "return 2"))
    report.undo()

    assert module.roll() == ("traced", 1)


@pytest.mark.sampled(10)
@pytest.mark.parametrize(
    "edit", [("return 1", "return 2"), ("class Player:", "class Player(Base):")]
)
@pytest.mark.parametrize("value", ["Player", "Base", "roll"])
def test_attribute_that_was_set_to_a_definition_stays_that(
    live: LiveModule, edit: tuple[str, str], value: str
) -> None:
    source = PLAYER.replace("class Player:", "class Player:\n        last = None")
    module = live.start(source)
    module.Player.last = module.Player.seen = getattr(module, value)
    report = live.edit(source.replace(*edit))

    assert module.Player.last is module.Player.seen is getattr(module, value)
    assert not [each for each in report.definitions if each.outcome is livepatch.Outcome.REMOVED]
    if live.rerun == "all" or "class" in edit[0]:
        assert notices(live, report, "LP303") == {"Player.last", "Player.seen"}
