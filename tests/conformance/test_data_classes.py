"""Dataclasses, named tuples, attrs, pydantic: what their layout allows and what it refuses."""

from __future__ import annotations

import dataclasses
from typing import Any

import attrs
import pytest

import livepatch
from tests.codes import is_layout_refusal
from tests.live import LiveModule

pytestmark = pytest.mark.sampled(14)

POINT = """
    import dataclasses
    @dataclasses.dataclass
    class Point:
        x: int = 0
        def double(self): return self.x * 2
"""
PAIR = """
    from typing import NamedTuple
    class Pair(NamedTuple):
        a: int
        b: int = 0
        def total(self): return self.a + self.b
"""


@pytest.mark.parametrize(
    "options", ["", "(frozen=True)", "(slots=True)", "(frozen=True, slots=True)", "(order=True)"]
)
def test_dataclass_method_changes(live: LiveModule, options: str) -> None:
    source = POINT.replace("@dataclasses.dataclass", f"@dataclasses.dataclass{options}")
    module = live.start(source)
    point = module.Point(3)
    held = [module.Point]
    live.change("self.x * 2", "self.x * 3")

    assert type(point) is module.Point is held[0]
    assert point.double() == 9
    assert point == module.Point(3)


def test_dataclass_gains_a_field_with_a_default(live: LiveModule) -> None:
    module = live.start(POINT)
    point = module.Point(3)
    held = [module.Point]
    live.change("x: int = 0", "x: int = 0\n    y: int = 7")

    assert type(point) is module.Point is held[0]
    assert module.Point(1, 2).y == 2
    assert (point.x, point.y) == (3, 7)
    assert [field.name for field in dataclasses.fields(point)] == ["x", "y"]


def test_dataclass_loses_a_field(live: LiveModule) -> None:
    module = live.start(POINT.replace("x: int = 0", "x: int = 0\n        y: int = 7"))
    point = module.Point(3, 4)
    live.edit(POINT)

    assert repr(point) == "Point(x=3)"
    assert point == module.Point(3)


def test_dataclass_default_changes(live: LiveModule) -> None:
    module = live.start(POINT)
    point = module.Point(3)
    held = [module.Point]
    live.change("x: int = 0", "x: int = 9")

    assert held[0]().x == 9
    assert point.x == 3


def test_dataclass_option_is_switched_on(live: LiveModule) -> None:
    module = live.start(POINT)
    points = [module.Point(2), module.Point(1)]
    live.change("@dataclasses.dataclass", "@dataclasses.dataclass(order=True)")

    assert [point.x for point in sorted(points)] == [1, 2]
    assert type(points[0]) is module.Point


def test_dataclass_becomes_frozen(live: LiveModule) -> None:
    module = live.start(POINT)
    point = module.Point(2)
    live.change("@dataclasses.dataclass", "@dataclasses.dataclass(frozen=True)")

    with pytest.raises(dataclasses.FrozenInstanceError):
        point.x = 3
    assert {point: 1} == {module.Point(2): 1}


def test_class_becomes_a_dataclass(live: LiveModule) -> None:
    module = live.start(POINT.replace("@dataclasses.dataclass", ""))
    point = module.Point()
    live.edit(POINT)

    assert type(point) is module.Point
    assert point == module.Point(0)


def test_frozen_dataclass_holds_a_function_of_the_module(live: LiveModule) -> None:
    module = live.start("def hit(): return 1\n")
    other = live.other("""
        import dataclasses
        from LIVE import hit
        @dataclasses.dataclass(frozen=True, slots=True)
        class Box: content: object
        box = Box(hit)
    """)
    live.edit("import functools\n@functools.cache\ndef hit(): return 2\n")

    assert other.box.content is module.hit
    assert other.box.content() == 2


def test_dataclass_with_a_default_factory_of_the_module(live: LiveModule) -> None:
    module = live.start("""
        import dataclasses
        def new_bag(): return ["old"]
        @dataclasses.dataclass
        class Player:
            bag: list = dataclasses.field(default_factory=new_bag)
    """)
    held = [module.Player]
    live.change('"old"', '"new"')

    assert held[0]().bag == ["new"]


