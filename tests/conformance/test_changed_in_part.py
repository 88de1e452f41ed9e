"""A class that is made again says something else in some members: who has made instances by it.

``app = App()`` is kept, and would be the same: it is named only where the call reads such a member.
"""

from __future__ import annotations

import sys
from textwrap import dedent

import pytest

import livepatch
from tests.live import LiveModule

pytestmark = [
    pytest.mark.one_mode("where all runs again nothing is kept"),
    pytest.mark.parametrize("rerun", ["changed"]),
    pytest.mark.sampled(6),
]

APP = '''
import abc, dataclasses, typing
T = typing.TypeVar("T")
class Base:
    """What all have."""
    kind = "base"
    def start(self): return self.kind
class App(Base):
    """An application."""
    level = 1
    shown: int = 2
    def __init__(self): self.routes = {}
    def run(self): return self.level
    @property
    def size(self): return self.level
class Generic(typing.Generic[T], abc.ABC):
    """Of any type."""
    def run(self): return 1
class Number(Generic[int]):
    def more(self): return 2
app = App()
apps = [App(), App()]
by_name = {"main": App()}
number: typing.Any = Number()
'''
HARMLESS = {
    "docstring": ("An application.", "The application."),
    "docstring of a base": ("What all have.", "What everything has."),
    "docstring of a generic base": ("Of any type.", "Of each type."),
    "attribute": ("level = 1", "level = 2"),
    "attribute added": ("level = 1", "level = 1\n    other = 3"),
    "attribute gone": ("    level = 1\n", ""),
    "attribute of a base": ('kind = "base"', 'kind = "other"'),
    "variable annotated": ("shown: int = 2", "shown: float = 2"),
    "method added": (
        "    def run(self): return s",
        "    def a(self): pass\n    def run(self): return s",
    ),
    "method gone": ("    def run(self): return self.level\n", ""),
    "signature": ("def run(self): return self", "def run(self, x=1): return self"),
    "method of a base added": ("    def start", "    def a(self): pass\n    def start"),
    "method of a generic base added": (
        "    def run(self): return 1",
        "    def run(self): return 1\n    def a(self): pass",
    ),
    "property becomes a method": ("    @property\n", ""),
}


@pytest.mark.parametrize("edit", HARMLESS.values(), ids=HARMLESS)
def test_instances_made_by_a_call_are_not_named(live: LiveModule, edit: tuple[str, str]) -> None:
    module = live.start(APP)
    app, number = module.app, module.number
    report = live.change(*edit)

    assert not report.notices
    assert (module.app, module.number) == (app, number)


NAMED = {
    "read by __init__": ("level = 1", "level = 2", {"app", "HAD", "RUN"}, {"SHOWN", "DEPTH"}),
    "__init__ itself": (
        "self.had = self.level",
        "self.had = self.level, 1",
        {"app", "HAD"},
        {"SHOWN", "DEPTH"},
    ),
    "called through others": (
        "def size(self): return 2",
        "def size(self, x=3): return x",
        {"app", "SHOWN", "MADE", "SIZE"},
        {"DEPTH", "CLONE"},
    ),
    "by a function": ("wide = 1", "wide = 2", {"app"}, {"SHOWN", "DEPTH"}),
    "read of the class and of an object": (
        "depth = 1",
        "depth = 2",
        {"SHOWN", "MADE", "DEPTH", "OF_ONE", "RUN"},
        {"app", "HAD", "config", "SIZE", "CLONE"},
    ),
    "docstring of what is given to a function": (
        "A configuration.",
        "Configurations.",
        {"SHOWN", "MADE"},
        {"app", "HAD", "RUN", "config"},
    ),
}
READ = '''
import json
def measure(app): return app.wide
class Config:
    """A configuration."""
    depth = 1
    def size(self): return 2
    def clone(self): return Config()
class App(Config):
    level = 1
    wide = 1
    def __init__(self):
        self.had = self.level
        self.width = measure(self)
        self.start()
    def start(self): self.sizes = [self.size()]
    def run(self): return self.depth
app = App()
config = Config()
def show(cls): return json.dumps(vars(cls), default=str)
def make(): return show(Config)
SHOWN = show(Config)
MADE = make()
DEPTH = Config.depth
SIZE = Config.size(None)
CLONE = Config.clone(None)
OF_ONE = app.depth
HAD = app.had
RUN = app.run()
'''


@pytest.mark.parametrize(("before", "after", "named", "others"), NAMED.values(), ids=NAMED)
def test_what_read_the_member_is_named(
    live: LiveModule, before: str, after: str, named: set[str], others: set[str]
) -> None:
    live.start(READ)
    report = live.change(before, after)
    found = {each.path.rpartition(".")[2] for each in report.notices if each.code == "LP313"}

    assert named <= found
    assert not others & found


WHOLE = {
    "base": ("class App:", "class Other: pass\nclass App(Other):"),
    "decorator": ("class App:", "@mark\nclass App:"),
    "metaclass": ("class App:", "class Meta(type): pass\nclass App(metaclass=Meta):"),
    "__new__": ("    level = 1", "    level = 1\n    def __new__(cls): return object.__new__(cls)"),
}


