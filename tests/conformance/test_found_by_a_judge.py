"""What a judge of the promises about holders, enumerations and threads found."""

from __future__ import annotations

import functools

import pytest

from tests.live import LiveModule


@pytest.mark.parametrize("rerun", ["all", "changed"])
@pytest.mark.parametrize("other", [None, int])
@pytest.mark.parametrize(
    "after",
    ["def C(): return 1\n", "import functools\nC = functools.partial(int)\n"],
    ids=["function", "partial"],
)
def test_union_with_a_class_that_is_none_any_more_is_named(
    live: LiveModule, after: str, other: type | None
) -> None:
    module = live.start("class C: pass\n")
    held = [module.C | other, other | module.C if other else None, [module.C]]
    before = held[:2]
    live.write(after)
    tried = live.reload(dry_run=True)
    report = live.reload()

    assert {(each.code, each.path) for each in tried.notices} == {("LP201", f"{live.name}.C")}
    assert set(tried.notices) <= set(report.notices)
    assert not report.ok
    assert held[:2] == before
    assert held[2] == [module.C]
    assert isinstance(module.C, functools.partial) or module.C() == 1

    report.undo()

    assert held[0] == module.C | other
