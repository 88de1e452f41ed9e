"""What a judge found who knew the code of others: names that several statements bind."""

from __future__ import annotations

import importlib
import sys
from typing import Any

import pytest

import livepatch
from tests.live import LiveModule

pytestmark = pytest.mark.sampled(10)

BOTH = pytest.mark.parametrize("rerun", ["all", "changed"])

# By case: the source, what is edited, and what is true then.
BOUND_AGAIN = {
    "default": (
        "LEVEL = 1\ndef log(level=LEVEL, end=''): return level, end\nLEVEL = 2\n",
        ("end=''", "end='.'"),
        "log() == (1, '.') and LEVEL == 2",
    ),
    "base": (
        "class Base: kind = 'python'\nOwn = Base\nclass Child(Base): width = 1\n"
        "from OTHER import Base\n",
        ("width = 1", "width = 2"),
        "Child.__bases__ == (Own,) and Child.width == 2 and Base.__module__ == 'OTHER'",
    ),
    "base without another name": (
        "class Base: kind = 'python'\nclass One(Base): pass\nclass Child(Base): width = 1\n"
        "try:\n    from OTHER import Base\nexcept ImportError: pass\n",
        ("Child(Base)", "Child(One, Base)"),
        "Child.__mro__[1:3] == (One, One.__base__) and Child.__mro__[2].kind == 'python'",
    ),
    "base that is there yet": (
        "class Base: kind = 'python'\nclass Child(Base): width = 1\n"
        "try:\n    from OTHER import Missing as Base\nexcept ImportError: pass\n",
        ("width = 1", "width = 2"),
        "Child.__bases__ == (Base,) and Child.width == 2",
    ),
    "attribute of a class": (
        "LEVEL = 1\nclass Log:\n    level = LEVEL\n    size = 1\nLEVEL = 2\n",
        ("size = 1", "size = 2"),
        "(Log.level, Log.size) == (1, 2)",
    ),
    "computed": (
        "ITEMS = [1]\nFIRST = ITEMS[0] + 0\nITEMS = [2]\nSECOND = ITEMS[0]\n",
        ("+ 0", "+ 10"),
        "(FIRST, SECOND, ITEMS) == (11, 2, [2])",
    ),
    "two readers": (
        "N = 1\nA = N + 0\nN = 2\nB = N + 0\nN = 3\n",
        ("+ 0", "+ 10"),
        "(A, B, N) == (11, 12, 3)",
    ),
    "reader behind who stays": (
        "N = 1\nN = 2\nA = N + 0\n".replace("\n", "\n\n"),
        ("N = 1\n\nN = 2\n\nA = N + 0", "N = 5\n\nN = 2\n\nA = N + 1"),
        "(N, A) == (2, 3)",
    ),
    "read through a call": (
        "LEVEL = 1\ndef level(): return LEVEL\nFIRST = level() + 0\nLEVEL = 2\n",
        ("+ 0", "+ 10"),
        "(FIRST, LEVEL) == (11, 2)",
    ),
    "under a condition": (
        "import os\nN = 1\nif os.sep:\n    N = 2\nA = N + 0\nN = 3\n",
        ("+ 0", "+ 10"),
        "(A, N) == (12, 3)",
    ),
    "condition that does not hold behind": (
        "import os\nN = 1\nif not os.sep:\n    N = 2\n",
        ("N = 1", "N = 5"),
        "N == 5",
    ),
    "condition that holds behind": (
        "import os\nN = 1\nif os.sep:\n    N = 2\n",
        ("N = 1", "N = 5"),
        "N == 2",
    ),
    "import that fails behind": (
        "def size(n=1): return n\ntry:\n    from OTHER import size\nexcept ImportError: pass\n",
        ("n=1", "n=5"),
        "size() == 5",
    ),
    "condition that holds no more": (
        "import os\ndef size(): return 1\nif os.sep:\n    def size(): return 2\n",
        ("if os.sep", "if not os.sep"),
        "size() == 1",
    ),
}


