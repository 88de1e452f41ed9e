"""What stands around a module breaks the rules: its file, its names, hooks of the interpreter.

No crash, no hang, no lie: the reload is done whole, or all is as it was and the error says why.
"""

from __future__ import annotations

import gc
import importlib.machinery
import importlib.util
import os
import py_compile
import sys
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import livepatch
from livepatch._source.source import DOES_NOT_COMPILE
from livepatch.testing import LiveModule, assert_current, assert_unchanged
from tests.live import Rerun, Strategy, run_in_child


@pytest.fixture(params=["auto", "repoint"])
def strategy(request: pytest.FixtureRequest) -> Any:
    return request.param


@pytest.fixture(params=["all", "changed"])
def rerun(request: pytest.FixtureRequest) -> Any:
    return request.param


SOURCE = """
    class Base: pass
    class Player:
        def hit(self): return 1
    def hit(): return 1
    DATA = [Player()]
"""
EDITED = SOURCE.replace("return 1", "return 2").replace("class Player:", "class Player(Base):")


class Key:
    """A key that must not be compared."""

    def __hash__(self) -> int:
        return 1

    def __eq__(self, other: object) -> bool:
        raise RuntimeError


@pytest.mark.parametrize("key", [3, None, ("a", 1), Key()], ids=lambda key: type(key).__name__)
def test_namespace_with_a_key_that_is_no_name(live: LiveModule, key: Any) -> None:
    module = live.start(SOURCE)
    names: dict[Any, Any] = vars(module)
    names[key] = kept = [module.hit]
    held = [module.hit, module.Player()]
    report = live.edit(EDITED)

    assert names[key] is kept
    assert kept[0] is held[0] is module.hit
    assert type(held[1]) is module.Player
    report.undo()
    live.write(EDITED + "    1 / 0\n")
    with assert_unchanged(held, kept), pytest.raises(ZeroDivisionError):
        live.reload()
    assert names[key] is kept


@pytest.mark.parametrize("order", ["raises", "is none of its bases'"])
def test_order_of_bases_that_a_metaclass_makes(live: LiveModule, order: str) -> None:
    live.other("""
        ARMED = []
        class Meta(type):
            def mro(cls):
                if ARMED: raise RuntimeError(ARMED.pop())
                return [cls, *type.mro(cls)[1:]]
    """)
    module = live.start("""
        from OTHER import Meta
        class Base: pass
        class Player(metaclass=Meta):
            def hit(self): return 1
    """)
    held = [module.Player()]
    live.write(live.source.replace("return 1", "return 2").replace("(meta", "(Base, meta"))
    if order == "raises":
        vars(sys.modules[live.other_name])["ARMED"].append("on purpose")
        with assert_unchanged(module, held), pytest.raises(RuntimeError, match="on purpose"):
            live.reload()
    live.reload()

    assert type(held[0]) is module.Player
    assert held[0].hit() == 2


def test_descriptor_that_is_named_once_only(live: LiveModule) -> None:
    live.other("""
        NAMED = []
        class Once:
            def __set_name__(self, owner, name):
                NAMED.append(name)
                if len(NAMED) == 2: raise RuntimeError
            def __get__(self, instance, owner=None): return 5
    """)
    module = live.start("""
        from OTHER import Once
        class Player:
            level = Once()
            def hit(self): return 1
    """)
    held = [module.Player()]
    live.write(live.source.replace("level = Once()", "level = Once(); name = 1"))
    with assert_unchanged(module, held), pytest.raises(RuntimeError):
        live.reload()
    live.reload()

    assert type(held[0]) is module.Player
    assert (held[0].level, held[0].name) == (5, 1)


@pytest.mark.parametrize("slots", ["(each for each in ('a', 'b'))", "iter(['a', 'b'])"])
def test_slots_that_can_be_read_once(live: LiveModule, slots: str) -> None:
    module = live.start(f"""
        class Player:
            __slots__ = {slots}
            def hit(self): return 1
    """)
    held = [module.Player()]
    held[0].a = 4
    live.change("return 1", "return 2")
    live.change("'b'", "'b', 'c'")
    held[0].c = 5

    assert type(held[0]) is module.Player
    assert (held[0].hit(), held[0].a, held[0].c) == (2, 4, 5)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("answer", ["raises", "changes the module", "reloads"])
def test_weak_reference_whose_callback(live: LiveModule, answer: str) -> None:
    module = live.start(SOURCE)
    said: list[str] = []

    def call_back(reference: object) -> None:
        if answer == "raises":
            raise RuntimeError
        if answer == "changes the module":
            vars(module)[f"extra_{len(vars(module))}"] = [module.hit]
        else:
            try:
                live.reload()
            except livepatch.ReloadInProgressError as error:
                said.append(error.code)

    references = [weakref.ref(each, call_back) for each in (module.Player, module.DATA[0])]
    held = [module.hit]
    live.edit(EDITED.replace("[Player()]", "[]"))

    assert references[0]() is module.Player
    assert held[0] is module.hit
    assert held[0]() == 2
    assert set(said) <= {"LP109"}


