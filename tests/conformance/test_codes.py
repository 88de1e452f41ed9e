"""Each number means what it always meant: one small case a number, with the number itself."""

from __future__ import annotations

import gc
import math
import os
import sys
import types
from collections.abc import Callable

import pytest

import livepatch
from tests.live import LiveModule, Rerun

pytestmark = pytest.mark.sampled(8)

ONE = "def f(): return 1\n"


def _not_a_module(live: LiveModule) -> None:
    livepatch.reload(5)


def _main(live: LiveModule) -> None:
    livepatch.reload("__main__", rerun="all")


def _namespace_package(live: LiveModule) -> None:
    (live.root / live.name).mkdir()
    live._import(live.name)
    livepatch.reload(live.name)


def _built_in(live: LiveModule) -> None:
    livepatch.reload(sys)


def _compiled(live: LiveModule) -> None:
    livepatch.reload(math)


def _gone(live: LiveModule) -> None:
    live.start(ONE)
    live.path.unlink()
    live.reload()


def _not_text(live: LiveModule) -> None:
    live.start(ONE)
    live.path.write_bytes(b"x = '\xff'\n")
    live.reload()


def _object_in_its_place(live: LiveModule) -> None:
    live.start(ONE)
    sys.modules[live.name] = object()  # type: ignore[assignment]
    livepatch.reload(live.name)


def _never_imported(live: LiveModule) -> None:
    livepatch.reload("no_such_module_anywhere")


def _no_longer_there(live: LiveModule) -> None:
    livepatch.reload(types.ModuleType("no_such_module_anywhere"))


def _within_a_reload(live: LiveModule) -> None:
    live.start("")
    live.edit(f"import livepatch\nlivepatch.reload({live.name!r})\n")


def _option(live: LiveModule) -> None:
    live.start(ONE)
    livepatch.reload(live.module, strategy="both")


def _option_type(live: LiveModule) -> None:
    live.start(ONE)
    livepatch.reload(live.module, dry_run="no")  # type: ignore[arg-type]


def _bases_without_order(live: LiveModule) -> None:
    live.start("class A: pass\nclass B: pass\nclass K(A): pass\n")
    live.other("from LIVE import B, K\nclass Sub(B, K): pass\n")
    live.edit("class A: pass\nclass B: pass\nclass K(B, A): pass\n")


def _undo_of_a_dry_run(live: LiveModule) -> None:
    live.start(ONE)
    live.reload(dry_run=True).undo()


def _undo_below_a_later_one(live: LiveModule) -> None:
    live.start(ONE)
    first, _later = live.change("return 1", "return 2"), live.change("return 2", "return 3")
    first.undo()


@pytest.mark.parametrize(
    ("code", "case"),
    [
        ("LP101", _not_a_module),
        ("LP102", _main),
        ("LP103", _namespace_package),
        ("LP104", _built_in),
        ("LP104", _compiled),
        ("LP105", _gone),
        ("LP106", _not_text),
        ("LP107", _object_in_its_place),
        ("LP108", _never_imported),
        ("LP108", _no_longer_there),
        ("LP109", _within_a_reload),
        ("LP110", _option),
        ("LP110", _option_type),
        ("LP124", _bases_without_order),
        ("LP130", _undo_of_a_dry_run),
        ("LP131", _undo_below_a_later_one),
    ],
)
def test_error_has_its_number(
    live: LiveModule, code: str, case: Callable[[LiveModule], None]
) -> None:
    with pytest.raises(livepatch.LivepatchError) as caught:
        case(live)

    assert caught.value.code == code
    assert code in livepatch.explain(code)


def test_source_that_may_not_be_read(live: LiveModule) -> None:
    live.start(ONE)
    live.path.chmod(0)
    user = os.geteuid()
    os.seteuid(user or 65534)  # root may read any file
    try:
        with pytest.raises(livepatch.NotReloadableError) as caught:
            live.reload()
    finally:
        os.seteuid(user)

    assert caught.value.code == "LP105"


def _codes(report: livepatch.Report) -> set[str]:
    return {notice.code for notice in report.notices}


