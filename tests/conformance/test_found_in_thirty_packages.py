"""What upgrades of thirty packages more found, made small."""

from __future__ import annotations

import gc
import sys

import pytest

import livepatch
from livepatch.testing import assert_current
from tests.live import LiveModule, Rerun

pytestmark = [pytest.mark.sampled(4), pytest.mark.parametrize("rerun", ["all", "changed"])]

ALIASED = """
    import typing
    T = typing.TypeVar("T")
    LEVEL = 1
    class Lawful(typing.Generic[T]):
        level = LEVEL
    class Beside(typing.Generic[T]): pass
    class Mapped(Lawful[T]): pass
    class Like(Beside[T], Lawful[T]): pass
    Mapped2 = Mapped[T]
    Like2 = Like[T]
    class Based(Mapped2[T], Like[T]): pass
    class Both(Based[T], Like2[T]): pass
"""


def test_class_below_types_with_arguments_has_one_order_of_bases(live: LiveModule) -> None:
    """returns: the old class behind an alias stood among the bases, in another order."""
    module = live.start(ALIASED)
    both = module.Both()
    report = live.edit(ALIASED.replace("LEVEL = 1", "LEVEL = 2"))

    assert both.level == 2
    assert issubclass(module.Both, module.Lawful)
    assert module.Like2.__origin__ is module.Like
    assert not report.notices
    assert_current(module)


TYPES = """
    import typing
    from collections.abc import Callable
    class Player: level = 1
    Maybe = typing.Optional[Player]
    Either = typing.Union[Player, int]
    Named = typing.Dict[str, typing.List[Player]]
    Plain = list[Player]
    Or = Player | None
    Handler = Callable[[Player, "Player"], typing.Any]
    Said = typing.Annotated[Player, "said"]
"""


@pytest.mark.parametrize("new", ["class Player: level = 2", "class Player(str): level = 1"])
def test_type_that_is_written_of_a_class_is_no_stale_value(live: LiveModule, new: str) -> None:
    module = live.start(TYPES)
    report = live.edit(TYPES.replace("class Player: level = 1", new))

    assert not report.notices
    assert module.Maybe.__args__[0] is module.Plain.__args__[0] is module.Player
    assert module.Or.__args__[0] is module.Handler.__args__[0] is module.Player
    assert_current(module)


@pytest.mark.parametrize("binds", ["from {0} import {1} as Player", "import {0}\nPlayer = {0}.{1}"])
def test_what_holds_a_name_that_leads_to_another_definition_now_is_named(
    live: LiveModule, binds: str, rerun: Rerun
) -> None:
    home = live.other("class First: pass\nclass Other: pass\n").__name__
    rest = "\nL = [Player]\nM = Player | None\n"
    module = live.start(binds.format(home, "First") + rest)
    report = live.edit(binds.format(home, "Other") + rest)

    named = [(each.code, each.path.rpartition(".")[2]) for each in report.notices]
    assert named == ([] if rerun == "all" else [("LP313", "L"), ("LP313", "M")])
    assert (module.L[0] is module.Player) is (rerun == "all")


def test_class_that_has_no_order_of_bases_is_what_the_caller_is_told(live: LiveModule) -> None:
    """The class that was half made has a cell that leads to it, and was mended like others."""
    module = live.start("""
        class A: level = 1
        class B: level = 1
        class P(A, B): pass
        class Q(B, A): pass
    """)
    held, source = [module.P(), module.Q()], live.source
    broken = "class Low(P, Q):\n    def own(self): return __class__\n"
    with pytest.raises(TypeError, match="method resolution"):
        live.edit(source.replace("level = 1", "level = 2") + broken)

    assert [type(each) for each in held] == [module.P, module.Q]
    assert held[0].level == 1
    assert_current(module)


def test_objects_that_lie_about_their_class_are_asked_nothing(live: LiveModule) -> None:
    """dill: `isinstance` asks a dead weak proxy for the class of what it stood for."""
    source = """
        import weakref
        class Thing:
            @property
            def __class__(self): raise ReferenceError("gone")
        class Router:
            def __init__(self): self.routes = {"dead": weakref.proxy(Thing()), "lies": [Thing()]}
            def route(self, name): return lambda f: self.routes.setdefault(name, f)
        router = Router()
        TABLE = {"a": weakref.proxy(Thing()), "b": router.route}
        @router.route("one")
        def one(): return 1
        @TABLE["b"]("two")
        def two(): return 1
    """
    module = live.start(source)
    live.edit(source.replace("return 1", "return 2").replace('route("one")', 'route("first")'))

    assert (module.one(), module.two()) == (2, 2)
    assert module.router.routes["first"] is module.one


@pytest.mark.parametrize("written", ["import {name}.Failure as it", "from . import Failure as it"])
def test_module_stays_imported_where_the_package_has_its_class_by_its_name(
    live: LiveModule, written: str, rerun: Rerun
) -> None:
    """github: `import github.GithubException as GithubException` ran again, and bound the class."""
    module = live.package(
        Failure="class Failure: level = 1\n",
        cart=f"{written}\nclass Cart:\n    kind = it.Failure\n".replace("{name}", live.name),
        __init__="from .cart import Cart\nfrom .Failure import Failure\n",
    )
    names = [live.name, f"{live.name}.cart", f"{live.name}.Failure"]
    failure, cart = live.path.with_name("Failure.py"), live.path.with_name("cart.py")
    failure.write_text("class Failure: level = 2\nclass Other: pass\n")
    cart.write_text(cart.read_text().replace("class Cart:", "class Cart:\n    other = it.Other"))
    livepatch.reload(*names, rerun=rerun)

    assert module.Cart.kind is module.Failure
    assert module.Failure.level == 2
    assert module.Cart.other is sys.modules[names[2]].Other
    assert sys.modules[names[1]].it is sys.modules[names[2]]


