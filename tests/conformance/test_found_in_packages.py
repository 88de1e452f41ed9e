"""What releases of real packages do from one to the next, as small as it still went wrong."""

from __future__ import annotations

import builtins
import functools
import importlib
import sys
from textwrap import dedent
from typing import Any

import pytest

import livepatch
from livepatch.testing import assert_current
from tests.live import LiveModule, warm

pytestmark = pytest.mark.sampled(10)

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
    livepatch.reload(
        package, package.backends, package.trees, strategy=live.strategy, rerun=live.rerun
    )

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


IN_A_RING = {
    "__init__": "",
    "first": "",
    "base": """
class Base:
    __slots__ = ("args", "__weakref__")
    def __init__(self, *args): self.args = args
    def text(self): return 1
from LIVE.leaf import Leaf
""",
    "leaf": """
from LIVE.base import Base
class Kinds:
    kind = Base
class Leaf(Base):
    __slots__ = ()
""",
}


def test_a_class_is_found_by_way_of_a_module_that_is_complete_before_its_own(
    live: LiveModule,
) -> None:
    package = live.package(**IN_A_RING)
    names = [f"{live.name}.{stem}" for stem in ("first", "base", "leaf")]
    _, module, other = map(importlib.import_module, names)
    leaf = module.Leaf(1)
    held = [module.Base, module.Base(2), leaf.text]
    folder = live.path.parent
    text = (folder / "base.py").read_text("utf-8")
    (folder / "base.py").write_text(text.replace("return 1", "return 2"), "utf-8")
    # From here on the base is begun first, so that the leaf is complete before it.
    (folder / "first.py").write_text(f"import {names[1]}\n", "utf-8")
    report = livepatch.reload(package, *names, strategy=live.strategy, rerun=live.rerun)

    assert report.ok
    assert held[:2] == [module.Base, held[1]]
    assert type(held[1]) is other.Kinds.kind is module.Leaf.__base__ is module.Base
    assert type(leaf) is module.Leaf
    assert [held[1].text(), held[2](), leaf.args] == [2, 2, (1,)]


TWO_WAYS_DOWN = """
    class Meta(type): pass
    class Required: pass
    class Arithmetic(Required): pass
    class Operations(Required): pass
    class Common(Arithmetic, Operations):
        def text(self): return 1
    class Determinant(Common): pass
    class Calculus(Common): pass
    class Matrix(Determinant, Calculus, Common): pass
"""


def test_classes_below_by_two_ways_are_given_their_bases(live: LiveModule) -> None:
    module = live.start(TWO_WAYS_DOWN)
    other = live.other("from LIVE import *\nclass Own(Matrix): pass\nclass Sum(Common): pass\n")
    held = [module.Matrix(), other.Own(), other.Sum(), module.Calculus()]
    report = live.edit(TWO_WAYS_DOWN.replace("Required:", "Required(metaclass=Meta):"))

    assert type(module.Matrix) is module.Meta
    assert [type(each) for each in held] == [
        module.Matrix, other.Own, other.Sum, module.Calculus,
    ]  # fmt: skip
    assert other.Own.__mro__[1:] == module.Matrix.__mro__
    assert_current(module)

    report.undo()

    assert [type(each) for each in held] == [
        module.Matrix, other.Own, other.Sum, module.Calculus,
    ]  # fmt: skip
    assert other.Own.__mro__[1:] == module.Matrix.__mro__
    assert_current(module)


HIDDEN = """
    class Meta(type):
        @property
        def names(cls): return "of the class"
    class Base(metaclass=Meta):
        level = 1
    class Function(Base):
        @property
        def names(self): return ["one"]
        def text(self): return self.names + [1]
"""


def test_an_attribute_that_a_property_of_the_metaclass_hides_is_exchanged(
    live: LiveModule,
) -> None:
    module = live.start(HIDDEN)
    other = live.other("from LIVE import Function\nclass Own(Function):\n    names = Function\n")
    own, function = other.Own(), module.Function()
    warm(lambda: function.names)
    report = live.edit(HIDDEN.replace('["one"]', '["two"]').replace("level", "rank = level"))

    assert (function.names, module.Function.names, function.text()) == (
        ["two"], "of the class", ["two", 1],
    )  # fmt: skip
    assert (own.names, own.rank) == (module.Function, 1)
    assert_current(module)

    report = live.edit(HIDDEN.replace("names(self)", "name(self)").replace("self.names", "[]"))

    assert not hasattr(function, "names")
    assert function.name == ["one"]

    report.undo()

    assert function.names == ["two"]
    assert own.names is module.Function
    assert_current(module)


