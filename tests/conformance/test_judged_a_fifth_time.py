"""What a stranger found in realistic programs and sessions of edits."""

from __future__ import annotations

import sys
from types import ModuleType

import pytest

import livepatch
from tests.live import LiveModule

pytestmark = pytest.mark.sampled(13)


def beside(live: LiveModule, source: str) -> ModuleType:
    """Start another module, which may import the live one as LIVE."""
    other = ModuleType(f"{live.name}_beside")
    path = live.root / f"{other.__name__}.py"
    path.write_text(source.replace("LIVE", live.name), encoding="utf-8")
    __import__(other.__name__)
    return sys.modules[other.__name__]


TABLE = """
TABLE = {}
def on(*keys):
    def enter(f):
        for key in keys: TABLE[key] = f
        return f
    return enter
"""


@pytest.mark.parametrize("rerun", ["all", "changed"])
@pytest.mark.parametrize("key", ["int", "an int"])  # texts that are interned, and others
def test_function_under_two_keys_of_which_one_changes(live: LiveModule, key: str) -> None:
    source = TABLE + f"@on('a num', '{key}')\ndef number(): return 1\n"
    module = live.start(source)
    live.write(source.replace(f"'{key}'", "'a float'"))
    report = livepatch.reload(module, strategy=live.strategy, rerun=live.rerun)
    assert sorted(module.TABLE) == ["a float", "a num"]
    report.undo()
    assert set(module.TABLE) == {key, "a num"}
    assert set(module.TABLE.values()) == {module.number}


@pytest.mark.parametrize("rerun", ["all", "changed"])
def test_methods_that_a_decorator_enters(live: LiveModule) -> None:
    source = TABLE + (
        "class Machine:\n    @on('start')\n    def begin(self): return 1\n"
        "    class Part:\n        @on('part')\n        def go(self): return 2\n"
        "    @on('stop')\n    def end(self): return 3\n"
    )
    module = live.start(source)
    held = module.TABLE["start"]
    for text, expected in (
        (source.replace("'start'", "'run'"), ["part", "run", "stop"]),
        (source.replace("'part'", "'piece'"), ["piece", "start", "stop"]),
        (source.replace("    @on('stop')\n    def end(self): return 3\n", ""), ["part", "start"]),
        (source, ["part", "start", "stop"]),
        (source.replace("    @on('stop')\n", ""), ["part", "start"]),
    ):
        live.write(text)
        report = livepatch.reload(module, strategy=live.strategy, rerun=live.rerun)
        assert sorted(module.TABLE) == expected
        assert held is module.Machine.begin or live.strategy == "repoint"
    report.undo()
    assert sorted(module.TABLE) == ["part", "start", "stop"]
    assert module.TABLE["start"] is module.Machine.begin


PLUGINS = """
PLUGINS = {}
class Plugin:
    name = None
    def __init_subclass__(cls, register=True, **named):
        super().__init_subclass__(**named)
        if cls.name and register: PLUGINS[cls.name] = cls
class Tab(Plugin):
    name = "tab"
class Csv(Plugin):
    name = "csv"
"""


@pytest.mark.parametrize("rerun", ["all", "changed"])
@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("class Tab(Plugin)", "class Tab(Plugin, register=False)", ["csv"]),
        ('name = "csv"', "pass", ["tab"]),
        ('name = "csv"', 'name = "comma"', ["comma", "tab"]),
        ('name = "csv"', 'name = "csv"\n    size = 3', ["csv", "tab"]),
    ],
)
def test_class_that_enters_itself_no_more(
    live: LiveModule, old: str, new: str, expected: list[str]
) -> None:
    module = live.start(PLUGINS)
    live.write(PLUGINS.replace(old, new))
    report = livepatch.reload(module, strategy=live.strategy, rerun=live.rerun)
    assert sorted(module.PLUGINS) == expected
    report.undo()
    assert sorted(module.PLUGINS) == ["csv", "tab"]
    assert module.PLUGINS["tab"] is module.Tab


@pytest.mark.parametrize("rerun", ["changed"])
def test_what_the_program_entered_elsewhere_stays_as_the_decorator_says_more(
    live: LiveModule,
) -> None:
    source = TABLE + "FOUND = {}\n@on('a')\ndef a(): return 1\n"
    module = live.start(source)
    module.FOUND["by hand"] = module.a
    live.write(source.replace("@on('a')", "@on('b')"))
    livepatch.reload(module, strategy=live.strategy, rerun=live.rerun)

    assert [*module.TABLE] == ["b"]
    assert {"by hand": module.a} == module.FOUND


