"""A statement is edited alone; the live module says then what a fresh import of the source says.

Found by comparing the two for edits of many single statements.
"""

from __future__ import annotations

import argparse
import sys
import weakref
from collections.abc import Callable
from typing import Any

import pytest

from tests.live import LiveModule

pytestmark = pytest.mark.sampled(8)

BOTH = pytest.mark.parametrize("rerun", ["all", "changed"])
CHANGED = pytest.mark.parametrize("rerun", ["changed"])


def fresh(source: str, expression: str) -> Any:
    namespace: dict[str, Any] = {"__name__": "fresh"}
    exec(compile(source, "fresh.py", "exec", dont_inherit=True), namespace)
    return eval(expression, namespace)


FIELDS = """
from dataclasses import dataclass, field, fields
LIMIT = ?
@dataclass
class D:
    e: int = LIMIT
    f: int = field(default=1, metadata={"x": LIMIT})
@dataclass
class S(D):
    g: int = 2
"""

MATCHED = "match 1:\n    case [W, *V]: pass\n    case _: pass\n"

RATE = """
class Rate:
    def __add__(self, other): return ?
RATE = Rate()
"""

# A source, what stands for "?" in it before and after, and what to look at.
EDITS = {
    "lambda decorates": ("@(lambda f: ?)\ndef g(): return 1\n", "f", "7", "type(g)"),
    "lambda decorates a class": ("@(lambda c: ?)\nclass K: pass\n", "c", "5", "type(K)"),
    "lambda given to a decorator": (
        "def deco(fn):\n    def d(f): return fn(f)\n    return d\n"
        "@deco(lambda f: ?)\ndef g(): return 1\n",
        "f",
        "7",
        "type(g)",
    ),
    "lambda in a default": ("def f(k=(lambda: ?)()): return k\n", "1", "2", "f()"),
    "lambda in a class body": ("class C:\n    k = (lambda: ?)()\n", "1", "2", "C.k"),
    "lambda in a base": (
        "class C((lambda: ?)()): pass\n",
        "object",
        "Exception",
        "C.__mro__[1].__name__",
    ),
    "lambda decorates a method": (
        "class C:\n    @(lambda f: ?)\n    def a(self): return 1\n",
        "f",
        "4",
        "type(C.a)",
    ),
    "lambda as a key": (
        "class C:\n    L = sorted([1, 2], key=lambda v: ?)\n",
        "v",
        "-v",
        "C.L",
    ),
    "lambda that a global called": ("V = (lambda: ?)()\n", "1", "2", "V"),
    "lambda as a key of a global": ("V = max([1, 2], key=lambda x: ?x)\n", "", "-", "V"),
    "lambda in `with`": (
        "import io\nwith io.StringIO((lambda: ?)()) as file: text = file.read()\n",
        "'a'",
        "'b'",
        "text",
    ),
    "default of a lambda": ("K = ?\nf = lambda k=K: k\n", "1", "2", "f()"),
    "default of a function in what a call returns": (
        "def make(step=?):\n    def inc(): return step\n    return inc, inc\nv = make()[0]\n",
        "1",
        "2",
        "v()",
    ),
    "variable of functions that a call returns": (
        "def make():\n    step = ?\n    def inc(): return step\n    return inc, inc\n"
        "v, w = make()\n",
        "1",
        "2",
        "v() + w()",
    ),
    "default of what a call returns": (
        "def outer():\n    def inner(b=?): return b\n    return inner, 0\nv = outer()[0]\n",
        "1",
        "2",
        "v()",
    ),
    "attribute of a class that a call makes": (
        "def factory(n=?):\n    class Local:\n        k = n\n        def m(self): return n\n"
        "    return Local\nL = factory()\n",
        "2",
        "3",
        "(L.k, L().m())",
    ),
    "field of a data class from a global": (FIELDS, "4", "5", "fields(D)[0].default"),
    "metadata of a field from a global": (FIELDS, "4", "5", "fields(D)[1].metadata['x']"),
    "signature of a data class": (FIELDS, "4", "5", "(D.__doc__, S.__doc__)"),
    "fields of a data class that derives": (FIELDS, "4", "5", "(S(), fields(S)[0].default)"),
    "type of a field from a global": (
        "from dataclasses import dataclass, fields\nKind = ?\n"
        "@dataclass\nclass D:\n    b: Kind = 2\n",
        "int",
        "str",
        "fields(D)[0].type",
    ),
    "field of a named tuple from a global": (
        "from typing import NamedTuple\nK = ?\nclass N(NamedTuple):\n    a: int = K\n",
        "1",
        "2",
        "(N(), N._field_defaults)",
    ),
    "pattern that does not match": ("?", "V = 1", MATCHED, "'V' in globals()"),
    "rest of a pattern that does not match": (
        "?",
        "V = 1",
        "match 1:\n    case {'a': 1, **V}: pass\n",
        "'V' in globals()",
    ),
    "operator in a default": (RATE + "def f(k=RATE + 1): return k\n", "1", "2", "f()"),
    "operator in what a decorator is given": (
        RATE + "def d(k): return lambda f: k\n@d(Rate() + 1)\ndef R(): pass\n",
        "1",
        "2",
        "R",
    ),
    "name bound again above": ("x = 1\n?\n", "y = x\nx = 2", "x = 2\ny = x", "y"),
    "default from a name bound again above": (
        "x = 1\n?\n",
        "def f(k=x): return k\nx = 2",
        "x = 2\ndef f(k=x): return k",
        "f()",
    ),
    "function defined again above": (
        "def f(): return 1\n?\n",
        "g = f\ndef f(): return 2",
        "def f(): return 2\ng = f",
        "g()",
    ),
    "assignment in an expression": ("x = 1\ny = (x := x + ?)\n", "1", "2", "(x, y)"),
}


