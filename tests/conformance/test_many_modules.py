"""Several modules at once: one transaction, in the order in which the imports ask for them."""

from __future__ import annotations

import importlib
import shutil
import sys
from pathlib import Path
from types import ModuleType

import pytest

import livepatch
from tests.live import LiveModule, run_in_child

pytestmark = pytest.mark.sampled(8)


class Shop:
    """A package of several modules on disk, and all of its loaded modules."""

    def __init__(self, live: LiveModule, **sources: str) -> None:
        self.live = live
        live.package(**sources)

    @property
    def folder(self) -> Path:
        return self.live.root / self.live.name

    def part(self, stem: str) -> ModuleType:
        return sys.modules[f"{self.live.name}.{stem}"]

    def modules(self) -> list[ModuleType]:
        top = self.live.name
        return [each for name, each in sys.modules.items() if name.split(".")[0] == top]

    def write(self, **sources: str) -> None:
        for stem, source in sources.items():
            (self.folder / f"{stem}.py").write_text(source, encoding="utf-8")

    def reload(self, **options: object) -> livepatch.Report:
        options.setdefault("strategy", self.live.strategy)
        options.setdefault("rerun", self.live.rerun)
        return livepatch.reload(*self.modules(), **options)  # type: ignore[arg-type]

    def state(self) -> object:
        """All that a failed reload must leave as it was."""
        return [(each.__name__, list(vars(each).items())) for each in self.modules()], [
            *sys.modules
        ]


@pytest.fixture
def shop(live: LiveModule) -> Shop:
    return Shop(
        live,
        __init__="from .views import show\nfrom .models import Item\n",
        config="LIMIT = 10\nCACHE = {}\n",
        models=(
            "from .config import LIMIT\n"
            "class Item:\n"
            "    def __init__(self, name): self.name = name\n"
            "    def text(self): return f'{self.name} of {LIMIT}'\n"
        ),
        views="from .models import Item\ndef show(item): return '<' + item.text() + '>'\n",
    )


def test_edits_of_several_modules_come_together(shop: Shop, live: LiveModule) -> None:
    item, show = live.module.Item("pen"), live.module.show
    shop.write(
        config="LIMIT = 20\n",
        views="from .models import Item\ndef show(item): return '[' + item.text() + ']'\n",
    )
    report = shop.reload()

    assert report.ok
    assert show is live.module.show is shop.part("views").show
    assert show(item) == "[pen of 20]"
    assert type(item) is live.module.Item is shop.part("models").Item


def test_order_given_does_not_matter(shop: Shop, live: LiveModule) -> None:
    shop.write(config="LIMIT = 30\n")
    modules = sorted(shop.modules(), key=lambda module: module.__name__, reverse=True)
    livepatch.reload(*modules, strategy=live.strategy, rerun=live.rerun)

    assert live.module.Item("pen").text() == "pen of 30"


def test_a_failure_in_one_leaves_all_as_they_were(shop: Shop, live: LiveModule) -> None:
    item, before = live.module.Item("pen"), shop.state()
    shop.write(
        config="LIMIT = 20\nNEW = 1\n",
        views="from .config import NEW\nfrom .extra import more\n1 / 0\n",
        extra="def more(): return 1\n",
    )

    with pytest.raises(ZeroDivisionError):
        shop.reload()
    assert shop.state() == before
    assert live.module.show(item) == "<pen of 10>"

    shop.write(views="from .extra import more\ndef show(item): return more()\n")
    shop.reload()
    assert live.module.show(item) == 1


def test_a_syntax_error_in_one_runs_none(shop: Shop) -> None:
    before = shop.state()
    shop.write(config="raise RuntimeError\n", views="def show(:\n")

    with pytest.raises(SyntaxError):
        shop.reload()
    assert shop.state() == before


