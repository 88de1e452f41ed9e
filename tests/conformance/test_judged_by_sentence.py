"""What an auditor found who took the promises sentence by sentence: packages and their imports."""

from __future__ import annotations

import importlib
import sys
from types import ModuleType

import pytest

import livepatch
from tests.live import LiveModule

pytestmark = pytest.mark.sampled(8)


def start(live: LiveModule, **sources: str) -> ModuleType:
    """Write a package and import it."""
    return live.package(**{"__init__": "", **sources})


def write(live: LiveModule, **sources: str | None) -> None:
    """Write some files of the package anew; None deletes one."""
    for stem, source in sources.items():
        path = live.root / live.name / f"{stem}.py"
        if source is None:
            path.unlink()
        else:
            path.write_text(source.replace("LIVE", live.name), encoding="utf-8")


def part(live: LiveModule, stem: str) -> ModuleType:
    """Import a part of the package."""
    return importlib.import_module(f"{live.name}.{stem}")


def reload(live: LiveModule, *stems: str) -> livepatch.Report:
    """Reload the package and all its loaded parts, or some of them."""
    names = [f"{live.name}.{stem}".removesuffix(".__init__") for stem in stems]
    names = names or [name for name in sys.modules if name.partition(".")[0] == live.name]
    return livepatch.reload(*names, strategy=live.strategy, rerun=live.rerun)


def test_a_part_stays_an_attribute_when_it_is_imported_otherwise(live: LiveModule) -> None:
    package = start(live, __init__="from . import b\nV = b.Y\n", b="Y = 1\n")
    write(live, __init__="from .b import Y\nV = Y\n")
    reload(live)

    assert package.b is sys.modules[f"{live.name}.b"]


def test_parts_stay_attributes_when_a_class_moves_between_them(live: LiveModule) -> None:
    sources = {"a": "class P: pass\n", "b": ""}
    package = start(live, __init__="from .a import P\nfrom . import b\n", **sources)
    held = package.P
    write(live, __init__="from .b import P\nfrom . import a\n", a="", b="class P: pass\n")
    reload(live)

    assert package.P is package.b.P is held
    assert package.a is sys.modules[f"{live.name}.a"]


def test_a_part_that_is_left_in_place_is_left_as_an_attribute(live: LiveModule) -> None:
    package = start(live, __init__="from . import a, b\n", a="def f(): return 1\n", b="")
    held = package.a.f
    write(live, __init__="from . import b\n", a=None)
    report = livepatch.reload_changed(live.name, strategy=live.strategy, rerun=live.rerun)

    assert {notice.code for notice in report.notices} == {"LP309", "LP311"}
    assert package.a is sys.modules[f"{live.name}.a"]
    report.undo()
    assert package.a.f is held


def test_a_package_that_imports_all_parts_of_itself(live: LiveModule) -> None:
    head = "__all__ = ['a']\nfrom . import *\n"
    package = start(live, __init__=head, a="X = 1\n")
    names = set(vars(package))
    write(live, __init__=f"{head}K = 2\n", a="X = 2\n")
    reload(live)

    assert {*vars(package)} == {*names, "K"}
    assert package.a.X == 2
    assert reload(live).ok


