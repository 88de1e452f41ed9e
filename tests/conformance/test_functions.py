"""Functions of every kind, held elsewhere, after an edit of their own."""

from __future__ import annotations

import asyncio
import inspect
import traceback
from typing import Any

import pytest

from tests.live import LiveModule

pytestmark = pytest.mark.sampled(8)


def test_held_function_runs_the_new_body(live: LiveModule) -> None:
    module = live.start("def hit(): return 1\n")
    held = [module.hit]
    live.change("return 1", "return 2")

    assert held[0] is module.hit
    assert held[0]() == 2


def test_held_function_survives_an_unchanged_reload(live: LiveModule) -> None:
    module = live.start("def hit(): return 1\n")
    held = [module.hit]
    live.reload()

    assert held[0] is module.hit
    assert held[0]() == 1


def test_many_generations_stay_one_function(live: LiveModule) -> None:
    module = live.start("def hit(): return 0\n")
    held = [module.hit]
    seen = []
    for generation in range(1, 8):
        live.edit(f"def hit(): return {generation}\n")
        seen.append((held[0] is module.hit, held[0]()))

    assert seen == [(True, generation) for generation in range(1, 8)]


def test_held_coroutine_function(live: LiveModule) -> None:
    module = live.start("async def hit(): return 1\n")
    held = [module.hit]
    live.change("return 1", "return 2")

    assert held[0] is module.hit
    assert asyncio.run(held[0]()) == 2


def test_held_generator_function(live: LiveModule) -> None:
    module = live.start("def hits(): yield 1\n")
    held = [module.hits]
    live.change("yield 1", "yield 2")

    assert held[0] is module.hits
    assert list(held[0]()) == [2]


def test_held_async_generator_function(live: LiveModule) -> None:
    module = live.start("async def hits(): yield 1\n")
    held = [module.hits]
    live.change("yield 1", "yield 2")

    async def collect() -> list[int]:
        return [hit async for hit in held[0]()]

    assert held[0] is module.hits
    assert asyncio.run(collect()) == [2]


def test_held_lambda_bound_to_a_name(live: LiveModule) -> None:
    module = live.start("hit = lambda: 1\n")
    held = [module.hit]
    live.change(": 1", ": 2")

    assert held[0] is module.hit
    assert held[0]() == 2


@pytest.mark.parametrize(
    ("opening", "closing"),
    [
        ("if True:", ""),
        ("try:", "except ImportError:\n    raise"),
        ("try:\n    import no_such_module\nexcept ImportError:", ""),
        ("import contextlib\nwith contextlib.suppress(KeyError):", ""),
        ("for _ in range(1):", ""),
    ],
    ids=["if", "try", "except", "with", "for"],
)
def test_held_function_defined_in_a_block(live: LiveModule, opening: str, closing: str) -> None:
    module = live.start(f"{opening}\n    def hit(): return 1\n{closing}\n")
    held = [module.hit]
    live.change("return 1", "return 2")

    assert held[0] is module.hit
    assert held[0]() == 2


def test_held_function_follows_to_the_other_branch_of_an_if(live: LiveModule) -> None:
    module = live.start("""
        if True:
            def hit(): return 1
        else:
            def hit(): return 2
    """)
    held = [module.hit]
    live.change("if True", "if 0.00")

    assert held[0] is module.hit
    assert held[0]() == 2


def test_the_last_of_two_definitions_of_one_name_wins(live: LiveModule) -> None:
    module = live.start("def hit(): return 1\nfirst = hit\ndef hit(): return 2\n")
    held = [module.hit]
    live.change("return 2", "return 3")

    assert held[0] is module.hit
    assert held[0]() == 3


def test_an_alias_stays_the_function(live: LiveModule) -> None:
    module = live.start("def hit(): return 1\nstrike = hit\n")
    held = [module.strike]
    live.change("return 1", "return 2")

    assert module.strike is module.hit
    assert held[0] is module.hit
    assert held[0]() == 2


def test_default_changes(live: LiveModule) -> None:
    module = live.start("def hit(power=1): return power\n")
    held = [module.hit]
    live.change("power=1", "power=2")

    assert held[0] is module.hit
    assert held[0]() == 2


def test_default_appears(live: LiveModule) -> None:
    module = live.start("def hit(power): return power\n")
    held = [module.hit]
    live.change("(power)", "(power=5)")

    assert held[0] is module.hit
    assert held[0]() == 5


def test_default_vanishes(live: LiveModule) -> None:
    module = live.start("def hit(power=5): return power\n")
    held = [module.hit]
    live.change("(power=5)", "(power)")

    assert held[0] is module.hit
    with pytest.raises(TypeError):
        held[0]()


