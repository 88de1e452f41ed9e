"""`report.undo()` returns to the previous code and keeps the state gathered since."""

from __future__ import annotations

import pytest

from tests.live import LiveModule

GAME = """
    class Base: pass
    class Player:
        limit = 1
        def __init__(self): self.hits = 0
        def hit(self):
            self.hits += 1
            return 1
    def hit(power=1): return 1
    LIMIT = 1
"""
EDITS = {
    "body": GAME.replace("return 1", "return 2"),
    "base": GAME.replace("return 1", "return 2").replace("class Player", "class Player(Base)"),
    "default": GAME.replace("return 1", "return 2").replace("power=1", "power=2"),
    "decorator": GAME.replace("return 1", "return 2").replace(
        "def hit(power", "def loud(f): return lambda: f()\n    @loud\n    def hit(power"
    ),
}


@pytest.mark.parametrize("edit", EDITS)
def test_undo_returns_to_the_previous_code(live: LiveModule, edit: str) -> None:
    module = live.start(GAME)
    held = [module.hit, module.Player, module.Player()]
    report = live.edit(EDITS[edit])
    seen = [held[0](), held[2].hit()]
    report.undo()

    assert seen == [2, 2]
    assert held[0] is module.hit
    assert held[1] is module.Player is type(held[2])
    assert [held[0](), held[2].hit()] == [1, 1]
    assert module.Player.__bases__ == (object,)


@pytest.mark.parametrize("edit", EDITS)
def test_undo_keeps_the_state_gathered_since(live: LiveModule, edit: str) -> None:
    module = live.start(GAME)
    player = module.Player()
    report = live.edit(EDITS[edit])
    player.hit()
    player.hit()
    late = module.Player()
    late.name = "late"
    report.undo()

    assert player.hits == 2
    assert type(late) is module.Player
    assert late.name == "late"
    assert late.hit() == 1


def test_undo_brings_removed_names_back_and_takes_added_ones(live: LiveModule) -> None:
    module = live.start("def a(): return 1\nA = 1\n")
    report = live.edit("def b(): return 1\nB = 1\n")
    report.undo()

    assert module.a() == 1
    assert module.A == 1
    assert not {"b", "B"} & set(vars(module))


def test_undo_brings_removed_methods_back(live: LiveModule) -> None:
    module = live.start(GAME)
    player = module.Player()
    report = live.change("def hit(self)", "def heal(self)")
    report.undo()

    assert player.hit() == 1
    assert not hasattr(player, "heal")


def test_reload_after_an_undo_works(live: LiveModule) -> None:
    module = live.start(GAME)
    held = [module.hit, module.Player, module.Player()]
    live.edit(EDITS["base"]).undo()
    live.edit(GAME.replace("return 1", "return 3"))

    assert held[0] is module.hit
    assert held[1] is module.Player is type(held[2])
    assert (held[0](), held[2].hit()) == (3, 3)


def test_undo_of_a_closure(live: LiveModule) -> None:
    module = live.start("""
        def make(start):
            count = start
            def tick():
                nonlocal count
                count += 1
                return count
            return tick
    """)
    tick = module.make(0)
    report = live.change("count += 1", "count += 9")
    tick()
    report.undo()

    assert tick() == 10


def test_undo_of_an_enum_that_gained_a_member(live: LiveModule) -> None:
    module = live.start("import enum\nclass Color(enum.Enum):\n    RED = 1\n")
    held = [module.Color, module.Color.RED]
    report = live.change("RED = 1", "RED = 1\n    BLUE = 2")
    report.undo()

    assert held[0] is module.Color
    assert held[1] is module.Color.RED is module.Color(1)
    assert len(module.Color) == 1


def test_undo_of_many_reloads_one_after_another(live: LiveModule) -> None:
    module = live.start("def hit(): return 0\n")
    held = [module.hit]
    reports = [live.edit(f"def hit(): return {number}\n") for number in (1, 2, 3)]
    seen = [held[0]()]
    for report in reversed(reports):
        report.undo()
        seen.append(held[0]())

    assert seen == [3, 2, 1, 0]
    assert held[0] is module.hit


def test_undo_of_a_foreign_registry(live: LiveModule) -> None:
    other = live.other("hooks = []\ndef hook(f):\n    hooks.append(f)\n    return f\n")
    source = "from OTHER import hook\n@hook\ndef a(): return 1\n"
    module = live.start(source)
    report = live.edit(source.replace("return 1", "return 2"))
    report.undo()

    assert other.hooks == [module.a]
    assert module.a() == 1
