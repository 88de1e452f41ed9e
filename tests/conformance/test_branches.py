"""A class that several statements define: after an edit it is what the one that ran says."""

from __future__ import annotations

import pytest

from tests.live import LiveModule, Rerun

pytestmark = pytest.mark.sampled(8)

FLAG = "FLAG = {0}\nif FLAG:\n    {1}\nelse:\n    {2}\n"
IMPORT = "try:\n    import {0}\n    {1}\nexcept ImportError:\n    {2}\n"
RERUNS = pytest.mark.parametrize("rerun", ["all", "changed"])
# The source, and what it is given for the one branch and for the other.
WAYS = pytest.mark.parametrize(
    "way",
    [(FLAG, "True", "False"), (IMPORT, "sys", "no_such_module_anywhere")],
    ids=["if", "try"],
)


@pytest.mark.sampled(6)
@RERUNS
@WAYS
@pytest.mark.parametrize(
    "branch",
    [
        "class C: x = {0}",
        "class C: x = {0}\n    def f(): return {0}",
        "class C:\n        x = {0}\n        y = 7\n        def g(self): return self.x",
    ],
    ids=["alone", "beside a function", "with more that is alike"],
)
def test_a_class_of_the_other_branch_has_that_ones_attributes(
    live: LiveModule, rerun: Rerun, way: tuple[str, str, str], branch: str
) -> None:
    source, first, second = way
    branches = branch.format(1), branch.format(2)
    module = live.start(source.format(first, *branches))
    cls = live.hold("C")
    for condition, x in ((second, 2), (first, 1), (second, 2)):
        report = live.edit(source.format(condition, *branches), rerun=rerun)

        assert module.C.x == x
        assert cls[0] is module.C
        assert report.notices == ()


@RERUNS
def test_a_class_in_a_class_of_the_other_branch(live: LiveModule, rerun: Rerun) -> None:
    branch = "class C:\n        class D: x = {}"
    source = FLAG.format("{}", branch.format(1), branch.format(2))
    module = live.start(source.format(False))
    report = live.edit(source.format(True), rerun=rerun)

    assert module.C.D.x == 1
    assert report.notices == ()


@RERUNS
def test_what_a_branch_computes_comes_from_the_branch_that_ran(
    live: LiveModule, rerun: Rerun
) -> None:
    source = FLAG.format("{}", "class C: x = len('a')", "class C: x = len('bb')")
    module = live.start(source.format(True))
    live.edit(source.format(False), rerun=rerun)

    assert module.C.x == 2


@RERUNS
@WAYS
def test_an_attribute_that_was_set_stays_where_the_branch_is_the_same(
    live: LiveModule, rerun: Rerun, way: tuple[str, str, str]
) -> None:
    source, first, _ = way
    text = source.format(first, "class C: x = 1", "class C: x = 2") + "def f(): return 1\n"
    module = live.start(text)
    module.C.x = 50
    report = live.edit(text.replace("return 1", "return 2"), rerun=rerun)

    assert (module.C.x, module.f()) == (50, 2)
    assert {each.code for each in report.notices} <= {"LP303"}


@RERUNS
def test_the_branch_that_did_not_run_changes(live: LiveModule, rerun: Rerun) -> None:
    source = FLAG.format(True, "class C: x = 1", "class C: x = {}")
    module = live.start(source.format(2))
    module.C.x = 50
    live.edit(source.format(3), rerun=rerun)

    assert module.C.x == 50


@RERUNS
def test_the_branch_that_ran_changes_and_is_not_the_last(live: LiveModule, rerun: Rerun) -> None:
    source = FLAG.format(True, "class C: x = {}", "class C: x = 2")
    module = live.start(source.format(1))
    report = live.edit(source.format(3), rerun=rerun)

    assert module.C.x == 3
    assert report.notices == ()
