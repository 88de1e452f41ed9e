"""Syntax and objects that only newer interpreters have; the guard is for syntax alone."""

from __future__ import annotations

import functools
import gc
from typing import Any

import pytest

import livepatch
from tests.codes import named
from tests.live import LiveModule

UNCHANGED = livepatch.Outcome.UNCHANGED
needs_generics = pytest.mark.since(3, 12)  # the syntax of PEP 695
needs_defaults = pytest.mark.since(3, 13)  # the syntax of PEP 696
needs_lazy = pytest.mark.since(3, 14)  # annotations are lazily evaluated (PEP 649)
needs_groups = pytest.mark.since(3, 11)  # the syntax of PEP 654


@needs_generics
def test_generic_function(live: LiveModule) -> None:
    module = live.start("def first[T](items: list[T]) -> T: return items[0]\n")
    held = [module.first]
    live.change("items[0]", "items[1]")

    assert held[0] is module.first
    assert held[0]([1, 2]) == 2
    assert [str(parameter) for parameter in held[0].__type_params__] == ["T"]


@needs_generics
@pytest.mark.one_mode("where only what changed runs nothing does")
def test_generic_function_that_says_the_same_is_unchanged(live: LiveModule) -> None:
    live.start(
        "def find[T](item: T, more: int = 1) -> T: return item\n"
        "class Shop:\n    async def load[T: int, *Ts, **P](self, item: T): return item\n"
    )
    unchanged = live.reload()
    changed = live.change("T: int", "T: str")

    assert {each.outcome for each in unchanged.definitions} == {UNCHANGED}
    assert f"{live.name}.Shop.load" in {
        each.path for each in changed.definitions if each.outcome is not UNCHANGED
    }


@needs_generics
def test_function_becomes_generic(live: LiveModule) -> None:
    module = live.start("def first(items): return items[0]\n")
    held = [module.first]
    live.edit("def first[T](items: list[T]) -> T: return items[1]\n")

    assert held[0] is module.first
    assert held[0]([1, 2]) == 2
    assert len(held[0].__type_params__) == 1


@needs_generics
def test_generic_class(live: LiveModule) -> None:
    module = live.start("class Box[T]:\n    def get(self): return 1\n")
    held = [module.Box, module.Box(), module.Box[int]]
    live.change("return 1", "return 2")

    assert held[0] is module.Box is type(held[1]) is held[2].__origin__
    assert held[1].get() == held[2]().get() == 2


@needs_generics
def test_generic_class_gains_a_parameter(live: LiveModule) -> None:
    module = live.start("class Box[T]:\n    def get(self): return 1\n")
    held = [module.Box, module.Box()]
    live.change("Box[T]", "Box[T, U]")

    assert held[0] is module.Box is type(held[1])
    assert module.Box[int, str].__args__ == (int, str)


@needs_generics
def test_undo_of_a_generic_class_that_gained_a_base(live: LiveModule) -> None:
    module = live.start("class Y: pass\nclass G[T]: pass\nclass H(G[int]): pass\n")
    held = [module.G, module.H, module.G(), module.H()]
    bases = module.G.__bases__
    undone = live.change("G[T]", "G[T](Y)").undo()

    assert undone.ok
    assert held[:2] == [module.G, module.H] == [type(held[2]), type(held[3])]
    assert module.G.__bases__ == bases


@needs_generics
def test_generic_class_becomes_a_plain_one_and_back(live: LiveModule) -> None:
    module = live.start(
        "class Base:\n    def get(self): return 1\nclass Box[T: Base](Base):\n    pass\n"
    )
    held = [module.Box, module.Box()]
    report = live.change("Box[T: Base]", "Box")

    assert held[0] is module.Box is type(held[1])
    assert "__type_params__" not in vars(module.Box)
    assert module.Box.__type_params__ == ()
    report.undo()
    assert held[0] is module.Box is type(held[1])
    assert [str(parameter) for parameter in held[0].__type_params__] == ["T"]
    live.change("Box(", "Box[T](").undo()
    assert held[0].get(held[1]) == 1


@needs_generics
def test_generic_method_with_super(live: LiveModule) -> None:
    source = """
        class Base:
            def get(self): return 1
        class Box[T](Base):
            def get[U](self, other: U = None) -> T: return super().get()
    """
    module = live.start(source)
    box = module.Box()
    held = [box.get]
    live.edit(source.replace("super().get()", "super().get() + 1"))

    assert box.get() == held[0]() == 2


@needs_generics
def test_type_alias_statement_names_the_live_class(live: LiveModule) -> None:
    source = "class Base: pass\nclass Player: pass\ntype Players = list[Player]\n"
    module = live.start(source)
    live.edit(source.replace("class Player", "class Player(Base)"))

    assert module.Players.__value__.__args__ == (module.Player,)


@needs_generics
def test_type_alias_elsewhere_that_was_evaluated_is_moved_or_named(live: LiveModule) -> None:
    source = "class Base: pass\nclass Player: pass\n"
    module = live.start(source)
    other = live.other("from LIVE import Player\ntype Team = tuple[Player, ...]\nTeam.__value__\n")
    report = live.edit(source.replace("class Player", "class Player(Base)"))
    moved = other.Team.__value__.__args__[0] is module.Player

    assert moved or named(report.notices, "not moved", "Player")