SLOT_BELOW = """
    class Extra: __slots__ = ()
    class Basic:
        __slots__ = ("kind", "__weakref__")
        def text(self): return 1
    class Number(Basic):
        __slots__ = ()
    ZERO = Number()
    ZERO.kind = Basic
"""
BECOMES_ANOTHER = {
    "the base": ("class Basic:", "class Basic(Extra):"),
    "the class": ("class Number(Basic)", "class Number(Basic, Extra)"),
    "neither": ("return 1", "return 2"),
}


@pytest.mark.parametrize("change", BECOMES_ANOTHER)
def test_what_a_slot_of_a_base_holds_follows(live: LiveModule, change: str) -> None:
    module = live.start(SLOT_BELOW)
    other = live.other("from LIVE import Number\nclass Own(Number):\n    __slots__ = ()\n")
    places: list[Any] = [module.ZERO, module.Number(), other.Own(), *(other.Own() for _ in "abc")]
    for place in places:
        place.kind = module.Number
    places[0].kind = module.Basic
    report = live.change(*BECOMES_ANOTHER[change])

    assert [each.kind for each in places] == [module.Basic, *([module.Number] * 5)]
    assert module.ZERO.kind is module.Basic
    assert_current(module)

    report.undo()

    assert [each.kind for each in places] == [module.Basic, *([module.Number] * 5)]
    assert module.ZERO.kind is module.Basic
    assert_current(module)


def test_a_partial_of_what_cannot_be_called_any_more_stays_and_is_named(live: LiveModule) -> None:
    module = live.start("class Limit: pass\ndef level(): return 1\n")
    held = [functools.partial(module.Limit), functools.partial(module.level)]
    report = live.edit("Limit = 3\nlevel = property(lambda self: 2)\n")

    assert (type(held[0]()).__name__, held[1]()) == ("Limit", 1)
    assert {notice.code for notice in report.notices} == {"LP201", "LP306"}
    assert not report.ok

    report.undo()

    assert type(held[0]()) is module.Limit
    assert held[1].func is module.level


HEADER = """
    class Header:
        def __init__(self, reader, names=()): self.reader, self.names = reader, names
        def __get__(self, response, cls): return self.reader(1) if response else self
    class Command:
        def __init__(self, run): self.run = run
    class Response:
        expires = Header(reader=lambda value: value + 1)
        length = Header(lambda value: (lambda: value)())
        names = Header(str, [name for name in "ab"])
        table = {"double": lambda value: 2 * value}
        fields = [Command(lambda value: value - 1)]
        @Command
        def send(value): return value + 10
"""


def test_an_object_that_is_given_a_function_is_made_anew_where_that_says_something_else(
    live: LiveModule,
) -> None:
    module = live.start(HEADER)
    response, length = module.Response(), module.Response.length
    fields = module.Response.fields
    kept = [module.Response.names, module.Response.table]
    report = live.edit(
        dedent(HEADER).replace("value + 1", "value + 2").replace("2 *", "3 *") + "\nmore = 1\n"
    )

    assert (response.expires, response.send.run(1), response.table["double"](1)) == (3, 21, 3)
    assert (module.Response.length, module.Response.fields) == (length, fields)
    # Where only what changed runs, the very objects stay, and their functions take the new code.
    made = [f"{live.name}.Response.expires", f"{live.name}.Response.send"]
    assert sorted(each.path for each in report.notices if each.code == "LP304") == (
        made if live.rerun == "all" else []
    )
    assert [module.Response.names, module.Response.table] == kept

    report.undo()

    assert (response.expires, response.send.run(1), response.table["double"](1)) == (2, 11, 2)

    live.edit(HEADER.replace("(lambda: value)", "(lambda: value + 3)").replace("- 1", "- 2"))

    assert (response.length, response.fields[0].run(1)) == (4, -1)
    assert [module.Response.names, module.Response.table] == kept


