"""Instances whose class has another layout: made anew by name, held where the old ones were."""

from __future__ import annotations

import gc
import io
import pickle
import threading
import types
import weakref
from typing import Any

import pytest

import livepatch
from tests.conformance.holders import Slotted
from tests.conformance.slotted import GAINED, SLOTS, player_of
from tests.live import LiveModule

pytestmark = pytest.mark.sampled(20)


class Holders:
    """What holds an instance, in every way; `found` says what each way leads to."""

    def __init__(self, player: Any) -> None:
        self.listed = [player, (player, [player])]
        self.values = {"a": player, "b": 1}
        self.many = dict.fromkeys(range(20), player)
        self.keys = {"a": 1, player: 2, (player, 1): 3, "b": 4}
        self.set = {player, "x"}
        self.frozen = frozenset([player])
        self.cell = (lambda: player).__closure__
        self.bound = player.hit
        self.slotted = Slotted(player)
        self.attribute = types.SimpleNamespace(player=player)
        self.suspended = self._suspend(player)
        next(self.suspended)

    @staticmethod
    def _suspend(player: Any) -> Any:
        yield
        yield player

    def found(self) -> list[Any]:
        assert self.cell is not None
        return [
            self.listed[0],
            self.listed[1][0],
            self.listed[1][1][0],
            self.values["a"],
            *self.many.values(),
            list(self.keys)[1],
            list(self.keys)[2][0],
            next(each for each in self.set if each != "x"),
            next(iter(self.frozen)),
            self.cell[0].cell_contents,
            self.bound.__self__,
            self.slotted.content,
            self.attribute.player,
            next(self.suspended),
        ]


def test_every_holder_has_the_new_instance(live: LiveModule) -> None:
    module = live.start(SLOTS)
    player = player_of(module)
    holders = Holders(player)
    report = live.change(*GAINED)
    found = holders.found()

    assert report.ok
    assert type(player) is module.Player
    assert all(each is player for each in found)
    assert list(holders.keys.values()) == [1, 2, 3, 4]
    assert holders.keys[player] == 2
    assert holders.keys[player, 1] == 3
    assert player in holders.set
    assert player in holders.frozen
    assert (player.name, player.level, holders.bound()) == ("ada", 3, "ada")
    assert not hasattr(player, "mana")


def test_undo_gives_every_holder_an_instance_of_the_earlier_class(live: LiveModule) -> None:
    module = live.start(SLOTS)
    player = player_of(module)
    holders = Holders(player)
    report = live.change(*GAINED)
    player.level = 4
    undone = report.undo()
    found = holders.found()

    assert undone.ok
    assert type(player) is module.Player
    assert "mana" not in module.Player.__slots__
    assert all(each is player for each in found)
    assert holders.keys[player] == 2
    assert player.level == 4


def test_same_edit_can_be_made_again_after_an_undo(live: LiveModule) -> None:
    module = live.start(SLOTS)
    players = [player_of(module)]
    live.change(*GAINED).undo()
    report = live.reload()

    assert report.ok
    assert type(players[0]) is module.Player
    assert module.Player.__slots__[2] == "mana"
    assert players[0].name == "ada"


def test_dry_run_makes_no_instance_anew(live: LiveModule) -> None:
    module = live.start(SLOTS)
    player = player_of(module)
    holders = Holders(player)
    report = live.change(*GAINED, dry_run=True)
    found = holders.found()

    assert report.ok
    assert report.instances == {f"{live.name}.Player": 1}
    assert type(player) is module.Player
    assert "mana" not in module.Player.__slots__
    assert all(each is player for each in found)


def test_weak_references_lead_to_the_new_instance_and_do_not_call_back(live: LiveModule) -> None:
    module = live.start(SLOTS)
    player = player_of(module)
    seen: list[str] = []
    plain, calling = weakref.ref(player), weakref.ref(player, lambda _: seen.append("gone"))
    keys = weakref.WeakKeyDictionary({player: 1})
    values = weakref.WeakValueDictionary({"a": player})
    members = weakref.WeakSet([player])
    method = weakref.WeakMethod(player.hit)
    proxy = weakref.proxy(player)
    finalizer = weakref.finalize(player, seen.append, "finalized")
    report = live.change(*GAINED)
    gc.collect()

    assert report.ok
    assert not seen
    assert finalizer.alive
    assert plain() is calling() is values["a"] is player
    assert keys[player] == 1
    assert player in members
    assert method()() == proxy.name == "ada"
    del player
    gc.collect()
    assert sorted(seen) == ["finalized", "gone"]
    assert not keys
    assert not values


def test_instances_that_hold_each_other(live: LiveModule) -> None:
    module = live.start(SLOTS)
    one, two = player_of(module), player_of(module)
    one.level, two.level = two, [one, (two, {"one": one})]
    one.name = one
    live.change(*GAINED)

    assert type(one) is type(two) is module.Player
    assert one.level is two
    assert one.name is one
    assert two.level[0] is one
    assert two.level[1][0] is two
    assert two.level[1][1]["one"] is one


def test_slot_that_was_never_assigned_stays_so(live: LiveModule) -> None:
    module = live.start(SLOTS)
    one, two = player_of(module), module.Player()
    two.level = 7
    live.change(*GAINED)

    assert (one.name, one.level, two.level) == ("ada", 3, 7)
    assert not hasattr(two, "name")


def test_slots_in_another_order(live: LiveModule) -> None:
    module = live.start('class Player:\n    __slots__ = ("a", "b", "c")\n')
    player = module.Player()
    player.a, player.b, player.c = 1, 2, 3
    live.change('("a", "b", "c")', '("c", "x", "a", "b")')

    assert type(player) is module.Player
    assert (player.a, player.b, player.c) == (1, 2, 3)


def test_private_slots_keep_their_values(live: LiveModule) -> None:
    module = live.start("""
        class Player:
            __slots__ = ("__name",)
            def set(self, name): self.__name = name
            def get(self): return self.__name
    """)
    player = module.Player()
    player.set("ada")
    live.change('("__name",)', '("__name", "level")')

    assert player.get() == "ada"


