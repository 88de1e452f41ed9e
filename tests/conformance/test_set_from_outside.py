"""What statements give classes and functions behind their definitions, and its undo."""

from __future__ import annotations

import pytest

from tests.live import LiveModule

pytestmark = pytest.mark.sampled(8)

BOTH = pytest.mark.parametrize("rerun", ["all", "changed"])
HEADS = """
    LIMIT = 1
    TABLE = {"limit": 1}
    def f(): return 1
    class Player:
        pass
"""
SAID = {
    "assigned": "    Player.limit = 1\n",
    "setattr": "    setattr(Player, 'limit', 1)\n",
    "loop": "    for name in ('limit', 'other'):\n        setattr(Player, name, 1)\n",
    "loop over a dict": (
        "    for name, value in {'limit': 1}.items():\n        setattr(Player, name, value)\n"
    ),
}
COMPUTED = {
    "assigned": ("LIMIT = 1", "    Player.limit = LIMIT\n"),
    "setattr": ("LIMIT = 1", "    setattr(Player, 'limit', LIMIT)\n"),
    "called": ("return 1", "    Player.limit = f()\n"),
    "loop over a table": (
        '"limit": 1',
        "    for name, value in TABLE.items():\n        setattr(Player, name, value)\n",
    ),
}


@BOTH
@pytest.mark.parametrize("said", SAID.values(), ids=SAID.keys())
def test_a_changed_statement_gives_its_class_the_new_value(live: LiveModule, said: str) -> None:
    module = live.start(HEADS + said)
    player, cls = module.Player(), module.Player
    report = live.edit(HEADS + said.replace("1", "2"))

    assert (player.limit, module.Player) == (2, cls)

    report.undo()

    assert (player.limit, module.Player) == (1, cls)


@BOTH
@pytest.mark.parametrize("said", SAID.values(), ids=SAID.keys())
def test_a_statement_that_fails_later_leaves_nothing(live: LiveModule, said: str) -> None:
    module = live.start(HEADS + said)
    with pytest.raises(ZeroDivisionError):
        live.edit(HEADS + said.replace("1", "2") + "    1 / 0\n")

    assert module.Player.limit == 1


@BOTH
def test_undo_takes_back_what_a_statement_gave_first(live: LiveModule) -> None:
    module = live.start(HEADS)
    report = live.edit(HEADS + "    Player.limit = 2\n    Player.f = f\n")

    assert (module.Player.limit, module.Player.f) == (2, module.f)

    report.undo()

    assert not {"limit", "f"} & vars(module.Player).keys()


@BOTH
def test_undo_takes_back_what_a_statement_set_on_a_function(live: LiveModule) -> None:
    module = live.start(HEADS + "    f.limit = 1\n")
    report = live.edit(HEADS + "    f.limit = 2\n    f.other = 2\n")

    assert (module.f.limit, module.f.other) == (2, 2)

    report.undo()

    assert vars(module.f) == {"limit": 1}


@pytest.mark.one_mode("the other one names it: below")
@pytest.mark.parametrize(("cause", "said"), COMPUTED.values(), ids=COMPUTED.keys())
def test_what_is_set_follows_what_it_is_computed_from(
    live: LiveModule, cause: str, said: str
) -> None:
    module = live.start(HEADS + said)
    report = live.edit((HEADS + said).replace(cause, cause.replace("1", "2")))

    assert module.Player.limit == 2

    report.undo()

    assert module.Player.limit == 1


@pytest.mark.parametrize("rerun", ["changed"])
@pytest.mark.parametrize(("cause", "said"), COMPUTED.values(), ids=COMPUTED.keys())
def test_what_is_set_and_kept_is_named(live: LiveModule, cause: str, said: str) -> None:
    module = live.start(HEADS + said)
    report = live.edit((HEADS + said).replace(cause, cause.replace("1", "2")))

    assert module.Player.limit == 1
    assert [each.code for each in report.notices] == ["LP313"]


@pytest.mark.one_mode("nothing else says the same in both")
def test_what_was_set_at_run_time_stays_where_the_statements_say_the_same(
    live: LiveModule,
) -> None:
    source = HEADS + SAID["setattr"]
    module = live.start(source)
    module.Player.limit = 5
    live.edit(source.replace("return 1", "return 2"))

    assert module.Player.limit == 5


MADE = """
    def f(): return 1
    def g(): return f()
    class Base:
        def __init_subclass__(cls):
            cls.limit = g()
            cls.state = []
    class Player(Base):
        pass
"""


@pytest.mark.one_mode("the other one names it: below")
def test_what_init_subclass_computes_by_a_changed_function_follows(live: LiveModule) -> None:
    module = live.start(MADE)
    module.Player.state.append(1)
    report = live.change("return 1", "return 2")

    assert (module.Player.limit, module.Player.state) == (2, [1])

    report.undo()

    assert (module.Player.limit, module.Player.state) == (1, [1])


@pytest.mark.parametrize("rerun", ["changed"])
def test_what_init_subclass_computed_by_a_changed_function_is_named(live: LiveModule) -> None:
    module = live.start(MADE)
    report = live.change("return 1", "return 2")

    assert module.Player.limit == 1
    assert [(each.code, each.path) for each in report.notices] == [
        ("LP313", f"{module.__name__}.Player")
    ]


@pytest.mark.one_mode("the other one runs nothing of it")
def test_a_container_that_a_changed_function_made_is_state(live: LiveModule) -> None:
    made = "    def f():\n        x = 1\n        return []\n"
    source = f"{made}    class Player: pass\n    Player.seen = f()\n"
    module = live.start(source)
    module.Player.seen.append(1)
    live.edit(source.replace("x = 1", "x = 2"))

    assert module.Player.seen == [1]


@pytest.mark.parametrize("rerun", ["changed"])
def test_undo_leaves_what_instances_have_counted_since(live: LiveModule) -> None:
    source = "    class Player:\n        count = 0\n"
    source += "        def __init__(self): type(self).count += 1\n"
    module = live.start(source)
    module.Player()
    report = live.edit(source + "    ONE = Player()\n")
    module.Player()
    report.undo()

    assert module.Player.count == 3
