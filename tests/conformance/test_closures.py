"""Closures that a factory made take the new nested code and keep the state in their cells."""

from __future__ import annotations

from tests.codes import named
from tests.live import LiveModule

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
