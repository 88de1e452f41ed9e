"""A generated package of two thousand modules with cycles of imports is upgraded at once."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import livepatch
from tests.benchmarks._packages import write_package
from tests.live import Strategy

pytestmark = pytest.mark.slow

COUNT = 2_000


def parts(package: ModuleType) -> list[Any]:
    return [getattr(package, f"part_{index}") for index in range(COUNT)]


def definitions(package: ModuleType) -> list[Any]:
    return [
        getattr(part, f"{name}_{index}")
        for index, part in enumerate(parts(package))
        for name in ("Node", "first", "second")
    ]


@pytest.mark.parametrize("strategy", ["auto", "repoint"])
def test_two_thousand_modules_with_cycles(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, strategy: Strategy
) -> None:
    name = f"very_many_{strategy}"
    names = write_package(tmp_path, name, COUNT, 1)
    monkeypatch.syspath_prepend(tmp_path)
    importlib.invalidate_caches()
    package = importlib.import_module(name)
    nodes = [part.make() for part in definitions(package)[::3]]
    held, keyed = definitions(package), dict.fromkeys(definitions(package), 0)
    titles = [type(node).__dict__["title"].fget for node in nodes]
    before = [part.__dict__.copy() for part in parts(package)]
    write_package(tmp_path, name, COUNT, 2)
    try:
        report = livepatch.reload(
            *(sys.modules[each] for each in names), strategy=strategy, rerun="all"
        )

        assert report.ok, str(report)
        assert len(report.modules) == COUNT + 1
        assert held == definitions(package) == list(keyed)
        assert [node.place() for node in nodes] == [(index, 2) for index in range(COUNT)]
        assert {node.title for node in nodes} == {"node of 2"}
        assert all(title is type(node).title.fget for title, node in zip(titles, nodes))
        assert package.part_7.second_7() == package.part_8.first_8() + 2
        assert package.part_9.second_9() == package.part_0.first_0() + 2
        assert package.part_3.TABLE_3[package.part_3.Node_3] is package.part_3.second_3
        report.undo()
        assert held == definitions(package)
        assert [node.place() for node in nodes] == [(index, 1) for index in range(COUNT)]
        now = [part.__dict__ for part in parts(package)]
        assert [list(each) for each in now] == [list(each) for each in before]
    finally:
        for each in names:
            sys.modules.pop(each, None)