def test_keyword_only_default_appears(live: LiveModule) -> None:
    module = live.start("def hit(power): return power\n")
    held = [module.hit]
    live.edit("def hit(power, *, bonus=3): return power + bonus\n")

    assert held[0] is module.hit
    assert held[0](1) == 4


def test_keyword_only_default_changes(live: LiveModule) -> None:
    module = live.start("def hit(*, bonus=3): return bonus\n")
    held = [module.hit]
    live.change("bonus=3", "bonus=4")

    assert held[0]() == 4
    assert held[0].__kwdefaults__ == {"bonus": 4}


def test_parameters_change(live: LiveModule) -> None:
    module = live.start("def hit(a): return a\n")
    held = [module.hit]
    live.edit("def hit(a, /, b, *rest, c, **more): return (a, b, rest, c, more)\n")

    assert held[0] is module.hit
    assert held[0](1, 2, 3, c=4, d=5) == (1, 2, (3,), 4, {"d": 5})
    assert str(inspect.signature(held[0])) == "(a, /, b, *rest, c, **more)"


def test_annotations_change(live: LiveModule) -> None:
    module = live.start("def hit(power: int) -> int: return power\n")
    held = [module.hit]
    live.edit("def hit(power: float) -> str: return power\n")

    assert held[0] is module.hit
    assert held[0].__annotations__ == {"power": float, "return": str}


def test_annotation_of_an_own_class_is_the_one_class(live: LiveModule) -> None:
    module = live.start("""
        class Player: pass
        def hit(player: Player) -> None: pass
    """)
    held = [module.hit]
    live.edit("""
        class Base: pass
        class Player(Base): pass
        def hit(player: Player) -> None: pass
    """)

    assert held[0] is module.hit
    assert held[0].__annotations__["player"] is module.Player


def test_docstring_changes(live: LiveModule) -> None:
    module = live.start('def hit():\n    "old"\n')
    held = [module.hit]
    live.change("old", "new")

    assert held[0] is module.hit
    assert held[0].__doc__ == "new"


def test_attribute_set_at_run_time_stays(live: LiveModule) -> None:
    module = live.start("def hit(): return 1\n")
    module.hit.calls = 7
    live.change("return 1", "return 2")

    assert module.hit.calls == 7
    assert module.hit() == 2


def test_attribute_set_by_the_source_follows_the_source(live: LiveModule) -> None:
    module = live.start("def hit(): return 1\nhit.cost = 1\n")
    held = [module.hit]
    live.change("cost = 1", "cost = 2")

    assert held[0] is module.hit
    assert held[0].cost == 2


def test_function_becomes_a_coroutine_function(live: LiveModule) -> None:
    module = live.start("def hit(): return 1\n")
    held = [module.hit]
    live.edit("async def hit(): return 2\n")

    assert held[0] is module.hit
    assert asyncio.run(held[0]()) == 2


def test_coroutine_function_becomes_a_function(live: LiveModule) -> None:
    module = live.start("async def hit(): return 1\n")
    held = [module.hit]
    live.edit("def hit(): return 2\n")

    assert held[0] is module.hit
    assert held[0]() == 2


def test_function_becomes_a_generator_function(live: LiveModule) -> None:
    module = live.start("def hits(): return [1]\n")
    held = [module.hits]
    live.edit("def hits(): yield 2\n")

    assert held[0] is module.hits
    assert list(held[0]()) == [2]


def test_function_becomes_a_lambda(live: LiveModule) -> None:
    module = live.start("def hit(): return 1\n")
    held = [module.hit]
    live.edit("hit = lambda: 2\n")

    assert held[0] is module.hit
    assert held[0]() == 2


def test_function_moves_below_another(live: LiveModule) -> None:
    module = live.start("def hit(): return 1\ndef heal(): return 2\n")
    held = [module.hit, module.heal]
    live.edit("def heal(): return 3\ndef hit(): return 4\n")

    assert held[0] is module.hit
    assert held[1] is module.heal
    assert [call() for call in held] == [4, 3]


def test_new_function_is_reachable_from_a_held_one(live: LiveModule) -> None:
    module = live.start("def hit(): return 1\n")
    held = [module.hit]
    live.edit("def hit(): return double(1)\ndef double(n): return 2 * n\n")

    assert held[0]() == 2


def test_held_function_reads_the_globals_of_the_live_module(live: LiveModule) -> None:
    module = live.start("LIMIT = 1\ndef hit(): return LIMIT\n")
    held = [module.hit]
    live.change("LIMIT = 1", "LIMIT = 2")
    module.LIMIT = 3

    assert held[0]() == 3
    assert held[0].__globals__ is vars(module)