FILLED = """
    from collections import defaultdict
    class Formatter:
        table = {}
        classes = []
        by_kind = defaultdict(list)
        names = set()
        own = {}
        def __init__(self, level): self.level = level
        def __init_subclass__(cls):
            Formatter.classes.append(cls)
            Formatter.by_kind[cls.__name__[0]].append(cls)
            Formatter.names.add(cls.__name__)
    class Html(Formatter): pass
    Formatter.table["html"] = Html(1)
    Formatter.table[None] = Html(0)
"""


def test_what_the_load_enters_into_a_container_of_a_class_is_in_the_one_that_stays(
    live: LiveModule,
) -> None:
    module = live.start(FILLED)
    html = live.hold("Html")
    plugin = type("Plugin", (module.Formatter,), {})
    module.Formatter.table["plugin"] = plain = plugin(9)
    module.Formatter.own["user"] = 1
    containers = [module.Formatter.table, module.Formatter.classes, module.Formatter.by_kind]
    report = live.edit(
        dedent(FILLED).replace("Html(1)", "Html(2)")
        + 'class Help(Html): pass\nFormatter.table["help"] = Help(3)\n'
    )

    table, classes, by_kind = containers
    assert module.Formatter.table is table
    assert {name: each.level for name, each in table.items()} == {
        "html": 2, None: 0, "plugin": 9, "help": 3,
    }  # fmt: skip
    assert table["plugin"] is plain
    assert {type(each) for each in table.values()} == {module.Html, module.Help, plugin}
    assert module.Formatter.classes is classes
    assert classes == [module.Html, plugin, module.Help]
    assert by_kind == {"H": [module.Html, module.Help], "P": [plugin]}
    assert module.Formatter.names == {"Html", "Help", "Plugin"}
    assert module.Formatter.own == {"user": 1}
    assert_current(module)

    report.undo()

    assert {name: each.level for name, each in table.items()} == {"html": 1, None: 0, "plugin": 9}
    assert classes == [*html, plugin] == [module.Html, plugin]
    assert by_kind == {"H": [module.Html], "P": [plugin]}
    assert module.Formatter.names == {"Html", "Plugin"}
    assert_current(module)


def test_a_subclass_made_elsewhere_keeps_the_key_that_it_took_from_its_base(
    live: LiveModule,
) -> None:
    module = live.start("""
        class Tag:
            by_keyword = {}
            def __init_subclass__(cls): cls.by_keyword[cls.keyword] = cls
        class Def(Tag): keyword = "def"
    """)
    mine = type("Mine", (module.Def,), {})
    assert module.Tag.by_keyword == {"def": mine}
    report = live.edit("""
        class Tag:
            by_keyword = {}
            def __init_subclass__(cls): cls.by_keyword[cls.keyword] = cls
        class Def(Tag):
            keyword = "def"
            def text(self): return 1
        class Block(Tag): keyword = "block"
    """)

    assert module.Tag.by_keyword == {"def": mine, "block": module.Block}
    report.undo()
    assert module.Tag.by_keyword == {"def": mine}


def test_what_a_failed_load_entered_into_a_container_of_a_class_is_not_there(
    live: LiveModule,
) -> None:
    module = live.start(FILLED)
    held = dict(module.Formatter.table)
    with pytest.raises(ZeroDivisionError):
        live.edit(dedent(FILLED) + "class Help(Html): pass\n1 / 0\n")

    assert module.Formatter.classes == [module.Html]
    assert module.Formatter.table == held


MADE_BY_CALLS = """
    import attrs
    def make(kind):
        @attrs.define
        class Validator:
            schema: int = attrs.field(default=kind)
            def text(self): return 1
        return Validator
    Draft3 = make(3)
    Draft4 = make(4)
"""


def test_methods_that_attrs_makes_for_a_class_inside_a_function_are_followed(
    live: LiveModule,
) -> None:
    module = live.start(MADE_BY_CALLS)
    held = [getattr(module.Draft3, name) for name in ("__init__", "__repr__", "text")]
    drafts = [module.Draft3(), module.Draft4()]
    report = live.edit(MADE_BY_CALLS.replace("return 1", "return 2").replace("schema:", "name:"))

    assert held == [getattr(module.Draft3, name) for name in ("__init__", "__repr__", "text")]
    assert [type(each) for each in drafts] == [module.Draft3, module.Draft4]
    assert [each.text() for each in drafts] == [2, 2]

    report.undo()

    assert held == [getattr(module.Draft3, name) for name in ("__init__", "__repr__", "text")]
    assert [each.schema for each in drafts] == [3, 4]