def test_dataclass_inherits_from_a_dataclass_that_gains_a_field(live: LiveModule) -> None:
    source = (
        POINT
        + """
    @dataclasses.dataclass
    class Deep(Point):
        z: int = 5
    """
    )
    module = live.start(source)
    deep = module.Deep(1, 2)
    live.edit(source.replace("x: int = 0", "x: int = 0\n        y: int = 7"))

    assert isinstance(deep, module.Point)
    assert (deep.x, deep.y, deep.z) == (1, 7, 2)
    assert module.Deep(1, 2, 3).z == 3


def test_slots_dataclass_gains_a_field_with_live_instances(live: LiveModule) -> None:
    source = POINT.replace("@dataclasses.dataclass", "@dataclasses.dataclass(slots=True)")
    module = live.start(source)
    point = module.Point(3)
    report = live.edit(source.replace("x: int = 0", "x: int = 0\n        y: int = 7"))

    assert report.ok
    assert type(point) is module.Point
    assert point == module.Point(3, 7)
    assert repr(point) == "Point(x=3, y=7)"


def test_slots_dataclass_gains_a_field_without_instances(live: LiveModule) -> None:
    source = POINT.replace("@dataclasses.dataclass", "@dataclasses.dataclass(slots=True)")
    module = live.start(source)
    held = [module.Point]
    live.edit(source.replace("x: int = 0", "x: int = 0\n        y: int = 7"))

    assert held[0] is module.Point
    assert held[0](1, 2).y == 2


def test_named_tuple_method_changes(live: LiveModule) -> None:
    module = live.start(PAIR)
    pair = module.Pair(3, 4)
    held = [module.Pair]
    live.change("self.a + self.b", "self.a * self.b")

    assert type(pair) is module.Pair is held[0]
    assert pair.total() == 12
    assert repr(pair) == "Pair(a=3, b=4)"


def test_named_tuple_default_changes(live: LiveModule) -> None:
    module = live.start(PAIR)
    pair = module.Pair(3)
    held = [module.Pair]
    live.change("b: int = 0", "b: int = 9")

    assert type(pair) is module.Pair is held[0]
    assert (pair.b, held[0](1).b) == (0, 9)


def test_named_tuple_gains_a_field_with_live_instances(live: LiveModule) -> None:
    module = live.start(PAIR)
    pair = module.Pair(3, 4)
    report = live.change("b: int = 0", "b: int = 0\n    c: int = 5")

    assert report.ok
    assert type(pair) is module.Pair
    assert module.Pair._fields == ("a", "b", "c")
    assert repr(pair) == "Pair(a=3, b=4, c=5)"


def test_named_tuple_gains_a_field_without_instances(live: LiveModule) -> None:
    module = live.start(PAIR)
    held = [module.Pair]
    live.change("b: int = 0", "b: int = 0\n    c: int = 5")

    assert held[0] is module.Pair
    assert held[0](1).c == 5


def test_named_tuple_of_a_call_stays_the_class_of_its_instances(live: LiveModule) -> None:
    module = live.start("""
        import collections
        Pair = collections.namedtuple("Pair", "a b")
        def hit(): return 1
    """)
    held = [module.Pair, module.Pair(1, 2)]
    live.change("return 1", "return 2")

    assert held[0] is module.Pair is type(held[1])
    assert held[1].b == 2


def test_data_class_of_a_call_stays_the_class_of_its_instances(live: LiveModule) -> None:
    module = live.start("""
        import dataclasses
        Pair = dataclasses.make_dataclass("Pair", ["a", "b"])
        def hit(): return 1
    """)
    held = [module.Pair, module.Pair(1, 2)]
    live.change("return 1", "return 2")

    assert held[0] is module.Pair is type(held[1])
    assert held[1] == module.Pair(1, 2)


