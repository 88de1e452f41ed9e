"""Globals that no statement binds by name: ``globals()["x"] = 1``, ``exec``, a loop of such."""

from __future__ import annotations

import pytest

import livepatch
from tests.live import LiveModule

pytestmark = pytest.mark.sampled(8)

REST = "\ny = 1\n"
PUT = "def put(name, value): globals()[name] = value\n"


def codes(report: livepatch.Report) -> set[tuple[str, str]]:
    return {(each.code, each.path.partition(".")[2]) for each in report.notices}


@pytest.mark.parametrize(
    "statement",
    [
        'globals()["x"] = 1',
        'globals()["x"] = lambda: 1',
        "globals().update(x=1)",
        'globals().update({"x": 1})',
        "locals().update(x=1)",
        'vars()["x"] = 1',
        'import sys; setattr(sys.modules[__name__], "x", 1)',
        'exec("x = 1")',
        'exec("def x(): return 1")',
        'exec("class x: pass")',
        'for each in ("x", "z"): globals()[each] = each',
        PUT + 'put("x", 1)',
    ],
)
def test_what_a_statement_bound_by_a_text_goes_with_it(live: LiveModule, statement: str) -> None:
    module = live.start(statement + REST)
    assert module.x
    report = live.edit(PUT + REST if PUT in statement else "y = 1\n")

    stays = statement.startswith("for")
    assert hasattr(module, "x") is stays
    assert (("LP314", "x") in codes(report)) is stays
    assert module.y == 1
    report.undo()
    assert module.x


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('globals()["x"] = 1', 'globals()["x"] = 1; globals()["z"] = 2'),
        ('globals()["x"] = 1', "globals().update(x=1)"),
        ('globals()["x"] = 1', 'for each in "xz": globals()[each] = 1'),
        ('globals()["x"] = 1', "x = 1"),
        ('exec("x = 1")', 'exec("x = 1 # again")'),
        (PUT + 'put("x", 1)', PUT.replace("= value", "= value + 0") + 'put("x", 1)'),
    ],
)
def test_what_another_statement_binds_stays(live: LiveModule, before: str, after: str) -> None:
    module = live.start(before + REST)
    report = live.edit(after + REST)

    assert module.x == 1
    assert ("LP314", "x") not in codes(report)


def test_what_a_loop_no_longer_binds_is_named(live: LiveModule) -> None:
    source = 'NAMES = ["a", "b"]\nfor each in NAMES: globals()["get_" + each] = object()\n'
    module = live.start(source)
    report = live.edit(source.replace('["a", "b"]', '["a"]'))

    assert module.get_b
    assert ("LP314", "get_b") in codes(report)
    # Where only what changed runs, a loop over what has changed is named, and not run again.
    assert ("LP314", "get_a") in codes(report) or live.rerun == "all"
    assert ("LP313", "each") in codes(report) or live.rerun == "all"


def test_what_somebody_else_has_put_there_stays_unnamed(live: LiveModule) -> None:
    source = 'globals()["x"] = 1\ny = 1\n'
    module = live.start(source)
    module.debug = True
    report = live.edit(source.replace("y = 1", "y = 2"))

    assert (module.debug, module.x, module.y) == (True, 1, 2)
    assert codes(report) == set()


DECLARED = {
    "def": "def bold(text): ...",
    "import": "from os.path import join as bold",
    "module": "import nowhere as bold",
    "annotation": "bold: str",
}
BINDERS = {
    "globals": "def make(n):\n    def inner(t): return n + t\n    globals()[n] = inner\n"
    "for _n in ['bold']: make(_n)\n",
    "setattr": "import sys\nsetattr(sys.modules[__name__], 'bold', len)\n",
    "exec": "exec('bold = len')\n",
    "update": "globals().update(bold=len)\n",
}


@pytest.mark.parametrize("means", BINDERS)
@pytest.mark.parametrize("said", DECLARED)
def test_a_name_stays_when_only_its_declaration_goes(
    live: LiveModule, said: str, means: str
) -> None:
    head = f"from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    {DECLARED[said]}\n"
    module = live.start(head + BINDERS[means])
    other = live.other("from LIVE import bold\n")
    held = module.bold
    live.edit(BINDERS[means])
    report = livepatch.reload(module, other, strategy=live.strategy, rerun=live.rerun)

    assert report.ok, report
    assert other.bold is module.bold
    assert (held is module.bold) or live.rerun == "all"


def test_a_name_goes_with_the_statement_that_has_bound_it(live: LiveModule) -> None:
    module = live.start(
        f"if True:\n    def bold(text): ...\n{BINDERS['globals']}".replace("['bold']", "[]")
    )
    assert module.bold.__name__ == "bold"
    live.edit(BINDERS["globals"].replace("['bold']", "[]"))

    assert not hasattr(module, "bold")
