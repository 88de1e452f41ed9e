"""A class that had gone comes back by an undo, and is what it was: its order, its operators."""

from __future__ import annotations

import gc
import sys
import textwrap
import weakref
from pathlib import Path
from typing import Any

import pytest

import livepatch
from tests.live import LiveModule, Strategy, run_in_child

pytestmark = pytest.mark.sampled(5)

SEQUENCES = """
    class Other:
        def __radd__(self, other): return "radd"
        def __rmul__(self, other): return "rmul"
    class Adds:
        def __radd__(self, other): return "mine"
    class Text(str): pass
    class Pair(tuple): pass
    class Items(list): pass
    class Octets(bytearray): pass
    class Number(int): pass
"""


def operators(module: Any) -> list[object]:
    """Return what the operators of sequences give, where the other operand has a say."""
    found: list[object] = []
    other = module.Other()
    for one in (module.Text("ab"), module.Pair("ab"), module.Items("ab"), module.Octets(b"ab")):
        found += (one + other, one * other, list(reversed(one)), len(one), one[0], one[-1])
    items = module.Items("abc")
    items += "d"
    items *= 2
    items[0] = "z"
    del items[1]
    return [*found, items, module.Number(3) + 4, module.Number(3) * "a", module.Number(3) + other]


def test_sequence_that_had_gone_has_its_operators(live: LiveModule) -> None:
    module = live.start(SEQUENCES)
    before = operators(module)
    gone = live.source.partition("class Text")[0]
    for _ in range(2):
        report = live.edit(gone)
        gc.collect()
        report.undo()
        assert operators(module) == before


def added(items: Any, pair: Any, other: Any) -> list[str]:
    found = []
    for one, two in (
        (items(), other),
        (pair(), other),
        ("x", pair()),
        ([], items()),
        (other, pair()),
    ):
        try:
            found.append(str(one + two))
        except TypeError as error:  # noqa: PERF203
            found.append(str(error))
    return found


@pytest.mark.parametrize("how", ["undo", "fails"])
def test_sequence_that_gets_another_base_has_the_operators_of_a_fresh_one(
    live: LiveModule, how: str
) -> None:
    module = live.start(SEQUENCES)
    before, held = operators(module), module.Items("ab")
    mixed = live.source.replace("(list)", "(list, Adds)").replace("(tuple)", "(Adds, tuple)")
    if how == "fails":
        live.write(mixed + "1 / 0\n")
        with pytest.raises(ZeroDivisionError):
            live.reload()
        assert operators(module) == before
    report = live.edit(mixed)
    fresh = type("Items", (list, module.Adds), {}), type("Pair", (module.Adds, tuple), {})
    assert type(held) is module.Items
    assert added(module.Items, module.Pair, module.Other()) == added(*fresh, module.Other())
    report.undo()
    assert operators(module) == before
    assert held + module.Other() == "radd"


ORDERED = {
    "no order by the rules": """
        class Meta(type):
            def mro(cls):
                if cls.__name__ == "Last": return [cls, X, Y, A, B, object]
                return type.mro(cls)
        class A(metaclass=Meta): pass
        class B(metaclass=Meta): pass
        class X(A, B): pass
        class Y(B, A): pass
        class Last(X, Y): pass
    """,
    "classes that are not to be compared": """
        class Meta(type):
            def mro(cls):
                first, *others, last = type.mro(cls)
                return [first, *sorted(others, key=lambda each: each.__name__), last]
            def __eq__(cls, other):
                if cls is other: return True
                raise RuntimeError
            __hash__ = type.__hash__
        class Abc(metaclass=Meta): pass
        class Zed(Abc): pass
        class Last(Zed): pass
    """,
    "a metaclass that goes too": """
        class Meta(type):
            def mro(cls):
                first, *others, last = type.mro(cls)
                return [first, *sorted(others, key=lambda each: each.__name__), last]
        class Abc: pass
        class Zed(Abc): pass
        class LastMeta(Meta): pass
        class Last(Zed, metaclass=LastMeta): pass
    """,
}


