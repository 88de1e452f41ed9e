"""What a stranger who judged the mode that runs only what changed found besides."""

from __future__ import annotations

import array
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

import livepatch
from tests.live import PYTHON, LiveModule

pytestmark = pytest.mark.sampled(8)


def test_an_edited_cached_property_is_named(live: LiveModule) -> None:
    source = (
        "import functools\nclass A:\n    @functools.cached_property\n    def v(self): return 1\n"
    )
    module = live.start(source)
    one, other = module.A(), module.A()
    assert one.v == 1
    report = live.edit(source.replace("return 1", "return 2"))

    assert (one.v, other.v) == (1, 2)
    assert [(each.code, each.path) for each in report.notices] == [("LP319", f"{live.name}.A.v")]


def test_a_cached_property_that_has_but_moved_is_not_named(live: LiveModule) -> None:
    source = (
        "import functools\nclass A:\n    @functools.cached_property\n    def v(self): return 1\n"
    )
    live.start(source)

    assert live.edit("\n\n" + source).notices == ()


def test_an_array_is_as_it_was_after_a_failure(live: LiveModule) -> None:
    source = "import array\nNUMBERS = array.array('i', [1])\n"
    module = live.start(source)
    numbers = module.NUMBERS
    with pytest.raises(ZeroDivisionError):
        live.edit(source + "NUMBERS.append(3)\n1 / 0\n", rerun="changed")

    assert module.NUMBERS is numbers
    assert numbers == array.array("i", [1])


def test_a_class_that_is_an_attribute_of_an_earlier_one_knows_its_line(live: LiveModule) -> None:
    source = "class A:\n    def f(self): return 1\nclass C:\n    def g(self): pass\nA.c = C\n"
    module = live.start("\n\n" + source)
    live.edit("\n" + source)

    assert getattr(module.C, "__firstlineno__", 4) == 4
    assert module.C.g.__code__.co_firstlineno == 5


SCRIPT = "import livepatch\ndef f():\n    return 1\n"
TYPED = """
import pathlib
path = pathlib.Path(__loader__.path)
_ = path.write_text(path.read_text().replace("return 1", "return 2"))
print(livepatch.reload("__main__").ok, f())
"""


def test_a_script_is_brought_to_its_file_at_the_prompt_behind_it(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    path = str(Path(livepatch.__file__).resolve().parent.parent)
    done = subprocess.run(
        [PYTHON, "-i", str(script)],
        input=textwrap.dedent(TYPED),
        env={"PYTHONPATH": path, "TERM": "dumb"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert "True 2" in done.stdout, (sys.version, done.stdout, done.stderr)