def test_slots_become_a_dict_and_back(live: LiveModule) -> None:
    module = live.start('class Player:\n    __slots__ = ("a", "b")\n')
    player = module.Player()
    player.a = 1
    report = live.change('__slots__ = ("a", "b")', "pass")

    assert report.ok
    assert type(player) is module.Player
    assert vars(player) == {"a": 1}
    player.c = 2
    assert report.undo().ok
    assert player.a == 1
    assert not hasattr(player, "c")


def test_attributes_without_a_slot_come_back_on_undo(live: LiveModule) -> None:
    module = live.start("class Player:\n    pass\n")
    player = module.Player()
    player.a, player.b = 1, [2]
    report = live.change("pass", '__slots__ = ("a",)')

    assert not hasattr(player, "b")
    player.a = 3
    report.undo()
    assert vars(player) == {"a": 3, "b": [2]}


def test_values_left_behind_come_back_through_two_reloads(live: LiveModule) -> None:
    module = live.start('class Player:\n    __slots__ = ("a", "b")\n')
    player = module.Player()
    player.a, player.b = 1, 2
    first = live.change('("a", "b")', '("a",)')
    second = live.change('("a",)', '("a", "c")')
    second.undo()
    first.undo()

    assert type(player) is module.Player
    assert (player.a, player.b) == (1, 2)


def test_report_keeps_no_instance_alive_that_can_be_referred_to_weakly(live: LiveModule) -> None:
    module = live.start(SLOTS)
    player = player_of(module)
    report = live.change('"level", ', "")
    reference = weakref.ref(player)
    del player
    gc.collect()

    assert reference() is None
    assert report.undo().ok


def test_dict_that_others_hold_stays_that_of_the_instance(live: LiveModule) -> None:
    module = live.start("class Player:\n    pass\n")
    player, twin = module.Player(), module.Player()
    player.name, player.me = "ada", player
    shared = twin.__dict__ = vars(player)
    live.change("pass", '__slots__ = ("level", "__dict__")')

    assert type(player) is type(twin) is module.Player
    assert vars(player) is vars(twin) is shared
    assert shared["me"] is player


def test_instances_without_any_place_for_values(live: LiveModule) -> None:
    module = live.start("class Player:\n    __slots__ = ()\n")
    player = module.Player()
    held = [player, {player: 1}, (player,)]
    report = live.change("()", '("a",)')
    player.a = 1

    assert report.ok
    assert type(player) is module.Player
    assert held[0] is player is held[2][0]
    assert held[1][player] == 1


def test_own_setattr_getattr_eq_and_init_are_not_called(live: LiveModule) -> None:
    module = live.start("""
        calls = []
        class Player:
            __slots__ = ("a",)
            def __init__(self): calls.append("init"); object.__setattr__(self, "a", 1)
            def __setattr__(self, name, value): calls.append("set")
            def __getattribute__(self, name):
                calls.append("get")
                return object.__getattribute__(self, name)
            def __eq__(self, other): calls.append("eq"); return True
            __hash__ = None
    """)
    players = [module.Player()]
    module.calls.clear()
    calls = module.calls
    live.change('("a",)', '("a", "b")', keep=("calls",))

    assert type(players[0]) is module.Player
    assert not calls
    assert players[0].a == 1


def test_instances_of_a_class_that_became_abstract(live: LiveModule) -> None:
    module = live.start("import abc\nclass Player(abc.ABC):\n    __slots__ = ('a',)\n")
    player = module.Player()
    player.a = 1
    live.change("('a',)", "('a', 'b')\n    @abc.abstractmethod\n    def hit(self): ...")

    assert type(player) is module.Player
    assert player.a == 1
    with pytest.raises(TypeError):
        module.Player()


def test_hidden_slot_of_a_base_keeps_its_value(live: LiveModule) -> None:
    module = live.start("""
        class Base:
            __slots__ = ("a",)
        class Player(Base):
            __slots__ = ("a",)
    """)
    player = module.Player()
    player.a = 1
    module.Base.a.__set__(player, 2)
    live.change(
        'class Player(Base):\n    __slots__ = ("a",',
        'class Player(Base):\n    __slots__ = ("a", "b",',
    )

    assert player.a == 1
    assert module.Base.a.__get__(player) == 2


def test_old_instance_that_cannot_be_moved_is_reported(live: LiveModule) -> None:
    module = live.start(SLOTS)
    player = player_of(module)
    # What it has written it keeps in a table in C memory.
    pickler = pickle.Pickler(io.BytesIO())
    pickler.dump(player)
    report = live.change(*GAINED)

    assert type(player) is module.Player
    hidden = [each for _, each in pickler.memo.copy().values()]
    assert any(type(each).__name__ == "Player" for each in hidden)
    assert not any(type(each) is module.Player for each in hidden)
    assert not report.ok
    assert any(each.code == "LP209" and "Player" in each.path for each in report.notices)


# Data classes

POINT = """
    import dataclasses
    @dataclasses.dataclass(slots=True, frozen=True)
    class Point:
        x: int
"""


def test_frozen_slotted_data_class_gains_fields_and_stays_a_key(live: LiveModule) -> None:
    module = live.start(POINT)
    point = module.Point(3)
    table, members, nested = {point: 1}, {point}, {frozenset([point]): 2}
    made = "dataclasses.field(default_factory=list, compare=False)"
    report = live.change("x: int", f"x: int\n    y: int = 7\n    z: list = {made}")

    assert report.ok
    assert point == module.Point(3, 7)
    assert point.z == []
    assert table[module.Point(3)] == 1
    assert module.Point(3) in members
    assert nested[frozenset([module.Point(3)])] == 2
    assert report.undo().ok
    assert point == module.Point(3)
    assert table[module.Point(3)] == 1
    assert nested[frozenset([module.Point(3)])] == 2


