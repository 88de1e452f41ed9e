"""Input that cannot be reloaded gets an error with a number and a remedy, and changes nothing."""

from __future__ import annotations

import importlib
import math
import sys
import types
import zipfile
import zipimport
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import livepatch
from tests.codes import CODES
from tests.live import LiveModule, Strategy, run_in_child

pytestmark = pytest.mark.sampled(8)


def refused_input(target: Any, **options: Any) -> livepatch.LivepatchError:
    """The error that a target gets."""
    with pytest.raises(livepatch.LivepatchError) as failure:
        livepatch.reload(target, **options)
    return failure.value


@pytest.mark.parametrize(
    "target",
    [None, 5, object(), ["game"], b"game", str],
    ids=["none", "number", "object", "list", "bytes", "class"],
)
def test_not_a_module(target: object) -> None:
    error = refused_input(target)

    assert isinstance(error, TypeError)
    assert error.code.startswith(CODES["bad input"])
    assert type(target).__name__ in str(error) or repr(target) in str(error)


def test_a_name_that_was_never_imported(live: LiveModule) -> None:
    error = refused_input("no_such_module_anywhere", strategy=live.strategy, rerun=live.rerun)

    assert isinstance(error, ImportError)
    assert error.code.startswith(CODES["bad input"])
    assert "no_such_module_anywhere" in str(error)
    assert "no_such_module_anywhere" not in sys.modules


def test_an_empty_name(live: LiveModule) -> None:
    error = refused_input("", strategy=live.strategy, rerun=live.rerun)

    assert isinstance(error, (ImportError, ValueError))


def test_a_module_that_is_not_in_sys_modules(live: LiveModule) -> None:
    module = live.start("A = 1\n")
    del sys.modules[live.name]
    live.write("A = 22\n")
    error = refused_input(module, strategy=live.strategy, rerun=live.rerun)

    assert isinstance(error, ImportError)
    assert live.name in str(error)
    assert module.A == 1


def test_a_module_made_by_hand(live: LiveModule) -> None:
    module = types.ModuleType(live.name)
    sys.modules[live.name] = module
    error = refused_input(module, strategy=live.strategy, rerun=live.rerun)

    assert isinstance(error, ImportError)
    assert live.name in str(error)


def test_another_module_of_the_same_name_in_sys_modules(live: LiveModule) -> None:
    module = live.start("A = 1\n")
    sys.modules[live.name] = types.ModuleType(live.name)
    error = refused_input(module, strategy=live.strategy, rerun=live.rerun)

    assert isinstance(error, ImportError)
    assert module.A == 1


def test_main_module(strategy: Strategy) -> None:
    error = refused_input("__main__", strategy=strategy, rerun="all")

    assert isinstance(error, ImportError)
    assert "__main__" in str(error)


def test_main_module_of_a_script(strategy: Strategy) -> None:
    said = run_in_child(
        """
        try: livepatch.reload(sys.modules["__main__"], strategy=live.strategy, rerun=live.rerun)
        except livepatch.LivepatchError as error: print(error.code, error)
        """,
        strategy,
    )

    assert said.startswith("LP")
    assert "__main__" in said


def test_namespace_package(live: LiveModule) -> None:
    folder = live.root / live.name
    folder.mkdir()
    (folder / "part.py").write_text("A = 1\n", encoding="utf-8")
    importlib.invalidate_caches()
    importlib.import_module(f"{live.name}.part")
    error = refused_input(live.name, strategy=live.strategy, rerun=live.rerun)

    assert isinstance(error, ImportError)
    assert live.name in str(error)


def test_module_inside_a_namespace_package_can_be_reloaded(live: LiveModule) -> None:
    folder = live.root / live.name
    folder.mkdir()
    (folder / "part.py").write_text("def hit(): return 1\n", encoding="utf-8")
    importlib.invalidate_caches()
    part = importlib.import_module(f"{live.name}.part")
    held = [part.hit]
    (folder / "part.py").write_text("def hit(): return 2\n", encoding="utf-8")
    livepatch.reload(part, strategy=live.strategy, rerun=live.rerun)

    assert held[0] is part.hit
    assert held[0]() == 2


@pytest.mark.parametrize("module", [sys, math, zipimport])
def test_built_in_or_frozen_module(module: types.ModuleType, strategy: Strategy) -> None:
    before = dict(vars(module))
    error = refused_input(module, strategy=strategy)

    assert isinstance(error, ImportError)
    assert module.__name__ in str(error)
    assert dict(vars(module)) == before