def test_dry_run_leaves_all_as_they_were(shop: Shop) -> None:
    before = shop.state()
    shop.write(
        views="from .extra import Base\nclass View(Base): pass\ndef show(item): return 1\n",
        extra="class Base: pass\n",
    )
    report = shop.reload(dry_run=True)

    assert report.dry_run
    assert f"{shop.live.name}.extra" in report.modules
    assert shop.state() == before


def test_new_module_is_imported_and_forgotten_by_undo(shop: Shop, live: LiveModule) -> None:
    shop.write(
        models=(
            "from .extra import Base\n"
            "class Item(Base):\n"
            "    def __init__(self, name): self.name = name\n"
            "    def text(self): return self.name\n"
        ),
        extra="class Base:\n    def base(self): return 'base'\n",
    )
    item = live.module.Item("pen")
    report = shop.reload()

    assert report.ok
    assert item.base() == "base"
    assert live.module.extra is shop.part("extra")

    report.undo()
    assert f"{live.name}.extra" not in sys.modules
    assert not hasattr(live.module, "extra")
    assert live.module.show(item) == "<pen of 10>"


def test_cyclic_imports(live: LiveModule) -> None:
    shop = Shop(
        live,
        __init__="",
        a="X = 1\nfrom . import b\ndef fa(): return b.fb()\n",
        b="from . import a\nY = a.X + 1\ndef fb(): return Y\n",
    )
    __import__(f"{live.name}.a")
    held = shop.part("a").fa
    assert held() == 2
    shop.write(a="X = 10\nfrom . import b\ndef fa(): return b.fb() + 100\n")
    report = shop.reload()

    assert held is shop.part("a").fa
    if live.rerun == "all":
        assert held() == 111
    else:  # what was computed is kept, and named
        assert held() == 102
        assert [(each.code, each.path) for each in report.notices] == [
            ("LP313", f"{live.name}.b.Y")
        ]


@pytest.mark.parametrize("imported", ["from . import a", "import LIVE.a as a", "from .a import X"])
@pytest.mark.parametrize("first", ["a", "b"])
def test_what_was_computed_from_another_module_is_named_however_that_is_imported(
    live: LiveModule, imported: str, first: str
) -> None:
    used = "X" if imported.endswith("X") else "a.X"
    user = f"{imported.replace('LIVE', live.name)}\nY = {used} + 1\ndef fb(): return Y\n"
    shop = Shop(live, __init__=f"from . import {first}\n", a="X = 1\nfrom . import b\n", b=user)
    shop.write(a="X = 10\nfrom . import b\n")
    report = shop.reload(rerun="changed")

    assert shop.part("b").fb() == 2
    assert [(each.code, each.path) for each in report.notices] == [("LP313", f"{live.name}.b.Y")]

    shop.reload(rerun=("Y",))

    assert shop.part("b").fb() == 11


def test_imports_inside_functions_and_conditions(live: LiveModule) -> None:
    shop = Shop(
        live,
        __init__="from . import a\n",
        a=(
            "from typing import TYPE_CHECKING\n"
            "if TYPE_CHECKING:\n    from .nowhere import X\n"
            "def late():\n    from .b import B\n    return B\n"
            "try:\n    from .missing import thing\nexcept ImportError:\n    thing = None\n"
        ),
        b="from .a import late\nclass B: number = 1\n",
    )
    late = shop.part("a").late
    assert late().number == 1
    shop.write(b="from .a import late\nclass B: number = 2\n")
    report = shop.reload()

    assert report.ok
    assert late().number == 2
    assert shop.part("a").thing is None


def test_star_import_among_them(live: LiveModule) -> None:
    shop = Shop(
        live,
        __init__="from .core import *\n",
        core="__all__ = ['one', 'LIMIT']\nLIMIT = 1\ndef one(): return 1\n",
    )
    shop.write(core="__all__ = ['one', 'two']\ndef one(): return 11\ndef two(): return 2\n")
    held = live.module.one
    shop.reload()

    assert held is live.module.one
    assert held() == 11
    assert live.module.two() == 2
    assert not hasattr(live.module, "LIMIT")


