"""``rerun="changed"``: what a definition is made by has changed, here or in another module.

A decorator, a metaclass, a base's hook: what they make says something else then, although its own
statement does not. And what a decorator has entered somewhere goes with the statement that did it.
"""

from __future__ import annotations

import importlib
from textwrap import dedent
from typing import Any

import pytest

import livepatch
from tests.live import LiveModule

pytestmark = [
    pytest.mark.one_mode("each test here says itself what runs again"),
    pytest.mark.sampled(8),
]


def edit(live: LiveModule, old: str, new: str) -> livepatch.Report:
    source = live.path.read_text("utf-8")
    assert old in source
    return live.edit(source.replace(old, new), rerun="changed")


def codes(report: livepatch.Report) -> list[str]:
    return sorted(f"{each.code} {each.path}" for each in report.notices)


FACTORY = """
    CALLS = []
    def times(number):
        def decorate(function):
            CALLS.append(function.__name__)
            def wrapper(*args):
                return [function(*args) for _ in range(number)]
            return wrapper
        return decorate
    @times(2)
    def f(): return 1
    """


def test_what_a_call_of_a_decorator_returns_has_changed(live: LiveModule) -> None:
    module = live.start(FACTORY)
    held = module.f
    edit(live, "function.__name__)", "function.__name__.upper())")

    assert module.CALLS == ["f", "F"]
    assert module.f is held
    assert held() == [1, 1]


def test_only_the_wrapper_that_a_decorator_makes_has_changed(live: LiveModule) -> None:
    module = live.start(FACTORY)
    held = module.f
    edit(live, "[function(*args) for _ in range(number)]", "number * function(*args)")

    assert module.CALLS == ["f"]
    assert (module.f is held, held()) == (True, 2)


REGISTER = """
    class Application:
        def __init__(self):
            self.table, self.names = {}, []
        def route(self, path):
            def register(function):
                assert path not in self.table
                self.table[path] = function
                return function
            return register
        def plain(self, function):
            self.names.append(function)
            return function
        def run(self): return [each() for each in self.names]
    app = Application()
    @app.route("/a")
    def a(): return 1
    @app.plain
    def b(): return 2
    """


def test_a_method_that_decorates_has_changed(live: LiveModule) -> None:
    module = live.start(REGISTER)
    held = module.b
    edit(live, "self.names.append(function)", "self.names.append(function); function.seen = 1")

    assert module.b is held
    assert (held.seen, hasattr(module.a, "seen")) == (1, False)
    assert module.app.names == [held]


def test_a_function_that_a_method_returns_as_a_decorator_has_changed(live: LiveModule) -> None:
    module = live.start(REGISTER)
    held = module.a
    edit(live, "self.table[path] = function", "self.table[path] = function; function.seen = 1")

    assert module.a is held
    assert (held.seen, hasattr(module.b, "seen")) == (1, False)
    assert module.app.table == {"/a": held}


def test_another_method_of_the_object_that_decorates_runs_nothing(live: LiveModule) -> None:
    module = live.start(REGISTER)
    module.app.table.clear()
    edit(live, "[each() for", "[-each() for")

    assert module.app.table == {}
    assert module.app.run() == [-2]


def test_an_object_that_decorates_has_changed(live: LiveModule) -> None:
    source = """
        LOG = []
        class Noted:
            limit = 1
            def __call__(self, function):
                LOG.append(function.__name__)
                return function
        class Registry:
            def __call__(self): return 1
            def add(self, function):
                LOG.append(function.__name__)
                return function
        noted, registry = Noted(), Registry()
        @noted
        def f(): pass
        @registry.add
        def g(): pass
        LIMIT, MADE = noted.limit, registry()
        """
    module = live.start(source)
    edit(
        live,
        "LOG.append(function.__name__)\n        return function\nclass",
        "LOG.append(1)\n        return function\nclass",
    )

    assert module.LOG == ["f", "g", 1]

    report = edit(live, "def __call__(self): return 1", "def __call__(self): return 2")

    assert module.LOG == ["f", "g", 1]
    assert codes(report) == [f"LP313 {live.name}.LIMIT", f"LP313 {live.name}.MADE"]


def test_a_changed_set_name_is_called_again(live: LiveModule) -> None:
    module = live.start(
        """
        class Field:
            def __set_name__(self, owner, name): self.name = name
        class Form:
            size = Field()
        """
    )
    held = module.Form
    edit(live, "self.name = name", "self.name = name.upper()")

    assert module.Form is held
    assert held.size.name == "SIZE"


@pytest.mark.parametrize("rerun", ["all", "changed"])
def test_a_metaclass_that_changed_reaches_subclasses_that_do_not_name_it(
    live: LiveModule, rerun: Any
) -> None:
    module = live.start(
        """
        class Meta(type):
            def __new__(mcs, name, bases, namespace):
                namespace["made"] = 1
                return super().__new__(mcs, name, bases, namespace)
        class A(metaclass=Meta): pass
        class B(A): pass
        class C(B):
            def f(self): pass
        class Base:
            def __init_subclass__(cls): cls.sub = 1
        class Middle(Base): pass
        class Last(Middle): pass
        """
    )
    source = live.path.read_text("utf-8")
    live.edit(
        source.replace('"made"] = 1', '"made"] = 2').replace("sub = 1", "sub = 2"), rerun=rerun
    )

    assert [vars(each)["made"] for each in (module.A, module.B, module.C)] == [2, 2, 2]
    assert (vars(module.Middle)["sub"], vars(module.Last)["sub"]) == (2, 2)


