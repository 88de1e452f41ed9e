"""What upgrades of still more packages found, made small."""

from __future__ import annotations

import enum
import gc
import importlib
import signal
from types import ModuleType

import pytest

import livepatch
from livepatch import Outcome
from livepatch.testing import assert_current
from tests.live import LiveModule, Strategy, run_in_child

pytestmark = [pytest.mark.sampled(13), pytest.mark.parametrize("rerun", ["all", "changed"])]

POINTS = """
    class Point(tuple):
        @property
        def _fields(self): return ("x", "y")
        def far(self): return 1
    class Other(tuple):
        _fields = {"x": 0}
        _field_defaults = 7
    ORIGIN = Point((0, 0))
"""


def test_a_tuple_may_have_another_thing_than_names_for_fields(live: LiveModule) -> None:
    module = live.start(POINTS)
    held = [module.ORIGIN, module.Other((1,))]
    report = live.edit(POINTS.replace("return 1", "return 2") + "    FAR = Point((9, 9))\n")

    assert [type(each) for each in held] == [module.Point, module.Other]
    assert held[0].far() == 2
    assert_current(module)

    report.undo()

    assert held[0].far() == 1


WRITTEN = """
    def written(name, text):
        namespace = {}
        exec(compile(text, "<written>", "exec"), namespace)
        function = namespace[name]
        function.__module__ = __name__
        return function
    make = written("make", "def make(x): return x + 1")
    FACTOR = 1
"""


def test_a_function_that_is_written_from_a_text_is_the_one_that_the_text_gives_now(
    live: LiveModule,
) -> None:
    module = live.start(WRITTEN)
    held = [module.make, {module.make: 1}, (module.make,)]
    report = live.edit(WRITTEN.replace("x + 1", "x + 2").replace("FACTOR = 1", "FACTOR = 2"))

    assert held == [module.make, {module.make: 1}, (module.make,)]
    assert held[0](1) == 3
    assert not report.notices
    assert_current(module)

    report.undo()

    assert held == [module.make, {module.make: 1}, (module.make,)]
    assert held[0](1) == 2


NODES = """
    class Node:
        def __init__(self, name): self.name = name
    class Leaf(Node): pass
"""
COUNTED = NODES.replace(
    "class Node:", "class Node:\n        def __new__(cls, name): return super().__new__(cls)"
)


def nodes_made(module: ModuleType, other: ModuleType) -> list[str]:
    return [cls("a").name for cls in (module.Node, module.Leaf, other.Far, other.Farther)]


def elsewhere(live: LiveModule) -> ModuleType:
    return live.other(
        "from LIVE import Leaf, Node\nclass Far(Node): pass\nclass Farther(Far, Leaf): pass\n"
    )


def test_a_class_that_loses_its_new_goes_on_making_instances(live: LiveModule) -> None:
    module = live.start(COUNTED)
    other = elsewhere(live)
    held = [module.Leaf("x"), other.Farther("y")]
    report = live.edit(NODES)

    assert nodes_made(module, other) == ["a"] * 4
    assert [type(each) for each in held] == [module.Leaf, other.Farther]
    with pytest.raises(TypeError, match="missing 1 required positional argument"):
        other.Far()

    report.undo()

    assert "__new__" in vars(module.Node)
    assert nodes_made(module, other) == ["a"] * 4


def test_a_class_whose_new_comes_makes_instances_when_that_is_taken_back(live: LiveModule) -> None:
    module = live.start(NODES)
    other = elsewhere(live)
    report = live.edit(COUNTED)
    assert nodes_made(module, other) == ["a"] * 4
    report.undo()

    assert "__new__" not in vars(module.Node)
    assert nodes_made(module, other) == ["a"] * 4


def test_a_class_whose_new_comes_makes_instances_when_a_hook_raises(live: LiveModule) -> None:
    module = live.start(NODES)
    other = elsewhere(live)

    def refuse(_: livepatch.Reloading) -> None:
        raise ZeroDivisionError

    livepatch.after_reload(refuse)
    try:
        with pytest.raises(ZeroDivisionError):
            live.edit(COUNTED)
    finally:
        livepatch.forget_hook(refuse)

    assert "__new__" not in vars(module.Node)
    assert nodes_made(module, other) == ["a"] * 4


def test_a_class_below_an_exchanged_base_without_a_new_makes_instances(live: LiveModule) -> None:
    text = COUNTED + "    class Other:\n        def __init__(self, name): self.name = name\n"
    module = live.start(text + "    class Last(Node): pass\n")
    other = live.other("from LIVE import Last\nclass Far(Last): pass\n")
    live.edit(text + "    class Last(Other): pass\n")

    assert [cls("a").name for cls in (module.Last, other.Far)] == ["a", "a"]


KINDS = {
    "int": "class Kind(int, enum.Enum):",
    "float": "class Kind(float, enum.Enum):",
    "bytes": "class Kind(bytes, enum.Enum):",
    "based": "class Kind(Base):",
    "flag": "class Kind(int, enum.Flag):",
}
COLORS = """
    import enum
    class Base(int, enum.Enum):
        def hit(self): return 1
    KIND
        A = VALUE1
        B = VALUE2
        def name_of(self): return self.name
    TABLE = {Kind.A: "a"}
"""