def test_lazy_package(live: LiveModule) -> None:
    shop = Shop(
        live,
        __init__=(
            "import importlib\n"
            "def __getattr__(name):\n"
            "    if name == 'tool':\n"
            "        return importlib.import_module('.impl', __name__).tool\n"
            "    raise AttributeError(name)\n"
        ),
        impl="def tool(): return 1\n",
    )
    held = live.module.tool
    shop.write(impl="def tool(): return 2\n")
    shop.reload()

    assert held is live.module.tool
    assert held() == 2


def test_name_a_function_shares_with_its_module(live: LiveModule) -> None:
    shop = Shop(live, __init__="from .main import main\n", main="def main(): return 1\n")
    held = live.module.main
    shop.write(main="def main(): return 2\n")
    shop.reload()

    assert live.module.main is held
    assert held() == 2


@pytest.mark.parametrize("reexported", [True, False])
def test_class_that_moves_to_another_module(live: LiveModule, reexported: bool) -> None:
    shop = Shop(
        live,
        __init__="from .a import Item\nfrom . import b\n",
        a="class Item:\n    def home(self): return 'a'\n",
        b="",
    )
    old = live.module.Item
    item, bound = old(), old().home
    shop.write(
        __init__="from .b import Item\nfrom . import a\n",
        a="from .b import Item\n" if reexported else "",
        b="class Item:\n    def home(self): return 'b'\n",
    )
    report = shop.reload()

    assert type(item) is shop.part("b").Item is live.module.Item
    assert item.home() == "b"
    assert bound() == "b"
    assert report.ok
    moved = [each for each in report.definitions if each.path.endswith("b.Item")]
    assert [each.previous for each in moved] == [f"{live.name}.a.Item"]

    report.undo()
    assert type(item) is shop.part("a").Item is live.module.Item
    assert item.home() == "a"


def test_function_that_moves(live: LiveModule) -> None:
    shop = Shop(
        live,
        __init__="from . import a, b\n",
        a="WHERE = 'a'\ndef f(): return WHERE\n",
        b="WHERE = 'b'\n",
    )
    held = shop.part("a").f
    holders = [held]
    shop.write(a="WHERE = 'a'\n", b="WHERE = 'b'\ndef f(): return WHERE\n")
    shop.reload()

    assert holders[0] is shop.part("b").f
    assert holders[0]() == "b"


def test_ambiguous_move_is_reported(live: LiveModule) -> None:
    shop = Shop(live, __init__="from . import a, b, c\n", a="def f(): return 1\n", b="", c="")
    held = shop.part("a").f
    shop.write(a="", b="def f(): return 2\n", c="def f(): return 3\n")
    report = shop.reload()

    assert held() == 1
    assert "LP310" in {notice.code for notice in report.notices}


def test_module_whose_file_has_gone_is_forgotten(live: LiveModule) -> None:
    shop = Shop(live, __init__="from . import a, b\n", a="def f(): return 1\n", b="")
    shop.write(__init__="from . import b\n")
    (shop.folder / "a.py").unlink()
    report = shop.reload()

    assert f"{live.name}.a" not in sys.modules
    assert not hasattr(live.module, "a")
    assert "LP311" in {notice.code for notice in report.notices}

    report.undo()
    assert shop.part("a").f() == 1
    assert live.module.a is shop.part("a")


def test_module_whose_file_has_gone_stays_while_it_is_held(live: LiveModule) -> None:
    shop = Shop(live, __init__="from . import a, b\n", a="def f(): return 1\n", b="")
    held = shop.part("a").f
    shop.write(__init__="from . import b\n")
    (shop.folder / "a.py").unlink()
    report = shop.reload()

    assert held() == 1
    assert shop.part("a").f is held
    (notice,) = [each for each in report.notices if each.code == "LP311"]
    assert "still hold" in notice.message


