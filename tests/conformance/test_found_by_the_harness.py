"""What the state machine of `tests/harness` found, with the shortest story of each."""

from __future__ import annotations

import gc
import weakref

import pytest

import livepatch
from livepatch.testing import assert_current, assert_like_fresh, assert_unchanged
from tests.live import LiveModule, Strategy, run_in_child

pytestmark = pytest.mark.sampled(6)


def test_data_class_that_loses_its_slots_has_its_defaults_again(live: LiveModule) -> None:
    module = live.start(
        "import dataclasses\n@dataclasses.dataclass(slots=True)\nclass Point:\n    x: int = 1\n"
    )
    point = module.Point(7)
    live.change("(slots=True)", "")

    assert (point.x, module.Point().x, module.Point.x) == (7, 1, 1)
    assert_like_fresh(module)


def test_base_of_a_class_that_becomes_a_function_lists_no_function(live: LiveModule) -> None:
    other = live.other("class Base: pass\n")
    module = live.start("from OTHER import Base\nclass make(Base): pass\n")
    reference = weakref.ref(module.make)
    report = live.edit("from OTHER import Base\ndef make(): return 1\n")

    assert reference() is module.make
    assert all(isinstance(each, type) for each in other.Base.__subclasses__())
    report.undo()
    assert reference() is module.make
    assert other.Base.__subclasses__() == [module.make]


def test_named_tuple_that_becomes_a_data_class_has_its_defaults(live: LiveModule) -> None:
    module = live.start(
        "import typing, dataclasses\nclass Point(typing.NamedTuple):\n    x: int = 1\n"
    )
    points = [module.Point(7)]
    live.change("class Point(typing.NamedTuple)", "@dataclasses.dataclass\nclass Point")

    assert (points[0].x, module.Point().x, module.Point.x) == (7, 1, 1)
    assert_like_fresh(module)


def test_member_of_an_enum_that_became_a_flag_and_is_one_no_more_is_found(
    live: LiveModule,
) -> None:
    module = live.start("import enum\nclass Color(enum.Enum):\n    RED = 1\n    BLUE = 2\n")
    table, members = {module.Color.RED: 1}, frozenset({module.Color.RED})
    group = {module.Color.RED}
    report = live.change("enum.Enum", "enum.Flag")
    report.undo()

    assert table[module.Color.RED] == 1
    assert module.Color.RED in members
    assert module.Color.RED in group
    assert module.Color(1) is module.Color.RED is next(iter(table))


@pytest.mark.parametrize("kind", ["enum.Enum", "enum.Flag", "enum.IntEnum"])
def test_class_with_a_subclass_elsewhere_does_not_become_an_enum(
    live: LiveModule, kind: str
) -> None:
    module = live.start("import enum\nclass Color: pass\n")
    other = live.other("from LIVE import Color\nclass Mine(Color): pass\n")
    held = [module.Color, other.Mine()]
    with pytest.raises(livepatch.ReloadRefused, match="LP124"):
        live.edit(f"import enum\nclass Color({kind}):\n    RED = 1\n")

    assert held[0] is module.Color
    assert type(held[1]) is other.Mine
    assert other.Mine.__bases__ == (module.Color,)


def test_reloads_of_one_source_with_a_class_that_cannot_be_replaced_leave_nothing(
    live: LiveModule,
) -> None:
    """The new class of the first of them was kept alive, and held its base in its own bases."""
    module = live.start("class Other: pass\nclass Level(Other, int): pass\n")
    held = [module.Level(3)]
    for _ in range(3):
        report = live.reload()
        assert report.ok, report

    assert type(held[0]) is module.Level
    assert module.Other.__subclasses__() == [module.Level]


def test_class_that_became_a_function_has_its_bases_while_another_derives_from_it(
    live: LiveModule,
) -> None:
    source = "class Base:\n    def hit(self): return 1\nclass Player(Base): pass\n"
    module = live.start(source)
    other = live.other("from LIVE import Player\nclass Archer(Player): pass\n")
    archer = other.Archer()
    report = live.edit("class Base:\n    def hit(self): return 2\nasync def Player(): pass\n")

    assert "LP306" in {notice.code for notice in report.notices}
    assert isinstance(archer, module.Base)
    assert archer.hit() == 2
    assert_current(module)
    report.undo()
    assert archer.hit() == 1
    assert other.Archer.__mro__[:3] == (other.Archer, module.Player, module.Base)