@pytest.mark.parametrize("source", ORDERED.values(), ids=ORDERED)
def test_class_that_a_metaclass_orders_has_that_order_again(live: LiveModule, source: str) -> None:
    module = live.start(source)
    before = [each.__name__ for each in module.Last.__mro__]
    report = live.edit(live.source.partition("class Last")[0])
    gc.collect()
    report.undo()

    assert [each.__name__ for each in module.Last.__mro__] == before


def test_class_that_was_asked_about_meanwhile_is_below_its_base(live: LiveModule) -> None:
    module = live.start("""
        import abc, functools
        class Base(abc.ABC): pass
        @functools.singledispatch
        def kind(value): return "any"
        @kind.register(Base)
        def _(value): return "base"
        class C(Base): pass
    """)
    known = weakref.ref(module.C)
    report = live.edit(live.source.partition("class C")[0])
    found: Any = known()
    assert not issubclass(found, module.Base)
    assert module.kind.dispatch(found)(0) == "any"
    del found
    report.undo()

    assert isinstance(module.C(), module.Base)
    assert module.kind(module.C()) == "base"


def test_class_comes_back_below_the_base_there_is_by_then(live: LiveModule) -> None:
    other = live.other("class Root:\n    def root(self): return 1\nclass Base(Root): pass\n")
    module = live.start("""
        from OTHER import Base
        class C(Base):
            def own(self): return super().root()
    """)
    first = live.edit(live.source.partition("class C")[0])
    path = Path(str(other.__file__))
    path.write_text(
        f"{path.read_text()}class Meta(type): pass\nclass Base(Root, metaclass=Meta): pass\n"
    )
    second = livepatch.reload(other, strategy=live.strategy, rerun=live.rerun)
    first.undo()
    assert issubclass(module.C, other.Base)
    assert module.C().own() == 1
    second.undo()
    assert issubclass(module.C, other.Base)
    assert module.C().own() == 1


OF_ITS_OWN = """
import collections, enum, sys, weakref
class Slots: __slots__ = ("held", "__weakref__")
class Closes:
    def __del__(self): sys.closed.append(1)
class Table: pass
class Tagged(Slots): pass
class Items(list): pass
class Queue(collections.deque): pass
class Err(Exception): pass
class Closed(Closes): pass
class Text(str, enum.Enum): A = "a"
class Link(weakref.ref): pass
Tagged.one, Items.one, Queue.one, Err.one = Tagged(), Items(), Queue(), Err()
Closed.one, Link.one = Closed(), Link(Table)
class Other: rows = Items()
"""
GONE_WITH_IT = f"""
import gc, sys, weakref
import livepatch
sys.closed = []
livepatch.keep_history(0)
module = live.start({OF_ITS_OWN!r})
class Kept: pass
def keep():
    one, two, three, four, five = made = [Kept() for _ in range(5)]
    module.Tagged.one.held, module.Err.one.args = one, (two,)
    module.Items.one.append(three)
    module.Queue.one.append(four)
    module.Other.rows.append(five)
    return [weakref.ref(each) for each in made]
kept = keep()
report = live.edit({OF_ITS_OWN!r}.partition("class Tagged")[0])
gc.collect()
assert all(each() is not None for each in kept)
assert sys.closed == []
"""


@pytest.mark.parametrize("strategy", ["auto", "repoint"])
def test_only_instance_of_a_class_that_has_gone_is_freed_whole(strategy: Strategy) -> None:
    said = run_in_child(
        f"""{GONE_WITH_IT}
del report
for _ in range(3): gc.collect()
links = (each for each in weakref.getweakrefs(module.Table) if type(each) is not weakref.ref)
print({{each() for each in kept}}, sys.closed, list(links))
""",
        strategy,
    )

    assert said == "{None} [1] []\n"


@pytest.mark.parametrize("strategy", ["auto", "repoint"])
def test_only_instance_of_a_class_that_has_gone_is_there_after_the_undo(strategy: Strategy) -> None:
    said = run_in_child(
        f"""{GONE_WITH_IT}
report.undo()
for _ in range(3): gc.collect()
print(len(module.Items.one), module.Tagged.one.held is kept[0](), sys.closed)
""",
        strategy,
    )

    assert said == "1 True []\n"


