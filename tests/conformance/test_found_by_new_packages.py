"""What upgrades of packages that had not been tried before found, made small."""

from __future__ import annotations

import ast
import importlib
import sys
from textwrap import dedent
from types import ModuleType

import pytest

import livepatch
from livepatch.testing import assert_current
from tests.conformance.test_many_modules import Shop
from tests.live import LiveModule

pytestmark = [pytest.mark.sampled(3), pytest.mark.parametrize("rerun", ["all", "changed"])]

SLOTTED = """
    class Meta(type):
        def __new__(cls, name, bases, attrs): return super().__new__(cls, name, bases, attrs)
    class Gen(metaclass=Meta):
        __slots__ = ("a",)
        def __init__(self): self.a = 1
"""


@pytest.mark.sampled(6)
def test_a_subclass_elsewhere_is_copied_where_the_metaclass_ran_again(live: LiveModule) -> None:
    module = live.start(SLOTTED)
    other = live.other(
        "from LIVE import Gen, Meta\n"
        "class Own(Gen): pass\n"
        "class Sub(Meta): pass\n"
        "class Far(Gen, metaclass=Sub): pass\n"
    )
    held = [module.Gen(), other.Own(), other.Far()]
    report = live.edit(SLOTTED.replace('("a",)', '("a", "b")'))

    assert [type(each) for each in held] == [module.Gen, other.Own, other.Far]
    assert all(isinstance(each, module.Gen) for each in held)
    assert [type(each) for each in (module.Gen, other.Own, other.Far)] == [
        module.Meta,
        module.Meta,
        other.Sub,
    ]
    assert other.Sub.__bases__ == (module.Meta,)
    assert_current(module)

    report.undo()

    assert [type(each) for each in held] == [module.Gen, other.Own, other.Far]
    assert [type(each) for each in (module.Gen, other.Own)] == [module.Meta, module.Meta]


DIAMOND = """
    class Meta(type):
        def __new__(cls, name, bases, attrs): return super().__new__(cls, name, bases, attrs)
    class Node(metaclass=Meta):
        __slots__ = ("a",)
        def __init__(self): self.a = 1
        def size(self): return 1
    class Unit(Node): kinds = {"a": 1}
    class Func(Node): kinds = {"a": 1}
    class Op(Unit): kinds = {"a": 1}
    class Add(Func, Op): kinds = {"a": 1}
    class Sub(Func, Op): kinds = {"a": 1}
"""


@pytest.mark.sampled(6)
@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('"a": 1', '"b": 1'),
        ("name, bases, attrs", "name, bases, said"),
        ("return 1", "return super().__hash__()"),
        ("class Meta(type):", "class Top(type): pass\n    class Meta(Top):"),
        ("class Sub(Func, Op)", "class Sub(Op, Func)"),
        ("class Sub(Func, Op)", "class Sub(Op)"),
    ],
)
def test_two_ways_lead_to_a_class_with_slots_and_a_metaclass(
    live: LiveModule, before: str, after: str
) -> None:
    module = live.start(DIAMOND)
    other = live.other(
        "from LIVE import Add, Func, Op\nclass Own(Add): pass\nclass Both(Func, Op): pass\n"
    )
    held = [module.Add(), module.Sub(), other.Own(), other.Both()]
    orders = [[each.__name__ for each in cls.__mro__] for cls in map(type, held)]
    report = live.edit(DIAMOND.replace(before, after))

    classes = [module.Add, module.Sub, other.Own, other.Both]
    assert [type(each) for each in held] == classes
    assert all(isinstance(each, module.Node) for each in held)
    assert all(type(cls) is module.Meta for cls in classes)
    assert other.Both.__bases__ == module.Add.__bases__ == (module.Func, module.Op)
    assert_current(module)

    report.undo()

    classes = [module.Add, module.Sub, other.Own, other.Both]
    assert [type(each) for each in held] == classes
    assert [[each.__name__ for each in cls.__mro__] for cls in classes] == orders
    assert all(isinstance(each, module.Node) for each in held)


TREE = """
    import ast, random
    class Node:
        def __init__(self, name): self.name = name
    class Leaf(Node):
        def text(self): return self.name
"""


@pytest.mark.sampled(6)
def test_a_class_comes_to_derive_from_a_type_that_c_code_made_like_a_class(
    live: LiveModule,
) -> None:
    module = live.start(TREE)
    other = live.other("from LIVE import Leaf\nclass Own(Leaf): pass\n")
    held = [module.Leaf("x"), other.Own("y")]
    report = live.edit(TREE.replace("class Node:", "class Node(ast.AST):"))

    assert [type(each) for each in held] == [module.Leaf, other.Own]
    assert [each.text() for each in held] == ["x", "y"]
    assert all(isinstance(each, ast.AST) for each in held)

    report.undo()

    assert [type(each) for each in held] == [module.Leaf, other.Own]
    assert [each.text() for each in held] == ["x", "y"]
    assert not any(isinstance(each, ast.AST) for each in held)


