"""The three assertions hold after a right reload, and name each planted defect with its path."""

from __future__ import annotations

import functools
import sys
import types
from typing import Any

import pytest

from livepatch.testing import LiveModule, assert_current, assert_like_fresh, assert_unchanged

GAME = """
    import dataclasses, enum, functools
    __all__ = ["Player", "hit"]
    LIMIT = 1
    CACHE = {}
    class Base: pass
    class Player(Base):
        \"\"\"A player.\"\"\"
        count: int = 0
        def hit(self, power=1): return 1
        @property
        def name(self): return "ada"
        @name.setter
        def name(self, value): pass
        @staticmethod
        def made(): return 1
        @classmethod
        def make(cls): return cls()
    @dataclasses.dataclass
    class Point:
        x: int
        y: int = 0
    class Color(enum.Enum):
        RED = 1
    class Slotted:
        __slots__ = ("a",)
    def hit(power: int = 1, *, twice=False): return 1
    def outer():
        def inner(): return 1
        return inner
    @functools.lru_cache
    def cached(): return 1
    names = [lambda: 1, lambda: 2]
    double = functools.partial(hit, 2)
"""


BOTH = pytest.mark.parametrize("strategy", ["auto", "repoint"])


@pytest.fixture
def game(live: LiveModule) -> types.ModuleType:
    return live.start(GAME)


def message_of(failure: pytest.ExceptionInfo[AssertionError]) -> str:
    return str(failure.value)


class TestCurrent:
    @BOTH
    def test_holds_after_a_reload(self, live: LiveModule, game: types.ModuleType) -> None:
        held = [game.Player(), game.hit, (game.Player.hit, game.Point), game.outer(), game.Color]
        assert_current(game)
        live.change("return 1", "return 2")
        live.change("class Player(Base)", "class Other: pass\nclass Player(Other, Base)")

        assert_current(game)
        assert held[1] is game.hit

    def test_names_who_holds_an_old_function(
        self, live: LiveModule, game: types.ModuleType
    ) -> None:
        other = live.other("TABLE = {'hits': []}\n")
        stale = types.FunctionType(game.hit.__code__, vars(game), "hit")
        other.TABLE["hits"].append((stale,))
        del stale
        with pytest.raises(AssertionError) as failure:
            assert_current(game)

        assert f"{live.other_name}.TABLE['hits'][0][0] is function hit" in message_of(failure)
        assert "which has a successor" in message_of(failure)

    def test_names_an_instance_of_an_old_class(
        self, live: LiveModule, game: types.ModuleType
    ) -> None:
        other = live.other("players = {}\n")
        stale = type("Player", (), {"__module__": game.__name__})
        other.players["ada"] = stale()
        del stale
        with pytest.raises(AssertionError) as failure:
            assert_current(game.__name__)

        assert f"{live.other_name}.players['ada']'s class is class Player" in message_of(failure)

    def test_names_a_local_variable(self, game: types.ModuleType) -> None:
        stale = types.FunctionType(game.hit.__code__, vars(game), "hit")
        with pytest.raises(AssertionError, match=r"local variable stale of test_names_a_local"):
            assert_current(game)

        assert stale

    @pytest.mark.parametrize("name", ["hit", "Player.hit", "outer.<locals>.inner", "<lambda>"])
    def test_names_what_runs_older_code(self, game: types.ModuleType, name: str) -> None:
        present = {
            "hit": game.hit,
            "Player.hit": game.Player.hit,
            "outer.<locals>.inner": game.outer(),
            "<lambda>": game.names[0],
        }[name]
        present.__code__ = present.__code__.replace(co_consts=(None, 5))
        with pytest.raises(AssertionError) as failure:
            assert_current(game)

        assert f"function {name} at" in message_of(failure)
        assert "code" in message_of(failure)

    def test_names_what_has_the_lines_of_an_older_source(self, game: types.ModuleType) -> None:
        game.hit.__code__ = game.hit.__code__.replace(co_firstlineno=1)
        with pytest.raises(AssertionError, match=r"hit is function hit.*code of the present"):
            assert_current(game)

    def test_names_a_holder_that_only_c_code_knows(self, game: types.ModuleType) -> None:
        stale = types.FunctionType(game.hit.__code__, vars(game), "hit")
        reader = functools.cmp_to_key(stale)
        held = [map(reader, [])]
        del stale, reader
        with pytest.raises(AssertionError, match="function hit"):
            assert_current(game)

        assert held

    def test_what_a_report_keeps_for_an_undo_does_not_count(
        self, live: LiveModule, game: types.ModuleType
    ) -> None:
        report = live.edit(GAME.replace("return 1", "return 2"), strategy="repoint")

        assert_current(game)
        assert report.ok

    def test_fails_after_a_bare_reload(self, live: LiveModule, game: types.ModuleType) -> None:
        import importlib

        held = [game.Player()]
        live.write(GAME.replace("return 1", "return 2"))
        importlib.reload(game)
        with pytest.raises(AssertionError, match="class Player"):
            assert_current(game)

        assert held