def test_attrs_class_method_changes(live: LiveModule) -> None:
    module = live.start("""
        import attrs
        @attrs.define
        class Point:
            x: int = 0
            def double(self): return self.x * 2
    """)
    point = module.Point(3)
    held = [module.Point]
    live.change("self.x * 2", "self.x * 3")

    assert type(point) is module.Point is held[0]
    assert point.double() == 9
    assert point == module.Point(3)


def test_attrs_slots_class_gains_fields_with_live_instances(live: LiveModule) -> None:
    module = live.start("import attrs\n@attrs.define\nclass Point:\n    x: int = 0\n")
    point = module.Point(3)
    live.change(
        "x: int = 0",
        "x: int = 0\n    y: int = 7\n    z: list = attrs.Factory(lambda s: [s.x], takes_self=True)",
    )

    assert type(point) is module.Point
    assert repr(point) == "Point(x=3, y=7, z=[3])"


def test_attrs_field_without_a_default_is_refused_with_live_instances(live: LiveModule) -> None:
    module = live.start("import attrs\n@attrs.define\nclass Point:\n    x: int\n")
    points = [module.Point(3), module.Point(4)]
    with pytest.raises(livepatch.ReloadRefused) as refused:
        live.change("x: int", "x: int\n    y: int")

    assert is_layout_refusal(refused.value.refusals, "Point")
    assert "2 live instances" in str(refused.value)
    assert [type(point) for point in points] == [module.Point] * 2
    assert repr(points[0]) == "Point(x=3)"


def test_attrs_class_without_slots_gains_a_field(live: LiveModule) -> None:
    module = live.start("import attrs\n@attrs.define(slots=False)\nclass Point:\n    x: int = 0\n")
    point = module.Point(3)
    live.change("x: int = 0", "x: int = 0\n    y: int = 7")

    assert type(point) is module.Point
    assert module.Point(1, 2).y == 2
    assert point.x == 3


def test_pydantic_model_method_changes(live: LiveModule) -> None:
    module = live.start("""
        import pydantic
        class Point(pydantic.BaseModel):
            x: int = 0
            def double(self): return self.x * 2
    """)
    point = module.Point(x=3)
    held = [module.Point]
    live.change("self.x * 2", "self.x * 3")

    assert type(point) is module.Point is held[0]
    assert point.double() == 9
    assert point == module.Point(x=3)


def test_pydantic_model_gains_a_field(live: LiveModule) -> None:
    module = live.start("import pydantic\nclass Point(pydantic.BaseModel):\n    x: int = 0\n")
    point = module.Point(x=3)
    held = [module.Point]
    live.change("x: int = 0", "x: int = 0\n    y: str = 'new'")

    assert type(point) is module.Point is held[0]
    assert module.Point(x=1, y="z").y == "z"
    assert point.x == 3


def test_pydantic_model_that_holds_a_model_of_the_module(live: LiveModule) -> None:
    module = live.start("import pydantic\nclass Point(pydantic.BaseModel):\n    x: int = 0\n")
    other = live.other("""
        import pydantic
        from LIVE import Point
        class Line(pydantic.BaseModel):
            start: Point
    """)
    line = other.Line(start=module.Point(x=1))
    live.change("x: int = 0", "x: int = 5")

    assert type(line.start) is module.Point
    assert line.start.x == 1
    assert module.Point().x == 5


def test_slots_added_with_live_instances(live: LiveModule) -> None:
    module = live.start('class Player:\n    __slots__ = ("a",)\n')
    player = module.Player()
    player.a = 1
    held = [module.Player, player]
    report = live.change('("a",)', '("a", "b")')
    player.b = 2

    assert report.ok
    assert report.instances == {f"{live.name}.Player": 1}
    assert type(player) is module.Player is held[0]
    assert player is held[1]
    assert (player.a, player.b) == (1, 2)


def test_slots_added_without_instances(live: LiveModule) -> None:
    module = live.start('class Player:\n    __slots__ = ("a",)\n')
    held = [module.Player]
    live.change('("a",)', '("a", "b")')
    player = held[0]()
    player.b = 2

    assert held[0] is module.Player
    assert player.b == 2


