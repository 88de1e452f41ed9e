"""``rerun="changed"``: what one module computes from another one's data is made anew, or named."""

from __future__ import annotations

import importlib
import sys
from typing import Any

import pytest

import livepatch
from tests.conformance.test_many_modules import Shop
from tests.live import LiveModule

pytestmark = pytest.mark.sampled(8)

VERSIONS = """
import json
text = '{"version": 1}'
def get(): return json.loads(text)
class Reader:
    def __init__(self): self.found = 0
    def read(self): return get()["version"] + self.found
"""
VALUE = {
    "a call": "from .about import get\nversion = get()['version']\n",
    "a call of what is deleted": "from .about import get\nversion = get()['version']\ndel get\n",
    "a call by its module": "from . import about\nversion = about.get()['version']\n",
    "a call under another name": "from .about import get as ask\nversion = ask()['version']\n",
    "a method": "from .about import Reader\nversion = Reader().read()\n",
    "a function here": (
        "from . import about\ndef ask(): return about.get()\nversion = ask()['version']\n"
    ),
    "a value of a value": "from .about import get\nfound = get()\nversion = found['version']\n",
    "a module that is deleted": "from . import about\nversion = about.text[12:-1]\ndel about\n",
}


@pytest.mark.parametrize("source", VALUE.values(), ids=list(VALUE))
def test_a_value_that_is_kept_though_what_another_module_uses_has_changed_is_named(
    live: LiveModule, source: str
) -> None:
    shop = Shop(live, about=VERSIONS, __init__=source)
    before = live.module.version
    shop.write(about=VERSIONS.replace("1", "2"))
    report = shop.reload(rerun="changed")

    assert live.module.version == before
    named = [each.path for each in report.notices if each.code == "LP313"]
    assert f"{live.name}.version" in named, report

    shop.reload(rerun=("version", "found") if "found" in source else ("version",))

    assert int(live.module.version) == 2


def test_what_does_not_use_what_has_changed_is_not_named(live: LiveModule) -> None:
    about = VERSIONS + "def other(): return 1\n"
    source = "from . import about\nfrom .about import other\nsize = other() + about.other()\n"
    shop = Shop(live, about=about, __init__=source)
    shop.write(about=about.replace('"version": 1', '"version": 2'))

    assert not shop.reload(rerun="changed").notices


DEFINITION = {
    "a class": ("class Note:\n    text = about.text\n", lambda module: module.Note.text),
    "a default": ("def read(text=about.text): return text\n", lambda module: module.read()),
    "a decorator": (
        "def keep(text): return lambda made: lambda: text\n@keep(about.text)\ndef read(): pass\n",
        lambda module: module.read(),
    ),
}


@pytest.mark.parametrize(("source", "read"), DEFINITION.values(), ids=list(DEFINITION))
def test_a_definition_is_made_again_after_the_module_whose_data_it_uses(
    live: LiveModule, source: str, read: Any
) -> None:
    shop = Shop(live, about="text = 1\n", __init__=f"from . import about\n{source}")
    shop.write(about="text = 2\n")
    report = shop.reload(rerun="changed")

    assert read(live.module) == 2
    assert report.ok, report


def test_a_loop_over_another_modules_data_is_named_where_its_names_are_deleted(
    live: LiveModule,
) -> None:
    source = "from . import about\nfound = []\nfor each in (about.text,): found.append(each)\n"
    shop = Shop(live, about="text = 1\n", __init__=f"{source}del each\n")
    shop.write(about="text = 2\n")
    report = shop.reload(rerun="changed")

    assert live.module.found == [1]
    assert [each.code for each in report.notices] == ["LP313"]


POOL = """
conns = {}
count = 0
LIMIT = 3
def get(key):
    global count
    count += 1
    return conns.setdefault(key, object())
"""
MOVED_WITH_STATE = {
    "the function alone": "from {0} import get\n",
    "with its data": "from {0} import get, conns, count\n",
    "and something stays": "from {0} import get\nother = {{}}\n",
}


@pytest.mark.parametrize("case", MOVED_WITH_STATE)
def test_data_that_moves_with_the_functions_that_use_it_stays(live: LiveModule, case: str) -> None:
    """A pool of connections was empty once it had a module of its own."""
    module = live.start(POOL)
    get, conns = module.get, module.conns
    first = get("main")
    name = f"{live.name}_pool"
    (live.root / f"{name}.py").write_text(POOL.replace("LIMIT = 3", "LIMIT = 4"), encoding="utf-8")
    report = live.edit(MOVED_WITH_STATE[case].format(name), rerun="changed")
    pool = sys.modules[name]

    assert get is module.get is pool.get
    assert pool.conns is conns
    assert get("main") is first
    assert (pool.count, pool.LIMIT) == (2, 4)
    if case == "with its data":
        assert module.conns is conns
        assert module.count == 1
    report.undo()
    assert module.get is get
    assert module.conns is conns
    assert get("main") is first


