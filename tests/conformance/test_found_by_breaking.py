"""Faults found by who tried to break it: programs as people write them, edited in an edit loop."""

from __future__ import annotations

import inspect
import sqlite3

import pytest

from livepatch import Report
from tests.live import LiveModule

pytestmark = pytest.mark.sampled(8)


def change(live: LiveModule, *texts: str) -> Report:
    """Replace each first text by the one behind it, in one edit."""
    source = live.source
    for old, new in zip(texts[::2], texts[1::2]):
        assert old in source
        source = source.replace(old, new)
    return live.edit(source)


@pytest.mark.parametrize("rerun", ["all", "changed"])
def test_function_in_c_memory_follows_every_later_edit(live: LiveModule) -> None:
    module = live.start("def tick(): return 1\n")
    database = sqlite3.connect(":memory:")
    database.create_function("tick", 0, module.tick)
    seen = []
    for source in (
        "def tick(): return 2\n",
        "def tick(n=3): return n\n",
        "def tick(n=4): return n\n",
        "def tick(*, n=5): return n\n",
        "class tick(int):\n    def __new__(cls): return 6\n",
        "def tick(): return 7\n",
    ):
        live.edit(source)
        seen += database.execute("select tick()").fetchone()
    database.close()

    assert seen == [2, 3, 4, 5, 6, 7]


@pytest.mark.parametrize("rerun", ["changed"])
@pytest.mark.parametrize(
    "method", ["def f(self): return 1", "def f(self): return super().__init__()", "x: int"]
)
def test_call_behind_the_last_definition_of_a_class_runs(live: LiveModule, method: str) -> None:
    source = f"LOG = []\nclass Player:\n    {method}\n    y = 1\n    def g(self): pass\n"
    module = live.start(source)
    live.change("pass", "pass\n    LOG.append(y)")
    live.change("LOG.append(y)", "if y: LOG.append(y + 1)")

    assert module.LOG == [1, 2]


@pytest.mark.parametrize("rerun", ["changed"])
def test_method_that_gains_super_still_runs_nothing(live: LiveModule) -> None:
    module = live.start(
        "LOG = []\nclass Player:\n    def f(self): return self\n    LOG.append(len(LOG))\n"
    )
    held = module.Player()
    live.change("return self", "return super().__init__()")

    assert (held.f(), module.LOG) == (None, [0])


POWER = """
LIMIT = 9
def power(n):
    def of(x):
        return x ** n
    return of
class Table: pass
def table(n):
    class Local:
        def of(self, x):
            return x ** n
    return Local()
"""


@pytest.mark.parametrize("rerun", ["all", "changed"])
def test_closure_gets_the_defaults_of_its_new_code(live: LiveModule, rerun: str) -> None:
    module = live.start(POWER)
    square, method = module.power(2), module.table(2).of
    report = change(live, "x):\n", "x, off=1, *, sign=-1):\n", "x ** n", "sign * (x ** n) + off")

    assert (square(3), method(3)) == (-8, -8), rerun
    assert (square(3, 0, sign=1), method(3, 0, sign=1)) == (9, 9)
    change(live, "off=1", "off=2", "return", "return 0 +")
    assert (square(3), method(3)) == (-7, -7)
    live.change("off=2, *, sign=-1", "sign=-1, off=2")
    assert (square(3), method(3, off=0)) == (-7, -9)
    # A default is part of the statement of the class that has the method.
    assert {each.code for each in report.notices} == {"LP204"}


def test_closure_keeps_defaults_that_its_making_gave_it(live: LiveModule) -> None:
    source = "def make(n):\n    def f(n=n, seen=[]): return (n, seen)\n    return f\nF = make(1)\n"
    module = live.start(source)
    held = module.make(7)
    held()[1].append("seen")
    live.change("f(n=n, seen=[]): return (n, seen)", "f(seen=[], n=n, k=0): return (n, seen, k)")

    assert held() == (7, ["seen"], 0)


def test_closure_whose_new_default_only_its_making_knows_runs_the_old_code(
    live: LiveModule,
) -> None:
    module = live.start("def make(n):\n    def f(): return n\n    return f\n")
    held = module.make(7)
    report = live.change("f(): return n", "f(m=n + 1): return m + n")

    assert (held(), module.make(7)()) == (7, 15)
    assert [(each.code, each.path) for each in report.notices] == [
        ("LP203", f"{module.__name__}.make.<locals>.f")
    ]