def test_a_hook_that_is_set_on_a_class_made_inside_a_function_is_asked(live: LiveModule) -> None:
    module = live.start(MADE_BY_CALLS)
    drafts = [module.Draft3(), module.Draft4()]
    for cls in (module.Draft3, module.Draft4):
        cls.__livepatch_migrate__ = _give_name
    live.change("def text", "name: str = attrs.field(kw_only=True)\n        def text")

    assert [(each.schema, each.name) for each in drafts] == [(3, "given"), (4, "given")]
    assert [type(each) for each in drafts] == [module.Draft3, module.Draft4]


def _give_name(instance: Any, change: Any) -> None:
    assert "name" in change.added
    instance.name = "given"


MAPPINGS = ("dict", "collections.OrderedDict", "collections.defaultdict")


@pytest.mark.parametrize("after", MAPPINGS)
@pytest.mark.parametrize("before", MAPPINGS)
def test_what_a_mapping_contains_goes_over_to_another_kind_of_mapping(
    live: LiveModule, before: str, after: str
) -> None:
    source = f"import collections\nclass Container({before}):\n    def text(self): return 1\n"
    module = live.start(source)
    box = module.Container()
    box["b"], box["a"], box[module.Container] = 1, 2, 3
    box.own = box
    held = [box]
    del box
    report = live.edit(source.replace(before, after, 1).replace("return 1", "return 2"))

    assert type(held[0]) is module.Container
    assert list(held[0].items()) == [("b", 1), ("a", 2), (module.Container, 3)]
    assert held[0].own is held[0]
    assert held[0].text() == 2
    assert_current(module)

    held[0]["c"] = 4
    del held[0]["b"]
    report.undo()

    assert list(held[0].items()) == [("a", 2), (module.Container, 3), ("c", 4)]
    assert held[0].text() == 1
    assert_current(module)


# Packages that are on no list of ours.

SENTINELS = """
    class Missing:
        def text(self): return 1
    class Marker:
        __slots__ = ("name",)
        def __init__(self, name): self.name = name
        def text(self): return 1
    class Version(tuple):
        def text(self): return 1
    class Undefined:
        def __bool__(self): raise TypeError
        __eq__ = __len__ = __bool__
        def text(self): return 1
    MISSING = Missing()
    MARKER = Marker("marker")
    VERSION = Version((1, 2))
    UNDEFINED = Undefined()
    NAMELESS = type("Nameless", (), {"text": lambda self: 1})()
    def name(value=MISSING): return value is MISSING
"""
NAMES = ("MISSING", "MARKER", "VERSION", "UNDEFINED", "NAMELESS")
EDITS_OF_SENTINELS = {
    "body": ("return 1", "return 2"),
    "statement": ("class Missing", "class Base: pass\n    class Missing"),
    "nothing": ("return value", "return  value"),
}


@pytest.mark.parametrize("edit", EDITS_OF_SENTINELS)
def test_an_instance_without_state_stays_the_object_that_others_ask_for(
    live: LiveModule, edit: str
) -> None:
    module = live.start(SENTINELS)
    held = [getattr(module, name) for name in NAMES]
    other = live.other("from LIVE import MISSING\ndef is_missing(value): return value is MISSING\n")
    report = live.edit(SENTINELS.replace(*EDITS_OF_SENTINELS[edit]).replace(": 1", ": 2"))

    assert [each is getattr(module, name) for each, name in zip(held, NAMES)] == [True] * 5
    assert other.is_missing(module.MISSING)
    assert module.name()
    assert [type(each).__name__ for each in held[:4]] == [
        "Missing",
        "Marker",
        "Version",
        "Undefined",
    ]
    assert held[4].text() == 2
    assert [type(each) is getattr(module, type(each).__name__) for each in held[:4]] == [True] * 4
    assert not [notice for notice in report.notices if notice.code == "LP302"]
    assert_current(module)

    report.undo()

    assert [each is getattr(module, name) for each, name in zip(held, NAMES)] == [True] * 5
    assert held[4].text() == 1
    assert_current(module)