def test_removed_function_keeps_running_for_its_holder(live: LiveModule) -> None:
    module = live.start("def hit(): return 1\ndef heal(): return 2\n")
    held = [module.hit]
    live.edit("def heal(): return 2\n")

    assert not hasattr(module, "hit")
    assert held[0]() == 1


def test_removed_function_that_returns_is_found_again(live: LiveModule) -> None:
    module = live.start("def hit(): return 1\n")
    live.edit("LIMIT = 1\n")
    live.edit("def hit(): return 3\n")

    assert module.hit() == 3


def test_imported_function_of_another_module_is_left_alone(live: LiveModule) -> None:
    other = live.other("def helper(): return 1\n")
    module = live.start("from OTHER import helper\ndef hit(): return helper()\n")
    held = [module.helper]
    live.change("return helper()", "return helper() + 1")

    assert held[0] is module.helper is other.helper
    assert module.hit() == 2


def test_function_turns_into_an_imported_one(live: LiveModule) -> None:
    other = live.other("def hit(): return 2\n")
    module = live.start("def hit(): return 1\n")
    live.edit("from OTHER import hit\n")

    assert module.hit is other.hit
    assert other.hit.__module__ == live.other_name


def test_imported_function_turns_into_an_own_one(live: LiveModule) -> None:
    other = live.other("def hit(): return 1\n")
    held = [other.hit]
    module = live.start("from OTHER import hit\n")
    live.edit("def hit(): return 2\n")

    assert module.hit() == 2
    assert held[0] is other.hit
    assert other.hit() == 1


def test_name_of_another_modules_from_import_is_the_function(live: LiveModule) -> None:
    module = live.start("def hit(): return 1\n")
    other = live.other("from LIVE import hit\nfrom LIVE import hit as strike\n")
    live.change("return 1", "return 2")

    assert other.hit is other.strike is module.hit
    assert other.strike() == 2


def test_recursion_stays_in_the_new_code(live: LiveModule) -> None:
    module = live.start("def down(n): return [n] if n == 0 else [n, *down(n - 1)]\n")
    held = [module.down]
    live.change("[n, *down(n - 1)]", "[-n, *down(n - 1)]")

    assert held[0](2) == [-2, -1, 0]


def test_mutual_holding_between_definitions(live: LiveModule) -> None:
    module = live.start("""
        def hit(): return 1
        def heal(first=hit): return first
        hit.partner = heal
    """)
    held = [module.hit]
    live.change("return 1", "return 2")

    assert held[0].partner is module.heal
    assert module.heal() is module.hit is held[0]
    assert module.heal()() == 2


def test_moved_function_has_the_new_line_numbers(live: LiveModule) -> None:
    module = live.start("def hit():\n    return 1\n")
    held = [module.hit]
    live.edit("\n\n\ndef hit():\n    return 1\n")

    assert held[0] is module.hit
    assert held[0].__code__.co_firstlineno == 4


def test_traceback_of_a_moved_function_points_at_the_new_line(live: LiveModule) -> None:
    module = live.start("def hit():\n    raise KeyError\n")
    held = [module.hit]
    live.edit("LIMIT = 1\n\n\ndef hit():\n    raise KeyError\n")
    with pytest.raises(KeyError) as failure:
        held[0]()
    last = traceback.extract_tb(failure.value.__traceback__)[-1]

    assert last.lineno == 5
    assert last.line == "raise KeyError"


def test_inspect_getsource_of_a_held_function_is_the_new_source(live: LiveModule) -> None:
    module = live.start("def hit():\n    return 1\n")
    held = [module.hit]
    inspect.getsource(held[0])
    live.edit("# a comment\ndef hit():\n    return 2\n")

    assert inspect.getsource(held[0]) == "def hit():\n    return 2\n"


def test_inspect_getsource_of_a_function_that_only_moved(live: LiveModule) -> None:
    module = live.start("def hit():\n    return 1\n")
    held = [module.hit]
    inspect.getsource(held[0])
    live.edit("# a comment\n\n\ndef hit():\n    return 1\n")

    assert inspect.getsource(held[0]) == "def hit():\n    return 1\n"


def test_nested_function_that_moved_has_the_new_line_numbers(live: LiveModule) -> None:
    module = live.start("""
        def outer():
            def inner():
                return 1
            return inner
    """)
    held = [module.outer()]
    before = held[0].__code__.co_firstlineno
    live.edit("""


        def outer():
            def inner():
                return 1
            return inner
    """)

    assert held[0].__code__.co_firstlineno == before + 2