@BOTH
@pytest.mark.parametrize(("source", "old", "new", "looked_at"), EDITS.values(), ids=EDITS)
def test_edit_gives_what_a_fresh_import_gives(
    live: LiveModule, source: str, old: str, new: str, looked_at: str
) -> None:
    before, after = source.replace("?", old), source.replace("?", new)
    module = live.start(before)
    live.edit(after)

    assert repr(fresh(before, looked_at)) != repr(fresh(after, looked_at))
    seen = eval(looked_at, vars(module))
    # Those of a class that this process has made twice are never equal.
    assert repr(seen) == repr(fresh(after, looked_at))


# What the report names in place of that.
NAMED = {
    "lambda in a loop": ("for i in [lambda: ?]: x = i()\n", "1", "2", "x"),
    "class that is asked for an item": (
        "class P:\n    def __class_getitem__(cls, item): return item, ?\nA = P[int]\n",
        "1",
        "2",
        "A",
    ),
    "object in the place of a function": (
        "class M:\n    def __init__(self, f): self.f = f\n"
        "    def __call__(self): return self.f() + ?\n@M\ndef f(): return 1\nR = f()\n",
        "1",
        "2",
        "R",
    ),
    "lambda as a method": (
        "class D:\n    area = lambda self: ?\nA = D().area()\n",
        "1",
        "2",
        "A",
    ),
    "lambda as a special method": (
        "class D:\n    __str__ = lambda self: '?'\nT = str(D())\n",
        "1",
        "2",
        "T",
    ),
    "lambda that makes the value of a field": (
        "from dataclasses import dataclass, field\n"
        "@dataclass\nclass D:\n    d: list = field(default_factory=lambda: [?])\nD0 = D()\n",
        "1",
        "2",
        "D0",
    ),
    "lambda that is given an object": (
        "class P:\n    def m(self): return ?\nR = (lambda x: x.m())(P())\n",
        "1",
        "2",
        "R",
    ),
    "count of a list": ("H = []\n?\nN = len(H)\n", "", "H.append(1)", "N"),
    "copy of a dict": ("D = {}\nD['a'] = ?\nM = dict(D)\n", "1", "2", "M"),
    "attribute of a class": ("class C: x = 1\n?\nX = C.x\n", "", "C.x = 2", "X"),
    "default of a lambda in a table": ("K = ?\nD = {'a': lambda k=K: k}\n", "1", "2", "D"),
}


