"""What the standard library and others remember of classes and functions, after an edit."""

from __future__ import annotations

import collections.abc
import copyreg
import dataclasses
import enum
import functools
import inspect
import linecache
import pickle
import typing

import pytest

from tests.codes import named
from tests.live import LiveModule

pytestmark = pytest.mark.sampled(6)

PLAYER = "class Base: pass\nclass Player:\n    def hit(self): return 1\n"
WITH_BASE = PLAYER.replace("class Player", "class Player(Base)")
ITERABLE = PLAYER + "    def __iter__(self): return iter(())\n"


@pytest.mark.parametrize("rerun", ["all", "changed"])
def test_isinstance_of_an_abstract_class_follows_a_method_that_comes_and_goes(
    live: LiveModule, rerun: str
) -> None:
    module = live.start(PLAYER)
    player = module.Player()
    before = isinstance(player, collections.abc.Iterable)
    live.edit(ITERABLE, rerun=rerun)
    with_method = isinstance(player, collections.abc.Iterable)
    report = live.edit(PLAYER, rerun=rerun)
    without = isinstance(player, collections.abc.Iterable)
    report.undo()

    assert (before, with_method, without) == (False, True, False)
    assert isinstance(player, collections.abc.Iterable)


def test_isinstance_of_a_subclass_elsewhere_follows_its_base(live: LiveModule) -> None:
    live.start(PLAYER)
    other = live.other("import LIVE\nclass Mage(LIVE.Player): pass\nmage = Mage()\n")
    before = isinstance(other.mage, collections.abc.Iterable)
    live.edit(ITERABLE)

    assert before is False
    assert isinstance(other.mage, collections.abc.Iterable)


def test_registrations_with_an_abstract_class_elsewhere_stay(live: LiveModule) -> None:
    module = live.start(PLAYER)
    other = live.other("import abc\nclass Shape(abc.ABC): pass\n")
    other.Shape.register(module.Player)
    player = module.Player()
    before = isinstance(player, other.Shape)
    live.edit(ITERABLE)
    live.edit(WITH_BASE)

    assert before
    assert isinstance(player, other.Shape)
    assert isinstance(module.Player(), other.Shape)


def test_single_dispatch_elsewhere_follows_new_bases(live: LiveModule) -> None:
    module = live.start(PLAYER)
    other = live.other("""
        import functools
        import LIVE
        @functools.singledispatch
        def show(value): return "anything"
        @show.register
        def _(value: LIVE.Base): return "base"
    """)
    player = module.Player()
    before = other.show(player)
    report = live.edit(WITH_BASE)
    after = other.show(player)
    report.undo()

    assert (before, after, other.show(player)) == ("anything", "base", "anything")


def test_cache_of_a_changed_function_is_empty_and_that_of_others_is_not(live: LiveModule) -> None:
    source = """
        import functools
        @functools.lru_cache
        def cost(n): return n
        @functools.cache
        def other(n): return n
    """
    module = live.start(source)
    module.cost(1), module.other(1)
    live.edit(source.replace("def cost(n): return n", "def cost(n): return -n"))

    assert module.cost(1) == -1
    assert module.other.cache_info().currsize == 1


def test_cached_property_of_an_instance_stays(live: LiveModule) -> None:
    module = live.start("""
        import functools
        class Player:
            @functools.cached_property
            def cost(self): return 1
    """)
    one, two = module.Player(), module.Player()
    before = one.cost
    live.change("return 1", "return 2")

    assert (before, one.cost, two.cost) == (1, 1, 2)


def test_reducer_of_a_class_is_that_of_its_successor(live: LiveModule) -> None:
    module = live.start(PLAYER)
    copyreg.pickle(module.Player, lambda player: (module.Player, ()))
    try:
        live.edit(WITH_BASE)

        assert module.Player in copyreg.dispatch_table
        assert type(pickle.loads(pickle.dumps(module.Player()))) is module.Player
    finally:
        copyreg.dispatch_table.pop(module.Player, None)


