"""Where only what changed runs, what was computed from kept values is named, however it was."""

from __future__ import annotations

import pytest

from tests.conformance.test_many_modules import Shop
from tests.live import LiveModule

pytestmark = [
    pytest.mark.parametrize("rerun", ["changed"]),
    pytest.mark.one_mode("all of it runs in the other"),
]
LIMIT = """
    from dataclasses import dataclass
    from enum import Enum
    from typing import NamedTuple
    def limit(): return 1
    L = limit()
"""


def named(live: LiveModule, source: str) -> set[str]:
    report = live.edit(source)
    return {each.path.partition(".")[2] for each in report.notices if each.code == "LP313"}


@pytest.mark.parametrize(
    ("said", "stale"),
    [
        ("class A: v = L\n    X = A.v", {"A", "X"}),
        ("class A: v = L + 1\n    X = A().v", {"A", "X"}),
        ("class A:\n        class B: v = [L]\n    X = A.B.v", {"A", "X"}),
        ("class A:\n        v = L\n        w = v\n    X = A.w", {"A", "X"}),
        ("class A:\n        def f(self, x=L): return x\n    X = A().f()", {"A", "X"}),
        (
            "class A:\n        v, w = L, 1\n        def f(self): return self.v\n    X = A().f()",
            {"A", "X"},
        ),
        ("@dataclass\n    class P: x: int = L\n    p = P()", {"P", "p"}),
        ("class E(Enum): ONE = L\n    X = E.ONE.value", {"E", "X"}),
        ("class N(NamedTuple):\n        x: int = L\n    n = N()", {"N", "n"}),
        ("with open(__file__):\n        class W: v = L\n    X = W.v", {"W", "X"}),
        ("with open(__file__):\n        def f(x=L): return x\n    X = f()", {"f", "X"}),
    ],
)  # fmt: skip
def test_what_a_class_says_of_a_kept_value_is_named_and_who_reads_it(
    live: LiveModule, said: str, stale: set[str]
) -> None:
    source = f"{LIMIT}    {said}\n"
    live.start(source)

    assert named(live, source.replace("return 1", "return 2")) == {"L", *stale}


@pytest.mark.parametrize(
    "said",
    [
        "class A:\n        v = L\n        w = 1\n    X = A.w",
        "class A: v = L\n    class B(A): pass\n    X = isinstance(1, A)",
        "class A:\n        v = L\n        def f(self): return 1\n    X = A().f()\n    a = A()",
        "def f(): return 1\n    class A:\n        v = L\n        g = f\n    X = A.g",
    ],
)
def test_who_reads_something_else_of_such_a_class_is_not_named(live: LiveModule, said: str) -> None:
    source = f"{LIMIT}    {said}\n"
    live.start(source)

    assert named(live, source.replace("return 1\n    L", "return 2\n    L")) == {"L", "A"}


@pytest.mark.parametrize(
    ("said", "stale"),
    [
        ("def f(x=L): return x\n    X = f()", {"f", "X"}),
        ("f = lambda x=L: x\n    X = f()", {"f", "X"}),
        ("def f(x=L): return x\n    def g(): return f()\n    X = g()", {"f", "X"}),
        (
            "def deco(n):\n        def d(g):\n            g.n = n\n"
            "            return g\n        return d\n    @deco(L)\n"
            "    def h(): pass\n    X = h.n",
            {"h", "X"},
        ),
        (
            "class B:\n        def __init_subclass__(cls, n): cls.n = n\n"
            "    class S(B, n=L): pass\n    X = S.n",
            {"S", "X"},
        ),
    ],
)  # fmt: skip
def test_who_uses_a_definition_that_was_made_with_a_kept_value_is_named(
    live: LiveModule, said: str, stale: set[str]
) -> None:
    source = f"{LIMIT}    {said}\n"
    live.start(source)

    assert named(live, source.replace("return 1\n    L", "return 2\n    L")) == {"L", *stale}


def test_a_name_that_several_statements_bind_leads_on(live: LiveModule) -> None:
    source = """
        D = 1
        L = D
        L += 1
        N = L
        O = [N]
        if D == 1: LEVEL = 10
        else: LEVEL = 20
        LEVEL += 1
        NAME = 'x%d' % LEVEL
        K = 1
        K += 1
        M = K
    """
    live.start(source)

    assert named(live, source.replace("D = 1\n", "D = 5\n")) == {"L", "N", "O", "LEVEL", "NAME"}


def test_another_module_that_reads_what_was_made_with_a_kept_value_is_named(
    live: LiveModule,
) -> None:
    lib = "def limit(): return 1\nL = limit()\nclass A: v = L\ndef f(x=L): return x\n"
    user = "from .lib import A, f\nX = A.v\nY = f()\nZ = A\nW = [A]\n"
    shop = Shop(live, lib=lib, __init__=user)
    shop.write(lib=lib.replace("return 1", "return 2"))
    report = shop.reload(rerun="changed")
    paths = {each.path.rpartition(".")[2] for each in report.notices if each.code == "LP313"}

    assert paths == {"L", "A", "f", "X", "Y"}


@pytest.mark.parametrize(
    ("more", "stale"),
    [
        ("C = L + 10", {"C"}),
        ("C = L + 10\n    D = [C]", {"C", "D"}),
        ("N = [L]", {"N"}),
        ("class K: v = L\n    X = K.v", {"K", "X"}),
        ("def g(x=L): return x\n    X = g()", {"g", "X"}),
        ("def g(): return L\n    X = g()", {"X"}),
        ("LIST.append(L)", {"LIST"}),
        ("total = 0\n    for i in range(L): total += i", {"i", "total"}),
        ("M = L\n    M = 2\n    X = M", {"M"}),
        ("@app.add\n    def g(): pass", set()),
        ("app.add(len)", set()),
        ("HOLD = [app]", set()),
        ("M = app.size", {"M"}),
        ("X = 5", set()),
        ("def g(): return L", set()),
    ],
)  # fmt: skip
def test_what_statements_that_run_compute_from_kept_values_is_named(
    live: LiveModule, more: str, stale: set[str]
) -> None:
    source = """
    LIST = []
    class App:
        def __init__(self): self.size = 1
        def add(self, f): return f
    def limit(): return 1
    L = limit()
    app = App()
    C = 0
"""
    live.start(source)
    new = source.replace("return 1", "return 2").replace("size = 1", "size = 2")

    assert named(live, new.replace("    C = 0\n", f"    {more}\n")) == {"L", "app", *stale}