def test_function_with_a_global_statement_keeps_counting(live: LiveModule) -> None:
    module = live.start("""
        hits = 0
        def hit():
            global hits
            hits += 1
    """)
    held = [module.hit]
    live.change("hits += 1", "hits += 5")
    held[0]()

    assert module.hits == 5


def test_name_and_qualified_name_stay(live: LiveModule) -> None:
    module = live.start("def hit(): return 1\n")
    held = [module.hit]
    live.change("return 1", "return 2")

    assert (held[0].__name__, held[0].__qualname__) == ("hit", "hit")
    assert held[0].__module__ == live.name


def test_partial_held_elsewhere_calls_the_new_body(live: LiveModule) -> None:
    module = live.start("""
        from functools import partial
        def scale(n, by): return n * by
        double = partial(scale, by=2)
    """)
    held = [module.double]
    live.change("n * by", "n + by")

    assert held[0].func is module.scale
    assert held[0](5) == 7


def test_function_becomes_a_class(live: LiveModule) -> None:
    module = live.start("def hit(power): return power\n")
    held: list[Any] = [module.hit]
    live.edit("""
        class hit:
            def __init__(self, power):
                self.power = power
    """)

    assert held[0] is module.hit
    assert held[0](3).power == 3


def test_class_becomes_a_function(live: LiveModule) -> None:
    module = live.start("""
        class hit:
            def __init__(self, power):
                self.power = power
    """)
    held: list[Any] = [module.hit]
    live.edit("def hit(power): return power\n")

    assert held[0] is module.hit
    assert held[0](3) == 3


def test_function_becomes_a_number(live: LiveModule) -> None:
    module = live.start("def limit(): return 1\n")
    held = [module.limit]
    live.edit("limit = 1\n")

    assert module.limit == 1
    assert held[0]() == 1


def test_a_function_made_by_exec_in_the_module_follows(live: LiveModule) -> None:
    module = live.start("exec('def hit(): return 1')\n")
    held = [module.hit]
    live.change("return 1", "return 2")

    assert held[0] is module.hit
    assert held[0]() == 2


def test_an_attribute_that_a_statement_set_on_a_function_goes_with_the_statement(
    live: LiveModule,
) -> None:
    source = "def view(): return 1\nview.methods = ['GET']\nview.limit = 1\n"
    module = live.start(source)
    held = live.hold("view")
    module.view.calls = 5
    report = live.edit(source.replace("view.limit = 1\n", ""))

    assert held == [module.view]
    assert vars(held[0]) == {"methods": ["GET"], "calls": 5}

    report.undo()

    assert held == [module.view]
    assert vars(held[0]) == {"methods": ["GET"], "calls": 5, "limit": 1}


COUNTING = {
    "own": "def f(x):\n    f.calls += 1\n    return x\nf.calls = 0\n",
    "decorator": "def counted(f):\n    def w(*args):\n        w.calls += 1\n"
    "        return f(*args)\n    w.calls = 0\n    return w\n@counted\ndef f(x):\n    return x\n",
    "table": "def f(x):\n    f.seen = {**f.seen, x: 1}\n    return x\nf.seen = {}\nf.calls = 5\n",
}


@pytest.mark.parametrize("rerun", ["all", "changed"])
@pytest.mark.parametrize("case", COUNTING)
def test_what_a_function_keeps_in_an_attribute_of_its_own_stays(
    live: LiveModule, case: str, rerun: str
) -> None:
    """A parameter that came set the counter back, and nothing said so."""
    module = live.start(COUNTING[case])
    held = module.f
    for _ in range(5):
        module.f(1)
    live.edit(live.source.replace("f(x)", "f(x, y=1)"), rerun=rerun)

    assert module.f is held
    assert module.f.calls == 5
    assert getattr(module.f, "seen", {1: 1}) == {1: 1}
    module.f(2)
    assert module.f.calls == 5 + (case != "table")
    if case == "own":
        live.edit(live.source.replace("calls = 0", "calls = 7"), rerun=rerun)
        assert module.f.calls == 7


@pytest.mark.parametrize("rerun", ["all", "changed"])
@pytest.mark.parametrize("owner", ["f", "other"])
def test_attribute_of_a_function_that_its_source_gives_otherwise_is_new(
    live: LiveModule, owner: str, rerun: str
) -> None:
    source = (
        "class Other: pass\nother = Other()\nLIMIT = 1\n"
        f"def f(x):\n    {owner}.limit = 5\n    return x\nf.limit = LIMIT\n"
    )
    module = live.start(source)
    live.edit(source.replace("LIMIT = 1", "LIMIT = 2").replace("f(x)", "f(x, y=1)"), rerun=rerun)

    assert module.f.limit == 2
