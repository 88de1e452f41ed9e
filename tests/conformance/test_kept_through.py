"""What was computed by a changed body through other names, lambda expressions and tables."""

from __future__ import annotations

import pytest

import livepatch
from tests.live import LiveModule

pytestmark = [
    pytest.mark.parametrize("rerun", ["changed"]),
    pytest.mark.one_mode("all of it runs in the other"),
    pytest.mark.sampled(8),
]
A = "def a(): return 1\n"
SOURCES = {
    "lambda": ("l = lambda: 1\nV = l()\n", ["V"]),
    "lambda that calls": (A + "l = lambda: a()\nV = l()\n", ["V"]),
    "lambda called at once": (A + "V = (lambda: a())()\n", ["V"]),
    "alias": (A + "b = a\nV = b()\n", ["V"]),
    "partial": (A + "import functools\nP = functools.partial(a)\nV = P()\n", ["V"]),
    "table": (A + "D = {'a': a}\nV = D['a']()\n", ["V"]),
    "list": (A + "D = [a]\nV = D[0]()\n", ["V"]),
    "text": (A + "exec('V = a()')\n", ["V"]),
    "evaluated": (A + "V = eval('a()')\n", ["V"]),
    "two names": (A + "s = t = a()\n", ["s", "t"]),
    "unpacked": ("def a(): return 1, 1\ns, t = a()\n", ["s", "t"]),
    "loop": (A + "V = []\nfor i in range(2): V.append(a())\n", ["V"]),
    "with": (
        A + "import io\nV = {}\nwith io.StringIO() as file: V['x'] = a()\n",
        ["V"],
    ),
}


@pytest.mark.parametrize(("source", "names"), SOURCES.values(), ids=SOURCES)
def test_what_was_computed_is_named(live: LiveModule, source: str, names: list[str]) -> None:
    live.start(source)
    report = live.edit(source.replace("return 1", "return 2").replace("lambda: 1", "lambda: 2"))

    named = {each.path.rpartition(".")[2] for each in report.notices if each.code == "LP313"}
    assert named >= set(names)
    assert "D" not in named
    assert "b" not in named


def test_what_flags_were_together_is_named(live: LiveModule) -> None:
    source = (
        "import enum\nclass F(enum.IntFlag):\n    A = 1\n    B = 2\nBOTH = F.A | F.B\nONE = F.A\n"
    )
    live.start(source)
    report = live.edit(source.replace("B = 2", "B = 4"))

    named = {each.path.rpartition(".")[2] for each in report.notices if each.code == "LP313"}
    assert named == {"BOTH", "A|B"}  # the global, and the member itself


def test_who_only_names_a_function_is_not_named(live: LiveModule) -> None:
    source = A + "b = a\nD = {'a': a, 'l': lambda: a()}\ndef use(): return b(), D['a']()\n"
    module = live.start(source)
    report = live.edit(source.replace("return 1", "return 2"))

    assert module.use() == (2, 2)
    assert report.notices == ()


def test_what_another_module_computed_through_its_own_functions_is_named(live: LiveModule) -> None:
    live.start("def k(): return 1\nLIMIT = 1\n")
    other = live.other(
        "import LIVE\nfrom LIVE import k\n"
        "def direct(): return k()\ndef by_module(): return LIVE.k()\n"
        "def limit(): return LIVE.LIMIT\ndef twice(): return 2 * limit()\n"
        "def never(): return 1\n"
        "A = direct()\nB = by_module()\nC = limit()\nD = twice()\nE = never()\n"
    )
    report = live.edit("def k(): return 2\nLIMIT = 2\n")

    named = {each.path for each in report.notices if each.code == "LP312"}
    assert named == {f"{other.__name__}.{name}" for name in "ABCD"}


@pytest.mark.parametrize(
    "source",
    [
        A + "P = a\n",
        A + "import functools\nP = functools.partial(a)\n",
        "P = [lambda: 1][0]\n",
        "def keep(f): return f\nP = keep(lambda: 1)\n",
        A + "def keep(f): return lambda: f()\nP = keep(a)\n",
    ],
    ids=["alias", "partial", "item", "handed on", "closure"],
)
def test_what_another_module_computed_by_it_is_named(live: LiveModule, source: str) -> None:
    user = "from .home import P\nV = P()\n"
    package = live.package(__init__="from . import home, user", home=source, user=user)
    changed = source.replace("return 1", "return 2").replace("lambda: 1", "lambda: 2")
    (live.root / live.name / "home.py").write_text(changed, encoding="utf-8")
    report = livepatch.reload(package.home, package.user, strategy=live.strategy)

    assert package.user.P() == 2
    named = {each.path for each in report.notices if each.code == "LP313"}
    assert f"{live.name}.user.V" in named


def test_who_keeps_a_lambda_expression_is_not_named(live: LiveModule) -> None:
    source = "class K:\n    def __init__(self, f): self.f = f\nX = K(lambda: 1)\nT = [lambda: 1]\n"
    module = live.start(source)
    report = live.edit(source.replace("lambda: 1", "lambda: 2"))

    assert [module.X.f(), module.T[0]()] == [2, 2]
    assert not report.notices