@BOTH
@pytest.mark.parametrize("case", BOUND_AGAIN)
def test_a_statement_reads_what_it_would_in_a_fresh_process(live: LiveModule, case: str) -> None:
    source, (before, after), said = BOUND_AGAIN[case]
    live.other("class Base: kind = 'fast'\n")
    live.start(source)
    report = live.change(before, after)
    fresh = eval(said.replace("OTHER", live.other_name), vars(live.module))

    assert fresh, vars(live.module)
    assert [each for each in report.notices if each.code in {"LP303", "LP313"}] == []


@BOTH
def test_who_reads_another_value_of_that_name_stays(live: LiveModule) -> None:
    live.start(
        "LEVEL = [1]\n"
        "def first(level=LEVEL, end=''): return level\n"
        "LEVEL = [2]\n"
        "@print\ndef shown(level=LEVEL): return level\n"
        "COUNT = len(LEVEL)\n"
    )
    table = live.module.LEVEL
    report = live.change("end=''", "end='.'", rerun="changed")

    assert live.module.LEVEL is table
    assert live.module.first() == [1]
    assert report.notices == ()


@pytest.mark.parametrize("rerun", ["changed"])
def test_a_value_that_a_statement_behind_may_have_bound_is_named(live: LiveModule) -> None:
    live.other("made = []\n")
    live.start("import OTHER\nN = 1\nif len(OTHER.made) < 9:\n    N = OTHER.made.append(1) or 2\n")
    report = live.change("N = 1", "N = 5")

    assert live.module.N == 2
    assert [(each.code, each.path) for each in report.notices] == [("LP313", f"{live.name}.N")]


OWN = "def warn(): return 'own'\n"
FAST = "try:\n    from OTHER import warn\nexcept ImportError: pass\n"
FOR_TYPES = (
    "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from OTHER import warn\n"
    "def __getattr__(name): return lambda: 'lazy'\n"
)

# By case: what bound the name for certain and goes, what stays, and what a call gives then.
STILL_BOUND = {
    "import": (OWN, FAST, "fast"),
    "import for certain": (OWN, "from OTHER import warn\nSIZE = 1\n", "fast"),
    "import of everything": (OWN, "from OTHER import *\n", "fast"),
    "import that fails": (OWN, FAST.replace("import warn", "import missing as warn"), None),
    "class": ("class warn: pass\n", FAST, "fast"),
    "condition that holds": (OWN, "if __name__:\n    def warn(): return 'if'\n", "if"),
    "condition that does not": (OWN, "if not __name__:\n    def warn(): return 'if'\n", None),
    "data": ("warn = str\n", "if not __name__:\n    warn = int\n", None),
    "for type checkers": (OWN, FOR_TYPES, "lazy"),
}


@BOTH
@pytest.mark.parametrize("case", STILL_BOUND)
def test_a_name_is_what_the_statements_that_are_left_bind(live: LiveModule, case: str) -> None:
    goes, stays, said = STILL_BOUND[case]
    live.other("def warn(): return 'fast'\n")
    live.start(goes + stays + "def use(): return warn()\n")
    report = live.edit(stays.replace("SIZE = 1", "SIZE = 2") + "def use(): return warn()\n")
    found = getattr(live.module, "warn", lambda: None)()

    assert (found, report.notices) == (said, ())


@pytest.mark.parametrize("rerun", ["changed"])
def test_what_may_bind_a_name_that_has_gone_is_named_where_it_does_more(live: LiveModule) -> None:
    live.other("made = []\n")
    stays = "import OTHER\nif OTHER.made:\n    warn = list(OTHER.made)\n"
    live.start(OWN + stays)
    report = live.edit(stays)

    assert [(each.code, each.path) for each in report.notices] == [("LP313", f"{live.name}.warn")]


ASKS = "import socket, typing\nif hasattr(socket, 'AF_INET'):\n"

# By case: what stands under a condition, of a module that asks for something else by a text.
UNDER_A_CONDITION = {
    "class": "    class Unix: family = 1\n    def serve(): return Unix\n",
    "decorated": "    @typing.final\n    class Unix: family = 1\n",
    "class with a base": "    class Unix(dict):\n        def get(self, key=lambda: 1): pass\n",
    "said in __all__": "    Unix = dict(a=1)\n    __all__ = ['Unix', 'ASKS', 'text']\n",
    "added to __all__": "    def Unix(): pass\n    __all__ += ['Unix', 'ASKS', 'text']\n",
    "entered in __all__": "    def Unix(): pass\n    __all__.append('Unix')\n",
    "says its name": "    Unix = typing.TypeVar('Unix')\n",
}