def test_package_of_which_only_the_folder_is_left_is_forgotten(live: LiveModule) -> None:
    shop = Shop(live, __init__="")
    folder = shop.folder / "parts"
    folder.mkdir()
    (folder / "__init__.py").write_text("def f(): return 1\n", encoding="utf-8")
    (folder / "table.txt").write_text("data", encoding="utf-8")
    importlib.import_module(f"{live.name}.parts")
    shop.write(__init__="")
    (folder / "__init__.py").unlink()
    report = shop.reload()

    assert f"{live.name}.parts" not in sys.modules
    assert "LP311" in {notice.code for notice in report.notices}


def test_module_that_falls_back_when_its_new_source_cannot_be_imported(live: LiveModule) -> None:
    shop = Shop(
        live,
        __init__="try:\n    from .fast import f\nexcept ImportError:\n    from .slow import f\n",
        fast="def f(): return 'fast'\n",
        slow="def f(): return 'slow'\n",
    )
    held = live.module.f
    shop.write(fast="import no_such_module_anywhere\n")
    shop.reload()

    assert live.module.f() == "slow"
    assert held is live.module.f


def test_order_of_sys_modules_is_that_of_a_fresh_import(live: LiveModule) -> None:
    shop = Shop(live, __init__="from . import a\nfrom . import b\n", a="", b="")
    shop.write(__init__="from . import b\nfrom . import a\n")
    shop.reload()

    # Two imports that have changed places say what they said: where only what changed runs, none
    # of the modules runs, and none moves to the end.
    order = ["b", "a", ""] if live.rerun == "all" else ["a", "b", ""]
    assert [each.__name__.partition(".")[2] for each in shop.modules()] == order


def test_definition_replaced_by_an_import(live: LiveModule) -> None:
    other = live.other(
        "SCALE = 5\nclass Item:\n    def size(self): return SCALE\ndef f(): return SCALE\n"
    )
    live.start("class Item:\n    def size(self): return 1\ndef f(): return 1\n")
    item, held, theirs = live.module.Item(), live.module.f, other.f
    live.edit("from OTHER import Item, f\n")

    assert held is None or (live.module.f is theirs is other.f)
    assert [each() for each in (live.module.f, other.f)] == [5, 5]
    assert type(item) is other.Item
    assert item.size() == 5


def test_undo_of_an_import_that_took_a_place_leaves_the_imported(live: LiveModule) -> None:
    other = live.other("def f(): return 5\n")
    live.start("def f(): return 1\n")
    theirs = other.f
    report = live.edit("from OTHER import f\n").undo()

    assert other.f is theirs
    assert theirs() == 5
    assert live.module.f() == 1
    assert "LP207" in {notice.code for notice in report.notices}


def test_one_of_a_module_twice_is_one(live: LiveModule) -> None:
    live.start("def f(): return 1\n")
    live.write("def f(): return 2\n")
    report = livepatch.reload(live.module, live.name, strategy=live.strategy, rerun=live.rerun)

    assert report.modules == (live.name,)
    assert live.module.f() == 2


def test_no_module() -> None:
    with pytest.raises(livepatch.NotAModuleError, match="LP101"):
        livepatch.reload()


@pytest.mark.one_mode("unchanged data stays")
def test_keep_of_one_module(live: LiveModule) -> None:
    shop = Shop(live, __init__="from . import a, b\n", a="CACHE = {}\n", b="CACHE = {}\n")
    mine, theirs = shop.part("a").CACHE, shop.part("b").CACHE
    shop.reload(keep=(f"{live.name}.a.CACHE",))

    assert shop.part("a").CACHE is mine
    assert shop.part("b").CACHE is not theirs