def colors(kind: str) -> str:
    values = ('b"1"', 'b"2"') if kind == "bytes" else ("1", "2")
    text = COLORS.replace("KIND", KINDS[kind])
    return text.replace("VALUE1", values[0]).replace("VALUE2", values[1])


@pytest.mark.parametrize("kind", KINDS)
def test_an_enumeration_whose_members_are_of_a_built_in_type_gains_and_loses_one(
    live: LiveModule, kind: str
) -> None:
    module = live.start(colors(kind))
    other = live.other("from LIVE import Kind\ndef kind() -> Kind: return Kind.B\n")
    held = [module.Kind.A, {module.Kind.B: "b"}]
    last = 'b"4"' if kind == "bytes" else "4"
    more = colors(kind).replace("    def name_of", f"    C = {last}\n        def name_of")
    more += "    LAST = [Kind.C]\n    def last() -> Kind: return Kind.C\n"
    report = live.edit(more.replace("return 1", "return 2"))

    members = list(module.Kind)
    assert [type(each) for each in members] == [module.Kind] * 3
    assert [module.Kind(each.value) for each in members] == members
    assert held == [members[0], {members[1]: "b"}]
    assert held[0] is members[0]
    assert other.kind() is members[1]
    assert module.LAST[0] is module.last() is module.Kind["C"] is members[2]
    assert [each.name_of() for each in members] == ["A", "B", "C"]
    assert_current(module)

    report.undo()

    assert list(module.Kind) == members[:2]
    assert held[0] is module.Kind.A
    assert held == [module.Kind.A, {module.Kind.B: "b"}]


MACHINE = """
    class State:
        def __init__(self, function): self.function = function
        def upon(self, event): event.after[self] = 1
    class Event:
        def __init__(self, function, machine):
            self.function, self.machine, self.after = function, machine, {}
        def __call__(self, state): return self.after[state]
    class Machine:
        def __init__(self): self.kind = 1
        def state(self): return State
        def event(self): return lambda function: Event(function, self)
    class Light:
        machine = Machine()
        @machine.state()
        def on(self): "on"
        @machine.event()
        def press(self): "press"
        on.upon(press)
"""


def test_what_a_class_makes_with_an_attribute_that_is_made_anew_has_no_state_of_the_old(
    live: LiveModule,
) -> None:
    module = live.start(MACHINE)
    held = [module.Light.press]
    text = MACHINE.replace("self.kind = 1", "self.kind = 2")
    live.edit(text.replace("self.function = function", "self.function, self.new = function, 1"))

    assert held[0] is module.Light.press
    assert held[0].machine is module.Light.machine
    assert held[0](module.Light.on) == 1
    assert module.Light.machine.kind == module.Light.on.new + 1 == 2


ORDERED = """
    import attr
    @attr.s
    class Point:
        x = attr.ib()
"""


@pytest.mark.parametrize(
    "after",
    [
        ORDERED.replace("attr.s", "attr.s(order=False)"),
        "import dataclasses\n@dataclasses.dataclass\nclass Point:\n    x: int\n",
    ],
    ids=["unordered", "dataclass"],
)
def test_methods_that_a_library_made_of_its_own_code_are_named_when_they_go(
    live: LiveModule, after: str
) -> None:
    module = live.start(ORDERED)
    held = [module.Point.__lt__, module.Point.__ge__]
    report = live.edit(after)

    named = {each.path.rpartition(".")[2] for each in report.notices if each.code == "LP309"}
    assert {each.__name__ for each in held} <= named
    removed = {each.path for each in report.definitions if each.outcome is Outcome.REMOVED}
    assert f"{live.name}.Point.__lt__" in removed
    assert not hasattr(module.Point(1), "__lt__") or module.Point.__lt__ is object.__lt__


GIVEN = """
    def given(function):
        namespace = {"call": lambda *values: function(*values)}
        text = f"def {function.__name__}(self): return call(self, 1)"
        exec(compile(text, "<given>", "exec"), namespace)
        written = namespace[function.__name__]
        written.__module__ = function.__module__
        return written
"""
CASES = """
    from OTHER import given
    class Cases:
        @given
        def case(self, value): return value + 1
"""


def test_a_method_that_a_decorator_wrote_from_a_text_is_the_one_it_writes_now(
    live: LiveModule,
) -> None:
    live.other(GIVEN)
    module = live.start(CASES.replace("OTHER", live.other_name))
    held = [module.Cases.case, module.Cases().case]
    report = live.edit(CASES.replace("OTHER", live.other_name).replace("+ 1", "+ 2"))

    assert held[0] is module.Cases.case is held[1].__func__
    assert held[1]() == 3
    assert not report.notices
    assert_current(module)


TABLES = """
    class Table:
        def read(self): return 1
    def build(names):
        namespace = globals()
        for name in names:
            if name in namespace:
                assert issubclass(namespace[name], Table)
            else:
                namespace[name] = type(name, (Table,), {"__module__": __name__, "fields": FIELDS})
    FIELDS = 1
    build(("Head", "Body"))
    KNOWN = [Head, Body]
"""


