"""Packages: a package's own module, its parts, and what they import from one another."""

from __future__ import annotations

import importlib
import shutil
import sys
from types import ModuleType

import pytest

import livepatch
from tests.live import LiveModule

pytestmark = pytest.mark.sampled(8)


def part_of(live: LiveModule, stem: str) -> ModuleType:
    """A submodule of the package under test."""
    return importlib.import_module(f"{live.name}.{stem}")


def edit_part(live: LiveModule, stem: str, source: str) -> livepatch.Report:
    """Write the source of a submodule and reload it."""
    path = live.root / live.name / f"{stem}.py"
    path.write_text(source.replace("LIVE", live.name), encoding="utf-8")
    return livepatch.reload(f"{live.name}.{stem}", strategy=live.strategy, rerun=live.rerun)


def test_submodule(live: LiveModule) -> None:
    live.package(__init__="", shapes="def area(): return 1\n")
    shapes = part_of(live, "shapes")
    held = [shapes.area]
    edit_part(live, "shapes", "def area(): return 2\n")

    assert held[0] is shapes.area
    assert held[0]() == 2
    assert live.module.shapes is shapes


def test_name_a_package_reexports_from_its_submodule(live: LiveModule) -> None:
    package = live.package(
        __init__="from LIVE.shapes import Shape, area\n",
        shapes="class Shape: pass\ndef area(): return 1\n",
    )
    edit_part(live, "shapes", "class Base: pass\nclass Shape(Base): pass\ndef area(): return 2\n")
    shapes = part_of(live, "shapes")

    assert package.Shape is shapes.Shape
    assert package.area is shapes.area
    assert package.area() == 2


def test_package_itself(live: LiveModule) -> None:
    package = live.package(__init__="def hit(): return 1\n", shapes="A = 1\n")
    shapes = part_of(live, "shapes")
    held = [package.hit]
    live.edit("def hit(): return 2\n")

    assert held[0] is package.hit
    assert held[0]() == 2
    assert package.shapes is shapes
    assert package.__path__ == [str(live.root / live.name)]


def test_relative_import_of_a_sibling(live: LiveModule) -> None:
    live.package(
        __init__="",
        base="class Base:\n    def hit(self): return 1\n",
        player="from .base import Base\nclass Player(Base): pass\n",
    )
    player = part_of(live, "player").Player()
    edit_part(live, "base", "class Root: pass\nclass Base(Root):\n    def hit(self): return 2\n")
    base = part_of(live, "base")

    assert part_of(live, "player").Player.__bases__ == (base.Base,)
    assert isinstance(player, base.Root)
    assert player.hit() == 2


def test_reload_of_the_importer_leaves_what_it_imported_alone(live: LiveModule) -> None:
    live.package(
        __init__="",
        base="class Base:\n    def hit(self): return 1\n",
        player="from .base import Base\nclass Player(Base):\n    a = 1\n",
    )
    held = [part_of(live, "base").Base, part_of(live, "player").Player()]
    report = edit_part(live, "player", "from .base import Base\nclass Player(Base):\n    a = 2\n")

    assert held[0] is part_of(live, "base").Base is part_of(live, "player").Base
    assert held[1].a == 2
    assert not any(".base." in line.path for line in report.definitions)


def test_circular_imports(live: LiveModule) -> None:
    live.package(
        __init__="from . import a, b\n",
        a="from . import b\nclass A:\n    def other(self): return b.B\n",
        b="from . import a\nclass B:\n    def other(self): return a.A\n",
    )
    a, b = part_of(live, "a"), part_of(live, "b")
    held = [a.A(), b.B()]
    edit_part(
        live,
        "a",
        "from . import b\nclass Base: pass\nclass A(Base):\n    def other(self): return b.B\n",
    )

    assert held[1].other() is a.A is type(held[0])
    assert held[0].other() is b.B


def test_definition_that_moved_to_a_new_submodule(live: LiveModule) -> None:
    package = live.package(__init__="def hit(): return 1\ndef heal(): return 1\n")
    (live.root / live.name / "fight.py").write_text("def hit(): return 2\n", encoding="utf-8")
    importlib.invalidate_caches()
    live.edit("from .fight import hit\ndef heal(): return 1\n")

    assert package.hit is sys.modules[f"{live.name}.fight"].hit
    assert package.hit() == 2


def test_definition_that_claims_to_live_in_the_package(live: LiveModule) -> None:
    package = live.package(
        __init__="from .shapes import Shape\nShape.__module__ = __name__\n",
        shapes="class Shape:\n    def hit(self): return 1\n",
    )
    shape = package.Shape()
    edit_part(live, "shapes", "class Shape:\n    def hit(self): return 2\n")

    assert package.Shape is part_of(live, "shapes").Shape is type(shape)
    assert shape.hit() == 2


def test_reexported_class_when_the_package_is_reloaded(live: LiveModule) -> None:
    package = live.package(
        __init__="from .shapes import Shape\nA = 1\n",
        shapes="class Shape:\n    def hit(self): return 1\n",
    )
    held = [package.Shape]
    live.edit("from .shapes import Shape\nA = 2\n")

    assert held[0] is package.Shape is part_of(live, "shapes").Shape
    assert package.A == 2


