"""What upgrades of real packages left unlike a fresh process, and no report named, made small."""

from __future__ import annotations

import sys
from textwrap import dedent
from types import ModuleType
from typing import Any

import pytest

from livepatch.testing import assert_current
from tests.conformance.test_many_modules import Shop
from tests.live import LiveModule

pytestmark = pytest.mark.sampled(8)

WRAPPED = """
    def wrap(made):
        def wrapper(*arguments): return made(*arguments)
        return wrapper
    class Note:
        size = 1
        absolute = wrap(len)
    text = wrap(len)
"""


@pytest.mark.parametrize("rerun", ["all", "changed"])
def test_closures_of_a_decorator_that_has_but_moved_say_where_they_stand(live: LiveModule) -> None:
    # tomlkit, peewee
    module = live.start(WRAPPED)
    held = [module.Note.absolute, module.text]
    line = held[0].__code__.co_firstlineno
    moved = "\n\n" + dedent(WRAPPED).replace("size = 1", "size = 2").replace("(len)", "(abs)")
    live.edit(moved)

    assert held == [module.Note.absolute, module.text]
    assert [each.__code__.co_firstlineno for each in held] == [line + 2, line + 2]
    assert held[0](-3) == 3


SAID = "from json import dumps\nimport json as notes\nLIMIT = 5\nTABLE = {}\n"
DEFINED = "def hit(): return 1\nclass Note: pass\n"


@pytest.mark.parametrize("rerun", ["all", "changed"])
def test_names_go_that_the_new_source_binds_under_a_condition_that_does_not_hold(
    live: LiveModule,
) -> None:
    # cattrs 24.1 to 23.2: Literal for Python 3.7
    module = live.start(f"import sys\n{SAID}{DEFINED}")
    hit = module.hit
    body = "".join(f"    {line}\n" for line in (SAID + DEFINED).splitlines())
    report = live.edit(f"import sys\nif sys.version_info < (3, 1):\n{body}")

    assert [name for name in vars(module) if not name.startswith("_")] == ["sys"]
    assert {each.path for each in report.notices} == {f"{live.name}.hit"}
    assert hit() == 1

    report.undo()

    assert (module.hit, module.LIMIT, module.notes.dumps) == (hit, 5, module.dumps)


@pytest.mark.parametrize("first", ["size = len('b')\n", "if len('b'): size = len('b')\n"])
def test_what_another_statement_binds_under_a_condition_is_named_where_it_does_not_run(
    live: LiveModule, first: str
) -> None:
    module = live.start(f"{first}if len('a'):\n    size = 2\n    text = 'two'\n")
    report = live.edit(f"{first}if len(''):\n    size = 2\n    text = 'two'\n", rerun="changed")

    assert module.size == 2
    assert not hasattr(module, "text")
    named = [(each.code, each.path) for each in report.notices]
    assert named == [("LP313", f"{live.name}.size")]

    live.reload(rerun=("size",))

    assert module.size == 1


def test_what_may_be_bound_anew_is_there_for_functions_that_are_called(live: LiveModule) -> None:
    said = "size = len('b')\ndef look(): return size\n"
    module = live.start(f"{said}if len('a'):\n    size = 2\nseen = look()\n")
    report = live.edit(f"{said}if len(''):\n    size = 2\nseen = look() + 0\n", rerun="changed")

    assert (module.size, module.seen) == (2, 2)
    named = [(each.code, each.path) for each in report.notices]
    assert named == [("LP313", f"{live.name}.size")]


ASKED = {
    "by its name": "try: TABLE\nexcept NameError: TABLE = {}\n",
    "by a text": "if 'TABLE' not in globals(): TABLE = {}\n",
    "of the module": "import sys\nif not hasattr(sys.modules[__name__], 'TABLE'): TABLE = {}\n",
}


@pytest.mark.parametrize("rerun", ["all", "changed"])
@pytest.mark.parametrize("source", ASKED.values(), ids=list(ASKED))
def test_what_the_new_source_asks_for_stays_though_a_condition_binds_it(
    live: LiveModule, source: str
) -> None:
    module = live.start("TABLE = {}\n")
    table = module.TABLE
    live.edit(source)

    assert module.TABLE is table