def test_pickles_have_the_new_slot(live: LiveModule) -> None:
    """copyreg remembers in the class which slots there are."""
    module = live.start("class Player:\n    __slots__ = ('a',)\n")
    other = live.other("import LIVE\nclass Mage(LIVE.Player):\n    __slots__ = ('m',)\n")
    player, mage = module.Player(), other.Mage()
    player.a = mage.a = mage.m = 1
    pickle.dumps(player, 2), pickle.dumps(mage, 2)
    live.change("('a',)", "('a', 'b')")
    player.b = mage.b = 2
    copies = [pickle.loads(pickle.dumps(each, 2)) for each in (player, mage)]

    assert [(each.a, each.b) for each in copies] == [(1, 2), (1, 2)]
    assert copies[1].m == 1


def test_lines_and_sources_are_those_of_the_new_file(live: LiveModule) -> None:
    module = live.start(PLAYER)
    linecache.getline(str(live.path), 3)
    inspect.getsource(module.Player), inspect.getsource(module.Player.hit)
    live.edit("# A comment.\n" + PLAYER.replace("return 1", "return 2"))

    assert linecache.getline(str(live.path), 4) == "    def hit(self): return 2\n"
    assert inspect.getsource(module.Player.hit) == "    def hit(self): return 2\n"
    assert inspect.getsource(module.Player).endswith("return 2\n")
    assert inspect.getmodule(module.Player.hit) is module
    assert inspect.signature(module.Player.hit).parameters.keys() == {"self"}


def test_fields_of_a_data_class_are_the_new_ones(live: LiveModule) -> None:
    module = live.start("import dataclasses\n@dataclasses.dataclass\nclass P:\n    x: int = 1\n")
    point = module.P()
    live.change("x: int = 1", "x: int = 1\n    y: int = 2")

    assert [field.name for field in dataclasses.fields(point)] == ["x", "y"]
    assert dataclasses.asdict(point) == {"x": 1, "y": 2}
    assert dataclasses.replace(point, y=3) == module.P(1, 3)


def test_enum_is_looked_up_by_value_and_by_name(live: LiveModule) -> None:
    module = live.start("import enum\nclass Color(enum.Enum):\n    RED = 1\n    BLUE = 2\n")
    red = module.Color.RED
    report = live.edit("import enum\nclass Color(enum.Enum):\n    RED = 1\n    GREEN = 3\n")
    found = [module.Color(1), module.Color["RED"], module.Color(3)]

    assert found == [red, red, module.Color.GREEN]
    with pytest.raises(ValueError, match="2 is not"):
        module.Color(2)
    assert issubclass(module.Color, enum.Enum)
    report.undo()
    assert module.Color(2) is module.Color.BLUE
    with pytest.raises(ValueError, match="3 is not"):
        module.Color(3)


def test_generic_alias_that_typing_remembers_is_of_the_successor(live: LiveModule) -> None:
    module = live.start(PLAYER)
    held = typing.List[module.Player]  # type: ignore[name-defined]  # noqa: UP006
    live.edit(WITH_BASE)

    assert typing.get_args(held) == (module.Player,)
    assert typing.get_args(typing.List[module.Player]) == (module.Player,)  # type: ignore[name-defined]  # noqa: UP006
    assert typing.Optional[module.Player] == typing.Union[module.Player, None]  # noqa: UP007, UP045


def test_type_hints_of_a_function_elsewhere_are_the_successors(live: LiveModule) -> None:
    module = live.start(PLAYER)
    other = live.other("""
        import LIVE
        def now(player: LIVE.Player) -> "LIVE.Player": ...
    """)
    typing.get_type_hints(other.now)
    live.edit(WITH_BASE)

    assert set(typing.get_type_hints(other.now).values()) == {module.Player}


def test_protocol_that_gains_a_member_asks_for_it(live: LiveModule) -> None:
    source = """
        import typing
        @typing.runtime_checkable
        class Hits(typing.Protocol):
            def hit(self): ...
        class Player:
            def hit(self): return 1
        class Archer:
            def hit(self): return 1
            def aim(self): return 1
    """
    module = live.start(source)
    player, archer = module.Player(), module.Archer()
    before = [isinstance(each, module.Hits) for each in (player, archer)]
    live.edit(
        source.replace("def hit(self): ...", "def hit(self): ...\n            def aim(self): ...")
    )

    assert before == [True, True]
    assert [isinstance(each, module.Hits) for each in (player, archer)] == [False, True]


