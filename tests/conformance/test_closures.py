"""Closures that a factory made take the new nested code and keep the state in their cells."""

from __future__ import annotations

import pytest

from tests.codes import named
from tests.live import LiveModule, Rerun

pytestmark = pytest.mark.sampled(8)

COUNTER = """
    def make_counter(start):
        count = start
        def tick():
            nonlocal count
            count += 1
            return count
        return tick
"""


def test_closure_takes_the_new_nested_code(live: LiveModule) -> None:
    module = live.start(COUNTER)
    tick = module.make_counter(10)
    tick()
    live.change("count += 1", "count += 5")

    assert tick() == 16


def test_each_closure_keeps_its_own_cells(live: LiveModule) -> None:
    module = live.start(COUNTER)
    ticks = [module.make_counter(start) for start in (0, 100)]
    live.change("count += 1", "count += 5")

    assert [tick() for tick in ticks] == [5, 105]
    assert [tick() for tick in ticks] == [10, 110]


def test_closure_two_levels_deep(live: LiveModule) -> None:
    module = live.start("""
        def outer(a):
            def middle(b):
                def inner():
                    return (a, b, 1)
                return inner
            return middle
    """)
    held = [module.outer("a"), module.outer("a")("b")]
    live.change("(a, b, 1)", "(a, b, 2)")

    assert held[0]("B")() == ("a", "B", 2)
    assert held[1]() == ("a", "b", 2)


def test_lambda_made_by_a_factory(live: LiveModule) -> None:
    module = live.start("def adder(n): return lambda m: n + m\n")
    add = module.adder(10)
    live.change("n + m", "n - m")

    assert add(3) == 7


def test_two_lambdas_of_one_factory_are_not_mixed_up(live: LiveModule) -> None:
    module = live.start("def pair(n): return (lambda: n + 1), (lambda: n + 2)\n")
    first, second = module.pair(10)
    live.edit("def pair(n): return (lambda: n + 3), (lambda: n + 4)\n")

    assert (first(), second()) == (13, 14)


def test_closure_of_a_method(live: LiveModule) -> None:
    module = live.start("""
        class Player:
            def __init__(self): self.hits = 3
            def reporter(self):
                def report(): return ("old", self.hits)
                return report
    """)
    report = module.Player().reporter()
    live.change('"old"', '"new"')

    assert report() == ("new", 3)


def test_closure_keeps_the_default_it_was_made_with(live: LiveModule) -> None:
    module = live.start("""
        def make():
            def hit(power=1): return (power, "old")
            return hit
    """)
    hit = module.make()
    live.change('"old"', '"new"')

    assert hit() == (1, "new")


def test_free_variable_vanishes_from_a_closure(live: LiveModule) -> None:
    module = live.start("""
        def make(a, b):
            def show(): return (a, b)
            return show
    """)
    held = [module.make(1, 2)]
    live.change("(a, b)\n", "(a, 0)\n")

    assert held[0]() == (1, 0)


def test_free_variable_that_no_live_cell_holds_is_reported(live: LiveModule) -> None:
    module = live.start("""
        def make(a, b):
            def show(): return (a, 0)
            return show
    """)
    held = [module.make(1, 2)]
    report = live.change("(a, 0)", "(a, b)")

    assert held[0]() == (1, 0)
    assert named(report.notices, "not moved", "show")


def test_closure_whose_definition_was_removed_runs_on_and_is_reported(live: LiveModule) -> None:
    module = live.start("""
        def make(a):
            def show(): return a
            return show
    """)
    held = [module.make(1)]
    report = live.edit("def make(a): return a\n")

    assert held[0]() == 1
    assert named(report.notices, "not moved", "show") or named(report.notices, "removed", "show")


def test_closure_held_by_another_module(live: LiveModule) -> None:
    live.start(COUNTER)
    other = live.other("from LIVE import make_counter\ntick = make_counter(1)\n")
    live.change("count += 1", "count += 5")

    assert other.tick() == 6


def test_a_third_edit_still_reaches_the_closure(live: LiveModule) -> None:
    module = live.start(COUNTER)
    tick = module.make_counter(0)
    live.change("count += 1", "count += 2")
    live.change("count += 2", "count += 3")
    live.change("count += 3", "count += 4")

    assert tick() == 4


def test_closure_made_before_and_after_share_one_code(live: LiveModule) -> None:
    module = live.start(COUNTER)
    ticks = [module.make_counter(0)]
    live.change("count += 1", "count += 5")
    ticks.append(module.make_counter(0))

    assert ticks[0].__code__ is ticks[1].__code__


def test_run_time_partial_of_a_closure(live: LiveModule) -> None:
    module = live.start("""
        import functools
        def make(a):
            def show(b): return (a, b, 1)
            return functools.partial(show, 2)
    """)
    held = [module.make(0)]
    live.change("(a, b, 1)", "(a, b, 9)")

    assert held[0]() == (0, 2, 9)


def test_wrapper_around_a_foreign_function_takes_the_new_code(live: LiveModule) -> None:
    live.start("""
        def loud(function):
            def wrapper(): return ("loud", function())
            return wrapper
    """)
    other = live.other("from LIVE import loud\n@loud\ndef hit(): return 1\n")
    live.change('("loud"', '("LOUD"')

    assert other.hit() == ("LOUD", 1)