def test_extension_module(strategy: Strategy) -> None:
    extension = importlib.import_module("_ctypes")
    error = refused_input(extension, strategy=strategy)

    assert isinstance(error, ImportError)
    assert "_ctypes" in str(error)


def test_source_file_that_is_gone(live: LiveModule) -> None:
    module = live.start("A = 1\n")
    live.path.unlink()
    error = refused_input(module, strategy=live.strategy, rerun=live.rerun)

    assert isinstance(error, (ImportError, OSError))
    assert str(live.path) in str(error)
    assert module.A == 1


def test_source_file_that_came_back_reloads(live: LiveModule) -> None:
    module = live.start("A = 1\n")
    live.path.unlink()
    refused_input(module, strategy=live.strategy, rerun=live.rerun)
    live.edit("A = 2\n")

    assert module.A == 2


def test_source_file_that_cannot_be_read(live: LiveModule) -> None:
    module = live.start("A = 1\n")
    live.path.unlink()
    live.path.mkdir()
    error = refused_input(module, strategy=live.strategy, rerun=live.rerun)

    assert str(live.path) in str(error)
    assert module.A == 1


def test_source_that_is_not_utf_8(live: LiveModule) -> None:
    module = live.start("A = 1\n")
    live.path.write_bytes(b"A = 2\nB = '\xff\xfe'\n")
    error = refused_input(module, strategy=live.strategy, rerun=live.rerun)

    assert error.code.startswith(CODES["bad input"])
    assert live.path.name in str(error)
    assert module.A == 1


def test_source_with_a_declared_encoding(live: LiveModule) -> None:
    module = live.start("A = 1\n")
    live.path.write_bytes(b"# coding: latin-1\nA = '\xe9'\n")
    live.reload()

    assert module.A == "\xe9"


def test_source_with_a_byte_order_mark_and_windows_lines(live: LiveModule) -> None:
    module = live.start("def hit(): return 1\n")
    held = [module.hit]
    live.path.write_bytes(b"\xef\xbb\xbfdef hit():\r\n    return 2\r\n")
    live.reload()

    assert held[0] is module.hit
    assert held[0]() == 2


def test_empty_source(live: LiveModule) -> None:
    module = live.start("A = 1\ndef hit(): return 1\n")
    live.edit("")

    assert not {"A", "hit"} & set(vars(module))


@pytest.fixture
def zipped(live: LiveModule) -> Iterator[Path]:
    """A zip file on the path that has the module under test."""
    path = live.root / "zipped.zip"
    zip_source(path, live.name, "def hit(): return 1\n")
    sys.path.insert(0, str(path))
    yield path
    sys.path.remove(str(path))
    sys.path_importer_cache.pop(str(path), None)


