"""Several class statements of one name, each of which derives from what had the name before."""

from __future__ import annotations

from typing import Any

import pytest

from tests.live import LiveModule

pytestmark = pytest.mark.sampled(10)

BOTH = pytest.mark.parametrize("rerun", ["all", "changed"])
TWO = """
    class Shape:
        sides = 2
        marks = []
        def area(self): return 1
    class Shape(Shape):
        name = "s"
"""
BETWEEN = """
    class Shape:
        sides = 2
        marks = []
    class Round(Shape):
        sides = 7
        name = "r"
    class Shape(Round):
        sides = 9
        edge = 1
"""
EDITS = {
    "first": ("sides = 2", "sides = 3"),
    "first gains": ("sides = 2", "sides = 2\n        more = 4"),
    "first loses": ("        sides = 2\n", ""),
    "a list": ("marks = []", "marks = [5]"),
    "one name": ("name =", "names ="),
}
MORE = {
    "the middle one": ("sides = 7", "sides = 8"),
    "the middle one gains": ("sides = 7", "sides = 7\n        more = 4"),
    "the last one": ("sides = 9", "sides = 8"),
    "the last one loses": ("        sides = 9\n", ""),
}


def said(cls: Any) -> list[dict[str, Any]]:
    own = [vars(each) for each in cls.__mro__[:-1]]
    return [{k: v for k, v in each.items() if k[0] != "_" and k != "area"} for each in own]


def check(live: LiveModule, source: str, edit: tuple[str, str]) -> None:
    module = live.start(source)
    made, before = module.Shape(), said(module.Shape)
    after = source.replace(*edit)
    report = live.edit(after)
    namespace: dict[str, Any] = {"__name__": "fresh"}
    exec(compile("if True:\n" + after, "fresh", "exec"), namespace)

    assert type(made) is module.Shape
    assert said(type(made)) == said(namespace["Shape"])
    assert not [each for each in report.notices if each.code != "LP313"]
    report.undo()
    assert said(type(made)) == before


@BOTH
@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
def test_attribute_of_the_first_one(live: LiveModule, edit: tuple[str, str]) -> None:
    check(live, TWO, edit)


@BOTH
@pytest.mark.parametrize("edit", [*EDITS.values(), *MORE.values()], ids=[*EDITS, *MORE])
def test_one_of_another_name_stands_between(live: LiveModule, edit: tuple[str, str]) -> None:
    check(live, BETWEEN, edit)


@BOTH
def test_what_the_program_has_set_on_the_first_one_stays(live: LiveModule, rerun: str) -> None:
    module = live.start(TWO)
    first = module.Shape.__mro__[1]
    first.sides = 5
    first.marks.append(1)
    report = live.edit(TWO.replace("return 1", "return 2").replace('"s"', '"t"'))
    first = module.Shape.__mro__[1]

    assert (first.sides, first.marks, module.Shape().area()) == (5, [1], 2)
    named = [each.path for each in report.notices if each.code == "LP303"]
    assert named == [f"{live.name}.Shape.sides"] * (rerun == "all") or rerun == "changed"