def test_field_without_a_default_is_refused_with_the_count(live: LiveModule) -> None:
    module = live.start(POINT)
    points = [module.Point(1), module.Point(2)]
    with pytest.raises(livepatch.ReloadRefused) as refused:
        live.change("x: int", "x: int\n    y: int")
    (refusal,) = refused.value.refusals

    assert (refusal.code, refusal.path) == ("LP126", f"{live.name}.Point")
    assert "2 live instances" in refusal.message
    assert "'y'" in refusal.message
    assert [repr(point) for point in points] == ["Point(x=1)", "Point(x=2)"]
    assert type(points[0]) is module.Point


def test_field_without_a_default_passes_without_instances(live: LiveModule) -> None:
    module = live.start(POINT)
    report = live.change("x: int", "x: int\n    y: int")

    assert report.ok
    assert module.Point(1, 2).y == 2


def test_field_without_a_default_is_filled_by_the_hook(live: LiveModule) -> None:
    module = live.start(POINT)
    point = module.Point(3)
    hook = "def __livepatch_migrate__(self, change): object.__setattr__(self, 'y', self.x * 2)"
    table = {point: 1}
    report = live.change("x: int", f"x: int\n    y: int\n    {hook}")

    assert report.ok
    assert point == module.Point(3, 6)
    assert table[module.Point(3, 6)] == 1


def test_data_class_gains_slots(live: LiveModule) -> None:
    source = (
        "import dataclasses\n@dataclasses.dataclass\nclass Point:\n    x: int\n    y: int = 2\n"
    )
    module = live.start(source)
    point = module.Point(1)
    report = live.change("@dataclasses.dataclass", "@dataclasses.dataclass(slots=True)")

    assert report.ok
    assert point == module.Point(1, 2)
    assert not hasattr(point, "__dict__")
    report.undo()
    assert vars(point) == {"x": 1, "y": 2}


# Named tuples, and subclasses of built-in types

PAIR = "from typing import NamedTuple\nclass Pair(NamedTuple):\n    a: int\n    b: int = 0\n"


def test_named_tuple_fields_go_by_name(live: LiveModule) -> None:
    module = live.start(PAIR)
    pair = module.Pair(3, 4)
    table, nested = {pair: 1}, [(pair, [pair])]
    report = live.change("a: int\n    b: int = 0", "b: int = 0\n    c: int = 5\n    a: int = 1")

    assert report.ok
    assert pair == (4, 5, 3)
    assert type(pair) is module.Pair
    assert table[pair] == 1
    assert nested[0][0] is nested[0][1][0] is pair
    report.undo()
    assert pair == (3, 4)
    assert repr(pair) == "Pair(a=3, b=4)"


def test_named_tuple_gets_a_lost_field_back_on_undo(live: LiveModule) -> None:
    module = live.start(PAIR)
    pairs = [module.Pair(3, 4)]
    report = live.change("    a: int\n", "")

    assert pairs == [(4,)]
    report.undo()
    assert pairs == [(3, 4)]


def test_the_live_class_may_be_given_a_hook_from_outside(live: LiveModule) -> None:
    source = "import dataclasses\n@dataclasses.dataclass(slots=True)\nclass Point:\n    x: int\n"
    module = live.start(source)
    points = [module.Point(3)]

    def migrate(point: Any, change: livepatch.Change) -> None:
        point.y = point.x + 1 if change.direction == "forward" else None

    module.Point.__livepatch_migrate__ = migrate
    live.change("x: int\n", "x: int\n    y: int\n")

    assert points == [module.Point(3, 4)]


@pytest.mark.parametrize("name", ["Point", "Base"])
def test_hook_from_outside_fills_what_needs_no_new_layout(live: LiveModule, name: str) -> None:
    module = live.start("""
        import dataclasses
        class Base: pass
        @dataclasses.dataclass
        class Point(Base):
            x: int
    """)
    points = [module.Point(3)]
    told: list[tuple[str, list[str], list[str]]] = []

    def migrate(point: Any, change: livepatch.Change) -> None:
        told.append((change.direction, sorted(change.added), sorted(change.removed)))
        if change.direction == "forward":
            point.y = point.x + 1

    getattr(module, name).__livepatch_migrate__ = migrate
    report = live.change("x: int\n", "x: int\n    y: int\n")

    assert report.ok, report
    assert points == [module.Point(3, 4)]
    report.undo()
    assert points == [module.Point(3)]
    assert told == [("forward", ["y"], []), ("back", [], ["y"])]


def test_named_tuple_field_without_a_default_is_refused_with_the_count(live: LiveModule) -> None:
    module = live.start(PAIR)
    pairs = [module.Pair(3, 4), module.Pair(5, 6)]
    with pytest.raises(livepatch.ReloadRefused) as refused:
        live.change("    a: int\n", "    a: int\n    c: int\n")

    assert [each.code for each in refused.value.refusals] == ["LP126"]
    assert "2 live instances" in str(refused.value)
    assert pairs == [(3, 4), (5, 6)]
    assert module.Pair._fields == ("a", "b")


def test_named_tuple_of_a_call_gains_a_field(live: LiveModule) -> None:
    module = live.start('import collections\nPair = collections.namedtuple("Pair", "a b")\n')
    pair = module.Pair(1, 2)
    report = live.change('"a b")', '"b a c", defaults=[9])')

    assert report.ok
    assert pair == (2, 1, 9)
    assert type(pair) is module.Pair


NATIVES = {
    "list": "[1, 2]",
    "dict": "{1: 2}",
    "set": "{1}",
    "int": "5",
    "float": "-0.5",
    "str": "'ab'",
    "bytes": "b'ab'",
    "tuple": "(1, 2)",
    "Exception": "'boom'",
    "OSError": "2, 'nope'",
    "collections.OrderedDict": "{1: 2}",
    "collections.deque": "(1, 2), 3",
}