@needs_defaults
def test_type_parameter_default(live: LiveModule) -> None:
    module = live.start("class Box[T = int]:\n    def get(self): return 1\n")
    held = [module.Box, module.Box()]
    live.change("T = int", "T = str")

    assert held[0] is module.Box is type(held[1])
    assert module.Box.__type_params__[0].__default__ is str


@needs_lazy
def test_lazy_annotations_of_a_function_change(live: LiveModule) -> None:
    module = live.start("def hit(power: int) -> Later: return 1\nclass Later: pass\n")
    held = [module.hit]
    live.change("power: int", "power: str")

    assert held[0] is module.hit
    assert held[0].__annotations__ == {"power": str, "return": module.Later}


@needs_lazy
def test_lazy_annotations_that_were_read_before_the_edit(live: LiveModule) -> None:
    module = live.start("def hit(power: int) -> Later: return 1\nclass Later: pass\n")
    held = [module.hit]
    held.append(held[0].__annotations__)
    live.edit("def hit(power: str) -> Later: return 1\nclass Base: pass\nclass Later(Base): pass\n")

    assert held[0].__annotations__ == {"power": str, "return": module.Later}


@needs_lazy
def test_lazy_annotations_of_a_class(live: LiveModule) -> None:
    module = live.start("class Player:\n    friend: Player\n    power: int\n")
    held = [module.Player]
    live.change("power: int", "power: str")

    assert held[0] is module.Player
    assert held[0].__annotations__ == {"friend": module.Player, "power": str}


@needs_lazy
def test_asking_a_class_for_annotations_that_it_has_not_changes_nothing(live: LiveModule) -> None:
    module = live.start("class Base: pass\nclass Player(Base):\n    def hit(self): return 1\n")
    assert module.Player.__annotations__ == module.Base.__annotations__ == {}
    report = live.reload()

    assert report.ok
    assert not report.notices
    assert {each.outcome.value for each in report.definitions} == {"unchanged"}


@needs_lazy
def test_lazy_annotation_with_an_unknown_name_is_not_evaluated(live: LiveModule) -> None:
    module = live.start("class Player:\n    a: Unknown\n    def hit(self, b: Unknown): return 1\n")
    player = module.Player()
    live.change("return 1", "return 2")

    assert player.hit(0) == 2
    with pytest.raises(NameError):
        module.Player.__annotations__  # noqa: B018


@needs_lazy
def test_lazy_annotations_of_the_module(live: LiveModule) -> None:
    module = live.start("a: int = 1\nb: Later = 2\nclass Later: pass\n")
    live.edit("a: str = 1\nclass Later: pass\n")

    assert module.__annotations__ == {"a": str}


@needs_lazy
def test_finally_and_template_strings(live: LiveModule) -> None:
    module = live.start("def hit(name): return t'hello {name}'.strings[0]\n")
    held = [module.hit]
    live.change("hello", "howdy")

    assert held[0]("ada") == "howdy "


@needs_groups
def test_exception_group_of_an_own_exception(live: LiveModule) -> None:
    source = """
        class Base(Exception): pass
        class GameError(Exception): pass
        def fail(): raise ExceptionGroup("g", [GameError(1)])
        def attempt(work):
            try: work()
            except* GameError as group: found = [error.args for error in group.exceptions]
            return found
    """
    module = live.start(source)
    held = [module.fail]
    live.edit(source.replace("GameError(Exception)", "GameError(Base)"))

    assert module.attempt(held[0]) == [(1,)]


def test_structural_pattern_on_an_own_class(live: LiveModule) -> None:
    source = """
        class Base: pass
        class Point:
            __match_args__ = ("x", "y")
            def __init__(self, x, y): self.x, self.y = x, y
    """
    module = live.start(source)
    other = live.other("""
        from LIVE import Point
        def where(point):
            match point:
                case Point(0, y): return ("axis", y)
                case Point(x, y): return (x, y)
    """)
    point = module.Point(0, 5)
    live.edit(
        source.replace("class Point", "class Point(Base)").replace('("x", "y")', '("y", "x")')
    )

    assert other.where(point) == (5, 0)
    assert other.where(module.Point(1, 0)) == ("axis", 1)


@pytest.mark.since(3, 11)  # typing.Self
def test_self_type_and_dataclass_transform(live: LiveModule) -> None:
    module = live.start("""
        from typing import Self
        class Player:
            def copy(self) -> Self: return Player()
    """)
    player: Any = module.Player()
    live.change("return Player()", "return self")

    assert player.copy() is player


@needs_lazy
def test_annotations_do_not_keep_the_other_class_alive(live: LiveModule) -> None:
    source = """
        class A:
            x: int = 1
            def __init__(self, a: str) -> None: super().__init__()
            def f(self, b: A) -> str: return 1
        """
    live.start(source)
    live.change("b: A", "b: A, c: int = 0")
    gc.collect()
    classes = [each for each in gc.get_objects() if type(each) is type and each.__name__ == "A"]
    mine = [each for each in classes if each.__module__ == live.name]

    if live.strategy == "auto":  # under the other one, the report keeps the old class for its undo
        assert mine == [live.module.A]
    assert live.module.A.f.__annotations__ == {"b": live.module.A, "c": int, "return": str}


