"""What releases of real packages do from one to the next, as small as it still went wrong."""

from __future__ import annotations

from textwrap import dedent
from typing import Any

import pytest

import livepatch
from livepatch.testing import assert_current
from tests.live import LiveModule

SIGNALS = """
    class Signal:
        def send(self): return 1
    class Space(dict):
        table = 0
        def count(self): return 1
"""


def test_what_is_built_anew_is_so_in_an_attribute_that_is_new_to_its_class(
    live: LiveModule,
) -> None:
    module = live.start(SIGNALS)
    signal, space = module.Signal(), module.Space()
    report = live.edit("""
        class Signal:
            def send(self): return 2
        class Space(dict[str, Signal]):
            table = dict[str, Signal]
            pair = (Signal | None, 1)
            def count(self): return 2
    """)

    assert module.Space.__orig_bases__[0].__args__ == (str, module.Signal)
    assert module.Space.table.__args__ == (str, module.Signal)
    assert module.Space.pair[0].__args__[0] is module.Signal
    assert (signal.send(), space.count()) == (2, 2)
    assert_current(module)

    report.undo()

    assert module.Space.table == 0
    assert not hasattr(module.Space, "pair")
    assert (signal.send(), space.count()) == (1, 1)
    assert_current(module)


REGISTRY = """
    table = {}
    class dispatch:
        def __init__(self, function):
            self.orig_func = function
            table[function.__name__] = self
        def __call__(self): return self.orig_func()
"""


def test_a_decorated_object_becomes_a_function_though_a_table_of_another_module_has_it(
    live: LiveModule,
) -> None:
    sources = {
        "__init__": "from LIVE.backends import dispatch\nfrom LIVE import trees\n",
        "backends": REGISTRY,
        "trees": "from LIVE.backends import dispatch\n@dispatch\ndef span(): return 1\n",
    }
    package = live.package(**sources)
    held = [package.trees.span]
    backends = dedent(REGISTRY).replace("class dispatch", "class wrapper")
    backends = backends.replace("] = self", "] = eval('lambda: self()', {'self': self})")
    backends += "def dispatch(function): return table[wrapper(function).orig_func.__name__]\n"
    (live.path.parent / "backends.py").write_text(backends, "utf-8")
    (live.path.parent / "trees.py").write_text(package_source(sources, "trees", live), "utf-8")
    livepatch.reload(package, package.backends, package.trees, strategy=live.strategy)

    assert held == [package.trees.span]
    assert held[0]() == 2


def package_source(sources: dict[str, str], stem: str, live: LiveModule) -> str:
    return sources[stem].replace("LIVE", live.name).replace("return 1", "return 2")


SLOTTED = """
    def slotted(*names):
        def copy(cls):
            attributes = {key: value for key, value in vars(cls).items()
                          if key not in ("__dict__", "__weakref__")}
            return type(cls)(cls.__name__, cls.__bases__, {**attributes, "__slots__": names})
        return copy

    @slotted("ref", "__weakref__")
    class Missing(Exception):
        def text(self): return 1

    @slotted("anchor")
    class MissingAnchor(Missing):
        def name(self): return 1
"""


def test_the_class_that_a_decorator_copied_and_dropped_is_left_alone(live: LiveModule) -> None:
    module = live.start(SLOTTED)
    missing = module.MissingAnchor()
    missing.ref, missing.anchor = "a", "b"
    report = live.edit(SLOTTED.replace("return 1", "return 2"))

    assert type(missing) is module.MissingAnchor
    assert (missing.text(), missing.name(), missing.ref, missing.anchor) == (2, 2, "a", "b")
    assert_current(module)

    report.undo()

    assert (missing.text(), missing.name()) == (1, 1)
    assert_current(module)


WITHOUT_AN_ORDER = {
    "slots before weak references": """
        class Point:
            __slots__ = ("level", "__weakref__")
            def text(self): return 1
        POINT = Point()
    """,
    "no fixed size": """
        class Point(int):
            def text(self): return 1
        POINT = Point(5)
    """,
    "slots over slots": """
        class Base:
            __slots__ = ("name", "__weakref__")
        class Point(Base):
            __slots__ = ("level",)
            def text(self): return 1
        POINT = Point()
    """,
}
"""Layouts that CPython takes for different ones, though not a byte of the instances differs."""


