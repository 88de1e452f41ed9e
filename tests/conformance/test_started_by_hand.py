"""Scripts run as ``__main__``, and livepatch that is imported when the edit is made already.

Each test runs a program of its own: what counts is how the process came to its code.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from textwrap import dedent

import pytest

import livepatch
from tests.live import CHILD_TIMEOUT, PYTHON, Strategy

pytestmark = pytest.mark.one_mode("only what changed runs in a script")

REWRITE = """
def rewrite(path, *changes):
    with open(path) as file:
        text = file.read()
    for old, new in zip(changes[::2], changes[1::2]):
        assert old in text, old
        text = text.replace(old, new)
    with open(path, "w") as file:
        file.write(text)

def first(path):
    rewrite(path, "def hit(): return 1", "def hit(): return 2", "LIMIT = 1", "LIMIT = 5")

def second(path):
    rewrite(path, "class Player:", "class Base: pass\\nclass Player(Base):")
"""


def run(folder: Path, *arguments: str, bytecode: bool = True) -> list[str]:
    """Run Python in a folder; return the lines that it printed."""
    package = str(Path(livepatch.__file__).resolve().parent.parent)
    paths = os.pathsep.join((package, str(folder)))
    spared = {"PYTHONDONTWRITEBYTECODE", "PYTHONPYCACHEPREFIX"}
    environment = {name: value for name, value in os.environ.items() if name not in spared}
    environment |= {"PYTHONPATH": paths} | ({} if bytecode else {"PYTHONDONTWRITEBYTECODE": "1"})
    done = subprocess.run(
        [PYTHON, *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=CHILD_TIMEOUT,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


# --- scripts

SCRIPT = """
import sys
import livepatch
from helper import first, second

STATE = []
LIMIT = 1
print("runs")

def hit(): return 1

class Player:
    def power(self): return LIMIT

if __name__ == "__main__":
    STATE.append("started")
    player, held, state = Player(), hit, STATE
    first(__file__)
    report = livepatch.reload("__main__", rerun="changed", strategy=sys.argv[1])
    print(held(), hit is held, player.power(), type(player) is Player, STATE is state, STATE)
    print(report.ok, [notice.code for notice in report.notices])
    second(__file__)
    livepatch.reload(sys.modules["__main__"], rerun="changed", strategy=sys.argv[1])
    print(isinstance(player, Base), type(player) is Player, player.power(), __name__, __spec__)
"""


@pytest.mark.sampled(3)
@pytest.mark.parametrize("way", ["file", "module"])
def test_a_script_is_brought_to_its_file(tmp_path: Path, strategy: Strategy, way: str) -> None:
    (tmp_path / "helper.py").write_text(REWRITE)
    (tmp_path / "script.py").write_text(SCRIPT)
    start = ["script.py"] if way == "file" else ["-m", "script"]
    printed = run(tmp_path, *start, strategy)

    assert printed[:3] == ["runs", "2 True 5 True True ['started']", "True []"]
    assert printed[3].startswith("True True 5 __main__ ")
    assert printed[3].endswith("None" if way == "file" else ")")
    assert len(printed) == 4


def test_what_a_script_does_when_it_is_run_is_not_done_again(tmp_path: Path) -> None:
    (tmp_path / "helper.py").write_text(REWRITE)
    (tmp_path / "script.py").write_text(
        dedent("""
        import livepatch
        from helper import rewrite
        def hit(): return 1
        if "__main__" == __name__:
            print("main")
            rewrite(__file__, 'print("main")', 'print("again")')
            print(*livepatch.reload("__main__", rerun="changed").notices)
        """)
    )

    assert run(tmp_path, "script.py") == [
        "main",
        "LP313 __main__: it has changed; line 5 was not run again: if '__main__' == __name__:",
    ]


def test_a_script_that_would_have_to_run_as_a_whole_is_refused(tmp_path: Path) -> None:
    (tmp_path / "helper.py").write_text(REWRITE)
    (tmp_path / "script.py").write_text(
        dedent("""
        import livepatch
        from helper import rewrite
        def hit(): return 1
        rewrite(__file__, "\\nimport", "from __future__ import annotations\\nimport", "1", "2")
        for options in ({"rerun": "changed"}, {"rerun": "all"}):
            try:
                livepatch.reload("__main__", **options)
            except livepatch.NotReloadableError as error:
                print(error.code, hit())
        """).replace("1", "1", 1)
    )

    assert run(tmp_path, "script.py") == ["LP102 1", "LP102 1"]


def test_cells_are_left_alone(tmp_path: Path) -> None:
    source = (
        "import livepatch\ntry: livepatch.reload('__main__', rerun='changed')\n"
        "except livepatch.NotReloadableError as error: print(error.code)\n"
        "print(livepatch.changed())\n"
    )

    assert run(tmp_path, "-c", source) == ["LP102", "()"]


# --- livepatch comes late

LATE = """
import sys
import early
from helper import rewrite