def test_classes_that_a_source_makes_where_a_name_is_not_there_yet_are_made_again(
    live: LiveModule,
) -> None:
    module = live.start(TABLES)
    held = [module.Head(), module.Body, {module.Head: 1}]
    report = live.edit(TABLES.replace("FIELDS = 1", "FIELDS = 2").replace("return 1", "return 2"))

    assert (type(held[0]), held[1], held[2]) == (module.Head, module.Body, {module.Head: 1})
    assert [module.Head, module.Body] == module.KNOWN
    assert issubclass(module.Head, module.Table)
    assert held[0].read() == 2
    assert held[0].fields == 2 or [each.code for each in report.notices] == ["LP313"]
    assert_current(module)

    report.undo()

    assert [module.Head, module.Body] == module.KNOWN
    assert (held[0].read(), held[0].fields) == (1, 1)


def test_a_module_whose_import_was_under_way_runs_before_the_one_that_it_imported(
    live: LiveModule,
) -> None:
    tables = (
        "class Action: pass\n"
        "def build():\n"
        "    from LIVE.readers import Reader\n"
        "    return Reader(Action)\n"
        "READER = build()\n"
    )
    readers = (
        "from LIVE.tables import Action\n"
        "class Reader:\n"
        "    def __init__(self, cls):\n"
        "        assert issubclass(cls, Action)\n"
        "        self.count = 1\n"
    )
    package = live.package(__init__="", tables=tables, readers=readers)
    importlib.import_module(f"{live.name}.tables")
    held = [package.tables.READER, package.tables.Action]
    tables_path, readers_path = (live.path.parent / f"{stem}.py" for stem in ("tables", "readers"))
    readers_path.write_text(
        readers_path.read_text("utf-8").replace("count = 1", "count = 2"), "utf-8"
    )
    tables_path.write_text(tables_path.read_text("utf-8") + "AGAIN = build()\n", "utf-8")
    modules = [package.readers, package.tables, package]
    livepatch.reload(*modules, strategy=live.strategy, rerun=live.rerun)

    assert held[1] is package.tables.Action is package.readers.Action
    assert type(held[0]) is package.readers.Reader
    assert package.tables.AGAIN.count == 2
    for module in modules:
        assert_current(module)


SHOP = """
    class Shop:
        def price(self): return 10
    def greet(): return "hello"
"""
AROUND = """
    import OTHER
    from OTHER import greet as plain_greet
    plain_price = OTHER.Shop.price
    def price(self): return plain_price(self) + 1
    def greet(): return plain_greet() + "!"
    OTHER.Shop.price = price
    setattr(OTHER, "greet", greet)
    FIRST = OTHER.Shop().price(), OTHER.greet()
"""


def test_what_a_module_puts_around_functions_of_others_is_not_put_around_itself(
    live: LiveModule,
) -> None:
    shop = live.other(SHOP)
    around = AROUND.replace("OTHER", live.other_name)
    module = live.start(around)
    held = [shop.Shop.price, shop.greet]
    live.edit(around.replace("+ 1", "+ 2").replace("!", "?"))

    assert (shop.Shop().price(), shop.greet()) == (12, "hello?")
    assert held == [shop.Shop.price, shop.greet] == [module.price, module.greet]
    assert module.plain_price is not module.price
    assert_current(module)


def test_what_a_module_puts_around_functions_of_others_is_there_after_a_failure(
    live: LiveModule,
) -> None:
    shop = live.other(SHOP)
    around = AROUND.replace("OTHER", live.other_name)
    module = live.start(around)
    put = [shop.Shop.price, shop.greet]
    with pytest.raises(ZeroDivisionError):
        live.edit(around.replace("    plain_price", "    1 / 0\n    plain_price", 1))
    live.edit(around.replace("import", "1 / 1\n    import", 1), dry_run=True)

    assert put == [shop.Shop.price, shop.greet] == [module.price, module.greet]
    assert (shop.Shop().price(), shop.greet()) == (11, "hello!")


GUARDED = """
    import sys
    from collections.abc import Set as Members
    LIMIT = 1
    if sys.version_info < (3,):
        from sets import Set as Members
        LIMIT = 0
"""


def test_a_name_that_a_condition_may_bind_again_is_there_for_what_runs(live: LiveModule) -> None:
    module = live.start(GUARDED)
    members = module.Members
    live.edit(
        GUARDED.replace("LIMIT = 1", "KINDS = (Members,)\n    LIMIT = 1").replace("= 0", "= 2")
    )

    assert module.Members is module.KINDS[0] is members
    assert module.LIMIT == 1


KIND = """
    import enum
    class Kind(int, enum.Enum):
        A = 1
        B = 2
        def hit(self): return 1
"""
PLAIN = """
    class Kind:
        A = 1
        B = 3
        def hit(self): return 2
"""


def test_an_enumeration_of_numbers_becomes_a_class_of_numbers_and_its_members_are_named(
    live: LiveModule,
) -> None:
    module = live.start(KIND)
    held, table = [module.Kind], {module.Kind.A: "a"}
    kept = module.Kind.B
    report = live.edit(PLAIN)

    assert held == [module.Kind]
    assert (module.Kind.A, module.Kind.B, module.Kind().hit()) == (1, 3, 2)
    assert table == {1: "a"}
    assert (kept.name, kept.value) == ("B", 2)
    named = {each.path.removeprefix(f"{live.name}.") for each in report.notices}
    assert {"Kind", "Kind.A", "Kind.B"} <= named

    report.undo()

    assert held == [module.Kind]
    assert kept is module.Kind.B is module.Kind(2)
    assert table[module.Kind.A] == "a"
    assert (kept.hit(), list(module.Kind)) == (1, [module.Kind.A, kept])