@BOTH
@pytest.mark.parametrize("case", UNDER_A_CONDITION)
def test_what_a_condition_no_longer_makes_goes(live: LiveModule, case: str) -> None:
    live.start("__all__ = ['other']\nother = 1\n" + ASKS + UNDER_A_CONDITION[case])
    report = live.change("AF_INET", "AF_MARS")

    assert not {"Unix", "serve"} & vars(live.module).keys()
    assert [each for each in report.notices if each.code == "LP211"] == []


ASKING = {
    "globals": "if 'Unix' not in globals():\n    class Unix: pass\n",
    "getattr": "import sys\nif not hasattr(sys.modules[__name__], 'Unix'):\n    class Unix: pass\n",
    "tuple": "import sys\nfor name in ('Unix', 'x'):\n    if name not in globals():\n"
    "        class Unix: pass\n",
    "through __all__": "__all__ = ['Unix', 'x', 'y']\n"
    "if not any(name in globals() for name in __all__):\n    class Unix: pass\n",
}


@pytest.mark.parametrize("rerun", ["all"])
@pytest.mark.parametrize("case", ASKING)
def test_what_a_source_asks_for_is_there(live: LiveModule, case: str) -> None:
    module = live.start(ASKING[case])
    held = module.Unix
    live.edit(ASKING[case] + "SIZE = 1\n")

    assert module.Unix is held


@pytest.mark.parametrize("rerun", ["all"])
def test_a_class_whose_statement_may_not_have_run_is_said_to_be_the_earlier_one(
    live: LiveModule,
) -> None:
    live.start(ASKING["globals"].replace("pass", "size = 1"))
    report = live.change("size = 1", "size = 2")
    (notice,) = report.notices

    assert (notice.code, notice.path) == ("LP211", f"{live.name}.Unix")
    assert notice.message.endswith("once more, or did not run")


OPTIONAL = """
import contextlib

class Ignore:
    def __enter__(self): return self
    def __exit__(self, kind, *_): return kind is ImportError

with contextlib.suppress(ImportError):
    from OTHER import thing
    def helper(): return thing
    class Optional: pass
    LIMIT = [thing]
"""


@BOTH
@pytest.mark.parametrize("manager", ["contextlib.suppress(ImportError)", "Ignore()"])
def test_names_of_a_block_that_ends_at_its_first_line_go(live: LiveModule, manager: str) -> None:
    live.other("thing = 1\n")
    source = OPTIONAL.replace("contextlib.suppress(ImportError)", manager)
    module = live.start(source)
    report = live.change("import thing", "import missing as thing")

    assert not {"thing", "helper", "Optional", "LIMIT"} & vars(module).keys()
    removed = {
        each.path.rpartition(".")[2]
        for each in report.definitions
        if each.outcome.value == "removed"
    }
    assert removed >= {"helper", "Optional"}

    report.undo()

    assert (module.helper(), module.LIMIT, module.Optional.__name__) == (1, [1], "Optional")


@BOTH
def test_what_an_import_is_for_that_is_suppressed_is_what_stood_before(live: LiveModule) -> None:
    live.other("def thing(): return 'fast'\n")
    block = "with contextlib.suppress(ImportError):\n    from OTHER import thing\n"
    live.start(f"import contextlib\ndef thing(): return 'own'\n{block}")
    live.change("import thing", "import missing as thing")

    assert live.module.thing() == "own"

    live.change("'own'", "'new'")

    assert live.module.thing() == "new"


FOUND_NO_MORE = {
    "with": "import contextlib\nwith contextlib.suppress(ImportError):\n    {}\n",
    "try": "try:\n    {}\nexcept ImportError:\n    pass\n",
}


