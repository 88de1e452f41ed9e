"""A class swaps its metaclass: those below it in other modules have the new one by it."""

from __future__ import annotations

import pytest

from tests.live import LiveModule

pytestmark = pytest.mark.sampled(8)

MAKERS = "import abc\nclass M(type): v = 'M'\nclass M2(type): v = 'M2'\n"


@pytest.mark.parametrize("undo", [False, True])
def test_class_elsewhere_has_the_metaclass_of_its_base(live: LiveModule, *, undo: bool) -> None:
    source = f"{MAKERS}class A(metaclass=M): pass\nclass In(A): pass\n"
    module = live.start(source)
    other = live.other("import LIVE\nclass Els(LIVE.A): pass\nclass Below(Els): pass\n")
    report = live.edit(source.replace("metaclass=M)", "metaclass=M2)"))

    assert {type(each).v for each in (module.A, module.In, other.Els, other.Below)} == {"M2"}
    assert [each.code for each in report.notices] == ["LP312", "LP312"]
    assert type("Both", (other.Els, module.In), {})
    if undo:
        report.undo()
        assert {type(each).v for each in (module.A, module.In, other.Els, other.Below)} == {"M"}


def test_metaclass_of_its_own_stays(live: LiveModule) -> None:
    source = f"{MAKERS}class A(metaclass=M): pass\n"
    module = live.start(source)
    other = live.other(
        "import LIVE\nclass Own(LIVE.M): pass\nclass Els(LIVE.A, metaclass=Own): 0\n"
    )
    report = live.edit(
        source.replace("class A(metaclass=M)", "class M3(M): 0\nclass A(metaclass=M3)")
    )

    assert type(other.Els) is other.Own
    assert type(module.A) is module.M3
    assert not report.refusals


def test_metaclass_that_no_class_can_take_is_named(live: LiveModule) -> None:
    source = f"{MAKERS}class A: pass\n"
    module = live.start(source)
    other = live.other("import LIVE\nclass Els(LIVE.A): pass\n")
    report = live.edit(source.replace("class A:", "class A(metaclass=M):"))

    assert type(module.A) is module.M
    assert [(each.code, each.path) for each in report.notices] == [
        ("LP312", f"{live.other_name}.Els")
    ] * (type(other.Els) is type)