# What is done to the module, and what must be said of it; one other process looks at a group.
DIFFERENCES = {
    "names": {
        "Color.RED._value_ = 5": "Color:members is {'RED': '5'}; fresh it is {'RED': '1'}",
        "del CACHE": "CACHE is missing; fresh it is",
        "LIMIT = 5": "LIMIT is 5; fresh it is 1",
        "EXTRA = 5": "EXTRA is left over: 5",
        "__all__.append('x')": "__all__ is __all__ ['Player', 'hit', 'x']; fresh",
    },
    "functions": {
        "Player.hit.__defaults__ = (9,)": "Player.hit:defaults is (9) None; fresh it is (1)",
        "hit.__kwdefaults__ = hit.__annotations__ = {}": "hit:signature is (power=1, *, twice);",
        "hit.__doc__ = 'x'": "hit:doc is 'x'; fresh it is None",
        "hit.__code__ = hit.__code__.replace(co_consts=(None, 5))": "hit:code is",
        "outer.__code__ = outer.__code__.replace(co_firstlineno=1)": "outer:line is 1; fresh it is",
        "double.__setstate__((hit, (3,), {}, {}))": "double:arguments is (3) {}; fresh it is",
    },
    "exchanged functions": {"hit, outer = outer, hit": "hit:name is LIVE.outer; fresh it is"},
    "classes": {
        "Player.__doc__ = 'x'": "Player.__doc__ is 'x'; fresh it is 'A player.'",
        "Player.count = 5": "Player.count is 5; fresh it is 0",
        "Player.__bases__ = (Point,)": "Player:mro is LIVE.Player LIVE.Point",
        "Player.name = property(Player.name.fget)": "Player.name.fset is missing",
        "Player.made = Player.made": "Player.made is function LIVE.Player.made; fresh it is",
        "Player.__annotations__['more'] = int": "Player:annotations is",
    },
}


