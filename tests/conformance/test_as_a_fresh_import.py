"""What several modules are afterwards: as a fresh import of the new sources would have them."""

from __future__ import annotations

import builtins
import io
import itertools
import sys
import time
from types import ModuleType

import pytest

import livepatch
from tests.live import LiveModule


def part(live: LiveModule, stem: str) -> ModuleType:
    return sys.modules[f"{live.name}.{stem}"]


def edit(live: LiveModule, **sources: str) -> livepatch.Report:
    """Write some files of the package and reload all of its modules."""
    for stem, source in sources.items():
        path = live.root / live.name / f"{stem}.py"
        path.write_text(source.replace("LIVE", live.name), encoding="utf-8")
    top = live.name
    modules = [each for name, each in sys.modules.items() if name.split(".")[0] == top]
    return livepatch.reload(*modules, strategy=live.strategy, rerun=live.rerun)


def test_version_and_all_of_a_package(live: LiveModule) -> None:
    live.package(
        __init__="from ._version import __version__\nfrom .a import f\n__all__ = ['f']\n",
        _version="__version__ = '1.0'\n",
        a="def f(): return 1\n",
    )
    report = edit(
        live,
        __init__="from ._version import __version__\nfrom .a import g\n__all__ = ['g']\n",
        _version="__version__ = '2.0'\n",
        a="def g(): return 2\n",
    )

    assert live.module.__version__ == "2.0"
    assert live.module.__all__ == ["g"]
    assert not hasattr(live.module, "f")
    report.undo()
    assert (live.module.__version__, live.module.__all__) == ("1.0", ["f"])


def test_module_getattr_answers_for_a_name_that_is_deprecated_now(live: LiveModule) -> None:
    live.package(__init__="from .a import f\n", a="def f(): return 1\n")
    lazy = (
        "def __getattr__(name):\n"
        "    if name == 'f': return 'deprecated'\n"
        "    raise AttributeError(name)\n"
        "def __dir__(): return ['f']\n"
    )
    edit(live, __init__=lazy)

    assert live.module.f == "deprecated"
    assert dir(live.module) == ["f"]


def test_module_getattr_that_has_gone_answers_no_more(live: LiveModule) -> None:
    live.package(__init__="from . import a\ndef __getattr__(name): return 'lazy'\n", a="")
    edit(live, __init__="from . import a\n")

    assert not hasattr(live.module, "anything")


def test_attribute_that_another_module_sets_on_a_submodule(live: LiveModule) -> None:
    live.package(
        __init__="from . import a, b\n",
        a="x = 1\n",
        b="from . import a\na.flag = 'set by b'\na.count = 1\n",
    )
    edit(live, b="from . import a\na.flag = 'set by b again'\n")

    assert part(live, "a").flag == "set by b again"
    assert part(live, "a").x == 1


def test_submodule_is_an_attribute_of_its_package_and_new_ones_are(live: LiveModule) -> None:
    live.package(__init__="from . import a\n", a="")
    report = edit(live, __init__="from . import a, b\n", b="here = 1\n")

    assert live.module.a is part(live, "a")
    assert live.module.b is part(live, "b")
    report.undo()
    assert not hasattr(live.module, "b")


def test_name_that_a_starred_module_has_no_more_is_nowhere(live: LiveModule) -> None:
    live.package(
        __init__="from .core import *\nfrom .extra import *\n",
        errors="class Old(Exception): pass\n",
        core="from .errors import *\n",
        extra="from .core import *\n",
    )
    edit(live, errors="class New(Exception): pass\n")

    for stem in ("core", "extra", "errors"):
        assert not hasattr(part(live, stem), "Old"), stem
        assert hasattr(part(live, stem), "New"), stem
    assert not hasattr(live.module, "Old")
    assert live.module.New is part(live, "errors").New


def test_name_that_comes_by_another_star_now_stays(live: LiveModule) -> None:
    live.package(
        __init__="from .a import *\nfrom .b import *\n",
        a="import math\nx = 1\n",
        b="y = 1\n",
    )
    edit(live, a="x = 1\n", b="import math\ny = 1\n")

    assert live.module.math is part(live, "b").math
    assert not hasattr(part(live, "a"), "math")


def test_nobody_keeps_what_stood_for_the_import_statement(live: LiveModule) -> None:
    live.package(
        __init__="from . import a, b\n",
        a="import builtins\nFUNCTIONS = {f: 1 for f in vars(builtins).values() if callable(f)}\n",
        b="",
    )
    edit(live, b="x = 1\n")

    assert builtins.__import__ in part(live, "a").FUNCTIONS
    kept = [each for each in part(live, "a").FUNCTIONS if "livepatch" in repr(each)]
    assert kept == []


class Terminal(io.StringIO):
    """A terminal that somebody watches."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def slow_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make each look at the clock come ten seconds after the one before."""
    ticks = itertools.count(step=10)
    monkeypatch.setattr(time, "perf_counter", lambda: next(ticks))