@contextmanager
def collecting(callback: Callable[[str, Any], None]) -> Iterator[None]:
    """Have a function called by each collection, of which there are many."""
    threshold = gc.get_threshold()
    gc.callbacks.append(callback)
    gc.set_threshold(50, 2, 2)
    try:
        yield
    finally:
        gc.set_threshold(*threshold)
        gc.callbacks.remove(callback)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("answer", ["raises", "keeps what it sees", "reloads"])
def test_collector_whose_callback(live: LiveModule, answer: str) -> None:
    module = live.start(SOURCE)
    kept: list[Any] = []
    said: list[str] = []

    def call_back(phase: str, details: Any) -> None:
        if answer == "raises":
            raise RuntimeError
        if answer == "keeps what it sees":
            kept[:] = gc.get_objects()[-200:]
        else:
            try:
                livepatch.reload(live.name)
            except livepatch.ReloadInProgressError as error:
                said.append(error.code)

    held = [module.hit, module.Player()]
    live.write(EDITED)
    with collecting(call_back):
        live.reload()
    kept.clear()

    assert held[0] is module.hit
    assert held[0]() == held[1].hit() == 2
    assert type(held[1]) is module.Player
    assert set(said) <= {"LP109"}


EVENTS = (
    *("open", "compile", "exec", "gc.get_objects", "gc.get_referrers", "gc.get_referents"),
    *("object.__getattr__", "code.__new__", "sys._current_frames"),
)


def test_audit_hook_that_raises(strategy: Strategy, rerun: Rerun) -> None:
    """It cannot be removed, so in a child process; what is done after it is silent, is done."""
    said = run_in_child(
        f"""
        from livepatch.testing import assert_unchanged
        from tests.harness.test_hostile_surroundings import EDITED, EVENTS, SOURCE
        armed = []
        def refuse(event, arguments):
            if event in armed:
                raise RuntimeError(event)
        sys.addaudithook(refuse)
        for event in EVENTS:
            live = LiveModule(Path(_folder.name), {strategy!r}, {rerun!r})
            module = live.start(SOURCE)
            held = [module.hit, module.Player()]
            live.write(EDITED)
            with assert_unchanged(module, held) as unchanged:
                armed.append(event)
                try: live.reload()
                except RuntimeError as error: assert str(error) == event, error
                else: armed.clear(); livepatch.undo()
                armed.clear()
            live.write(EDITED)
            live.reload()
            assert held[0]() == held[1].hit() == 2, event
            assert type(held[1]) is module.Player, event
            live.close()
        """,
        strategy,
    )

    assert said == ""


def test_thread_that_changes_the_namespace_all_the_time(live: LiveModule) -> None:
    module = live.start(SOURCE)
    names, stop = vars(module), threading.Event()

    def work() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            names[f"extra_{number % 50}"] = number
            names.pop(f"extra_{(number + 25) % 50}", None)

    held = [module.hit]
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    thread = threading.Thread(target=work)
    thread.start()
    try:
        for number in range(2, 8):
            live.edit("import time\ntime.sleep(0.001)\n" + f"def hit(): return {number}\n")
            assert held[0]() == number
    finally:
        stop.set()
        thread.join()
        sys.setswitchinterval(interval)

    assert held[0] is module.hit


class Rewriting(importlib.machinery.SourceFileLoader):
    """Loads another source than the one in the file, as type checkers at run time do."""

    def source_to_code(self, data: Any, path: Any, *, _optimization: int = -1) -> Any:  # type: ignore[override]
        return super().source_to_code(data.replace(b"MAGIC", b"40 + 2"), path)


class Finder:
    def __init__(self, name: str, loader: Any = Rewriting) -> None:
        self.name = name
        self.loader = loader

    def find_spec(self, name: str, path: Any, target: Any = None) -> Any:
        if name != self.name:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path)
        assert spec is not None
        assert spec.origin is not None
        spec.loader = self.loader(name, spec.origin)
        return spec


def test_import_hook_that_rewrites_the_source(live: LiveModule) -> None:
    finder: Any = Finder(live.name)
    sys.meta_path.insert(0, finder)
    try:
        module = live.start("def hit(): return MAGIC\n")
        held = [module.hit]
        live.edit("def hit(): return MAGIC + 1\n")
    finally:
        sys.meta_path.remove(finder)

    assert held[0] is module.hit
    assert held[0]() == 43


class Executing(importlib.machinery.SourceFileLoader):
    """Runs something else than what it compiles, as test tools that rewrite assertions do."""

    def exec_module(self, module: Any) -> None:
        source = Path(self.path).read_bytes().replace(b"MAGIC", b"40 + 2")
        exec(compile(source, self.path, "exec"), vars(module))