class TestLikeFresh:
    @BOTH
    def test_holds_after_a_reload(self, live: LiveModule, game: types.ModuleType) -> None:
        assert_like_fresh(game)
        held = [game.Player(), game.hit, game.Point(1), game.Color.RED]
        live.edit(
            GAME.replace("return 1", "return 2")
            .replace("RED = 1", "RED = 1; BLUE = 2")
            .replace("power=1", "power=2, *more")
            .replace("LIMIT = 1", "LIMIT = 2\n    MORE = (1, 'a')")
        )

        assert_like_fresh(game)
        assert held[1] is game.hit

    @BOTH
    def test_holds_after_a_data_class_gained_a_field(
        self, live: LiveModule, game: types.ModuleType
    ) -> None:
        held = game.Point(1)
        live.change("y: int = 0", "y: int = 0\n    z: str = ''")

        assert_like_fresh(game)
        assert type(held) is game.Point

    @pytest.mark.parametrize("group", DIFFERENCES)
    def test_names_the_differences(
        self, live: LiveModule, game: types.ModuleType, group: str
    ) -> None:
        for defect in DIFFERENCES[group]:
            exec(defect, vars(game))
        with pytest.raises(AssertionError) as failure:
            assert_like_fresh(game)

        told = message_of(failure).replace(live.name, "LIVE")
        assert [said for said in DIFFERENCES[group].values() if said not in told] == []

    def test_state_can_be_left_out(self, game: types.ModuleType) -> None:
        game.Player.count = 5
        game.LIMIT = 7

        assert_like_fresh(game, ignore=("Player.count", "LIMIT"))

    def test_an_edit_of_the_same_size_is_seen(
        self, live: LiveModule, game: types.ModuleType
    ) -> None:
        live.write(GAME.replace("return 1", "return 2"))
        with pytest.raises(AssertionError, match="hit:code is"):
            assert_like_fresh(game)


class Holder:
    def __init__(self) -> None:
        self.value: Any = 1


class Slotted:
    __slots__ = ("value",)


def _defects(module: Any) -> dict[str, Any]:
    holder, slotted = Holder(), Slotted()
    slotted.value = 1
    cell = types.CellType(1)
    items = {"a": [1, 2], "b": (3,), "c": {4}}
    bound = types.MethodType(module.hit, holder)
    partial = functools.partial(module.hit, 2)
    roots = [module, holder, slotted, cell, items, bound, partial, module.Player()]
    return {"roots": roots, "module": module, "holder": holder, "slotted": slotted} | {
        "cell": cell,
        "items": items,
        "partial": partial,
        "player": roots[-1],
    }


class TestUnchanged:
    def test_holds_where_nothing_is_done(self, game: types.ModuleType) -> None:
        with assert_unchanged(*_defects(game)["roots"]):
            game.hit()
            game.Player().hit()
            repr(game.Point(1))

    @BOTH
    def test_holds_over_a_reload_that_fails(self, live: LiveModule, game: types.ModuleType) -> None:
        broken = GAME.replace("return 1", "return 2") + "    1 / 0\n"
        with assert_unchanged(game, [game.hit]), pytest.raises(ZeroDivisionError):
            live.edit(broken)

    @pytest.mark.parametrize(
        ("defect", "said"),
        [
            ("module.hit.__code__ = module.outer.__code__", "LIVE.hit.__code__ is code"),
            ("module.hit.__defaults__ = (1.5,)", "LIVE.hit.__defaults__ is tuple"),
            ("module.hit.note = 1", "LIVE.hit.__dict__['note'] is new"),
            ("module.Player.count = 1.5", "LIVE.Player.count is 1.5; it was 0"),
            ("module.Player.extra = 1.5", "LIVE.Player.extra is new: 1.5"),
            ("del module.Player.hit", "LIVE.Player.hit is gone: it was function Player.hit"),
            ("module.Player.__bases__ = (module.Point,)", "LIVE.Player's base 0 is class Point"),
            ("module.LIMIT = 1.5", "LIVE.LIMIT is 1.5; it was 1"),
            ("module.LIMIT = vars(module).pop('LIMIT')", "LIVE has another order"),
            ("del module.LIMIT", "LIVE.LIMIT is gone: it was 1"),
            ("holder.value = 2", "<Holder>.value is 2; it was 1"),
            ("slotted.value = 2", "<Slotted>.value is 2; it was 1"),
            ("holder.__class__ = Other", "<Holder> is of another class"),
            ("player.__class__ = module.Base", "<Player> is of another class"),
            ("cell.cell_contents = 2", "<cell>'s contents is 2; it was 1"),
            ("items['a'][1] = 5", "<dict>['a'][1] is 5; it was 2"),
            ("items['c'].add(5)", "<dict>['c']"),
            ("items['a'] = items.pop('a')", "<dict> has another order"),
            ("partial.__setstate__((module.hit, (3,), {}, {}))", "<partial>.args is tuple"),
            ("module.extra = type('Extra', (module.Base,), {})", "LIVE.extra is new: class Extra"),
            ("subclasses.append(type('Extra', (module.Base,), {}))", "LIVE.Base's subclass"),
        ],
    )
    def test_names_the_difference(
        self, live: LiveModule, game: types.ModuleType, defect: str, said: str
    ) -> None:
        scope = {**_defects(game), "Other": type("Other", (), {}), "subclasses": []}
        with pytest.raises(AssertionError) as failure, assert_unchanged(*scope["roots"]):
            exec(defect, scope)

        assert said.replace("LIVE", live.name) in message_of(failure)

    def test_an_error_in_the_block_passes_through(self, game: types.ModuleType) -> None:
        with pytest.raises(ZeroDivisionError), assert_unchanged(game):
            exec("LIMIT = 7\n1 / 0", vars(game))

    def test_runs_nothing_of_the_objects_it_looks_at(self) -> None:
        class Liar:
            def __getattribute__(self, name: str) -> Any:
                raise RuntimeError(name)

            def __eq__(self, other: object) -> bool:
                raise RuntimeError

            def __hash__(self) -> int:
                raise RuntimeError

            def __repr__(self) -> str:
                raise RuntimeError

        with assert_unchanged([Liar(), (Liar(),)]):
            pass

    def test_keeps_nothing_alive(self) -> None:
        holder = Holder()
        roots: list[Any] = [[holder]]
        before = sys.getrefcount(holder)
        with assert_unchanged(roots):
            during = sys.getrefcount(holder)

        assert during == before