def test_a_sentinel_whose_class_changes_its_layout_is_the_new_one_everywhere(
    live: LiveModule,
) -> None:
    module = live.start("class Missing: pass\nMISSING = Missing()\n")
    held = [module.MISSING, {module.MISSING: 1}]
    report = live.edit("class Missing:\n    __slots__ = ()\nMISSING = Missing()\n")

    assert held[0] is module.MISSING
    assert held[1] == {module.MISSING: 1}
    assert type(held[0]) is module.Missing
    assert_current(module)

    report.undo()

    assert held[0] is module.MISSING
    assert type(held[0]) is module.Missing


def test_what_has_another_state_than_before_is_made_anew(live: LiveModule) -> None:
    source = """
        class Counter:
            def __init__(self, start): self.count = start
        COUNTER = Counter(1)
    """
    module = live.start(source)
    counter = module.COUNTER
    counter.count = 5
    live.edit(dedent(source) + "NEW = 1\n")

    if live.rerun == "all":
        assert module.COUNTER is not counter
        assert module.COUNTER.count == 1
    else:  # unchanged data stays
        assert module.COUNTER is counter
        assert counter.count == 5

    counter = module.COUNTER
    live.change("Counter(1)", "Counter(2)")

    assert module.COUNTER is not counter
    assert module.COUNTER.count == 2


TOKENS = """
    class Token(tuple):
        def text(self): return 1
    TOKEN = Token()
    TOKEN.names = [Token(("name",))]
    TOKEN.names[0].parent = TOKEN
"""


def test_a_tuple_with_attributes_that_lead_back_to_it_takes_its_class_whole(
    live: LiveModule,
) -> None:
    module = live.start(TOKENS)
    report = live.change("return 1", "return 2")
    name = module.TOKEN.names[0]

    assert type(module.TOKEN) is type(name) is module.Token
    assert name.parent is module.TOKEN
    assert [notice.code for notice in report.notices] == []
    assert_current(module)


def test_what_a_tuple_that_is_built_anew_has_in_attributes_goes_with_it(live: LiveModule) -> None:
    module = live.start("class Shop:\n    def text(self): return 1\n")
    other = live.other("""
        from LIVE import Shop
        class Token(tuple): pass
        TOKEN = Token((Shop,))
        TOKEN.kind = Shop
        TOKEN.inner = Token((Shop, TOKEN))
        HELD = [TOKEN]
    """)
    report = live.edit("class Base: pass\nclass Shop(Base):\n    def text(self): return 2\n")
    token = other.TOKEN

    assert token is other.HELD[0] is token.inner[1]
    assert token[0] is token.kind is token.inner[0] is module.Shop
    assert_current(module)

    del token  # 3.14 keeps what was in a local of a frame until that ends
    report.undo()
    token = other.TOKEN

    assert token is other.HELD[0] is token.inner[1]
    assert token[0] is token.kind is token.inner[0] is module.Shop
    assert_current(module)


LEVELS = """
    def make(name):
        return type(name, (), {"text": lambda self: 1})
    Info = make("Info")
"""


def test_a_class_moves_though_a_third_module_has_it_as_an_attribute(live: LiveModule) -> None:
    config = "from LIVE.levels import Info as _Info\nclass Config:\n    level = _Info\n"
    package = live.package(
        __init__="from LIVE import config, levels\n", levels=LEVELS, config=config
    )
    held = [package.levels.Info, package.levels.Info()]
    folder, name = live.path.parent, live.name
    (folder / "native.py").write_text(dedent(LEVELS).replace(": 1", ": 2"), "utf-8")
    (folder / "levels.py").write_text(f"from {name}.native import make\n", "utf-8")
    moved = config.replace("LIVE.levels", f"{name}.native")
    (folder / "config.py").write_text(moved, "utf-8")
    modules = (package, package.levels, package.config)
    report = livepatch.reload(*modules, strategy=live.strategy, rerun=live.rerun)

    assert held[0] is type(held[1]) is package.config.Config.level
    assert held[1].text() == 2
    assert [notice.code for notice in report.notices] == []


