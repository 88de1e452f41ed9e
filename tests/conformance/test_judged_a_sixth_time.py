"""What a sixth stranger found: places, orders, chains of targets, other names, and noise."""

from __future__ import annotations

import pytest

from tests.live import LiveModule

pytestmark = pytest.mark.sampled(10)

BOTH = pytest.mark.parametrize("rerun", ["all", "changed"])

FIELDS = """
    import typing
    class Step(typing.NamedTuple):
        name: str
        tags: list = []
        guard: object = lambda each: True
"""


@BOTH
def test_a_field_before_others_moves_them_whatever_their_defaults(live: LiveModule) -> None:
    module = live.start(FIELDS)
    held = module.Step("a", ["x"])
    report = live.edit(FIELDS.replace("        tags", "        prio: int = 7\n        tags"))
    made = module.Step("a")
    assert (made.tags, made.prio) == ([], 7)
    assert made.guard(1) is True
    report.undo()
    assert (module.Step("a", ["x"]).tags, held.tags) == (["x"], ["x"])


@BOTH
def test_what_a_statement_says_of_a_field_arrives(live: LiveModule) -> None:
    source = """
    from collections import namedtuple
    Event = namedtuple("Event", "a b")
    Event.a.__doc__ = "one"
    """
    module = live.start(source)
    live.edit(source.replace('"one"', '"two"'))
    assert module.Event.a.__doc__ == "two"
    live.edit(source.replace('"one"', '"two"') + "LIMIT = 1\n")
    assert module.Event.a.__doc__ == "two"


COLUMNS = """
    class Column:
        count = 0
        def __init__(self, default=0):
            self.default = default
            self.order = Column.count
            self.kept = {}
            self.hits = 0
            Column.count += 1
        def __set_name__(self, owner, name): self.name = name
        def __get__(self, row, cls=None):
            if row is None: return self
            self.hits += 1
            return row.values[self.index]
    class Row:
        def __init_subclass__(cls):
            columns = [each for each in vars(cls).values() if isinstance(each, Column)]
            for index, each in enumerate(columns): each.index = index
        def __init__(self, *values): self.values = values
    class Order(Row):
        net = Column()
        total = Column(5)
"""
BY_LIST = """
    class Column:
        def __init__(self, index): self.index = index
        def __get__(self, row, cls=None): return self if row is None else row.values[self.index]
    class Row:
        def __init_subclass__(cls):
            names = [name for name, value in vars(cls).items() if isinstance(value, list)]
            for index, name in enumerate(names): setattr(cls, name, Column(index))
        def __init__(self, *values): self.values = values
    class Order(Row):
        net = []
        total = []
"""


@BOTH
@pytest.mark.parametrize("source", [COLUMNS, BY_LIST], ids=["objects", "made of lists"])
def test_a_descriptor_knows_its_new_place(live: LiveModule, source: str) -> None:
    module = live.start(source)
    order = module.Order(10, 12)
    assert (order.net, order.total) == (10, 12)
    made = source.partition("total = ")[2].split("\n")[0]
    report = live.edit(source.replace("total =", f"tax = {made}\n        total ="))
    order = module.Order(10, 2, 12)
    assert (order.net, order.tax, order.total) == (10, 2, 12)
    report.undo()
    assert (module.Order(10, 12).net, module.Order(10, 12).total) == (10, 12)


@BOTH
def test_what_a_descriptor_has_worked_out_and_counted_stays(live: LiveModule) -> None:
    module = live.start(COLUMNS)
    held = module.Order.total
    assert module.Order(10, 12).total == 12
    held.kept["a"] = 1
    live.edit(COLUMNS.replace("net =", "tax = Column()\n        net ="))
    assert module.Order.total is held
    assert (held.default, held.name, held.index, held.hits) == (5, "total", 2, 1)
    assert held.kept == {"a": 1}


ORDERS = """
    import enum
    class Level(enum.Enum):
        LOW = 1
        MID = 2
    class Right(enum.Flag):
        R = 1
        W = 2
    class Base:
        def __init_subclass__(cls): cls.names = [name for name in vars(cls) if len(name) == 1]
    class Plain(Base):
        a = 1
        b = 2
    class Steps:
        def first(self): return 1
        def second(self): return 2
"""
SWAPPED = """
    import enum
    class Level(enum.Enum):
        MID = 2
        LOW = 1
    class Right(enum.Flag):
        W = 2
        R = 1
    class Base:
        def __init_subclass__(cls): cls.names = [name for name in vars(cls) if len(name) == 1]
    class Plain(Base):
        b = 2
        a = 1
    class Steps:
        def second(self): return 2
        def first(self): return 1
"""