@pytest.mark.slow  # forty reloads that wait for the GIL at each file: twenty seconds
def test_imports_of_other_threads_are_not_disturbed(live: LiveModule) -> None:
    output = run_in_child(
        """
        import threading
        live.package(__init__="from . import a, b\\n", a="def f(): return 1\\n", b="")
        stop, errors = [], []
        def importer():
            while not stop:
                try:
                    module = __import__(live.name + ".a", fromlist=["f"])
                    assert module.f() in (1, 2)
                except BaseException as error:
                    errors.append(repr(error))
        threads = [threading.Thread(target=importer) for _ in range(4)]
        for thread in threads:
            thread.start()
        path = live.root / live.name / "a.py"
        for number in range(40):
            path.write_text(f"def f(): return {number % 2 + 1}\\n")
            modules = [m for n, m in list(sys.modules.items()) if n.split(".")[0] == live.name]
            livepatch.reload(*modules, strategy=live.strategy, rerun=live.rerun)
        stop.append(1)
        for thread in threads:
            thread.join()
        print(errors[:3])
        """,
        live.strategy,
    )
    assert output.strip() == "[]"


@pytest.mark.one_mode("only what changed runs")
def test_modules_between_that_all_import_from_each_other_are_gone_through_once(
    live: LiveModule,
) -> None:
    """All ways down from each are too many: with werkzeug between two modules it had no end."""
    between = [f"m{number}" for number in range(14)]
    sources = {
        name: "".join(f"from .{each} import *\n" for each in between if each != name)
        + "from .config import LIMIT\n"
        for name in between
    }
    sources["user"] = "from .m3 import LIMIT\nclass Player:\n    limit = LIMIT\n"
    shop = Shop(live, __init__="from . import user\n", config="LIMIT = 1\n", **sources)
    shop.write(config="LIMIT = 2\n")
    livepatch.reload(
        shop.part("config"), shop.part("user"), strategy=live.strategy, rerun="changed"
    )

    assert shop.part("user").Player.limit == 2
    assert shop.part("m9").LIMIT == 2


TAKING = {
    "function": "def store(): return 1\n",
    "class with a metaclass": "class store(metaclass=type('Meta', (type,), {})): pass\n",
    "instance": "store = Store()\n",
    "table": "store = {}\n",
}


@pytest.mark.parametrize("rerun", ["all", "changed"])
@pytest.mark.parametrize("kind", TAKING)
@pytest.mark.parametrize("base", ["SIZE = 1\n", "SIZE = 2\n", "from . import other\nSIZE = 1\n"])
def test_part_whose_name_the_package_has_taken_since(
    live: LiveModule, base: str, kind: str, rerun: str
) -> None:
    """SQLAlchemy: the module that it had at the first import was a class at the second one."""
    head = "from . import store as _store\n"
    shop = Shop(
        live,
        __init__="from . import base\nfrom .store import store\n",
        store="class Store: pass\n" + TAKING[kind],
        base=head + "SIZE = 1\nNAMES = {'s': _store.Store}\n",
        other="",
    )
    shop.write(base=head + base + "NAMES = {'s': _store.Store, 'n': SIZE}\n")
    shop.reload(rerun=rerun)

    part = shop.part("base")
    assert part._store is shop.part("store")
    assert part.NAMES["s"] is shop.part("store").Store
    assert live.module.store is shop.part("store").store


@pytest.mark.parametrize("rerun", ["all", "changed"])
@pytest.mark.parametrize("default", ["Page", "(Page, 1)", "[Page]"])
def test_added_method_has_the_class_in_its_default_and_its_annotation(
    live: LiveModule, default: str, rerun: str
) -> None:
    """pypdf: the default was given the live class, and the annotation kept the one that went."""
    head = "from .page import Page\nclass W:\n    def f(self): pass\n"
    shop = Shop(live, __init__="from . import part\n", page="class Page:\n    pass\n", part=head)
    page = shop.part("page").Page
    shop.write(
        part=head + f"    def g(self, page: Page = {default}, *, k: Page = Page) -> Page: pass\n"
    )
    report = shop.reload(rerun=rerun)

    method = shop.part("part").W.g
    assert shop.part("page").Page is page
    assert set(method.__annotations__.values()) == {page}
    assert method.__kwdefaults__ == {"k": page}
    assert report.ok


