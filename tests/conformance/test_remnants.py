"""What is gone from the source and still held goes on with the names that went with it."""

from __future__ import annotations

import asyncio
import inspect
from typing import Any

import pytest

from livepatch.testing import assert_current, assert_like_fresh
from tests.live import LiveModule, Rerun

pytestmark = pytest.mark.sampled(8)

BEFORE = """
    RATE = 2
    class Tax:
        def of(self, price): return price * RATE
    def tax(price): return Tax().of(price)
    def rounded(price): return round(tax(price))
    class Shop:
        rounded = 1
        def price(self, price): return [rounded(each) + self.rounded for each in (price,)]
    def price(thing): return thing.rounded(lambda: rounded(1.4))
"""
AFTER = "def other(): return 1\n"


class Thing:
    def rounded(self, made: Any) -> Any:
        return "of the thing", made()


def test_a_function_that_is_gone_and_held_finds_what_it_calls(live: LiveModule) -> None:
    module = live.start(BEFORE)
    held = [module.rounded, module.price]
    report = live.edit(AFTER)

    assert [held[0](1.4), held[1](Thing())] == [3, ("of the thing", 3)]
    assert not {"RATE", "Tax", "tax", "rounded"} & {*dir(module)}
    named = {each.path.partition(".")[2]: each.message for each in report.notices}
    assert {*named} == {"rounded", "price"}, report
    assert named["rounded"].endswith("it goes on with tax, Tax, RATE of its source")

    report.undo()

    assert held == [module.rounded, module.price]
    assert held[0](1.4) == 3
    assert not [name for name in vars(module) if not name.isidentifier()]
    assert_current(module)
    module.RATE = 3
    assert held[0](1.4) == 4


def test_who_imports_everything_gets_nothing_of_what_is_gone(live: LiveModule) -> None:
    held = [live.start(BEFORE).rounded]
    live.edit(AFTER)
    other = live.other("from LIVE import *\n")

    assert held[0](1.4) == 3
    assert [name for name in vars(other) if not name.startswith("__")] == ["other"]


def test_an_instance_of_a_class_that_is_gone_finds_what_it_calls(live: LiveModule) -> None:
    shop = live.start(BEFORE).Shop()
    live.edit(AFTER)

    assert shop.price(1.4) == [4]


def test_what_is_gone_goes_on_through_later_reloads(live: LiveModule) -> None:
    module = live.start(BEFORE)
    held = [module.rounded]
    live.edit(AFTER)
    report = live.edit(AFTER.replace("1", "2"))

    assert held[0](1.4) == 3
    assert_like_fresh(module)
    assert_current(module)
    assert [each.path for each in report.definitions] == [f"{live.name}.other"]

    report = live.edit(BEFORE.replace("RATE = 2", "RATE = 5"))

    assert held == [module.rounded]
    assert held[0](1.4) == 7


@pytest.mark.parametrize("kind", ["async def", "def"])
def test_what_is_gone_stays_of_its_kind(live: LiveModule, kind: str) -> None:
    source = f"RATE = 2\n{kind} rate(*, times=1):\n    'a rate'\n    return RATE * times\n"
    module = live.start(source)
    held = [module.rate]
    signature = inspect.signature(held[0])
    live.edit(AFTER)

    made = held[0](times=3)
    assert (asyncio.run(made) if inspect.iscoroutinefunction(held[0]) else made) == 6
    assert inspect.signature(held[0]) == signature
    assert held[0].__doc__ == "a rate"


def test_what_is_gone_counts_on(live: LiveModule) -> None:
    module = live.start(
        "total = 0\ndef count():\n    global total\n    total += 1\n    return total\n"
    )
    held = [module.count]
    held[0]()
    report = live.edit(AFTER)

    assert [held[0](), held[0]()] == [2, 3]
    assert not hasattr(module, "total")

    report.undo()

    assert (module.total, held[0](), module.count()) == (3, 4, 5)


def test_a_name_that_is_an_attribute_too_behind_many_others(live: LiveModule) -> None:
    """It has one place in the code, and there are more than go into a byte."""
    names = [f"name{index}" for index in range(300)]
    body = "".join(f"    found += thing.{name}\n" for name in names)
    source = (
        f"name299 = 1000\ndef all_of(thing):\n    found = 0\n{body}    return found + name299\n"
    )
    held = [live.start(source).all_of]
    thing: Any = type("Counted", (), dict.fromkeys(names, 1))
    live.edit(AFTER)

    assert held[0](thing) == 1300


def test_a_place_that_takes_no_larger_number_is_left(live: LiveModule) -> None:
    """The limit: more than a hundred names, the first of which is an attribute too."""
    names = [f"name{index}" for index in range(300)]
    body = "".join(f"    found += thing.{name}\n" for name in names)
    source = f"name299 = 1000\ndef all_of(thing):\n    found = name299\n{body}    return found\n"
    held = [live.start(source).all_of]
    report = live.edit(AFTER)

    with pytest.raises(NameError):
        held[0](type("Counted", (), dict.fromkeys(names, 1)))
    assert "goes on" not in str(report)


def test_class_that_is_gone_and_its_own_attribute(live: LiveModule) -> None:
    module = live.start("class Node:\n    def hit(self): return 1\nNode.kind = Node\n")
    held = module.Node()
    live.edit("")

    assert held.kind is type(held)
    assert held.hit() == 1


def test_what_lives_on_in_a_class_that_is_gone_has_its_new_code(live: LiveModule) -> None:
    module = live.start("""
        RATE = 2
        def tax(price): return price * RATE
        class Shop:
            tax = staticmethod(tax)
    """)
    held = [module.Shop]
    live.edit("def tax(price): return price * 3\n")

    assert module.tax(1) == held[0].tax(1) == 3
    assert held[0].tax is module.tax


MAKER = """
    LIMIT = 3
    def helper(n): return n + LIMIT
    def make(n):
        def get(): return helper(n)
        return get
"""
CAPTURING = """
    def make(n):
        helper = n + 10
        def get(): return helper
        return get
"""


@pytest.mark.parametrize("rerun", ["all", "changed"])
def test_a_closure_that_runs_its_old_code_finds_what_it_calls(
    live: LiveModule, rerun: Rerun
) -> None:
    module = live.start(MAKER)
    held = module.make(1)
    report = live.edit(CAPTURING, rerun=rerun)

    assert (held(), module.make(1)()) == (4, 11)
    assert not {"helper", "LIMIT"} & {*dir(module)}
    (notice,) = report.notices
    assert notice.code == "LP203"
    assert notice.message.endswith("it goes on with helper, LIMIT of its source")

    report.undo()

    assert held() == module.make(1)() == 4
    module.LIMIT = 4
    assert held() == 5


@pytest.mark.parametrize("rerun", ["all", "changed"])
def test_a_closure_that_found_what_has_gone_takes_the_next_code_that_it_can(
    live: LiveModule, rerun: Rerun
) -> None:
    held = live.start(MAKER).make(1)
    live.edit(CAPTURING, rerun=rerun)
    again = live.edit(CAPTURING.replace("10", "20"), rerun=rerun)

    assert held() == 4
    assert [each.code for each in again.notices] == ["LP203"]

    report = live.edit(CAPTURING.replace("return helper", "return n"), rerun=rerun)

    assert held() == 1
    assert report.ok, report
