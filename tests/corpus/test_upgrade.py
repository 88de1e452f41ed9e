"""A package of version A, held from everywhere, becomes version B in a process that goes on."""

from __future__ import annotations

import sys
from collections.abc import Iterable

import pytest

from tests.corpus._pairs import PAIRS, Pair
from tests.corpus._run import compare
from tests.live import Strategy

pytestmark = pytest.mark.slow

EVERYWHERE = [pair for pair in PAIRS if pair.everywhere]
# These take minutes, so one interpreter has them; the others have a handful.
CHECKED = [pair for pair in PAIRS if pair.everywhere or pair.checked]
TRIED = CHECKED if sys.version_info[:2] == (3, 11) else EVERYWHERE

# Those that have been seen to pass where only what changed runs.
_BY_STATEMENTS = {
    "itsdangerous",
    "more-itertools",
    "packaging",
    "toolz",
    "sortedcontainers",
    "cattrs",
}
TRIED_BY_STATEMENTS = [pair for pair in TRIED if pair.project in _BY_STATEMENTS]


def there_and_back(pairs: Iterable[Pair]) -> list[Pair]:
    return [way for pair in pairs for way in (pair, pair.back())]


@pytest.mark.parametrize("pair", there_and_back(TRIED), ids=str)
def test_a_held_package_becomes_another_version(pair: Pair) -> None:
    comparison = compare(pair)

    assert comparison.complaints() == {}
    assert comparison.held > 0
    assert comparison.fresh["suite"]["counts"]["passed"] > 0


@pytest.mark.parametrize("pair", there_and_back(TRIED_BY_STATEMENTS), ids=str)
def test_a_held_package_becomes_another_version_where_only_what_changed_runs(pair: Pair) -> None:
    comparison = compare(pair, tool="livepatch-changed")

    assert comparison.complaints() == {}
    assert comparison.fresh["suite"]["counts"]["passed"] > 0


@pytest.mark.parametrize("strategy", ["auto", "repoint"])
@pytest.mark.parametrize("late", [True, False], ids=["late", "first"])
@pytest.mark.parametrize("pair", there_and_back(EVERYWHERE), ids=str)
def test_the_other_strategy_and_a_late_import_give_the_same(
    pair: Pair, late: bool, strategy: Strategy
) -> None:
    comparison = compare(pair, strategy=strategy, late=late)

    assert comparison.complaints() == {}
    assert comparison.unlike("portrait") == {}


@pytest.mark.parametrize("strategy", ["auto", "repoint"])
@pytest.mark.parametrize("pair", EVERYWHERE, ids=str)
def test_one_module_after_the_other_in_the_order_of_their_imports(
    pair: Pair, strategy: Strategy
) -> None:
    comparison = compare(pair, tool="livepatch-each", strategy=strategy)

    assert comparison.complaints() == {}
    assert len(comparison.upgraded["reports"]) == len(comparison.upgraded["order"]) > 1
    assert comparison.fresh["suite"]["counts"]["passed"] > 0
