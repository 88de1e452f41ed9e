"""What nothing but livepatch's own records holds is not held: no line says that it is."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

import livepatch
from tests.live import LiveModule

pytestmark = pytest.mark.sampled(12)

EDITS = {
    "base of what has a subclass elsewhere": (
        "class Ex0:\n    def ex(self): return 1\nclass Base(Ex0): pass\n",
        "class Ex1:\n    def ex(self): return 2\nclass Base(Ex1): pass\n",
    ),
    "default": (
        "class Base: pass\nclass Own(list): pass\nL = Own([1])\ndef f(a=L): return a\n",
        "class Base: pass\nclass Own(list): pass\nL = Own([1, 2])\ndef f(a=L): return a\n",
    ),
    "registration": (
        "import functools\nclass Base: pass\n@functools.singledispatch\ndef s(x): return 0\n"
        "@s.register(int)\ndef on_int(x): return 1\n@s.register(str)\ndef on_str(x): return 2\n",
        "import functools\nclass Base: pass\n@functools.singledispatch\ndef s(x): return 0\n"
        "@s.register(int)\ndef on_int(x): return 1\n",
    ),
    "closure": (
        "class Base: pass\ndef d(f):\n    def w(*a): return f(*a) + 1\n    return w\n"
        "@d\ndef f(): return 1\n",
        "class Base: pass\ndef d(f):\n    f.mark = 1\n    return f\n@d\ndef f(): return 1\n",
    ),
}


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
def test_what_only_the_undo_holds_is_not_named(live: LiveModule, edit: tuple[str, str]) -> None:
    before, after = edit
    live.start(before)
    live.other("import LIVE\nclass Below(LIVE.Base): pass\n")
    for source in (after, before, after):
        report = live.edit(source)
        assert report.ok
        assert not report.notices
    report.undo()
    assert not live.edit(after).notices


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
def test_what_somebody_holds_as_well_is_named(live: LiveModule, edit: tuple[str, str]) -> None:
    before, after = edit
    module = live.start(before)
    live.other("import LIVE\nclass Below(LIVE.Base): pass\n")
    names = {"Ex0", "L", "on_str", "f"} & vars(module).keys()
    if "s" in vars(module):
        names = {"on_str"}
    elif "L" in vars(module):
        names = {"L"}
    held = {name: [getattr(module, name)] for name in names}
    if "d" in vars(module):
        held = {"d": [module.d(len)]}
    report = live.edit(after)

    assert held
    assert [each.code for each in report.notices]


def test_method_of_a_metaclass_that_comes_and_goes(live: LiveModule) -> None:
    source = "class M(type): pass\nclass A(metaclass=M): pass\n"
    live.start(source)
    live.edit(source.replace("pass\n", "\n    def __call__(cls): return super().__call__()\n", 1))

    assert not live.edit(source).notices


@pytest.mark.parametrize("held", [False, True])
def test_module_that_a_reload_brought_goes_again(live: LiveModule, *, held: bool) -> None:
    live.package(__init__="from .m import C\n", m="class C: pass\n")
    folder, name = Path(live.root) / live.name, live.name
    options: Any = {"strategy": live.strategy, "rerun": live.rerun}
    (folder / "m.py").write_text("from .core import C\n")
    (folder / "core.py").write_text("class C: pass\n")
    livepatch.reload(name, f"{name}.m", **options)
    keeps = [sys.modules[f"{name}.core"]] if held else []
    (folder / "m.py").write_text("class C: pass\n")
    (folder / "core.py").unlink()
    report = livepatch.reload(name, f"{name}.m", f"{name}.core", **options)

    assert (f"{name}.core" in sys.modules) is held is bool(keeps)
    assert [each.code for each in report.notices] == ["LP311"]


CONSTANTS = {
    "tuple": ("(1, [2])", "(3, [2])"),
    "frozenset": ("frozenset([1])", "frozenset([3])"),
    "pattern": ("re.compile(__name__ + '1')", "re.compile(__name__ + '3')"),
    "named tuple": ("Pair(1, 2)", "Pair(3, 2)"),
    "range": ("range(1)", "range(3)"),
    "slice": ("slice(1)", "slice(3)"),
    "alias": ("list[int]", "list[str]"),
    "bound method": ("[].append", "[3].append"),
}
LIBRARIES = "import re, collections\nPair = collections.namedtuple('Pair', 'x y')\n"


@pytest.mark.parametrize("said", CONSTANTS.values(), ids=CONSTANTS)
def test_constant_object_that_somebody_holds_is_named(
    live: LiveModule, said: tuple[str, str]
) -> None:
    before, after = said
    module = live.start(f"{LIBRARIES}T = {before}\n")
    held = [module.T]
    report = live.edit(f"{LIBRARIES}T = {after}\n")

    assert [(each.code, each.path) for each in report.notices] == [("LP302", f"{live.name}.T")]
    assert held[0] is not module.T


@pytest.mark.parametrize("said", CONSTANTS.values(), ids=CONSTANTS)
def test_constant_object_that_nobody_holds_is_not_named(
    live: LiveModule, said: tuple[str, str]
) -> None:
    before, after = said
    source = f"{LIBRARIES}T = {before}\ndef f(t=T): return T\n"
    live.start(source)
    for edit in (source.replace(before, after), source, source + "more = 1\n"):
        assert not live.edit(edit).notices


def test_equal_constant_objects_are_not_named(live: LiveModule) -> None:
    said = ["frozenset([1])", "re.compile('b1')", "Pair(1, 2)", "range(1)", "slice(1)", "list[int]"]
    source = LIBRARIES + "".join(f"T{at} = {each}\n" for at, each in enumerate(said))
    module = live.start(source)
    held = [value for name, value in vars(module).items() if name[0] == "T"]
    report = live.edit(source + "more = 1\n")

    assert held
    assert not report.notices


def test_file_renamed_taken_back_and_renamed_again_leaves_no_module(live: LiveModule) -> None:
    live.package(__init__="from .a import C\n", a="class C: pass\n")
    folder, name = Path(live.root) / live.name, live.name
    for again in (False, True):
        (folder / "a.py").unlink()
        (folder / "b.py").write_text("class C: pass\n")
        (folder / "__init__.py").write_text("from .b import C\n")
        report = livepatch.reload(name, f"{name}.a", strategy=live.strategy, rerun=live.rerun)
        assert f"{name}.a" not in sys.modules, again
        report.undo()
        (folder / "b.py").unlink()
        (folder / "a.py").write_text("class C: pass\n")
        (folder / "__init__.py").write_text("from .a import C\n")