def test_undo_takes_defaults_from_closures_again(live: LiveModule) -> None:
    module = live.start(POWER)
    square = module.power(2)
    change(live, "of(x)", "of(x, off=1)", "x ** n", "x ** n + off").undo()

    assert str(inspect.signature(square)) == "(x)"
    assert square.__defaults__ is None


@pytest.mark.parametrize("rerun", ["all", "changed"])
def test_member_with_another_name_is_found_where_it_is_a_key(live: LiveModule, rerun: str) -> None:
    source = (
        "import enum\nclass State(enum.Enum):\n    IDLE = 1\n    RUN = 2\nIS = {State.IDLE: 5}\n"
    )
    module = live.start(source)
    idle = module.State.IDLE
    texts, names, pairs = {idle: "idle"}, {idle, module.State.RUN}, {(idle, 1): "first"}
    report = live.change("IDLE", "REST", rerun=rerun)

    assert idle is module.State.REST
    assert (texts[idle], idle in names, pairs[idle, 1], module.IS[idle]) == (
        "idle",
        True,
        "first",
        5,
    )
    report.undo()
    idle = module.State.IDLE
    assert (texts[idle], idle in names, pairs[idle, 1], module.IS[idle]) == (
        "idle",
        True,
        "first",
        5,
    )


@pytest.mark.parametrize("rerun", ["all", "changed"])
def test_class_that_a_table_leads_to_loses_what_its_source_lost(
    live: LiveModule, rerun: str
) -> None:
    module = live.start("class Acount:\n    X = 1\n    def pays(self): pass\nALL = [Acount]\n")
    held = module.ALL[0]()
    held.__class__.since = 5
    report = change(live, "Acount", "Account", "X = 1", "Y = 2", "pays", "pay")

    assert type(held) is module.Account, rerun
    assert (held.since, held.Y, hasattr(held, "X"), hasattr(held, "pays")) == (5, 2, False, False)
    said = [(each.code, each.path.rpartition(".")[2]) for each in report.notices]
    assert said == [("LP303", "since"), ("LP302", "ALL")][: len(said)]


ROUTES = """
R = {}
def route(path):
    def deco(function):
        R[path] = function
        return function
    return deco
"""


@pytest.mark.parametrize("rerun", ["changed"])
@pytest.mark.parametrize("after", ["def show(): return 1", "def show(x=2): return x"])
def test_route_whose_function_has_another_name_is_still_there(live: LiveModule, after: str) -> None:
    module = live.start(ROUTES + "@route('/a')\ndef index(): return 1\n")
    held = module.R
    report = live.change("def index(): return 1", after)

    assert held == {"/a": module.show}
    report.undo()
    assert held == {"/a": module.index}
    live.reload()
    assert held == {"/a": module.show}


@pytest.mark.parametrize("rerun", ["changed"])
def test_one_of_two_decorators_that_goes_takes_its_entry_along(live: LiveModule) -> None:
    module = live.start("""
        LISTENERS = {}
        def on(name):
            def deco(function):
                LISTENERS.setdefault(name, []).append(function)
                return function
            return deco
        @on('x')
        @on('y')
        def shout(): return 1
        def quiet(): return 2
    """)
    on = module.LISTENERS
    on.update(z=[module.shout, module.quiet])  # set by hand: no statement speaks of it
    report = live.change("@on('y')\n", "")

    assert on == {"x": [module.shout], "y": [], "z": [module.shout, module.quiet]}
    report.undo()
    assert on == {"x": [module.shout], "y": [module.shout], "z": [module.shout, module.quiet]}


REGISTERS = {
    "__init_subclass__": """
class Root:
    KNOWN = {}
    def __init_subclass__(cls, key, **more):
        cls.KNOWN[key] = cls
""",
    "metaclass": """
class Meta(type):
    def __new__(mcs, name, bases, namespace, **more):
        return super().__new__(mcs, name, bases, namespace)
    def __init__(cls, name, bases, namespace, key=None):
        super().__init__(name, bases, namespace)
        if key:
            cls.KNOWN[key] = cls
class Root(metaclass=Meta):
    KNOWN = {}
""",
    "metaclass's own": """
class Meta(type):
    known = {}
    def __new__(mcs, name, bases, namespace, key=None):
        cls = super().__new__(mcs, name, bases, namespace)
        if key:
            mcs.known[key] = cls
        return cls
    def __init__(cls, *_, **more): pass
class Root(metaclass=Meta):
    KNOWN = Meta.known
""",
    "global": """
KNOWN = {}
class Root:
    KNOWN = KNOWN
    def __init_subclass__(cls, key):
        KNOWN[key] = cls
""",
}


