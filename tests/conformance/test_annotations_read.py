"""Annotations that somebody has read, and what they name has another value now."""

from __future__ import annotations

import sys
from operator import attrgetter
from textwrap import indent
from typing import Any

import pytest

from tests.live import LiveModule

pytestmark = pytest.mark.sampled(8)

LAZY = sys.version_info >= (3, 14)
WAYS = {
    "function": ("def f(x: T): pass", "f"),
    "result": ("def f() -> T: pass", "f"),
    "method": ("class A:\n    def f(self, x: T): pass", "A.f"),
    "static": ("class A:\n    @staticmethod\n    def f(x: T): pass", "A.f"),
    "class method": ("class A:\n    @classmethod\n    def f(cls, x: T): pass", "A.f"),
    "property": ("class A:\n    @property\n    def f(self) -> T: pass", "A.f.fget"),
    "nested": ("class A:\n    class B:\n        def f(self, x: T): pass", "A.B.f"),
    "wrapped": (
        "import functools\n@functools.lru_cache\ndef f(x: T): pass",
        "f.__wrapped__",
    ),
}


def found(module: Any, place: str) -> Any:
    return attrgetter(place)(module)


@pytest.mark.sampled(10)
@pytest.mark.parametrize(("definition", "place"), WAYS.values(), ids=WAYS)
def test_functions_follow_or_are_named(live: LiveModule, definition: str, place: str) -> None:
    source = f"T = int\n{definition}\n"
    module = live.start(source)
    held = found(module, place)
    (before,) = held.__annotations__.values()
    report = live.edit(source.replace("T = int", "T = str"))

    (now,) = held.__annotations__.values()
    (there,) = found(module, place).__annotations__.values()
    assert before is int
    assert now is there
    if now is int:
        # Until 3.13 they are what they were when the function was made.
        assert live.rerun == "changed"
        assert not LAZY
        assert "LP313" in {each.code for each in report.notices}
    else:
        assert now is str
    report.undo()
    assert list(held.__annotations__.values()) == [int]


def test_those_of_a_class_follow(live: LiveModule) -> None:
    source = "T = int\nclass A:\n    x: T\n"
    module = live.start(source)
    held = module.A
    assert held.__annotations__ == {"x": int}
    report = live.edit(source.replace("T = int", "T = str"))

    assert module.A.__annotations__ == held.__annotations__ == {"x": str}
    report.undo()
    assert module.A.__annotations__ == held.__annotations__ == {"x": int}


def test_what_somebody_has_added_stays_where_nothing_has_changed(live: LiveModule) -> None:
    source = "T = int\nlimit = 1\ndef f(x: T): pass\n"
    module = live.start(source)
    module.f.__annotations__["y"] = str
    live.edit(source.replace("limit = 1", "limit = 2"))

    assert module.f.__annotations__ == {"x": int, "y": str} or live.rerun == "all"


PAIRS = {
    "come": ("x = 1\n", "x: int = 1\n"),
    "go": ("x: int = 1\n", "x = 1\n"),
    "change": ("x: int = 1\n", "x: str = 1\ny: int = 2\n"),
}


@pytest.mark.parametrize(("before", "after"), PAIRS.values(), ids=PAIRS)
@pytest.mark.parametrize("where", ["module", "class"])
def test_undo_brings_back_what_is_annotated_though_somebody_has_read_it_since(
    live: LiveModule, where: str, before: str, after: str
) -> None:
    before, after = (
        text if where == "module" else f"class A:\n{indent(text, '    ')}"
        for text in (before, after)
    )
    module = live.start(before)
    holder = (lambda: module) if where == "module" else (lambda: module.A)
    instance = getattr(module, "A", object)()
    known = dict(getattr(holder(), "__annotations__", {}))
    for _ in range(2):
        report = live.edit(after)
        assert getattr(holder(), "__annotations__", {}) != known
        report.undo()
        assert getattr(holder(), "__annotations__", {}) == known
    assert type(instance) is getattr(module, "A", object)
