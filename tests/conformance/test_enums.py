"""Enums and flags: the old members stay the members."""

from __future__ import annotations

import enum
import pickle
import signal

import pytest

from tests.live import LiveModule

pytestmark = pytest.mark.sampled(10)

COLOR = """
    import enum
    class Color(enum.Enum):
        RED = 1
        GREEN = 2
        def shout(self): return "old " + self.name
"""


def test_members_of_an_untouched_enum_stay_when_something_else_changed(live: LiveModule) -> None:
    module = live.start(COLOR + "    def hit(): return 1\n")
    held = [module.Color, module.Color.RED]
    live.change("return 1", "return 2")

    assert held[0] is module.Color
    assert held[1] is module.Color.RED
    assert module.hit() == 2


def test_members_take_the_new_method(live: LiveModule) -> None:
    module = live.start(COLOR)
    held = [module.Color.RED]
    live.change('"old "', '"new "')

    assert held[0] is module.Color.RED
    assert held[0].shout() == "new RED"


def test_members_stay_when_a_member_is_added(live: LiveModule) -> None:
    module = live.start(COLOR)
    held = [module.Color, module.Color.RED]
    live.change("GREEN = 2", "GREEN = 2\n    BLUE = 3")

    assert held[0] is module.Color
    assert held[1] is module.Color.RED is module.Color(1) is module.Color["RED"]
    assert isinstance(held[1], module.Color)


def test_added_member_is_a_real_member(live: LiveModule) -> None:
    module = live.start(COLOR)
    held = [module.Color]
    live.change("GREEN = 2", "GREEN = 2\n    BLUE = 3")

    assert module.Color.BLUE is module.Color(3) is held[0]["BLUE"]
    assert [member.name for member in held[0]] == ["RED", "GREEN", "BLUE"]
    assert isinstance(module.Color.BLUE, held[0])
    assert module.Color.BLUE in held[0]


def test_member_added_in_front_keeps_the_order_of_the_source(live: LiveModule) -> None:
    module = live.start(COLOR)
    held = [module.Color.RED, module.Color.GREEN]
    live.change("RED = 1", "BLUE = 0\n    RED = 1")

    assert [*module.Color] == [module.Color.BLUE, *held]
    assert [member.name for member in module.Color] == ["BLUE", "RED", "GREEN"]


def test_members_stay_keys_of_a_dict_and_of_a_set(live: LiveModule) -> None:
    module = live.start(COLOR)
    table = {module.Color.RED: "r", module.Color.GREEN: "g"}
    chosen = {module.Color.RED}
    live.change("GREEN = 2", "GREEN = 2\n    BLUE = 3")

    assert table[module.Color.RED] == "r"
    assert module.Color(2) in table
    assert module.Color.RED in chosen
    assert list(table) == [module.Color.RED, module.Color.GREEN]


def test_member_is_removed(live: LiveModule) -> None:
    module = live.start(COLOR)
    held = [module.Color.RED, module.Color.GREEN]
    live.change("    GREEN = 2\n", "")

    assert held[0] is module.Color.RED
    assert [*module.Color] == [module.Color.RED]
    assert not hasattr(module.Color, "GREEN")
    assert held[1].value == 2


def test_value_of_a_member_changes(live: LiveModule) -> None:
    module = live.start(COLOR)
    held = [module.Color.RED]
    table = {module.Color.RED: "r"}
    live.change("RED = 1", "RED = 9")

    assert held[0] is module.Color.RED is module.Color(9)
    assert held[0].value == 9
    assert table[module.Color.RED] == "r"


def test_value_of_an_integer_member_changes(live: LiveModule) -> None:
    module = live.start("import enum\nclass Level(enum.IntEnum):\n    LOW = 1\n    HIGH = 2\n")
    held = [module.Level.HIGH]
    table = {module.Level.HIGH: "h"}
    live.change("HIGH = 2", "HIGH = 9")

    assert held[0] is module.Level.HIGH is module.Level(9)
    assert held[0] == 9
    assert table[module.Level.HIGH] == "h"


