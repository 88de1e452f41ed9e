"""Which modules differ from their sources, and to reload exactly those."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

import livepatch
from tests.live import PYTHON, LiveModule

pytestmark = pytest.mark.sampled(8)


def part_path(live: LiveModule, stem: str) -> Path:
    return live.root / live.name / f"{stem}.py"


def write(live: LiveModule, stem: str, source: str) -> None:
    (live.root / live.name / f"{stem}.py").write_text(source, encoding="utf-8")


@pytest.fixture
def package(live: LiveModule) -> str:
    live.package(__init__="from . import a, b\n", a="def f(): return 1\n", b="X = 1\n")
    return live.name


def test_nothing_has_changed(live: LiveModule, package: str) -> None:
    assert livepatch.changed(package) == ()
    report = livepatch.reload_changed(package, strategy=live.strategy, rerun=live.rerun)
    assert report.modules == ()
    assert report.ok
    assert "nothing" in str(report)


def test_by_content_and_not_by_time(live: LiveModule, package: str) -> None:
    os.utime(part_path(live, "a"), (1, 1))
    os.utime(part_path(live, "b"))

    assert livepatch.changed(package) == ()


def test_those_that_changed_are_reloaded(live: LiveModule, package: str) -> None:
    held = sys.modules[f"{package}.a"].f
    write(live, "a", "def f(): return 2\n")

    assert livepatch.changed(package) == (f"{package}.a",)
    report = livepatch.reload_changed(package, strategy=live.strategy, rerun=live.rerun)
    assert report.modules == (f"{package}.a",)
    assert held() == 2
    assert livepatch.changed(package) == ()

    report.undo()
    assert livepatch.changed(package) == (f"{package}.a",)


def test_lines_that_moved_count_and_trailing_comments_do_not(
    live: LiveModule, package: str
) -> None:
    write(live, "b", "X = 1\n# a remark\n")
    assert livepatch.changed(package) == ()
    write(live, "a", "\n\ndef f(): return 1\n")
    assert livepatch.changed(package) == (f"{package}.a",)


def test_module_by_object_and_several(live: LiveModule, package: str) -> None:
    write(live, "a", "def f(): return 2\n")
    write(live, "b", "X = 2\n")
    a, b = sys.modules[f"{package}.a"], sys.modules[f"{package}.b"]

    assert livepatch.changed(a) == (f"{package}.a",)
    assert livepatch.changed(a, b) == (f"{package}.a", f"{package}.b")
    assert livepatch.changed(live.module) == (f"{package}.a", f"{package}.b")


def test_without_arguments_those_of_the_user(live: LiveModule, package: str) -> None:
    write(live, "a", "def f(): return 2\n")

    assert f"{package}.a" in livepatch.changed()
    assert not any(name.startswith(("pytest", "_pytest", "json")) for name in livepatch.changed())


def test_source_that_does_not_compile_differs(live: LiveModule, package: str) -> None:
    write(live, "a", "def f(:\n")

    assert livepatch.changed(package) == (f"{package}.a",)
    with pytest.raises(SyntaxError):
        livepatch.reload_changed(package, strategy=live.strategy, rerun=live.rerun)
    assert sys.modules[f"{package}.a"].f() == 1


def test_new_module_comes_with_those_that_need_it(live: LiveModule, package: str) -> None:
    write(live, "a", "from .c import g\ndef f(): return g()\n")
    write(live, "c", "def g(): return 3\n")
    report = livepatch.reload_changed(package, strategy=live.strategy, rerun=live.rerun)

    assert sys.modules[f"{package}.a"].f() == 3
    assert f"{package}.c" in report.modules


def test_module_whose_file_has_gone(live: LiveModule, package: str) -> None:
    write(live, "__init__", "from . import b\n")
    part_path(live, "a").unlink()

    assert set(livepatch.changed(package)) == {package, f"{package}.a"}
    report = livepatch.reload_changed(package, strategy=live.strategy, rerun=live.rerun)
    assert f"{package}.a" not in sys.modules
    assert "LP311" in {notice.code for notice in report.notices}


def test_module_whose_file_has_gone_from_an_unchanged_package(
    live: LiveModule, package: str
) -> None:
    # Another module imports it no more; the package never did.
    write(live, "__init__", "")
    write(live, "b", "from . import a\n")
    livepatch.reload_changed(package, strategy=live.strategy, rerun=live.rerun)
    write(live, "b", "def f(): return 5\n")
    part_path(live, "a").unlink()
    report = livepatch.reload_changed(package, strategy=live.strategy, rerun=live.rerun)

    assert f"{package}.a" not in sys.modules
    assert sys.modules[f"{package}.b"].f() == 5
    assert "LP311" in {notice.code for notice in report.notices}


def test_module_imported_before_livepatch_knew(live: LiveModule) -> None:
    # As when livepatch is imported late: nothing is remembered of the import.
    from livepatch._source import remembered

    live.start("def f(): return 1\nX = 1\n")
    remembered._imported.pop(live.name)
    remembered._compiled.pop(live.name)
    importlib.invalidate_caches()

    assert livepatch.changed(live.name) == ()
    live.write("def f(): return 2\nX = 1\n")
    assert livepatch.changed(live.name) == (live.name,)


def test_not_loaded() -> None:
    with pytest.raises(livepatch.NotReloadableError, match="LP108"):
        livepatch.changed("no.such.module")


def test_not_a_module() -> None:
    with pytest.raises(livepatch.NotAModuleError, match="LP101"):
        livepatch.changed(42)


def test_bad_options_are_refused_even_if_nothing_changed(package: str) -> None:
    with pytest.raises(livepatch.InvalidOptionError):
        livepatch.reload_changed(package, strategy="no such")
    for option in ("dry_run", "dependents"):
        with pytest.raises(livepatch.LivepatchError, match=f"LP110.*{option}"):
            livepatch.reload_changed(package, **{option: "yes"})


def test_unedited_module_that_was_imported_first_and_has_state(tmp_path: Path) -> None:
    """A constant set at run time was taken for an edit, and the reload wiped the state."""
    (tmp_path / "app.py").write_text("DEBUG = False\nSTATE = []\n", encoding="utf-8")
    hours_ago = time.time() - 7200
    script = (
        "import sys; sys.dont_write_bytecode = True\n"
        "import app\n"
        "app.DEBUG = True; app.STATE.append(1)\n"
        "import livepatch\n"
        "from livepatch._source import origin\n"
        "import time; origin._PROCESS_STARTED = time.time() + 3600\n"
        "print(livepatch.changed('app')); livepatch.reload_changed('app')\n"
        "print(app.STATE, app.DEBUG)\n"
    )
    os.utime(tmp_path / "app.py", (hours_ago, hours_ago))
    done = subprocess.run(
        [PYTHON, "-c", script], cwd=tmp_path, env={**os.environ, "PYTHONPATH": _paths()},
        capture_output=True, text=True, check=True,
    )  # fmt: skip

    assert done.stdout == "()\n[1] True\n"


def _paths() -> str:
    return str(Path(livepatch.__file__).resolve().parent.parent)
