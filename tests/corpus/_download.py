"""What comes from the package index, kept outside the repository and got once."""

from __future__ import annotations

import functools
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

from tests.live import PYTHON

DOWNLOAD_TIMEOUT = 600
# Every suite runs under the same pytest, whatever this interpreter's own copy is; a pair whose
# versions do not go together with it names another one among its needs.
PYTEST = "pytest==8.4.2"


def cache_folder() -> Path:
    """Return the folder that keeps the downloads of earlier runs."""
    root = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(root) / "livepatch-corpus"


@functools.cache
def sdist_of(project: str, version: str) -> Path:
    """Return the unpacked source distribution of a version; download it the first time.

    Only source distributions have the project's own tests.

    Raises:
        RuntimeError: pip could not get it; the text is pip's.
    """

    def make(folder: Path) -> Path:
        options = ["download", "--no-deps", "--no-binary", project, "--dest", str(folder)]
        _pip(options, [f"{project}=={version}"])
        (archive,) = folder.iterdir()
        # A few sdists are zip files, which need no filter and take none.
        filters = {} if archive.suffix == ".zip" else {"filter": "data"}
        shutil.unpack_archive(archive, folder / "unpacked", **filters)
        (top,) = (folder / "unpacked").iterdir()
        return top

    return _made_once(f"{project}-{version}", make)


def site_of(project: str, version: str) -> Path:
    """Return a folder that a version is installed in, without what it depends on.

    Raises:
        RuntimeError: pip could not install it; the text is pip's.
    """
    return _installed(f"{project}-{version}", (f"{project}=={version}",), ("--no-deps",))


def site_of_needs(needs: Iterable[str]) -> Path:
    """Return a folder that pytest, these requirements and all they depend on are installed in.

    Raises:
        RuntimeError: pip could not install them; the text is pip's.
    """
    named = any(need.startswith("pytest==") for need in needs)
    requirements = sorted({*needs} if named else {PYTEST, *needs})
    digest = hashlib.sha256(" ".join(requirements).encode()).hexdigest()[:12]
    return _installed(f"needs-{digest}", tuple(requirements))


@functools.cache
def _installed(name: str, requirements: tuple[str, ...], options: tuple[str, ...] = ()) -> Path:
    def make(folder: Path) -> Path:
        site = folder / "site"
        target = ["install", "--no-compile", "--target", str(site)]
        _pip([*target, *options], list(requirements))
        return site

    # A wheel may hold binaries, so every interpreter has its own.
    return _made_once(f"{name}-{sys.implementation.cache_tag}", make)


def _made_once(name: str, make: Callable[[Path], Path]) -> Path:
    final = cache_folder() / name
    if not final.is_dir():
        final.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=final.parent) as folder:
            made = make(Path(folder))
            try:
                made.rename(final)
            except OSError:
                if not final.is_dir():  # else another run was here first
                    raise
    return final


def _pip(options: list[str], requirements: list[str]) -> None:
    done = subprocess.run(
        [PYTHON, "-m", "pip", "--disable-pip-version-check", *options, *requirements],
        capture_output=True,
        text=True,
        timeout=DOWNLOAD_TIMEOUT,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"pip could not get {' '.join(requirements)}:\n{done.stderr}")