@pytest.mark.sampled(6)
@pytest.mark.parametrize("rerun", ["all", "changed"])
@pytest.mark.parametrize("tools", ["tools", "more"], ids=["directly", "by way of another"])
def test_what_an_unchanged_statement_imports_is_new_when_the_next_one_runs(
    live: LiveModule, tools: str
) -> None:
    # jinja2.filters: @async_variant(...), with a name that jinja2.async_utils begins to import
    source = f"from .{tools} import variant\n@variant\ndef join(): return 1\n"
    shop = Shop(
        live,
        tools="def variant(made): return made\n",
        more="from .tools import variant\n",
        made=source,
        __init__="from .made import join\n",
    )
    shop.write(
        tools="from json import dumps\ndef variant(made): return dumps([1]), made\n",
        made=source.replace("@variant", "@(lambda made: made)\n@variant"),
        __init__="from .made import join, variant\n",
    )
    shop.reload()
    made: Any = live.module.join

    assert made[0] == "[1]"
    assert made[1]() == 1
    assert_current(live.module)


OWN = """
from .base import *
LIMIT = 3
class Table:
    def size(self): return LIMIT
class Wide(Table): pass
if len("") > 0: Column = MORE = None
del hidden
"""


@pytest.mark.parametrize("rerun", ["all", "changed"])
def test_what_stands_behind_an_import_of_everything_is_the_modules_own(live: LiveModule) -> None:
    # playhouse.dataset: from peewee import *, and a Table of its own
    base = "class Table: pass\nclass Column: pass\nLIMIT = 1\nhidden = 1\n"
    shop = Shop(live, base=base, own=OWN, __init__="from .own import Table\n")
    own, table, wide = shop.part("own"), live.module.Table, shop.part("own").Wide()
    shop.write(
        base=base.replace("LIMIT = 1", "LIMIT = 2\nMORE = 4").replace("Column:", "Column(Table):"),
        own=OWN.replace("Wide(Table): pass", "Wide(Table): more = MORE"),
    )
    report = shop.reload()

    assert own.Table is table is live.module.Table is own.Wide.__bases__[0]
    assert own.Column is shop.part("base").Column
    assert (own.LIMIT, wide.size(), wide.more) == (3, 3, 4)
    assert not {name for name in vars(own) if " " in name or name == "hidden"}
    assert report.ok, report
    assert_current(live.module)


CHOSEN = """
import sys
class Meta(type): pass
class Base(metaclass=Meta):
    def __init_subclass__(cls): cls.made = {}
is_there = False
if sys.platform == "an old one":
    class Lock(Base): pass
else:
    try:
        import json
    except ImportError:
        pass
    else:
        is_there = True
    class Lock(Base): pass
"""
OTHER_BASE = CHOSEN.replace(
    "(metaclass=Meta):\n    def __init_subclass__(cls): cls.made = {}", ":\n    made = []"
)


@pytest.mark.parametrize("rerun", ["all", "changed"])
def test_a_class_that_is_chosen_beside_a_flag_is_made_again_with_its_base(live: LiveModule) -> None:
    # filelock 3.16 to 3.13: UnixFileLock, has_fcntl
    module = live.start(CHOSEN)
    lock, held = module.Lock(), [module.Lock]
    report = live.edit(OTHER_BASE)

    assert held == [module.Lock]
    assert type(lock) is module.Lock
    assert (module.Lock.made, type(module.Lock)) == ([], type)
    assert not report.notices, report


def test_a_class_that_is_chosen_beside_other_data_is_named(live: LiveModule) -> None:
    module = live.start(CHOSEN.replace("is_there = True", "is_there = [1]"))
    report = live.edit(OTHER_BASE.replace("is_there = True", "is_there = [1]"), rerun="changed")

    assert module.Lock.made == {}
    assert [(each.code, each.path) for each in report.notices] == [("LP313", f"{live.name}.Lock")]


