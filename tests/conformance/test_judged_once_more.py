"""What outside judges found: caches, names, attributes and notices that were not so."""

from __future__ import annotations

import functools
from typing import Any

import pytest

from tests.live import LiveModule

pytestmark = pytest.mark.sampled(12)

BOTH = pytest.mark.parametrize("rerun", ["all", "changed"])
IMPORT = "import functools\n"
CACHED = {
    "default": ("@functools.cache\ndef f(x=1): return x\n", "(x=1)", "(x=2)"),
    "keyword": ("@functools.cache\ndef f(*, x=1): return x\n", "x=1)", "x=2)"),
    "constant": ("C = 1\n@functools.cache\ndef f(x=C): return x\n", "C = 1", "C = 2"),
    "read": ("C = 1\n@functools.cache\ndef f(): return C\n", "C = 1", "C = 2"),
    "read below": (
        "C = 1\ndef g(): return C\n@functools.cache\ndef f(): return g()\n",
        "C = 1",
        "C = 2",
    ),
    "captured": (
        "def make(n):\n    @functools.cache\n    def g(): return n\n    return g\nf = make(1)\n",
        "make(1)",
        "make(2)",
    ),
}


@BOTH
@pytest.mark.parametrize("case", CACHED)
def test_cache_forgets_what_its_function_would_not_give_now(
    live: LiveModule, case: str, rerun: str
) -> None:
    source, old, new = CACHED[case]
    module = live.start(IMPORT + source)
    assert module.f() == 1
    report = live.change(old, new, rerun=rerun)
    assert module.f() == 2
    report.undo()
    assert module.f() == 1


def test_cache_that_is_made_anew_is_held_by_nobody(live: LiveModule) -> None:
    module = live.start(IMPORT + "@functools.lru_cache(maxsize=None)\ndef f(): return 1\n")
    live.change("return 1", "return 2")
    report = live.change("maxsize=None", "maxsize=10")

    assert report.ok
    assert module.f.cache_info().maxsize == 10


COME = {
    "method": ("    hook = None\n", "    def hook(self): return 1\n"),
    "property": ("    p = 5\n", "    @property\n    def p(self): return 5\n"),
    "hash": (
        "    def __eq__(self, other): return True\n",
        "    def __eq__(self, other): return True\n    def __hash__(self): return 1\n",
    ),
    "slot": (
        "    __slots__ = ('a',)\n",
        "    __slots__ = ('_a',)\n    @property\n    def a(self): return 1\n",
    ),
}


@BOTH
@pytest.mark.parametrize(("before", "after"), COME.values(), ids=COME)
def test_what_the_source_had_said_is_not_taken_for_set_at_run_time(
    live: LiveModule, before: str, after: str, rerun: str
) -> None:
    live.start(f"class X:\n{before}")
    report = live.edit(f"class X:\n{after}", rerun=rerun)

    assert not report.notices


@BOTH
def test_what_was_set_at_run_time_is_named_still(live: LiveModule, rerun: str) -> None:
    module = live.start("class X:\n    hook = None\n")
    module.X.hook = module.X.other = lambda self: 2
    report = live.edit("class X:\n    def hook(self): return 1\n", rerun=rerun)

    assert {(each.code, each.path) for each in report.notices} == {
        ("LP304", f"{live.name}.X.hook"),
        ("LP303", f"{live.name}.X.other"),
    }


TAGGED = """
def tagged(**tags):
    def decorate(target):
        for name, value in tags.items():
            setattr(target, name, value)
        return target
    return decorate
@tagged(a=1, b=2)
def f(): pass
@tagged(a=1, b=2)
class C: pass
D = type("D", (), {"a": 1, "b": 2})
"""


@BOTH
@pytest.mark.parametrize("goes", ["a name", "all"])
def test_attributes_that_a_statement_gives_no_more_go(
    live: LiveModule, goes: str, rerun: str
) -> None:
    module = live.start(TAGGED)
    edited = TAGGED.replace(', "b": 2', "")
    edited = (
        edited.replace(", b=2", "")
        if goes == "a name"
        else edited.replace("@tagged(a=1, b=2)\n", "")
    )
    report = live.edit(edited, rerun=rerun)

    there = goes == "a name"
    assert [hasattr(each, "a") for each in (module.f, module.C)] == [there, there]
    assert not any(hasattr(each, "b") for each in (module.f, module.C, module.D))
    assert not report.notices

    report.undo()

    assert [each.b for each in (module.f, module.C, module.D)] == [2, 2, 2]