KINDS = {
    "constant": "{} = {}\n",
    "function": "def {}(): return {}\n",
    "class": "class {}:\n    def __new__(cls): return {}\n",
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("edited", ["AB", "A", "B", "ABC"])
def test_two_modules_that_import_everything_of_each_other(
    live: LiveModule, kind: str, edited: str
) -> None:
    def said(name: str, number: int) -> str:
        return KINDS[kind].format(name, number)

    package = start(
        live,
        __init__="from . import a\n",
        a=said("A", 1) + "from .b import *\n",
        b=said("B", 1) + "from .a import *\n",
    )
    more = said("C", 3) if "C" in edited else ""
    write(
        live,
        a=said("A", 2 if "A" in edited else 1) + "from .b import *\n",
        b=said("B", 2 if "B" in edited else 1) + more + "from .a import *\n",
    )
    reload(live)

    for name in "ABC" if more else "AB":
        here, there = getattr(package.a, name), getattr(package.b, name)
        assert here is there
        number = here if kind == "constant" else here()
        assert number == (3 if name == "C" else 2 if name in edited else 1)


@pytest.mark.parametrize("over", ["A = 1\n", "A = min(A, 1)\n", "class A: pass\n"])
@pytest.mark.parametrize("both", [True, False])
def test_a_name_that_is_bound_over_an_import_is_its_own(
    live: LiveModule, over: str, *, both: bool
) -> None:
    start(live, config="A = 1\n", user=f"from .config import A\n{over}")
    user = part(live, "user")
    before = user.A
    write(live, config="A = 2\n")
    reload(live, *(["config", "user"] if both else ["config"]))

    assert user.A is before


@pytest.mark.parametrize("handler", ["except ImportError:\n    A = 7\n", "except:\n    A = f(1)\n"])
def test_a_name_that_is_bound_where_an_import_fails_is_imported(
    live: LiveModule, handler: str
) -> None:
    start(live, config="A = 1\n", user=f"try:\n    from .config import A\n{handler}B = 1\n")
    user = part(live, "user")
    write(live, config="A = 2\n")
    reload(live, "config")

    assert user.A == 2


def test_a_package_takes_the_name_of_a_part_that_it_imports_otherwise(live: LiveModule) -> None:
    package = start(live, __init__="from . import b\n", b="Y = 1\n")
    write(live, __init__="from . import b as _b\nb = 5\n")
    reload(live)

    assert package.b == 5
    assert package._b is sys.modules[f"{live.name}.b"]


@pytest.mark.parametrize("extra", ["", " + 0"])
def test_a_package_that_does_not_run_has_no_part_loaded_before_its_turn(
    live: LiveModule, extra: str
) -> None:
    package = start(
        live,
        __init__="from . import a, b\n",
        z="",
        a="from . import z\nV = 1\ndef make(): return V\n",
        b="from .a import V, make\nW = V\nMADE = make()\nclass C:\n    at = V\n",
    )
    write(
        live,
        a="from . import z\nV = 2\nNEW = 3\ndef make(): return V * 10\n",
        b=f"from .a import V, NEW, make\nW = V{extra}\nMADE = make(){extra}\n"
        f"class C:\n    at = V{extra}\n",
    )
    livepatch.reload_changed(live.name, strategy=live.strategy, rerun=live.rerun)

    b = package.b
    assert (b.V, b.NEW, b.make()) == (2, 3, 20)
    if extra or live.rerun == "all":  # else they are kept, and named
        assert (b.W, b.MADE, b.C.at) == (2, 20, 2)


def test_very_many_parts_that_import_one_of_their_package(live: LiveModule) -> None:
    names = [f"part_{index}" for index in range(150)]
    said = "from . import z\nV = {}\n"
    package = start(
        live,
        __init__="".join(f"from . import {name}\n" for name in names),
        z="",
        **dict.fromkeys(names, said.format(1)),
    )
    write(live, **dict.fromkeys(names, said.format(22)))
    report = livepatch.reload_changed(live.name, strategy=live.strategy, rerun=live.rerun)

    assert len(report.modules) == len(names)
    assert {getattr(package, name).V for name in names} == {22}


STAR_OF_A_STAR = {
    "comes and goes": ["from .a import *\nB = 2\n", "B = 3\n"],
    "another name": ["from .a import *\nB = 2\n", "from .a import A as other\nB = 3\n"],
    "moves there": ["A = [5]\nB = 2\n", "from .a import *\nB = 2\n"],
}


@pytest.mark.parametrize("edit", STAR_OF_A_STAR)
def test_names_by_a_star_import_of_a_star_import(live: LiveModule, edit: str) -> None:
    package = start(
        live,
        __init__="from . import a, b\nfrom .b import *\n",
        a="A = [1]\nclass K: pass\n",
        b="B = 1\n",
    )
    for text in STAR_OF_A_STAR[edit]:
        write(live, b=text)
        reload(live)

    expected = {name for name in ("A", "K", "B", "other") if hasattr(package.b, name)}
    assert {name for name in ("A", "K", "B", "other") if hasattr(package, name)} == expected
    assert all(getattr(package, name) is getattr(package.b, name) for name in expected)


def test_what_one_star_import_gives_no_more_another_one_gives(live: LiveModule) -> None:
    start(
        live,
        a="X = 1\n",
        b="from .a import X\nY = 1\n",
        user="from .b import *\nfrom .a import *\ndef use(): return X\n",
    )
    user = part(live, "user")
    write(live, b="Y = 2\n")
    reload(live, "b")

    assert (user.use(), user.Y) == (1, 2)


MOVING = {
    "lambda": ("", "f = lambda: {}\n"),
    "closure": ("", "def make(n):\n    def inner(): return n\n    return inner\nf = make({})\n"),
    "contextmanager": (
        "import contextlib\n",
        "@contextlib.contextmanager\ndef f():\n    yield {}\n",
    ),
    "lru_cache": ("import functools\n", "@functools.lru_cache\ndef f(): return {}\n"),
    "singledispatch": ("import functools\n", "@functools.singledispatch\ndef f(x=1): return {}\n"),
    "function": ("", "def f(): return {}\n"),
    "class": ("", "class f:\n    def __new__(cls): return {}\n"),
}


@pytest.mark.parametrize("kind", MOVING)
def test_what_moves_and_is_imported_in_its_old_place_is_followed(
    live: LiveModule, kind: str
) -> None:
    head, text = MOVING[kind]
    package = start(
        live,
        __init__="from .a import f\nfrom . import a, b\n",
        a=head + text.format(1),
        b=head,
    )
    held = [package.f, {package.f: 1}]
    write(live, a="from .b import f\n", b=head + text.format(2))
    reload(live)

    assert held == [package.b.f, {package.b.f: 1}]
    assert package.f is package.a.f is package.b.f


@pytest.mark.parametrize(
    "said",
    [
        "import sys\nif sys.argv is not None:\n    from .config import A\n",
        "try:\n    from .config import A\nexcept ImportError:\n    A = 7\n",
        "if True:\n    try:\n        from .config import A as B, A\n    finally:\n        pass\n",
    ],
)
def test_definitions_made_with_what_is_imported_under_a_condition(
    live: LiveModule, said: str
) -> None:
    start(live, config="A = 1\n", user=f"{said}def f(x=A): return x\nclass C:\n    at = A\n")
    user, names = part(live, "user"), [f"{live.name}.config", f"{live.name}.user"]
    write(live, config="A = 2\n")
    livepatch.reload(*names, strategy=live.strategy, rerun=live.rerun)

    assert (user.A, user.f(), user.C.at) == (2, 2, 2)


def test_what_was_computed_by_way_of_a_module_that_hands_on(live: LiveModule) -> None:
    start(
        live,
        config="LIMIT = 1\n",
        double="from .config import LIMIT\nD = LIMIT * 2\n",
        between="from .double import D\n",
        user="from .between import D as named\nJ = named + 1\n",
    )
    part(live, "user")
    write(live, config="LIMIT = 2\n")
    report = reload(live, "config")

    named = {notice.path.partition(".")[2] for notice in report.notices if notice.code == "LP312"}
    assert named == {"double.D", "user.J"}


def test_what_a_statement_sets_on_another_module_goes_with_it(live: LiveModule) -> None:
    said = "from . import a\nimport LIVE\na.hook = lambda: 5\nLIVE.flag = 1\n"
    package = start(live, __init__="from . import a, b\n", a="X = 1\n", b=said)
    hook = package.a.hook
    write(live, b="from . import a\na.hook2 = lambda: 6\n")
    report = reload(live)

    assert package.a.hook2() == 6
    assert not hasattr(package.a, "hook")
    assert not hasattr(package, "flag")
    report.undo()
    assert (package.a.hook, package.flag) == (hook, 1)


def test_what_a_statement_that_stays_has_set_on_another_module_stays(live: LiveModule) -> None:
    said = "from . import a\na.X = 77\na.f = lambda: 7\n"
    package = start(live, __init__="from . import a, b\n", a="X = 1\ndef f(): return 1\n", b=said)
    write(live, a="X = 2\ndef f(): return 2\n")
    reload(live)

    assert (package.a.X, package.a.f()) == (77, 7)


def test_the_order_of_modules_comes_back_by_an_undo(live: LiveModule) -> None:
    start(live, __init__="from . import a\nfrom . import b\n", a="", b="")
    before = [name for name in sys.modules if name.partition(".")[0] == live.name]
    write(live, __init__="from . import b\n", a=None)
    reload(live).undo()

    assert [name for name in sys.modules if name.partition(".")[0] == live.name] == before


def test_a_class_inside_another_one_moves_to_another_module_and_back(live: LiveModule) -> None:
    nested = {"a": "class Out:\n    class In: pass\n", "b": ""}
    package = start(live, __init__="from . import a, b\n", **nested)
    held = package.a.Out.In()
    said = "from .b import In as _In\nclass Out:\n    In = _In\n"
    write(live, a=said, b="class In: pass\n")
    reload(live)

    assert type(held) is package.b.In is package.a.Out.In
    assert (package.b.In.__module__, package.b.In.__qualname__) == (f"{live.name}.b", "In")
    write(live, **nested)
    reload(live)

    assert type(held) is package.a.Out.In
    assert (type(held).__module__, type(held).__qualname__) == (f"{live.name}.a", "Out.In")


def test_a_function_that_begins_to_yield_is_one_object_in_all_modules(live: LiveModule) -> None:
    package = start(
        live,
        __init__="from .a import *\nfrom .b import *\n",
        a="def f(): return [1]\ndef g(x=1): return x\n",
        b="from LIVE import f, g\nX = 1\n",
    )
    held = package.f
    write(
        live,
        a="def f(): yield 2\ndef g(x=2): return x\n",
        b="from LIVE import f, g\nX = 2\nY = list(f())\n",
    )
    reload(live)

    assert held is package.f is package.a.f is package.b.f
    assert list(held()) == package.Y == [2]


def test_an_undo_takes_a_name_back_from_who_star_imports_a_renamed_function(
    live: LiveModule,
) -> None:
    module = live.start("__all__ = ['a', 'b']\ndef a(): return 1\ndef b(): return 2\n")
    other = live.other("from LIVE import *\n")
    edited = "__all__ = ['a', 'c']\ndef a(): return 1\ndef c(): return 2\n"
    for _ in range(2):
        report = live.edit(edited)
        assert {name for name in "abc" if hasattr(other, name)} == {"a", "c"}
        report.undo()
        assert {name for name in "abc" if hasattr(other, name)} == {"a", "b"}
    assert other.b is module.b


def test_what_a_statement_has_set_on_a_module_that_is_not_reloaded_is_named(
    live: LiveModule,
) -> None:
    other = live.other("def log(): return 1\n")
    live.start("import OTHER\nOTHER.hook = lambda: 5\nOTHER.level = 1\n")
    report = live.edit("import OTHER\nOTHER.level = 2\n")

    assert (other.level, other.hook()) == (2, 5)
    named = {notice.path for notice in report.notices if notice.code == "LP314"}
    assert named == {f"{other.__name__}.hook"}