LAZY = """
import importlib
import shutil
TABLE = {}
def __getattr__(name):
    if name != "Static":
        raise AttributeError(name)
    if name not in TABLE:
        TABLE[name] = importlib.import_module("._static", __name__).Static
    return TABLE[name]
"""
META = """
from .names import snake
class Meta(type):
    def __new__(cls, name, bases, body):
        made = type.__new__(cls, name, bases, body)
        made.snake = snake(name)
        return made
class Base(metaclass=Meta):
    pass
"""


@pytest.mark.parametrize("rerun", ["all", "changed"])
@pytest.mark.parametrize("lazy", ["table", "globals"])
def test_old_metaclass_that_a_table_leads_to_has_what_it_reads(
    live: LiveModule, lazy: str, rerun: str
) -> None:
    """textual: the class statement found the old base, whose metaclass raised a NameError."""
    package = LAZY if lazy == "table" else LAZY.replace("TABLE = {}", "TABLE = globals()")
    shop = Shop(
        live,
        __init__=package,
        names="def snake(name): return name.lower()\n",
        base=META,
        _static="from .base import Base\nclass Static(Base): pass\n",
        tooltip="from . import Static\nclass Tooltip(Static):\n    x = 1\n",
    )
    tooltip = importlib.import_module(f"{live.name}.tooltip")
    held = tooltip.Tooltip
    shop.write(
        base=META.replace("from .names import snake\n", "")
        .replace("body):", "body, **options):")
        .replace("snake(name)", "name.upper()"),
        tooltip="from . import Static\nclass Tooltip(Static):\n    x = 2\n",
    )
    report = shop.reload(rerun=rerun)

    assert tooltip.Tooltip is held
    assert held.x == 2
    assert held.__bases__ == (shop.part("_static").Static,)
    assert not hasattr(shop.part("base"), "snake")
    assert report.ok


@pytest.mark.parametrize("rerun", ["all", "changed"])
def test_what_has_taken_a_parts_name_is_what_a_new_import_gets(
    live: LiveModule, rerun: str
) -> None:
    shop = Shop(
        live,
        __init__="from .store import store\n",
        store="def store(): return 1\n",
        base="import importlib\npart = importlib.import_module('.store', __package__)\n",
    )
    importlib.import_module(f"{live.name}.base")
    shop.write(
        base="import importlib\npart = importlib.import_module('.store', __package__)\n"
        "from . import store\n"
    )
    shop.reload(rerun=rerun)

    assert shop.part("base").store is live.module.store


@pytest.mark.parametrize("rerun", ["all", "changed"])
@pytest.mark.parametrize("is_there", [True, False])
def test_part_of_a_package_that_could_not_be_imported(
    live: LiveModule, is_there: bool, rerun: str
) -> None:
    """What an optional part has imported stays in sys.modules, and its package does not."""
    shop = Shop(live, __init__="from . import base\n", base="SIZE = 1\n")
    optional = shop.folder / "optional"
    optional.mkdir()
    (optional / "__init__.py").write_text("from .tools import size\nimport not_installed_here\n")
    (optional / "tools.py").write_text("size = 1\n")
    with pytest.raises(ImportError):
        importlib.import_module(f"{live.name}.optional")
    assert f"{live.name}.optional" not in sys.modules
    left = shop.part("optional.tools")

    shop.write(base="SIZE = 2\n")
    (optional / "tools.py").write_text("size = 22\n")
    if not is_there:
        shutil.rmtree(optional)
    shop.reload(rerun=rerun)

    assert shop.part("base").SIZE == 2
    assert left.size == (22 if is_there else 1)
    assert f"{live.name}.optional" not in sys.modules
