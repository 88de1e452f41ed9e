"""Instances made anew that a class, a default or an undo keeps: the same ones everywhere."""

from __future__ import annotations

from typing import Any

import pytest

from tests.live import LiveModule

pytestmark = pytest.mark.sampled(6)

PLAYER = """
    class Player:
        __slots__ = ("name", "friend", "__weakref__")
        def __init__(self, name): self.name = name
    FIRST = Player("ada")
    PAIR = (FIRST, 1)
"""
KEEPERS = """
    class Team:
        best = FIRST
        pair = (FIRST,)
        def captain(self, player=FIRST): return player
    def first(player=FIRST): return player
"""
GAINED = ('("name",', '("name", "level",')


def test_values_that_had_no_place_refer_to_the_new_instances(live: LiveModule) -> None:
    module = live.start(PLAYER)
    ada, bob = module.FIRST, module.Player("bob")
    ada.friend, bob.friend = bob, ada
    first = live.change('"friend", ', "")
    second = live.change(*GAINED)
    second.undo()
    first.undo()

    assert ada.friend is bob
    assert bob.friend is ada


def test_hook_is_told_values_without_a_place_as_they_are_now(live: LiveModule) -> None:
    module = live.start(PLAYER)
    ada, bob = module.FIRST, module.Player("bob")
    ada.friend, bob.friend = bob, ada
    live.edit(
        PLAYER.replace('"friend"', '"others"')
        + """
        def __livepatch_migrate__(self, change):
            self.others = [change.old_values["friend"]]
        Player.__livepatch_migrate__ = __livepatch_migrate__
    """.replace("\n    ", "\n")
    )

    assert ada.others[0] is bob
    assert bob.others[0] is ada


ONLY = """
    class Player:
        __slots__ = ("name",)
        only = None
        def __new__(cls):
            if cls.only is None:
                cls.only = super().__new__(cls)
            return cls.only
"""


def test_only_instance_that_its_class_keeps(live: LiveModule) -> None:
    module = live.start(ONLY)
    player = module.Player()
    report = live.change(*GAINED)
    assert report.ok, report
    assert module.Player() is player
    report.undo()

    assert type(player) is module.Player
    assert module.Player() is player


def test_class_attributes_that_were_set_at_run_time_stay(live: LiveModule) -> None:
    module = live.start("""
        class Counted(type):
            def __call__(cls, *args):
                made = super().__call__(*args)
                cls.made = getattr(cls, "made", 0) + 1
                return made
        class Named:
            __slots__ = ()
            def __init__(self): type(self).last = self
        class Player(Named, metaclass=Counted):
            __slots__ = ("name",)
    """)
    players = [module.Player(), module.Player()]
    module.Player.first = players[0]
    report = live.change(*GAINED)

    assert report.ok, report
    assert {notice.code for notice in report.notices} == {"LP303"}
    assert module.Player.made == 2
    assert [module.Player.first, module.Player.last] == players


@pytest.mark.sampled(13)
@pytest.mark.parametrize("change", ["best = FIRST", "pair = (FIRST,)", "player=FIRST"])
@pytest.mark.parametrize("at_once", [True, False], ids=["in one reload", "in two"])
def test_undo_brings_the_instance_back_as_it_is(
    live: LiveModule, change: str, at_once: bool
) -> None:
    live.rerun = "changed"  # else the global is another one
    module = live.start(PLAYER + KEEPERS)
    held = [module.FIRST]
    edited = (PLAYER + KEEPERS).replace(change, change.partition("=")[0] + "= None")
    reports = [] if at_once else [live.edit(edited)]
    reports.append(live.edit(edited.replace(*GAINED)))
    assert hasattr(type(held[0]), "level")
    for report in reversed(reports):
        report.undo()

    assert type(held[0]) is module.Player
    assert module.FIRST is held[0]
    team = module.Team()
    assert [team.best, *team.pair, team.captain(), module.first()] == held * 4


@pytest.mark.parametrize("at_once", [True, False], ids=["in one reload", "in two"])
@pytest.mark.parametrize("statements", ["FIRST = PAIR = 5", "pass"], ids=["replaced", "removed"])
def test_undo_brings_globals_back_as_they_are(
    live: LiveModule, statements: str, at_once: bool
) -> None:
    module = live.start(PLAYER)
    held = [module.FIRST]
    edited = PLAYER[: PLAYER.index("FIRST =")] + statements + "\n"
    reports = [] if at_once else [live.edit(edited)]
    reports.append(live.edit(edited.replace(*GAINED)))
    for report in reversed(reports):
        report.undo()

    assert type(held[0]) is module.Player
    assert module.FIRST is held[0]
    assert module.PAIR[0] is held[0]


def test_tuple_in_a_class_that_was_replaced_before(live: LiveModule) -> None:
    live.rerun = "changed"  # else the global is another one
    module = live.start(PLAYER + KEEPERS)
    held: list[Any] = [module.FIRST]
    live.change("class Team:", "class Base: pass\nclass Team(Base):")
    report = live.change(*GAINED)

    assert report.ok, report
    assert module.Team.pair[0] is module.Team.best is held[0]
    assert type(held[0]) is module.Player


def test_default_is_the_global_that_was_made_anew(live: LiveModule) -> None:
    module = live.start(PLAYER + KEEPERS)
    held = [module.FIRST]
    held[0].name = "another"  # it is no constant any more
    first = live.hold("first")[0]
    report = live.change(*GAINED)

    assert report.ok, report
    assert first() is module.first() is module.FIRST
    assert module.Team().captain() is module.FIRST


def test_closure_has_the_global_that_was_made_anew(live: LiveModule) -> None:
    module = live.start("""
        CACHE = {}
        def make():
            cache = CACHE
            def look(): return cache
            return look
        look = make()
        """)
    look = live.hold("look")[0]
    module.CACHE["a"] = 1
    live.reload()

    assert look() is module.look() is module.CACHE


KEYS = {
    "slots": """
        class Key:
            __slots__ = ("one", "other")
            def __init__(self, one, other): self.one, self.other = one, other
    """,
    "slots with a hash": """
        class Key:
            __slots__ = ("one", "other")
            def __init__(self, one, other): self.one, self.other = one, other
            def __hash__(self): return hash((self.one, self.other))
            def __eq__(self, key): return (self.one, self.other) == (key.one, key.other)
    """,
    "named tuple": """
        from typing import NamedTuple
        class Key(NamedTuple):
            one: int
            other: int
    """,
}
ONE_FIELD = """
    class Key:
        __slots__ = ("one",)
        def __init__(self, one, other): self.one = one
        def __hash__(self): return hash(self.one)
        def __eq__(self, key): return self.one == key.one
"""


@pytest.mark.parametrize("case", KEYS)
def test_entries_whose_keys_have_become_equal_are_named(live: LiveModule, case: str) -> None:
    module = live.start(KEYS[case])
    table = {module.Key(1, 2): "a", module.Key(1, 3): "b", module.Key(2, 3): "c"}
    held = [set(table), [frozenset(table)]]
    fewer = "class Key(NamedTuple):\n    one: int\n"
    edited = "from typing import NamedTuple\n" + fewer if case == "named tuple" else ONE_FIELD
    report = live.edit(edited)

    assert [len(table), len(held[0]), len(held[1][0])] == [2, 2, 2]
    assert [notice.code for notice in report.notices] == ["LP210"] * 3
    said = " ".join(notice.message for notice in report.notices)
    assert all(f"1 entries of a {kind}" in said for kind in ("dict", "set", "frozenset"))