def test_generator_closure_made_at_run_time(live: LiveModule) -> None:
    module = live.start("""
        def make(n):
            def numbers():
                yield n
                yield 1
            return numbers
    """)
    numbers = module.make(7)
    live.change("yield 1", "yield 2")

    assert list(numbers()) == [7, 2]


def test_comprehension_inside_a_closure(live: LiveModule) -> None:
    module = live.start("""
        def make(n):
            def table(): return [n * i for i in range(3)]
            return table
    """)
    table = module.make(2)
    live.change("n * i for", "n + i for")

    assert table() == [2, 3, 4]


def test_method_of_a_class_made_inside_a_function_starts_to_use_super(live: LiveModule) -> None:
    module = live.start("""
        class Base:
            def hit(self): return "base"
        def make(damage):
            class Player(Base):
                def hit(self): return damage
            return Player()
    """)
    players = [module.make(1), module.make(2)]
    held = players[0].hit
    report = live.change("return damage", "return damage, super().hit(), __class__")
    after = [player.hit() for player in players]
    again = held()
    report.undo()

    assert after == [(1, "base", type(players[0])), (2, "base", type(players[1]))]
    assert again == after[0]
    assert [player.hit() for player in players] == [1, 2]
    assert "LP203" not in [each.code for each in report.notices]


MAKER = "def mk(n):\n    {}\n    def g(): return {}\n    return g\nOTHER_ONE = 1\n"
FIRST, WITH_Z = MAKER.format("pass", "'v1', n"), MAKER.format("z = 1", "'v2', n, z")
RERUNS = pytest.mark.parametrize("rerun", ["all", "changed"])


@RERUNS
def test_closure_that_was_left_behind_takes_the_next_code_that_it_can(
    live: LiveModule, rerun: Rerun
) -> None:
    g = live.start(FIRST).mk(5)
    left = live.edit(WITH_Z, rerun=rerun)
    report = live.edit(MAKER.format("z = 1", "'v3', n"), rerun=rerun)

    assert [each.code for each in left.notices] == ["LP203"]
    assert g() == ("v3", 5)
    assert (report.ok, report.notices) == (True, ())
    assert live.edit(MAKER.format("", "'v4', n"), rerun=rerun).ok
    assert g() == ("v4", 5)


@pytest.mark.sampled(3)
@RERUNS
def test_closure_that_is_still_left_behind_is_named_again(live: LiveModule, rerun: Rerun) -> None:
    g = live.start(FIRST).mk(5)
    live.edit(WITH_Z, rerun=rerun)
    reports = [
        live.edit(WITH_Z.replace("v2", "v3"), rerun=rerun),
        live.change("OTHER_ONE = 1", "OTHER_ONE = 2", rerun=rerun),
        live.edit("def nothing(): pass\n", rerun=rerun),
        live.edit(WITH_Z, rerun=rerun),
    ]

    assert g() == ("v1", 5)
    assert [[each.code for each in report.notices] for report in reports] == [["LP203"]] * 4
    live.edit(FIRST.replace("v1", "v5"), rerun=rerun)
    assert g() == ("v5", 5)


@RERUNS
def test_closures_that_were_left_behind_are_not_mixed_up(live: LiveModule, rerun: Rerun) -> None:
    source = "def mk(n):\n    z = 1\n    return (lambda: (1, n{0})), (lambda: (2, n{0}))\n"
    first, second = live.start(source.format("")).mk(5)
    live.edit(source.format(", z"), rerun=rerun)
    report = live.edit(source.format(", 3"), rerun=rerun)

    assert (first(), second()) == ((1, 5, 3), (2, 5, 3))
    assert report.ok


@RERUNS
def test_closure_that_was_left_behind_takes_defaults_of_later_sources(
    live: LiveModule, rerun: Rerun
) -> None:
    g = live.start(FIRST).mk(5)
    live.edit(WITH_Z.replace("g()", "g(a=7)"), rerun=rerun)
    live.edit(FIRST.replace("g()", "g(a=8)").replace("n\n", "n, a\n"), rerun=rerun)

    assert g() == ("v1", 5, 8)


@pytest.mark.sampled(3)
@RERUNS
def test_closure_that_was_left_behind_after_undos(live: LiveModule, rerun: Rerun) -> None:
    g = live.start(FIRST).mk(5)
    reports = [live.edit(WITH_Z, rerun=rerun), live.edit(FIRST.replace("v1", "v3"), rerun=rerun)]
    back = reports[1].undo()

    # The code there was in between is none that it could have had.
    assert [each.code for each in back.notices] == ["LP203"]
    assert g() == ("v3", 5)
    live.edit(FIRST.replace("v1", "v4"), rerun=rerun)
    assert g() == ("v4", 5)


@RERUNS
def test_closure_that_was_left_behind_is_forgotten_with_the_undo(
    live: LiveModule, rerun: Rerun
) -> None:
    g = live.start(FIRST).mk(5)
    live.edit(WITH_Z, rerun=rerun).undo()
    report = live.edit(FIRST.replace("OTHER_ONE = 1", "OTHER_ONE = 2"), rerun=rerun)

    assert g() == ("v1", 5)
    assert report.ok