def test_slots_removed_with_live_instances(live: LiveModule) -> None:
    module = live.start('class Player:\n    __slots__ = ("a", "b")\n')
    player = module.Player()
    player.a, player.b = 1, 2
    live.change('("a", "b")', '("a",)')

    assert type(player) is module.Player
    assert player.a == 1
    assert not hasattr(player, "b")


def test_class_gains_slots_with_live_instances(live: LiveModule) -> None:
    module = live.start("class Player:\n    pass\n")
    player = module.Player()
    player.a = 1
    live.change("pass", '__slots__ = ("a",)')

    assert type(player) is module.Player
    assert player.a == 1
    assert not hasattr(player, "__dict__")


def test_slots_added_to_a_base_of_a_subclass_with_instances_elsewhere(live: LiveModule) -> None:
    module = live.start('class Player:\n    __slots__ = ("a",)\n')
    other = live.other("from LIVE import Player\nclass Archer(Player): __slots__ = ()\n")
    archer = other.Archer()
    archer.a = 1
    live.change('("a",)', '("a", "b")')
    archer.b = 2

    assert other.Archer.__bases__ == (module.Player,)
    assert type(archer) is other.Archer
    assert (archer.a, archer.b) == (1, 2)


@pytest.mark.parametrize(("old", "new"), [("int", "str"), ("list", "dict"), ("tuple", "list")])
def test_native_base_changed_with_live_instances_is_refused(
    live: LiveModule,
    old: str,
    new: str,
) -> None:
    module = live.start(f"class Special({old}):\n    def hit(self): return 1\n")
    special = module.Special()
    held = [module.Special]
    with pytest.raises(livepatch.ReloadRefused) as refused:
        live.edit(f"class Special({new}):\n    def hit(self): return 2\n")

    assert is_layout_refusal(refused.value.refusals, "Special")
    assert type(special) is module.Special is held[0]
    assert special.hit() == 1


def test_native_base_changed_without_instances(live: LiveModule) -> None:
    module = live.start("class Special(int): pass\n")
    held = [module.Special]
    live.change("(int)", "(str)")

    assert held[0] is module.Special
    assert held[0]("a") == "a"


def test_refused_layout_leaves_the_rest_of_the_edit_undone(live: LiveModule) -> None:
    source = "LIMIT = 1\nclass Player(int): pass\ndef hit(): return 1\n"
    module = live.start(source)
    players = [module.Player()]
    held = [module.hit]
    with pytest.raises(livepatch.ReloadRefused):
        live.edit(
            source.replace("(int)", "(str)").replace("LIMIT = 1", "LIMIT = 2")
            + "def heal(): return 1\n"
        )

    assert module.LIMIT == 1
    assert held[0] is module.hit
    assert held[0]() == 1
    assert not hasattr(module, "heal")
    assert type(players[0]) is module.Player


def test_refused_edit_passes_once_the_instances_are_gone(live: LiveModule) -> None:
    module = live.start("class Player(int): pass\n")
    players = [module.Player()]
    with pytest.raises(livepatch.ReloadRefused):
        live.change("(int)", "(str)")
    players.clear()
    report = live.reload()

    assert report.ok
    assert module.Player.__bases__ == (str,)


EMPTY_SLOTS = {
    "abc": ("import abc\n", "abc.ABC"),
    "generic": ("from typing import Generic, TypeVar\nT = TypeVar('T')\n", "Generic[T]"),
    "protocol": ("from typing import Protocol\nclass Hits(Protocol): pass\n", "Hits"),
    "own": ("class Mark:\n    __slots__ = ()\n", "Mark"),
}
"""Bases whose slots are empty: CPython compares the bases of two layouts, not only their sizes."""