def test_a_method_edited_in_another_module_makes_no_class_again(live: LiveModule) -> None:
    live.package(
        __init__="",
        base=(
            "class Base:\n    def f(self): return 1\n    def make(self): return 5\n"
            "LOG = []\ndef noted(cls):\n    LOG.append(cls.__name__)\n    return cls\n"
            "app = Base()\n"
        ),
        user=(
            "from LIVE.base import Base as B, LOG, app, noted\n"
            "@noted\nclass User(B):\n    x = 1\n"
            "MADE = B()\nVALUE = app.make()\nDERIVED = User().make()\n"
        ),
    )
    base, user = (importlib.import_module(f"{live.name}.{each}") for each in ("base", "user"))
    held, log = user.User, base.LOG

    def edit_base(old: str, new: str) -> livepatch.Report:
        path = live.path.parent / "base.py"
        path.write_text(path.read_text("utf-8").replace(old, new), "utf-8")
        return livepatch.reload(base, user, strategy=live.strategy)

    report = edit_base("return 1", "return 2")

    assert user.User is held
    assert (log, held().f(), codes(report)) == (["User"], 2, [])

    report = edit_base("return 5", "return 6")

    assert log == ["User"]
    assert codes(report) == [f"LP313 {live.name}.user.DERIVED", f"LP313 {live.name}.user.VALUE"]


ROUTES = """
    ROUTES, ORDER, PAIRS = {}, [], []
    class Registry:
        items = []
    def route(path):
        def register(function):
            ROUTES[path] = function
            ORDER.append(function)
            PAIRS.append((path, function))
            Registry.items.append(function)
            return function
        return register
    """
VIEWS = """
    @route("/a")
    def a(): return 1
    @route("/b")
    def b(): return 2
    """


@pytest.mark.parametrize("how", ["beside", "imported", "by module"])
def test_what_a_function_that_decorates_has_entered_goes_with_its_statement(
    live: LiveModule, how: str
) -> None:
    if how == "beside":
        module = registers = live.start(ROUTES + VIEWS)
    else:
        registers = live.other(ROUTES)
        views = VIEWS.replace("@", "@OTHER.") if how == "by module" else VIEWS
        module = live.start(
            ("import OTHER" if how == "by module" else "from OTHER import route") + dedent(views)
        )

    def entered() -> list[Any]:
        return [
            list(registers.ROUTES),
            [each.__name__ for each in registers.ORDER],
            [(path, each.__name__) for path, each in registers.PAIRS],
            [each.__name__ for each in registers.Registry.items],
        ]

    held = module.b
    edit(live, '"/b"', '"/c"')

    assert entered() == [["/a", "/c"], ["a", "b"], [("/a", "a"), ("/c", "b")], ["a", "b"]]
    assert registers.ROUTES["/c"] is module.b is held

    source = live.path.read_text("utf-8")
    end = source.index("@", source.index("/a"))
    report = live.edit(source[:end], rerun="changed")
    del held

    assert entered() == [["/a"], ["a"], [("/a", "a")], ["a"]]
    assert [each.code for each in report.notices] == ["LP309"]

    report.undo()

    assert entered() == [["/a", "/c"], ["a", "b"], [("/a", "a"), ("/c", "b")], ["a", "b"]]
    assert registers.ROUTES["/c"] is module.b


def test_what_a_decorator_entered_stays_where_the_edit_fails(live: LiveModule) -> None:
    module = live.start(ROUTES + VIEWS)
    before = dict(module.ROUTES), list(module.ORDER), list(module.PAIRS)
    with pytest.raises(ZeroDivisionError):
        edit(live, '@route("/b")', "@route(str(1 // 0))")

    after = dict(module.ROUTES), list(module.ORDER), list(module.PAIRS)
    assert after == before


def test_what_stands_in_annotations_is_no_decorator(live: LiveModule) -> None:
    live.start(
        """
        import typing
        class Settings: kind = int
        settings = Settings()
        def f(x: typing.List[int], y: settings.kind = settings.kind): return 1
        """
    )
    source = live.path.read_text("utf-8")
    report = live.edit(source[: source.index("def f")], rerun="changed")

    assert "LP314" not in [each.code for each in report.notices]


def test_a_module_that_runs_whole_is_named_by_its_globals(live: LiveModule) -> None:
    live.package(
        __init__="",
        base="LIMIT = 1\ndef f(): pass\nf()\n",
        user="from LIVE.base import *\nALL = [each for each in vars().values()]\n",
    )
    base, user = (importlib.import_module(f"{live.name}.{each}") for each in ("base", "user"))
    path = live.path.parent / "base.py"
    future = "from __future__ import annotations\n"
    path.write_text(f"{future}LIMIT = 2\ndef f(): pass\nf()\n", "utf-8")
    report = livepatch.reload(base, user, strategy=live.strategy)

    told = [each.message for each in report.notices if each.path.endswith("user.ALL")]
    assert len(told) == 1
    assert "<" not in told[0]


@pytest.mark.parametrize(
    ("table", "is_computed"),
    [
        ("[f, C]", False),
        ("{'f': f, 1: (C, {f})}", False),
        ("f", False),
        ("[f()]", True),
        ("[*DATA, f]", True),
        ("{'f': f, **DATA}", True),
        ("[each for each in (f, C)]", True),
    ],
)
def test_a_table_of_definitions_is_not_computed_from_them(
    live: LiveModule, table: str, is_computed: object
) -> None:
    source = f"DATA = {{}}\ndef f(): return 1\nclass C: x = 1\nTABLE: object = {table}\n"
    module = live.start(source)
    held = module.TABLE
    text = source.replace("def f(): return 1", "def f(a=1): return 2").replace("x = 1", "x = 2")
    report = live.edit(text, rerun="changed")

    assert module.TABLE is held
    assert codes(report) == [f"LP313 {live.name}.TABLE"] * bool(is_computed)