DECORATORS = {
    "contextmanager": "from contextlib import contextmanager as deco",
    "lru_cache": "from functools import lru_cache as deco",
    "singledispatch": "from functools import singledispatch as deco",
    "wraps": "import functools\ndef deco(f):\n    @functools.wraps(f)\n"
    "    def w(*a, **k): return f(*a, **k)\n    return w",
    "nameless": "def deco(f):\n    def w(*a, **k): return f(*a, **k)\n    return w",
    "elsewhere": "from {0} import deco",
    "elsewhere nameless": "from {0} import deco2 as deco",
    "none": "def deco(f): return f",
}
ELSEWHERE = (
    "import functools\ndef deco(f):\n    @functools.wraps(f)\n"
    "    def w(*a, **k): return f(*a, **k)\n    return w\n"
    "def deco2(f):\n    def w(*a, **k): return f(*a, **k)\n    return w\n"
)
EDITS = {
    "annotation": "def status(a, b=False) -> int:\n    yield 1\n",
    "default": "def status(a, b=True):\n    yield 1\n",
    "parameter": "def status(a, b=False, c=1):\n    yield 1\n",
}


@pytest.mark.parametrize("user", ["from {0} import status", "import {0}\nstatus = {0}.status"])
@pytest.mark.parametrize("edit", EDITS)
@pytest.mark.parametrize("deco", DECORATORS)
def test_decorated_function_that_another_module_of_the_reload_has_is_one(
    live: LiveModule, deco: str, edit: str, user: str
) -> None:
    """alembic: it counted as new, for the module that had it had not run again."""
    maker = live.other(ELSEWHERE).__name__
    head = DECORATORS[deco].format(maker) + "\n@deco\n"
    module = live.start(head + "def status(a, b=False):\n    yield 1\n")
    name = f"{live.name}_user"
    (live.root / f"{name}.py").write_text(user.format(live.name) + "\n", encoding="utf-8")
    other = importlib.import_module(name)
    held = [module.status]
    live.write(head + EDITS[edit])
    report = livepatch.reload(live.name, name, rerun="changed")

    assert held[0] is module.status is other.status
    assert {each.outcome for each in report.definitions if each.path.endswith(".status")} <= {
        *(livepatch.Outcome.UPDATED, livepatch.Outcome.REPLACED),
    }


def test_data_that_moves_is_made_anew_where_its_statement_says_something_else(
    live: LiveModule,
) -> None:
    text = "import logging\nlog = logging.getLogger(__name__)\nX = BASE + 1\n"
    text += "def f(): return X, log.name\n"
    module = live.start("BASE = 1\n" + text)
    f = module.f
    name = f"{live.name}_there"
    (live.root / f"{name}.py").write_text("BASE = 9\n" + text, encoding="utf-8")
    live.edit(f"from {name} import f\n", rerun="changed")

    assert module.f is f
    assert f() == (10, name)


KINDS = {
    "generator": ("def f(n):\n    return iter([n])\n", "def f(n):\n    yield n + 1\n"),
    "no generator": ("def f(n):\n    yield n\n", "def f(n):\n    return iter([n + 1])\n"),
    "coroutine": ("def f(n):\n    return n\n", "async def f(n):\n    return n\n"),
}
USES = {
    "used": ("from {0} import f\nX = (f, 1)\n", "from {0} import f\nX = (f, 2)\n"),
    "default": (
        "from {0} import f\ndef g(x=f): pass\n",
        "from {0} import f\ndef g(x=f, y=2): pass\n",
    ),
    "star": ("from {0} import *\n", "from {0} import *\nfrom {0} import f as ff\n"),
    "added": ("n = 1\n", "n = 1\nfrom {0} import f\n"),
}  # fmt: skip


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("kind", KINDS)
def test_function_that_cannot_take_its_code_is_one_where_an_import_runs_meanwhile(
    live: LiveModule, kind: str, use: str
) -> None:
    """nltk: who imported it while it was lent its new code had another one for good."""
    module = live.start(KINDS[kind][0] + "g = 1\n")
    held = [module.f]
    name = f"{live.name}_user"
    path = live.root / f"{name}.py"
    path.write_text(USES[use][0].format(live.name), encoding="utf-8")
    other = importlib.import_module(name)
    path.write_text(USES[use][1].format(live.name), encoding="utf-8")
    live.write(KINDS[kind][1] + "g = 1\n")
    livepatch.reload(live.name, name, rerun="changed")

    assert held[0] is module.f is other.f
    assert getattr(other, "X", held)[0] is module.f
    assert getattr(other, "ff", module.f) is module.f
    if use == "default":
        assert other.g.__defaults__[0] is module.f
