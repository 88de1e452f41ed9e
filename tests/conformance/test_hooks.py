"""Hooks: what a program and its modules do before and after each reload."""

from __future__ import annotations

import functools
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import livepatch
from tests.live import LiveModule

pytestmark = pytest.mark.sampled(8)

Hook = Callable[..., Any]

GAME = """
    LIMIT = 1
    class Player:
        def hit(self): return 1
"""
SLOTS = """
    class Player:
        __slots__ = ("level",)
"""


class Hooks:
    """Hooks of one test, which are gone after it."""

    def __init__(self) -> None:
        self.known: list[Hook] = []

    def before(self, hook: Hook) -> Hook:
        self.known.append(hook)
        return livepatch.before_reload(hook)

    def after(self, hook: Hook) -> Hook:
        self.known.append(hook)
        return livepatch.after_reload(hook)


@pytest.fixture
def hooks() -> Iterator[Hooks]:
    made = Hooks()
    yield made
    for hook in made.known:
        livepatch.forget_hook(hook)


def test_hooks_are_called_around_the_change_with_what_is_reloaded(
    live: LiveModule, hooks: Hooks
) -> None:
    module = live.start(GAME)
    player, seen = module.Player(), []
    hooks.before(lambda reloading: seen.append(("before", reloading, module.LIMIT, player.hit())))
    hooks.after(lambda reloading: seen.append(("after", reloading, module.LIMIT, player.hit())))
    live.edit(GAME.replace("LIMIT = 1", "LIMIT = 2").replace("return 1", "return 2"))
    (before, reloading, *old), (after, again, *new) = seen

    assert (before, old) == ("before", [1, 1])
    assert (after, new) == ("after", [2, 2])
    assert reloading == again == livepatch.Reloading((live.name,), "forward")


def test_undo_calls_the_hooks_with_the_other_direction(live: LiveModule, hooks: Hooks) -> None:
    module = live.start(GAME)
    report = live.change("LIMIT = 1", "LIMIT = 2")
    seen: list[Any] = []
    hooks.before(lambda reloading: seen.append((reloading.direction, module.LIMIT)))
    hooks.after(lambda reloading: seen.append((reloading.direction, module.LIMIT)))
    report.undo()

    assert seen == [("back", 2), ("back", 1)]


def test_hook_may_take_no_argument_and_is_called_in_the_order_of_registration(
    live: LiveModule, hooks: Hooks
) -> None:
    live.start(GAME)
    seen: list[int] = []
    hooks.before(lambda: seen.append(1))
    hooks.before(lambda *anything: seen.append(2))
    hooks.after(lambda: seen.append(3))
    hooks.after(functools.partial(seen.append, 4))
    live.change("return 1", "return 2")

    assert seen == [1, 2, 3, 4]


def test_hook_that_is_registered_twice_is_called_once_until_it_is_forgotten(
    live: LiveModule, hooks: Hooks
) -> None:
    live.start(GAME)
    seen: list[int] = []

    class Bound:
        def hook(self) -> None:
            seen.append(2)

    bound = Bound()
    hook = hooks.after(lambda: seen.append(1))
    for _ in range(2):
        hooks.after(hook)
        hooks.after(bound.hook)
    live.change("return 1", "return 2")
    livepatch.forget_hook(hook)
    livepatch.forget_hook(bound.hook)
    livepatch.forget_hook(hook)
    live.change("return 2", "return 3")

    assert seen == [1, 2]


def test_what_cannot_be_called_is_no_hook() -> None:
    with pytest.raises(TypeError, match="cannot be"):
        livepatch.before_reload(3)  # type: ignore[type-var]
    with pytest.raises(TypeError, match="cannot be"):
        livepatch.after_reload("name")  # type: ignore[type-var]


def test_dry_run_calls_no_hook(live: LiveModule, hooks: Hooks) -> None:
    live.start(
        GAME
        + "    def __livepatch_before__(): 1 / 0\n    __livepatch_after__ = __livepatch_before__\n"
    )
    hooks.before(lambda: 1 / 0)
    hooks.after(lambda: 1 / 0)

    assert live.change("return 1", "return 2", dry_run=True).ok


def test_before_hook_that_raises_stops_the_reload(live: LiveModule, hooks: Hooks) -> None:
    module = live.start(GAME)
    seen: list[str] = []
    hooks.before(lambda: lambda: seen.append("taken back"))
    hooks.before(lambda: 1 / 0)
    hooks.after(lambda: seen.append("after"))
    with pytest.raises(ZeroDivisionError):
        live.change("LIMIT = 1", "LIMIT = 2; loaded = True")

    assert seen == ["taken back"]
    assert module.LIMIT == 1
    assert not hasattr(module, "loaded")


