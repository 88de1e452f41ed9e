"""Lines of the report that would be false: nobody set that, and nothing holds this."""

from __future__ import annotations

import importlib
import sys
import zipfile
from typing import Any

import pytest

import livepatch
from livepatch.testing import assert_current
from tests.live import LiveModule

pytestmark = pytest.mark.sampled(8)

IMPORTS = {
    "name": ("from .a import hit\n", "from .b import hit\n", "hit"),
    "as": ("from .a import hit as g\n", "from .b import hit as g\n", "g"),
    "alias": ("from . import a, b\ng = a.hit\n", "from . import a, b\ng = b.hit\n", "g"),
    "star": ("from .a import *\n", "from .b import *\n", "hit"),
    "partial": ("from .a import part as g\n", "from .b import hit as g\n", "g"),
    "built in": ("from math import sqrt as g\n", "from .b import hit as g\n", "g"),
}
PART = "import functools\ndef hit(): return {}\npart = functools.partial(int, 1)\n"


def codes(report: Any) -> set[str]:
    return {each.code for each in report.notices}


def start(live: LiveModule, source: str) -> Any:
    return live.package(__init__=source, a=PART.format(1), b=PART.format(2))


@pytest.mark.parametrize("said", IMPORTS.values(), ids=IMPORTS)
@pytest.mark.parametrize("known", [True, False])
def test_import_from_elsewhere_is_no_value_set_at_run_time(
    live: LiveModule, said: tuple[str, str, str], *, known: bool
) -> None:
    before, after, name = said
    module = start(live, before)
    if known:
        importlib.import_module(f"{live.name}.b")
    report = live.edit(after)

    assert getattr(module, name) is sys.modules[f"{live.name}.b"].hit
    assert not report.notices


@pytest.mark.parametrize("said", list(IMPORTS.values())[:2], ids=list(IMPORTS)[:2])
def test_what_was_put_over_an_import_is_named_when_that_changes(
    live: LiveModule, said: tuple[str, str, str]
) -> None:
    before, after, name = said
    module = start(live, before)
    setattr(module, name, lambda: 3)
    report = live.edit(after)

    assert getattr(module, name)() == 2
    assert codes(report) == {"LP304"}


@pytest.mark.parametrize("said", ["alias", "star"])
def test_value_is_no_longer_another_module_s(live: LiveModule, said: str) -> None:
    before, after, name = IMPORTS[said]
    before, after = before.replace("hit", "TABLE"), after.replace("hit", "TABLE")
    table = "TABLE = {}\n"
    module = live.package(__init__=before, a=table, b=table)
    report = live.edit(after)

    name = name.replace("hit", "TABLE")
    assert getattr(module, name) is sys.modules[f"{live.name}.b"].TABLE
    assert not report.notices


@pytest.mark.one_mode("the import runs again")
@pytest.mark.parametrize("name", ["name", "as", "alias", "star"])
def test_what_was_put_over_an_import_is_named(live: LiveModule, name: str) -> None:
    before, _, name = IMPORTS[name]
    module = start(live, before)
    setattr(module, name, lambda: 3)
    report = live.edit(f"{before}more = 1\n")

    assert getattr(module, name)() == 1
    assert codes(report) == {"LP304"}


def test_value_of_a_class_that_moves_under_another_name_was_not_set_at_run_time(
    live: LiveModule,
) -> None:
    live.package(__init__="from . import a, b\n", a="class K:\n    at = 1\n", b="")
    parts = {each: sys.modules[f"{live.name}.{each}"] for each in "ab"}
    held = parts["a"].K()
    (live.root / live.name / "a.py").write_text("from .b import Other as K\n")
    (live.root / live.name / "b.py").write_text("class Other:\n    at = 2\n")
    report = livepatch.reload(*parts.values(), strategy=live.strategy, rerun=live.rerun)

    assert type(held) is parts["b"].Other
    assert held.at == 2
    assert not report.notices