@BOTH
def test_what_a_list_that_is_made_anew_had_held_is_not_held(live: LiveModule, rerun: str) -> None:
    source = "R = []\ndef reg(f): R.append(f); return f\n@reg\ndef z(): pass\n@reg\ndef x(): pass\n"
    module = live.start(source)
    report = live.change("@reg\ndef z(): pass\n", "", rerun=rerun)

    assert [each.__name__ for each in module.R] == ["x"]
    assert not report.notices


@BOTH
def test_attribute_that_hides_a_method_which_has_come_is_named(
    live: LiveModule, rerun: str
) -> None:
    module = live.start("class X:\n    def __init__(self): self.size = 3\n")
    old = module.X()
    report = live.edit("class X:\n    def size(self): return 3\n", rerun=rerun)

    assert [(each.code, each.path) for each in report.notices] == [("LP324", f"{live.name}.X.size")]
    del old.size
    assert old.size() == module.X().size() == 3


@BOTH
@pytest.mark.parametrize("kept", ["a global", "a variable under way"])
def test_patch_that_calls_what_it_keeps_aside_calls_it_after_the_undo(
    live: LiveModule, kept: str, rerun: str
) -> None:
    module = live.start("def a(): return 1\n")
    original = module.a
    namespace: dict[str, Any] = {"original": original}

    def by_variable() -> Any:
        return "patched", original()

    def by_global() -> Any:
        return "patched", namespace["original"]()

    patch = functools.wraps(original)(by_global if kept == "a global" else by_variable)
    module.a = patch
    report = live.change("return 1", "return 10", rerun=rerun)
    report.undo()

    assert module.a() == ("patched", 1)


HELD = """
JOBS = []
class Job:
    def __init__(self, period, function):
        self.period, self.function = period, function
def every(period):
    return lambda function: (JOBS.append(Job(period, function)), function)[1]
@every(10)
def clean(): return 1
"""


@BOTH
def test_instance_of_a_class_made_anew_holds_a_function_made_anew(
    live: LiveModule, rerun: str
) -> None:
    module = live.start(HELD)
    report = live.change("every(10)", "every(2)", rerun=rerun)

    assert [(each.period, each.function) for each in module.JOBS] == [(2, module.clean)]

    report.undo()

    assert [(each.period, each.function) for each in module.JOBS] == [(10, module.clean)]


def test_table_of_built_in_methods_is_what_it_was_after_the_undo(live: LiveModule) -> None:
    source = (
        "import datetime, operator, pathlib\nT = {'f': str.upper, 'd': datetime.date(2020, 1, 1)}\n"
    )
    more = "U = [pathlib.PurePath('a'), operator.itemgetter(0), list.append]\n"
    module = live.start(source + more)
    before = repr((module.T, module.U))
    report = live.edit((source + more).replace("upper", "lower").replace("'a'", "'b'"))
    assert repr((module.T, module.U)) != before
    report.undo()

    assert repr((module.T, module.U)) == before
    assert not report.notices


MOVED = {
    "calls": ("L.append(1)\nL.append(2)\n", "L.append(2)\nL.append(1)\n", True),
    "a call and who uses it": ("L.append(1)\nN = len(L)\n", "N = len(L)\nL.append(1)\n", True),
    "an item": ("D['a'] = 1\nN = D.get('a')\n", "N = D.get('a')\nD['a'] = 1\n", True),
    "of two": ("L.append(1)\nM.append(2)\n", "M.append(2)\nL.append(1)\n", False),
    "values": ("A = 1\nB = 2\n", "B = 2\nA = 1\n", False),
    "functions": ("def f(): pass\ndef g(): pass\n", "def g(): pass\ndef f(): pass\n", False),
    "imports": ("import os\nimport sys\n", "import sys\nimport os\n", False),
}  # fmt: skip


@pytest.mark.parametrize("case", MOVED)
def test_statements_that_change_places_around_a_container_are_named(
    live: LiveModule, case: str
) -> None:
    before, after, named = MOVED[case]
    start = "L, M, D = [], [], {}\n"
    live.start(start + before)
    report = live.edit(start + after, rerun="changed")

    name = "D" if case == "an item" else "L"
    expected = [("LP314", f"{live.name}.{name}")] if named else []
    assert [(each.code, each.path) for each in report.notices] == expected


@BOTH
def test_class_becomes_a_data_class_over_a_named_tuple(live: LiveModule, rerun: str) -> None:
    start = "import collections, dataclasses\nclass Base: pass\n"
    live.start(f"{start}class C(Base): pass\n")
    after = f"{start}@dataclasses.dataclass\nclass C(collections.namedtuple('T', 'a b')): pass\n"
    live.edit(after, rerun=rerun)

    assert live.module.C.__bases__[0].__name__ == "T"