@needs_lazy
def test_unchanged_annotations_look_names_up_in_the_class_that_survives(live: LiveModule) -> None:
    source = "class Player:\n    size = int\n    count: size = 0\n    def hit(self): return 1\n"
    module = live.start(source)
    live.change("return 1", "return 2", strategy="repoint")
    (cell,) = vars(module.Player)["__annotate_func__"].__closure__

    assert cell.cell_contents["hit"] is module.Player.hit
    assert module.Player.__annotations__ == {"count": int}


ALIASES = """\
class Base: pass
class Player: pass
class Bot: pass
type Players = list[Player]
type Tree[T] = dict[str, Tree[T]] | T | Player
type Names = list[str]
type Both = Players | Tree[int]
class Team:
    type Members = dict[str, Player]
def use(players: Players) -> Tree[int]: return 1
"""
NAMES = ("Players", "Tree", "Names", "Both")


def values(module: Any) -> str:
    return repr([getattr(module, name).__value__ for name in NAMES])


@needs_generics
@pytest.mark.parametrize("asked", [False, True], ids=["not asked", "asked"])
def test_type_alias_stays_one_and_follows_a_class(live: LiveModule, asked: bool) -> None:
    module = live.start(ALIASES)
    held = [getattr(module, name) for name in NAMES]
    subscribed = [module.Tree[int], module.Names | None]
    if asked:
        values(module)
        str(module.Team.Members.__value__)
    live.change("class Player", "class Player(Base)")

    assert all(each is getattr(module, name) for each, name in zip(held, NAMES))
    assert module.Players.__value__.__args__ == (module.Player,)
    assert module.Tree.__value__.__args__[2] is module.Player
    assert module.Both.__value__.__args__[0] is module.Players
    assert module.Team.Members.__value__.__args__ == (str, module.Player)
    assert subscribed[0].__origin__ is module.Tree
    assert module.use.__annotations__["players"] is module.Players


@needs_generics
@pytest.mark.parametrize("asked", [False, True], ids=["not asked", "asked"])
def test_type_alias_that_says_something_else(live: LiveModule, asked: bool) -> None:
    module = live.start(ALIASES)
    held = [getattr(module, name) for name in NAMES]
    if asked:
        values(module)
    report = live.change("Players = list[Player]", "Players = list[Bot]")

    assert all(each is getattr(module, name) for each, name in zip(held, NAMES))
    assert held[0].__value__.__args__ == (module.Bot,)
    report.undo()

    assert all(each is getattr(module, name) for each, name in zip(held, NAMES[:1]))
    assert held[0].__value__.__args__ == (module.Player,)


@needs_generics
def test_type_alias_in_a_class_says_something_else(live: LiveModule) -> None:
    module = live.start(ALIASES)
    team = module.Team()
    str(module.Team.Members.__value__)
    live.change("Members = dict[str, Player]", "Members = dict[str, Bot]")

    assert type(team) is module.Team
    assert module.Team.Members.__value__.__args__ == (str, module.Bot)


@needs_generics
def test_type_alias_that_was_asked_stays_where_nothing_changed(live: LiveModule) -> None:
    module = live.start(ALIASES)
    held, said = module.Players, values(module)
    report = live.change("return 1", "return 2")

    assert held is module.Players
    assert values(module) == said
    assert module.Tree.__type_params__ == module.Tree.__value__.__parameters__
    assert report.ok


@needs_lazy
def test_placeholder_of_functools_comes_and_goes(live: LiveModule) -> None:
    module = live.start("import functools\ndef hit(): return 1\n")
    live.edit("from functools import Placeholder\ndef hit(x=Placeholder): return 1\n")
    came = module.Placeholder is functools.Placeholder is module.hit.__defaults__[0]
    live.edit("import functools\ndef hit(): return 1\n").undo()

    assert came
    assert module.Placeholder is functools.Placeholder


BOUNDED = """
    class Box[T]:
        def get(self): return 1
    class Shelf[T: Box[int], *Rest]:
        items: list[T]
        def first(self, of: T) -> T: return of
"""


@needs_generics
@pytest.mark.parametrize("rerun", ["all", "changed"])
def test_parameters_with_bounds_are_no_value_that_somebody_has_set(live: LiveModule) -> None:
    module = live.start(BOUNDED)
    shelf, held = module.Shelf(), module.Shelf[module.Box[str]]
    for body in ("return 2", "return 3"):
        report = live.edit(BOUNDED.replace("return 1", body))
        assert not report.notices, report
        assert type(shelf) is module.Shelf is held.__origin__
        assert module.Shelf.__type_params__ == module.Shelf.__parameters__
        assert module.Shelf.__type_params__[0].__bound__ == module.Box[int]
    report.undo()
    assert module.Shelf.__type_params__ == module.Shelf.__parameters__