@pytest.mark.one_mode
@pytest.mark.parametrize("rerun", ["changed"])
def test_method_of_a_renamed_class_follows_its_later_lines(live: LiveModule) -> None:
    # Its code before and after is equal on CPython 3.11 and newer, but for the qualified name.
    module = live.start(
        "import collections\n"
        "class Alpha(collections.namedtuple('Alpha', 'a')):\n    def hit(self): return 1\n"
    )
    gc.collect()  # objects made later come before it then
    report = live.change("Alpha", "Beta")  # keeps the new function, whose place the old one took
    code = module.Beta.hit.__code__
    assert getattr(code, "co_qualname", "Beta.hit") == "Beta.hit"
    live.change("class", "\n\nclass")

    assert report.ok
    assert module.Beta.hit.__code__.co_firstlineno == 5
    assert_like_fresh(module)
    assert_current(module)


def test_line_that_comes_inside_a_body_is_in_its_tracebacks(live: LiveModule) -> None:
    # On CPython 3.10 the code before and after is equal.
    module = live.start("def hit():\n    a = 1\n    return a / 0\n")
    hit = module.hit
    live.change("    return", "    # Told twice.\n    return")
    with pytest.raises(ZeroDivisionError) as raised:
        hit()

    assert raised.traceback[-1].lineno == 3  # counted from 0


def test_what_enumerations_have_from_each_other_stays_where_one_takes_the_place_of_a_tuple(
    strategy: Strategy,
) -> None:
    said = run_in_child(
        """
        import signal
        live.start("import typing, enum\\nclass Color(typing.NamedTuple):\\n    red: int = 1\\n")
        new = vars(signal.Signals)["__new__"]
        for end in ("1 / 0\\n", ""):
            try: live.edit("import typing, enum\\nclass Color(enum.Enum):\\n    RED = 1\\n" + end)
            except ZeroDivisionError: pass
            print(vars(signal.Signals)["__new__"] is new, signal.Signals(2).name)
        """,
        strategy,
    )

    assert said == "True SIGINT\nTrue SIGINT\n"


def test_class_stands_among_the_subclasses_of_its_own_bases_alone(live: LiveModule) -> None:
    # Who holds a weak reference to a class holds the one by which its base lists it.
    module = live.start("class Lost(Exception): pass\n")
    reference = weakref.ref(module.Lost)
    table = {id(module.Lost): weakref.ref(module.Lost)}
    instance = module.Lost()
    live.edit("class Lost(KeyError, ValueError): pass\n")

    for base in (Exception, KeyError, ValueError):
        assert base.__subclasses__().count(module.Lost) == (base in module.Lost.__bases__)
    assert type(instance) is reference() is module.Lost
    assert list(table) == [id(module.Lost)]
    assert table[id(module.Lost)]() is module.Lost


def test_class_below_a_protocol_finds_the_init_that_its_base_has_now(live: LiveModule) -> None:
    module = live.start(
        "import typing\n"
        "class Says(typing.Protocol):\n    def say(self): ...\n"
        "class Base: pass\n"
        "class Player(Base, Says): pass\n"
    )
    module.Player()  # typing notes in the class which __init__ it has found
    report = live.change("class Base: pass", "class Base:\n    def __init__(self): self.level = 1")

    assert module.Player().level == 1
    assert report.ok
    assert not report.notices
    assert_like_fresh(module)


def test_class_that_only_a_report_keeps_does_not_hold_its_bases(live: LiveModule) -> None:
    source = "class Other: pass\nclass Level(Other, int): pass\n"
    module = live.start(source.replace("Other, ", ""))
    held = [module.Level(3)]
    reports = [live.edit(source)]
    held.clear()
    reports.append(
        live.edit("class Other: pass\nimport functools\nLevel = functools.partial(int)\n")
    )
    reports.append(live.reload())

    assert reports[2].ok, reports[2]
    for report in reversed(reports):
        report.undo()
    assert module.Level.__bases__ == (int,)


def test_class_that_had_become_a_function_is_followed_when_it_is_one_again(
    live: LiveModule,
) -> None:
    source = "class make:\n    def hit(self): return 1\n"
    module = live.start(source)
    other = live.other("from LIVE import make\nclass Child(make): pass\n")
    made, hit = [module.make(), other.Child()], module.make.hit
    live.edit("def make(): return 1\n")
    assert other.Child.__bases__ == (type(made[0]),)
    with (
        assert_unchanged(module, other, made),
        pytest.raises(ZeroDivisionError),
    ):
        live.edit(source + "1 / 0\n")
    report = live.edit(source.replace("1", "2"))

    assert report.ok, report
    assert type(made[0]) is module.make
    assert other.Child.__bases__ == (module.make,)
    assert [each.hit() for each in made] == [hit(each) for each in made] == [2, 2]
    assert_current(module)
    report.undo()
    assert module.make is other.make
    assert module.make() == 1


