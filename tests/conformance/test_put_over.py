"""What was put over what decorators, metaclasses and descriptors make: it stays, or is named."""

from __future__ import annotations

import functools
import unittest.mock
from typing import Any

import pytest

from tests.live import LiveModule

pytestmark = pytest.mark.sampled(8)

MADE = """
    import dataclasses, enum, functools, typing
    @dataclasses.dataclass
    class Data:
        x: int = 1
    class Named(typing.NamedTuple):
        x: int = 1
    @functools.total_ordering
    class Ordered:
        x: int = 1
        def __gt__(self, other): return False
    class Color(enum.Enum):
        x = 1
"""
METHODS = ["Data.__repr__", "Data.__eq__", "Data.__init__", "Named.__repr__", "Ordered.__lt__"]


def notices(live: LiveModule, report: Any) -> set[tuple[str, str]]:
    return {(each.code, each.path.removeprefix(f"{live.name}.")) for each in report.notices}


def put(self: Any, *_: Any) -> Any:
    return "put"


@pytest.mark.parametrize("path", [*METHODS, "Color.__str__", "Color.__repr__"])
def test_method_put_over_one_that_was_generated_is_named(live: LiveModule, path: str) -> None:
    module = live.start(MADE)
    name, _, method = path.partition(".")
    setattr(getattr(module, name), method, put)
    report = live.edit(
        MADE.replace("x: int = 1", "x: int = 1\n        y: int = 2") + "        y = 2\n"
    )
    stays = vars(getattr(module, name)).get(method) is put

    assert notices(live, report) == {("LP303" if stays else "LP304", path)}
    report.undo()
    assert vars(getattr(module, name))[method] is put


def test_generated_methods_that_nobody_touched_are_not_named(live: LiveModule) -> None:
    live.start(MADE)
    report = live.edit(
        MADE.replace("x: int = 1", "x: int = 1\n        y: int = 2") + "        y = 2\n"
    )

    assert not report.notices


DECORATED = """
    import functools
    def traced(function):
        @functools.wraps(function)
        def wrapper(*args): return ("traced", function(*args))
        return wrapper
    def bare(function):
        def wrapper(*args): return ("bare", function(*args))
        return wrapper
    class Base: pass
    class Player:
        @property
        def level(self): return 1
        @property
        def name(self): return 1
        @name.setter
        def name(self, value): self.seen = value
        @traced
        def hit(self): return 1
        @bare
        @traced
        def heal(self): return 1
"""


def around(function: Any) -> Any:
    @functools.wraps(function)
    def outer(*args: Any) -> Any:
        return ("around", function(*args))

    return outer


@pytest.mark.parametrize(
    "edit", [("return 1", "return 2"), ("class Player:", "class Player(Base):")]
)
@pytest.mark.parametrize("name", ["hit", "heal"])
def test_what_was_put_around_a_decorated_method_stays(
    live: LiveModule, name: str, edit: tuple[str, str]
) -> None:
    module = live.start(DECORATED)
    player = module.Player()
    before = getattr(player, name)()
    setattr(module.Player, name, around(vars(module.Player)[name]))
    report = live.edit(DECORATED.replace(*edit))
    gives = ("around", before) if "class" in edit[0] else ("around", _with(before, 2))

    assert getattr(player, name)() == gives
    if live.rerun == "all" or "class" in edit[0]:
        assert notices(live, report) == {("LP303", f"Player.{name}")}
    report.undo()
    assert getattr(player, name)() == ("around", before)


def _with(value: Any, number: int) -> Any:
    return (value[0], _with(value[1], number)) if isinstance(value, tuple) else number


def test_decorator_that_changes_reaches_what_is_inside(live: LiveModule) -> None:
    module = live.start(DECORATED)
    player = module.Player()
    module.Player.hit = around(module.Player.hit)
    live.edit(DECORATED.replace('"traced"', '"seen"'))

    assert player.hit() == ("around", ("seen", 1))


@pytest.mark.one_mode("the statement of the class runs")
def test_setter_given_at_run_time_stays(live: LiveModule) -> None:
    module = live.start(DECORATED)
    player = module.Player()
    module.Player.level = module.Player.level.setter(lambda self, value: setattr(self, "at", value))
    report = live.edit(DECORATED.replace("return 1", "return 2"))
    player.level = 7

    assert (player.level, player.at) == (2, 7)
    assert notices(live, report) == {("LP303", "Player.level")}


@pytest.mark.one_mode("the statement of the class runs")
def test_setter_put_over_the_source_s_is_named(live: LiveModule) -> None:
    module = live.start(DECORATED)
    player = module.Player()
    module.Player.name = module.Player.name.setter(lambda self, value: None)
    report = live.edit(DECORATED.replace("return 1", "return 2"))
    player.name = 7

    assert player.seen == 7
    assert notices(live, report) == {("LP304", "Player.name")}


KINDS = """
    import functools
    def roll(): return 1
    class Player:
        @property
        def level(self): return 1
        @functools.cached_property
        def cached(self): return 1
        @staticmethod
        def limit(): return 1
        @classmethod
        def make(cls): return 1
        def hit(self): return 1
"""
PUT: dict[str, Any] = {
    "level": property(lambda self: "put"),
    "cached": "put",
    "limit": staticmethod(lambda: "put"),
    "make": classmethod(lambda cls: "put"),
    "hit": unittest.mock.Mock(),
}


@pytest.mark.parametrize("name", [*PUT, "roll"])
def test_edit_under_what_was_put_there_is_named(live: LiveModule, name: str) -> None:
    module = live.start(KINDS)
    if name == "roll":
        module.roll = unittest.mock.Mock()
    else:
        setattr(module.Player, name, PUT[name])
    report = live.edit(KINDS.replace("return 1", "return 2"))
    path = name if name == "roll" else f"Player.{name}"

    said = {each for each in notices(live, report) if each[0] != "LP319"}
    assert said == {("LP304" if live.rerun == "all" else "LP303", path)}


def test_bodies_in_their_places_are_not_named(live: LiveModule) -> None:
    source = KINDS.replace("def roll", "@functools.lru_cache(None)\n    def roll")
    live.start(source)
    report = live.edit(source.replace("return 1", "return 2"))

    assert {each.code for each in report.notices} <= {"LP319"}
