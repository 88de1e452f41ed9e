"""What thirty programs, written to break it and edited six times each, have found."""

from __future__ import annotations

import enum
from typing import Any

import pytest

import livepatch
from tests.live import LiveModule

pytestmark = pytest.mark.sampled(12)

BOTH = pytest.mark.parametrize("rerun", ["all", "changed"])


@BOTH
@pytest.mark.parametrize(
    ("before", "after"), [("str", "bytes"), ("int", "Other"), ("Other", "int")]
)
def test_attribute_that_is_another_class_is_no_class_inside(
    live: LiveModule, before: str, after: str
) -> None:
    source = f"""
class Other:
    def more(self): return 1
class Text:
    type = {before}
class Model:
    text = Text()
    def run(self): return self.text.type
"""
    module = live.start(source)
    model = module.Model()
    report = live.change(f"type = {before}", f"type = {after}")

    assert model.run() is eval(after, vars(module))
    report.undo()
    assert model.run() is eval(before, vars(module))
    assert not hasattr(int, "more")


@BOTH
def test_named_tuple_that_gets_a_field_and_a_class_of_its_own_is_refused(live: LiveModule) -> None:
    source = "from collections import namedtuple\nT = namedtuple('T', 'a b')\nR = [T(1, 2)]\n"
    module = live.start(source)
    held = module.R[0]
    edited = source.replace("T = ", "class T(").replace("'a b')", "'a b c')): pass")
    with pytest.raises(livepatch.ReloadRefused, match="LP126"):
        live.edit(edited.replace("T(1, 2)", "T(1, 2, 3)"))

    assert [held] == module.R
    assert type(held) is module.T


KINDS = ["IntFlag", "Flag"]
if hasattr(enum, "KEEP"):
    KINDS += ["Flag, boundary=enum.KEEP", "IntFlag, boundary=enum.STRICT"]


@BOTH
@pytest.mark.parametrize("kind", KINDS)
def test_inverse_of_a_flag_is_of_the_members_there_are(live: LiveModule, kind: str) -> None:
    source = f"import enum\nclass P(enum.{kind}):\n    R = 1\n    W = 2\n    RW = 3\n"
    module = live.start(source)

    def shown(flags: Any) -> list[int]:
        return [(~each).value for each in (flags.R, flags.W, flags.RW, flags(3), flags(0))]

    def fresh() -> list[int]:
        namespace: dict[str, Any] = {"__name__": "fresh"}
        exec(live.source, namespace)
        return shown(namespace["P"])

    assert shown(module.P) == fresh()
    report = live.change("RW = 3", "RW = 3\n    X = 4")
    assert shown(module.P) == fresh()
    report.undo()
    live.change("    X = 4\n", "")
    assert shown(module.P) == fresh()


COMMANDS = """
class Command:
    def __init__(self, check, run, **options):
        self.check, self.run, self.options = check, run, options
    def __call__(self, x): return self.check(x) and self.run(x), self.options["key"](x)
def command(check, **options): return lambda f: Command(check, f, **options)
@command(lambda x: x > 2, key=lambda x: x + 1)
def go(x): return x
class Checked:
    def __init__(self, check): self.check = check
    def __call__(self, f): self.f = f; return self
    def __get__(self, obj, cls): return lambda x: (self.check(x), self.f(obj, x))
class Model:
    @Checked(lambda x: x * 2)
    def method(self, x): return x
"""


@BOTH
def test_lambda_that_an_object_around_a_function_was_given(live: LiveModule, rerun: str) -> None:
    module = live.start(COMMANDS)
    go, model = module.go, module.Model()
    assert (go(3), model.method(3)) == ((3, 4), (6, 3))
    edited = COMMANDS.replace("x > 2", "x > 5").replace("x + 1", "x + 10").replace("x * 2", "x * 9")
    report = live.edit(edited, rerun=rerun)

    assert (go(3), model.method(3)) == ((False, 13), (27, 3))
    assert go is module.go
    report.undo()
    assert (go(3), model.method(3)) == ((3, 4), (6, 3))


