"""What caches remember of functions that call others is forgotten when those change, or named."""

from __future__ import annotations

import pytest

from tests.live import LiveModule

CALLED = """
    import functools
    def f(): return 1
    def by_way(): return f()
    class Thing:
        def __init__(self, size=0): self.size = size
        def m(self): return 1
        @property
        def p(self): return 1
    thing = Thing()
    FUNCTIONS = (f,)
"""
CALLS = ["f()", "by_way()", "Thing().m()", "thing.m()", "thing.p", "(lambda: f())()"]


def codes(live: LiveModule, source: str) -> dict[str, str]:
    report = live.edit(source)
    return {each.path.partition(".")[2]: each.code for each in report.notices}


@pytest.mark.sampled(3)
@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("decorator", ["lru_cache", "cache", "lru_cache(maxsize=None)"])
def test_a_cache_around_what_calls_a_changed_function_is_emptied(
    live: LiveModule, call: str, decorator: str
) -> None:
    source = f"{CALLED}    @functools.{decorator}\n    def g(n): return {call}\n"
    module = live.start(source)
    held = live.hold("g")
    assert held[0](1) == 1
    live.edit(source.replace("return 1", "return 2"))

    assert held[0](1) == module.g(1) == 2


def test_a_cache_that_holds_what_a_program_goes_on_with_is_named(live: LiveModule) -> None:
    source = f"{CALLED}    @functools.cache\n    def g(): return [f()]\n"
    module = live.start(source)
    kept = module.g()
    found = codes(live, source.replace("def f(): return 1", "def f(): return 2"))

    assert module.g() is kept
    assert found["g"] == "LP313"

    module.g.cache_clear()

    assert module.g() == [2]


def test_a_method_with_a_cache_is_seen_too(live: LiveModule) -> None:
    source = f"""{CALLED}
    class A:
        @staticmethod
        @functools.cache
        def s(): return f()
        @functools.cache
        def m(self): return self.helper()
        def helper(self): return f()
    """
    module = live.start(source)
    held = module.A()
    held.s(), held.m()
    found = codes(live, source.replace("def f(): return 1", "def f(): return 2"))

    assert held.s() == 2
    assert found["A.m"] == "LP313"


def test_a_cached_property_that_calls_what_has_changed_is_named(live: LiveModule) -> None:
    source = f"""{CALLED}
    class A:
        @functools.cached_property
        def p(self): return by_way()
        @functools.cached_property
        def other(self): return 5
    """
    live.start(source)
    found = codes(live, source.replace("def f(): return 1", "def f(): return 2"))

    assert found == {"A.p": "LP319"} | {key: found[key] for key in found if key != "A.p"}
    assert "A.other" not in found


@pytest.mark.parametrize(
    "edit", [("def m(self): return 1", "def m(self): return 2"), ("size=0", "size=1")]
)
def test_a_cache_that_does_not_call_what_has_changed_keeps_what_it_has(
    live: LiveModule, edit: tuple[str, str]
) -> None:
    source = f"""{CALLED}
    @functools.cache
    def g(n): return by_way()
    class A:
        def __init__(self): self.x = 1
        @functools.cached_property
        def p(self): return self.q()
        def q(self): return 1
    """
    module = live.start(source)
    module.g(1)
    found = codes(live, source.replace(*edit).replace("self.x = 1", "self.x = 2"))

    assert module.g.cache_info().currsize == 1
    assert "A.p" not in found


READS = """
    import functools
    RATE = 2
    def logged(function):
        @functools.wraps(function)
        def around(*args): return function(*args)
        return around
    def plain(n): return n * RATE
    @logged
    def decorated(n): return n * RATE
    @functools.lru_cache
    def cached(n): return n * RATE
    def by_way(n): return cached(n)
    class Shop:
        def price(self, n): return cached(n)
        @functools.lru_cache
        def total(self, n): return self.price(n) + 1
    @functools.cache
    def total(n): return CALL + 1
"""


@pytest.mark.parametrize("rerun", ["all", "changed"])
@pytest.mark.parametrize("edit", [("RATE = 2", "RATE = 3"), ("n * RATE", "n * RATE * 2")])
@pytest.mark.parametrize("call", ["plain(n)", "decorated(n)", "cached(n)", "by_way(n)"])
def test_a_cache_forgets_what_another_one_has_computed_from_a_changed_value(
    live: LiveModule, call: str, edit: tuple[str, str]
) -> None:
    source = READS.replace("CALL", call)
    module = live.start(source)
    shop, held = module.Shop(), module.total
    assert (shop.total(2), held(2)) == (5, 5)
    report = live.edit(source.replace(*edit))

    wanted = 7 if "3" in edit[1] else 9
    assert held(2) == wanted
    named = [each.path.partition(".")[2] for each in report.notices if each.code == "LP313"]
    assert named == ([] if shop.total(2) == wanted else ["Shop.total"])

    report.undo()

    assert held(2) == 5


@pytest.mark.parametrize("rerun", ["all", "changed"])
def test_a_dry_run_names_the_caches_that_keep_what_they_have(live: LiveModule) -> None:
    source = f"{CALLED}    @functools.cache\n    def g(): return [f()]\n"
    module = live.start(source)
    kept = module.g()
    said = live.edit(source.replace("def f(): return 1", "def f(): return 2"), dry_run=True)
    assert module.g() is kept
    done = live.reload()

    assert said.notices == done.notices
    assert "LP313" in {each.code for each in done.notices}