@pytest.mark.parametrize("rerun", ["all", "changed"])
def test_objects_that_enter_themselves_as_a_decorator_makes_them(live: LiveModule) -> None:
    source = """
TASKS = {}
class Task:
    def __init__(self, call, name=None):
        self.call = call
        TASKS[name or call.__name__] = self
def task(**options):
    return lambda call: Task(call, **options)
@task(name="mul")
def mul(): return 1
@Task
def neg(): return 2
"""
    module = live.start(source)
    live.write(source.replace('"mul"', '"times"').replace("def neg", "def negate"))
    report = livepatch.reload(module, strategy=live.strategy, rerun=live.rerun)

    assert sorted(module.TASKS) == ["negate", "times"]
    assert module.TASKS["times"] is module.mul
    report.undo()
    assert sorted(module.TASKS) == ["mul", "neg"]


GROUP = """
class Group:
    def __init__(self, call, options): self.call, self.options, self.commands = call, options, {}
    def __call__(self): return self.call()
    def command(self, call):
        self.commands[call.__name__] = call
        return call
def group(*options): return lambda call: Group(call, options)
@group()
def cli(): return 1
"""


@pytest.mark.parametrize("rerun", ["all", "changed"])
@pytest.mark.parametrize("own", [False, True])
def test_group_that_is_made_again_has_the_commands_of_other_modules(
    live: LiveModule, *, own: bool
) -> None:
    source = GROUP + ("@cli.command\ndef here(): return 2\n" if own else "")
    module = live.start(source)
    other = beside(live, "from LIVE import cli\n@cli.command\ndef job(): return 3\n")
    expected = ["here", "job"] if own else ["job"]
    live.write(source.replace("@group()", "@group('verbose')"))
    report = livepatch.reload(module, strategy=live.strategy, rerun=live.rerun)

    assert module.cli.options == ("verbose",)
    assert sorted(module.cli.commands) == expected
    assert other.cli is module.cli
    assert module.cli.commands["job"] is other.job
    report.undo()
    assert (module.cli.options, sorted(module.cli.commands)) == ((), expected)
    livepatch.reload(module, strategy=live.strategy, rerun=live.rerun)
    live.write(source.replace("@cli.command\ndef here(): return 2\n", ""))
    livepatch.reload(module, strategy=live.strategy, rerun=live.rerun)
    assert sorted(module.cli.commands) == ["job"]


@pytest.mark.parametrize("rerun", ["changed"])
def test_group_that_is_renamed_has_its_commands(live: LiveModule) -> None:
    source = GROUP + "@cli.command\ndef one(): return 2\n@cli.command\ndef two(): return 3\n"
    module = live.start(source)
    held = module.cli
    live.write(source.replace("cli", "app"))
    report = livepatch.reload(module, strategy=live.strategy, rerun=live.rerun)

    assert module.app is held
    assert held.commands == {"one": module.one, "two": module.two}
    report.undo()
    assert module.cli is held
    assert sorted(held.commands) == ["one", "two"]


ELSEWHERE = """
from functools import singledispatch
from LIVE import Row, depends, user
def double(): return Row()
TABLE = {"d": double}
LISTED = [double]
HELD = [Row, (user,)]
def root(it=depends(user)): return it[1]()
made = depends(user)
ALIAS = list[Row]
EITHER = int | Row
COUNT = user()
"""


@pytest.mark.parametrize("rerun", ["all", "changed"])
def test_what_keeps_definitions_elsewhere_is_not_named(live: LiveModule) -> None:
    source = (
        "class Base: pass\nclass Row: kind = 1\n"
        "def depends(call): return ('dep', call)\ndef user(): return 1\n"
    )
    module = live.start(source)
    other = beside(live, ELSEWHERE)
    live.write(source.replace("class Row: kind = 1", "class Row(Base): kind = 2"))
    report = livepatch.reload(module, strategy=live.strategy, rerun=live.rerun)
    assert [each for each in report.notices if each.code == "LP312"] == []
    assert other.HELD[0] is other.ALIAS.__args__[0] is other.EITHER.__args__[1] is module.Row
    live.write(source.replace("return 1", "return 2"))
    report = livepatch.reload(module, strategy=live.strategy, rerun=live.rerun)

    named = [each.path for each in report.notices if each.code == "LP312"]
    assert named == [f"{other.__name__}.COUNT"]
    assert (other.root(), other.made[1]()) == (2, 2)


