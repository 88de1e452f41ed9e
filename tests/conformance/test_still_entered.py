"""What gone statements have entered somewhere stays there, and the report names it."""

from __future__ import annotations

from textwrap import dedent
from typing import Any

import pytest

import livepatch
from tests.live import LiveModule

pytestmark = pytest.mark.sampled(10)

CHANGED = pytest.mark.parametrize("rerun", ["changed"])
BOTH = pytest.mark.parametrize("rerun", ["all", "changed"])
UNITS = """
    UNITS = {}
    def unit(name, factor):
        UNITS[name] = factor
        return name, factor
    class Bus:
        def __init__(self): self.options = []
        def option(self, name):
            self.options.append(name)
            return name
    bus = Bus()
    class Task:
        all = []
        def __init__(self, name):
            self.name = name
            Task.all.append(self)
    NOTED = []
    def noted(name):
        def enter(function):
            NOTED.append(name)
            return function
        return enter
"""
LIB = """
    LIST, TABLE = [], {}
    def add(function):
        LIST.append(function)
        return function
    def under(name):
        def enter(function):
            LIST.append((name, function))
            return function
        return enter
    class App:
        def __init__(self): self.routes = []
        def route(self, name): self.routes.append(name)
    app = App()
"""
USES = "import OTHER\ndef hit(): return 1\ndef miss(): return 2\n"


def effects(live: LiveModule, report: Any) -> list[str]:
    found = [each.path for each in report.notices if each.code == "LP314"]
    return [each.replace(live.name, "LIVE").replace(live.other_name, "OTHER") for each in found]


OWN = {
    "a value that is gone": ("KM = unit('km', 1000)\nM = unit('m', 1)\n", 0, "UNITS"),
    "another key": ("KM = unit('km', 1000)\n", ("'km'", "'kilometre'"), "UNITS"),
    "an option": ("A = bus.option('a')\nB = bus.option('b')\n", 0, "bus"),
    "another option": ("A = bus.option('a')\n", ("('a')", "('z')"), "bus"),
    "an instance": ("A = Task('a')\nB = Task('b')\n", 0, "Task.all"),
    "a comprehension": ("A = [bus.option(n) for n in ('a', 'b')]\n", ("'b'", "'z'"), "bus"),
    "a name noted": (
        "@noted('a')\ndef hit(): pass\n@noted('b')\ndef miss(): pass\n",
        ("'a'", "'z'"),
        "NOTED",
    ),
}


@CHANGED
@pytest.mark.parametrize(("said", "edit", "what"), OWN.values(), ids=OWN)
def test_what_a_statement_entered_that_binds_a_name_is_named(
    live: LiveModule, said: str, edit: Any, what: str
) -> None:
    after = said.partition("\n")[2] if edit == 0 else said.replace(*edit)
    live.start(dedent(UNITS) + said)
    report = live.edit(dedent(UNITS) + after)

    assert effects(live, report) == [f"LIVE.{what}"]


@CHANGED
@pytest.mark.parametrize("edit", [("1000", "1001"), ("KM", "KILO"), ("= unit", "=  unit")])
def test_what_takes_the_place_of_an_entry_is_not_named(
    live: LiveModule, edit: tuple[str, str]
) -> None:
    module = live.start(UNITS + "    KM = unit('km', 1000)\n    MM = unit('mm', 1000)\n")
    report = live.edit(live.source.replace(*edit))

    assert set(module.UNITS) == {"km", "mm"}
    assert effects(live, report) == []


ELSEWHERE = {
    "a call": ("OTHER.add(hit)\nOTHER.add(miss)\n", ("OTHER.add(hit)\n", ""), "LIST"),
    "another function": ("OTHER.add(hit)\n", ("(hit)", "(miss)"), "LIST"),
    "a text": ("OTHER.add('a')\nOTHER.add('b')\n", ("OTHER.add('a')\n", ""), "LIST"),
    "a list itself": ("OTHER.LIST.append('a')\n", ("'a'", "'b'"), "LIST"),
    "an item": ("OTHER.TABLE['a'] = 1\n", ("OTHER.TABLE['a'] = 1\n", ""), "TABLE"),
    "an object": ("OTHER.app.route('a')\n", ("'a'", "'b'"), "app"),
    "a value": ("A = OTHER.add('a')\n", ("A = OTHER.add('a')\n", ""), "LIST"),
}


