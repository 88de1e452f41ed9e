"""Which classes borrow a base while instances go over: never one that would be its own."""

from __future__ import annotations

from typing import Any

import pytest

from livepatch._snapshot.borrow import bases_to_give_back
from livepatch._steps.steps import Steps


class Survivor:
    pass


class Goes:
    pass


class Third:
    pass


def settle(value: Any) -> Any:
    return Survivor if value is Goes else value


BOTH_WAYS = [[(Survivor, Goes), (Goes, Survivor)], [(Goes, Survivor), (Survivor, Goes)]]


@pytest.mark.parametrize("borrowed", BOTH_WAYS)
def test_of_two_that_borrow_each_other_the_one_does_that_goes(borrowed: Any) -> None:
    assert bases_to_give_back(borrowed, Steps(), settle) == [(Goes, Survivor, object)]


def test_three_in_a_circle_leave_one_out() -> None:
    circle = [(Survivor, Goes), (Goes, Third), (Third, Survivor)]
    found = bases_to_give_back(circle, Steps(), lambda each: each)

    assert [each[:2] for each in found] == circle[:2]


def test_one_that_gets_a_base_below_it_is_not_lent_that_way() -> None:
    fresh = Steps()
    fresh.set_bases(Third, (Goes,))

    assert bases_to_give_back([(Goes, Third)], fresh, settle) == []


def test_others_borrow_as_they_are() -> None:
    borrowed = [(Survivor, Third), (Goes, Third), (Survivor, Third)]

    assert [each[:2] for each in bases_to_give_back(borrowed, Steps(), settle)] == borrowed
