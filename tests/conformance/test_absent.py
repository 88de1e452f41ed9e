"""What `__init__` assigns now and did not before: given to the instances there are, or named."""

from __future__ import annotations

import gc
from typing import Any

import pytest

import livepatch
from tests.live import LiveModule

pytestmark = pytest.mark.sampled(12)

GAME = """
    class Player:
        def __init__(self, name):
            self.name = name
        def hit(self): return 1
"""
RERUNS = ("all", "changed")


def gains(live: LiveModule, lines: str, **options: Any) -> livepatch.Report:
    """Have `__init__` assign more."""
    return live.change("self.name = name", f"self.name = name; {lines}", **options)


def said(report: livepatch.Report, code: str) -> dict[str, str]:
    return {
        each.path.rpartition(".")[2]: each.message for each in report.notices if each.code == code
    }


VALUES = {
    "0": 0,
    "-1.5": -1.5,
    "None": None,
    "'text'": "text",
    "(1, 'a')": (1, "a"),
    "[]": [],
    "{}": {},
    "set()": set(),
    "list()": [],
    "[1, [2]]": [1, [2]],
    "{'a': [1]}": {"a": [1]},
    "{1, 2}": {1, 2},
}


@pytest.mark.sampled(13)
@pytest.mark.parametrize("rerun", RERUNS)
@pytest.mark.parametrize("text", VALUES)
def test_literal_or_container_is_given_to_the_instances(
    live: LiveModule, text: str, rerun: str
) -> None:
    module = live.start(GAME)
    one, two = module.Player("ada"), module.Player("bob")
    report = gains(live, f"self.bag = {text}", rerun=rerun)

    assert report.ok
    assert one.bag == two.bag == VALUES[text]
    assert type(one.bag) is type(VALUES[text])
    assert vars(one) == vars(module.Player("ada"))
    assert said(report, "LP317") == {"bag": f"2 live instances are without it; given {text}"}
    assert not said(report, "LP318")


@pytest.mark.parametrize("text", ["[]", "{}", "set()", "[1, [2]]", "collections.deque()"])
def test_each_instance_gets_a_container_of_its_own(live: LiveModule, text: str) -> None:
    module = live.start("import collections\n" + GAME.replace("\n    ", "\n"))
    one, two = module.Player("ada"), module.Player("bob")
    gains(live, f"self.bag = {text}")

    assert one.bag is not two.bag
    assert one.bag == two.bag
    if type(one.bag) is list and one.bag:
        assert one.bag[1] is not two.bag[1]


@pytest.mark.parametrize("rerun", RERUNS)
def test_other_values_are_named_with_class_attribute_and_count(
    live: LiveModule, rerun: str
) -> None:
    module = live.start(GAME)
    players = [module.Player("ada"), module.Player("bob")]
    report = gains(live, "self.title = name.title(); self.level = 1", rerun=rerun)
    (notice,) = (each for each in report.notices if each.code == "LP318")

    assert notice.path == f"{live.name}.Player.title"
    assert "2 live instances" in notice.message
    assert [player.level for player in players] == [1, 1]
    assert not hasattr(players[0], "title")


NO_LITERALS = {
    "under a condition": "self.bag = [] if name else None",
    "from an argument": "self.bag = name",
    "by a call": "self.bag = dict(a=1)",
    "assigned twice": "self.bag = None; self.bag = name",
    "filled at once": "self.bag = []; self.bag.append(name)",
    "shared by two names": "self.bag = self.box = []",
    "in a row": "self.bag, self.box = [], {}",
}


@pytest.mark.parametrize("case", NO_LITERALS)
def test_what_is_more_than_a_literal_is_not_made_up(live: LiveModule, case: str) -> None:
    module = live.start(GAME)
    player = module.Player("ada")
    report = gains(live, NO_LITERALS[case])

    assert not hasattr(player, "bag")
    assert "bag" in said(report, "LP318")
    assert "bag" not in said(report, "LP317")


STATEMENTS = {
    "if": "if name:\n            self.bag = []",
    "for": "for _ in name:\n            self.bag = []",
    "try": "try:\n            self.bag = []\n        except ValueError: pass",
    "after a return": "if name: return\n        self.bag = []",
}