KEYS = {
    "built in": ("KeyError", "OSError"),
    "number": ("404", "500"),
    "text": ("'a'", "'b'"),
    "class": ("X", "Y"),
    "member": ("K.A", "K.B"),
    "tuple": ("(1, 2)", "(3, 4)"),
}
UNDER_KEYS = """
import enum
class K(enum.Enum):
    A = 1
    B = 2
class X: pass
class Y: pass
E = {}
class App:
    def __init__(self): self.errors = {}
    def error(self, *types):
        def enter(f):
            self.errors.update({each: f for each in types})
            return f
        return enter
app = App()
def error(*types):
    def enter(f):
        for each in types: E[HOW] = f
        return f
    return enter
"""


@pytest.mark.parametrize("how", ["each", "each, 1", "function", "method"])
@pytest.mark.parametrize("keys", KEYS)
def test_one_of_the_keys_of_a_definition_goes(live: LiveModule, keys: str, how: str) -> None:
    one, other = KEYS[keys]
    decorator = "app.error" if how == "method" else "error"
    source = UNDER_KEYS.replace("HOW", how if "each" in how else "each")
    module = live.start(f"{source}@{decorator}({one}, {other})\ndef oops(e): pass\n")
    table = module.app.errors if how == "method" else module.E
    before = dict(table)
    report = live.change(f"{one}, {other}", one, rerun="changed")

    assert [*table] == [*before][:1]
    report.undo()
    assert table == before
    assert [*table] == [*before]


@BOTH
def test_what_a_statement_did_to_an_object_is_taken_back(live: LiveModule) -> None:
    source = """
class R:
    def __init__(self): self.names, self.table, self.count = [], {}, 0
    def add(self, name, value=1):
        self.names.append(name)
        self.table[name] = value
        self.count += 1
r = R()
"""
    module = live.start(source)
    with pytest.raises(ZeroDivisionError):
        live.edit(f"{source}r.add(1)\n1 / 0\n", rerun="changed")
    assert (module.r.names, module.r.table, module.r.count) == ([], {}, 0)

    for _ in range(2):
        report = live.edit(f"{source}r.add(1)\n", rerun="changed")
        assert (module.r.names, module.r.table, module.r.count) == ([1], {1: 1}, 1)
        report.undo()
        assert (module.r.names, module.r.table, module.r.count) == ([], {}, 0)


NAMED = {
    "by the base": (
        "class Base:\n    def __init_subclass__(cls): cls.tag = cls.__name__.lower()\n"
        "class Fee(Base):\n"
    ),
    "by the metaclass": (
        "class Meta(type):\n    def __init__(cls, *more): cls.tag = cls.__name__.lower()\n"
        "class Fee(metaclass=Meta):\n"
    ),
    "by a decorator": (
        "def tagged(cls):\n    cls.tag = cls.__name__.lower()\n    return cls\n"
        "@tagged\nclass Fee:\n"
    ),
    "by a descriptor": (
        "class D:\n    def __set_name__(self, owner, _): owner.tag = owner.__name__.lower()\n"
        "class Fee:\n    d = D()\n"
    ),
}


@pytest.mark.parametrize("source", NAMED.values(), ids=NAMED)
def test_what_was_made_of_the_name_of_a_renamed_class(live: LiveModule, source: str) -> None:
    module = live.start(f"{source}    def f(self): return 1\n")
    fee = module.Fee()
    report = live.change("class Fee", "class Charge", rerun="changed")

    assert (type(fee), fee.tag) == (module.Charge, "charge")
    report.undo()
    assert (type(fee), fee.tag) == (module.Fee, "fee")