@pytest.mark.sampled(6)
@pytest.mark.parametrize("native", NATIVES)
def test_contents_of_a_built_in_base_are_carried_over(live: LiveModule, native: str) -> None:
    arguments = NATIVES[native]
    module = live.start(f"""
        import collections
        class S({native}):
            pass
        def make(): return S({arguments})
    """)
    made = module.make()
    made.me, made.note = [made], "kept"
    before = repr(module.make())
    report = live.change(
        "pass", "def __livepatch_migrate__(self, change): self.told = change.direction"
    )

    assert report.ok
    assert type(made) is module.S
    assert repr(made) == before
    assert made.me[0] is made
    assert (made.note, made.told) == ("kept", "forward")
    report.undo()
    assert type(made) is module.S
    assert repr(made) == before
    assert made.me[0] is made


def test_exception_becomes_a_plain_class_and_back(live: LiveModule) -> None:
    source = "class Failure(Exception):\n    def __init__(self, code): self.code = code\n"
    module = live.start(source)
    failure = module.Failure(7)
    try:
        raise failure from KeyError("cause")
    except module.Failure:
        pass
    held, keys = [failure], {failure: 1}
    report = live.edit("""
        class Failure:
            def __init__(self, code): self.code = code
            def __livepatch_migrate__(self, change):
                if change.direction == "forward": self.args = change.old_values["args"]
        """)

    assert report.ok, report
    assert (held[0], list(keys)) == (failure, [failure])
    assert not isinstance(failure, Exception)
    assert vars(failure) == {"code": 7, "args": (7,)}
    del failure.args
    report.undo()
    assert isinstance(failure, module.Failure)
    assert (failure.args, vars(failure)) == ((7,), {"code": 7})
    assert type(failure.__cause__) is KeyError
    assert failure.__traceback__ is not None


FROZEN = """
    class Player:
        __slots__ = ("name",)
        def __init__(self, name): self.name = name
        def __hash__(self): return hash(self.name)
        def __eq__(self, other): return self.name == other.name
    class Team(frozenset):
        __slots__ = ()
    class Club(frozenset):
        __slots__ = ("town",)
"""


def test_frozenset_gains_a_dict_and_its_members_a_slot(live: LiveModule) -> None:
    module = live.start(FROZEN)
    team = module.Team(map(module.Player, "abc"))
    club = module.Club([team])
    club.town = "here"
    held = {team: "team", club: "club"}
    report = live.edit(
        FROZEN.replace('("name",)', '("name", "level")')
        .replace('("town",)', '("town", "year")')
        .replace("__slots__ = ()", "pass")
    )
    for _ in range(2):
        assert report.ok, report
        assert type(team) is module.Team
        assert type(club) is module.Club
        assert (held[team], held[club], club.town) == ("team", "club", "here")
        assert held[module.Team(map(module.Player, "cab"))] == "team"
        assert {*map(type, team)} == {module.Player}
        assert next(iter(club)) is team
        if hasattr(module.Player, "level"):
            vars(team)["captain"] = "a"
            report.undo()
    assert not hasattr(team, "__dict__")


def test_data_class_becomes_a_named_tuple(live: LiveModule) -> None:
    fields = "    a: int\n    b: int = 0\n"
    module = live.start(f"from dataclasses import dataclass\n@dataclass\nclass Pair:\n{fields}")
    held = [module.Pair(1, 2)]
    report = live.edit(f"from typing import NamedTuple\nclass Pair(NamedTuple):\n{fields}")

    assert report.ok, report  # other data classes are not asked to follow
    assert held == [(1, 2)]


def test_named_tuple_becomes_a_data_class_and_back(live: LiveModule) -> None:
    module = live.start(PAIR)
    pair = module.Pair(3, 4)
    held = [pair, (pair,)]
    report = live.edit(
        "import dataclasses\n@dataclasses.dataclass\nclass Pair:\n    a: int\n    c: int = 9\n"
    )

    assert type(pair) is module.Pair
    assert pair is held[0] is held[1][0]
    assert pair == module.Pair(3, 9)
    report.undo()
    assert pair == (3, 4)
    assert pair is held[0] is held[1][0]


def test_container_with_contents_cannot_become_a_plain_object(live: LiveModule) -> None:
    module = live.start("class Bag(dict): pass\n")
    bags = [module.Bag(), module.Bag(a=1)]
    with pytest.raises(livepatch.ReloadRefused) as refused:
        live.change("(dict)", "")

    assert [each.code for each in refused.value.refusals] == ["LP122"]
    bags[1].clear()
    assert live.reload().ok
    assert [type(bag) for bag in bags] == [module.Bag] * 2
    assert not isinstance(bags[0], dict)


def test_instance_that_the_load_makes_of_a_class_that_stays(live: LiveModule) -> None:
    module = live.start("""
        class Base:
            __slots__ = ("a",)
        class Player(Base): pass
        class Number(int): pass
        first = Player()
        one = Number(1)
        def hit(): return 1
    """)
    live.change("return 1", "return 2")

    assert type(module.first) is module.Player
    assert type(module.one) is module.Number
    assert module.one == 1


def test_exception_keeps_its_traceback_and_cause_with_another_base(live: LiveModule) -> None:
    module = live.start("""
        class Broken(ValueError): pass
        def fail():
            try:
                {}["inner"]
            except KeyError as inner:
                raise Broken("outer", 2) from inner
    """)
    with pytest.raises(module.Broken) as raised:
        module.fail()
    broken, traceback = raised.value, raised.value.__traceback__
    del raised
    live.change("(ValueError)", "(OSError)")

    assert type(broken) is module.Broken
    assert isinstance(broken, OSError)
    assert broken.args == ("outer", 2)
    assert broken.__traceback__ is traceback
    assert type(broken.__cause__) is KeyError


def test_plain_class_becomes_an_exception(live: LiveModule) -> None:
    module = live.start("class Special:\n    def hit(self): return 1\n")
    special = module.Special()
    special.a = 1
    report = live.edit("class Special(Exception):\n    def hit(self): return 2\n")

    assert report.ok
    assert type(special) is module.Special
    assert isinstance(special, Exception)
    assert (special.a, special.hit()) == (1, 2)


# The hook and the marks