@pytest.mark.parametrize("case", STATEMENTS)
def test_what_is_not_always_assigned_is_not_made_up(live: LiveModule, case: str) -> None:
    module = live.start(GAME)
    player = module.Player("ada")
    report = live.change("self.name = name", f"self.name = name\n        {STATEMENTS[case]}")

    assert not hasattr(player, "bag")
    assert "bag" in said(report, "LP318")


def test_name_that_hides_a_container_is_no_container(live: LiveModule) -> None:
    module = live.start("def list(): return [1]\n" + GAME.replace("\n    ", "\n"))
    player = module.Player("ada")
    report = gains(live, "self.bag = list()")

    assert not hasattr(player, "bag")
    assert "bag" in said(report, "LP318")


@pytest.mark.parametrize("rerun", RERUNS)
def test_undo_takes_away_what_nobody_has_touched(live: LiveModule, rerun: str) -> None:
    module = live.start(GAME)
    one, two = module.Player("ada"), module.Player("bob")
    report = gains(live, "self.bag = []; self.level = 1; self.a = {'x': [1]}", rerun=rerun)
    two.bag.append(1)
    two.level = 7
    undone = report.undo()

    assert undone.ok
    assert vars(one) == {"name": "ada"}
    assert vars(two) == {"name": "bob", "bag": [1], "level": 7}
    again = live.reload(rerun=rerun)
    assert again.ok
    assert (one.bag, one.level, two.bag, two.level) == ([], 1, [1], 7)


def test_dry_run_says_so_and_gives_nothing(live: LiveModule) -> None:
    module = live.start(GAME)
    player = module.Player("ada")
    report = gains(live, "self.bag = []; self.title = name.title()", dry_run=True)

    assert said(report, "LP317")
    assert said(report, "LP318")
    assert vars(player) == {"name": "ada"}


def test_failed_reload_gives_nothing(live: LiveModule) -> None:
    module = live.start(GAME + "    class Other:\n        __slots__ = ('a',)\n")
    player, other = module.Player("ada"), module.Other()
    other.a = 1
    hook = "('a', 'b')\n    def __livepatch_migrate__(self, change): 1 / 0"
    live.write(live.source.replace("('a',)", hook))
    with pytest.raises(ZeroDivisionError):
        gains(live, "self.bag = []; self.level = 1")

    assert vars(player) == {"name": "ada"}
    assert other.a == 1


def test_subclasses_whose_init_calls_it_are_given_it_too(live: LiveModule) -> None:
    module = live.start(
        GAME
        + """
    class Mage(Player): pass
    class Elf(Player):
        def __init__(self, name):
            super().__init__(name)
            self.ears = 2
    class Ghost(Player):
        def __init__(self): pass
    """
    )
    other = live.other("import LIVE\nclass Orc(LIVE.Player): pass\n")
    called = [module.Mage("a"), module.Elf("b"), other.Orc("c"), module.Player("d")]
    ghost = module.Ghost()
    report = gains(live, "self.bag = []")

    assert [each.bag for each in called] == [[], [], [], []]
    assert not hasattr(ghost, "bag")
    assert "4 live instances" in said(report, "LP317")["bag"]


def test_init_that_comes_gives_what_it_assigns(live: LiveModule) -> None:
    module = live.start("class Player: pass\n")
    player = module.Player()
    report = live.edit("class Player:\n    def __init__(self, name=''): self.level = 1\n")

    assert player.level == 1
    assert said(report, "LP317")


def test_instances_that_have_it_already_keep_theirs(live: LiveModule) -> None:
    module = live.start(GAME)
    one, two = module.Player("ada"), module.Player("bob")
    one.level = 7
    report = gains(live, "self.level = 1")

    assert (one.level, two.level) == (7, 1)
    assert "1 live instance is" in said(report, "LP317")["level"]


def test_class_attribute_of_that_name_is_no_instance_attribute(live: LiveModule) -> None:
    module = live.start(GAME.replace("def hit", "level = 5\n        def hit"))
    one, two = module.Player("ada"), module.Player("bob")
    one.level = 7
    gains(live, "self.level = 1")

    assert (vars(one)["level"], vars(two)["level"]) == (7, 1)