SHAPED = """
class Base: pass
class Note(Base):
    def size(self): return 1
NAMES = ["one", "two"]
def add_methods(cls, number):
    for name in NAMES: setattr(cls, name, lambda self: number)
class Box:
    items = []
def enter(cls): Box.items.append(cls)
add_methods(Note, 3)
enter(Note)
"""


@pytest.mark.parametrize("rerun", ["all", "changed"])
def test_what_sets_attributes_of_a_class_that_is_made_again_runs_too(live: LiveModule) -> None:
    # bidict: _override_set_methods_to_use_backing_dict(_OrderedBidictKeysView, "keys")
    module = live.start(SHAPED)
    note, one = module.Note(), module.Note.one
    report = live.edit(SHAPED.replace("class Base:", "class Most: pass\nclass Base(Most):"))

    assert (type(note) is module.Note, one is module.Note.one) == (True, True)
    assert (note.one(), note.two(), note.size()) == (3, 3, 1)
    assert module.Box.items == [module.Note]
    assert report.ok, report


@pytest.mark.parametrize("rerun", ["all", "changed"])
def test_what_an_imported_function_sets_on_a_class_that_is_made_again_is_set_anew(
    live: LiveModule,
) -> None:
    # sympy.core.basic: _prepare_class_assumptions(Basic)
    source = "from .tools import prepare\nclass Base: size = 1\nprepare(Base, 1)\n"
    shop = Shop(live, tools="def prepare(cls, text): cls.text = text\n", __init__=source)
    base = live.module.Base()
    shop.write(__init__=source.replace("size = 1", "size = 2"))
    report = shop.reload()

    assert (base.size, base.text) == (2, 1)
    assert report.ok, report


LOOKS = """
class Note: size = 1
def hit(): return 1
for each in tuple(locals().values()):
    if callable(each): each.place = "shop"
"""


def test_a_loop_that_goes_over_what_has_changed_is_named(live: LiveModule) -> None:
    # bidict: for _obj in tuple(locals().values()): _obj.__module__ = "bidict"
    live.start(LOOKS)
    report = live.edit(LOOKS.replace("size = 1", "size = 2"), rerun="changed")

    assert [each.code for each in report.notices] == ["LP313"]
    assert "line 4 was not run again: for each in" in report.notices[0].message


@pytest.mark.parametrize("rerun", ["all", "changed"])
def test_a_definition_that_stays_because_the_source_takes_it_is_named(live: LiveModule) -> None:
    # packaging.metadata 23.2 to 24.2: ExceptionGroup = ExceptionGroup
    module = live.start("class Note: pass\ndef hit(): return 1\nclass filter: pass\n")
    held = [module.Note, module.hit, module.filter]
    report = live.edit(
        "try: Note\n"
        "except NameError:\n    class Note: size = 1\n"
        "def hit(): return 2\n"
        "if len('') == 0: filter = filter\n"
        "else:\n    class filter: pass\n"
    )

    assert held[:2] == [module.Note, module.hit]
    assert hasattr(module.Note, "size") is False
    named = {each.path for each in report.notices if each.code == "LP211"}
    whole = live.rerun == "all"
    assert named == {f"{live.name}.{name}" for name in ("Note", *(["filter"] if whole else []))}
    assert module.filter is (held[2] if whole else filter)


TAKEN = """
import sys
class Stream:
    @staticmethod
    def show(value): return original, 1
original = sys.displayhook
sys.displayhook = Stream.show
"""


def test_what_the_source_took_from_outside_is_not_its_own_hook(
    live: LiveModule, monkeypatch: pytest.MonkeyPatch
) -> None:
    # werkzeug.debug.console, which would call itself
    monkeypatch.setattr(sys, "displayhook", before := sys.displayhook)
    module = live.start(TAKEN)
    report = live.edit(TAKEN.replace("original, 1", "original, 2"), rerun="all")

    assert module.original is before
    assert sys.displayhook is module.Stream.show
    assert sys.displayhook(1) == (before, 2)

    report.undo()

    assert (module.original, sys.displayhook(1)) == (before, (before, 1))


