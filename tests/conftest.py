"""Fixtures that every test of livepatch may ask for."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from zlib import crc32

import pytest

from tests.live import LiveModule, Rerun, Strategy


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave the harness's own tests to `pytest tests/harness`: a suite of minutes."""
    asked = any("harness" in argument for argument in config.args)
    return True if collection_path.name == "harness" and not asked else None


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add what divides a long suite."""
    parser.addoption(
        "--part",
        type=_part,
        metavar="K/N",
        help="run the K-th of N parts of the tests: about as many, and always the same",
    )


def _part(text: str) -> tuple[int, int]:
    number, _, parts = text.partition("/")
    if not (number.isdigit() and parts.isdigit() and 1 <= int(number) <= int(parts)):
        message = f"--part takes K/N, with K from 1 to N, and was given {text}"
        raise pytest.UsageError(message)
    return int(number), int(parts)


@pytest.hookimpl(tryfirst=True)  # before those marked slow are left out
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave tests to the long suite, and those out of what this interpreter does not have.

    The latter are none that it skips. What pytest hears of it keeps to the end, which is half of
    the heap that every reload searches; so the items that are no part of the run it does not hear
    of.
    """
    mark_sampled(items)
    slow = {"not slow": False, "slow": True}.get(config.option.markexpr)
    number, parts = config.option.part or (1, 1)
    items[:] = [
        item
        for item in items
        if slow in (None, item.get_closest_marker("slow") is not None)
        and crc32(item.nodeid.encode()) % parts == number - 1
    ]
    later = [item for item in items if _needs_later(item)]
    if later:
        config.hook.pytest_deselected(items=later)
        items[:] = [item for item in items if item not in later]


def pytest_report_collectionfinish(items: list[pytest.Item]) -> str:
    """Say how many run: pytest's own line counts those of which it has not heard."""
    return f"to run: {len(items)} tests"


def mark_sampled(items: Iterable[pytest.Item]) -> None:
    """Mark as slow most of those tests of which a plain run has a sample.

    What goes by the same way as its neighbours, at the price of a search of the heap each time.
    """
    numbers: dict[object, int] = {}
    for item in items:
        mark, call = item.get_closest_marker("sampled"), getattr(item, "callspec", None)
        if mark is None or call is None:
            continue
        case = {name: at for name, at in call.indices.items() if name not in _WAYS}
        key = (item.nodeid.partition("[")[0], *sorted(case.items()))
        number = numbers.setdefault(key, len(numbers))
        if (number + call.indices.get("strategy", 0)) % mark.args[0]:
            item.add_marker(pytest.mark.slow)


_WAYS = ("strategy", "rerun")


def _needs_later(item: pytest.Item) -> bool:
    mark = item.get_closest_marker("since")
    return mark is not None and sys.version_info < mark.args


@pytest.fixture
def strategy() -> Strategy:
    """The strategy of every reload; tests/conformance runs each test under both."""
    return "auto"


@pytest.fixture
def rerun() -> Rerun:
    """What runs again in every reload; tests/conformance runs each test with both answers."""
    return "all"


@pytest.fixture
def live(tmp_path: Path, strategy: Strategy, rerun: Rerun) -> Iterator[LiveModule]:
    """A module under test in a folder of its own."""
    module = LiveModule(tmp_path, strategy, rerun)
    yield module
    module.close()