HOOKED = """
    import livepatch
    changes = []
    def mana_of(level): return 10 * level
    @livepatch.hotswap(renamed={"name": "title"})
    class Player:
        __slots__ = ("title", "mana", "__weakref__")
        def hit(self): return self.title
        def __livepatch_migrate__(self, change):
            changes.append((change.added, change.removed, change.renamed, change.old_values))
            if change.direction == "forward":
                self.mana = mana_of(change.old_values["level"])
"""


def test_hook_is_told_what_changed_once_all_is_carried_over(live: LiveModule) -> None:
    module = live.start(SLOTS)
    player = player_of(module)
    report = live.edit(HOOKED)

    assert report.ok
    assert (player.title, player.mana) == ("ada", 30)
    (change,) = module.changes
    assert change == ({"mana"}, {"level"}, {"name": "title"}, {"level": 3})


def test_hook_is_told_of_the_way_back_and_values_left_behind_return(live: LiveModule) -> None:
    module = live.start(SLOTS)
    player = player_of(module)
    report = live.edit(HOOKED)
    changes = module.changes
    player.title = "eve"
    report.undo()

    assert type(player) is module.Player
    assert (player.name, player.level) == ("eve", 3)
    assert changes[1] == ({"level"}, {"mana"}, {"title": "name"}, {"mana": 30})


def test_hook_that_raises_undoes_the_whole_reload(live: LiveModule) -> None:
    module = live.start(SLOTS + "    LIMIT = 1\n")
    player = player_of(module)
    holders = Holders(player)
    hook = "def __livepatch_migrate__(self, change): raise TypeError('no')\n        def hit"
    source = (SLOTS + "    LIMIT = 2\n").replace("def hit", hook).replace(*GAINED)
    with pytest.raises(TypeError, match="no"):
        live.edit(source)
    found = holders.found()

    assert module.LIMIT == 1
    assert type(player) is module.Player
    assert "mana" not in module.Player.__slots__
    assert all(each is player for each in found)
    assert holders.keys[player] == 2
    assert player.name == "ada"


def test_hook_of_a_second_class_that_raises_undoes_the_first(live: LiveModule) -> None:
    source = """
        class A:
            __slots__ = ("x",)
        class B:
            __slots__ = ("x",)
    """
    module = live.start(source)
    one, two = module.A(), module.B()
    one.x, two.x = 1, 2
    hook = "\n            def __livepatch_migrate__(self, change): 1 / 0"
    first, second = source.replace('("x",)', '("x", "y")').rsplit("\n", 1)
    with pytest.raises(ZeroDivisionError):
        live.edit(first + hook + "\n" + second)

    assert type(one) is module.A
    assert type(two) is module.B
    assert (one.x, two.x) == (1, 2)
    assert not hasattr(module.A, "y")


def test_dry_run_calls_no_hook(live: LiveModule) -> None:
    module = live.start(SLOTS)
    players = [player_of(module)]
    hook = "def __livepatch_migrate__(self, change): raise TypeError\n        def hit"
    report = live.edit(SLOTS.replace("def hit", hook).replace(*GAINED), dry_run=True)

    assert report.ok
    assert players[0].name == "ada"


def test_hook_may_break_a_set_of_many_for_nobody(live: LiveModule) -> None:
    module = live.start("class P:\n    def __init__(self, n): self.n = n\n")
    players = {module.P(number) for number in range(50)}
    live.edit("""
        class P:
            def __init__(self, n): self.n = n
            def __hash__(self): return hash(self.code)
            def __eq__(self, other): return self.code == other.code
            def __livepatch_migrate__(self, change): self.code = f"p{self.n}"
    """)

    assert len(players) == 50
    assert all(player in players for player in list(players))
    assert sorted(player.n for player in players) == list(range(50))


def test_renamed_attribute_of_a_class_without_slots(live: LiveModule) -> None:
    source = "import livepatch\nclass Player:\n    def __init__(self): self.hp = 1\n"
    module = live.start(source)
    players = [module.Player()]
    mark = '@livepatch.hotswap(renamed={"hp": "health"})\nclass'
    report = live.edit(source.replace("class", mark).replace("self.hp", "self.health"))

    assert report.ok
    assert vars(players[0]) == {"health": 1}
    assert vars(module.Player()) == {"health": 1}
    players[0].health = 2
    report.undo()
    assert vars(players[0]) == {"hp": 2}


def test_rename_is_done_once_and_inherited(live: LiveModule) -> None:
    source = "import livepatch\nclass Player:\n    __slots__ = ('hp',)\nclass Mage(Player): pass\n"
    module = live.start(source)
    mage = module.Mage()
    mage.hp, mage.spell = 1, "fire"
    mark = '@livepatch.hotswap(renamed={"hp": "health"})\nclass Player'
    live.edit(source.replace("class Player", mark).replace("'hp'", "'health'"))
    mage.hp = 5
    live.change("pass", "spell = None")

    assert type(mage) is module.Mage
    assert (mage.health, mage.hp, mage.spell) == (1, 5, "fire")


def test_kept_class_attribute_stays_whatever_the_source_says(live: LiveModule) -> None:
    module = live.start("""
        import livepatch
        @livepatch.hotswap(keep=("pool",))
        class Player:
            pool = 1
            limit = 1
    """)
    live.edit("""
        import livepatch
        class Base: pass
        @livepatch.hotswap(keep=("pool",))
        class Player(Base):
            pool = 2
            limit = 2
    """)

    assert (module.Player.pool, module.Player.limit) == (1, 2)


def test_marked_function_stays_the_same_object(live: LiveModule) -> None:
    source = """
        import livepatch
        @livepatch.hotswap
        def on_signal(number, frame=None): return 1
        class Player:
            @livepatch.hotswap
            def hit(self): return self
    """
    module = live.start(source)
    held, bound, player = module.on_signal, module.Player().hit, module.Player()
    report = live.edit(
        source.replace("number, frame=None): return 1", "number, *rest): x = rest; return 2")
    )

    assert held is module.on_signal
    assert held(1) == 2
    assert report.ok
    assert player.hit() is player
    assert type(bound()) is module.Player
    report.undo()
    assert held is module.on_signal
    assert held(1) == 1