def test_loader_that_runs_something_else(live: LiveModule, monkeypatch: Any) -> None:
    finder: Any = Finder(live.name, Executing)
    monkeypatch.setattr(sys, "meta_path", [finder, *sys.meta_path])
    module = live.start("A = 1\ndef hit(): return MAGIC\n")
    assert module.hit() == 42

    report = live.edit("A = 1\nMAGIC = 2\ndef hit(): return MAGIC\n")

    assert module.hit() == 2
    assert [each.path for each in report.notices if each.code == "LP321"] == [live.name]


def _replace_by_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def _replace_by_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def _replace_by_loop(path: Path) -> None:
    path.unlink()
    path.symlink_to(path)


def _leave_compiled_code_alone(path: Path) -> None:
    py_compile.compile(str(path), cfile=str(path.with_suffix(".pyc")))
    path.unlink()


def _declare(encoding: str) -> Callable[[Path], None]:
    return lambda path: path.write_text(f"# coding: {encoding}\n") and None


FILES: dict[str, tuple[str, Callable[[Path], None]]] = {
    "gone": ("LP105", Path.unlink),
    "a folder": ("LP105", _replace_by_folder),
    "a pipe": ("LP105", _replace_by_pipe),
    "a link to itself": ("LP105", _replace_by_loop),
    "compiled code alone": ("LP105", _leave_compiled_code_alone),
    "in no encoding": ("LP106", _declare("nonsense")),
    "in an encoding of bytes": ("LP106", _declare("rot13")),
    "in two bytes a letter": (
        "LP106",
        lambda path: path.write_bytes("a = 1".encode("utf-16")) and None,
    ),
}


@pytest.mark.skipif(sys.platform == "win32", reason="has no pipes in its folders")
@pytest.mark.parametrize("file", FILES)
def test_file_that_is(live: LiveModule, file: str) -> None:
    module = live.start(SOURCE)
    code, replace = FILES[file]
    held = [module.hit]
    replace(live.path)
    with assert_unchanged(module, held), pytest.raises(livepatch.NotReloadableError) as failure:
        live.reload()

    assert failure.value.code == code
    assert livepatch.changed(module) == (live.name,)


DEEP = "x = lambda: {}1\n"
GIVEN_UP = (
    "a = 1\n\0\n",
    DEEP.format("-" * 100_000),
    pytest.param(
        DEEP.format("-" * 3000),
        marks=pytest.mark.skipif(sys.version_info >= (3, 13), reason="goes deeper"),
    ),
)


@pytest.mark.parametrize("source", GIVEN_UP, ids=range(3))
def test_source_that_the_compiler_gives_up_on_is_changed(live: LiveModule, source: str) -> None:
    module = live.start(SOURCE)
    live.write(source)
    with assert_unchanged(module), pytest.raises(DOES_NOT_COMPILE):
        live.reload()

    assert livepatch.changed(module) == (live.name,)


@pytest.mark.parametrize("end", ["unlink()", "write_text('def hit(): return 3')"])
def test_module_that_changes_its_own_file(live: LiveModule, end: str) -> None:
    module = live.start("def hit(): return 1\n")
    held = [module.hit]
    live.edit(f"import pathlib\npathlib.Path(__file__).{end}\ndef hit(): return 2\n")

    assert held[0] is module.hit
    assert held[0]() == 2
    assert livepatch.changed(module) == (live.name,)


ATTRIBUTES = ("__file__", "__loader__", "__spec__", "__name__", "__package__", "__builtins__")


@pytest.mark.parametrize("name", ATTRIBUTES)
@pytest.mark.parametrize("lie", ["is gone", "lies"])
def test_module_whose(live: LiveModule, name: str, lie: str) -> None:
    module = live.start(SOURCE)
    held = [module.hit, module.Player()]
    vars(module).pop(name)
    if lie == "lies" and name != "__builtins__":
        vars(module)[name] = 3
    live.edit(EDITED)

    assert held[0] is module.hit
    assert held[0]() == held[1].hit() == 2
    assert type(held[1]) is module.Player


def test_one_file_under_two_names(live: LiveModule) -> None:
    module = live.start(SOURCE)
    spec = importlib.util.spec_from_file_location(f"{live.name}_again", live.path)
    assert spec is not None
    assert spec.loader is not None
    again: ModuleType = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = again
    try:
        spec.loader.exec_module(again)
        held = [module.Player(), again.Player()]
        live.edit(EDITED)

        assert [each.hit() for each in held] == [2, 1]
        assert livepatch.changed(again) == (spec.name,)
        livepatch.reload(again, strategy=live.strategy, rerun=live.rerun)
        assert [each.hit() for each in held] == [2, 2]
        assert [type(each) for each in held] == [module.Player, again.Player]
        assert_current(again)
    finally:
        del sys.modules[spec.name]


def test_one_module_under_two_names(live: LiveModule) -> None:
    module = live.start(SOURCE)
    sys.modules[f"{live.name}_again"] = module
    try:
        live.write(EDITED)
        report = livepatch.reload(
            f"{live.name}_again", module, strategy=live.strategy, rerun=live.rerun
        )
    finally:
        del sys.modules[f"{live.name}_again"]

    assert report.modules == (live.name,)
    assert module.hit() == 2