@pytest.mark.sampled(6)
def test_one_that_keeps_something_of_its_own_is_refused_and_withdrawn(
    live: LiveModule, caplog: pytest.LogCaptureFixture
) -> None:
    module = live.start(TREE)
    other = live.other("from LIVE import Leaf\nclass Own(Leaf): pass\n")
    held = [module.Leaf("x"), other.Own("y")]
    with pytest.raises(livepatch.ReloadRefused, match="1 live instances cannot take"):
        live.edit(TREE.replace("class Node:", "class Node(random.Random):"))

    assert [type(each) for each in held] == [module.Leaf, other.Own]
    assert [each.text() for each in held] == ["x", "y"]
    assert "could not be withdrawn" not in caplog.text


TABLES = """
    class Func:
        @classmethod
        def make(cls): return cls()
    class Abs(Func): kinds = {"a": 1}
    class Parser:
        MADE = {"abs": Abs.make, "x": lambda: 3}
        KNOWN = {"abs": (Abs,), "x": (1,)}
        PAIRS = (Abs, [1])
        def parse(self): return 1
        @classmethod
        def known(cls, pairs=PAIRS): return pairs
    class Hive(Parser):
        MADE = {**Parser.MADE, "y": lambda: 3}
        KNOWN = {**Parser.KNOWN, "y": (2,)}
    COPY = {**Hive.MADE}
    KNOWN = {**Hive.KNOWN, "pairs": Parser.PAIRS}
"""


@pytest.mark.sampled(6)
@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("return 1", "return 2"),
        ('"y": lambda: 3', '"y": lambda: 3, "z": lambda: 4'),
        ("class Parser:", "class Parser:\n        more = 1"),
        ("class Hive(Parser):", "class Hive(Parser):\n        more = 1"),
    ],
)
def test_methods_and_tuples_in_tables_that_stay_and_in_copies_of_these(
    live: LiveModule, before: str, after: str
) -> None:
    module = live.start(TABLES)
    report = live.edit(TABLES.replace('"a": 1', '"b": 1').replace(before, after))

    for table in (module.Parser.MADE, module.Hive.MADE, module.COPY):
        assert table["abs"].__self__ is module.Abs
    for table in (module.Parser.KNOWN, module.Hive.KNOWN, module.KNOWN):
        assert table["abs"] == (module.Abs,)
    assert module.KNOWN["pairs"] == module.Parser.PAIRS == (module.Abs, [1])
    assert module.Parser.known()[0] is module.Abs
    assert report.ok, report
    assert_current(module)


REMADE = """
    def numbered(cls):
        made = type(cls.__name__, (int,), dict(cls.__dict__))
        for name, value in list(cls.__dict__.items()):
            if isinstance(value, int): setattr(made, name, made(value))
        return made
    @numbered
    class Picture:
        FRONT = 3
        def text(self): return "1"
    DEFAULT = Picture.FRONT
"""


@pytest.mark.sampled(6)
def test_a_class_made_of_the_attributes_of_another(live: LiveModule) -> None:
    module = live.start(REMADE)
    held = [module.Picture.FRONT, module.Picture(4), module.Picture]
    live.edit(REMADE.replace('"1"', '"2"'))

    assert [each.text() for each in held[:2]] == ["2", "2"]
    assert held == [3, 4, module.Picture]
    assert type(held[1]) is module.Picture
    assert module.DEFAULT.text() == "2"
    assert_current(module)


BY_NAME = {
    "__init__": "",
    "registry": """
        class Proxy:
            def __getattr__(self, name):
                if name.startswith("_"): raise AttributeError(name)
                whole = __package__ + ".handlers"
                found = getattr(__import__(whole, fromlist=[name]), name)
                self.__dict__[name] = found
                return found
        proxy = Proxy()
    """,
    "hash": """
        import sys
        from .registry import proxy
        sys.modules[__name__] = proxy
    """,
    "handlers": """
        class Common:
            @classmethod
            def using(cls): return super(Common, cls).__sizeof__
        class Argon(Common): size = 1
    """,
    "django": """
        from .hash import Argon
        around = Argon.using()
        class Own(Argon): size = Argon.size
    """,
}


@pytest.mark.sampled(6)
def test_a_name_is_imported_from_what_stands_in_the_place_of_a_module(live: LiveModule) -> None:
    shop = Shop(live, **{stem: dedent(source) for stem, source in BY_NAME.items()})
    importlib.import_module(f"{live.name}.django")
    stand_in = sys.modules[f"{live.name}.hash"]
    argon, own = shop.part("handlers").Argon, shop.part("django").Own
    held = [argon, argon(), own()]
    shop.write(handlers=dedent(BY_NAME["handlers"]).replace("size = 1", "size = 2"))
    modules = [each for each in shop.modules() if isinstance(each, ModuleType)]
    livepatch.reload(*modules, strategy=live.strategy, rerun=live.rerun)

    argon, own = shop.part("handlers").Argon, shop.part("django").Own
    assert sys.modules[f"{live.name}.hash"] is stand_in
    assert stand_in.Argon is argon is held[0]
    assert [type(each) for each in held[1:]] == [argon, own]
    assert own.__bases__ == (argon,)
    assert (argon.size, held[1].size) == (2, 2)
    assert live.rerun == "changed" or own.size == 2