def test_integer_enum_gains_a_member(live: LiveModule) -> None:
    module = live.start("import enum\nclass Level(enum.IntEnum):\n    LOW = 1\n")
    held = [module.Level.LOW]
    live.change("LOW = 1", "LOW = 1\n    HIGH = 2")

    assert held[0] is module.Level.LOW is module.Level(1)
    assert held[0] < module.Level.HIGH
    assert held[0] + 1 == module.Level.HIGH


def test_string_enum_gains_a_member(live: LiveModule) -> None:
    module = live.start('import enum\nclass Kind(str, enum.Enum):\n    A = "a"\n')
    held = [module.Kind.A]
    live.change('A = "a"', 'A = "a"\n    B = "b"')

    assert held[0] is module.Kind.A is module.Kind("a")
    assert module.Kind.B.upper() == "B"


def test_flag_gains_a_member(live: LiveModule) -> None:
    module = live.start("import enum\nclass Right(enum.Flag):\n    READ = 1\n    WRITE = 2\n")
    held = [module.Right.READ, module.Right.READ | module.Right.WRITE]
    live.change("WRITE = 2", "WRITE = 2\n    RUN = 4")

    assert held[0] is module.Right.READ is module.Right(1)
    assert held[1] is module.Right.READ | module.Right.WRITE
    assert held[0] in held[1]
    assert (held[1] | module.Right.RUN).value == 7


def test_integer_flag_gains_a_method(live: LiveModule) -> None:
    source = "import enum\nclass Right(enum.IntFlag):\n    READ = 1\n    WRITE = 2\n"
    module = live.start(source)
    held = [module.Right.READ, module.Right.READ | module.Right.WRITE]
    live.edit(source + "    def count(self): return bin(self).count('1')\n")

    assert held[0] is module.Right.READ
    assert [flag.count() for flag in held] == [1, 2]
    assert held[1] is module.Right(3)


def test_alias_of_a_member_is_added(live: LiveModule) -> None:
    module = live.start(COLOR)
    held = [module.Color.RED]
    live.change("GREEN = 2", "GREEN = 2\n    CRIMSON = 1")

    assert module.Color.CRIMSON is module.Color.RED is held[0]
    assert len(module.Color) == 2


def test_automatic_values(live: LiveModule) -> None:
    module = live.start("import enum\nclass Color(enum.Enum):\n    RED = enum.auto()\n")
    held = [module.Color.RED]
    live.change("RED = enum.auto()", "RED = enum.auto()\n    GREEN = enum.auto()")

    assert held[0] is module.Color.RED
    assert module.Color.GREEN.value == 2


def test_member_with_state_set_at_run_time_keeps_it(live: LiveModule) -> None:
    module = live.start(COLOR)
    module.Color.RED.uses = 5
    live.change("GREEN = 2", "GREEN = 2\n    BLUE = 3")

    assert module.Color.RED.uses == 5


def test_enum_with_an_init_of_its_own(live: LiveModule) -> None:
    module = live.start("""
        import enum
        class Planet(enum.Enum):
            EARTH = (1, 10)
            def __init__(self, mass, radius): self.mass, self.radius = mass, radius
            def density(self): return self.mass * self.radius
    """)
    held = [module.Planet.EARTH]
    live.change("(1, 10)", "(1, 20)")

    assert held[0] is module.Planet.EARTH
    assert held[0].density() == 20


def test_enum_nested_in_a_class(live: LiveModule) -> None:
    module = live.start("""
        import enum
        class Game:
            class State(enum.Enum):
                ON = 1
    """)
    held = [module.Game.State.ON]
    live.change("ON = 1", "ON = 1\n        OFF = 2")

    assert held[0] is module.Game.State.ON is module.Game.State(1)
    assert len(module.Game.State) == 2


def test_enum_made_by_a_call(live: LiveModule) -> None:
    module = live.start('import enum\nColor = enum.Enum("Color", "RED")\n')
    held = [module.Color, module.Color.RED]
    live.change('"RED"', '"RED GREEN"')

    assert held[0] is module.Color
    assert held[1] is module.Color.RED
    assert module.Color.GREEN.value == 2