@pytest.mark.parametrize("base", EMPTY_SLOTS)
def test_base_with_empty_slots_is_added_with_live_instances(
    live: LiveModule,
    base: str,
) -> None:
    setup, name = EMPTY_SLOTS[base]
    module = live.start(setup + "class Player:\n    def hit(self): return 1\n")
    player = module.Player()
    player.name = "ada"
    held = [module.Player]
    live.change("class Player", f"class Player({name})")

    assert type(player) is module.Player is held[0]
    assert module.Player.__bases__ != (object,)
    assert (player.name, player.hit()) == ("ada", 1)


@pytest.mark.parametrize("base", EMPTY_SLOTS)
def test_base_with_empty_slots_is_removed_with_live_instances(
    live: LiveModule,
    base: str,
) -> None:
    setup, name = EMPTY_SLOTS[base]
    module = live.start(setup + f"class Player({name}):\n    def hit(self): return 1\n")
    player = module.Player()
    player.name = "ada"
    live.change(f"class Player({name})", "class Player")

    assert type(player) is module.Player
    assert module.Player.__bases__ == (object,)
    assert (player.name, player.hit()) == ("ada", 1)


@pytest.mark.parametrize("base", EMPTY_SLOTS)
def test_base_with_empty_slots_added_without_instances(live: LiveModule, base: str) -> None:
    setup, name = EMPTY_SLOTS[base]
    module = live.start(setup + "class Player:\n    def hit(self): return 1\n")
    held = [module.Player]
    live.change("class Player", f"class Player({name})")

    assert held[0] is module.Player
    assert held[0]().hit() == 1


@pytest.mark.parametrize("base", EMPTY_SLOTS)
def test_base_with_empty_slots_behind_another_base_is_no_layout_change(
    live: LiveModule,
    base: str,
) -> None:
    setup, name = EMPTY_SLOTS[base]
    setup += "class Base: pass\n"
    module = live.start(setup + "class Player(Base):\n    def hit(self): return 1\n")
    player = module.Player()
    live.change("class Player(Base)", f"class Player(Base, {name})")

    assert type(player) is module.Player
    assert player.hit() == 1


def test_root_of_a_slots_hierarchy_gains_a_base_with_live_instances(
    live: LiveModule,
) -> None:
    source = """
        class Mark:
            __slots__ = ()
        class Root:
            __slots__ = ("a",)
        class Leaf(Root):
            __slots__ = ("b",)
    """
    module = live.start(source)
    leaf = module.Leaf()
    leaf.a, leaf.b = 1, 2
    live.edit(source.replace("class Root", "class Root(Mark)"))

    assert type(leaf) is module.Leaf
    assert isinstance(leaf, module.Mark)
    assert (leaf.a, leaf.b) == (1, 2)


def test_generic_class_gains_a_base_in_front_with_live_instances(
    live: LiveModule,
) -> None:
    source = """
        from typing import Generic, TypeVar
        T = TypeVar("T")
        class Base: pass
        class Box(Generic[T]): pass
    """
    module = live.start(source)
    held = [module.Box[int], module.Box[int]()]
    live.edit(source.replace("Box(Generic[T])", "Box(Base, Generic[T])"))

    assert isinstance(held[1], module.Base)
    assert held[0].__origin__ is module.Box is type(held[1])


DERIVED = """
    import dataclasses, typing
    @dataclasses.dataclass
    class Base:
        x: int = 0
    @dataclasses.dataclass
    class Child(Base):
        z: int = 0
    @dataclasses.dataclass
    class Grandchild(Child):
        pass
    class Plain(Base):
        kind: Base = None
    class Keys(typing.TypedDict):
        x: int
    class MoreKeys(Keys):
        z: int
"""