def test_closure_that_never_captured_the_variable(live: LiveModule) -> None:
    closure = live.start("def make(a, b):\n    def inner(): return a\n    return inner\n").make(
        1, 2
    )
    report = live.change("return a\n", "return a + b\n")

    assert closure() == 1
    assert "LP203" in _codes(report)


def test_class_inside_a_function(live: LiveModule) -> None:
    source = (
        "def make():\n    class Local:\n        kind = 1\n"
        "        def f(self): return 1\n    return Local\n"
    )
    local = live.start(source).make()
    report = live.edit(source.replace("kind = 1", "kind = 2").replace("return 1", "return 2"))

    assert local().f() == 2
    assert "LP204" in _codes(report)


def test_frozen_objects(live: LiveModule) -> None:
    live.start("class A: pass\n")
    gc.freeze()
    try:
        report = live.edit("class B: pass\nclass A(B): pass\n")
    finally:
        gc.unfreeze()

    assert "LP205" in _codes(report)


@pytest.mark.one_mode
@pytest.mark.parametrize("rerun", ["changed"])
def test_frozen_function_that_only_its_code_says_which_it_is(live: LiveModule) -> None:
    source = "def hit(): return 1\ntable = [[{'hit': hit}.items()]]\ndel hit\n"
    module = live.start(source)
    gc.freeze()
    try:
        report = live.edit(source.replace("return 1", "return 2"))
    finally:
        gc.unfreeze()
    ((_, hit),) = module.table[0][0]

    assert hit() == 2 or "LP205" in _codes(report)


@pytest.mark.parametrize(
    ("code", "before", "between", "after"),
    [
        ("LP302", "T = {}\n", "held = [module.T]", "T = dict()\n"),
        ("LP303", "class A: x = 1\n", "module.A.x = 2", "class A: x = 1; y = 1\n"),
        ("LP304", "class A: x = 1\n", "module.A.x = 2", "class A: x = 3\n"),
        ("LP306", "class A: pass\n", "held = module.A()", "x = 1\n"),
        ("LP309", "def f(): pass\n", "held = [module.f]", "x = 1\n"),
    ],
)
def test_notice_has_its_number(
    live: LiveModule, code: str, before: str, between: str, after: str
) -> None:
    names = {"module": live.start(before)}
    exec(between, names)
    report = live.edit(after)

    assert code in _codes(report)


def test_kept_name_that_does_not_exist(live: LiveModule) -> None:
    live.start(ONE)

    assert "LP308" in _codes(live.reload(keep=("CACHE",)))


@pytest.mark.parametrize("rerun", ["all", "changed"])
@pytest.mark.parametrize("name", ["f", "C", "g"])
def test_kept_name_of_a_definition(live: LiveModule, rerun: Rerun, name: str) -> None:
    source = (
        "import functools\ndef f(): return {0}\nclass C: x = {0}\n"
        "@functools.lru_cache\ndef g(): return {0}\n"
    )
    module = live.start(source.format(1))
    report = live.edit(source.format(2), keep=(name,), rerun=rerun)

    assert (module.f(), module.C.x, module.g()) == (2, 2, 2)
    assert [(each.code, each.path) for each in report.notices] == [("LP322", f"{live.name}.{name}")]


@pytest.mark.parametrize("rerun", ["all", "changed"])
@pytest.mark.parametrize(
    ("before", "after"),
    [("A = [1]\n", "def A(): pass\n"), ("def A(): return 1\n", "A = [2]\n")],
    ids=["data before", "data after"],
)
def test_kept_name_that_is_a_definition_on_one_side_is_kept(
    live: LiveModule, rerun: Rerun, before: str, after: str
) -> None:
    module = live.start(before)
    kept = [id(module.A)]
    report = live.edit(after, keep=("A",), rerun=rerun)

    assert [id(module.A)] == kept
    assert "LP322" not in _codes(report)


def test_value_computed_elsewhere(live: LiveModule) -> None:
    live.start("LIMIT = 1\n")
    live.other("from LIVE import LIMIT\nDOUBLE = LIMIT * 2\n")

    assert "LP312" in _codes(live.edit("LIMIT = 2\n"))