def test_what_only_a_report_keeps_in_a_container_of_the_programs_is_not_held(
    live: LiveModule,
) -> None:
    table = "def _hit(): return 1\nTABLE = {'hit': [_hit]}\ndel _hit\n"
    module = live.start("A = 1\n" + table)
    reports = [live.edit("A = 1\n"), live.edit("A = 1\n" + table)]
    live.edit(table)

    assert_current(module)
    del reports


def test_what_happens_to_other_subclasses_of_a_library_base_is_no_difference(
    live: LiveModule,
) -> None:
    module = live.start("import typing\nclass A(typing.Generic[typing.TypeVar('T')]): pass\n")
    other = live.other("import typing\nclass B(typing.Generic[typing.TypeVar('T')]): pass\n")
    with assert_unchanged(module):
        other.B.count = 1

    with pytest.raises(AssertionError, match="subclass"), assert_unchanged(module):
        kept = type("C", (module.A,), {})
    del kept


@pytest.mark.parametrize("made", ["defaultdict(lambda: 1)", "deque([lambda: 1])"])
def test_what_only_a_report_keeps_in_a_container_of_collections_is_not_held(
    live: LiveModule, made: str
) -> None:
    module = live.start(f"import collections\nTABLE = [collections.{made}]\n")
    report = live.edit(f"import collections\n\nTABLE = [1, collections.{made}]\n")

    assert report.ok
    assert_current(module)


@pytest.mark.since(3, 12)  # the syntax of PEP 695
def test_what_only_a_report_keeps_of_a_type_alias_is_not_held(live: LiveModule) -> None:
    module = live.start("type Items[T] = list[T]\ndef hit(items: Items[int] = ()): return 1\n")
    module.hit.__annotations__  # noqa: B018 - evaluates them
    report = live.edit(
        "A = 1\ntype Items[T] = list[T]\ndef hit(items: Items[int] = ()): return 1\n"
    )

    assert report.ok
    assert_current(module)


def test_what_a_single_dispatch_remembers_is_no_state(live: LiveModule) -> None:
    module = live.start("import functools\n@functools.singledispatch\ndef hit(a): return 1\n")
    with assert_unchanged(module):
        module.hit(1)

    with pytest.raises(AssertionError), assert_unchanged(module):
        module.hit.register(int, print)