def test_untouched_dataclass_takes_the_fields_that_its_base_gained(live: LiveModule) -> None:
    module = live.start(DERIVED)
    child = module.Child(1, 2)
    report = live.change("x: int = 0", "x: int = 0\n    y: int = 5")

    outcomes = {line.path.rpartition(".")[2]: str(line.outcome) for line in report.definitions}
    assert {outcomes["Child"], outcomes["Grandchild"]} <= {"updated", "replaced"}
    assert outcomes["Plain"] == outcomes["Keys"] == outcomes["MoreKeys"] == "unchanged"
    assert [field.name for field in dataclasses.fields(module.Child)] == ["x", "y", "z"]
    assert dataclasses.asdict(module.Child(1, 2, 3)) == {"x": 1, "y": 2, "z": 3}
    assert dataclasses.asdict(child) == {"x": 1, "y": 5, "z": 2}
    assert repr(module.Grandchild(z=7)) == "Grandchild(x=0, y=5, z=7)"
    assert type(child) is module.Child


def test_untouched_typed_dict_takes_the_keys_that_its_base_gained(live: LiveModule) -> None:
    module = live.start(DERIVED)
    live.change("x: int\n", "x: int\n    y: int\n")

    assert set(module.MoreKeys.__annotations__) == {"x", "y", "z"}
    assert module.MoreKeys.__required_keys__ == {"x", "y", "z"}


def test_undo_takes_the_fields_of_an_untouched_dataclass_back(live: LiveModule) -> None:
    module = live.start(DERIVED)
    live.change("x: int = 0", "x: int = 0\n    y: int = 5").undo()

    assert [field.name for field in dataclasses.fields(module.Child)] == ["x", "z"]
    assert dataclasses.asdict(module.Child(1, 2)) == {"x": 1, "z": 2}


def test_untouched_attrs_class_takes_the_fields_that_its_base_gained(live: LiveModule) -> None:
    module = live.start("""
        import attrs
        @attrs.define(slots=False)
        class Base:
            x: int = 0
        @attrs.define(slots=False)
        class Child(Base):
            z: int = 0
    """)
    child = module.Child(1, 2)
    report = live.change("x: int = 0", "x: int = 0\n    y: int = 5")

    assert [field.name for field in attrs.fields(module.Child)] == ["x", "y", "z"]
    assert repr(module.Child(1, 2, 3)) == "Child(x=1, y=2, z=3)"
    assert type(child) is module.Child
    assert child.y == 5
    assert [each.code for each in report.notices] == ["LP317"]


MODELS = """
    import pydantic
    class Inner(pydantic.BaseModel):
        x: int = 0
    class Middle(pydantic.BaseModel):
        inner: Inner
    class Outer(pydantic.BaseModel):
        middle: "Middle"
    class Child(Inner):
        z: int = 0
"""


@pytest.mark.parametrize("added", ["y: int = 5", "def double(self): return self.x * 2"])
def test_untouched_pydantic_model_follows_the_models_it_is_made_of(
    live: LiveModule, added: str
) -> None:
    module = live.start(MODELS)
    outer = module.Outer(middle=module.Middle(inner=module.Inner(x=1)))
    live.change("x: int = 0", f"x: int = 0\n    {added}")

    middle = module.Middle(inner=module.Inner(x=2))
    made = module.Outer.model_validate({"middle": {"inner": {"x": 3}}})
    assert module.Outer(middle=middle).middle.inner.x == 2
    assert type(made) is module.Outer is type(outer)
    assert type(made.middle.inner) is module.Inner is type(outer.middle.inner)
    assert module.Child.model_fields.keys() - module.Inner.model_fields.keys() == {"z"}
    assert module.Child(x=1).model_dump().keys() == module.Child.model_fields.keys()


def test_attrs_class_that_nobody_touched_is_not_called_replaced(live: LiveModule) -> None:
    module = live.start("""
        import attrs
        @attrs.define(slots=False)
        class A:
            x: int = 0
        def hit(): return 1
    """)
    one = module.A(3)
    report = live.change("return 1", "return 2")

    assert not report.notices
    assert repr(one) == "A(x=3)"
    assert one == module.A(3)