def test_total_ordering_and_wraps_are_of_the_new_code(live: LiveModule) -> None:
    source = """
        import functools
        @functools.total_ordering
        class Player:
            def __init__(self, level): self.level = level
            def __eq__(self, other): return self.level == other.level
            def __lt__(self, other): return self.level < other.level
    """
    module = live.start(source)
    low, high = module.Player(1), module.Player(2)
    before = high >= low
    live.edit(source.replace("self.level < other.level", "self.level > other.level"))

    assert before
    assert high <= low
    assert functools.total_ordering


# pydantic

MODELS = "import pydantic\nclass Inner(pydantic.BaseModel):\n    x: int = 0\n"


@pytest.mark.parametrize("rerun", ["all", "changed"])
def test_model_elsewhere_is_rebuilt_over_a_model_that_changed(live: LiveModule, rerun: str) -> None:
    module = live.start(MODELS)
    other = live.other("""
        import pydantic
        import LIVE
        class Outer(pydantic.BaseModel):
            inner: LIVE.Inner
            many: list[LIVE.Inner] = []
        class Sub(Outer):
            name: str = ""
        class Apart(pydantic.BaseModel):
            n: int
    """)
    apart = other.Apart.__pydantic_validator__
    report = live.change("x: int = 0", "x: int = 0\n    y: int = 5", rerun=rerun)
    made = other.Sub.model_validate({"inner": {"x": 1, "y": 2}, "many": [{"y": 3}]})

    assert made.inner == module.Inner(x=1, y=2)
    assert type(made.inner) is type(made.many[0]) is module.Inner
    assert "y" in other.Outer.model_json_schema()["$defs"]["Inner"]["properties"]
    assert other.Apart.__pydantic_validator__ is apart
    report.undo()
    assert "y" not in other.Outer.model_validate({"inner": {"x": 1, "y": 2}}).inner.model_dump()


OUTER = """
    import pydantic
    import LIVE
    class Outer(pydantic.BaseModel):
        inner: LIVE.Inner
    class Another(pydantic.BaseModel):
        inner: LIVE.Inner | None = None
"""


def test_model_elsewhere_that_cannot_be_rebuilt_is_reported(live: LiveModule) -> None:
    live.start(MODELS)
    other = live.other(OUTER)
    report = live.change("x: int = 0", "x: int = 0\n    y: 'Later' = None")
    messages = [each.message for each in report.notices if each.code == "LP208"]

    assert len(messages) == 1, report
    assert f"{other.__name__}.Outer (a name in it is not defined)" in messages[0]
    assert f"{other.__name__}.Another" in messages[0]
    live.edit(live.source.replace("import pydantic\n", "import pydantic\nLater = int | None\n"))
    assert other.Outer.model_validate({"inner": {"y": 2}}).inner.y == 2


def test_model_elsewhere_whose_schema_raises_is_reported_and_the_others_are_rebuilt(
    live: LiveModule,
) -> None:
    module = live.start(MODELS)
    other = live.other(
        OUTER
        + """
    class Strict(pydantic.BaseModel):
        inner: LIVE.Inner
        @classmethod
        def __get_pydantic_core_schema__(cls, source, handler):
            if "y" in LIVE.Inner.model_fields:
                raise ZeroDivisionError("no y")
            return handler(source)
    class Last(pydantic.BaseModel):
        inner: LIVE.Inner
"""
    )
    report = live.change("x: int = 0", "x: int = 0\n    y: int = 5")
    messages = [each.message for each in report.notices if each.code == "LP208"]

    assert len(messages) == 1, report
    assert f"{other.__name__}.Strict (ZeroDivisionError: no y)" in messages[0]
    assert other.Outer(inner=module.Inner(y=2)).inner.y == 2
    assert other.Last.model_validate({"inner": {"y": 2}}).inner.y == 2
    report.undo()
    assert other.Strict(inner=module.Inner()).inner == module.Inner()