def test_a_definition_that_is_only_imported_for_types_now_is_found_by_the_module_getattr(
    live: LiveModule,
) -> None:
    lazy = """
        from typing import TYPE_CHECKING
        class Error: pass
        if TYPE_CHECKING:
            from LIVE.legacy import Abort
            ProtocolError = Error
        else:
            assert {"Abort", "ProtocolError"}.isdisjoint(globals())
            def __getattr__(name): return (name, 2)
    """
    errors = "class Error: pass\nclass Abort: pass\nclass ProtocolError: pass\n"
    package = live.package(__init__="from LIVE import errors\n", errors=errors)
    (live.path.parent / "errors.py").write_text(dedent(lazy), "utf-8")
    report = livepatch.reload(package.errors, strategy=live.strategy, rerun=live.rerun)

    assert package.errors.Abort == ("Abort", 2)
    assert package.errors.ProtocolError == ("ProtocolError", 2)

    report.undo()

    assert package.errors.Abort.__name__ == "Abort"


MARKED = """
    import sys
    def mark(value):
        namespace = sys._getframe(1).f_globals
        if "__provides__" in namespace:
            raise TypeError
        namespace["__provides__"] = value
"""


def test_what_a_function_marked_its_module_with_is_not_there_when_it_runs_again(
    live: LiveModule,
) -> None:
    live.other(MARKED)
    module = live.start("from OTHER import mark\nmark(1)\ndef text(): return 1\n")
    module.__own__ = own = object()
    live.change("mark(1)", "mark(2)")

    assert module.__provides__ == 2
    assert module.__own__ is own

    with pytest.raises(ZeroDivisionError):
        live.change("mark(2)", "mark(3); 1 / 0")

    assert module.__provides__ == 2
    assert module.__own__ is own


def test_a_function_says_what_module_it_belongs_to_as_the_new_source_has_it(
    live: LiveModule,
) -> None:
    source = "def text(): return 1\n"
    module = live.start(source + "text.__module__ = 'shop.server'\n")
    held = [module.text]
    report = live.edit(source)

    assert held == [module.text]
    assert held[0].__module__ == live.name

    report.undo()

    assert held[0].__module__ == "shop.server"


BETWEEN = """
    _Base = type("_Base", (int,), {"__module__": "nowhere"})
    class Level(_Base):
        def text(self): return 1
    del _Base
"""


def test_instances_go_over_though_the_class_that_lays_them_out_has_no_name(
    live: LiveModule,
) -> None:
    module = live.start(BETWEEN)
    level = module.Level(5)
    level.name, place = "high", id(level)
    report = live.edit(BETWEEN.replace("return 1", "return 2"))

    assert type(level) is module.Level
    assert (id(level), level, level.name, level.text()) == (place, 5, "high", 2)

    report.undo()

    assert type(level) is module.Level
    assert (id(level), level, level.name, level.text()) == (place, 5, "high", 1)


@pytest.mark.parametrize("edit", ["class Base: pass\nclass Response(Base)", "class Response"])
def test_a_class_that_another_module_has_as_an_attribute_is_followed_from_its_own_place(
    live: LiveModule, edit: str
) -> None:
    sources = {
        "__init__": "from LIVE import request, response\n"
        "request.Request.kind = response.Response\n",
        "request": "class Request:\n    kind = None\n    def text(self): return 1\n",
        "response": "class Response:\n    def text(self): return 1\n",
    }
    package = live.package(**sources)
    held = [package.response.Response, package.response.Response()]
    text = sources["response"].replace("return 1", "return 2").replace("class Response", edit)
    (live.path.parent / "response.py").write_text(text, "utf-8")
    modules = (package, package.request, package.response)
    report = livepatch.reload(*modules, strategy=live.strategy, rerun=live.rerun)

    assert held[0] is type(held[1]) is package.response.Response is package.request.Request.kind
    assert held[1].text() == 2
    assert [notice.code for notice in report.notices] == []

    report.undo()

    assert held[0] is type(held[1]) is package.response.Response is package.request.Request.kind
    assert held[1].text() == 1