def test_data_class_that_gains_a_field_has_its_annotation(live: LiveModule) -> None:
    source = """
        import dataclasses
        @dataclasses.dataclass
        class D:
            a: int = 1
    """
    module = live.start(source)
    report = live.edit(source.replace("a: int = 1", "a: int = 1\n            b: str = 'x'"))
    after = (list(module.D.__annotations__), list(module.D.__init__.__annotations__))
    report.undo()

    assert after == (["a", "b"], ["a", "b", "return"])
    assert list(module.D.__annotations__) == ["a"]
    assert list(module.D.__init__.__annotations__) == ["a", "return"]


def test_class_below_a_named_tuple_without_a_name_keeps_its_identity(live: LiveModule) -> None:
    # C code may hold it where nothing can be exchanged.
    module = live.start(
        """
        import collections
        class Pair(collections.namedtuple("Pair", "a b")):
            def total(self): return self.a + self.b
        """
    )
    held, pair, made = [module.Pair], module.Pair(1, 2), id(module.Pair)
    base = [module.Pair.__bases__[0]]
    live.change("self.a + self.b", "self.a - self.b")

    assert held[0] is module.Pair is type(pair)
    assert pair.total() == -1
    assert base[0] is module.Pair.__bases__[0]
    assert live.strategy == "repoint" or id(module.Pair) == made


def test_class_below_a_named_tuple_without_a_name_gains_a_field(live: LiveModule) -> None:
    module = live.start(
        """
        import collections
        class Pair(collections.namedtuple("Pair", "a b", defaults=(0, 0))):
            def total(self): return self.a + self.b
        """
    )
    held, pair = [module.Pair], [module.Pair(1, 2)]
    report = live.change('"a b", defaults=(0, 0)', '"a b c", defaults=(0, 0, 5)')

    assert held[0] is module.Pair is type(pair[0])
    assert pair == [(1, 2, 5)]
    report.undo()
    assert pair == [(1, 2)]


@pytest.mark.parametrize("fields", ['"a b"', '["a", "b"]', '("a", "b")'])
def test_a_named_tuple_made_by_a_call_follows_a_global_that_has_its_fields(
    live: LiveModule, fields: str
) -> None:
    source = f"""
        from collections import namedtuple
        FIELDS = {fields}
        Pair = namedtuple("Pair", FIELDS)
    """
    module = live.start(source)
    pair = live.hold("Pair")
    more = fields.replace("b", "b c") if "," not in fields else fields.replace('"b"', '"b", "c"')
    report = live.edit(source.replace(fields, more))
    changed = {each.path for each in report.definitions if each.outcome.value != "unchanged"}

    assert f"{live.name}.Pair" in changed
    assert pair == [module.Pair]
    assert module.Pair._fields == ("a", "b", "c")
    assert module.Pair(1, 2, 3).c == 3


def test_plain_class_becomes_a_data_class_and_gains_a_factory(live: LiveModule) -> None:
    module = live.start("class Conf:\n    def __init__(self, host): self.host = host\n")
    held = module.Conf("here")
    data_class = "import dataclasses\n@dataclasses.dataclass\nclass Conf:\n    host: str\n"
    first = live.edit(data_class)
    second = live.edit(data_class + "    tags: list = dataclasses.field(default_factory=list)\n")

    assert type(held) is module.Conf
    assert held == module.Conf("here")
    assert first.ok
    assert second.ok


ALIASED = {
    "data": "import dataclasses\n@dataclasses.dataclass\nclass Owner:\n    pet: Pet\n",
    "attrs": "import attrs\n@attrs.define\nclass Owner:\n    pet: Pet\n",
    "pydantic": "import pydantic\nclass Owner(pydantic.BaseModel):\n    pet: Pet\n",
}
ALIASES = {
    "class to union": ("int", "Union[int, str]"),
    "union to class": ("Union[int, str]", "str"),
    "union": ("Union[int, None]", "Union[int, str]"),
    "of another alias": ("List[Inner]", "List[Inner]"),
}