@pytest.mark.parametrize("rerun", ["all", "changed"])
def test_a_module_that_is_a_copy_of_another_has_what_changed(
    live: LiveModule, monkeypatch: pytest.MonkeyPatch
) -> None:
    # tlz, which a finder of its own fills with what toolz has
    module = live.start("text = 'old text'\nlimit = 1\ndef hit(): return text\n")
    copy, other = ModuleType(f"{live.name}_copy"), ModuleType(f"{live.name}_other")
    vars(copy).update(vars(module), __name__=copy.__name__, __spec__=None, limit=5)
    vars(other).update(text=module.text)
    for each in (copy, other):
        monkeypatch.setitem(sys.modules, each.__name__, each)
    report = live.edit("text = 'new text'\nlimit = 2\ndef hit(): return text\n")

    assert (copy.text, copy.limit, other.text) == ("new text", 5, "old text")
    assert copy.hit is module.hit

    report.undo()

    assert (copy.text, module.text) == ("old text", "old text")


ENTERED = """
class Format:
    known = {}
    def __init__(self, size): self.size = size
Format.known["html"] = Format(1)
Format.known["html4"] = Format(2)
Format.known[None] = Format(3)
"""


def test_what_the_new_source_does_not_enter_in_a_container_that_stays_is_named(
    live: LiveModule,
) -> None:
    # bs4.formatter: HTMLFormatter.REGISTRY["html5-4.12"]
    module = live.start(ENTERED)
    module.Format.known["own"] = own = module.Format(4)
    new = ENTERED.replace('Format.known["html4"] = Format(2)\n', "").replace("size): ", "size=0): ")
    report = live.edit(new, rerun="all")

    assert module.Format.known["own"] is own
    named = [each for each in report.notices if each.code == "LP314"]
    assert [each.path for each in named] == [f"{live.name}.Format.known"]
    assert named[0].message.endswith("no longer enters: 'html4'")


def test_what_a_loop_in_a_class_does_not_enter_any_more_is_named(live: LiveModule) -> None:
    source = """
        class Format:
            names = []
            for each in ("html", "text"):
                names.append(each)
    """
    module = live.start(source)
    module.Format.names.append("own")
    report = live.edit(source.replace('"text"', '"json"'))

    assert module.Format.names == ["html", "text", "own", "json"]
    assert [(each.code, each.path) for each in report.notices] == [
        ("LP314", f"{live.name}.Format.names")
    ]
    assert report.notices[0].message.endswith("no longer enters: 'text'")


TAKES = """
class Base:
    @property
    def centre(self): return 1
    @staticmethod
    def make(): return 1
class Particle(Base):
    point = Base.centre
    build = Base.__dict__["make"]
"""
HAS = """
    @property
    def point(self): return 2
    @staticmethod
    def build(): return 2
"""


@pytest.mark.parametrize("rerun", ["all", "changed"])
def test_descriptors_that_a_class_had_taken_of_another_stay_that_ones(live: LiveModule) -> None:
    # sympy.physics.mechanics 1.13 to 1.12: Particle.point = BodyBase.masscenter
    module = live.start(TAKES)
    held, particle = [module.Base.centre, module.Base.make], module.Particle()
    report = live.edit(TAKES.partition("    point")[0] + HAS)

    assert held == [module.Base.centre, module.Base.make]
    assert (particle.centre, particle.make(), particle.point, particle.build()) == (1, 1, 2, 2)
    assert report.ok, report

    report.undo()

    assert (particle.centre, particle.make(), particle.point, particle.build()) == (1, 1, 1, 1)


def test_what_only_a_script_does_is_not_named_where_the_module_is_none(live: LiveModule) -> None:
    # werkzeug.testapp, netaddr.cli
    source = "text = 1\nif __name__ == '__main__':\n    print(text)\n"
    live.start(source)
    report = live.edit(source.replace("text = 1", "text = 2"), rerun="changed")

    assert not report.notices, report

    report = live.edit(source.replace("text = 1", "text = 3") + "else:\n    size = text\n")
    report = live.edit(
        source.replace("text = 1", "text = 4") + "else:\n    size = text\n", rerun="changed"
    )

    assert [each.path for each in report.notices] == [f"{live.name}.size"]