@BOTH
@pytest.mark.parametrize(("said", "edit", "what"), ELSEWHERE.values(), ids=ELSEWHERE)
def test_what_a_statement_entered_in_another_module_is_named(
    live: LiveModule, said: str, edit: tuple[str, str], what: str
) -> None:
    live.other(LIB)
    live.start(USES + said)
    report = live.edit(USES + said.replace(*edit))

    assert effects(live, report) == [f"OTHER.{what}"]


@BOTH
@pytest.mark.parametrize("said", ["@OTHER.add\n", "@OTHER.under('a')\n"])
def test_what_a_decorator_entered_in_another_module_goes_or_is_named(
    live: LiveModule, rerun: str, said: str
) -> None:
    other = live.other(LIB)
    live.start(f"import OTHER\n{said}def hit(): return 1\n")
    report = live.edit("import OTHER\ndef hit(): return 1\n")

    assert effects(live, report) == ["OTHER.LIST"] * (rerun == "all")
    assert bool(other.LIST) is (rerun == "all")


@BOTH
@pytest.mark.parametrize("edit", [("x=1", "x=2"), ("return 1", "return 1 "), ("@", "X = 1\n@")])
def test_what_a_decorator_enters_again_is_not_named(
    live: LiveModule, edit: tuple[str, str]
) -> None:
    other = live.other(LIB)
    live.start("import OTHER\n@OTHER.add\ndef hit(x=1): return 1\n")
    report = live.edit(live.source.replace(*edit))

    assert effects(live, report) == []
    assert [each() for each in other.LIST] == [1]


@BOTH
def test_item_of_another_module_that_has_another_value_is_not_named(live: LiveModule) -> None:
    other = live.other(LIB)
    live.start("import OTHER\nOTHER.TABLE['a'] = 1\n")
    report = live.edit(live.source.replace("= 1", "= 2"))

    assert (other.TABLE, effects(live, report)) == ({"a": 2}, [])


@BOTH
def test_what_a_base_entered_under_a_key_that_is_another_now(live: LiveModule, rerun: str) -> None:
    module = live.start("""
    class Base:
        made = {}
        def __init_subclass__(cls): Base.made[cls.__name__, cls.version] = cls
    class One(Base): version = 1
    class Two(Base): version = 2
    """)
    report = live.edit(live.source.replace("version = 1", "version = 3"))

    stays = ("One", 1) in module.Base.made
    assert stays is (rerun == "all")
    assert effects(live, report) == ["LIVE.Base.made"] * stays


@BOTH
def test_a_dry_run_names_it_too(live: LiveModule) -> None:
    live.other(LIB)
    live.start("import OTHER\nOTHER.add('a')\n")
    live.write("import OTHER\n")
    report = livepatch.reload(live.module, dry_run=True, rerun=live.rerun)

    assert effects(live, report) == ["OTHER.LIST"]


@CHANGED
def test_what_another_method_enters_again_is_not_named(live: LiveModule) -> None:
    module = live.start("""
    class Bus:
        def __init__(self): self.handlers = {}
        def on(self, event):
            def enter(function):
                self.handlers[event] = function
                return function
            return enter
    bus = Bus()
    @bus.on("start")
    def hit(): return 1
    """)
    once = "    def once(self, event): return self.on(event)\nbus ="
    report = live.edit(live.source.replace("@bus.on", "@bus.once").replace("bus =", once))

    assert effects(live, report) == []
    assert list(module.bus.handlers) == ["start"]


@BOTH
@pytest.mark.parametrize(
    "said", ["OTHER.add('{}')", "A = OTHER.add('{}')", "OTHER.TABLE['{}'] = 1"]
)
def test_the_undo_names_what_the_reload_had_entered_elsewhere(live: LiveModule, said: str) -> None:
    live.other(LIB)
    source = f"import OTHER\n{said}\n"
    live.start(source.format("a"))
    report = live.edit(source.format("b"))
    undone = report.undo()

    what = "TABLE" if "TABLE" in said else "LIST"
    assert effects(live, report) == effects(live, undone) == [f"OTHER.{what}"]


@BOTH
def test_the_undo_names_nothing_that_it_takes_out(live: LiveModule, rerun: str) -> None:
    source = dedent(UNITS) + "KM = unit('km', 1)\nA = bus.option('a')\nT = Task('t')\n"
    module = live.start(source)
    report = live.edit(source + "M = unit('m', 1)\n@noted('m')\ndef hit(): pass\n")
    undone = report.undo()

    assert effects(live, report) == []
    if "m" not in module.UNITS and "m" not in module.NOTED:
        assert effects(live, undone) == []
    assert ("m" in module.UNITS) is ("LIVE.UNITS" in effects(live, undone))