def test_a_class_whose_instance_gave_way_to_that_of_another_class_has_gone(
    live: LiveModule,
) -> None:
    live.start("""
        class Parser:
            class NullCache(dict):
                def get(self, *arguments): return None
            cache = NullCache()
    """)
    report = live.edit("""
        class Parser:
            class Cache(dict):
                def get(self, *arguments): return 1
                def set(self, *arguments): return 2
            cache = Cache()
    """)

    outcomes = {each.path: each.outcome.value for each in report.definitions}
    assert outcomes[f"{live.name}.Parser.NullCache"] == "removed"
    assert outcomes[f"{live.name}.Parser.Cache"] == "added"
    assert type(live.module.Parser.cache) is live.module.Parser.Cache


ROOTS = """
    class Path:
        __slots__ = ("steps",)
        made = {}
        def child(self, name):
            path = Path()
            path.steps = (*self.steps, name)
            return self.made.setdefault(name, path)
        def root(self): return {TARGET: 1, SCOPE: 2}[self.steps[0]]
    class Node:
        def __init__(self): self.top = self
        def text(self): return 1
    TARGET = Path()
    SCOPE = Path()
    TARGET.steps = (TARGET,)
    SCOPE.steps = (SCOPE,)
    FIRST = SCOPE.child("first")
    NODE = Node()
"""


BASED = "class Base: __slots__ = ()\n    class Path(Base)"


@pytest.mark.parametrize("edit", ["class Path", BASED])
def test_an_instance_that_keeps_nothing_but_itself_stays_the_object_it_is(
    live: LiveModule, edit: str
) -> None:
    module = live.start(ROOTS)
    held = [module.TARGET, module.SCOPE, module.NODE]
    child = module.TARGET.child("name")
    text = ROOTS.replace("return {", "return  {").replace("return 1", "return 2")
    live.edit(text.replace("class Path", edit).replace("SCOPE: 2", "SCOPE: 3"))

    assert [each is held[at] for at, each in enumerate(_roots_of(module))] == [True] * 3
    assert child.root() == 1
    assert module.FIRST.root() == 3
    assert module.NODE.top is module.NODE
    assert module.NODE.text() == 2
    assert_current(module)


def _roots_of(module: Any) -> list[Any]:
    return [module.TARGET, module.SCOPE, module.NODE]


MIXED = """
    class BaseConfig:
        def text(self): return 1
    class Model:
        def __init_subclass__(cls):
            before = globals().get(cls.__name__)
            if before is not None and not issubclass(before.Config, BaseConfig):
                cls.made = type("Made", (BaseConfig, before.Config), {})
    class Player(Model):
        class Config(BaseConfig):
            limit = 1
"""


@pytest.mark.parametrize(
    "edit", ["class BaseConfig", "class Base: pass\n    class BaseConfig(Base)"]
)
def test_a_class_made_of_a_new_base_and_an_old_class_below_it_has_that_alone(
    live: LiveModule, edit: str
) -> None:
    module = live.start(MIXED)
    player, config = module.Player(), module.Player.Config()
    report = live.edit(
        MIXED.replace("return 1", "return 2")
        .replace("class BaseConfig", edit)
        .replace("= 1", "= 2")
    )

    assert type(player) is module.Player
    assert type(config) is module.Player.Config
    made = getattr(module.Player, "made", None)
    if live.rerun == "all":
        assert made.__bases__ == (module.Player.Config,)
        assert (made.limit, made().text()) == (2, 2)
    assert_current(module)

    report.undo()

    assert (config.text(), config.limit) == (1, 1)
    assert not hasattr(module.Player, "made")


POINT = """
    import dataclasses
    from collections import namedtuple
    Version = namedtuple("Version", "major minor")
    @dataclasses.dataclass
    class Point:
        x: int
    VERSION = Version(1, 2)
    TABLE = {"origin": [Point(0)]}
    class Shape:
        start = Point(1)
        def first(self): return TABLE["origin"][0]
"""
MORE_POINT = [
    ("minor", "minor micro"),
    ("x: int", "x: int\n        y: int"),
    ("(1, 2)", "(1, 2, 3)"),
]
MORE_POINT += [("Point(0)", "Point(0, 0)"), ("Point(1)", "Point(1, 1)")]


def _edited(source: str, edits: list[tuple[str, str]]) -> str:
    for before, after in edits:
        source = source.replace(before, after)
    return source