@pytest.mark.parametrize("rerun", ["all", "changed"])
def test_an_imported_version_follows(live: LiveModule) -> None:
    # immutables: from ._version import __version__
    source = "from .about import __version__\n"
    shop = Shop(live, about="__version__ = '1.0'\n", __init__=source)
    other = live.other("from LIVE.about import __version__ as version\nfrom LIVE import about\n")
    shop.write(about="__version__ = '1.1'\n")
    report = shop.reload()

    assert (live.module.__version__, other.version) == ("1.1", "1.1")
    assert report.ok, report
    assert not report.notices, report

    report.undo()

    assert (live.module.__version__, other.version) == ("1.0", "1.0")


@pytest.mark.parametrize("rerun", ["all", "changed"])
def test_a_module_of_which_nothing_runs_hands_on_what_is_new(live: LiveModule) -> None:
    # sympy.codegen.matrix_nodes, SQLAlchemy: of one base there was the old, of the other the new
    core = "class Basic:\n    __slots__ = ('size',)\n    text = 1\n"
    derived = "from .core import Basic\nclass {}(Basic): __slots__ = ()\n"
    shop = Shop(
        live,
        core=core,
        expr=derived.format("Expr"),
        more="from .expr import Expr\n",
        tokens=derived.format("Token"),
        nodes=(
            "from .more import Expr\nfrom .tokens import Token\n"
            "class Node(Token, Expr): __slots__ = ()\n"
        ),
        __init__="from .core import Basic\nfrom .expr import Expr\nfrom .nodes import Node\n",
    )
    node, bases = live.module.Node(), live.module.Node.__bases__
    shop.write(core=core.replace("text = 1", "text = 2"))
    report = shop.reload()

    assert type(node) is live.module.Node
    assert (node.text, live.module.Node.__bases__) == (2, bases)
    assert shop.part("more").Expr is live.module.Expr is bases[1]
    assert report.ok, report
    assert_current(live.module)


NESTED = """
class Kind:
    class Comparator:
        __slots__ = ("left",)
    size = 1
class Lookup:
    class Comparator(Kind.Comparator): __slots__ = ()
class Interval(Kind):
    class Comparator(Kind.Comparator): __slots__ = ()
    class Both(Lookup.Comparator, Comparator): __slots__ = ()
"""


@pytest.mark.parametrize("rerun", ["all", "changed"])
def test_a_class_with_a_class_in_it_whose_base_is_made_again_is_too(live: LiveModule) -> None:
    # SQLAlchemy: HasExpressionLookup.Comparator(TypeEngine.Comparator)
    module = live.start(NESTED)
    both, held = module.Interval.Both(), [module.Lookup.Comparator, module.Interval.Both]
    report = live.edit(NESTED.replace("size = 1", "size = 2"))

    assert held == [module.Lookup.Comparator, module.Interval.Both]
    assert type(both) is module.Interval.Both
    assert module.Lookup.Comparator.__bases__ == (module.Kind.Comparator,)
    assert (module.Interval.size, report.ok) == (2, True)
    assert_current(module)


LOOPED = """
class Keyword:
    names = "union", "minus"
class Select:
    size = 1
for name in Keyword.names:
    setattr(Select, name, name.upper())
class Compiler(Select):
    words = [Select.union]
"""


@pytest.mark.parametrize("rerun", ["all", "changed"])
def test_a_loop_that_sets_attributes_of_a_class_that_is_made_again_runs_too(
    live: LiveModule,
) -> None:
    # sqlalchemy.sql.selectable: for elem in _CompoundSelectKeyword: setattr(CompoundSelect, ...)
    module = live.start(LOOPED)
    select = module.Select()
    new = LOOPED.replace("class Select:", "class Base: pass\nclass Select(Base):")
    report = live.edit(new)

    assert type(select) is module.Select
    assert (select.union, select.minus, report.ok) == ("UNION", "MINUS", True)
    assert module.Compiler.words == ["UNION"]
