"""Put each fault of the table into a copy of livepatch's source, and see that a test catches it.

python -m tests.mutations            all of them
python -m tests.mutations WORD ...   those whose description has one of the words
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import livepatch
from tests.mutations._table import MUTATIONS, Mutation

_ROOT = Path(__file__).resolve().parent.parent.parent
_PACKAGE = Path(livepatch.__file__).resolve().parent
_PASSED, _FAILED = 0, 1  # pytest's exit statuses
_TIMEOUT = 120


def main(words: list[str]) -> int:
    chosen = [each for each in MUTATIONS if not words or any(word in each.what for word in words)]
    started, wrong = time.perf_counter(), 0
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder, "livepatch")
        shutil.copytree(_PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__"))
        for selection in dict.fromkeys(each.tests for each in chosen):
            status, told = _run(folder, selection)
            if status != _PASSED:
                wrong += 1
                print(f"ERROR     {selection} does not pass as it is ({status})\n{told}")
        for each in chosen:
            verdict = _verdict_on(each, copy, folder)
            wrong += not verdict.startswith("caught")
            print(f"{verdict:<10}{each.file}: {each.what}", flush=True)
    seconds = time.perf_counter() - started
    print(f"{len(chosen)} faults, {len(chosen) - wrong} caught, {seconds:.0f} s")
    return 1 if wrong or not chosen else 0


def _verdict_on(mutation: Mutation, copy: Path, folder: str) -> str:
    path = copy / mutation.file
    source = path.read_text(encoding="utf-8")
    if source.count(mutation.old) != 1:
        return f"ERROR: the text is there {source.count(mutation.old)} times: "
    changed = source.replace(mutation.old, mutation.new)
    try:
        compile(changed, mutation.file, "exec")
    except SyntaxError as error:
        return f"ERROR: {error}: "
    try:
        path.write_text(changed, encoding="utf-8")
        status, told = _run(folder, mutation.tests)
    finally:
        path.write_text(source, encoding="utf-8")
    if status == _FAILED or status < _PASSED:
        return "caught" if status == _FAILED else "caught, by a crash: "
    return "MISSED" if status == _PASSED else f"ERROR: pytest ended with {status}: {told}"


def _run(folder: str, selection: str) -> tuple[int, str]:
    """Run some tests against the copy until one fails; return pytest's exit status and words."""
    file, _, words = selection.partition("::")
    command = [
        sys.executable,
        "-B",
        "-m",
        "pytest",
        "-q",
        "-x",
        "-n",
        "0",
        "-p",
        "no:cacheprovider",
        "-m",
        "not slow or sampled",
    ]
    command += [f"tests/{file}", *(["-k", words] if words else [])]
    paths = os.pathsep.join([folder, str(_ROOT)])
    try:
        done = subprocess.run(
            command,
            cwd=_ROOT,
            env={**os.environ, "PYTHONPATH": paths, "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            text=True,
            timeout=_TIMEOUT,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return _FAILED, "it hung"
    return done.returncode, done.stdout[-2000:]


sys.exit(main(sys.argv[1:]))