def test_member_survives_pickling_across_the_reload(live: LiveModule) -> None:
    module = live.start(COLOR)
    text = pickle.dumps(module.Color.RED)
    held = [module.Color.RED]
    live.change("GREEN = 2", "GREEN = 2\n    BLUE = 3")

    assert pickle.loads(text) is held[0]
    assert pickle.loads(pickle.dumps(held[0])) is held[0]


def test_member_as_a_default_and_as_a_global_elsewhere(live: LiveModule) -> None:
    module = live.start(COLOR)
    other = live.other("""
        from LIVE import Color
        RED = Color.RED
        def paint(color=Color.RED): return color
    """)
    live.change("GREEN = 2", "GREEN = 2\n    BLUE = 3")

    assert other.RED is other.paint() is module.Color.RED
    assert other.Color is module.Color


def test_member_in_a_match_statement_elsewhere(live: LiveModule) -> None:
    module = live.start(COLOR)
    other = live.other("""
        import LIVE
        def name(color):
            match color:
                case LIVE.Color.RED: return "red"
                case _: return "other"
    """)
    held = [module.Color.RED]
    live.change("GREEN = 2", "GREEN = 2\n    BLUE = 3")

    assert other.name(held[0]) == "red"


def test_members_stay_through_many_generations(live: LiveModule) -> None:
    module = live.start("import enum\nclass Color(enum.Enum):\n    RED = 1\n")
    held = [module.Color, module.Color.RED]
    body = "    RED = 1\n"
    for number in range(2, 7):
        body += f"    C{number} = {number}\n"
        live.edit("import enum\nclass Color(enum.Enum):\n" + body)

    assert held == [module.Color, module.Color.RED]
    assert len(held[0]) == 6
    assert held[0](6) is module.Color.C6


def test_enum_gains_a_mixin_base(live: LiveModule) -> None:
    source = """
        import enum
        class Mixin:
            def twice(self): return self.value * 2
        class Color(enum.Enum):
            RED = 1
    """
    module = live.start(source)
    held = [module.Color, module.Color.RED]
    live.edit(source.replace("Color(enum.Enum)", "Color(Mixin, enum.Enum)"))

    assert held[0] is module.Color
    assert held[1] is module.Color.RED
    assert held[1].twice() == 2


def test_enum_becomes_an_integer_enum(live: LiveModule) -> None:
    module = live.start("import enum\nclass Level(enum.Enum):\n    LOW = 1\n    HIGH = 2\n")
    held = [module.Level, module.Level.HIGH]
    live.change("enum.Enum", "enum.IntEnum")

    assert held[0] is module.Level
    assert held[1] is module.Level.HIGH
    assert held[1] > 1


@pytest.mark.since(3, 11)  # enum.StrEnum
def test_str_enum_class_of_the_standard_library(live: LiveModule) -> None:
    module = live.start("import enum\nclass Kind(enum.StrEnum):\n    A = enum.auto()\n")
    held = [module.Kind.A]
    live.change("A = enum.auto()", "A = enum.auto()\n    B = enum.auto()")

    assert held[0] is module.Kind.A is module.Kind("a")
    assert str(module.Kind.B) == "b"


def test_inverse_of_a_flag_has_the_member_that_was_added(live: LiveModule) -> None:
    module = live.start("import enum\nclass P(enum.Flag):\n    R = 1\n    W = 2\n")
    both, write = module.P.R | module.P.W, module.P.W
    assert ~write == module.P.R
    assert not ~both
    report = live.edit(live.source + "    X = 4\n")

    assert ~write == ~module.P.W == module.P.R | module.P.X
    assert ~both == module.P.X
    report.undo()
    assert ~write == ~module.P.W == module.P.R
    assert not ~both


CLASSES = {
    "slots": "class Color:\n    __slots__ = ('a',)\n",
    "number": "class Color(int):\n    pass\n",
    "exception": "class Color(Exception):\n    pass\n",
    "named tuple": "import collections\nColor = collections.namedtuple('Color', 'a b')\n",
}