def test_what_only_the_old_source_made_needs_no_value_for_a_new_field(live: LiveModule) -> None:
    module = live.start(POINT)
    shape = module.Shape()
    report = live.edit(_edited(POINT, MORE_POINT))

    assert module.VERSION == (1, 2, 3)
    assert shape.first() == module.Point(0, 0)
    assert shape.start == module.Point(1, 1)
    assert [notice.code for notice in report.notices] == []
    assert_current(module)

    report.undo()

    assert module.VERSION == (1, 2)
    assert shape.first() == module.Point(0)
    assert shape.start == module.Point(1)
    assert_current(module)


HOLD_POINTS = {
    "tuple": lambda module: [module.VERSION],
    "table": lambda module: (module.TABLE,),
    "instance": lambda module: {"a": {"b": module.TABLE["origin"][0]}},
    "closure": lambda module: functools.partial(lambda point: point, module.Shape.start),
}


@pytest.mark.parametrize("way", HOLD_POINTS)
def test_what_somebody_else_holds_does(live: LiveModule, way: str) -> None:
    module = live.start(POINT)
    held = HOLD_POINTS[way](module)
    with pytest.raises(livepatch.ReloadRefused) as refused:
        live.edit(_edited(POINT, MORE_POINT))

    assert {each.code for each in refused.value.refusals} == {"LP126"}
    assert module.VERSION == (1, 2)
    assert held


def test_an_alias_of_a_class_that_stays_is_of_that_where_another_class_is_replaced(
    live: LiveModule,
) -> None:
    module = live.start("""
        class Upd(dict):
            def text(self): return 1
        class Cache(dict): pass
    """)
    cache = module.Cache()
    report = live.edit("""
        class Upd(dict):
            def text(self): return 2
        class Cache(Upd[int]):
            pair = (Upd[str], Upd[str] | None)
    """)

    assert module.Cache.__orig_bases__[0].__origin__ is module.Upd
    assert module.Cache.pair[0].__origin__ is module.Upd
    assert module.Cache.pair[1].__args__[0].__origin__ is module.Upd
    assert cache.text() == 2
    assert [notice.code for notice in report.notices] == []
    assert_current(module)

    report.undo()

    assert not hasattr(module.Cache, "pair")
    assert type(cache) is module.Cache
    assert_current(module)


def test_class_that_the_new_source_takes_if_there_is_one_stays(live: LiveModule) -> None:
    # packaging.metadata 23.2 to 24.0: else: ExceptionGroup = ExceptionGroup
    module = live.start("class map: pass\n")
    held = [module.map, module.map()]
    live.edit("if 'map' in dir(__builtins__):\n    map = map\nelse:\n    class map: pass\n")

    assert module.map is held[0] is type(held[1])


def test_what_is_put_around_a_builtin_is_not_put_around_what_hid_it(live: LiveModule) -> None:
    source = "def logged(f): return (f,)\n"
    module = live.start(f"{source}def map(): pass\n")
    live.edit(f"{source}map = logged(map)\n")

    assert module.map == (builtins.map,)


def test_part_of_a_package_that_is_called_as_a_builtin_stays_in_it(live: LiveModule) -> None:
    # click.globals, where the package alone is reloaded.
    source = "from LIVE.globals import hit\nHERE = sorted(map(str, [1]))\n"
    package = live.package(__init__=source, globals="def hit(): return 1\n", map="")
    part = importlib.import_module(f"{live.name}.globals")
    importlib.import_module(f"{live.name}.map")
    live.edit(source + "A = 1\n")

    assert package.globals is part
    assert package.map is sys.modules[f"{live.name}.map"]
    assert package.HERE == ["1"]


def test_annotations_of_what_a_call_makes_are_those_of_the_new_source(live: LiveModule) -> None:
    # click._compat 8.1.3 to 8.1.7: _default_text_stdin = _make_cached_stream_func(...)
    source = """
        def make():
            def inner(a=1) -> int: return a
            return inner
        hit = make()
    """
    module = live.start(source)
    held = [module.hit]
    live.edit(source.replace("-> int", "-> str"))

    assert held[0] is module.hit
    assert module.hit.__annotations__ == {"return": str}
    live.edit(source)

    assert module.hit.__annotations__ == {"return": int}