def test_marks_with_bad_options_are_refused() -> None:
    with pytest.raises(livepatch.OptionTypeError):
        livepatch.hotswap(keep="name")
    with pytest.raises(livepatch.OptionTypeError):
        livepatch.hotswap(renamed={"a": 1})  # type: ignore[dict-item]
    with pytest.raises(livepatch.OptionTypeError):
        livepatch.hotswap(3)  # type: ignore[call-overload]


# Classes elsewhere

BASE = """
    REGISTRY = []
    class Player:
        __slots__ = ("name",)
        def __init_subclass__(cls, **options): REGISTRY.append(cls)
"""
ELSEWHERE = """
    import abc
    from LIVE import Player
    class Named:
        def __set_name__(self, owner, name): told.append(owner)
    told = []
    class Mixin:
        __slots__ = ()
    class Archer(Player, Mixin):
        '''Shoots.'''
        __slots__ = ("arrows",)
        field = Named()
        def own(self): return (super().__init__(), __class__)[1]
    class Elf(Archer): pass
    def local():
        class Local(Player): pass
        return Local
    Local = local()
    made = [Archer(), Elf(), Local()]
"""


def test_classes_elsewhere_are_made_anew_over_the_new_base(live: LiveModule) -> None:
    module = live.start(BASE)
    other = live.other(ELSEWHERE)
    archer, elf, local = other.made
    archer.name, archer.arrows, elf.arrows, elf.ears, local.name = "a", 1, 2, "long", "l"
    registry, told, reference = module.REGISTRY, list(other.told), weakref.ref(other.Archer)
    held = {other.Archer: 1}
    report = live.change('("name",)', '("name", "level")', keep=("REGISTRY",))
    archer.level = elf.level = local.level = 5

    assert report.ok
    assert type(archer) is other.Archer is archer.own()
    assert type(elf) is other.Elf
    assert type(local) is other.Local
    assert other.Archer.__bases__ == (module.Player, other.Mixin)
    assert other.Elf.__bases__ == (other.Archer,)
    assert (archer.name, archer.arrows, elf.arrows, elf.ears) == ("a", 1, 2, "long")
    assert registry == [other.Archer, other.Elf, other.Local]
    assert other.told == [other.Archer] * len(told)
    assert reference() is other.Archer
    assert held == {other.Archer: 1}
    assert set(module.Player.__subclasses__()) == {other.Archer, other.Local}
    assert other.Mixin.__subclasses__() == [other.Archer]
    assert (other.Archer.__doc__, other.Archer.__module__) == ("Shoots.", other.__name__)
    assert other.Local.__qualname__ == "local.<locals>.Local"


def test_undo_brings_the_classes_elsewhere_back(live: LiveModule) -> None:
    module = live.start(BASE)
    other = live.other(ELSEWHERE)
    archer, elf, _ = other.made
    archer.name, archer.arrows, elf.ears = "a", 1, "long"
    report = live.change('("name",)', '("name", "level")', keep=("REGISTRY",))
    archer.level, other.Archer.extra = 5, 7
    report.undo()

    assert type(archer) is other.Archer is archer.own()
    assert other.Archer.__bases__ == (module.Player, other.Mixin)
    assert other.Elf.__bases__ == (other.Archer,)
    assert (archer.name, archer.arrows, elf.ears) == ("a", 1, "long")
    assert not hasattr(archer, "level")
    assert other.Archer.extra == 7
    assert set(module.Player.__subclasses__()) == {other.Archer, other.Local}
    assert other.Mixin.__subclasses__() == [other.Archer]


def test_refused_reload_leaves_the_classes_elsewhere_alone(live: LiveModule) -> None:
    module = live.start(BASE + "    class Number(int): pass\n")
    other = live.other(ELSEWHERE)
    held = [module.Number(1)]
    source = (BASE + "    class Number(str): pass\n").replace('("name",)', '("name", "level")')
    with pytest.raises(livepatch.ReloadRefused) as refused:
        live.edit(source)

    assert [each.code for each in refused.value.refusals] == ["LP122"]
    assert other.Archer.__bases__ == (module.Player, other.Mixin)
    assert other.Mixin.__subclasses__() == [other.Archer]
    assert type(other.made[0]) is other.Archer
    assert held == [1]


def test_abstract_class_elsewhere_keeps_its_registrations(live: LiveModule) -> None:
    module = live.start("import abc\nclass Player(abc.ABC):\n    __slots__ = ()\n")
    other = live.other("""
        import abc, collections.abc
        from LIVE import Player
        class Archer(Player):
            @abc.abstractmethod
            def shoot(self): ...
        class Elf(Archer):
            def shoot(self): return 1
        class Ghost: pass
        Archer.register(Ghost)
        collections.abc.Sized.register(Elf)
        elf = Elf()
    """)
    report = live.change("()", '("name",)')
    elf = other.elf
    elf.name = "e"

    assert report.ok
    assert other.Archer.__bases__ == (module.Player,)
    assert isinstance(other.Ghost(), other.Archer)
    assert isinstance(elf, other.Archer)
    assert other.Archer.__abstractmethods__ == {"shoot"}
    assert elf.shoot() == 1
    with pytest.raises(TypeError):
        other.Archer()


def test_subclass_elsewhere_that_no_copy_can_be_made_of_is_refused(live: LiveModule) -> None:
    module = live.start("class Player:\n    __slots__ = ()\n")
    other = live.other(
        "from LIVE import Player\nclass Number(Player, int): pass\nheld = Number(3)\n"
    )
    with pytest.raises(livepatch.ReloadRefused) as refused:
        live.change("()", '("name",)')

    assert [each.code for each in refused.value.refusals] == ["LP124"]
    assert other.Number.__bases__ == (module.Player, int)
    assert other.held == 3


# Caches and threads