GIVEN_AWAY = """
import sys, weakref
class Link(weakref.ref): pass
class Items(dict): pass
class Err(ValueError): pass
class Slots: __slots__ = ("x",)
class Tagged(Slots): pass
sys.made += [Link(sys), Items(a=1), Err("said"), Tagged()]
sys.made[-1].x = 5
"""


@pytest.mark.parametrize("strategy", ["auto", "repoint"])
@pytest.mark.parametrize("how", ["fails", "dry run"])
def test_what_a_load_that_is_taken_back_gave_away_is_what_it_was(
    strategy: Strategy, how: str
) -> None:
    source = GIVEN_AWAY + ("1 / 0\n" if how == "fails" else "")
    said = run_in_child(
        f"""
import gc, sys
live.start("A = 1")
sys.made = []
try: live.edit({source!r}, dry_run={how == "dry run"})
except ZeroDivisionError: pass
gc.collect()
link, items, error, tagged = sys.made
print(len(items), items["a"], error.args, isinstance(error, ValueError), link() is sys, tagged.x)
del link, items, error, tagged
sys.made.clear()
gc.collect()
""",
        strategy,
    )

    assert said == "1 1 ('said',) True True 5\n"


RAISING = """
    ARMED = []
    class Meta(type):
        def mro(cls):
            if ARMED: raise RuntimeError(ARMED[-1])
            first, *others, last = type.mro(cls)
            return [first, *sorted(others, key=lambda each: each.__name__), last]
    class Abc(metaclass=Meta): __slots__ = ("x",)
    class Zed(Abc): __slots__ = ("y",)
    class A(Zed): __slots__ = ("z",)
    class B(Zed): pass
    class C(Zed): pass
"""


@pytest.mark.parametrize("strategy", ["auto", "repoint"])
def test_undo_that_a_metaclass_makes_fail_lets_none_come_back(strategy: Strategy) -> None:
    said = run_in_child(
        f"""
import gc, logging, sys
logging.disable()
SOURCE = {textwrap.dedent(RAISING)!r}
module = live.start(SOURCE)
def orders(): return [str(each.__mro__) for each in (module.A, module.B, module.C)]
def listed(): return [each.__name__ for each in type.__subclasses__(module.Zed)]
before, counts = orders(), []
for _ in range(9):
    report = live.edit(SOURCE.partition("class A(")[0], rerun="changed")
    gc.collect()
    assert listed() == ["A"], listed()
    module.ARMED.append("on purpose")
    for _ in range(2):
        try: report.undo()
        except RuntimeError: pass
        else: raise AssertionError
        assert listed() == ["A"]
    module.ARMED.clear()
    report.undo()
    gc.collect()
    assert (orders(), listed()) == (before, ["A", "B", "C"])
    made = module.A()
    made.x = made.y = made.z = 1
    counts.append(sys.getrefcount(module.Zed))
print(counts[-1] - counts[3])
""",
        strategy,
    )

    assert said == "0\n"


@pytest.mark.parametrize("strategy", ["auto", "repoint"])
@pytest.mark.parametrize("how", ["fails", "dry run"])
def test_load_that_is_taken_back_counts_the_bases_as_before(strategy: Strategy, how: str) -> None:
    # The class that came gets the old base first, and is let go of that.
    fails, options = ("1 / 0", "") if how == "fails" else ("", ", dry_run=True")
    said = run_in_child(
        f"""
import gc, sys
source = "class Base:\\n    def hit(self): return 1\\nclass Sub(Base): pass\\n"
module = live.start(source)
counts = []
for number in range(8):
    try: live.edit(source + f"class New{{number}}(Base): pass\\n{fails}\\n"{options})
    except ZeroDivisionError: pass
    gc.collect()
    counts.append(sys.getrefcount(module.Base))
print(counts[-1] - counts[3], [each.__name__ for each in module.Base.__subclasses__()])
""",
        strategy,
    )

    assert said == "0 ['Sub']\n"


BASE = """
import dataclasses
class Base: pass
def make(name): return type(name, (Base,), {})
"""
GOES_ALONG = {
    "a base without a name": "class C(make('Between')): pass\n",
    "two of them": "class C(make('Between'), make('Other')): pass\n",
    "the class below which dataclass has put another": """
@dataclasses.dataclass(slots=True)
class C(Base):
    size: int = 1
    def shown(self): return super().__repr__()
""",
}
if sys.version_info >= (3, 14):
    # There the class that dataclass has replaced stays, see README.
    del GOES_ALONG["the class below which dataclass has put another"]