@pytest.mark.parametrize("layout", WITHOUT_AN_ORDER)
def test_an_instance_of_the_same_layout_stays_the_object_it_is(
    live: LiveModule, layout: str
) -> None:
    module = live.start(WITHOUT_AN_ORDER[layout])
    point = module.Point()
    point.level = 3
    places = [id(point)]
    other = live.other("from LIVE import Point\nclass Own(Point):\n    __slots__ = ()\n")
    own = other.Own()
    own.level = 4
    places.append(id(own))
    report = live.change("return 1", "return 2")

    assert [id(point), id(own)] == places
    assert type(point) is type(module.POINT) is module.Point is other.Own.__base__
    assert [each.text() for each in (point, own, module.POINT)] == [2, 2, 2]
    assert (point.level, own.level) == (3, 4)
    assert_current(module)

    report.undo()

    assert [id(point), id(own)] == places
    assert type(point) is module.Point is other.Own.__base__
    assert [each.text() for each in (point, own)] == [1, 1]
    assert (point.level, own.level) == (3, 4)
    assert_current(module)


def test_what_fails_leaves_an_instance_of_the_same_layout_alone(live: LiveModule) -> None:
    module = live.start(WITHOUT_AN_ORDER["slots over slots"])
    point, places = module.Point(), [id(module.POINT), id(module.Point)]
    with pytest.raises(ZeroDivisionError):
        live.edit(dedent(live.source).replace("return 1", "return 2") + "1 / 0\n")

    assert [id(module.POINT), id(module.Point)] == places
    assert type(point) is module.Point
    assert (point.text(), module.POINT.text()) == (1, 1)
    assert_current(module)


def test_a_class_elsewhere_keeps_a_base_that_is_no_class_any_more(live: LiveModule) -> None:
    module = live.start("class Pattern:\n    def text(self): return 1\n")
    other = live.other("from LIVE import Pattern\nclass Own(Pattern): pass\n")
    own, base = other.Own(), id(module.Pattern)
    report = live.edit("def Pattern(): return 2\n")

    assert module.Pattern() == 2
    assert [id(cls) for cls in other.Own.__bases__] == [base]
    assert (type(own), own.text()) == (other.Own, 1)
    assert "LP306" in {notice.code for notice in report.notices}

    report.undo()

    assert id(module.Pattern) == base
    assert other.Own.__bases__ == (module.Pattern,)


TERMS = """
    class Term:
        __slots__ = ("args",)
        def __init__(self, *args): self.args = args
        def __hash__(self): return hash(self.args)
        def __eq__(self, other): return self.args == other.args
"""


def test_a_member_of_a_frozenset_is_hashed_by_members_of_its_own(live: LiveModule) -> None:
    module = live.start(TERMS)
    held: list[Any] = [module.Term(1)]
    held.insert(0, frozenset([module.Term(held[0], 2)]))
    report = live.change('("args",)', '("args", "name")')

    assert held[0] == {module.Term(held[1], 2)}
    assert {type(term) for term in (held[1], *held[0])} == {module.Term}
    assert next(iter(held[0])).args[0] is held[1]
    assert_current(module)

    report.undo()

    assert held[0] == {module.Term(held[1], 2)}
    assert next(iter(held[0])).args[0] is held[1]
    assert_current(module)


GENERATED = """
    def add_text(cls):
        names = {}
        exec("def text(self): return 1", {}, names)
        cls.text = names["text"]
        return cls
    class Factory:
        def name(self): return 1
    Factory = add_text(Factory)
"""


def test_a_method_made_in_a_namespace_without_a_name_is_followed(live: LiveModule) -> None:
    module = live.start(GENERATED)
    factory = module.Factory()
    held = [module.Factory.text, factory.text]
    report = live.edit(GENERATED.replace("return 1", "return 2"))

    assert held == [module.Factory.text, factory.text]
    assert (held[0](factory), held[1](), factory.text(), factory.name()) == (2, 2, 2, 2)

    report.undo()

    assert held == [module.Factory.text, factory.text]
    assert (held[1](), factory.text(), factory.name()) == (1, 1, 1)