LAYERS = """
    class Meta(type):
        def __new__(cls, name, bases, attrs): return super().__new__(cls, name, bases, attrs)
    class Node(metaclass=Meta):
        __slots__ = ("a",)
        def size(self): return 1
    class Block(Node): __slots__ = ("b",)
    class Packet(Block):
        __slots__ = ("c",)
        kinds = {"a": 1}
"""


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("name, bases, attrs", "name, bases, said"),
        ("return 1", "return super().__hash__()"),
        ("class Meta(type):", "class Top(type): pass\n    class Meta(Top):"),
        ('("a",)', '("a", "z")'),
        ('"a": 1', '"b": 1'),
    ],
)
def test_a_class_with_slots_over_one_with_slots_and_a_metaclass(
    live: LiveModule, before: str, after: str
) -> None:
    module = live.start(LAYERS)
    other = live.other("from LIVE import Block\nclass Own(Block): __slots__ = ('o',)\n")
    held = [module.Node(), module.Block(), module.Packet(), other.Own()]
    held[2].b, held[3].o = 2, 3
    report = live.edit(LAYERS.replace(before, after))

    classes = [module.Node, module.Block, module.Packet, other.Own]
    assert [type(each) for each in held] == classes
    assert all(type(cls) is module.Meta for cls in classes)
    assert [cls.__bases__[0] for cls in classes[1:]] == [module.Node, module.Block, module.Block]
    assert (held[2].b, held[3].o) == (2, 3)
    assert_current(module)

    report.undo()

    classes = [module.Node, module.Block, module.Packet, other.Own]
    assert [type(each) for each in held] == classes
    assert all(type(cls) is module.Meta for cls in classes)
    assert (held[2].b, held[3].o) == (2, 3)


LAZY = {
    "__init__": "",
    "lazy": """
        class Lazy:
            asked = []
            @property
            def __class__(self):
                self.asked.append(1)
                raise RuntimeError("not configured")
        settings = Lazy()
    """,
    "views": "from .lazy import settings\nLIMIT = 1\n",
    "urls": "from .views import LIMIT\n",
}


def test_a_lazy_object_that_is_imported_is_not_asked_for_its_class(live: LiveModule) -> None:
    shop = Shop(live, **{stem: dedent(source) for stem, source in LAZY.items()})
    importlib.import_module(f"{live.name}.urls")
    shop.write(views=LAZY["views"].replace("1", "2"))
    modules = [shop.part("views"), shop.part("urls")]
    livepatch.reload(*modules, strategy=live.strategy, rerun=live.rerun)

    assert shop.part("urls").LIMIT == 2
    assert shop.part("lazy").Lazy.asked == []


CACHED = """
    CACHE = {}
    def find(name):
        if name not in CACHE: CACHE[name] = name * 2
        return CACHE[name]
    find.forget = CACHE.clear
    def other(): return 1
"""


@pytest.mark.parametrize(("before", "after"), [("return 1", "return 2"), ("* 2", "* 3")])
def test_an_attribute_that_is_bound_to_a_global(live: LiveModule, before: str, after: str) -> None:
    module = live.start(CACHED)
    module.find("a")
    forget = [module.find.forget]
    live.edit(CACHED.replace(before, after))
    module.find("a")
    module.find.forget()

    assert module.CACHE == {}
    module.find("a")
    forget[0]()
    assert live.rerun == "all" or module.CACHE == {}


@pytest.mark.parametrize("base", ["abc.ABC", "Protocol", "metaclass=Meta"])
def test_a_subclass_elsewhere_is_copied_where_its_base_gets_a_metaclass(
    live: LiveModule, base: str
) -> None:
    source = """
        import abc
        from typing import Protocol
        class Meta(type): pass
        class Table(dict): size = 1
    """
    module = live.start(source)
    other = live.other("from LIVE import Table\nclass Own(Table): pass\nclass Far(Own): pass\n")
    held = other.Far()
    report = live.edit(source.replace("(dict): size = 1", f"({base}): size = 2"))

    assert other.Own.__bases__ == (module.Table,)
    assert type(other.Own) is type(other.Far) is type(module.Table) is not type
    assert (type(held), held.size) == (other.Far, 2)
    assert_current(module)

    report.undo()

    assert type(other.Own) is type(other.Far) is type(module.Table) is type
    assert (type(held), held.size) == (other.Far, 1)