@pytest.mark.sampled(6)
@pytest.mark.parametrize("error", [ValueError, TypeError, KeyboardInterrupt])
def test_after_hook_that_raises_takes_the_whole_reload_back(
    live: LiveModule, hooks: Hooks, error: type[BaseException]
) -> None:
    source = GAME.replace("class Player:", "class Player:\n        __slots__ = ('level',)")
    module = live.start(source)
    player = module.Player()
    player.level = 1
    held, table, seen = [player], {player: 1}, []

    def fail() -> None:
        seen.append((module.LIMIT, held[0].hit(), hasattr(module.Player, "mana")))
        raise error("no")

    hooks.before(lambda: lambda: seen.append("taken back"))
    hooks.after(fail)
    edited = source.replace("LIMIT = 1", "LIMIT = 2").replace("return 1", "return 2")
    with pytest.raises(error, match="no"):
        live.edit(edited.replace("('level',)", "('level', 'mana')"))

    assert seen == [(2, 2, True), "taken back"]
    assert module.LIMIT == 1
    assert held[0] is player
    assert table[player] == 1
    assert type(player) is module.Player
    assert (player.hit(), player.level) == (1, 1)
    assert not hasattr(module.Player, "mana")
    livepatch.forget_hook(fail)
    assert live.reload().ok
    assert module.LIMIT == 2
    assert held[0].hit() == 2