def test_cache_of_a_method_forgets_the_old_instances(live: LiveModule) -> None:
    module = live.start("""
        import functools
        class Player:
            __slots__ = ("level", "__weakref__")
            @functools.lru_cache(maxsize=4)
            def cost(self, factor): return self.level * factor
    """)
    players = []
    for level in range(4):
        player = module.Player()
        player.level = level
        player.cost(2)
        players.append(player)
    del player
    report = live.change('("level",', '("level", "mana",')

    assert "LP209" not in {each.code for each in report.notices}
    assert module.Player.cost.cache_info().currsize == 0
    for _ in range(3):
        assert [player.cost(2) for player in players] == [0, 2, 4, 6]
    assert module.Player.cost.cache_info().currsize == 4


def test_other_threads_see_all_of_a_migration_or_nothing(live: LiveModule) -> None:
    source = """
        VERSION = 1
        class Player:
            __slots__ = ("level",)
        players = []
        def fill():
            for level in range(200):
                player = Player()
                player.level = level
                players.append(player)
    """
    module = live.start(source)
    module.fill()
    namespace, seen, stop = vars(module), set(), threading.Event()

    def watch() -> None:
        while not stop.is_set():
            sample = players[-1]
            seen.add((type(sample).__slots__, hasattr(sample, "mana"), players[0].level))

    players = namespace["players"]
    thread = threading.Thread(target=watch)
    thread.start()
    hook = """
            def __livepatch_migrate__(self, change):
                self.mana = sum(range(500))
    """
    changed = source.replace('("level",)', '("level", "mana")' + hook)
    try:
        report = live.edit(changed, keep=("players",))
    finally:
        stop.set()
        thread.join()

    assert report.instances == {f"{live.name}.Player": 200}
    assert seen <= {(("level",), False, 0), (("level", "mana"), True, 0)}


def test_a_class_whose_instances_hold_nothing_and_that_has_none(live: LiveModule) -> None:
    module = live.start("class Point:\n    __slots__ = ()\n")
    held = [module.Point]
    live.change("__slots__ = ()", '__slots__ = ("x",)')

    assert held[0] is module.Point
    assert module.Point.x


def test_weak_reference_that_the_new_layout_has_no_room_for_is_named(live: LiveModule) -> None:
    module = live.start("class Player:\n    name = 'ada'\n    def hit(self): return 1\n")
    held = [module.Player()]
    reference = weakref.ref(held[0])
    report = live.edit("class Player:\n    __slots__ = ()\n    def hit(self): return 2\n")

    assert [notice.code for notice in report.notices] == ["LP201"]
    assert held[0].hit() == 2
    assert reference() is None


def test_undo_to_a_layout_without_weak_references_where_a_report_keeps_values(
    live: LiveModule,
) -> None:
    plain = "class Player:\n    def __init__(self): self.health = 100\n"
    module = live.start(plain)
    held = module.Player()
    first = live.edit("class Player:\n    __slots__ = ()\n")
    second = live.edit(plain)
    second.undo()
    first.undo()

    assert held.health == 100


# Marks on classes of every kind

MARKED = {
    "generic": ("import typing\nT = typing.TypeVar('T')\n", "(typing.Generic[T])"),
    "abstract": ("import abc\n", "(abc.ABC)"),
    "of a metaclass": ("class Meta(type): pass\n", "(metaclass=Meta)"),
    "of a metaclass that refuses": (
        "class Meta(type):\n    def __setattr__(cls, name, value): raise TypeError(name)\n",
        "(metaclass=Meta)",
    ),
    "slotted": ("", ""),
}


@pytest.mark.parametrize("case", MARKED)
def test_mark_holds_on_classes_of_every_kind_and_below_them(live: LiveModule, case: str) -> None:
    before, bases = MARKED[case]
    slots = "    __slots__ = ('hp',)\n" if case == "slotted" else ""
    source = (
        f"import livepatch\n{before}class Player{bases}:\n{slots}    pool = 1\n    limit = 1\n"
        f"class Mage(Player): pass\n"
    )
    module = live.start(source)
    player, mage = module.Player(), module.Mage()
    player.hp, mage.hp = 1, 2
    mark = '@livepatch.hotswap(renamed={"hp": "health"}, keep=("pool",))\nclass Player'
    edited = source.replace("class Player", mark).replace("'hp'", "'health'")
    report = live.edit(edited.replace("pool = 1", "pool = 2").replace("limit = 1", "limit = 2"))

    assert report.ok, report
    assert (player.health, mage.health) == (1, 2)
    assert (module.Player.pool, module.Player.limit) == (1, 2)
    assert type(player) is module.Player
    assert type(mage) is module.Mage
    mage.health = 3
    assert report.undo().ok
    assert (player.hp, mage.hp) == (1, 3)


def test_mark_is_one_attribute_of_the_class_and_nothing_else() -> None:
    class Plain:
        level = 1

        def hit(self) -> int:
            return 1

    before = dict(vars(Plain))
    marked = livepatch.hotswap(renamed={"hp": "health"})(Plain)
    after = dict(vars(marked))

    assert marked is Plain
    assert after.keys() - before.keys() == {"__livepatch_hotswap__"}
    assert all(after[name] is value for name, value in before.items() if name != "__dict__")


def test_marked_function_costs_one_call_of_a_proxy() -> None:
    def hit(number: int) -> int:
        return number

    marked = livepatch.hotswap(hit)

    assert marked.__wrapped__ is hit  # type: ignore[attr-defined]
    assert "__call__" not in vars(type(marked))
    assert marked(1) == 1


def test_hook_on_the_way_back_is_told_the_direction_and_what_was_gathered(
    live: LiveModule,
) -> None:
    module = live.start("told = []\nclass P:\n    __slots__ = ('a',)\n")
    held = [module.P()]
    held[0].a = 1
    report = live.edit("""
        told = []
        class P:
            __slots__ = ("b",)
            def __livepatch_migrate__(self, change):
                told.append((change.direction, dict(change.old_values)))
                if change.direction == "forward":
                    self.b = change.old_values["a"] + 1
    """)
    told = module.told
    held[0].b = 7
    report.undo()

    assert told == [("forward", {"a": 1}), ("back", {"b": 7})]
    assert held[0].a == 1


