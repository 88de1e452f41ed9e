"""``assert_like_fresh``: a live module equals a fresh import of its source in another process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from types import ModuleType

from livepatch._source.source import find_module, namespace_of
from livepatch.testing._portrait import portrait_of
from livepatch.testing._unchanged import listing

# Where `sys.executable` cannot start alone, this names a script that can.
_PYTHON = "LIVEPATCH_TEST_PYTHON"
_TIMEOUT = 120
_CHILD = """\
import importlib, json, sys
name, sys.path[:] = json.load(sys.stdin)
module = importlib.import_module(name)
from livepatch.testing._portrait import portrait_of
json.dump(portrait_of(module), sys.__stdout__)
"""


def assert_like_fresh(module: ModuleType | str, *, ignore: Iterable[str] = ()) -> None:
    """Fail if a live module differs from a fresh import of its source in another process.

    Compared are names, kinds, signatures, code, line numbers, defaults, annotations, method
    resolution orders, class attributes, constants, ``__all__`` and docs. What can hold state
    (lists, dicts, instances) is compared by type. What is kept for something that is gone and still
    held (LP309) is not looked at. The other process has this one's ``sys.path`` and
    environment, and no bytecode caches.

    Args:
        module: a loaded module, or its name.
        ignore: paths of what is state and differs rightly: ``"COUNT"``, ``"Player.alive"``.

    Raises:
        AssertionError: with a line for each difference.
        subprocess.CalledProcessError: the source cannot be imported by itself; what the other
            process said is in the exception's ``stderr``.
    """
    live = find_module(module)
    fresh = fresh_portrait(namespace_of(live)["__name__"])
    found = list(differences(portrait_of(live), fresh, frozenset(ignore)))
    if found:
        name = namespace_of(live)["__name__"]
        raise AssertionError(listing(f"{name} differs from a fresh import", found))


def fresh_portrait(name: str) -> dict[str, str]:
    """Import a module by name in another process, and return its portrait."""
    python = os.environ.get(_PYTHON, sys.executable)
    with tempfile.TemporaryDirectory() as nowhere:
        done = subprocess.run(  # noqa: S603 - this interpreter
            [
                python,
                "-X",
                f"pycache_prefix={nowhere}",
                "-c",
                _CHILD,
            ],
            input=json.dumps([name, sys.path]),
            capture_output=True,
            text=True,
            timeout=_TIMEOUT,
            check=True,
        )
    portrait: dict[str, str] = json.loads(done.stdout.splitlines()[-1])
    return portrait


def differences(
    live: dict[str, str], fresh: dict[str, str], ignore: frozenset[str]
) -> Iterator[str]:
    """Yield a line for each path at which two portraits differ."""
    for path in {**fresh, **live}:
        if live.get(path) == fresh.get(path) or path.partition(":")[0] in ignore:
            continue
        if path not in live:
            yield f"{path} is missing; fresh it is {fresh[path]}"
        elif path not in fresh:
            yield f"{path} is left over: {live[path]}"
        else:
            yield f"{path} is {live[path]}; fresh it is {fresh[path]}"