@BOTH
@pytest.mark.parametrize("case", FOUND_NO_MORE)
def test_a_name_goes_that_an_import_finds_no_more(live: LiveModule, case: str) -> None:
    source = FOUND_NO_MORE[case].format(
        "from .fast import thing as own\n    from .fast import kept"
    )
    module = live.package(fast="def thing(): return 1\nkept = [1]\n", __init__=source)
    fast = sys.modules[f"{live.name}.fast"]
    live.path.with_name("fast.py").write_text("def thing_(): return 1\n", encoding="utf-8")
    report = livepatch.reload(fast, module, strategy=live.strategy, rerun=live.rerun)

    assert not {"own", "kept"} & vars(module).keys()

    report.undo()

    assert (module.own(), module.kept) == (1, [1])


@BOTH
def test_what_a_block_binds_that_suppresses_nothing_stays(live: LiveModule) -> None:
    source = "import io\nwith io.StringIO('a') as file:\n    TEXT = file.read()\nSIZE = 1\n"
    module = live.start(source)
    report = live.change("SIZE = 1", "SIZE = 2")

    assert (module.TEXT, report.notices) == ("a", ())


LIBRARY = (
    "class Parser:\n    version = 3\n    def go(self): return 'lib'\ndef parse(): return 'lib'\n"
)
FALLBACK = {
    "class": "class Parser:\n        version = 2\n        def go(self): return 'own'\n",
    "function": "def Parser(): return 'own'\n",
    "empty class": "class Parser: pass\n",
}


@BOTH
@pytest.mark.parametrize("known", [True, False], ids=["imported before", "imported by it"])
@pytest.mark.parametrize("case", FALLBACK)
def test_a_fallback_and_what_is_imported_instead_are_two(
    live: LiveModule, case: str, known: bool
) -> None:
    imported = "parse" if case == "function" else "Parser"
    own, library = FALLBACK[case], live.root / f"{live.other_name}.py"
    live.start(
        f"try:\n    from nowhere import {imported} as Parser\nexcept ImportError:\n    {own}"
    )
    library.write_text(LIBRARY, encoding="utf-8")
    before = said_of(live.module.Parser)
    theirs = said_of(getattr(live.other(LIBRARY), imported)) if known else None
    importlib.invalidate_caches()
    there = live.change("nowhere", live.other_name)
    parser = getattr(sys.modules[live.other_name], imported)

    assert live.module.Parser is parser
    assert theirs in {said_of(parser), None}

    theirs = said_of(parser)
    back = live.change(live.other_name, "nowhere")

    assert said_of(live.module.Parser) == before
    assert (said_of(parser), there.notices + back.notices) == (theirs, ())

    back.undo()

    assert live.module.Parser is parser

    there.undo()

    assert said_of(live.module.Parser) == before


def said_of(parser: Any) -> tuple[Any, ...]:
    made = parser()
    return (
        parser.__module__,
        getattr(parser, "version", type(made).__module__),
        getattr(made, "go", str)(),
    )


IN_TURN = """
class A:
    x = 1
    y = x
    x = 2
    class Inner:
        a = 1
        b = a
        a = 2
"""


@BOTH
def test_lines_of_a_class_body_that_change_places_around_a_name_run_again(
    live: LiveModule, rerun: str
) -> None:
    module = live.start(IN_TURN)
    cls, item = module.A, module.A()
    moved = IN_TURN.replace("    y = x\n    x = 2\n", "    x = 2\n    y = x\n")
    moved = moved.replace("        b = a\n        a = 2\n", "        a = 2\n        b = a\n")
    live.edit(moved, rerun=rerun)

    assert (item.x, item.y, cls.y) == (2, 2, 2)
    assert (cls.Inner.a, cls.Inner.b) == (2, 2)
    assert type(item) is module.A


@pytest.mark.parametrize("value", ["K()", "[].append", "functools.partial(int, base=2)", "{}"])
def test_name_that_another_statement_would_bind_is_there_when_those_behind_it_run(
    live: LiveModule, value: str
) -> None:
    """tortoise-orm: `try: import orjson; D = lambda ...` ran, failed, and D was gone."""
    source = f"""
        import functools
        class K: pass
        D = {value}
        try:
            import missing_dependency
            D = lambda x: missing_dependency.dumps(x)
        except ImportError:
            pass
        class C:
            def __init__(self, d=D): self.d = d
    """
    module = live.start(source)
    value_before = module.D
    live.edit(source.replace("self, d=D", "self, e=1, d=D"), rerun="changed")

    assert module.D is value_before
    assert module.C().d is value_before
