"""The folders that a child process works in, laid out from what the package index has."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from tests.corpus._download import sdist_of, site_of, site_of_needs
from tests.corpus._pairs import Pair

_BYTECODE = shutil.ignore_patterns("__pycache__", "*.pyc")
_ROOTS = ("src", "lib", ".")


@dataclass(frozen=True, slots=True)
class Stage:
    """Where things are for one child process.

    Attributes:
        lib: the package as it is imported from; the upgrade replaces its files.
        new: the files to replace them by.
        suite: the new version's sdist without the package, so that nothing imports that.
        needs: what the package and its tests need.
    """

    lib: Path
    new: Path
    suite: Path
    needs: Path


def lay_out(pair: Pair, version: str, folder: Path) -> Stage:
    """Copy what a child process needs that starts with one version and ends with the new one.

    Args:
        pair: the versions.
        version: the one that ``lib`` is made from.
        folder: where; it is made.
    """
    needs = site_of_needs(pair.needs)
    stage = Stage(folder / "lib", folder / "new", folder / "suite", needs)
    _install(pair, version, stage.lib)
    _install(pair, pair.new, stage.new)
    shutil.copytree(sdist_of(pair.project, pair.new), stage.suite, ignore=_BYTECODE)
    for root in _ROOTS:
        for package in pair.packages:
            _remove(stage.suite / root / package)
            _remove(stage.suite / root / f"{package}.py")
    return stage


def _install(pair: Pair, version: str, site: Path) -> None:
    shutil.copytree(site_of(pair.project, version), site, ignore=_BYTECODE)
    if not pair.inside:
        return
    # Some projects keep their tests in the package and install it without them.
    sdist = sdist_of(pair.project, version)
    for test in pair.tests:
        for source in (sdist / root / test for root in _ROOTS):
            if source.is_dir() and not (site / test).exists():
                shutil.copytree(source, site / test, ignore=_BYTECODE)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