@pytest.mark.sampled(6)
@pytest.mark.parametrize("rerun", ["changed"])
@pytest.mark.parametrize("register", REGISTERS.values(), ids=REGISTERS)
def test_register_of_classes_has_each_under_the_key_of_its_present_statement(
    live: LiveModule, register: str
) -> None:
    classes = "class One(Root, key='one'): pass\nclass Two(Root, key='two'): pass\n"
    module = live.start(register + classes)
    known, held = module.Root.KNOWN, module.One()
    for texts, names in (
        (("'one'", "'first'"), ("One", "Two")),
        (("class Two(Root, key='two'): pass", "class Two(Root, key='two'): x = 1"), ("One", "Two")),
        (("class One", "class First"), ("First", "Two")),
        (("x = 1", "pass"), ("First", "Two")),
        (("class Two(Root, key='two'): pass\n", ""), ("First",)),
        (("[key] =", "[key.upper()] ="), ("First",)),
    ):
        last = change(live, *texts)
        assert list(known.values()) == [getattr(module, name) for name in names]

    assert (list(known), type(held)) == (["FIRST"], module.First)  # each at its place
    last.undo()
    assert list(known) == ["first"]


@pytest.mark.parametrize("rerun", ["all", "changed"])
@pytest.mark.parametrize("listed", ["", "__all__ = ['one']\n"], ids=["public", "__all__"])
def test_names_that_come_and_go_follow_star_imports(
    live: LiveModule, rerun: str, listed: str
) -> None:
    module = live.start(f"{listed}def one(): return 1\ndef _hidden(): return 0\nLIMIT = 5\n")
    facade = live.other(f"from {module.__name__} import *\nown = 3\n")
    texts = ("'one'", "'one', 'two', 'own'") if listed else ("LIMIT", "LIMIT")
    report = change(live, "def one", "def two(): return 2\nown = 4\ndef one", *texts)

    assert (facade.two is module.two, facade.own, hasattr(facade, "_hidden")) == (True, 3, False)
    assert report.ok, rerun
    report.undo()
    assert not hasattr(facade, "two")
    live.reload()
    assert facade.two is module.two
    texts = ("'one', 'two', 'own'", "'one'") if listed else ("LIMIT", "LIMIT")
    change(live, "def two(): return 2\nown = 4\n", "", *texts)
    assert (hasattr(facade, "two"), facade.own, facade.one) == (False, 3, module.one)


def test_star_import_that_did_not_run_or_a_name_bound_besides_is_left_alone(
    live: LiveModule,
) -> None:
    module = live.start("def one(): return 1\nLIMIT = 5\n")
    source = (
        "import typing\nif typing.TYPE_CHECKING:\n    from NAME import *\nfrom NAME import one\n"
    )
    facade = live.other(source.replace("NAME", module.__name__).replace("one\n", "LIMIT\n"))
    change(live, "def one", "def two(): return 2\ndef one")

    assert not hasattr(facade, "two")
    facade = live.other(f"from {module.__name__} import *\nLIMIT = 5\n")
    change(live, "LIMIT = 5\n", "")
    assert facade.LIMIT == 5


@pytest.mark.parametrize("rerun", ["changed"])
def test_lists_of_listeners_that_are_made_anew_without_others_are_named(live: LiveModule) -> None:
    module = live.start("""
        LISTENERS = {}
        def on(name):
            return lambda function: LISTENERS.setdefault(name, []).append(function) or function
    """)
    other = live.other(f"from {module.__name__} import on\n@on('open')\ndef opened(): return 1\n")
    report = live.change("= {}", "= dict()", dry_run=True)

    assert [(each.code, f"{other.__name__}.opened" in each.message) for each in report.notices] == [
        ("LP320", True)
    ]
    live.reload(dependents=True)
    listeners = module.LISTENERS
    assert listeners == {"open": [other.opened]}