@CHANGED
@pytest.mark.parametrize(("source", "old", "new", "name"), NAMED.values(), ids=NAMED)
def test_what_stays_as_it_was_is_named(
    live: LiveModule, source: str, old: str, new: str, name: str
) -> None:
    live.start(source.replace("?", old))
    report = live.edit(source.replace("?", new))

    assert f"{live.name}.{name}" in {each.path for each in report.notices if each.code == "LP313"}


@BOTH
@pytest.mark.parametrize("decorator", ["staticmethod", "classmethod", "property"])
def test_function_that_becomes_a_descriptor_is_given_to_importers(
    live: LiveModule, decorator: str
) -> None:
    module = live.start("def f(): return 1\n")
    user = live.other("from LIVE import f\n")
    held = module.f
    live.edit(f"@{decorator}\ndef f(): return 2\n")

    assert user.f is module.f
    assert type(module.f).__name__ == decorator
    assert held() == 2


SLOTTED = "class C:\n    __slots__ = ('x',)\n    def __init__(self): self.x = 1\nOBJECT = C()\n"


@BOTH
def test_instance_whose_layout_changes_is_given_to_importers(live: LiveModule) -> None:
    module = live.start(SLOTTED)
    user = live.other("from LIVE import OBJECT\n")
    live.edit(SLOTTED.replace("'x',", "'x', 'y'"))

    assert user.OBJECT is module.OBJECT
    assert type(user.OBJECT) is module.C


ROUTED = """
TABLE = {}
def route(function):
    TABLE["x"] = function
    return function
@route
def index(): return 1
"""


@BOTH
def test_what_a_decorator_returns_no_more_is_not_left_to_importers(live: LiveModule) -> None:
    module = live.start(ROUTED)
    user = live.other("from LIVE import index\n")
    live.edit(ROUTED.replace("return function", "return None"))

    assert module.index is None
    assert user.index is None
    assert module.TABLE["x"]() == 1


HELD = """
import collections
def f(): pass
class D:
    def m(self): pass
class Registry(collections.UserDict):
    def register(self, function):
        self[function.__name__] = function
        return function
user, listed = collections.UserDict(), collections.UserList()
chained, registry = collections.ChainMap({}), Registry()
"""
EFFECTS = {
    "annotation": ("f.__annotations__['a'] = int", "f.__annotations__"),
    "name of a class": ("D.__name__ = 'N'", "(D.__name__, D.__qualname__)"),
    "qualified name of a class": ("D.__qualname__ = 'O.N'", "(D.__name__, D.__qualname__)"),
    "name of a method": ("D.m.__name__ = 'n'", "D.m.__name__"),
    "user's dict": ("user['a'] = 1", "dict(user)"),
    "user's list": ("listed.append(1)", "list(listed)"),
    "chained dicts": ("chained['a'] = 1", "dict(chained)"),
    "decorated into a user's dict": ("@registry.register\ndef g(): pass", "list(registry)"),
}


@CHANGED
@pytest.mark.parametrize(("statement", "looked_at"), EFFECTS.values(), ids=EFFECTS)
def test_effect_of_a_statement_is_taken_back(
    live: LiveModule, statement: str, looked_at: str
) -> None:
    module = live.start(HELD)
    before = repr(eval(looked_at, vars(module)))
    live.edit(HELD + statement, dry_run=True)

    assert repr(eval(looked_at, vars(module))) == before
    with pytest.raises(ZeroDivisionError):
        live.edit(f"{HELD}{statement}\n1 / 0\n")
    assert repr(eval(looked_at, vars(module))) == before
    report = live.edit(HELD + statement)
    assert repr(eval(looked_at, vars(module))) != before
    report.undo()
    assert repr(eval(looked_at, vars(module))) == before