@pytest.mark.sampled(6)
@pytest.mark.parametrize("case", CLASSES)
@pytest.mark.parametrize("kind", ["Enum", "IntEnum"])
@pytest.mark.parametrize("holds", [False, True])
def test_class_that_became_an_enum_is_that_class_again(
    live: LiveModule, case: str, kind: str, holds: bool
) -> None:
    module = live.start(CLASSES[case])
    cls, new = module.Color, enum.Enum.__new__
    held = [cls]
    report = live.edit(f"import enum\nclass Color(enum.{kind}):\n    RED = 1\n")
    assert held == [module.Color]
    held += [module.Color.RED] if holds else []
    report = report.undo()

    assert held[0] is module.Color
    assert not issubclass(held[0], enum.Enum)
    # Every enumeration has this one, which is not the class's own.
    assert enum.Enum.__new__ is signal.Signals.__new__ is new
    if holds and type(held[1]) is not module.Color:
        # Where its layout is another one; else it is an instance now.
        assert repr(held[1]) == "<Color.RED: 1>"
        assert {notice.code for notice in report.notices} <= {"LP209", "LP201"}
        assert report.notices
    else:
        assert report.ok, report


@pytest.mark.parametrize("base", ["", "(Exception)"], ids=["plain", "exception"])
def test_class_with_instances_becomes_an_enumeration(live: LiveModule, base: str) -> None:
    module = live.start(f"import enum\nclass Color{base}:\n    def hit(self): return 1\n")
    held = frozenset({module.Color()})
    report = live.edit("import enum\nclass Color(enum.Enum):\n    RED = 1\n")

    assert module.Color(1) is module.Color.RED
    assert [isinstance(each, enum.Enum) for each in held] == [False]
    assert "LP306" in {each.code for each in report.notices}


RERUNS = pytest.mark.parametrize("rerun", ["all", "changed"])


@RERUNS
@pytest.mark.parametrize("base", ["Enum", "IntEnum", "Flag", "IntFlag"])
def test_member_that_has_gone_is_not_the_one_that_has_its_number_now(
    live: LiveModule, base: str, rerun: str
) -> None:
    """An order that was paid was sent afterwards: `auto()` had counted anew."""
    source = f"from enum import *\nclass S({base}):\n" + "".join(
        f"    {name} = auto()\n" for name in ("NEW", "PAID", "SENT")
    )
    module = live.start(source)
    held = dict(module.S.__members__)
    report = live.edit(source.replace("    PAID = auto()\n", ""), rerun=rerun)

    assert {name: each._name_ for name, each in held.items()} == {name: name for name in held}
    assert held["NEW"] is module.S.NEW
    assert held["SENT"] is module.S.SENT
    assert ("LP309", f"{live.name}.S.PAID") in {(each.code, each.path) for each in report.notices}


@RERUNS
def test_member_of_another_name_and_the_same_value_is_renamed(live: LiveModule, rerun: str) -> None:
    source = "import enum\nclass S(enum.Enum):\n    NEW = 1\n    OLD = 2\n"
    module = live.start(source)
    held = module.S.OLD
    live.edit(source.replace("OLD", "AGED"), rerun=rerun)

    assert held is module.S.AGED


@RERUNS
@pytest.mark.parametrize("makes", ["", "X = P.READ | P.WRITE\nY = P.ADMIN | P.READ\n"])
def test_combination_of_flags_goes_by_its_parts(live: LiveModule, makes: str, rerun: str) -> None:
    """One that somebody held gave another right once a member had come in front."""
    source = "from enum import *\nclass P(Flag):\n    READ = auto()\n    WRITE = auto()\n"
    module = live.start(source)
    both = module.P.READ | module.P.WRITE
    table = {both: 1}
    report = live.edit(
        source.replace("    READ", "    ADMIN = auto()\n    READ") + makes, rerun=rerun
    )

    assert both is module.P.READ | module.P.WRITE
    assert both is module.P(6)
    assert both._value_ == 6
    assert module.P.ADMIN | module.P.READ is not both
    rights = (module.P.ADMIN, module.P.READ, module.P.WRITE)
    assert [part in both for part in rights] == [False, True, True]
    assert table[module.P.READ | module.P.WRITE] == 1
    assert report.ok
    report.undo()
    assert both is module.P.READ | module.P.WRITE
    assert both is module.P(3)
    assert table[both] == 1


