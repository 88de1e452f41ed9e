"""``rerun="changed"``: data that is made anew is filled again by all that had filled it.

By statements, as ``TABLE["a"] = 1``, by functions that statements call or that decorate, and by the
hooks that run as classes are made.
"""

from __future__ import annotations

import importlib
from textwrap import dedent
from typing import NamedTuple

import pytest

import livepatch
from tests.live import LiveModule, Rerun

pytestmark = [
    pytest.mark.one_mode("each test here says itself what runs again"),
    pytest.mark.sampled(8),
]


class Filling(NamedTuple):
    """A way to fill ``TABLE``, and what is in it then."""

    source: str
    filled: dict[str, int]


FILLINGS = {
    "a statement": Filling("TABLE['a'] = 1", {"a": 1}),
    "a method of a method": Filling(
        "TABLE.setdefault('a', {}).update(b=1)\nTABLE['a'] = len(TABLE['a'])", {"a": 1}
    ),
    "a loop": Filling("for each in 'ab': TABLE[each] = 1", {"a": 1, "b": 1}),
    "a function": Filling("def fill(): TABLE['a'] = 1\nfill()", {"a": 1}),
    "a function called by another": Filling(
        "def put(key): TABLE.update({key: 1})\n"
        "def fill():\n    for each in 'ab': put(each)\nfill()",
        {"a": 1, "b": 1},
    ),
    "a function in a loop": Filling(
        "def put(key): TABLE.update({key: 1})\nfor each in 'ab':\n    put(each)", {"a": 1, "b": 1}
    ),
    "a function that is gone": Filling(
        "def fill():\n    for each in 'ab': TABLE[each] = 1\nfill()\ndel fill", {"a": 1, "b": 1}
    ),
    "a decorator": Filling(
        "def put(function):\n    TABLE[function.__name__] = 1\n    return function\n"
        "@put\ndef f(): pass\n",
        {"f": 1},
    ),
    "a call of a decorator": Filling(
        "def put(key):\n    def enter(function):\n        TABLE[key] = 1\n        return function\n"
        "    return enter\n"
        "@put('a')\ndef f(): pass\n@put('b')\nclass C: pass\n",
        {"a": 1, "b": 1},
    ),
    "a base": Filling(
        "class Base:\n    def __init_subclass__(cls): TABLE[cls.__name__] = 1\n"
        "class C(Base): pass\n",
        {"C": 1},
    ),
    "a metaclass": Filling(
        "class Meta(type):\n    def __init__(cls, *args): TABLE[cls.__name__] = 1\n"
        "class C(metaclass=Meta): pass\n",
        {"C": 1},
    ),
}


@pytest.mark.parametrize("filling", FILLINGS.values(), ids=FILLINGS.keys())
def test_what_is_made_anew_is_filled_again(live: LiveModule, filling: Filling) -> None:
    module = live.start("TABLE = {}\n" + filling.source)
    assert filling.filled == module.TABLE
    report = live.edit("TABLE = dict(z=0)\n" + filling.source, rerun="changed")

    assert dict(filling.filled, z=0) == module.TABLE
    assert report.notices == ()

    report.undo()

    assert filling.filled == module.TABLE


@pytest.mark.sampled(5)
@pytest.mark.parametrize("filling", FILLINGS.values(), ids=FILLINGS.keys())
def test_what_is_named_to_run_again_is_filled_again(live: LiveModule, filling: Filling) -> None:
    source = "TABLE = {}\n" + filling.source
    module = live.start(source)
    module.TABLE["added"] = 1
    live.edit(source, rerun=("TABLE",))

    assert filling.filled == module.TABLE


def test_what_only_reads_data_that_is_made_anew_does_not_run_again(live: LiveModule) -> None:
    source = """
        STARTED = []
        OPTIONS = {"port": 1}
        def serve(): STARTED.append(OPTIONS.get("port"))
        serve()
        """
    module = live.start(source)
    report = live.edit(dedent(source).replace('"port": 1', '"port": 2'), rerun="changed")

    assert module.STARTED == [1]
    assert [(each.code, each.path) for each in report.notices] == [("LP313", live.name)]


def test_data_that_a_function_finds_among_the_globals_is_named(live: LiveModule) -> None:
    source = """
        CODES = {}
        class A: code = 1
        def collect():
            for each in list(globals().values()):
                if hasattr(each, "code"): CODES[each.code] = each
        collect()
        del collect
        """
    module = live.start(source)
    text = dedent(source).replace("class A: code = 1", "class A: code = 1\nclass B: code = 2")
    report = live.edit(text, rerun="changed")

    assert module.CODES == {1: module.A}
    assert [each.code for each in report.notices] == ["LP313"]

    livepatch.reload(module, rerun=("CODES",), strategy=live.strategy)

    assert module.CODES == {1: module.A, 2: module.B}


def test_another_module_fills_what_is_made_anew(live: LiveModule) -> None:
    live.package(
        __init__="",
        base=(
            "TABLE = {}\n"
            "def put(function):\n    TABLE[function.__name__] = 1\n    return function\n"
        ),
        user="from LIVE.base import put as enter\nSTATE = []\n@enter\ndef f(): pass\n",
    )
    base, user = (importlib.import_module(f"{live.name}.{each}") for each in ("base", "user"))
    state = user.STATE
    path = live.path.parent / "base.py"
    path.write_text(path.read_text("utf-8").replace("{}", "dict(z=0)"), "utf-8")
    livepatch.reload(base, user, strategy=live.strategy)

    assert base.TABLE == {"z": 0, "f": 1}
    assert user.STATE is state


@pytest.mark.sampled(3)
@pytest.mark.parametrize("rerun", ["all", "changed"])
@pytest.mark.parametrize("made", ["dict(z=0)", "{}"])
def test_what_a_module_that_is_not_reloaded_had_entered_is_named(
    live: LiveModule, rerun: Rerun, made: str
) -> None:
    source = """
        import math
        TABLE, OWN = {}, [math.sqrt]
        def put(function):
            TABLE[function.__name__] = function
            return function
        """
    module = live.start(source)
    other = live.other(
        """
        import LIVE
        @LIVE.put
        def f(): pass
        """
    )
    text = dedent(source).replace("{}", made) + "# edited\n"
    runs = rerun == "all" or made != "{}"
    report = live.edit(text, rerun=rerun)

    named = [each for each in report.notices if each.code == "LP320"]
    assert [each.path for each in named] == [f"{live.name}.TABLE"] * runs
    assert [f"{other.__name__}.f" in each.message for each in named] == [True] * runs

    report.undo()
    again = live.edit(text, rerun=rerun, dependents=True)

    assert [each.code for each in again.notices if each.code == "LP320"] == []
    assert module.TABLE["f"] is other.f


def test_what_the_source_itself_had_put_in_is_not_named(live: LiveModule) -> None:
    source = "import json\nTABLE = {'a': json.dumps, 'b': json.loads}\n"
    live.start(source)
    report = live.edit(source.replace(", 'b': json.loads", ""), rerun="changed")

    assert report.notices == ()