WRAPPED = """
class Wrap:
    def __init__(self, function): self.function = function
@Wrap
def hit(): ?
class C:
    @Wrap
    def m(self): ?
    @property
    def size(self): return 1
    @size.setter
    def size(self, value): ?
def make():
    def inner(): ?
    return inner
made = make()
"""


@BOTH
def test_docstrings_of_functions_that_only_an_object_holds(live: LiveModule) -> None:
    module = live.start(WRAPPED.replace("?", "'old'"))
    live.edit(WRAPPED.replace("?", "'new'"))

    functions = module.hit.function, module.C.m.function, module.made
    assert [each.__doc__ for each in functions] == ["new"] * 3
    assert module.C.size.__doc__ is None


NAMES = """
PAIRS, PATHS, NAMES, FLAGS = [], {}, [], {}
def route(path):
    def enter(function):
        PAIRS.append((path, function.__name__))
        PATHS[path] = function.__name__
        NAMES.append(function.__name__)
        FLAGS[function.__name__] = path
        return function
    return enter
@route("/a")
def first(): return 1
@route("/z")
def last(): return 1
"""
ENTERED = {
    "path": ('"/a"', '"/b"'),
    "name": ("def first", "def other"),
    "decorator gone": ('@route("/a")\n', ""),
    "definition gone": ('@route("/a")\ndef first(): return 1\n', ""),
}


@BOTH
@pytest.mark.parametrize(("old", "new"), ENTERED.values(), ids=ENTERED)
def test_names_that_a_decorator_enters_are_entered_once(
    live: LiveModule, old: str, new: str
) -> None:
    module = live.start(NAMES)
    live.edit(NAMES.replace(old, new))

    tables = "(PAIRS, PATHS, NAMES, FLAGS)"
    assert eval(tables, vars(module)) == fresh(NAMES.replace(old, new), tables)


def test_who_has_the_list_itself_is_not_named(live: LiveModule) -> None:
    module = live.start("H = []\n#\nALIAS = H\nN = 1\n")
    report = live.change("#", "H.append(1)", rerun="changed")

    assert module.ALIAS == [1]
    assert not report.notices


def test_attributes_of_a_class_that_others_compute_are_followed(live: LiveModule) -> None:
    source = "class P:\n    def m(self): return 1\nclass Z:\n    q = P()\n    R = q.m()\n"
    live.start(source)
    report = live.edit(source.replace("return 1", "return 2"), rerun="changed")

    assert f"{live.name}.Z.R" in {each.path for each in report.notices}


PARSER = (
    "import argparse\nPARSER = argparse.ArgumentParser()\nPARSER.add_argument('--x', help='?')\n"
)


def test_error_says_how_the_object_that_refused_is_made_anew(live: LiveModule) -> None:
    module = live.start(PARSER.replace("?", "old"))
    with pytest.raises(argparse.ArgumentError) as failure:
        live.edit(PARSER.replace("?", "new"), rerun="changed")

    assert "old" in module.PARSER.format_help()
    if sys.version_info >= (3, 11):
        assert "rerun=('PARSER',)" in failure.value.__notes__[-1]
    live.reload(rerun=("PARSER",))
    assert "new" in module.PARSER.format_help()


def test_argument_that_is_added_is_added_to_the_live_parser(live: LiveModule) -> None:
    module = live.start(PARSER)
    parser = module.PARSER
    live.edit(PARSER + "PARSER.add_argument('--y')\n", rerun="changed")

    assert module.PARSER is parser
    assert "--y" in parser.format_help()