held, closure, instance, state = early.hit, early.make(), early.Player(), early.STATE
state.append(1)
rewrite(early.__file__, "return 1", "return 22", "LIMIT = 3", "LIMIT = 44")
import livepatch
assert livepatch.changed("early") == ("early",)
report = livepatch.reload(early, rerun="changed", strategy=sys.argv[1])
print(held(), closure(), instance.power(), early.LIMIT, early.STATE is state, early.RUNS)
print(sorted({notice.code for notice in report.notices}))
rewrite(early.__file__, "return 22", "return 333")
report = livepatch.reload(early, rerun="changed", strategy=sys.argv[1])
print(held(), closure(), early.STATE is state, early.RUNS)
"""
EARLY = """
import helper
STATE = []
LIMIT = 3
helper.RUNS = RUNS = getattr(helper, "RUNS", 0) + 1
def hit(): return 1
def make():
    def inner(): return 1
    return inner
class Player:
    def power(self): return 1
"""


def late_program(tmp_path: Path) -> None:
    (tmp_path / "helper.py").write_text(REWRITE)
    (tmp_path / "early.py").write_text(EARLY)
    (tmp_path / "late.py").write_text(LATE)


def test_an_edit_before_livepatch_is_imported_runs_only_what_changed(
    tmp_path: Path, strategy: Strategy
) -> None:
    late_program(tmp_path)

    assert run(tmp_path, "late.py", strategy) == [
        "22 22 22 44 True 1", "[]", "333 333 True 1",
    ]  # fmt: skip


def test_without_bytecode_everything_runs_once_and_the_report_says_so(
    tmp_path: Path, strategy: Strategy
) -> None:
    late_program(tmp_path)

    assert run(tmp_path, "late.py", strategy, bytecode=False) == [
        "22 22 22 44 False 2",
        "['LP302', 'LP315']",
        "333 333 False 2",
    ]


def test_a_file_that_nobody_touched_since_the_start_is_known_without_bytecode(
    tmp_path: Path, strategy: Strategy
) -> None:
    late_program(tmp_path)
    os.utime(tmp_path / "early.py", (1, 1))
    (tmp_path / "late.py").write_text(
        LATE.replace("import livepatch\n", "").replace(
            "import early\n", "import livepatch\nimport early\n"
        )
    )

    assert run(tmp_path, "late.py", strategy, bytecode=False) == [
        "22 22 22 44 True 1", "[]", "333 333 True 1",
    ]  # fmt: skip


def test_a_file_of_just_before_is_known_though_a_constant_was_set(tmp_path: Path) -> None:
    """The files are as old as the process that writes them, and it starts another one."""
    late_program(tmp_path)
    inner = (
        "import early\nearly.LIMIT = 7\nimport livepatch\nprint(livepatch.changed('early'))\n"
        "open(early.__file__, 'a').write('LIMIT = 4\\n')\nprint(livepatch.changed('early'))\n"
    )
    outer = (
        "import subprocess, sys, livepatch, time\n"
        "open('early.py', 'a').write('# new\\n')\n"
        "written = time.time()\n"
        "while time.time() < written + 0.1: pass\n"
        f"subprocess.run([sys.executable, '-c', {inner!r}], check=True)\n"
    )

    assert run(tmp_path, "-c", outer) == ["()", "('early',)"]
