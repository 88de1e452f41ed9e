"""Classes that calls have made: their methods follow, and what else changed of them is said."""

from __future__ import annotations

import pytest

from tests.live import LiveModule

pytestmark = pytest.mark.sampled(8)

HEAD = """\
class Base:
    def f(self): return "base"
class Other: pass
def mark(cls):
    cls.marked = True
    return cls
def make(a, b):
"""
END = "    return L\n"
CLASS = "    class L(Base):\n"
PLAIN = f"{CLASS}        x = 1\n"
GETS = f"{CLASS}        def f(self): return a\n"

SAID = {
    "attribute": (PLAIN, f"{CLASS}        x = 2\n"),
    "attribute beside a method": (f"{GETS}        x = 1\n", f"{GETS}        x = 2\n"),
    "bases": (PLAIN, "    class L(Other):\n        x = 1\n"),
    "bases of one with a method": (GETS, GETS.replace("Base", "Base, Other")),
    "decorator": (PLAIN, f"    @mark\n{PLAIN}"),
    "method comes": (GETS, f"{GETS}        def g(self): return 1\n"),
    "class goes": (PLAIN, "    L = None\n"),
}
NOT_SAID = {
    "body": (GETS, GETS.replace("return a", "return -a")),
    "super comes": (GETS, GETS.replace("return a", "return a, super().f()")),
    "super comes where nothing was captured": (
        GETS.replace("return a", "return 1"),
        GETS.replace("return a", "return super().f()"),
    ),
    "super goes": (GETS.replace("return a", "return a, super().f()"), GETS),
    "something before it": (PLAIN, f"    c = [a for _ in range(b)]\n{PLAIN}"),
    "branch before it": (PLAIN, f"    if a: c = lambda: b\n{PLAIN}"),
}


@pytest.mark.parametrize(("before", "after"), SAID.values(), ids=SAID)
def test_what_a_class_of_an_earlier_call_lacks_is_said(
    live: LiveModule, before: str, after: str
) -> None:
    module = live.start(HEAD + before + END)
    held = module.make(1, 2)
    report = live.edit(HEAD + after + END)

    assert [each.path for each in report.notices if each.code == "LP204"] == [
        f"{module.__name__}.{held.__qualname__}"
    ]


@pytest.mark.parametrize(("before", "after"), NOT_SAID.values(), ids=NOT_SAID)
def test_class_of_an_earlier_call_that_follows_whole_is_not_named(
    live: LiveModule, before: str, after: str
) -> None:
    module = live.start(HEAD + before + END)
    held = module.make(1, 2)
    report = live.edit(HEAD + after + END)

    assert issubclass(held, module.Base)
    assert not [each for each in report.notices if each.code == "LP204"]


def test_class_that_the_reload_makes_is_none_of_an_earlier_call(live: LiveModule) -> None:
    source = HEAD + PLAIN + END + "Made = [make(1, 2)]\n"
    live.start(source).Made.clear()
    report = live.edit(source.replace("x = 1", "x = 2"), rerun="all")

    assert not [each for each in report.notices if each.code == "LP204"]