MADE = """
import typing
class Config:
    def __init__(self, level):
        self.level = level
        self.seen = [[]]
CONFIG = Config(?)
PAIR = typing.Tuple[Config, typing.Literal[?]]
"""


@BOTH
def test_undo_brings_the_object_back_in_whose_successor_nothing_has_changed(
    live: LiveModule,
) -> None:
    module = live.start(MADE.replace("?", "1"))
    config, pair = module.CONFIG, module.PAIR
    report = live.edit(MADE.replace("?", "2"))
    assert module.CONFIG.level == 2
    back = report.undo()

    assert module.CONFIG is config
    assert pair == module.PAIR
    assert not back.notices


STATES = {
    "attribute": lambda config: setattr(config, "level", 3),
    "new attribute": lambda config: setattr(config, "more", 3),
    "list inside": lambda config: config.seen[0].append(3),
}


@BOTH
@pytest.mark.parametrize("change", STATES.values(), ids=STATES)
def test_undo_leaves_an_object_that_has_gathered_state(
    live: LiveModule, change: Callable[[Any], None]
) -> None:
    module = live.start(MADE.replace("?", "1"))
    report = live.edit(MADE.replace("?", "2"))
    config = module.CONFIG
    change(config)
    back = report.undo()

    assert module.CONFIG is config
    assert f"{live.name}.CONFIG" in {each.path for each in back.notices if each.code == "LP303"}


COMMANDS = """
COMMANDS, ORDER = {}, []
def command(name=None, **options):
    def enter(function):
        COMMANDS[name or function.__name__] = (function, options)
        ORDER.append((function, options))
        return function
    return enter
@command(?)
def add(a): return a
@command("rm")
def remove(a): return a
"""
OTHER_COMMANDS = {
    "option": COMMANDS.replace("?", "fast=True"),
    "name": COMMANDS.replace("?", "'plus'"),
    "another": COMMANDS.replace("?", "") + "@command()\ndef new(): pass\n",
    "option and another": COMMANDS.replace("?", "fast=True") + "@command()\ndef new(): pass\n",
    "gone and another": COMMANDS.replace("?", "").replace('@command("rm")', '@command("mv")'),
}


@pytest.mark.parametrize("edited", OTHER_COMMANDS.values(), ids=OTHER_COMMANDS)
def test_undo_of_what_a_decorator_has_entered_beside_functions(
    live: LiveModule, edited: str
) -> None:
    module = live.start(COMMANDS.replace("?", ""))
    before = repr((module.COMMANDS, module.ORDER))
    report = live.edit(edited, rerun="changed")
    assert repr((module.COMMANDS, module.ORDER)) != before
    report.undo()

    assert repr((module.COMMANDS, module.ORDER)) == before


BUS = """
class Bus:
    def __init__(self): self.handlers = {}
    def on(self, name):
        def enter(function):
            self.handlers.setdefault(name, []).append(function)
            return function
        return enter
BUS = Bus()
@BUS.on("b")
def three(x): return x
"""


@CHANGED
def test_renamed_handler_of_another_event_leaves_the_first_one(live: LiveModule) -> None:
    module = live.start(BUS)
    live.edit(BUS.replace('"b"', '"d"').replace("three", "four"))

    assert {key: value for key, value in module.BUS.handlers.items() if value} == {
        "d": [module.four]
    }


VARIABLE = """
import contextvars
VARIABLE = contextvars.ContextVar("VARIABLE", default=?)
def get(): return VARIABLE.get()
"""


@BOTH
def test_context_variable_gets_another_default(live: LiveModule) -> None:
    module = live.start(VARIABLE.replace("?", "1"))
    held = [module.VARIABLE]
    report = live.edit(VARIABLE.replace("?", "2"))

    assert module.get() == 2
    assert held[0] is module.VARIABLE
    report.undo()
    assert module.get() == 1
    assert held[0] is module.VARIABLE


