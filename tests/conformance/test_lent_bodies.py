"""Statements that run see new bodies, of functions too that cannot take their new code."""

from __future__ import annotations

import pytest

import livepatch
from tests.live import LiveModule

pytestmark = [pytest.mark.sampled(8), pytest.mark.parametrize("rerun", ["all", "changed"])]
# What is called and gains a free variable, or becomes a function of another kind; what calls it.
CALLED = {
    "hook for subclasses": (
        "class C:\n    def __init_subclass__(cls): cls.tag = 'old'\n",
        "class C:\n    def __init_subclass__(cls):\n"
        "        super().__init_subclass__(); cls.tag = 'new'\n",
        "class D(C): {0}\ntag, other = D.tag, '{0}'\n",
    ),
    "metaclass": (
        "class M(type):\n    def __new__(m, *args):\n"
        "        made = type.__new__(m, *args); made.tag = 'old'; return made\n"
        "class C(metaclass=M): pass\n",
        "class M(type):\n    def __new__(m, *args):\n"
        "        made = super().__new__(m, *args); made.tag = 'new'; return made\n"
        "class C(metaclass=M): pass\n",
        "class D(C): {0}\ntag, other = D.tag, '{0}'\n",
    ),
    "hook for names": (
        "class C:\n    def __set_name__(self, owner, name): owner.tag = 'old'\n",
        "class C:\n    def __set_name__(self, owner, name):\n"
        "        super().__init__(); owner.tag = 'new'\n",
        "class D: x = C(); {0}\ntag, other = D.tag, '{0}'\n",
    ),
    "method of an instance": (
        "class K:\n    def m(self): return 'old'\nC = K()\n",
        "class K:\n    def m(self): super().__init__(); return 'new'\nC = K()\n",
        "tag, other = C.m(), '{0}'\n",
    ),
    "class method": (
        "class C:\n    @classmethod\n    def m(cls): return 'old'\n",
        "class C:\n    @classmethod\n    def m(cls): super(); return 'new'\n",
        "tag, other = C.m(), '{0}'\n",
    ),
    "static method": (
        "class C:\n    @staticmethod\n    def m(): return 'old'\n",
        "class C:\n    @staticmethod\n    def m(): return __class__ and 'new'\n",
        "tag, other = C.m(), '{0}'\n",
    ),
    "property": (
        "class K:\n    @property\n    def m(self): return 'old'\nC = K()\n",
        "class K:\n    @property\n    def m(self): super().__init__(); return 'new'\nC = K()\n",
        "tag, other = C.m, '{0}'\n",
    ),
    "becomes a generator": (
        "def C(): return ['old']\n",
        "def C(): yield 'new'\n",
        "(tag,), other = C(), '{0}'\n",
    ),
    "decorator": (
        "class K:\n    def put(self, f): f.tag = 'old'; return f\nC = K()\n",
        "class K:\n    def put(self, f): super().__init__(); f.tag = 'new'; return f\nC = K()\n",
        "@C.put\ndef f(): return 1\ntag, other = f.tag, '{0}'\n",
    ),
}


@pytest.fixture(params=CALLED)
def called(request: pytest.FixtureRequest) -> tuple[str, str, str]:
    return CALLED[request.param]


def edits(calling: str) -> tuple[str, str]:
    """Return what calls before and after an edit that runs it."""
    if calling.startswith("@"):
        return calling.format(1), calling.replace("def f()", "def f(a=1)").format(2)
    return calling.format("x0 = 1"), calling.format("x0 = 2")


@pytest.mark.sampled(13)
def test_what_runs_calls_the_new_body(live: LiveModule, called: tuple[str, str, str]) -> None:
    old, new, calling = called
    before, after = edits(calling)
    module = live.start(old + before)
    assert module.tag == "old"
    report = live.edit(new + after)

    assert report.ok
    assert module.tag == "new"
    report.undo()
    assert live.edit(new + after).ok
    assert module.tag == "new"


@pytest.mark.sampled(13)
def test_where_it_fails_all_is_as_it_was(live: LiveModule, called: tuple[str, str, str]) -> None:
    old, new, calling = called
    before, after = edits(calling)
    module = live.start(old + before)
    known = module.C if isinstance(module.C, type) else type(module.C)
    attributes = dict(vars(known))
    with pytest.raises(ZeroDivisionError):
        live.edit(f"{new}{after}1 / 0\n")

    assert module.tag == "old"
    assert dict(vars(known)) == attributes
    assert live.edit(old + after).ok
    assert module.tag == "old"


@pytest.mark.sampled(13)
def test_the_caller_is_another_module(live: LiveModule, called: tuple[str, str, str]) -> None:
    old, new, calling = called
    before, after = edits(calling)
    package = live.package(
        __init__="from . import home, user", home=old, user=f"from .home import C\n{before}"
    )
    for stem, source in {"home": new, "user": f"from .home import C\n{after}"}.items():
        (live.root / live.name / f"{stem}.py").write_text(source, encoding="utf-8")
    how = {"strategy": live.strategy, "rerun": live.rerun}
    report = livepatch.reload(package.home, package.user, **how)

    assert report.ok
    assert package.user.tag == "new"