@pytest.mark.parametrize("rerun", ["changed"])
def test_docstring_of_a_decorator_makes_nothing_run(live: LiveModule) -> None:
    module = live.start("""
        CALLS = []
        def deco(function):
            "Note it."
            CALLS.append(function.__name__)
            return function
        @deco
        def one(): return 1
    """)
    live.change("Note it.", "Note its name.")
    assert (module.CALLS, module.deco.__doc__) == (["one"], "Note its name.")
    live.change("CALLS.append(function.__name__)", "CALLS.append('Note its name.')")
    live.change("Note its name.", "Note this.")

    assert module.CALLS == ["one", "Note its name.", "Note this."]


FIELDS = """
class Field:
    def __set_name__(self, owner, name):
        if "fields" not in owner.__dict__:
            owner.fields = dict(getattr(owner, "fields", {}))
        owner.fields[name] = self
class User:
    name = Field()
    mail = Field()
class Admin(User):
    level = Field()
"""


@pytest.mark.parametrize("rerun", ["all", "changed"])
def test_field_that_a_base_loses_goes_from_the_tables_below(live: LiveModule, rerun: str) -> None:
    module = live.start(FIELDS)
    fields = module.Admin.fields
    fields["set"] = "by hand"
    report = change(live, "    mail = Field()\n", "")

    assert (list(module.User.fields), list(fields)) == (["name"], ["name", "level", "set"]), rerun
    report.undo()
    assert fields.keys() == {"name", "mail", "level", "set"}
    assert fields["mail"] is module.User.fields["mail"] is module.User.mail


@pytest.mark.parametrize("rerun", ["changed"])
def test_class_of_one_name_in_another_module_stays_registered(live: LiveModule) -> None:
    source = "class Plugin(Root, key='mine'): pass\n"
    module = live.start(REGISTERS["__init_subclass__"] + source)
    theirs = source.replace("'mine'", "'theirs'")
    other = live.other(f"from {module.__name__} import Root\n{theirs}")
    known = module.Root.KNOWN
    live.change("pass", "limit = 1")

    assert known == {"mine": module.Plugin, "theirs": other.Plugin}
    live.change("'mine'", "'my'")
    assert known == {"my": module.Plugin, "theirs": other.Plugin}


@pytest.mark.sampled(6)
@pytest.mark.parametrize("rerun", ["all", "changed"])
@pytest.mark.parametrize("edit", [(), ("return 'a'", "return 'A'")])
def test_names_that_change_places_no_more(live: LiveModule, edit: tuple[str, ...]) -> None:
    module = live.start("def a(): return 'a'\ndef b(): return 'b'\na, b = b, a\n")
    held = module.a, module.b
    if edit:
        change(live, *edit)
    report = change(live, "a, b = b, a\n", "")

    expected = ["A" if edit else "a", "b"]
    assert [module.a(), module.b()] == [each() for each in held] == expected
    assert held == (module.a, module.b)
    report.undo()
    assert [module.a(), module.b()] == expected[::-1]


def test_attributes_of_a_wrapper_that_goes_are_named(live: LiveModule) -> None:
    module = live.start("""
        import functools
        def counted(f):
            @functools.wraps(f)
            def w(*arguments):
                w.calls += 1
                return f(*arguments)
            w.calls = 0
            return w
        @counted
        def g(): return 1
        @counted
        def h(): return 1
    """)
    module.g.tag, module.h.tag = "mine", "mine"
    report = change(live, "@counted\ndef g", "def g")

    notices = {each.path.partition(".")[2]: each for each in report.notices}
    assert notices["g"].code == "LP304", report
    assert notices["g"].message.endswith("with it what it had as calls, tag")
    assert len(notices) == 1
    assert module.h.tag == "mine"
    assert module.g() == 1


@pytest.mark.parametrize("rerun", ["changed"])
@pytest.mark.parametrize(
    ("edit", "keys"),
    [
        (('"/b"', '"/x"'), ["/a", "/x", "/c"]),
        (('@at("/b")\ndef b(): return 1\n', ""), ["/a", "/c"]),
    ],
)
def test_entry_is_at_its_place_again_after_undo(
    live: LiveModule, edit: tuple[str, str], keys: list[str]
) -> None:
    module = live.start("""
        ROUTES = {}
        def at(path):
            def enter(f):
                ROUTES[path] = f
                return f
            return enter
        @at("/a")
        def a(): return 1
        @at("/b")
        def b(): return 1
        @at("/c")
        def c(): return 1
    """)
    report = change(live, *edit)
    assert [*module.ROUTES] == keys

    report.undo()

    assert [*module.ROUTES.items()] == [("/a", module.a), ("/b", module.b), ("/c", module.c)]