def test_submodule_hidden_by_a_function_of_its_name(live: LiveModule) -> None:
    package = live.package(__init__="from .hit import hit\n", hit="def hit(): return 1\n")
    held = [package.hit]
    path = live.root / live.name / "hit.py"
    path.write_text("def hit(): return 2\n", encoding="utf-8")
    livepatch.reload(f"{live.name}.hit", strategy=live.strategy, rerun=live.rerun)

    assert held[0] is package.hit is sys.modules[f"{live.name}.hit"].hit
    assert held[0]() == 2


def test_class_that_says_it_belongs_to_the_package(live: LiveModule) -> None:
    part = (
        "def public(cls):\n    cls.__module__ = 'LIVE'\n    return cls\n"
        "@public\nclass Item:\n    def size(self): return 1\n"
    )
    live.package(__init__="from .items import Item\n", items=part)
    item = live.module.Item()
    size = item.size
    path = live.root / live.name / "items.py"
    path.write_text(part.replace("LIVE", live.name).replace("return 1", "return 2"), "utf-8")
    report = livepatch.reload(
        live.module, part_of(live, "items"), strategy=live.strategy, rerun=live.rerun
    )

    assert report.ok
    assert report.notices == ()
    assert type(item) is live.module.Item is part_of(live, "items").Item
    assert size() == item.size() == 2
    assert size.__func__ is live.module.Item.size


@pytest.mark.parametrize("listed", ["by_file", "all", "changed"])
def test_a_part_gains_and_loses_its_init(live: LiveModule, listed: str) -> None:
    package = live.package(__init__="")
    init = live.root / live.name / "lib" / "__init__.py"
    init.parent.mkdir()
    (init.parent / "azure.py").write_text("def get(): return 1\n", encoding="utf-8")
    live.edit("from .lib import azure\n")
    held, lib = package.azure.get, sys.modules[f"{live.name}.lib"]

    def reload() -> livepatch.Report:
        if listed == "changed":
            return livepatch.reload_changed(live.name, strategy=live.strategy, rerun=live.rerun)
        parts = [part for name, part in sys.modules.items() if name.startswith(live.name)]
        if listed == "by_file":
            parts = [part for part in parts if getattr(part, "__file__", None)]
        return livepatch.reload(*parts, strategy=live.strategy, rerun=live.rerun)

    (init.parent / "azure.py").write_text("def get(): return 22\n", encoding="utf-8")
    init.write_text("'Said.'\ndef tool(): return 1\n", encoding="utf-8")
    live.write("from .lib import azure, tool\n")
    assert reload().ok

    assert held is package.azure.get
    assert held() == 22
    assert package.tool is lib.tool is package.lib.tool
    assert (lib.__file__, lib.__doc__) == (str(init), "Said.")
    assert list(lib.__path__) == [str(init.parent)]
    assert livepatch.changed(live.name) == ()

    init.unlink()
    live.write("from .lib import azure\n")
    gone = reload()

    assert package.lib is lib is sys.modules[lib.__name__]
    assert lib.azure is package.azure
    assert not hasattr(lib, "tool")
    assert (lib.__file__, lib.__doc__) == (None, None)
    assert list(lib.__path__) == [str(init.parent)]
    assert livepatch.changed(live.name) == ()

    gone.undo()

    assert package.tool is lib.tool
    assert lib.__file__ == str(init)


@pytest.mark.parametrize("listed", ["by_file", "all"])
@pytest.mark.parametrize("left", ["nothing", "folder", "another part"])
def test_a_file_without_init_beside_it_goes(live: LiveModule, left: str, listed: str) -> None:
    live.package(__init__="")
    folder = live.root / live.name / "lib"
    folder.mkdir()
    (folder / "one.py").write_text("x = 1\n", encoding="utf-8")
    (folder / "two.py").write_text("", encoding="utf-8")
    live.write("from .lib import one\n")
    del sys.modules[live.name]  # an import, and no reload that could be undone, has brought it
    importlib.import_module(live.name)
    if left == "another part":
        part_of(live, "lib.two")
    live.write("from .lib import two\n" if left == "another part" else "")
    (folder / "one.py").unlink()
    if left == "nothing":
        shutil.rmtree(folder)
    parts = [part for name, part in sys.modules.items() if name.startswith(live.name)]
    if listed == "by_file":
        parts = [part for part in parts if getattr(part, "__file__", None)]
    report = livepatch.reload(*parts, strategy=live.strategy, rerun=live.rerun)
    del parts

    assert f"{live.name}.lib.one" not in sys.modules
    assert (f"{live.name}.lib" in sys.modules) is (left == "another part")
    assert hasattr(live.module, "lib") is (left == "another part")
    gone = [notice.path for notice in report.notices if notice.code == "LP311"]
    assert f"{live.name}.lib.one" in gone


def test_a_package_whose_init_has_gone_is_told_from_one_that_had_none(live: LiveModule) -> None:
    live.package(__init__="X = 1\n", part="")
    part_of(live, "part")
    live.path.unlink()
    with pytest.raises(livepatch.NotReloadableError, match=r"LP105.*__init__\.py has gone"):
        live.reload()

    assert live.module.X == 1
