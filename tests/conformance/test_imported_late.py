"""livepatch is imported after the edit, in a debugger say: what is not edited stays as it is."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from textwrap import dedent

import pytest

import livepatch
from tests.live import CHILD_TIMEOUT, PYTHON

SOURCES = {
    "store.py": "CACHE = {}\nclass Store:\n    limit = 1\n    def get(self): return 1\n",
    "view.py": "def show(): return 1\n",
}
SCRIPT = """
import pathlib, store, view
store.CACHE["user"] = "ada"
shop = store.Store()
def edit(name, old, new):
    path = pathlib.Path(name)
    path.write_text(path.read_text().replace(old, new))
"""
EDITS = {
    "body elsewhere": (
        'edit("view.py", "return 1", "return 22")',
        "('view',) {'user': 'ada'} 22 1",
    ),
    "comment": (
        'edit("store.py", "class", "# a comment\\nclass")',
        "('store',) {'user': 'ada'} 1 1",
    ),
    "method": (
        'edit("store.py", "return 1", "return 33")',
        "('store',) {'user': 'ada'} 1 33",
    ),
}


@pytest.mark.parametrize(("edit", "expected"), EDITS.values(), ids=EDITS)
def test_what_is_not_edited_stays(tmp_path: Path, edit: str, expected: str) -> None:
    for name, source in SOURCES.items():
        (tmp_path / name).write_text(source, "utf-8")
    after = """
    import livepatch
    names = livepatch.changed()
    livepatch.reload_changed()
    print(names, store.CACHE, view.show(), shop.get())
    """
    (tmp_path / "run.py").write_text(f"{SCRIPT}{edit}\n{dedent(after)}", "utf-8")
    package = Path(livepatch.__file__).resolve().parent.parent
    done = subprocess.run(
        [PYTHON, "run.py"],
        cwd=tmp_path,
        # Without bytecode it is not known what was imported.
        env={**os.environ, "PYTHONPATH": str(package), "PYTHONDONTWRITEBYTECODE": ""},
        capture_output=True,
        text=True,
        timeout=CHILD_TIMEOUT,
        check=False,
    )

    assert done.stdout.strip() == expected, done.stderr


BEHIND = {
    "property": ("class A:\n    @property\n    def p(self): return 1\n", "A().p"),
    "staticmethod": ("class A:\n    @staticmethod\n    def p(): return 1\n", "A.p()"),
    "classmethod": ("class A:\n    @classmethod\n    def p(cls): return 1\n", "A.p()"),
    "cached": ("import functools\n@functools.lru_cache\ndef f(): return 1\n", "f()"),
    "nested": ("class A:\n    class B:\n        def p(self): return 1\n", "A.B().p()"),
    "hook": (
        "class A:\n    def __init_subclass__(cls): cls.seen = A.get()\n"
        "    @staticmethod\n    def get(): return 1\n",
        "type('B', (A,), {}).seen",
    ),
}
TWICE = """
import pathlib, early
early.STATE = state = []
def edit(old, new):
    path = pathlib.Path("early.py")
    path.write_text(path.read_text().replace(old, new))
edit("return 1", "return 22")
import livepatch
livepatch.reload(early)
first = eval({0!r}, vars(early))
edit("return 22", "return 333")
livepatch.reload(early)
print(first, eval({0!r}, vars(early)), early.STATE is state)
"""


@pytest.mark.parametrize("kind", BEHIND)
def test_functions_that_are_all_behind_something(tmp_path: Path, kind: str) -> None:
    source, expression = BEHIND[kind]
    (tmp_path / "early.py").write_text(f"STATE = None\n{source}", "utf-8")
    package = str(Path(livepatch.__file__).resolve().parent.parent)
    done = subprocess.run(
        [PYTHON, "-c", TWICE.format(expression)],
        env={**os.environ, "PYTHONPATH": package, "PYTHONDONTWRITEBYTECODE": ""},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=CHILD_TIMEOUT,
        check=False,
    )

    assert done.stdout == "22 333 True\n", done.stderr
