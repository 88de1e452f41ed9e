"""What packages drawn at random have shown: chess, antlr4, opentelemetry and others."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

import livepatch
from tests.live import LiveModule

pytestmark = pytest.mark.sampled(8)

HEAD = "from typing import Generic, TypeVar\nT = TypeVar('T')\n"
ROOTS = {"plain": "class Root: pass\n", "generic": "class Root(Generic[T]): pass\n"}
BASES = ["(Root)", "", "(Generic[T])"]


def _source(root: str, bases: str) -> str:
    return f"{HEAD}{ROOTS[root]}class A{bases}:\n    def __init__(self): self.x = 1\n"


@pytest.mark.parametrize("then", ROOTS)
@pytest.mark.parametrize("root", ROOTS)
@pytest.mark.parametrize("bases", BASES)
@pytest.mark.parametrize("other_bases", BASES)
def test_a_base_and_the_class_below_it_gain_and_lose_generic_at_once(
    live: LiveModule, bases: str, other_bases: str, root: str, then: str
) -> None:
    module = live.start(_source(root, bases))
    other: Any = live.other("import LIVE\nclass Below(LIVE.A): pass\n")
    instance, below = module.A(), other.Below()
    report = live.edit(_source(then, other_bases))

    assert report.ok, report
    assert type(instance) is module.A
    assert other.Below.__bases__ == (module.A,)
    assert isinstance(below, module.A)
    report.undo()
    assert type(instance) is module.A
    assert isinstance(below, module.A)


CIRCLE = {
    "a": (
        "Made = None\nclass Base:\n    kinds = {}\n    x = 1\n    def go(self): return 1\n"
        "class Below(Base):\n    def go(self): return 2\nBase.kinds = {Below: Base.x}\ndel Made\n"
        "from LIVE.b import *\n"
    ),
    "b": "from LIVE.a import Base\nclass Made:\n    def go(self, it: Base): return 'x'\n",
}


@pytest.mark.parametrize("edited", [False, True], ids=["as it was", "edited"])
@pytest.mark.parametrize("order", ["ab", "ba"])
@pytest.mark.parametrize("first", ["a", "b"])
def test_an_import_of_everything_closes_a_circle(
    live: LiveModule, first: str, order: str, *, edited: bool
) -> None:
    package = live.package(__init__="", **CIRCLE)
    modules: dict[str, Any] = {}
    for name in dict.fromkeys((first, "a", "b")):
        modules[name] = __import__(f"{package.__name__}.{name}", fromlist=[name])
    for name, source in CIRCLE.items() if edited else ():
        new = source.replace("x = 1", "x = 1 + 1").replace("return 2", "return 3")
        path = Path(str(modules[name].__file__))
        path.write_text(new.replace("LIVE", package.__name__).replace("'x'", "'y'"), "utf-8")
    options: Any = {"rerun": live.rerun, "strategy": live.strategy}
    report = livepatch.reload(*map(modules.__getitem__, order), **options)

    a, b = modules["a"], modules["b"]
    assert report.ok, report
    assert a.Below.__bases__ == (a.Base,)
    assert b.Base is a.Base
    assert list(a.Base.kinds) == [a.Below]
    assert a.Base.x == 1 + edited


def test_a_module_of_a_namespace_package_goes_with_the_others(live: LiveModule) -> None:
    folder = live.root / f"{live.name}_space"
    folder.mkdir()
    for name in ("one", "two", "three"):
        (folder / f"{name}.py").write_text("X = 1\n", encoding="utf-8")
    package = folder.name
    modules = [__import__(f"{package}.{name}", fromlist=[name]) for name in ("one", "two", "three")]
    (folder / "two.py").unlink()
    with pytest.raises(livepatch.LivepatchError) as caught:
        livepatch.reload(modules[1])
    assert caught.value.code == "LP105"
    gone = modules.pop(1)
    assert f"{package}.two" in sys.modules
    livepatch.reload(gone, *modules)
    assert f"{package}.two" in sys.modules  # `gone` holds it


def test_a_class_moves_and_a_module_that_had_imported_it_makes_another_of_its_name(
    live: LiveModule,
) -> None:
    package = live.package(
        ast="class Const:\n    def go(self): return 1\n    def left(self): return 1\n",
        lib="from LIVE.ast import Const\ndef make(): return Const()\n",
        __init__="from LIVE.ast import Const\nfrom LIVE import lib\n",
    )
    name = package.__name__
    ast, lib = sys.modules[f"{name}.ast"], sys.modules[f"{name}.lib"]
    const, instance = package.Const, package.Const()
    for stem, source in {
        "core": "class Const:\n    def go(self): return 2\n",
        "ast": f"from {name}.core import Const as _C\ndef __getattr__(name): return _C\n",
        "lib": f"from {name} import core\nclass Const:\n    def go(self): return 3\n"
        "def make(): return core.Const()\n",
        "__init__": f"from {name}.core import Const\nfrom {name} import lib\n",
    }.items():
        (live.path.parent / f"{stem}.py").write_text(source, encoding="utf-8")
    options: Any = {"rerun": live.rerun, "strategy": live.strategy}
    report = livepatch.reload(package, ast, lib, **options)

    assert type(instance) is package.Const
    assert package.Const.__module__ == f"{name}.core"
    assert instance.go() == 2
    assert lib.Const is not package.Const
    assert lib.Const().go() == 3
    report.undo()
    assert type(instance) is package.Const is lib.Const
    assert instance.go() == 1
    assert const is package.Const or live.strategy == "repoint"


def test_what_stands_for_the_import_function_meanwhile_is_no_object_of_the_program(
    live: LiveModule,
) -> None:
    package = live.package(
        __init__="",
        shared="REG = []\ndef put(it): REG.append(it)\n",
        a="from LIVE.shared import put\nput(1)\n",
        b="from LIVE.shared import REG\nX = len(REG)\n",
    )
    a, b = (__import__(f"{package.__name__}.{name}", fromlist=[name]) for name in "ab")
    head, folder = f"from {package.__name__}.shared import", live.path.parent
    (folder / "a.py").write_text(f"{head} put\nput(__import__)\n", "utf-8")
    (folder / "b.py").write_text(f"{head} REG\nX = REG[0](1)\n", "utf-8")
    options: Any = {"rerun": live.rerun, "strategy": live.strategy}
    with pytest.raises(TypeError, match="not callable"):
        livepatch.reload(a, b, **options)
    assert b.X == 1


def test_a_dict_with_methods_of_its_own_that_the_load_made(live: LiveModule) -> None:
    source = (
        "class Table(dict):\n"
        "    def __getitem__(self, key): return super(Table, self).__getitem__(key)\n"
        "    def get(self, key, default=None): return self[key] if key in self else default\n"
        "class Field: pass\n"
        "def hit(): return 1\n"
        "class Holder:\n    tables = [Table(hit=hit, field=Field)]\n"
    )
    module = live.start(source)
    table = module.Table(hit=module.hit, field=module.Field)
    edited = source.replace("class Field", "class Base: pass\nclass Field(Base)")
    report = live.edit(edited.replace("tables = [", "tables = [1, "))

    assert report.ok, report
    for each in (table, module.Holder.tables[1]):
        assert type(each) is module.Table
        assert dict(each) == {"hit": module.hit, "field": module.Field}
    report.undo()
    assert dict(table) == {"hit": module.hit, "field": module.Field}


def test_a_failed_load_leaves_a_class_whole_that_somebody_else_has_an_instance_of(
    live: LiveModule,
) -> None:
    lib: Any = live.other(
        "TASKS = {}\n"
        "class Task:\n    def delay(self): return self.run()\n"
        "def shared(function):\n"
        "    def make(): return type(function.__name__, (Task,), {\n"
        "        'run': staticmethod(function), '__module__': function.__module__})\n"
        "    TASKS[function.__name__] = make()()\n"
        "    return lambda: TASKS[function.__name__].delay()\n"
    )
    source = f"from {live.other_name} import shared\n@shared\ndef mul(): return 1\n"
    module = live.start(source)
    with pytest.raises(ValueError, match="half way"):
        live.edit(source.replace("return 1", "return 2") + "raise ValueError('half way')\n")

    assert module.mul() == lib.TASKS["mul"].delay() == 1