@RERUNS
def test_combination_of_numbers_is_named_where_its_parts_have_others(
    live: LiveModule, rerun: str
) -> None:
    """What is an `int` too has its number in C memory."""
    source = "from enum import *\nclass P(IntFlag):\n    READ = auto()\n    WRITE = auto()\n"
    module = live.start(source)
    both = module.P.READ | module.P.WRITE
    report = live.edit(source.replace("    READ", "    ADMIN = auto()\n    READ"), rerun=rerun)

    assert both == 3
    named = [(each.code, each.path) for each in report.notices]
    assert ("LP313", f"{live.name}.P.READ|WRITE") in named


@RERUNS
@pytest.mark.parametrize("base", ["Enum", "IntEnum", "Flag", "IntFlag", "str, Enum"])
def test_class_of_constants_becomes_an_enumeration(live: LiveModule, base: str, rerun: str) -> None:
    """The names stayed plain numbers: their lines say what they said."""
    one, two = ("'a'", "'b'") if "str" in base else (1, 2)
    source = f"from enum import *\nclass Color:\n    RED = {one}\n    BLUE = {two}\n"
    module = live.start(source)
    report = live.edit(source.replace("Color:", f"Color({base}):"), rerun=rerun)

    assert list(module.Color) == [module.Color.RED, module.Color.BLUE]
    assert type(module.Color.RED) is module.Color
    assert module.Color.RED._value_ == module.Color(module.Color.RED._value_)._value_
    assert report.notices == ()
    live.edit(source, rerun=rerun)
    assert [str(module.Color.RED), str(module.Color.BLUE)] == [
        str(one).strip("'"),
        str(two).strip("'"),
    ]


@RERUNS
@pytest.mark.parametrize(
    ("head", "body"),
    [
        ("class F(Enum):", "    A = 'a'\n    B = 'b'\n"),
        ("class F(Flag):", "    A = 1\n    B = 1\n"),
        ("class F(Flag):", "    A = 3\n    B = 4\n    C = 1\n"),
        ("class F:", "    A = 1\n    B = 2\n"),
    ],
)
def test_combination_whose_parts_are_no_parts_any_more(
    live: LiveModule, head: str, body: str, rerun: str
) -> None:
    """It was given the sum of its parts, whatever these were."""
    module = live.start("from enum import *\nclass F(Flag):\n    A = 1\n    B = 2\n")
    both = module.F.A | module.F.B
    live.edit(f"from enum import *\n{head}\n{body}", rerun=rerun)

    assert both._value_ == 3


FLAGS = """
    import enum
    class Access(enum.{kind}):
        READ = 1
        WRITE = 2
        RUN = 4
"""


@pytest.mark.parametrize("rerun", ["all", "changed"])
@pytest.mark.parametrize("held", [True, False])
@pytest.mark.parametrize("kind", ["Flag", "IntFlag"])
def test_combination_with_a_member_that_has_gone(
    live: LiveModule, kind: str, *, held: bool
) -> None:
    source = FLAGS.format(kind=kind)
    module = live.start(source)
    both, good = module.Access(6), module.Access(3)
    report = live.edit(source.replace("        RUN = 4\n", "") if held else source + "    X = 1\n")
    named = [(each.code, each.path.partition(".")[2]) for each in report.notices]

    assert module.Access(3) is good
    if not held or kind == "IntFlag":
        assert module.Access(6) is both
        assert not named
    else:
        with pytest.raises(ValueError, match="6"):
            module.Access(6)
        assert named == [("LP309", "Access(6)")]
    report.undo()
    assert module.Access(6) is both
    assert both == module.Access.WRITE | module.Access.RUN