@pytest.mark.parametrize("asked", ["Shape", "Thing"])
def test_hook_that_says_who_its_subclasses_are_is_asked_again(live: LiveModule, asked: str) -> None:
    module = live.start("""
        import abc
        class Thing(abc.ABC): pass
        class Shape(Thing):
            @classmethod
            def __subclasshook__(cls, other):
                return "area" in vars(other)
    """)
    seen = type("Seen", (), {"area": 1}), type("Unseen", (), {"sides": 1})
    before = [issubclass(each, getattr(module, asked)) for each in seen]
    report = live.change('"area"', '"sides"')
    now = [issubclass(each, getattr(module, asked)) for each in seen]
    report.undo()

    assert [before, now] == [[True, False], [False, True]]
    assert [issubclass(each, getattr(module, asked)) for each in seen] == [True, False]


def test_model_that_gains_a_field_takes_instances_of_models_beside_it(live: LiveModule) -> None:
    module = live.start("""
        import enum
        import pydantic
        class Kind(enum.Enum):
            HERO = 1
        class Address(pydantic.BaseModel):
            street: str
        class User(pydantic.BaseModel):
            name: str
            address: Address
            kind: Kind = Kind.HERO
    """)
    address, kind = module.Address(street="x"), module.Kind.HERO
    live.change("name: str", "name: str\n    age: int = 3")
    user = module.User(name="ada", address=address, kind=kind)

    assert user.address is address
    assert (user.kind, user.age) == (kind, 3)
    assert module.User.model_validate({"name": "bob", "address": {"street": "y"}, "kind": 1})


def test_functions_that_a_model_gave_to_its_validator_run_the_new_body(live: LiveModule) -> None:
    module = live.start("""
        import pydantic
        class User(pydantic.BaseModel):
            name: str
            @pydantic.field_validator("name")
            @classmethod
            def see(cls, value): return value + "1"
            @pydantic.field_serializer("name")
            def show(self, value): return value + "a"
        class Team(pydantic.BaseModel):
            user: User
    """)
    user = module.User(name="ada")
    live.edit(live.source.replace('+ "1"', '+ "2"').replace('+ "a"', '+ "b"'))
    team = module.Team.model_validate({"user": {"name": "bob"}})

    assert user.model_dump() == {"name": "ada1b"}
    assert team.model_dump() == {"user": {"name": "bob2b"}}


def test_a_cache_that_remembers_what_was_made_anew_is_empty(live: LiveModule) -> None:
    source = """
        import functools
        class Truth:
            def __init__(self): self.seen = []
        TRUE = Truth()
        @functools.lru_cache
        def join(*parts): return TRUE if all(parts) else None
        @functools.cache
        def pair(): return (TRUE, 1)
        @functools.cache
        def other(n): return [n]
    """
    module = live.start(source)
    module.join(1), module.pair()
    kept = module.other(1)
    report = live.edit(source.replace("self.seen = []", "self.seen = [1]"))

    assert module.join(1) is module.TRUE
    assert module.pair()[0] is module.TRUE
    assert module.other(1) is kept

    report.undo()

    assert module.join(1) is module.TRUE
    assert module.pair()[0] is module.TRUE


@pytest.mark.parametrize("size", ["None", "100"])
def test_a_cache_that_the_load_has_filled_has_no_class_that_does_not_stay(
    live: LiveModule, size: str
) -> None:
    source = """
        class P: pass
        class F:
            @classmethod
            def find(cls, key): return (P, None, key)
        X = F.find("a")
    """
    module = live.start(source)
    held = [module.F.find, vars(module.F)["find"].__func__, module.P, module.F]
    cached = f"""
        import functools
        class P: pass
        class F:
            @classmethod
            @functools.lru_cache(maxsize={size})
            def find(cls, key): return (P, key, key)
        @functools.lru_cache(maxsize={size})
        def find(key): return (P, key, key)
        X = F.find("a"), find("a")
    """
    report = live.edit(cached)

    assert report.ok, report
    assert held[0]("a") == module.F.find("a") == module.find("a") == (module.P, "a", "a")
    assert module.find("a")[0] is held[2] is module.P

    report.undo()

    assert held[0]("a") == module.F.find("a") == (module.P, None, "a")