@BOTH
def test_members_and_attributes_have_the_order_of_the_source(live: LiveModule) -> None:
    def seen() -> list[list[str]]:
        lists = [[each.name for each in cls] for cls in (module.Level, module.Right)]
        lists += [list(module.Level.__members__), module.Plain.names]
        lists += [[name for name in vars(module.Plain) if len(name) == 1]]
        return [*lists, [name for name in vars(module.Steps) if name in ("first", "second")]]

    module = live.start(ORDERS)
    low, before = module.Level.LOW, seen()
    report = live.edit(SWAPPED)
    assert seen() == [each[::-1] for each in before], report
    assert module.Level.LOW is low
    report.undo()
    assert seen() == before
    live.edit(SWAPPED)
    assert seen() == [each[::-1] for each in before]


CHAINS = """
    class C:
        a = b = 1
        c, d = 1, 2
        (e, g), h = (1, 2), 3
        i, *j = [7, 8]
        k = l = [1]
        s = t = u = 10
        v, (w, x) = 1, (2, 3)
        (o := 5)
    y = z = 1
"""


@BOTH
def test_each_target_of_one_statement_gets_its_new_value(live: LiveModule) -> None:
    module = live.start(CHAINS)
    edited = CHAINS.replace("= 1\n", "= 100\n").replace("1, 2", "1, 200").replace("8]", "800]")
    edited = edited.replace("3\n", "300\n").replace("[1]", "[100]").replace("10\n", "1000\n")
    edited = edited.replace("3)", "300)").replace("5)", "500)")
    report = live.edit(edited)
    assert not report.notices, report
    found = {name: value for name, value in vars(module.C).items() if len(name) == 1}
    values = {"a": 100, "b": 100, "c": 1, "d": 200, "e": 1, "g": 200, "h": 300, "i": 7, "j": [800]}
    values |= {"k": [100], "l": [100], "s": 1000, "t": 1000, "u": 1000, "v": 1, "w": 2, "x": 300}
    assert found == {**values, "o": 500}
    assert module.y == module.z == 100


OTHER_NAMES = """
    class A:
        def _impl(*args): return len(args)
        get = fetch = _impl
        def size(self): return 1
    class B:
        size = A.size
    class C:
        size = A.size
    C.size = print
"""


@BOTH
def test_another_name_for_a_method_follows_what_that_becomes(live: LiveModule) -> None:
    module = live.start(OTHER_NAMES)
    edited = OTHER_NAMES.replace("def _impl", "@staticmethod\n        def _impl")
    report = live.edit(edited.replace("def size", "@property\n        def size"))
    assert (module.A().get(), module.A().fetch()) == (0, 0), report
    assert module.B().size == module.A().size == 1
    assert module.C.size is print
    report.undo()
    assert (module.A().get(), module.A().fetch(), module.B().size()) == (1, 1, 1)


@BOTH
def test_an_object_whose_inherited_init_changed_is_made_anew(live: LiveModule) -> None:
    source = """
    class Base:
        def __init__(self, a): self.a = a + 1
    class Point(Base):
        dim = 1
    class Own(Base):
        def __init__(self, a): self.a = 0
    class Keeper:
        origin = Point(1)
        own = Own(1)
    """
    module = live.start(source)
    own = module.Keeper.own
    report = live.edit(source.replace("a + 1", "a + 20").replace("dim = 1", "dim = 2"))
    said = {notice.code for notice in report.notices if "origin" in notice.path}
    assert module.Keeper.origin.a == 21 or said
    assert module.Keeper.own is own


BLOCKS = """
    __all__ = ["Plain"]
    NAMES, LOG = [], []
    READY = True
    def register(cls): NAMES.append(cls.__name__)
    class Plain: pass
    if READY:
        class Secure(Plain):
            def connect(self, power=1): return power
        __all__.append("Secure")
        register(Secure)
        LOG += [1, Secure]
    try:
        def probe(power=1): return power
        LOG.append(probe)
    except ImportError:
        pass
    for _ in (1,):
        def each(power=1): return power
        LOG.append("loop")
"""