@BOTH
def test_context_variable_with_a_value_keeps_it_and_its_default(live: LiveModule) -> None:
    module = live.start(VARIABLE.replace("?", "1"))
    token = module.VARIABLE.set(7)
    report = live.edit(VARIABLE.replace("?", "2"))

    assert module.get() == 7
    assert "LP323" in {each.code for each in report.notices}
    module.VARIABLE.reset(token)


ALIASED = """
class App:
    def __init__(self): self.routes, self.order = {}, []
    def route(self, path):
        def enter(function):
            self.routes[path] = function
            self.order.append(function)
            return function
        return enter
app = App()
route = app.route
@route("/a")
def view(): return 1
"""


@CHANGED
def test_decorator_that_is_a_method_kept_in_a_global(live: LiveModule) -> None:
    module = live.start(ALIASED)
    live.edit(ALIASED.replace("/a", "/x"), dry_run=True)
    assert list(module.app.routes) == ["/a"]
    live.edit(ALIASED.replace("/a", "/b"))

    assert list(module.app.routes) == ["/b"]
    assert module.app.order == [module.view]


TABLES = {
    "OrderedDict": ("collections.OrderedDict()", "TABLE[key] = function", "list(TABLE)"),
    "deque": (
        "collections.deque()",
        "TABLE.append((key, function))",
        "[key for key, _ in TABLE]",
    ),
}


@CHANGED
@pytest.mark.parametrize(("table", "entering", "keys"), TABLES.values(), ids=TABLES)
def test_registers_of_other_kinds(live: LiveModule, table: str, entering: str, keys: str) -> None:
    source = (
        f"import collections\nTABLE = {table}\ndef enter(key):\n    def decorate(function):\n"
        f"        {entering}\n        return function\n    return decorate\n"
        "@enter('a')\ndef a(): return 1\n@enter('b')\ndef b(): return 2\n"
    )
    module = live.start(source)
    report = live.edit(source.replace("'b'", "'c'"))
    assert eval(keys, vars(module)) == ["a", "c"]
    report.undo()
    assert eval(keys, vars(module)) == ["a", "b"]
    live.edit(source.replace("b():", "b(x=1):"))
    assert eval(keys, vars(module)) == ["a", "b"]
    live.edit(source.partition("@enter('b')")[0])
    assert eval(keys, vars(module)) == ["a"]


CACHED = "import functools\n@functools.lru_cache(maxsize=?)\ndef g(x): return x\n"


@BOTH
def test_cache_of_another_size_leaves_nothing_behind(live: LiveModule) -> None:
    module = live.start(CACHED.replace("?", "3"))
    held = [module.g]
    report = live.edit(CACHED.replace("?", "5"))

    assert held[0] is module.g
    assert module.g.cache_parameters()["maxsize"] == 5
    assert report.ok


@BOTH
def test_undo_of_a_class_method_that_somebody_refers_to_weakly(live: LiveModule) -> None:
    module = live.start("class C:\n    @classmethod\n    def d(cls): return 1\n")
    bound = module.C.d
    reference = weakref.WeakMethod(bound)
    report = live.edit("class C:\n    def d(self): return 2\n")
    report.undo()

    assert module.C.d() == 1
    assert reference() == module.C.d
    assert bound is not None


ORDERED = """
from collections import OrderedDict
TABLE = OrderedDict()
def enter(key):
    def decorate(function):
        TABLE[key] = function
        return function
    return decorate
@enter("a")
def a(): return 1
"""


@CHANGED
def test_ordered_dict_is_whole_after_a_dry_run_and_a_failure(live: LiveModule) -> None:
    module = live.start(ORDERED)
    more = ORDERED + '@enter("c")\ndef c(): return 3\n'
    live.edit(more, dry_run=True)
    assert list(module.TABLE.items()) == [("a", module.a)]
    with pytest.raises(ZeroDivisionError):
        live.edit(more + "1 / 0\n")
    assert list(module.TABLE.items()) == [("a", module.a)]