@pytest.mark.parametrize("size", ["None", "100"])
def test_a_function_that_becomes_a_cached_one_remembers_no_class_that_does_not_stay(
    live: LiveModule, size: str
) -> None:
    source = """
        class P: pass
        def find(key): return (P, key)
        X = find("a")
    """
    module = live.start(source)
    held = [module.find, module.P]
    cached = source.replace("def find", f"@functools.lru_cache(maxsize={size})\n        def find")
    report = live.edit("        import functools\n" + cached)

    assert report.ok, report
    assert held == [module.find, module.P]
    assert module.find("a")[0] is module.P is module.X[0]


@pytest.mark.parametrize("size", ["None", "100"])
def test_a_cache_elsewhere_that_has_a_class_which_is_replaced_is_of_its_successor(
    live: LiveModule, size: str
) -> None:
    other = live.other(f"""
        import functools
        @functools.lru_cache(maxsize={size})
        def name(cls): return (cls, cls.__name__)
        @functools.lru_cache(maxsize={size})
        def size(n): return [n]
    """)
    module = live.start("class A: pass\nclass C: pass\n")
    before, kept = other.name(module.C), other.size(1)
    report = live.edit("class A: pass\nclass C(A): pass\n")

    assert report.ok, report
    assert before[1] == "C"
    assert other.name(module.C)[0] is module.C
    assert other.size(1) is kept


def test_a_cache_that_remembers_a_global_with_old_data_in_it_is_empty(live: LiveModule) -> None:
    source = """
        import functools
        ITEMS = [1]
        BOTH = (ITEMS, "both")
        @functools.cache
        def both(): return BOTH
    """
    module = live.start(source)
    module.both()
    live.edit(source.replace("[1]", "[2]").replace('"both"', '"two"'))

    assert module.both() is module.BOTH
    assert module.both() == ([2], "two")


def test_validators_that_only_an_undo_keeps_are_no_holders(live: LiveModule) -> None:
    source = """\
import pydantic
class Address(pydantic.BaseModel):
    street: str
class User(pydantic.BaseModel):
    name: str
    address: Address
def f(): return 1
"""
    module = live.start(source)
    reports = [
        live.change("return 1", "return 2"),
        live.change("name: str", "name: str\n    age: int = 3"),
    ]
    user = module.User.model_validate({"name": "ada", "address": {"street": "x"}})

    assert all(report.ok for report in reports)
    assert type(user.address) is module.Address


def test_validator_that_somebody_has_is_named(live: LiveModule) -> None:
    source = "import pydantic\nclass User(pydantic.BaseModel):\n    name: str\n"
    module = live.start(source)
    validator = module.User.__pydantic_validator__
    report = live.change("name: str", "name: str\n    age: int = 3")
    current = type(validator.validate_python({"name": "ada"})) is module.User

    assert current or named(report.notices, "not moved", "User")


@pytest.mark.one_mode("data that stays is not compared")
def test_data_that_leads_back_to_itself_is_compared(live: LiveModule) -> None:
    source = """
import functools
ROOT = {"children": [], "name": "root"}
ROOT["children"].append({"parent": ROOT, "name": "child"})
@functools.cache
def names(): return [each["name"] for each in ROOT["children"]]
"""
    module = live.start(source)
    assert module.names() == ["child"]
    live.change('"name": "child"', '"name": "leaf"')

    assert module.names() == ["leaf"]


@pytest.mark.parametrize("base", ["object", "typing.TypedDict", "typing.Protocol"])
def test_cache_with_state_where_a_class_that_cannot_be_asked_has_changed(
    live: LiveModule, base: str
) -> None:
    """textual: `issubclass` of a typed dict raised, out of the reload."""
    home = live.other(
        "import functools\nclass Info:\n    def __init__(self, cls): self.seen = [cls]\n"
        "@functools.lru_cache\ndef info(cls): return Info(cls)\n"
    )
    source = f"import typing\nclass T({base}):\n    x: int\nclass D:\n    y = 1\n"
    module = live.start(source)
    home.info(module.D).seen.append(1)
    report = live.edit(source.replace("    x: int\n", "    x: int\n    z: int\n") + "    z = 1\n")

    assert module.D.z == 1
    assert f"{home.__name__}.info" in {each.path for each in report.notices}