def test_empty_cache_was_not_filled(live: LiveModule) -> None:
    live.start("class A:\n    _cache = {}\n    lim = 1\n")

    assert not live.edit("class A:\n    _cache = {}\n    lim = 2\n").notices


def test_part_of_a_package_is_no_name_that_may_be_stale(live: LiveModule) -> None:
    with zipfile.ZipFile(live.root / "z.zip", "w") as archive:
        archive.writestr(f"{live.name}/__init__.py", "from .part import g\nv = 1\n")
        archive.writestr(f"{live.name}/part.py", "def g(): return 1\n")
    sys.path.insert(0, str(live.root / "z.zip"))
    try:
        package = importlib.import_module(live.name)
        report = livepatch.reload(package, rerun="all", strategy=live.strategy)
    finally:
        del sys.path[0]

    assert not any("part" in each.message for each in report.notices)


def test_two_closures_of_one_factory_are_no_versions_of_one(live: LiveModule) -> None:
    source = "def mk(n):\n    def inner(): return ('old', n)\n    return inner\nmade = mk(5)\n"
    module = live.start(source)
    held = [module.mk(3)]
    live.edit(source.replace("old", "new"))

    assert held[0]() == ("new", 3)
    assert_current(module)


DECORATORS = """
    import functools
    def plain(function):
        @functools.wraps(function)
        def around(*args): return ("plain", function(*args))
        return around
    def named(name):
        def decorate(function):
            @functools.wraps(function)
            def around(*args): return (name, function(*args))
            return around
        return decorate
"""
DECORATED = """
from LIVE import named, plain
@plain
def one(): return 1
@plain
@named("n")
def both(): return 1
class Shop:
    @staticmethod
    @named("n")
    def price(): return 1
"""


@pytest.mark.parametrize("rerun", ["all", "changed"])
@pytest.mark.parametrize("name", ['"plain"', "name"])
def test_wrapper_elsewhere_that_runs_its_new_code_is_not_named(live: LiveModule, name: str) -> None:
    live.start(DECORATORS)
    other = live.other(DECORATED)
    report = live.edit(DECORATORS.replace(f"({name}, ", f"({name}, 2, "))

    one, both, price = ("plain", 1), ("plain", ("n", 1)), ("n", 1)
    if name == "name":
        both, price = ("plain", ("n", 2, 1)), ("n", 2, 1)
    else:
        one, both = ("plain", 2, 1), ("plain", 2, ("n", 1))
    assert not report.notices, report
    assert (other.one(), other.both(), other.Shop.price()) == (one, both, price)

    report = live.edit(
        DECORATORS.replace("return around\n        return", "return [around][0]\n        return")
    )

    named = {notice.path.partition(".")[2] for notice in report.notices}
    assert named == {"both", "Shop.price"}


NESTED = """
    import abc
    class Shape(abc.ABC): pass
    def first(): return 1
    def second(): return 2
    class Order:
        number = 1
        run = first
        class Line:
            count = 1
            def total(self): return 1
    LINES = [Order.Line, (Order.Line.total, "total")]
    RUNS = [Order.run]
    NUMBER = Order.number
    Shape.register(Order)
"""


@pytest.mark.parametrize("rerun", ["changed"])
def test_table_of_what_is_at_home_in_a_class_follows_it_and_is_not_named(live: LiveModule) -> None:
    module = live.start(NESTED)
    lines = module.LINES
    report = live.edit(NESTED.replace("count = 1", "count = 2").replace("total(self)", "total(_)"))

    named = {notice.path.partition(".")[2] for notice in report.notices}
    assert named <= {"NUMBER", "RUNS"}
    assert lines == [module.Order.Line, (module.Order.Line.total, "total")]
    assert isinstance(module.Order(), module.Shape)

    report = live.edit(NESTED.replace("run = first", "run = second"))

    assert {"RUNS"} <= {notice.path.partition(".")[2] for notice in report.notices}