@pytest.mark.parametrize("rerun", ["all", "changed"])
@pytest.mark.parametrize("elsewhere", [False, True])
@pytest.mark.parametrize("case", ALIASES)
@pytest.mark.parametrize("kind", ALIASED)
def test_fields_follow_the_alias_that_they_are_annotated_with(
    live: LiveModule, kind: str, case: str, rerun: str, *, elsewhere: bool
) -> None:
    """Its annotations did, and what had been made of them did not."""
    before, after = ALIASES[case]
    inner = ("int", "str") if case == "of another alias" else ("int", "int")
    head = "from typing import *\nInner = {}\nPet = {}\n"
    texts = [head.format(*each) for each in zip(inner, (before, after))]
    home = f"{live.name}_types"
    path = live.root / f"{home}.py"
    path.write_text(texts[0], encoding="utf-8")
    say = f"from {home} import Pet\n{ALIASED[kind]}" if elsewhere else texts[0] + ALIASED[kind]
    module = live.start(say)
    held = module.Owner
    path.write_text(texts[1], encoding="utf-8")
    live.write(say if elsewhere else texts[1] + ALIASED[kind])
    report = livepatch.reload(*([home] if elsewhere else []), live.name, rerun=rerun)

    assert module.Owner is held
    if case == "of another alias" and rerun == "changed":
        # An unchanged line has it, which does not run again: that is said.
        assert "LP313" in {each.code for each in report.notices}
        return
    if kind == "data":
        assert dataclasses.fields(module.Owner)[0].type == module.Pet
    elif kind == "attrs":
        assert attrs.fields(module.Owner)[0].type == module.Pet
    else:
        given: Any = ["a"] if case == "of another alias" else "a"
        assert module.Owner(pet=given).pet == given
    assert "LP313" not in {each.code for each in report.notices}


GENERATED = {
    "NamedTuple": "from typing import NamedTuple\nclass Point(NamedTuple):\n    x: int = 1\n",
    "dataclass": "from dataclasses import dataclass\n@dataclass\nclass Point:\n    x: int = 1\n",
}


@pytest.mark.parametrize("form", GENERATED)
@pytest.mark.parametrize("gains", [True, False])
def test_who_holds_a_generated_method_has_the_one_that_is_written(
    live: LiveModule, form: str, gains: bool
) -> None:
    own = "    def __repr__(self): return 'own'\n"
    sources = [GENERATED[form], GENERATED[form] + own]
    before, after = sources if gains else reversed(sources)
    module = live.start(before)
    point = module.Point()
    held, bound = module.Point.__repr__, point.__repr__
    live.edit(after)

    assert held is module.Point.__repr__
    assert bound.__func__ is module.Point.__repr__
    assert bound() == repr(point) == ("own" if gains else "Point(x=1)")


BEFORE_A_MODEL = {
    "dataclass": "from dataclasses import dataclass\n@dataclass\nclass Point:\n    x: int\n",
    "attrs": "import attrs\n@attrs.define\nclass Point:\n    x: int\n",
    "class": "class Point:\n    def __init__(self, x): self.x = x\n",
}
A_MODEL = """import pydantic
class Point(pydantic.BaseModel, extra="{}"):
    x: int
    y: int = 5
    of: list = []
    {}
"""


@pytest.mark.parametrize("form", BEFORE_A_MODEL)
@pytest.mark.parametrize("extra", ["allow", "ignore"])
@pytest.mark.parametrize("private", ["", "_seen: int = 0"])
def test_instances_of_what_becomes_a_pydantic_model_are_whole(
    live: LiveModule, form: str, extra: str, private: str
) -> None:
    module = live.start(BEFORE_A_MODEL[form])
    points = [module.Point(x=1), module.Point(x=5)]
    report = live.edit(A_MODEL.format(extra, private))

    assert report.ok, report
    assert points == [module.Point(x=1), module.Point(x=5)]
    assert [each.model_fields_set for each in points] == [{"x"}, {"x"}]
    assert points[0].model_copy(update={"y": 7}).y == 7
    assert points[0].model_extra == module.Point(x=1).model_extra
    assert points[0].of is not points[1].of
    if private:
        assert points[0]._seen == 0
    report.undo()
    assert type(points[0]) is module.Point
    assert points[0].x == 1