def test_property_of_that_name_is_left_alone(live: LiveModule) -> None:
    module = live.start(
        GAME
        + """
        calls = []
        @property
        def level(self): return 3
        @level.setter
        def level(self, value): self.calls.append(value)
    """
    )
    player = module.Player("ada")
    report = gains(live, "self.level = 1")

    assert not module.Player.calls
    assert vars(player) == {"name": "ada"}
    assert not said(report, "LP317")


def test_own_setattr_and_getattr_are_not_asked(live: LiveModule) -> None:
    module = live.start(
        GAME
        + """
        def __getattr__(self, name): raise ZeroDivisionError
        def __setattr__(self, name, value): object.__setattr__(self, name, value); told.append(name)
    told = []
    """
    )
    player = module.Player("ada")
    told = module.told
    gains(live, "self.level = 1", keep=("told",))

    assert player.level == 1
    assert told == ["name"]


def test_private_attribute_goes_by_its_mangled_name(live: LiveModule) -> None:
    module = live.start(GAME)
    player = module.Player("ada")
    gains(live, "self.__bag = []")

    assert vars(player)["_Player__bag"] == []


def test_new_slot_is_given_what_init_assigns(live: LiveModule) -> None:
    source = """
        class Player:
            __slots__ = ("name",)
            def __init__(self, name):
                self.name = name
    """
    module = live.start(source)
    one, two = module.Player("ada"), module.Player("bob")
    live.write(live.source.replace('("name",)', '("name", "bag", "title")'))
    report = gains(live, "self.bag = []; self.title = name.title()")

    assert one.bag == two.bag == []
    assert one.bag is not two.bag
    assert "title" in said(report, "LP318")
    report.undo()
    assert (one.name, two.name) == ("ada", "bob")
    assert not hasattr(one, "bag")