LINES = """
    LINES = compile("3", "", "eval").co_lines()
    KINDS = {"lines": type(LINES), "more": [LINES, type(LINES)]}
    class Kind: made_of = [type(LINES), LINES]
    def kinds(): return LINES, KINDS
    def count(): return len(KINDS)
    COUNT = count()
"""


@pytest.mark.parametrize("strategy", ["auto", "repoint"])
def test_types_made_in_c_that_nobody_has_made_ready_are_values(
    strategy: Strategy, rerun: str
) -> None:
    # In a process of its own: the first one who asks such a type for anything makes it ready.
    source = f"""
        LINES = {LINES!r}
        module = live.start(LINES)
        held = [module.Kind(), module.count]
        new = LINES.replace("len(KINDS)", "len(KINDS) + len(kinds())")
        live.edit(new, rerun={rerun!r})
        print(type(held[0]) is module.Kind, held[1] is module.count, held[1]())
    """

    assert run_in_child(source, strategy) == "True True 4\n"


PARSED = """
    class Parser:
        def __init__(self): self.name, self.used, self.groups = None, 0, []
        def add_group(self):
            self.groups.append(Group())
            return self.groups[-1]
    class Group: pass
    def parsed_by(parser):
        def decorate(function):
            function.parser = parser
            return function
        return decorate
    def counted_by(parser):
        def decorate(function):
            parser.used += 1
            return function
        return decorate
    class App:
        other = Parser()
        parser = Parser()
        group = parser.add_group()
        group.members = ["run"]
        @parsed_by(parser)
        def run(self): return self.parser.name
        @counted_by(other)
        def stop(self): return self.other.used
"""


def test_what_a_changed_decorator_is_given_in_the_class_body_is_made_anew(live: LiveModule) -> None:
    module = live.start(PARSED)
    app, kept = module.App(), module.App.other
    module.App.parser.owner, kept.used = app, 7
    module.App.group.members = ["another"]
    changed = PARSED.replace("function.parser = parser", "parser.name = function.__name__")
    report = live.edit(changed)

    assert app.run() == "run"
    assert not hasattr(module.App.parser, "owner")
    assert (module.App.other, app.stop()) == (kept, 7)
    assert module.App.parser.groups == [module.App.group]
    assert module.App.group.members == ["run"]
    assert [(each.code, each.path) for each in report.notices if "App" in each.path] == [
        ("LP304", f"{live.name}.App.parser"),
        ("LP304", f"{live.name}.App.group"),
    ]
    assert_current(module)

    report.undo()

    assert module.App.parser.owner is app
    assert app.run() is None


def test_what_a_function_reads_that_others_call_is_there_while_the_modules_run(
    live: LiveModule,
) -> None:
    shop = live.other(SHOP)
    hooks = (
        f"import {shop.__name__} as shop\n"
        "LIMITS = [1]\n"
        "def limit(): return LIMITS[0]\n"
        "def price(self): return limit()\n"
        "shop.Shop.price = price\n"
    )
    package = live.package(__init__="", hooks=hooks)
    module = importlib.import_module(f"{live.name}.hooks")
    held = [shop.Shop().price, module.price]
    folder = live.path.parent
    parts = hooks.replace("[1]", "[2]").replace(
        "def price", "BEFORE = shop.Shop().price()\ndef price"
    )
    (folder / "parts.py").write_text(parts, "utf-8")
    (folder / "hooks.py").write_text("from .parts import price\n", "utf-8")
    report = livepatch.reload(module, package, strategy=live.strategy, rerun=live.rerun)

    assert module.price is shop.Shop.price
    assert [held[0](), held[1](None), shop.Shop().price()] == [2, 2, 2]
    assert not hasattr(module, "LIMITS")

    report.undo()

    assert [held[0](), held[1](None), shop.Shop().price()] == [1, 1, 1]