@pytest.mark.parametrize("count", [1, 3, 200])
def test_tables_that_go_by_identity_have_the_new_ones(live: LiveModule, count: int) -> None:
    module = live.start(SLOTS)
    players = [player_of(module, level=level) for level in range(count)]
    tables: list[dict[int, Any]] = [
        {id(each): each for each in players},
        {7: None, **{id(each): (each, each.level) for each in players}, 8: None},
        {id(each): weakref.ref(each) for each in players},
        {id(module.Player): module.Player},
    ]
    apart = [{id(each): each} for each in players]
    numbers = dict.fromkeys(range(3), players[0])
    report = live.change(*GAINED)

    assert report.ok, report
    for _ in range(2):
        assert all(tables[0][id(each)] is each for each in players)
        assert [tables[1][id(each)] for each in players] == [(e, e.level) for e in players]
        assert list(tables[1]) == [7, *map(id, players), 8]
        assert all(tables[2][id(each)]() is each for each in players)
        assert tables[3] == {id(module.Player): module.Player}
        assert all(table == {id(each): each} for table, each in zip(apart, players))
        assert list(numbers) == [0, 1, 2]
        assert type(players[0]) is module.Player
        if "mana" in module.Player.__slots__:
            report.undo()


def test_what_a_report_keeps_is_no_weak_reference_of_the_program(live: LiveModule) -> None:
    module = live.start("class P:\n    __slots__ = ('a', 'b', '__weakref__')\n")
    held = [module.P() for _ in range(100)]
    for each in held:
        each.a = each.b = 1
    first = live.edit("class P:\n    __slots__ = ('a', '__weakref__')\n")
    report = live.edit("class P:\n    __slots__ = ('a',)\n")
    back = report.undo()

    assert report.ok, report
    assert back.ok, back
    first.undo()
    assert [each.b for each in held] == [1] * 100


GAINING = {
    "named tuple": "from typing import NamedTuple\nclass O(NamedTuple):\n    a: int\n",
    "data class": "from dataclasses import dataclass\n@dataclass\nclass O:\n    a: int\n",
}
DEFAULTS = {
    "default": "def f(x=D): return x\n",
    "keyword default": "def f(*, x=D): return x\n",
    "default of a method": "class P:\n    def f(self, x=D): return x\nf = P().f\n",
    "default of a lambda": "f = lambda x=D: x\n",
}


@pytest.mark.parametrize("use", DEFAULTS)
@pytest.mark.parametrize("kind", GAINING)
def test_field_without_a_default_where_only_defaults_have_an_instance(
    live: LiveModule, kind: str, use: str
) -> None:
    """SQLAlchemy: the functions are given the new object, and the old one was said to be held."""
    module = live.start(GAINING[kind] + "D = O(1)\n" + DEFAULTS[use])
    live.edit(GAINING[kind] + "    b: int\nD = O(1, 2)\n" + DEFAULTS[use])

    assert module.f() is module.D
    assert module.D.b == 2
    held = module.f()
    with pytest.raises(livepatch.ReloadRefused, match="LP126"):
        live.edit(GAINING[kind] + "    b: int\n    c: int\nD = O(1, 2, 3)\n" + DEFAULTS[use])
    assert module.D is held


DEFAULT_OF_ANOTHER = """
    from dataclasses import dataclass
    @dataclass(frozen=True)
    class Pt:
        x: int
        y: int = 0
    @dataclass
    class Scene:
        name: str
        origin: Pt = Pt(0, 0)
    UNIT = Scene("u")
"""


@pytest.mark.parametrize("rerun", ["all", "changed"])
def test_instance_that_is_a_default_of_another_data_class_is_made_anew(
    live: LiveModule, rerun: str
) -> None:
    """The live one stays in the place of that of the load, and is itself made anew."""
    module = live.start(DEFAULT_OF_ANOTHER)
    report = live.edit(
        DEFAULT_OF_ANOTHER.replace("frozen=True", "frozen=True, slots=True"), rerun=rerun
    )

    default = module.Scene.__dataclass_fields__["origin"].default
    assert module.Scene.origin is default
    for each in (default, module.UNIT.origin, module.Scene("v").origin):
        assert type(each) is module.Pt
    assert report.ok


def test_defaults_that_somebody_else_has_too_are_a_reason_to_refuse(live: LiveModule) -> None:
    source = "from typing import NamedTuple\nclass V(NamedTuple):\n    a: int\n"
    module = live.start(source + "def g(v=V(1)): return v\n")
    kept = [module.g.__defaults__]
    with pytest.raises(livepatch.ReloadRefused, match="LP126"):
        live.edit(source + "    c: int\ndef g(v=V(1, 2)): return v\n")

    assert kept[0] is module.g.__defaults__


IN_A_CLOSURE = """
    class Mixin:
        __slots__ = ()
    class Leaf(Mixin):
        __slots__ = ("a",)
        def __init__(self, a): self.a = a
    class Holder: pass
    def bind(cls, name):
        leaf = Leaf(name)
        def get(*args): return leaf
        setattr(cls, name, get)
        return get
    GET = bind(Holder, "get")
"""


@pytest.mark.parametrize("rerun", ["all", "changed"])
def test_instance_in_a_closure_that_a_class_has_is_made_anew_there(
    live: LiveModule, rerun: str
) -> None:
    """dask: the operators of a class went on with the instances of the class that had gone."""
    module = live.start(IN_A_CLOSURE)
    held = module.Holder.get
    report = live.edit(
        IN_A_CLOSURE.replace("__slots__ = ()", "__slots__ = ('__weakref__',)"), rerun=rerun
    )

    for get in (module.Holder.get, module.GET, held):
        assert type(get()) is module.Leaf
        assert get().a == "get"
    assert "LP209" not in {each.code for each in report.notices}