def names_below(cls: type) -> list[str]:
    return [each.__name__ for each in cls.__subclasses__()]


@pytest.mark.parametrize("source", GOES_ALONG.values(), ids=GOES_ALONG)
def test_what_only_a_class_that_goes_refers_to_leaves_the_lists_too(
    live: LiveModule, source: str
) -> None:
    module = live.start(BASE + source)
    before = names_below(module.Base)
    for _ in range(2):
        report = live.edit(BASE)
        gc.collect()
        assert names_below(module.Base) == []
        report.undo()
        assert names_below(module.Base) == before
        assert issubclass(module.C, module.Base)
        assert isinstance(module.C(), module.Base)


def test_class_that_becomes_a_function_leaves_the_list(live: LiveModule) -> None:
    module = live.start(BASE + "class C(Base): pass\n")
    cls = weakref.ref(module.C)
    report = live.edit(BASE + "def C(): return Base()\n")

    assert module.Base.__subclasses__() == []
    assert type(module.C()) is module.Base

    report.undo()

    assert module.Base.__subclasses__() == [module.C]
    assert module.C is cls()


def test_class_that_goes_again_leaves_the_list_again(live: LiveModule) -> None:
    derived = "class C(Base):\n    def shown(self): return super().__repr__()\n"
    module = live.start(BASE + derived)
    for _ in range(3):
        gone = live.edit(BASE)
        assert module.Base.__subclasses__() == []
        assert not gone.notices
        live.edit(BASE + derived)
        assert module.Base.__subclasses__() == [module.C]
        assert "C object" in module.C().shown()


def test_class_that_has_an_instance_of_its_own_is_named(live: LiveModule) -> None:
    module = live.start(BASE + "class C(Base): pass\nC.ONLY = C()\n")
    report = live.edit(BASE)

    assert [each.__name__ for each in module.Base.__subclasses__()] == ["C"]
    assert [(each.code, each.path) for each in report.notices] == [("LP309", f"{live.name}.C")]
    assert "Base.__subclasses__()" in report.notices[0].message


DIAMONDS = """
    class Creator: pass
    class Api(Creator): pass
    class Builtin(Creator): pass
    class Both(Api, Builtin): pass
    class C1(Both): pass
    class C2(Both): pass
    class D(C1, C2): pass
"""
ABOVE = {
    "base": ("class Creator:", "class Top: pass\n    class Creator(Top):"),
    "metaclass": ("class Creator:", "import abc\n    class Creator(metaclass=abc.ABCMeta):"),
    "slots": ("class Creator: pass", "class Creator: __slots__ = ('x',)"),
    "attribute": ("class Creator: pass", "class Creator: x = 1"),
}


@pytest.mark.parametrize("elsewhere", [False, True])
@pytest.mark.parametrize("case", ABOVE)
def test_diamond_below_a_diamond_takes_the_new_base(
    live: LiveModule, case: str, *, elsewhere: bool
) -> None:
    """virtualenv: what is right in the end had no order on the way, and was refused (LP125)."""
    module = live.start(DIAMONDS)
    bottom = module.D
    if elsewhere:
        bottom = live.other(
            f"from {live.name} import *\n"
            "class E1(D): pass\nclass E2(D): pass\nclass F(E1, E2): pass\n"
        ).F
    instance = bottom()
    names = [cls.__name__ for cls in bottom.__mro__]
    for old, new in (ABOVE[case], ABOVE[case][::-1]):
        report = live.edit(
            live.source.replace(old.replace("\n    ", "\n"), new.replace("\n    ", "\n"))
        )
        assert isinstance(instance, module.Creator)
        assert [n for n in (cls.__name__ for cls in type(instance).__mro__) if n != "Top"] == names
        assert report.ok
    report.undo()
    assert [n for n in (cls.__name__ for cls in type(instance).__mro__) if n != "Top"] == names
    assert isinstance(instance, module.D)