def test_what_a_block_enters_again_is_there_once(live: LiveModule) -> None:
    module = live.start(BLOCKS)
    held = module.Secure()
    report = live.edit(BLOCKS.replace("power=1", "power=2"), rerun="changed")
    assert (module.__all__, module.NAMES) == (["Plain", "Secure"], ["Secure"]), report
    assert [1, module.Secure, module.probe, "loop"] == module.LOG
    assert held.connect() == module.probe() == module.each() == 2
    report.undo()
    assert [1, module.Secure, module.probe, "loop"] == module.LOG
    assert module.NAMES == ["Secure"]
    live.edit(BLOCKS.replace('"loop"', '"ring"'), rerun="changed")
    assert [1, module.Secure, module.probe, "loop", "ring"] == module.LOG


QUIET = {
    "a tuple with a list": (
        "class Admin:\n        fieldsets = (('main', {'fields': ['a']}),)\n        width = 1",
        ("width = 1", "width = 1\n        height = 2"),
    ),
    "a table of classes by members": (
        """import enum
    class Tok(enum.Enum):
        NUM = 1
        OP = 2
    class Node:
        __match_args__ = ("l", "r")
    class Add(Node): pass
    TABLE = {Tok.NUM: int, Tok.OP: {"+": Add}}""",
        ('("l", "r")', '("r", "l")'),
    ),
    "another name for a function in a class": (
        """def _sift(x, k=1): return (x, k)
    def push(x): return _sift(x)
    class Heap:
        push = staticmethod(push)
    class Queue:
        push = push""",
        ("k=1", "k=2"),
    ),
    "a base that looks at its classes": (
        """class Settings:
        debug = 1
    class Model:
        def __init_subclass__(cls):
            cls.fields = [name for name, value in vars(cls).items() if isinstance(value, int)]
            for name in dir(cls): pass
    class User(Model):
        age = 0""",
        ("debug = 1", "debug = 2"),
    ),
}


@BOTH
@pytest.mark.parametrize("case", QUIET)
def test_what_is_as_its_source_says_is_not_named(live: LiveModule, case: str) -> None:
    source, edit = QUIET[case]
    live.start("\n    " + source)
    report = live.edit("\n    " + source.replace(*edit))
    assert not report.notices, report


def test_a_value_that_a_called_function_computes_is_named(live: LiveModule) -> None:
    source = """
    def _sift(x, k=1): return (x, k)
    def push(x): return _sift(x)
    class Heap:
        first = push(1)
    """
    module = live.start(source)
    report = live.edit(source.replace("k=1", "k=2"), rerun="changed")
    named = any("Heap" in notice.path for notice in report.notices)
    assert named is (module.Heap.first == (1, 1))


def test_a_kind_of_holder_that_none_was_of_is_not_counted(live: LiveModule) -> None:
    source = """
    import dataclasses
    @dataclasses.dataclass(frozen=True)
    class Money:
        amount: int
    """
    module = live.start(source)
    prices = {module.Money(1): "one"}
    report = live.edit(source + "    vat: int = 0\n")
    assert 0 not in report.references.values()
    assert prices[module.Money(1)] == "one"


def test_a_dispatcher_elsewhere_has_the_very_class_and_is_not_named(live: LiveModule) -> None:
    source = """
    class Box:
        size = 1
    """
    module = live.start(source)
    other = live.other(f"""
    import functools
    from {module.__name__} import Box
    def stamped(cls): return lambda function: lambda *args: (cls.size, *args)
    @functools.singledispatch
    def show(value): return "?"
    @show.register(Box)
    def show_box(value): return "box"
    @stamped(Box)
    def label(value): return value
    """)
    held = module.Box()
    report = live.edit(source.replace("size = 1", "size = 2"))
    assert {notice.path.partition(".")[2] for notice in report.notices} <= {"label"}, report
    assert other.show(held) == "box"
    report = live.edit("\n    class Base: pass\n    class Box(Base):\n        size = 2\n")
    assert other.show(held) == other.show(module.Box()) == "box"
    assert {notice.path.partition(".")[2] for notice in report.notices} <= {"label"}, report


@BOTH
def test_a_combination_that_loses_its_name_is_that_of_its_number(live: LiveModule) -> None:
    source = """
    import enum
    class Right(enum.Flag):
        R = 1
        W = 2
    """
    module = live.start(source)
    both = module.Right.R | module.Right.W
    named = repr(both)
    held = {both: 1}
    live.edit(source + "    RW = 3\n")
    assert module.Right.RW is both
    assert both.name == "RW"
    report = live.edit(source)
    assert not report.notices, report
    assert module.Right(3) is (module.Right.R | module.Right.W) is both
    assert (repr(both), held[both]) == (named, 1)
    report.undo()
    assert module.Right.RW is both is module.Right(3)
    assert both.name == "RW"