@pytest.mark.parametrize("edit", WHOLE.values(), ids=WHOLE)
def test_instances_are_named_where_more_than_members_changed(
    live: LiveModule, edit: tuple[str, str]
) -> None:
    live.start("def mark(cls): return cls\nclass App:\n    level = 1\napp = App()\n")
    report = live.change(*edit)

    assert [each.path for each in report.notices if each.code == "LP313"] == [f"{live.name}.app"]


METHODS = {
    "data class": "@dataclasses.dataclass\nclass App:\n    level: int = 1\n",
    "library's base": "class App(threading.Thread):\n    level = 1\n",
    "metaclass": "class Meta(type): pass\nclass App(metaclass=Meta):\n    level = 1\n",
    "exception": "class App(Exception):\n    level = 1\n",
}


@pytest.mark.parametrize("source", METHODS.values(), ids=METHODS)
def test_methods_that_come_and_go_name_no_instances(live: LiveModule, source: str) -> None:
    live.start(f"import dataclasses, threading\n{source}    def show(self): pass\napp = App()\n")
    reports = [
        live.change("    def show", "    def more(self): pass\n    def show"),
        live.change("def more(self)", "def more(self, x=1)"),
        live.change("    def show(self): pass\n", ""),
    ]

    assert not any(report.notices for report in reports)


FIELDS = {
    "data class": "@dataclasses.dataclass\nclass App:\n    level: int = 1\n",
    "below a data class": (
        "@dataclasses.dataclass\nclass Base: pass\n@dataclasses.dataclass\n"
        "class App(Base):\n    level: int = 1\n"
    ),
    "library's base": (
        "class App(socketserver.BaseServer):\n    level = 1\n"
        "    def __init__(self): super().__init__(None, None)\n"
    ),
}


@pytest.mark.parametrize("source", FIELDS.values(), ids=FIELDS)
def test_instances_are_named_where_a_library_may_have_read_the_member(
    live: LiveModule, source: str
) -> None:
    live.start(f"import dataclasses, socketserver\n{source}app = App()\n")
    report = live.change("= 1", "= 2")

    assert f"{live.name}.app" in {each.path for each in report.notices}


def test_instances_in_other_modules_are_not_named(live: LiveModule) -> None:
    live.package(
        __init__="from . import models, views\n",
        models="class App:\n    level = 1\n    def run(self): return self.level\n",
        views="from .models import App\napp = App()\nLEVEL = app.level\ndef view(): return 1\n",
    )
    models, views = (sys.modules[f"{live.name}.{each}"] for each in ("models", "views"))
    for name, old, new in (("models", "= 1", "= 2"), ("views", "return 1", "return 2")):
        path = live.path.with_name(f"{name}.py")
        path.write_text(path.read_text("utf-8").replace(old, new), encoding="utf-8")
    report = livepatch.reload(models, views, strategy=live.strategy)

    assert [each.path for each in report.notices] == [f"{live.name}.views.LEVEL"]


BEHIND = {
    "getter of a property that has a setter": (
        """
        class App:
            @property
            def size(self): return 1
            @size.setter
            def size(self, value): pass
            def __init__(self): self.had = self.size
        """,
        ("return 1", "return 2"),
    ),
    "computed from it in the body": (
        """
        class App:
            level = 1
            double = level * 2
            twice = double * 2
            def __init__(self): self.had = self.twice
        """,
        ("level = 1", "level = 2"),
    ),
    "computed from it in a class below": (
        """
        class Base:
            level = 1
        class App(Base):
            double = Base.level * 2
            def __init__(self): self.had = self.double
        """,
        ("level = 1", "level = 2"),
    ),
    "one of several functions of one name": (
        """
        class App:
            hook = lambda self: 1
            other = lambda self: 3
            def __init__(self): self.had = self.hook()
        """,
        ("self: 1", "self: 2"),
    ),
    "default of a method": (
        """
        class App:
            level = 1
            def size(self, n=level): return n
            def __init__(self): self.had = self.size()
        """,
        ("level = 1", "level = 2"),
    ),
    "read by the class's decorator": (
        """
        def mark(cls):
            level = cls.level
            def init(self): self.had = level
            cls.__init__ = init
            return cls
        @mark
        class App:
            level = 1
        """,
        ("level = 1", "level = 2"),
    ),
    "read where a class is made below": (
        """
        class Base:
            def __init_subclass__(cls): cls.seen = cls.level
            def __init__(self): self.had = self.seen
        class App(Base):
            level = 1
        """,
        ("level = 1", "level = 2"),
    ),
    "read where a class is made below, by a keyword": (
        """
        class Base:
            def __init_subclass__(cls, by): cls.seen = getattr(cls, by)
            def __init__(self): self.had = self.seen
        class App(Base, by="level"):
            level = 1
        """,
        ("level = 1", "level = 2"),
    ),
    "read by a descriptor that is told its name": (
        """
        class Field:
            def __set_name__(self, cls, name): self.level = cls.level
            def __get__(self, one, cls): return self.level
        class App:
            level = 1
            field = Field()
            def __init__(self): self.had = self.field
        """,
        ("level = 1", "level = 2"),
    ),
}


@pytest.mark.parametrize(("source", "edit"), BEHIND.values(), ids=BEHIND)
def test_instances_are_named_where_the_member_is_read_by_what_makes_the_class(
    live: LiveModule, source: str, edit: tuple[str, str]
) -> None:
    live.start(f"{dedent(source)}app = App()\n")
    report = live.change(*edit)

    assert f"{live.name}.app" in {each.path for each in report.notices}
