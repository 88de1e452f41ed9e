"""An exception at any step, and at every border of stages, leaves everything as it was."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import livepatch
from livepatch import _reload
from livepatch._apply import apply as _apply
from livepatch._load import load as _load
from livepatch._plan.plan import Plan
from livepatch._python.own import Call
from livepatch._undo import undo as _undo
from livepatch.testing import LiveModule, assert_current, assert_unchanged
from tests.harness.faults import EDITED, SOURCE, Holdings, Stop


@pytest.fixture(params=["auto", "repoint"])
def strategy(request: pytest.FixtureRequest) -> Any:
    return request.param


@pytest.fixture
def held(live: LiveModule) -> Holdings:
    module = live.start(SOURCE)
    held = Holdings(module, live.other("A = 1\n"))
    live.write(EDITED)
    return held


def _raise(error: BaseException) -> None:
    raise error


def _planned_steps(live: LiveModule, monkeypatch: pytest.MonkeyPatch) -> int:
    """How many steps the reload has; nothing is applied."""
    counted: list[int] = []

    def count(plan: Plan) -> None:
        counted.append(len(plan.steps))
        raise Stop

    with monkeypatch.context() as patch:
        patch.setattr(_reload, "apply", count)
        with pytest.raises(Stop):
            live.reload()
    return counted[0]


@pytest.mark.parametrize(
    ("error", "stride"),
    [
        (Stop, 17),
        (KeyboardInterrupt, 31),
        pytest.param(Stop, 1, marks=pytest.mark.slow),
        pytest.param(KeyboardInterrupt, 1, marks=pytest.mark.slow),
    ],
)
def test_error_at_any_step_changes_nothing(
    live: LiveModule,
    held: Holdings,
    monkeypatch: pytest.MonkeyPatch,
    error: type[BaseException],
    stride: int,
) -> None:
    steps = _planned_steps(live, monkeypatch)
    for index in (*range(0, steps, stride), None):

        def fail_there(plan: Plan, index: int | None = index) -> None:
            # None is behind all others.
            row, index = (plan.last, len(plan.last)) if index is None else (plan.steps, index)
            row.do.insert(index, Call(_raise, error()))
            row.undo.insert(index, Call(int))
            _apply.apply(plan)

        with monkeypatch.context() as patch:
            patch.setattr(_reload, "apply", fail_there)
            with assert_unchanged(live.module, held, held.other), pytest.raises(error):
                live.reload()

    assert steps > 10
    assert live.reload().ok
    assert_current(live.module)


BORDERS = (
    *("take_snapshot", "outline", "load", "describe_modules", "match", "read_possible_importers"),
    *("make_plan", "carry_data", "notice_leftovers", "plan_modules", "apply"),
)


@pytest.mark.parametrize(
    ("stage", "when"),
    # After the last stage the change is made.
    [
        *((each, "before") for each in BORDERS),
        *(pytest.param(each, "after", marks=pytest.mark.slow) for each in BORDERS[:-1]),
    ],
)
def test_error_at_a_border_of_stages_changes_nothing(
    live: LiveModule, held: Holdings, monkeypatch: pytest.MonkeyPatch, stage: str, when: str
) -> None:
    original: Callable[..., Any] = getattr(_reload, stage)

    def fail(*args: Any) -> Any:
        if when == "after":
            original(*args)
        raise Stop

    with monkeypatch.context() as patch:
        patch.setattr(_reload, stage, fail)
        with assert_unchanged(live.module, held, held.other), pytest.raises(Stop):
            live.reload()

    assert live.reload().ok
    assert_current(live.module)


def test_error_of_the_source_is_told_where_pairing_then_raises_too(
    live: LiveModule, held: Holdings, monkeypatch: pytest.MonkeyPatch
) -> None:
    live.write(EDITED + "    1 / 0\n")
    with monkeypatch.context() as patch:
        patch.setattr(_reload, "match", lambda modules: _raise(Stop()))
        with assert_unchanged(live.module, held, held.other), pytest.raises(ZeroDivisionError):
            live.reload()


def test_error_in_apply_leaves_subclasses_in_their_order(
    live: LiveModule, held: Holdings, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = live.module.Player.__subclasses__()

    def fail(plan: Plan) -> None:
        plan.steps.add(Call(_raise, Stop()), Call(int))
        _apply.apply(plan)

    monkeypatch.setattr(_reload, "apply", fail)
    with pytest.raises(Stop):
        live.reload()

    assert live.module.Player.__subclasses__() == before


@pytest.mark.parametrize("call", ["replace_contents", "reorder"])
def test_interrupt_while_the_new_namespace_is_taken_aside_changes_nothing(
    live: LiveModule, held: Holdings, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    original = getattr(_load, call)
    interrupts = iter([KeyboardInterrupt])

    def interrupted(*args: Any) -> Any:
        for error in interrupts:
            raise error
        return original(*args)

    with monkeypatch.context() as patch:
        patch.setattr(_load, call, interrupted)
        with assert_unchanged(live.module, held, held.other), pytest.raises(KeyboardInterrupt):
            live.reload()

    assert live.reload().ok
    assert_current(live.module)


@pytest.mark.parametrize("error", [Stop, KeyboardInterrupt])
def test_error_in_an_undo_changes_nothing(
    live: LiveModule,
    held: Holdings,
    monkeypatch: pytest.MonkeyPatch,
    error: type[BaseException],
) -> None:
    report = live.reload()

    def fail(plan: Plan, direction: str) -> None:
        plan.last.add(Call(_raise, error()), Call(int))
        _apply.apply(plan, direction)

    with monkeypatch.context() as patch:
        patch.setattr(_undo, "apply", fail)
        with assert_unchanged(live.module, held, held.other), pytest.raises(error):
            report.undo()
    assert_current(live.module)
    report.undo()

    assert_current_but_for_the_file(live)
    assert held.bound() == held.closure()[1]() == 1


def assert_current_but_for_the_file(live: LiveModule) -> None:
    live.write(SOURCE)
    assert live.reload().ok
    assert_current(live.module)


class Two:
    """Holds two definitions, where its own way of repointing is needed: not in a dict."""

    __slots__ = ("held", "more")

    def __init__(self, held: Any) -> None:
        self.held = held
        self.more = held


def test_holder_that_is_half_done_is_taken_back(
    live: LiveModule, held: Holdings, monkeypatch: pytest.MonkeyPatch
) -> None:
    two, armed = Two(live.module.Player), []

    def repoint(holder: Two, replace: Callable[[Any], Any]) -> None:
        holder.held = replace(holder.held)
        if armed:
            raise armed.pop()
        holder.more = replace(holder.more)

    livepatch.register_holder(Two, repoint)
    try:
        report = live.reload()
        armed.append(Stop())
        with assert_unchanged(live.module, held, held.other, two), pytest.raises(Stop):
            report.undo()
        report.undo()
    finally:
        livepatch.forget_holder(Two)

    assert two.held is two.more is live.module.Player


class Stubborn:
    """Holds a definition, and refuses to have its old one back."""

    __slots__ = ("calls", "held")

    def __init__(self, held: Any) -> None:
        self.held = held
        self.calls: list[int] = []


def _refuse_the_way_back(holder: Stubborn, replace: Callable[[Any], Any]) -> None:
    if holder.calls:
        raise Stop
    holder.calls.append(1)
    holder.held = replace(holder.held)


def test_step_that_cannot_be_taken_back_does_not_stop_the_others(
    live: LiveModule, held: Holdings, monkeypatch: pytest.MonkeyPatch
) -> None:
    stubborn = [Stubborn(live.module.Player) for _ in range(2)]
    livepatch.register_holder(Stubborn, _refuse_the_way_back)

    def fail(plan: Plan) -> None:
        plan.steps.add(Call(_raise, Stop()), Call(int))
        _apply.apply(plan)

    monkeypatch.setattr(_reload, "apply", fail)
    try:
        with assert_unchanged(live.module, held, held.other), pytest.raises(Stop):
            live.reload()
    finally:
        livepatch.forget_holder(Stubborn)

    assert [each.calls for each in stubborn] == [[1], [1]]