@pytest.mark.parametrize("named", ["objects", "names"])
def test_modules_that_go_together_hold_nothing_of_one_another(
    live: LiveModule, named: str, rerun: Rerun
) -> None:
    """github: the second of them was said to be held once, the third twice, and stayed."""
    parts = {f"part{i}": f"class C{i}: pass\ndef f{i}(): return {i}\n" for i in range(4)}
    parts["part3"] = f"from {live.name}.part2 import *\n{parts['part3']}"
    package = live.package(**parts, __init__="from .part3 import *\nfrom . import part0, part1\n")
    held = [package.part0.f0]
    live.path.write_text("")
    for stem in parts:
        live.path.with_name(f"{stem}.py").unlink()
    names = [name for name in sys.modules if name.partition(".")[0] == live.name]
    if named == "names":
        report = livepatch.reload(*names, rerun=rerun)
    else:
        report = livepatch.reload(*map(sys.modules.get, names), rerun=rerun)

    said = {each.path: each.message for each in report.notices if each.code == "LP311"}
    assert "1 reference still holds" in said.pop(f"{live.name}.part0")
    assert set(said.values()) == {"its file has gone"}
    assert [name for name in sys.modules if name.partition(".")[0] == live.name] == [
        *(f"{live.name}.part0", live.name),
    ]
    assert held[0]() == 0

    report.undo()

    assert sorted(names) == sorted(
        name for name in sys.modules if name.partition(".")[0] == live.name
    )


def test_class_that_a_package_says_to_have_defined_follows_where_it_is_defined(
    live: LiveModule, rerun: Rerun
) -> None:
    """beartype.door: it has nothing but imports, and another module sets `__module__`."""
    name = live.name
    package = live.package(
        base="class Base: level = 1\n",
        part=f"from {name}.base import Base\nclass Hint(Base):\n    def f(self): return 1\n",
        data=f"from {name}.part import *\ndef hide(): Hint.__module__ = {name!r}\nhide()\n",
        __init__=f"from {name}.part import Hint as Hint\nfrom . import data\n",
    )
    held = [package.Hint, package.Hint()]
    live.path.with_name("base.py").write_text(
        "class Base:\n    level = 2\n    def __init_subclass__(cls): cls.own = 1\n"
    )
    livepatch.reload(*(f"{name}{part}" for part in ("", ".base", ".part", ".data")), rerun=rerun)

    assert held[0] is package.Hint is type(held[1]) is sys.modules[f"{name}.part"].Hint
    assert held[1].level == 2
    assert held[0].own == 1
    assert_current(package)


DECORATED_IN_C = """
    import functools
    class Mark: level = 1
    @functools.cmp_to_key
    def order(a: Mark, b: Mark) -> int: return a.level - b.level
    class Shop:
        @functools.cmp_to_key
        def by(a: Mark, b: Mark) -> int: return a.level - b.level
"""


def test_object_of_c_that_decorates_stays_with_the_function_inside(live: LiveModule) -> None:
    """aiohttp: each property of Cython's was said to be left behind, with a class in it."""
    module = live.start(DECORATED_IN_C)
    held, marks = [module.order, module.Shop.by], [module.Mark(), module.Mark()]
    marks[1].level = 2
    new = DECORATED_IN_C.replace("a.level - b.level", "b.level - a.level")
    report = live.edit(new.replace("class Mark:", "class Mark(dict):"))

    assert held == [module.order, module.Shop.by]
    assert all(min(marks, key=each) is marks[1] for each in held)
    assert not report.notices
    assert_current(module)

    report.undo()

    assert all(min(marks, key=each) is marks[0] for each in held)
    assert held == [module.order, module.Shop.by]


@pytest.mark.parametrize("through", ["itself", "another"])
def test_error_that_a_module_keeps_holds_nothing_of_the_reload(
    live: LiveModule, rerun: Rerun, through: str
) -> None:
    """fpdf: its traceback led to the frames of the reload, and these to what had been replaced."""
    source = """
        try:
            import there_is_no_such_module
        except ImportError as error:
            why_not = error
        class Thing: level = 1
    """
    module = live.start(source)
    names = [live.name]
    if through == "another":
        names.append(live.other(f"from {live.name} import *\nclass Low(Thing): pass\n").__name__)
    live.write(source.replace("Thing:", "Thing(dict):").replace("error", "problem"))
    livepatch.keep_history(0)
    try:
        livepatch.reload(*reversed(names), rerun=rerun)
    finally:
        livepatch.keep_history(10)
    gc.collect()
    things = [each for each in gc.get_objects() if type(each) is type and each.__name__ == "Thing"]

    assert [each for each in things if each.__module__ == live.name] == [module.Thing]
    assert module.why_not.__traceback__ is not None