def test_signal_handlers_are_found_past_whatever_enumerations_have_become(
    live: LiveModule, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = live.start("def handle(*_): return 1\n")
    asked = []

    def is_instance(cls: type, value: object) -> bool:
        asked.append(cls)
        return type.__instancecheck__(cls, value)

    before = signal.signal(signal.SIGTERM, module.handle)
    monkeypatch.setattr(enum.EnumMeta, "__instancecheck__", is_instance, raising=False)
    try:
        live.edit("def handle(*_, more=1): return 2\n")

        assert signal.Signals not in asked
        assert signal.getsignal(signal.SIGTERM) is module.handle
        assert signal.getsignal(signal.SIGTERM)() == 2
    finally:
        signal.signal(signal.SIGTERM, before)


CODES = """
    CODES = dict(add=1, drop=2)
    MORE = {}
    KEPT = {}
    LOG = []
    def number(table, prefix, *, last):
        LOG.append(prefix)
        for each in range(last):
            table[f"{prefix}{each}"] = each
    def look(table): return len(table)
    def put(items, value): items.setdefault("put", []).append(value)
    number(CODES, "lit", last=2)
    if CODES: number(table=CODES, prefix="reg", last=1)
    number(KEPT, "kept", last=1)
    put(MORE, 1)
    look(CODES)
    NAMES = {value: name for name, value in CODES.items()}
"""


def test_a_table_made_anew_is_filled_by_the_functions_that_are_given_it(live: LiveModule) -> None:
    module = live.start(CODES)
    held = [module.CODES, module.KEPT]
    live.edit(CODES.replace("drop=2)", "drop=2, keep=3)"))

    assert module.CODES == {"add": 1, "drop": 2, "keep": 3, "lit0": 0, "lit1": 1, "reg0": 0}
    assert module.KEPT == {"kept0": 0}
    assert module.MORE == {"put": [1]}
    if live.rerun == "changed":
        assert module.KEPT is held[1]
        assert module.LOG == ["lit", "reg", "kept", "lit", "reg"]

    live.edit(CODES.replace("MORE = {}", "MORE = {'more': 0}"))

    assert module.MORE == {"more": 0, "put": [1]}


KEYED = """
    import enum
    class Kind(enum.Enum):
        A = enum.auto()
        B = enum.auto()
        def __repr__(self): raise RuntimeError("nobody asks")
    class Flags(enum.IntFlag):
        R = 1
        W = 2
    def named(): return None
    class Parser:
        PARSERS = {
            Kind.A: lambda self: 1,
            Kind.B: lambda self: 1,
            (Kind.B, int): lambda self: 1,
            Flags.R | Flags.W: lambda self: 1,
            b"x": lambda self: 1,
            None: lambda self: 1,
            named: lambda self: 1,
            enum.Enum: lambda self: 1,
        }
    TABLE = {Kind.B: lambda: 1, 1.5: lambda: 1}
"""


def test_lambdas_in_a_table_go_by_members_of_enumerations_and_other_keys(live: LiveModule) -> None:
    module = live.start(KEYED)
    held = [*module.Parser.PARSERS.values()]
    plain = [*module.TABLE.values()]
    more = KEYED.replace("A = enum.auto()\n", "A = enum.auto()\n        C = enum.auto()\n")
    report = live.edit(more.replace(": 1", ": 2"))

    assert [*module.Parser.PARSERS] == [*_keys_of(module)]
    assert [each(None) for each in module.Parser.PARSERS.values()] == [2] * 8
    assert [each() for each in module.TABLE.values()] == [2, 2]
    assert [each(None) for each in held] == [2] * 8
    assert [each() for each in plain] == [2, 2]
    assert held == [*module.Parser.PARSERS.values()]
    assert plain == [*module.TABLE.values()]
    assert {each.code for each in report.notices} <= {"LP313"}
    assert_current(module)

    report.undo()

    assert [each(None) for each in module.Parser.PARSERS.values()] == [1] * 8
    assert held == [*module.Parser.PARSERS.values()]

    without = KEYED.replace("        A = enum.auto()\n", "").replace("Kind.A: lambda self: 1,", "")
    live.edit(without.replace(": 1", ": 3"))

    assert [each(None) for each in held[1:]] == [3] * 7
    assert held[1:] == [*module.Parser.PARSERS.values()]


def _keys_of(module: ModuleType) -> tuple[object, ...]:
    kind, flags = module.Kind, module.Flags
    pair, both = (kind.B, int), flags.R | flags.W
    return (kind.A, kind.B, pair, both, b"x", None, module.named, enum.Enum)


NAMED = """
    def made(number):
        def result(): return number
        return result
    def hit(): return 1
    def miss(): return 1
    class Shop:
        TABLE = {"hit": hit, "miss": miss}
"""


@pytest.mark.parametrize("instead", ["lambda: 2", "made(2)"])
def test_a_function_that_gave_way_to_a_nameless_one_in_a_table_has_gone(
    live: LiveModule, instead: str
) -> None:
    module = live.start(NAMED)
    held = [module.hit, module.miss]
    without = NAMED.replace("    def hit(): return 1\n", "").replace(": hit", f": {instead}")
    report = live.edit(without)

    assert module.Shop.TABLE["hit"]() == 2
    assert module.Shop.TABLE["miss"] is module.miss is held[1]
    assert (held[0](), held[0].__qualname__) == (1, "hit")
    assert [(each.code, each.path) for each in report.notices] == [("LP309", f"{live.name}.hit")]

    report.undo()

    assert module.Shop.TABLE["hit"] is module.hit is held[0]


ALONE = """
    import sys
    class One(type):
        def __new__(mcs, name, bases, namespace):
            cls = super().__new__(mcs, name, bases, namespace)
            for value in vars(sys.modules[cls.__module__]).values():
                if isinstance(value, One):
                    raise RuntimeError("one for each module")
            return cls
"""


def test_a_metaclass_that_looks_at_its_module_sees_no_class_of_before(live: LiveModule) -> None:
    home = live.other(ALONE)
    source = f"""
        from {home.__name__} import One
        class Parser(metaclass=One):
            SIGNS = 1
            def read(self): return self.SIGNS
    """
    module = live.start(source)
    held = [module.Parser, module.Parser()]
    report = live.edit(source.replace("read(self): return", "read(self): return 1 +"))

    assert held[0] is module.Parser is type(held[1])
    assert held[1].read() == 2
    assert_current(module)

    report.undo()

    assert held[0] is module.Parser is type(held[1])
    assert held[1].read() == 1

    live.edit(source.replace("SIGNS = 1", "SIGNS = 3"))

    assert held[0] is module.Parser is type(held[1])
    assert held[1].read() == 3


@pytest.mark.parametrize("said", ["from .cell import find", "from .cell import find as f2", "*"])
@pytest.mark.parametrize("wrapper", ["functools.lru_cache(maxsize=None)", "Call"])
def test_what_a_package_imports_and_that_loses_its_decorator_is_followed(
    live: LiveModule, wrapper: str, said: str
) -> None:
    if said == "*":
        said = "from .cell import *"
    head = "class Call:\n    def __init__(self, f): self.f = f\n"
    head += "    def __call__(self, *args): return self.f(*args)\nimport functools\n"
    decorated = f"{head}@{wrapper}\ndef find(key): return key\n"
    package = live.package(__init__=f"{said}\n", cell=decorated)
    cell = importlib.import_module(f"{package.__name__}.cell")
    name = "f2" if said.endswith("f2") else "find"
    inner = getattr(cell.find, "__wrapped__", None) or cell.find.f
    held = [cell.find, getattr(package, name), inner, {cell.find: 1}]
    path = live.root / live.name / "cell.py"
    path.write_text(f"{head}def find(key): return key.upper()\n", encoding="utf-8")
    report = livepatch.reload(package, cell, strategy=live.strategy, rerun=live.rerun)

    assert report.ok, report
    assert held == [cell.find, cell.find, cell.find, {cell.find: 1}]
    assert getattr(package, name) is cell.find
    assert cell.find("a") == "A"

    path.write_text(decorated, encoding="utf-8")
    livepatch.reload(package, cell, strategy=live.strategy, rerun=live.rerun)

    assert held[0] is held[1] is cell.find is getattr(package, name)
    assert cell.find("a") == "a"


MAKERS = {
    "closure": "def make(n):\n    def get(): return n\n    return get\nget = make({})\n",
    "lambda": "get = (lambda n: lambda: n)({})\n",
    "partial": "import functools\ndef same(n): return n\nget = functools.partial(same, {})\n",
    "class": (
        "def make(n):\n    class Get:\n        def __new__(cls): return n\n    return Get\n"
        "get = make({})\n"
    ),
}


@pytest.mark.parametrize("maker", MAKERS)
@pytest.mark.parametrize(
    "said",
    [
        "from .cell import get",
        "from .cell import *",
        "from .cell import get as also",
        "from . import cell\nalso = cell.get",
        "from .cell import get\nalso = get\ndel get",
    ],
)
def test_what_a_call_makes_is_followed_where_others_name_it(
    live: LiveModule, maker: str, said: str
) -> None:
    package = live.package(__init__=f"{said}\n", cell=MAKERS[maker].format(1))
    cell = importlib.import_module(f"{package.__name__}.cell")
    name = "also" if "also" in said else "get"
    held = [cell.get, getattr(package, name), {cell.get: 1}]
    path = live.root / live.name / "cell.py"
    path.write_text(MAKERS[maker].format(2), encoding="utf-8")
    report = livepatch.reload(package, cell, strategy=live.strategy, rerun=live.rerun)

    assert report.ok, report
    assert held == [cell.get, getattr(package, name), {cell.get: 1}]
    assert held[0]() == cell.get() == 2


def test_a_function_or_none_comes_and_goes(live: LiveModule) -> None:
    module = live.start("import sys\ndef f(): return 1\n")
    held = module.f
    source = "import sys\ndef f(): return 2\nif {}:\n    def g(): return f()\nelse:\n    g = None\n"
    live.edit(source.format("sys.version_info < (3,)"))

    assert module.g is None
    assert held() == 2

    live.edit(source.format("sys.version_info > (3,)"))

    assert module.g() == 2

    live.edit("import sys\ndef f(): return 1\n")

    assert held is module.f
    assert not hasattr(module, "g")


@pytest.mark.parametrize("left", ["", "from .new import Card\n", None])
def test_what_a_decorator_of_the_library_makes_moves_with_its_class(
    live: LiveModule, left: str | None
) -> None:
    source = "from dataclasses import dataclass\n@dataclass\nclass Card:\n    x: int = 0\n"
    package = live.package(__init__="from .old import Card\n", old=source)
    old = importlib.import_module(f"{package.__name__}.old")
    card = old.Card(1)
    held = [old.Card, old.Card.__repr__, old.Card.__repr__.__wrapped__, old.Card.__eq__]
    folder = live.root / live.name
    (folder / "new.py").write_text(f"{source}    y: int = 1\n", encoding="utf-8")
    (folder / "__init__.py").write_text("from .new import Card\n", encoding="utf-8")
    if left is None:
        (folder / "old.py").unlink()
    else:
        (folder / "old.py").write_text(left, encoding="utf-8")
    report = livepatch.reload(package, old, strategy=live.strategy, rerun=live.rerun)
    cls = package.Card

    assert held == [cls, cls.__repr__, cls.__repr__.__wrapped__, cls.__eq__]
    assert type(card) is cls
    assert repr(card) == "Card(x=1, y=1)"
    assert not [each for each in report.notices if each.code == "LP309"]


FORMS = """
    class Options:
        def __init__(self, fields): self.fields = fields
    class FormMeta(type):
        def __new__(mcs, name, bases, attributes):
            cls = super().__new__(mcs, name, bases, attributes)
            fields = attributes.get("fields") or getattr(attributes.get("Meta"), "fields", ())
            cls.options = Options(fields)
            cls.base_fields = {each: object() for each in fields}
            cls.names = tuple(fields)
            return cls
    class Form(metaclass=FormMeta): pass
"""
SAID = ["    fields = {}\n", "    class Meta:\n        fields = {}\n"]


@pytest.mark.parametrize("fields", ['["size"]', "[]", '["name", "size"]'])
@pytest.mark.parametrize("said", SAID, ids=["attribute", "class inside"])
def test_what_a_metaclass_makes_of_what_a_class_says_is_made_again(
    live: LiveModule, said: str, fields: str
) -> None:
    home = live.other(FORMS)
    source = f"from {home.__name__} import Form\nclass ItemForm(Form):\n{said}"
    module = live.start(source.format('["name"]'))
    held = [module.ItemForm, module.ItemForm()]
    live.edit(source.format(fields))
    cls = module.ItemForm

    assert list(cls.options.fields) == list(cls.base_fields) == list(cls.names) == eval(fields)
    assert held[0] is cls is type(held[1])

    live.edit(source.format('["name"]'))

    assert list(cls.base_fields) == ["name"]


NUMBERED = """
    class Field:
        count = 0
        def __init__(self, label, *more):
            Field.count += 1
            self.label, self.more, self.count = label, more, Field.count
    class Wide(Field): pass
    class FormMeta(type):
        def fields(cls):
            found = [each for each in vars(cls).values() if isinstance(each, Field)]
            return sorted(found, key=lambda each: each.count)
    class Form(metaclass=FormMeta): pass
"""


@pytest.mark.parametrize(
    ("old", "new", "labels"),
    [
        ("'a'", "'A'", "Abc"),
        ("'b'", "'B'", "aBc"),
        ("    b = Field('b')\n", "", "ac"),
        ("    b = Field('b')\n", "    b = Field('b')\n    d = Field('d')\n", "abdc"),
        ("    b = ", "    d = ", "abc"),
        ("pass", "return 1", "abc"),
        ("    b = ", "    z = a\n    b = ", "aabc"),
    ],
)
def test_objects_of_a_class_that_are_numbered_stay_in_their_order(
    live: LiveModule, old: str, new: str, labels: str
) -> None:
    home = live.other(NUMBERED)
    source = (
        f"from {home.__name__} import Form, Field, Wide\nclass Login(Form):\n    a = Field('a')\n"
        "    b = Field('b')\n    c = Wide('c', object())\n    def run(self): pass\n"
    )
    module = live.start(source)
    live.change(old, new)

    assert "".join(each.label for each in module.Login.fields()) == labels

    live.change("Wide('c'", "Wide('C'")

    assert "".join(each.label for each in module.Login.fields()) == labels.replace("c", "C")

    live.change("Wide('C'", "Wide('c'").undo()
    live.edit(live.source.replace("Wide('C'", "Wide('c'"))
    report = live.edit(source)

    assert "".join(each.label for each in module.Login.fields()) == "abc"

    report.undo()

    assert "".join(each.label for each in module.Login.fields()) == labels


def test_two_settings_of_a_class_are_no_numbers(live: LiveModule) -> None:
    home = live.other(
        "class Limit:\n    def __init__(self, n, text): self.n, self.text = n, text\n"
    )
    source = (
        f"from {home.__name__} import Limit\nclass Shop:\n    low = Limit(1, 'a')\n"
        "    high = Limit(5, 'b')\n    top = Limit(9, 'c')\n"
    )
    module = live.start(source)
    module.Shop.low.n = 3  # the program's own
    live.change("'c'", "'d'")

    assert [module.Shop.low.n, module.Shop.high.n, module.Shop.top.text] == [3, 5, "d"]


def test_what_a_metaclass_makes_of_an_object_that_is_given_another_function(
    live: LiveModule,
) -> None:
    home = live.other("""
        class Sequence:
            def __init__(self, function): self.function = function
        class Meta(type):
            def __new__(mcs, name, bases, attributes):
                cls = super().__new__(mcs, name, bases, attributes)
                cls.made = [v for v in attributes.values() if isinstance(v, Sequence)]
                return cls
        class Factory(metaclass=Meta): pass
    """)
    source = (
        f"from {home.__name__} import Factory, Sequence\nclass Users(Factory):\n"
        "    name = Sequence(lambda n: 'user %d' % n)\n    def run(self): return 1\n"
    )
    module = live.start(source)
    live.change("'user %d'", "'player %d'")

    assert [each.function(1) for each in module.Users.made] == ["player 1"]
    assert module.Users.name.function(1) == "player 1"


ASIDE = """
    import OTHER
    OTHER.Shop.plain_price = OTHER.Shop.price
    OTHER.plain_greet = OTHER.greet
    def price(self): return self.plain_price() + 1
    def greet(): return OTHER.plain_greet() + "!"
    OTHER.Shop.price = price
    OTHER.greet = greet
    OTHER.Shop.cost = OTHER.Shop.price
"""


def test_what_a_module_puts_aside_in_the_class_of_others_is_no_function_of_its_own(
    live: LiveModule,
) -> None:
    shop = live.other(SHOP)
    around = ASIDE.replace("OTHER", live.other_name)
    module = live.start(around)
    plain = shop.Shop.plain_price, shop.plain_greet
    for cost, sign in ((2, "?"), (3, ".")):
        report = live.edit(around.replace("+ 1", f"+ {cost}").replace("!", sign))

        assert (shop.Shop().price(), shop.greet()) == (10 + cost, f"hello{sign}")
        assert (shop.Shop().cost(), shop.Shop.cost) == (10 + cost, module.price)
        assert (shop.Shop.plain_price, shop.plain_greet) == plain

    report.undo()

    assert (shop.Shop().price(), shop.greet()) == (12, "hello?")

    with pytest.raises(ZeroDivisionError):
        live.edit(around + "    1 / 0\n")

    assert (shop.Shop().price(), shop.greet()) == (12, "hello?")


HANDLERS = """
    import functools
    def route(f): return f
    def wrapped(f):
        @functools.wraps(f)
        def run(*args): return f(*args)
        return run
    @functools.singledispatch
    def show(x): return "object"
    @show.register
    def _(x: int) -> str: return "one"
    @route
    def plain(x: int) -> str: return "one"
    @route
    @wrapped
    def around(
        x: int,
    ) -> str: return "one"
    class Shop:
        @staticmethod
        def still(x: int) -> str: return "one"
        @property
        def price(self) -> str: return "one"
    @route
    async def later(x: int) -> str: return "one"
"""


def test_decorated_functions_with_annotations_take_their_new_body(live: LiveModule) -> None:
    module = live.start(HANDLERS)
    held = [module.plain, module.around, module.Shop.still]
    lines = live.source.splitlines(keepends=True)
    for at in [at for at, line in enumerate(lines) if '"one"' in line]:
        lines[at] = lines[at].replace('"one"', '"two"')
        live.edit("".join(lines))

    assert {each(1) for each in held} == {module.show(1), module.Shop().price} == {"two"}
    with pytest.raises(StopIteration, match="two"):
        module.later(1).send(None)
    assert held == [module.plain, module.around, module.Shop.still]


def test_copy_of_the_globals_keeps_nothing_of_the_reload_alive(live: LiveModule) -> None:
    """attrs makes functions with a copy of the module's globals, taken while its statements run."""
    module = live.start("""
        import sys
        def copying(cls):
            there = {**vars(sys.modules[cls.__module__])}
            exec("def show(self): return self.x", there)
            cls.show = there["show"]
            return cls
        @copying
        class Base:
            x = 0
            def plain(self): return self.x
        @copying
        class Child(Base):
            z = 0
        LAST = Child()
    """)
    report = live.edit(live.source.replace("x = 0", "x = 1"), rerun="changed")

    assert module.LAST.show() == module.LAST.plain() == 1
    assert report.ok, str(report)
    assert "LP201" not in {each.code for each in report.notices}
    keepers = [each for each in gc.get_objects() if type(each).__name__ == "Lender"]
    assert not any(each.before or each.taking_back for each in keepers)


REGISTERED = """
    import {0}
    class Log({0}.current()):
        def success(self): return 1
    {0}.use(Log)
    log = {0}.current()()
"""


def registered(live: LiveModule, before: str = "") -> tuple[ModuleType, ModuleType]:
    home = live.other(
        "class Base: pass\nCURRENT = [Base]\n"
        "def current(): return CURRENT[-1]\ndef use(cls): CURRENT.append(cls)\n"
    )
    source = REGISTERED.format(home.__name__).replace("def success", f"{before}def success")
    return home, live.start(source)


@pytest.mark.parametrize("edit", ["return 2", "return 2\n    level = 0"])
def test_class_that_derives_from_what_it_is_registered_as(live: LiveModule, edit: str) -> None:
    """nox.logger: `logging.getLoggerClass()` gave the class itself, and the reload never ended."""
    home, module = registered(live)
    source, held, log = live.source, module.Log, module.log
    for _ in range(2):
        live.edit(source.replace("return 1", edit))
        live.edit(source.replace("return 1", "return 3"))

    assert module.log.success() == log.success() == 3
    assert type(log) is module.Log is held
    assert module.Log.__bases__ == (home.Base,)
    assert home.Base.__subclasses__() == [module.Log]


def test_class_with_slots_that_derives_from_itself_is_refused(live: LiveModule) -> None:
    """The new one has the slots of the old one besides, and cannot be given its bases."""
    _, module = registered(live, "__slots__ = ('a',)\n        ")
    with pytest.raises(livepatch.ReloadRefused, match="LP124"):
        live.edit(live.source.replace("return 1", "return 2"), rerun="all")

    assert module.Log().success() == 1


def test_class_that_derives_from_what_was_imported_under_its_name(live: LiveModule) -> None:
    home = live.other("class Thing:\n    def f(self): return 'lib'\n").__name__
    module = live.start(f"from {home} import Thing\n")
    live.edit(f"import {home}\nclass Thing({home}.Thing):\n    pass\n")

    assert module.Thing.__bases__ == (importlib.import_module(home).Thing,)
    assert module.Thing().f() == "lib"