KEEPS = """
import enum
class Color(enum.Enum):
    RED = 1
WARM, FIRST, DEFAULT = {Color.RED}, (Color.RED,), Color.RED
class Bus:
    def __init__(self): self.kept, self.ran = {}, []
    def listen(self, call): self.kept.setdefault("all", []).append(call)
    def run(self, call): self.ran.append(call())
def deco(n): return lambda f: f
@deco(1)
def double(): return 1
BY_COLOR, BY_NAME = {Color.RED: double}, {"d": double}
bus = Bus()
bus.listen(double)
other = Bus()
other.run(double)
"""


@pytest.mark.parametrize("rerun", ["changed"])
@pytest.mark.parametrize(
    ("old", "new"),
    [("@deco(1)", "@deco(2)"), ("return 1", "return 2"), ("RED = 1", "RED = 1\n    BLUE = 2")],
)
def test_who_keeps_definitions_and_members_is_not_named(
    live: LiveModule, old: str, new: str
) -> None:
    module = live.start(KEEPS)
    live.write(KEEPS.replace(old, new, 1))
    report = livepatch.reload(module, strategy=live.strategy, rerun=live.rerun)

    named = [each.path.rpartition(".")[2] for each in report.notices if each.code == "LP313"]
    assert named == ([] if "BLUE" in new else ["other"])
    assert module.BY_COLOR[module.Color.RED] is module.double is module.bus.kept["all"][0]
    assert {module.Color.RED} == module.WARM


@pytest.mark.parametrize("rerun", ["all", "changed"])
def test_definition_below_a_statement_about_something_else(live: LiveModule) -> None:
    """What stands above it, and binds nothing, is no part of it."""
    module = live.start("def before(): return 1\n")
    other = beside(
        live,
        "import LIVE as mw\nclass App:\n    def __init__(self): self.kept = []\n"
        "    def use(self, call): self.kept.append(call)\n    def route(self, call): return call\n"
        "app = App()\napp.use(mw.before)\n@app.route\ndef index(): return 1\n",
    )
    live.write("def before(): return 2\n")
    report = livepatch.reload(module, strategy=live.strategy, rerun=live.rerun)

    assert report.notices == ()
    assert other.app.kept[0]() == 2


@pytest.mark.parametrize("rerun", ["all", "changed"])
@pytest.mark.parametrize("slots", ["True", "False"])
def test_validator_and_converter_of_an_attrs_field(live: LiveModule, slots: str) -> None:
    source = f"""
from attrs import define, field, validators
@define(slots={slots})
class Point:
    x: int = field(default=0, converter=lambda value: value + 1)
    y: int = field(default=0, validator=validators.ge(0))
"""
    module = live.start(source)
    point = module.Point()
    live.write(source.replace("ge(0)", "ge(-5)").replace("value + 1", "value + 2"))
    report = livepatch.reload(module, strategy=live.strategy, rerun=live.rerun)

    for each in (point, module.Point()):
        each.y, each.x = -3, 5
        assert (each.x, each.y) == (7, -3)
        with pytest.raises(ValueError, match=r"-5"):
            each.y = -6
    report.undo()
    point.x = 5
    assert point.x == 6
    with pytest.raises(ValueError, match=r">= 0"):
        point.y = -3


@pytest.mark.parametrize("rerun", ["all", "changed"])
def test_field_of_a_pydantic_model_is_edited_again_and_again(live: LiveModule) -> None:
    source = """
from pydantic import BaseModel, Field
class User(BaseModel):
    age: int = Field(1, ge=0)
"""
    module = live.start(source)
    user = module.User()
    for least in (2, 3, 4):
        live.write(source.replace("ge=0", f"ge={least}"))
        report = livepatch.reload(module, strategy=live.strategy, rerun=live.rerun)
        assert (report.ok, report.notices) == (True, ())
        assert type(user) is module.User
        with pytest.raises(ValueError, match="greater than or equal"):
            module.User(age=least - 1)


@pytest.mark.parametrize("rerun", ["all", "changed"])
def test_decorated_function_that_a_class_has_as_well(live: LiveModule) -> None:
    source = """
def options(**named):
    def enter(function):
        table = dict(named)
        def inner(*_): return table
        return inner
    return enter
@options(a=1)
def get(*_): pass
class Query:
    get = staticmethod(get)
"""
    module = live.start(source)
    live.write(source.replace("a=1", "a=5"))
    report = livepatch.reload(module, strategy=live.strategy, rerun=live.rerun)
    assert module.get() == module.Query.get() == {"a": 5}
    report.undo()
    assert module.get() == module.Query.get() == {"a": 1}