def test_edit_of_a_body_that_gains_nothing_looks_for_no_instance(
    live: LiveModule, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = live.start(GAME)
    player = module.Player("ada")
    asked: list[Any] = []
    real = gc.get_referrers
    monkeypatch.setattr(gc, "get_referrers", lambda *each: asked.append(each) or real(*each))
    report = live.change("self.name = name", "self.name = str(name)", rerun="changed")

    assert report.ok
    assert player.name == "ada"
    assert not any(module.Player in each for each in asked)


# Data classes


def test_data_class_without_slots_gains_fields_in_place(live: LiveModule) -> None:
    module = live.start("import dataclasses\n@dataclasses.dataclass\nclass P:\n    x: int\n")
    one, two = module.P(1), module.P(2)
    made = "dataclasses.field(default_factory=list)"
    report = live.change("x: int", f"x: int\n    y: int = 3\n    z: list = {made}")

    assert report.ok
    assert one == module.P(1)
    assert vars(two) == {"x": 2, "y": 3, "z": []}
    assert one.z is not two.z
    assert set(said(report, "LP317")) == {"y", "z"}
    two.z.append(1)
    report.undo()
    assert [vars(one), vars(two)] == [{"x": 1}, {"x": 2, "z": [1]}]


def test_attrs_class_without_slots_gains_fields_in_place(live: LiveModule) -> None:
    module = live.start("import attr\n@attr.s(auto_attribs=True)\nclass P:\n    x: int\n")
    one, two = module.P(1), module.P(2)
    made = "attr.Factory(lambda self: [self.x], takes_self=True)"
    report = live.change("x: int", f"x: int\n    y: int = 3\n    z: list = {made}")

    assert report.ok
    assert one == module.P(1)
    assert vars(two) == {"x": 2, "y": 3, "z": [2]}


def test_field_without_a_default_is_refused_for_classes_without_slots(live: LiveModule) -> None:
    module = live.start("import dataclasses\n@dataclasses.dataclass\nclass P:\n    x: int\n")
    points = [module.P(1), module.P(2)]
    with pytest.raises(livepatch.ReloadRefused) as refused:
        live.change("x: int", "x: int\n    y: int")
    (refusal,) = refused.value.refusals

    assert (refusal.code, refusal.path) == ("LP126", f"{live.name}.P")
    assert "2 live instances" in refusal.message
    assert [repr(each) for each in points] == ["P(x=1)", "P(x=2)"]


def test_field_that_is_no_argument_is_named(live: LiveModule) -> None:
    module = live.start("import dataclasses\n@dataclasses.dataclass\nclass P:\n    x: int\n")
    point = module.P(1)
    report = live.change("x: int", "x: int\n    y: int = dataclasses.field(init=False)")

    assert said(report, "LP318")
    assert vars(point) == {"x": 1}


def test_factory_that_raises_undoes_the_reload(live: LiveModule) -> None:
    module = live.start("import dataclasses\n@dataclasses.dataclass\nclass P:\n    x: int\n")
    points = [module.P(1), module.P(2)]
    made = "dataclasses.field(default_factory=lambda: 1 / 0)"
    with pytest.raises(ZeroDivisionError):
        live.change("x: int", f"x: int\n    y: int = 3\n    z: list = {made}")

    assert [vars(each) for each in points] == [{"x": 1}, {"x": 2}]
    assert module.P(1) == points[0]


@pytest.mark.parametrize("count", [1, 100])
def test_undo_leaves_what_instances_had_by_themselves(live: LiveModule, count: int) -> None:
    module = live.start("class P:\n    def __init__(self): self.a = 1\n")
    own, lacking = ([module.P() for _ in range(count)] for _ in range(2))
    for each in own:
        each.b = 0
    first = live.edit("class P:\n    def __init__(self): self.a = 1; self.b = 0\n")
    # Made anew in between: they are other objects now.
    second = live.edit("class P:\n    __slots__ = ('a', 'b')\n")
    second.undo()
    assert [each.b for each in (*own, *lacking)] == [0] * 2 * count
    first.undo()

    assert [vars(each) for each in own] == [{"a": 1, "b": 0}] * count
    assert [vars(each) for each in lacking] == [{"a": 1}] * count


def test_pydantic_model_gains_fields(live: LiveModule) -> None:
    module = live.start("import pydantic\nclass Item(pydantic.BaseModel):\n    name: str\n")
    held = [module.Item(name="a"), module.Item(name="b")]
    report = live.change("name: str", "name: str\n    size: int = 3\n    tags: list[str] = []")

    assert report.ok, report
    assert [each.code for each in report.notices] == ["LP317", "LP317"]
    assert [each.model_dump() for each in held] == [
        {"name": "a", "size": 3, "tags": []},
        {"name": "b", "size": 3, "tags": []},
    ]
    assert held[0].tags is not held[1].tags
    report.undo()
    assert [vars(each) for each in held] == [{"name": "a"}, {"name": "b"}]


def test_pydantic_model_gains_a_field_that_no_instance_has(live: LiveModule) -> None:
    module = live.start("import pydantic\nclass Item(pydantic.BaseModel):\n    name: str\n")
    held = [module.Item(name="a")]
    with pytest.raises(livepatch.ReloadRefused, match="LP126"):
        live.change("name: str", "name: str\n    size: int")

    assert held == [module.Item(name="a")]


def test_private_attribute_that_a_pydantic_model_gains_is_named(live: LiveModule) -> None:
    source = """
        import pydantic
        class Item(pydantic.BaseModel):
            name: str
            _seen: int = 1
        class Book(Item): pass
    """
    module = live.start(source)
    held = [module.Item(name="a"), module.Book(name="b")]
    new = source.replace("_seen: int = 1", "_seen: int = 1; _tags: list = []")
    report = live.edit(new)

    named = [(each.code, each.path) for each in report.notices]
    assert named == [("LP318", f"{live.name}.{cls}._tags") for cls in ("Item", "Book")]
    assert [each._seen for each in held] == [1, 1]
    assert module.Item(name="c")._tags == []
    assert not live.edit(new.replace("pass", "'A book.'")).notices


FORMER = {
    "property": "    @property\n    def area(self): return 7\n",
    "method": "    def area(self): return 7\n",
    "attribute": "    area = 7\n",
    "none": "    area = None\n",
    "cached": "    @functools.cached_property\n    def area(self): return 7\n",
}


@pytest.mark.parametrize("inherited", [False, True])
@pytest.mark.parametrize("case", FORMER)
@pytest.mark.parametrize("value", ["6", "w * 2"])
def test_what_the_class_had_becomes_an_attribute_of_init(
    live: LiveModule, case: str, value: str, *, inherited: bool
) -> None:
    """It was taken for reachable by the class, which is about to lose it."""
    base = "class Base:\n    pass\n" + (FORMER[case] if inherited else "")
    former = "" if inherited else FORMER[case]
    module = live.start(
        f"import functools\n{base}class Rect(Base):\n"
        f"    def __init__(self, w):\n        self.w = w\n{former}"
    )
    rect = module.Rect(3)
    report = live.edit(
        "import functools\nclass Base:\n    pass\nclass Rect(Base):\n"
        f"    def __init__(self, w):\n        self.w = w\n        self.area = {value}\n"
    )

    assert module.Rect(3).area == 6
    # Of a cached property the instances may keep what it has computed.
    codes = [each.code for each in report.notices if each.code != "LP319"]
    if value == "6":
        assert rect.area == 6
        assert codes == ["LP317"]
    else:
        assert not hasattr(rect, "area")
        assert codes == ["LP318"]
    report.undo()
    assert getattr(rect.area, "__name__", rect.area) in (7, None, "area")
    assert "area" not in vars(rect) or case == "cached"


P = "class P:\n    def __init__(self, k):\n        self.k = k\n"
MORE = "        self.log = []\n        self.extra = k * 2\n"
BASE = "class Base:\n    def __init__(self, k):\n        self.k = k\n" + MORE
DATA = "import dataclasses\n@dataclasses.dataclass\nclass P:\n    k: int\n"
ATTRS = "import attrs\n@attrs.define(slots=False)\nclass P:\n    k: int\n"
WRAPPED = """
import functools
def checked(f):
    @functools.wraps(f)
    def checking(*args): return f(*args)
    return checking
"""
ASSIGNED_ELSEWHERE = {
    "in a base that was there": (
        "class Base: pass\n" + P.replace("P:", "P(Base):"),
        BASE + "class P(Base): pass\n",
    ),
    "in a base that comes": (P, BASE + "class P(Base): pass\n"),
    "in a base that is called": (
        P,
        "class Base:\n    def __init__(self, k):\n"
        + MORE
        + P.replace("P:", "P(Base):").replace("self.k", "super().__init__(k); self.k"),
    ),
    "in a base of a base": (
        P,
        BASE + "class Between(Base): pass\nclass P(Between): pass\n",
    ),
    "under another name": (P, P.replace("P:", "Q:") + MORE + "P = Q\n"),
    "behind a decorator": (
        WRAPPED + P.replace("    def", "    @checked\n    def"),
        WRAPPED + P.replace("    def", "    @checked\n    def") + MORE,
    ),
    "by what a data class calls": (
        DATA + "    def __post_init__(self): self.old = 1\n",
        DATA + "    def __post_init__(self):\n        k = self.k\n        self.old = 1\n" + MORE,
    ),
    "by what a data class has not called before": (
        DATA,
        DATA + "    def __post_init__(self):\n        k = self.k\n" + MORE,
    ),
    "by what an attrs class calls": (
        ATTRS + "    def __attrs_post_init__(self): self.old = 1\n",
        ATTRS
        + "    def __attrs_post_init__(self):\n        k = self.k\n        self.old = 1\n"
        + MORE,
    ),
}


@pytest.mark.parametrize("rerun", ["all", "changed"])
@pytest.mark.parametrize("case", ASSIGNED_ELSEWHERE)
def test_what_is_assigned_elsewhere_is_given_or_named(
    live: LiveModule, case: str, rerun: str
) -> None:
    """An `__init__` alone was read, of a class that has the same name and its own one."""
    before, after = ASSIGNED_ELSEWHERE[case]
    module = live.start(before)
    instance = module.P(3)
    report = live.edit(after, rerun=rerun)

    assert type(instance) is module.P
    assert instance.log == []
    assert said(report, "LP317").keys() == {"log"}
    assert said(report, "LP318").keys() == {"extra"}
    assert len(report.notices) == 2
    report.undo()
    assert vars(instance).keys() <= {"k", "old"}


@pytest.mark.parametrize("rerun", ["all", "changed"])
@pytest.mark.parametrize("data", [False, True])
def test_class_that_moved_gives_its_instances_what_it_assigns(
    live: LiveModule, rerun: str, *, data: bool
) -> None:
    module = live.start(DATA if data else P)
    instance = module.P(3)
    fields = "    log: list = dataclasses.field(default_factory=list)\n    extra: int = 6\n"
    name = f"{live.name}_moved"
    (live.root / f"{name}.py").write_text(DATA + fields if data else P + MORE, encoding="utf-8")
    report = live.edit(f"from {name} import P\n", rerun=rerun)

    assert type(instance) is module.P
    assert instance.log == []
    codes = [each.code for each in report.notices]
    assert codes == (["LP317", "LP317"] if data else ["LP317", "LP318"])


@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize("kind", ["property", "descriptor", "inherited"])
def test_what_hides_an_attribute_that_instances_have_is_named(
    live: LiveModule, kind: str, count: int
) -> None:
    """`self.name = name` goes on, and goes by what has come; what was assigned before does not."""
    upper = """
        class Upper:
            def __set_name__(self, owner, name): self.slot = "_" + name
            def __get__(self, one, owner=None): return getattr(one, self.slot).upper()
            def __set__(self, one, value): setattr(one, self.slot, value)
        class Base:
            pass
        class P(Base):
            def __init__(self, k): self.name = k
    """
    come = {
        "property": """
            @property
            def name(self): return self._name.upper()
            @name.setter
            def name(self, value): self._name = value
        """,
        "descriptor": """
            name = Upper()
        """,
        "inherited": "",
    }[kind]
    module = live.start(upper)
    instances = [module.P("ada") for _ in range(count)]
    after = upper.replace("pass", "name = Upper()") if kind == "inherited" else upper + come
    report = live.edit(after)

    home = "Base" if kind == "inherited" else "P"
    path = f"{live.name}.{home}.name"
    assert [(each.code, each.path) for each in report.notices] == [("LP325", path)]
    assert report.notices[0].message.count(str(count)) == 1
    for each in instances:
        each.name = vars(each).pop("name")  # the remedy
        assert each.name == "ADA"


def test_property_that_instances_have_nothing_under_hides_nothing(live: LiveModule) -> None:
    module = live.start("class P:\n    def __init__(self): self._name = 'ada'\n")
    instance = module.P()
    report = live.edit(
        live.source + "    @property\n    def name(self): return self._name\n"
        "    @name.setter\n    def name(self, value): self._name = value\n"
    )

    assert instance.name == "ada"
    assert report.notices == ()


def test_attribute_in_whose_place_a_property_was_is_named(live: LiveModule) -> None:
    """`self.name = name` went by the property, and what it kept has another name."""
    plain = "class P:\n    def __init__(self, k):\n        self.name = k\n"
    come = """
    @property
    def name(self): return self._name
    @name.setter
    def name(self, value): self._name = value
    """
    module = live.start(plain + come)
    instance = module.P("ada")
    report = live.edit(plain)

    assert said(report, "LP318").keys() == {"name"}
    assert vars(instance) == {"_name": "ada"}


WATCHED = """
CALLS = []
class Watched:
    def __get__(self, one, owner=None): return self if one is None else one._x
    def __set__(self, one, value):
        CALLS.append(value)
        raise RuntimeError("no loop")
class W:
    def __init__(self): self.a = 1
"""
COME = {
    "property": "    x = property(lambda self: self._x, Watched().__set__)\n",
    "descriptor": "    x = Watched()\n",
}


@pytest.mark.parametrize("before", [False, True])
@pytest.mark.parametrize("kind", COME)
def test_no_code_of_a_descriptor_runs_for_an_attribute_that_comes(
    live: LiveModule, kind: str, *, before: bool
) -> None:
    """textual: a reactive attribute started a timer for each instance, and raised."""
    module = live.start(WATCHED + COME[kind] * before)
    instance = module.W()
    report = live.edit(WATCHED.replace("self.a = 1", "self.a = 1; self.x = 2") + COME[kind])

    assert module.CALLS == []
    assert vars(instance) == {"a": 1}
    assert said(report, "LP317") == {}
    assert said(report, "LP318").keys() == (set() if before else {"x"})