REGISTERS = {
    "list": "HOOKS = []\ndef hook(f):\n    HOOKS.append(f)\n    return f\n",
    "dict": "HOOKS = {}\ndef hook(f):\n    HOOKS[f.__name__] = f\n    return f\n",
    "subclass": "HOOKS = []\nclass hook:\n    def __init_subclass__(cls): HOOKS.append(cls)\n",
}


@BOTH
@pytest.mark.parametrize("register", REGISTERS)
def test_undo_of_a_registered_definition_that_moved_to_another_module(
    live: LiveModule, register: str, rerun: Any
) -> None:
    definition = "@hook\ndef check(): return 1\n"
    if register == "subclass":
        definition = "class check(hook):\n    x = 1\n"
    imports = "from .core import hook\n"
    package = live.package(
        __init__="from . import core, util, app\n",
        core=REGISTERS[register],
        util=imports + definition,
        app="from . import util\n" + imports,
    )
    folder, hooks = live.path.parent, package.core.HOOKS
    check = package.util.check
    (folder / "util.py").write_text(imports, encoding="utf-8")
    (folder / "app.py").write_text("from . import util\n" + imports + definition, encoding="utf-8")
    modules = [package.core, package.util, package.app]
    report = livepatch.reload(*modules, rerun=rerun, strategy=live.strategy)
    held = list(hooks.values() if register == "dict" else hooks)

    assert held == [package.app.check]
    report.undo()
    held = list(package.core.HOOKS.values() if register == "dict" else package.core.HOOKS)
    assert held == [package.util.check]
    assert package.util.check.__module__ == check.__module__ == package.util.__name__


@BOTH
def test_class_of_slots_is_listed_once_whatever_enters_it(live: LiveModule) -> None:
    source = """
import dataclasses
class Node:
    kinds = []
    def __init_subclass__(cls): Node.kinds.append(cls)
@dataclasses.dataclass(slots=True)
class Number(Node):
    value: int = 0
def f(): return 1
"""
    module = live.start(source)
    live.change("append(cls)", "insert(0, cls)")
    for number in range(1, 4):
        live.change(f"return {number}", f"return {number + 1}")
        assert [each is module.Number for each in module.Node.kinds].count(True) == 1
        assert len(module.Node.kinds) == 2


REGISTER = """
TABLE, LIST = {}, []
def register(key):
    def enter(f):
        TABLE[key] = f
        LIST.append(f)
        return f
    return enter
@register("a")
def f(): return 1
NAMES = list(TABLE)
COUNT = len(LIST)
"""
COMPUTED = {
    "another key": ('"a"', '"b"', {"NAMES"}),
    "another signature": ("def f()", "def f(x=1)", set[str]()),
    "one more": ("NAMES =", '@register("c")\ndef g(): pass\nNAMES =', {"NAMES", "COUNT"}),
}


@pytest.mark.parametrize(("old", "new", "stale"), COMPUTED.values(), ids=COMPUTED)
def test_what_was_computed_from_a_register_is_named_where_that_is_another(
    live: LiveModule, old: str, new: str, stale: set[str]
) -> None:
    live.start(REGISTER)
    report = live.change(old, new, rerun="changed")
    said = {each.path.partition(".")[2] for each in report.notices if each.code == "LP313"}

    assert said == stale


def test_order_that_a_record_keeps_holds_no_class(live: LiveModule) -> None:
    source = """
class E: pass
class N(E): pass
H = {}
def handler(*kinds):
    def enter(f):
        for each in kinds: H[each] = f
    return enter
@handler(N)
@handler(KeyError)
def failed(e): pass
def guarded(*kinds):
    def around(f): return lambda *given: kinds
    return around
def view(k): pass
"""
    module = live.start(source)
    live.change("KeyError", "LookupError", rerun="changed")
    live.change("def view", "@guarded(N, LookupError)\ndef view", rerun="changed")
    report = live.change("class N(E)", "class C(E): pass\nclass N(C)", rerun="changed")

    assert report.ok
    assert module.E.__subclasses__() == [module.C]
    assert module.view() == (module.N, LookupError)