def test_after_hook_that_raises_stops_an_undo(live: LiveModule, hooks: Hooks) -> None:
    module = live.start(SLOTS)
    players = [module.Player()]
    players[0].level = 1
    report = live.change('("level",)', '("level", "mana")')
    hook = hooks.after(lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        report.undo()

    assert "mana" in module.Player.__slots__
    assert type(players[0]) is module.Player
    livepatch.forget_hook(hook)
    assert report.undo().ok
    assert players[0].level == 1
    assert "mana" not in module.Player.__slots__


def test_what_a_before_hook_returns_is_called_when_the_reload_does_not_come_about(
    live: LiveModule, hooks: Hooks
) -> None:
    live.start("import dataclasses\n@dataclasses.dataclass\nclass P:\n    x: int\nheld = [P(1)]\n")
    seen: list[int] = []
    hooks.before(lambda: lambda: seen.append(1))
    hooks.before(lambda: lambda: seen.append(2))
    with pytest.raises(ZeroDivisionError):
        live.change("[P(1)]", "1 / 0")
    live.write(live.source.replace("1 / 0", "[]"))
    with pytest.raises(livepatch.ReloadRefused):
        live.change("x: int", "x: int\n    y: int", keep=("held",))
    live.edit("held = None\n")

    assert seen == [2, 1, 2, 1]


def test_hook_cannot_reload(live: LiveModule, hooks: Hooks) -> None:
    module = live.start(GAME)
    hooks.after(lambda: livepatch.reload(module))
    with pytest.raises(livepatch.ReloadInProgressError):
        live.change("LIMIT = 1", "LIMIT = 2")

    assert module.LIMIT == 1


def test_after_hook_sees_instances_made_anew_with_all_they_have(
    live: LiveModule, hooks: Hooks
) -> None:
    module = live.start(SLOTS)
    players, seen = [module.Player() for _ in range(3)], []
    for level, player in enumerate(players):
        player.level = level
    del player
    hooks.after(
        lambda: seen.extend(
            (type(each) is module.Player, each.level, each.mana, players.index(each))
            for each in players
        )
    )
    hook = "\n        def __livepatch_migrate__(self, change): self.mana = self.level + 1"
    live.edit(SLOTS.replace('("level",)', '("level", "mana")' + hook))

    assert seen == [(True, 0, 1, 0), (True, 1, 2, 1), (True, 2, 3, 2)]


def test_no_other_thread_runs_while_hooks_do(live: LiveModule, hooks: Hooks) -> None:
    """But in one window of 100 on a busy machine; otherwise each of these would be let in."""
    module = live.start(GAME)
    turns, during, stop = [0], [], threading.Event()
    usual = sys.getswitchinterval()

    def count() -> None:
        while not stop.is_set():
            turns[0] += 1

    def hook() -> None:
        first, until = turns[0], time.perf_counter() + 5 * usual
        while time.perf_counter() < until:
            pass
        during.append(turns[0] > first)

    hooks.after(hook)
    thread = threading.Thread(target=count)
    thread.start()
    try:
        for number in range(1, 11):
            live.change(f"return {number}", f"return {number + 1}")
    finally:
        stop.set()
        thread.join()

    assert len(during) == 10
    assert sum(during) <= 1
    assert module.Player().hit() == 11


# Hooks of modules

OWN = """
    calls = []
    VERSION = 1
    __livepatch_keep__ = ("calls",)
    def __livepatch_before__(reloading):
        calls.append(("before", VERSION, reloading.direction))
    def __livepatch_after__(reloading):
        calls.append(("after", VERSION, reloading.direction))
"""


def test_module_has_hooks_of_its_own(live: LiveModule) -> None:
    module = live.start(OWN)
    report = live.change("VERSION = 1", "VERSION = 2")
    report.undo()

    assert module.calls == [
        ("before", 1, "forward"),
        ("after", 2, "forward"),
        ("before", 2, "back"),
        ("after", 1, "back"),
    ]


def test_hook_that_the_new_source_brings_is_called_and_one_that_goes_is_not(
    live: LiveModule,
) -> None:
    module = live.start("calls = []\n")
    live.edit("calls = []\ndef __livepatch_after__(): calls.append(1)\n", keep=("calls",))
    live.edit("calls = []\n", keep=("calls",))

    assert module.calls == [1]


def test_hook_of_a_module_that_raises_takes_the_reload_back(live: LiveModule) -> None:
    module = live.start("VERSION = 1\n")
    with pytest.raises(ZeroDivisionError):
        live.edit("VERSION = 2\ndef __livepatch_after__(): 1 / 0\n")

    assert module.VERSION == 1
    assert not hasattr(module, "__livepatch_after__")
    live.edit("VERSION = 3\ndef __livepatch_before__(): 1 / 0\n")
    with pytest.raises(ZeroDivisionError):
        live.edit("VERSION = 4\n")
    assert module.VERSION == 3


def test_program_hears_of_a_reload_before_the_modules_and_after_them(
    live: LiveModule, hooks: Hooks
) -> None:
    module = live.start(OWN)
    calls = module.calls
    hooks.before(lambda: calls.append("program"))
    hooks.after(lambda: calls.append("program"))
    live.change("VERSION = 1", "VERSION = 2")

    assert [each if each == "program" else each[0] for each in calls] == [
        "program",
        "before",
        "after",
        "program",
    ]


def test_hook_registered_by_the_module_that_is_reloaded_stands_there_once(
    live: LiveModule,
) -> None:
    source = """
        import livepatch
        calls = []
        @livepatch.after_reload
        def refreshed(reloading): calls.append(1)
    """
    module = live.start(source)
    try:
        live.change("append(1)", "append(2)", keep=("calls",))
        live.change("append(2)", "append(3)", keep=("calls",), rerun="changed")
        with pytest.raises(ZeroDivisionError):
            live.edit(source.replace("calls = []", "calls = []\n        x = 1 / 0"))
        live.edit(source.replace("append(1)", "append(4)"), keep=("calls",)).undo()
    finally:
        livepatch.forget_hook(module.refreshed)
    live.change("append(4)", "append(5)", keep=("calls",))
    try:
        # The hook had been forgotten: only the decorator, where it runs, registers it again.
        assert module.calls == [2, 3, 4, 3, *([5] if live.rerun == "all" else [])]
    finally:
        livepatch.forget_hook(module.refreshed)


# Caches


def test_caches_are_empty_when_after_hooks_run(live: LiveModule, hooks: Hooks) -> None:
    module = live.start("import functools\n@functools.lru_cache\ndef cost(n): return n\n")
    module.cost(1)
    seen: list[Any] = []
    hooks.after(lambda: seen.append((module.cost.cache_info().currsize, module.cost(1))))
    live.change("return n", "return -n")

    assert seen == [(0, -1)]


def test_what_hooks_put_into_caches_is_forgotten_when_the_reload_is_taken_back(
    live: LiveModule, hooks: Hooks
) -> None:
    module = live.start("import functools\n@functools.lru_cache\ndef cost(n): return n\n")
    held = module.cost

    def fail() -> None:
        module.cost(1)
        raise ValueError("no")

    hooks.after(fail)
    with pytest.raises(ValueError, match="no"):
        live.change("return n", "return -n")

    assert held is module.cost
    assert held(1) == 1
