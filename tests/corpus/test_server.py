"""A real server answers all the time while it is patched a hundred times."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

import livepatch
from tests.corpus._download import site_of_needs
from tests.corpus.corpus_server import EVERY, PATCHES, RESPONSE
from tests.live import PYTHON

pytestmark = pytest.mark.slow

_SCRIPT = Path(__file__).with_name("corpus_server.py")
_TIMEOUT = 300


def test_no_request_fails_while_a_server_is_patched_a_hundred_times(tmp_path: Path) -> None:
    needs = site_of_needs(("werkzeug==3.1.3",))
    folder = tmp_path / "site"
    shutil.copytree(needs / RESPONSE.parts[0], folder / RESPONSE.parts[0])
    paths = [str(needs), str(Path(livepatch.__file__).parent.parent)]
    result = tmp_path / "result.json"
    done = subprocess.run(
        [PYTHON, "-X", "faulthandler", str(_SCRIPT), str(folder), str(result)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        capture_output=True,
        text=True,
        timeout=_TIMEOUT,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(result.read_text("utf-8"))
    told = [
        (before, after, *map(int, body.split()), int(header))
        for before, after, _, body, header in found["answers"]
    ]

    assert found["failures"] == []
    assert {status for _, _, status, _, _ in found["answers"]} == {200}
    assert len(told) > PATCHES
    # Each answer was given by the code of a generation that was current while it was asked for.
    assert [each for each in told if not _is_of_its_time(*each[:3], each[4])] == []
    # No state was lost: everybody was counted once, by one and the same object.
    assert sorted(count for _, _, _, count, _ in told) == list(range(1, len(told) + 1))
    assert found["visitors"] == len(told)
    assert found["is_current"]
    assert len(found["refused"]) == PATCHES // EVERY
    assert {"SyntaxError", "RuntimeError", "ImportError", "TypeError"} == set(found["refused"])


def _is_of_its_time(before: float, after: float, *generations: int) -> bool:
    # Half a number is a patch under way; the generation before it may have been a broken one.
    first = before if before == int(before) else before - 2.5
    return all(first <= generation <= after for generation in generations)