@pytest.mark.one_mode
def test_class_over_what_a_call_makes_is_unchanged_while_the_call_is(live: LiveModule) -> None:
    source = """
        import collections
        FIELDS = "a b"
        class Point(collections.namedtuple("Point", FIELDS, defaults=[1])):
            def hit(self): return 1
    """
    module = live.start(source)
    points = [module.Point(3, 4)]
    unchanged = live.reload()
    changed = live.change("a b", "b a")

    assert {each.outcome.value for each in unchanged.definitions} == {"unchanged"}
    assert f"{live.name}.Point" in {
        each.path for each in changed.definitions if each.outcome.value != "unchanged"
    }
    assert type(points[0]) is module.Point
    assert (points[0].a, points[0].b) == (3, 4)


@pytest.mark.one_mode
@pytest.mark.parametrize("rerun", ["changed"])
@pytest.mark.parametrize(
    "statement",
    [
        "@dataclasses.dataclass\nclass Alpha:\n    a: int = 1\n",
        "class Alpha(typing.NamedTuple):\n    a: int = 1\n",
    ],
)
def test_renamed_data_class_is_documented_by_its_name(live: LiveModule, statement: str) -> None:
    module = live.start("import dataclasses, typing\n" + statement)
    held = module.Alpha(2)
    live.change("Alpha", "Beta")

    assert type(held) is module.Beta
    assert module.Beta.__doc__.startswith("Beta(")
    assert_like_fresh(module)


def test_decorated_function_that_becomes_a_lambda_has_nothing_of_its_wrapper(
    live: LiveModule,
) -> None:
    before = """
        import functools
        @functools.singledispatch
        def hit(a=1): return 1
    """
    module = live.start(before)
    held = [module.hit]
    live.edit("import functools\nhit = lambda a=1: 2\n")

    assert held[0] is module.hit
    assert held[0](1) == 2
    assert not vars(module.hit)
    live.edit(before)

    assert held[0] is module.hit
    assert held[0](1) == 1
    assert_current(module)


@pytest.mark.parametrize("parameter", ["a=[]", "a={}", "*, a=[]", "a=Player", "*, a=Player"])
def test_function_whose_default_stays_is_unchanged(live: LiveModule, parameter: str) -> None:
    live.start(f"class Player: pass\ndef hit({parameter}): return 1\n")
    report = live.reload(rerun="all")

    assert {each.outcome.value for each in report.definitions} == {"unchanged"}


@pytest.mark.one_mode
@pytest.mark.parametrize("rerun", ["changed"])
@pytest.mark.parametrize("home", ["module", "Home"])
def test_decorator_object_is_followed_to_another_name(live: LiveModule, home: str) -> None:
    module = live.start("""
        import functools
        class Wrapper:
            def __init__(self, function): functools.update_wrapper(self, function)
            def __call__(self): return self.__wrapped__()
        class Home:
            @Wrapper
            def hit(): return 1
        @Wrapper
        def hit(): return 1
    """)
    place = module if home == "module" else module.Home
    held = place.hit
    report = live.change("def hit", "def strike")

    assert held is place.strike
    assert held.__wrapped__.__name__ == "strike"
    assert not hasattr(place, "hit")
    assert f"{live.name}.hit" in {each.previous for each in report.definitions}
    assert not report.notices
    assert_current(module)


@pytest.mark.one_mode
@pytest.mark.parametrize("rerun", ["changed"])
def test_class_that_was_a_function_in_between_is_renamed_there_and_back(live: LiveModule) -> None:
    source = "import enum\nclass Color(enum.Enum):\n    RED = 1\n    def hit(self): return 1\n"
    module = live.start(source)
    held = [module.Color]
    live.edit("def Color(): return 1\n")
    live.edit(source)
    live.change("Color", "Paint")
    report = live.change("Paint", "Color")

    assert held[0] is type(module.Color.RED) is module.Color
    assert f"{live.name}.Paint" in {each.previous for each in report.definitions}
    assert not report.notices
    assert_like_fresh(module)


@pytest.mark.parametrize("rerun", ["changed"])
def test_descriptors_of_a_renamed_class_say_its_new_name(live: LiveModule) -> None:
    source = (
        "class alpha:\n    @staticmethod\n    def number(): return 0\n"
        "    @classmethod\n    def made(cls): return 0\n"
        "    @property\n    def size(self): return 0\n"
    )
    module = live.start(source)
    held = module.alpha()
    live.edit(source.replace("alpha", "beta"))

    assert type(held) is module.beta
    own = vars(module.beta)
    inside = own["number"].__func__, own["made"].__func__, own["size"].fget
    assert [each.__qualname__ for each in inside] == ["beta.number", "beta.made", "beta.size"]
