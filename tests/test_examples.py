"""The examples print what is stored beside this file, and the README shows what they print.

When what an example prints is meant to change, store it with
``python examples/game.py >tests/examples_output/game.txt`` and put it into the README.
"""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

import livepatch
from tests.live import CHILD_TIMEOUT, PYTHON

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = sorted(path.stem for path in (ROOT / "examples").glob("*.py"))
README = (ROOT / "README.md").read_text(encoding="utf-8")
FIRST_SCREEN = README.split("\n## ", maxsplit=1)[0]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def run_example(name: str) -> subprocess.CompletedProcess[str]:
    package = Path(livepatch.__file__).resolve().parent.parent
    paths = [str(package), *filter(None, [os.environ.get("PYTHONPATH")])]
    return subprocess.run(
        [PYTHON, f"examples/{name}.py"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths), "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        encoding="utf-8",
        timeout=CHILD_TIMEOUT,
        check=False,
    )


def expected_output(name: str) -> str:
    return (ROOT / "tests" / "examples_output" / f"{name}.txt").read_text(encoding="utf-8")


def blocks(text: str, language: str) -> list[str]:
    return [block for said, block in BLOCK.findall(text) if said == language]


@pytest.mark.parametrize("name", EXAMPLES)
def test_example_prints_what_is_stored(name: str) -> None:
    done = run_example(name)

    assert done.stderr == ""
    assert done.stdout == expected_output(name)
    assert done.returncode == 0


def test_every_stored_output_is_of_an_example() -> None:
    stored = sorted(path.stem for path in (ROOT / "tests" / "examples_output").glob("*.txt"))

    assert stored == EXAMPLES


def test_first_screen_shows_the_source_of_the_example() -> None:
    example = (ROOT / "examples" / "game.py").read_text(encoding="utf-8")
    game = example.split('SOURCE = """\\\n')[1].split('"""', maxsplit=1)[0]
    program = example.split("# ---- README: from here\n")[1].split("# ---- README: to here\n")[0]

    assert blocks(FIRST_SCREEN, "python") == [game, program]


def test_first_screen_shows_all_that_the_example_prints() -> None:
    done = run_example("game")

    assert blocks(FIRST_SCREEN, "console") == [f"$ python examples/game.py\n{done.stdout}"]


def test_every_block_of_the_readme_is_python_that_compiles_or_a_console() -> None:
    languages = {said for said, _ in BLOCK.findall(README)}
    for source in blocks(README, "python"):
        compile(source, "README.md", "exec", dont_inherit=True)

    assert languages == {"python", "console"}
    assert README.count("```") == 2 * len(BLOCK.findall(README))