def test_a_long_reload_shows_progress_when_a_terminal_watches(
    live: LiveModule, monkeypatch: pytest.MonkeyPatch, slow_clock: None
) -> None:
    live.package(__init__="from . import a\n", a="x = 1\n")
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    edit(live, a="x = 2\n")
    shown = terminal.getvalue()

    assert f"livepatch: 1 of 2, {live.name}" in shown
    assert f"livepatch: 2 of 2, {live.name}.a" in shown
    assert shown.endswith("\r"), "the line is wiped at the end"


def test_progress_is_not_shown_to_a_file(
    live: LiveModule, monkeypatch: pytest.MonkeyPatch, slow_clock: None
) -> None:
    live.package(__init__="from . import a\n", a="x = 1\n")
    file = io.StringIO()
    monkeypatch.setattr(sys, "stderr", file)
    edit(live, a="x = 2\n")

    assert file.getvalue() == ""


def test_a_short_reload_shows_none(live: LiveModule, monkeypatch: pytest.MonkeyPatch) -> None:
    live.package(__init__="from . import a\n", a="x = 1\n")
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setattr(time, "perf_counter", lambda: 0.0)
    edit(live, a="x = 2\n")

    assert terminal.getvalue() == ""


AUTOMATIC = """
    import sys, types
    class Automatic(types.ModuleType):
        def __getattr__(self, name):
            if name == "lazy": return look_up(1)
            if name == "known": return KNOWN[1]
            raise AttributeError(name)
        @property
        def version(self): return 1
    KNOWN = {1: "one"}
    def look_up(key): return KNOWN[key], sys.getrecursionlimit() > 0
    class Kept: pass
    module = Automatic(__name__)
    module.__dict__.update(sys.modules[__name__].__dict__)
    sys.modules[__name__] = module
    module.itself, module.said = module, "return 1"
    del module.module, module.sys, module.types
"""


@pytest.mark.parametrize("rerun", ["all", "changed"])
def test_module_that_puts_an_object_of_its_own_in_its_place(live: LiveModule) -> None:
    live.start(AUTOMATIC)
    module, holder = sys.modules[live.name], ModuleType("holder")
    holder.module, holder.f, holder.kept = module, module.look_up, module.Kept()
    live.write(AUTOMATIC.replace("return 1", "return 2").replace('"one"', '"ONE"'))
    report = livepatch.reload(module, strategy=live.strategy, rerun=live.rerun)

    assert sys.modules[live.name] is module is holder.module is module.itself
    assert (module.version, module.lazy, holder.f(1)) == (2, ("ONE", True), ("ONE", True))
    assert type(module) is module.Automatic
    assert module.said == "return 2"
    assert type(holder.kept) is module.Kept
    assert holder.f is module.look_up
    report.undo()
    assert (module.version, module.lazy, holder.f(1)) == (1, ("one", True), ("one", True))
    assert sys.modules[live.name] is module


@pytest.mark.parametrize("rerun", ["all", "changed"])
def test_methods_of_the_object_in_a_modules_place_see_what_is_made_anew(live: LiveModule) -> None:
    live.start(AUTOMATIC)
    module = sys.modules[live.name]
    held = module.Automatic.__getattr__
    live.write(AUTOMATIC.replace('"one"', '"ONE"'))
    report = livepatch.reload(module, strategy=live.strategy, rerun=live.rerun)

    if live.rerun == "changed":
        assert "its functions see another namespace than its own" in str(report)
    assert (module.known, module.lazy) == ("ONE", ("ONE", True))
    assert held is not module.Automatic.__getattr__ or held(module, "known") == "ONE"
    module.KNOWN[1] = "another"
    assert (module.known, module.lazy) == ("another", ("another", True))
    report.undo()
    assert (module.known, module.lazy) == ("one", ("one", True))


@pytest.mark.parametrize("rerun", ["all", "changed"])
def test_module_that_begins_to_put_an_object_in_its_place(live: LiveModule) -> None:
    module = live.start("def look_up(key): return key\nf = 1\n")
    live.write(AUTOMATIC)
    report = livepatch.reload(module, strategy=live.strategy, rerun=live.rerun)

    assert sys.modules[live.name] is module
    assert (type(module).__name__, module.version) == ("Automatic", 1)
    assert module.lazy == ("one", True)
    report.undo()
    assert type(module) is ModuleType
    assert module.look_up(5) == 5


@pytest.mark.parametrize("rerun", ["all", "changed"])
def test_module_that_puts_an_object_in_its_place_and_raises(live: LiveModule) -> None:
    live.start(AUTOMATIC)
    module = sys.modules[live.name]
    live.write(AUTOMATIC.replace("return 1", "return 2") + "    1 / 0\n")
    with pytest.raises(ZeroDivisionError):
        livepatch.reload(module, strategy=live.strategy, rerun=live.rerun)

    assert sys.modules[live.name] is module
    assert (module.version, module.lazy) == (1, ("one", True))