@pytest.mark.parametrize("rerun", ["all", "changed"])
def test_who_imports_everything_as_a_list_of_names_goes(live: LiveModule) -> None:
    live.start("X = 1\nY = 2\n__all__ = ['X']\n")
    other = beside(live, "from LIVE import *\n")
    live.write("X = 1\nY = 2\n")
    report = livepatch.reload(live.name, strategy=live.strategy, rerun=live.rerun)
    assert (other.X, other.Y) == (1, 2)
    report.undo()
    assert not hasattr(other, "Y")


SET_BY_LIBRARIES = {
    "enumeration gets another base": (
        "import enum\nclass St(enum.IntEnum):\n    A = 1\n",
        "import enum\nclass St(str, enum.Enum):\n    A = '1'\n",
    ),
    "attrs class is renamed": (
        "from attrs import define\n@define\nclass Named:\n    name: str = 'n'\n",
        "from attrs import define\n@define\nclass Label:\n    name: str = 'n'\n",
    ),
    "data class is renamed": (
        "import dataclasses\n@dataclasses.dataclass\nclass Named:\n    name: str = 'n'\n",
        "import dataclasses\n@dataclasses.dataclass\nclass Label:\n    name: str = 'n'\n",
    ),
    "class for an attribute": (
        "class Base: pass\nclass B(Base): pass\nclass A:\n    partner = Base\n",
        "class B: pass\nclass A:\n    partner = B\n",
    ),
}


@pytest.mark.parametrize("case", SET_BY_LIBRARIES)
@pytest.mark.parametrize("rerun", ["all", "changed"])
def test_what_no_program_has_set_is_not_said_to_be_replaced(live: LiveModule, case: str) -> None:
    before, after = SET_BY_LIBRARIES[case]
    module = live.start(before)
    live.write(after)
    report = livepatch.reload(module, strategy=live.strategy, rerun=live.rerun)
    assert [each for each in report.notices if each.code == "LP304"] == []


@pytest.mark.parametrize("rerun", ["all", "changed"])
def test_what_a_program_has_set_is_said_to_be_replaced(live: LiveModule) -> None:
    source = "import dataclasses\n@dataclasses.dataclass\nclass Named:\n    name: str = 'n'\n"
    module = live.start(source)
    made, seen = module.Named.__init__, []

    def around(self: object, *given: object) -> None:
        seen.append(given)
        made(self, *given)

    module.Named.__init__ = around
    live.write(source + "    size: int = 1\n")
    report = livepatch.reload(module, strategy=live.strategy, rerun=live.rerun)
    assert f"{live.name}.Named.__init__" in {
        each.path for each in report.notices if each.code in {"LP303", "LP304"}
    }


@pytest.mark.parametrize("rerun", ["all", "changed"])
def test_decorator_moves_to_a_new_base(live: LiveModule) -> None:
    source = TABLE + "@on('z')\nclass B: pass\n"
    module = live.start(source)
    held = module.B
    live.write(TABLE + "@on('z')\nclass A: pass\nclass B(A): pass\n")
    report = livepatch.reload(module, strategy=live.strategy, rerun=live.rerun)
    assert {"z": module.A} == module.TABLE
    assert issubclass(module.B, module.A)
    report.undo()
    assert {"z": module.B} == module.TABLE
    assert module.B is held


@pytest.mark.parametrize("rerun", ["all", "changed"])
def test_what_earlier_reports_keep_is_held_by_nobody(live: LiveModule) -> None:
    source = """
class E:
    __slots__ = ('a',)
    @property
    def alive(self): return 1
E.quad = lambda self: 4
"""
    module = live.start(source)
    reports = []

    def edit(text: str) -> livepatch.Report:
        live.write(text)
        reports.append(
            livepatch.reload(module, strategy=live.strategy, rerun=live.rerun)  # and is kept
        )
        return reports[-1]

    slotted = source.replace("('a',)", "('a', 'b')")
    edit(slotted)
    method = slotted.replace("    @property\n", "")
    undone = edit(method).undo()
    assert (undone.ok, undone.notices, module.E().alive) == (True, (), 1)
    assert edit(slotted.replace("E.quad", "E.quint")).notices == ()
    assert not hasattr(module.E, "quad")