def zip_source(path: Path, name: str, source: str) -> None:
    """Write a zip file with one module."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{name}.py", source)


def test_zipped_module(live: LiveModule, zipped: Path) -> None:
    importlib.invalidate_caches()
    module = importlib.import_module(live.name)
    held = [module.hit]
    zip_source(zipped, live.name, "# a longer source\ndef hit(): return 2\n")
    livepatch.reload(module, strategy=live.strategy, rerun=live.rerun)

    assert held[0] is module.hit
    assert held[0]() == 2


def test_zipped_module_that_is_unchanged(live: LiveModule, zipped: Path) -> None:
    importlib.invalidate_caches()
    module = importlib.import_module(live.name)
    held = [module.hit]
    livepatch.reload(module, strategy=live.strategy, rerun=live.rerun)

    assert str(zipped) in str(module.__file__)
    assert held[0] is module.hit
    assert held[0]() == 1


def test_zipped_module_whose_source_gets_shorter(live: LiveModule, zipped: Path) -> None:
    zip_source(zipped, live.name, f"def hit(): return 1\n#{'x' * 40}\n")
    importlib.invalidate_caches()
    module = importlib.import_module(live.name)
    zip_source(zipped, live.name, "def hit(): return 2\n")

    assert livepatch.changed() == (live.name,)
    livepatch.reload(module, strategy=live.strategy, rerun=live.rerun)
    assert module.hit() == 2
    zip_source(zipped, live.name, "def hit(): return 3\n")
    sys.path_importer_cache.pop(str(zipped))  # then the finder is another one than the loader
    livepatch.reload(module, strategy=live.strategy, rerun=live.rerun)
    assert module.hit() == 3


@pytest.mark.parametrize("lost", ["archive", "file"])
def test_zipped_module_that_is_gone(live: LiveModule, zipped: Path, lost: str) -> None:
    importlib.invalidate_caches()
    module = importlib.import_module(live.name)
    if lost == "archive":
        zipped.unlink()
    else:
        zip_source(zipped, "something_else", "")
    error = refused_input(module, strategy=live.strategy, rerun=live.rerun)

    assert error.code == "LP105"
    assert module.hit() == 1


def test_zipped_module_of_a_package_that_is_gone(live: LiveModule, zipped: Path) -> None:
    with zipfile.ZipFile(zipped, "w") as archive:
        archive.writestr(f"{live.name}/__init__.py", "")
        archive.writestr(f"{live.name}/part.py", "def hit(): return 1\n")
    importlib.invalidate_caches()
    part = f"{live.name}.part"
    importlib.import_module(part)
    zip_source(zipped, f"{live.name}/__init__", "A = 1\n")
    livepatch.reload(live.name, part, strategy=live.strategy, rerun=live.rerun)

    assert part not in sys.modules
    assert live.module.A == 1


def test_object_in_the_place_of_the_module_in_sys_modules(live: LiveModule) -> None:
    module = live.start("A = 1\n")
    stand_in = types.SimpleNamespace(A=5)
    sys.modules[live.name] = stand_in  # type: ignore[assignment]
    error = refused_input(live.name, strategy=live.strategy, rerun=live.rerun)

    assert isinstance(error, (ImportError, TypeError))
    assert live.name in str(error)
    assert sys.modules[live.name] is stand_in
    assert module.A == 1


def test_module_with_a_class_of_its_own_can_be_reloaded(live: LiveModule) -> None:
    module = live.start("""
        import sys, types
        class Loud(types.ModuleType):
            @property
            def shout(self): return "A" * self.A
        sys.modules[__name__].__class__ = Loud
        A = 1
    """)
    live.change("A = 1", "A = 2")

    assert module.A == 2
    assert module.shout == "AA"
    assert type(module) is module.Loud


@pytest.mark.parametrize("value", ["", "patch", None, 1])
def test_unknown_strategy(live: LiveModule, value: Any) -> None:
    module = live.start("A = 1\n")
    live.write("A = 2\n")
    error = refused_input(module, strategy=value)

    assert isinstance(error, (ValueError, TypeError))
    assert "repoint" in str(error)
    assert module.A == 1


@pytest.mark.parametrize("keep", ["CACHE", 5, [5]], ids=repr)
def test_names_to_keep_that_are_not_names(live: LiveModule, keep: Any) -> None:
    module = live.start("CACHE = 1\n")
    live.write("CACHE = 2\n")
    error = refused_input(module, strategy=live.strategy, rerun=live.rerun, keep=keep)

    assert isinstance(error, (TypeError, ValueError))
    assert module.CACHE == 1


def test_options_are_keywords_only(live: LiveModule) -> None:
    module = live.start("A = 1\n")

    with pytest.raises(TypeError):
        livepatch.reload(module, True)  # type: ignore[misc]


def test_reload_by_name(live: LiveModule) -> None:
    module = live.start("def hit(): return 1\n")
    held = [module.hit]
    live.write("def hit(): return 2\n")
    livepatch.reload(live.name, strategy=live.strategy, rerun=live.rerun)

    assert held[0] is module.hit
    assert held[0]() == 2


def test_error_numbers_can_be_explained(live: LiveModule) -> None:
    error = refused_input("no_such_module_anywhere", strategy=live.strategy, rerun=live.rerun)

    assert livepatch.explain(error.code)


def test_module_whose_loader_has_no_source(live: LiveModule) -> None:
    import py_compile

    live.write("def hit(): return 1\n")
    py_compile.compile(str(live.path), cfile=str(live.root / f"{live.name}.pyc"))
    live.path.unlink()
    importlib.invalidate_caches()
    module = importlib.import_module(live.name)
    error = refused_input(module, strategy=live.strategy, rerun=live.rerun)

    assert isinstance(error, ImportError)
    assert live.name in str(error)
    assert module.hit() == 1
