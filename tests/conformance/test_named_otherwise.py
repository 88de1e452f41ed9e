"""A statement that named one definition names another one: both go on to be what they were."""

from __future__ import annotations

import pytest

from tests.live import LiveModule

pytestmark = [pytest.mark.sampled(8), pytest.mark.parametrize("rerun", ["all", "changed"])]
DEFINITIONS = """\
import contextlib, functools, operator
def a(*args): return "a"
def b(*args): return "b"
class A:
    def m(self): return "A.m"
    def n(self): return "A.n"
class B:
    def m(self): return "B.m"
def wrapped(f):
    @functools.wraps(f)
    def inner(*args): return f(*args)
    return inner
def pick(): return a
"""
# What is said of a definition, where `a` or `A` is exchanged for `b` or `B`.
STATEMENTS = {
    "function": ("X = a", "X = b"),
    "class": ("X = A", "X = B"),
    "method": ("X = A.m", "X = A.n"),
    "list": ("X = [a]", "X = [b]"),
    "tuple": ("X = (a, A)", "X = (b, B)"),
    "dict": ("X = {'x': [A]}", "X = {'x': [B]}"),
    "unpacked": ("X, Y = a, b", "X, Y = b, a"),
    "annotated": ("X: object = a", "X: object = b"),
    "chained": ("X = Y = a", "X = Y = b"),
    "walrus": ("(X := a)", "(X := b)"),
    "loop": ("for X in [a]: pass", "for X in [b]: pass"),
    "with": (
        "with contextlib.nullcontext(a) as X: pass",
        "with contextlib.nullcontext(b) as X: pass",
    ),
    "item": ("X = [a][0]", "X = [b][0]"),
    "class attribute": ("class X: h = a", "class X: h = b"),
    "class attributes": ("class X: h = (a, A)", "class X: h = (b, B)"),
    "static method": ("class X: h = staticmethod(a)", "class X: h = staticmethod(b)"),
    "class method": ("class X: h = classmethod(a)", "class X: h = classmethod(b)"),
    "property": ("class X: h = property(a)", "class X: h = property(b)"),
    "partial": ("X = functools.partial(a)", "X = functools.partial(b)"),
    "partial, then": ("X = a", "X = functools.partial(a, 1)"),
    "wrapper": ("X = wrapped(a)", "X = wrapped(b)"),
    "wrapper, then": ("X = a", "X = wrapped(a)"),
    "wrapper, before": ("X = wrapped(a)", "X = a"),
    "lambda, then": ("X = a", "X = lambda *args: a(*args)"),
    "cache": ("X = functools.lru_cache(a)", "X = functools.lru_cache(b)"),
    "base": ("class X(A): pass", "class X(B): pass"),
    "default": ("def X(f=a): return f", "def X(f=b): return f"),
    "closure": (
        "def make(f):\n    return lambda: f\nX = make(a)",
        "def make(f):\n    return lambda: f\nX = make(b)",
    ),
}
PATHS = ("a", "b", "A", "B", "wrapped", "pick")


@pytest.fixture(params=STATEMENTS)
def statements(request: pytest.FixtureRequest) -> tuple[str, str]:
    return STATEMENTS[request.param]


@pytest.mark.sampled(13)
def test_both_stay_what_they_were(live: LiveModule, statements: tuple[str, str]) -> None:
    before, after = (f"{DEFINITIONS}{each}\n" for each in statements)
    module = live.start(before)
    held = live.hold(*PATHS)
    known = [module.A, module.B]
    instances = [module.A(), module.B()]
    report = live.edit(after)

    assert [getattr(module, name) for name in PATHS] == held
    assert [module.a(), module.b()] == ["a", "b"]
    assert [each.m() for each in instances] == ["A.m", "B.m"]
    assert [type(each) for each in instances] == [module.A, module.B] == known
    assert not [each for each in report.notices if each.code == "LP303"]
    live.edit(before)
    assert [module.a(), module.b()] == ["a", "b"]
    assert [each.m() for each in instances] == ["A.m", "B.m"]


@pytest.mark.sampled(13)
def test_what_is_named_follows(live: LiveModule, statements: tuple[str, str]) -> None:
    """It is what a fresh process has: to see that, its text is compared with that of another."""
    before, after = (f"{DEFINITIONS}{each}\n" for each in statements)
    fresh = live.other(after)
    module = live.start(before)
    live.edit(after)

    assert portrait(module.X) == portrait(fresh.X)


@pytest.mark.sampled(13)
def test_one_of_them_changes_too(live: LiveModule, statements: tuple[str, str]) -> None:
    before, after = (f"{DEFINITIONS}{each}\n" for each in statements)
    module = live.start(before)
    held = live.hold("a", "b")
    report = live.edit(after.replace('return "a"', 'return "a2"'))

    assert [module.a(), module.b()] == ["a2", "b"]
    assert [each() for each in held] == ["a2", "b"]
    assert not [each for each in report.notices if each.code == "LP303"]


@pytest.mark.sampled(13)
def test_undo(live: LiveModule, statements: tuple[str, str]) -> None:
    before, after = (f"{DEFINITIONS}{each}\n" for each in statements)
    module = live.start(before)
    held = live.hold(*PATHS)
    said = portrait(module.X)
    report = live.edit(after)
    report.undo()

    assert portrait(module.X) == said
    assert [getattr(module, name) for name in PATHS] == held
    assert [each() for each in held[:2]] == ["a", "b"]


def portrait(value: object) -> object:
    """Say what a value is, but for addresses and the name of its module."""
    if isinstance(value, (list, tuple)):
        return [portrait(each) for each in value]
    if isinstance(value, dict):
        return {key: portrait(each) for key, each in value.items()}
    if isinstance(value, type):
        h = vars(value).get("h")
        inside = getattr(h, "__func__", getattr(h, "fget", h))
        bases = [each.__qualname__ for each in value.__bases__]
        return value.__qualname__, bases, type(h).__name__, portrait(inside)
    parts = [getattr(value, "func", None), getattr(value, "__wrapped__", None)]
    parts += getattr(value, "__defaults__", None) or ()
    parts += (each.cell_contents for each in getattr(value, "__closure__", None) or ())
    name = getattr(value, "__qualname__", None)
    return type(value).__name__, name, [portrait(each) for each in parts if each is not None]
