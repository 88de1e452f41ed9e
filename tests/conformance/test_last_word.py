"""Several statements that change one object in turn: the last has the last word, or it is said."""

from __future__ import annotations

from typing import Any

import pytest

from tests.live import LiveModule

pytestmark = pytest.mark.sampled(10)

CHANGED = pytest.mark.parametrize("rerun", ["changed"])
BOTH = pytest.mark.parametrize("rerun", ["all", "changed"])
SET = {
    "item": ("X = {}\n", "X['a']", "X['a']"),
    "attribute": ("class X: a = 0\n", "X.a", "X.a"),
    "nested": ("class X:\n    class Y: a = 0\n", "X.Y.a", "X.Y.a"),
    "item of an attribute": ("class X: t = {}\n", "X.t['a']", "X.t['a']"),
}


def named(report: Any) -> list[tuple[str, str]]:
    return [(each.code, each.path.partition(".")[2]) for each in report.notices]


@BOTH
@pytest.mark.parametrize("made", SET.values(), ids=SET)
@pytest.mark.parametrize("last", ["3", "LIMIT", "(1, 2)"])
@pytest.mark.parametrize("edit", [("= 1\n", "= 5\n"), ("AT = 0\n", "AT = 0\n{} = 7\n")])
def test_last_one_that_sets_something_counts(
    live: LiveModule, made: tuple[str, str, str], last: str, edit: tuple[str, str]
) -> None:
    start, target, asked = made
    source = f"LIMIT = 9\n{start}AT = 0\n{target} = 1\nB = 2\n{target} = {last}\n"
    module = live.start(source)
    report = live.edit(source.replace(edit[0], edit[1].format(target)))

    assert eval(asked, vars(module)) == eval(last, vars(module))
    assert named(report) == []
    report.undo()
    assert eval(asked, vars(module)) == eval(last, vars(module))


@CHANGED
def test_what_would_be_computed_again_is_not(live: LiveModule) -> None:
    source = "CALLS = []\ndef make():\n    CALLS.append(1)\n    return 3\nX = {}\nX['a'] = 1\n"
    module = live.start(source + "X['a'] = make()\n")
    report = live.edit(live.source.replace("= 1\n", "= 5\n"))

    assert (module.CALLS, module.X) == ([1], {"a": 5})
    assert named(report) == [("LP314", "X")]


PASSED = {
    "a list": ("[]", "X.append('a')\nX.append('b')\n", "X.append('n')\n"),
    "a list extended": ("[]", "X.append('a')\nX.extend(['b'])\n", "X.append('n')\n"),
    "a deque": ("collections.deque()", "X.append('a')\n", "X.append('n')\n"),
    "a key": ("{}", "X.update(a=1)\nX.update(b=2)\n", "X.update(b=3, n=1)\n"),
}


@CHANGED
@pytest.mark.parametrize(("empty", "said", "came"), PASSED.values(), ids=PASSED)
def test_what_comes_above_others_and_stands_last_is_named(
    live: LiveModule, empty: str, said: str, came: str
) -> None:
    live.start(f"import collections\nX = {empty}\n{said}")
    report = live.edit(f"import collections\nX = {empty}\n{came}{said}")

    assert named(report) == [("LP314", "X")]


@CHANGED
@pytest.mark.parametrize(
    ("empty", "said", "came"),
    [
        ("[]", "X.append('a')\n", "Y = len(X)\n"),
        ("{}", "X.update(a=1)\n", "X.update(n=1)\n"),
        ("set()", "X.add('a')\n", "X.add('n')\n"),
    ],
)
def test_where_the_order_does_not_matter_nothing_is_named(
    live: LiveModule, empty: str, said: str, came: str
) -> None:
    live.start(f"X = {empty}\n{said}")
    report = live.edit(f"X = {empty}\n{came}{said}")

    assert named(report) == []


@CHANGED
def test_what_comes_below_the_others_is_not_named(live: LiveModule) -> None:
    module = live.start("X = []\nX.append('a')\n")
    report = live.edit("X = []\nX.append('a')\nX.append('n')\n")

    assert module.X == ["a", "n"]
    assert named(report) == []
