"""An exception in any hook, at any of its calls, leaves everything as it was."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest

import livepatch
from livepatch.testing import LiveModule, assert_current, assert_unchanged
from tests.harness.faults import EDITED as MORE_EDITED
from tests.harness.faults import SOURCE as MORE
from tests.harness.faults import Holdings, Stop

_HOOKS = """
    import livepatch
    def __livepatch_before__(): livepatch.at_hook("module before")
    def __livepatch_after__(): livepatch.at_hook("module after")
    class Moved:
        __slots__ = ("x",)
        def __init__(self): self.x = 1
        def __livepatch_migrate__(self, change): livepatch.at_hook("migrate")
"""
SOURCE = MORE + _HOOKS
EDITED = MORE_EDITED + _HOOKS.replace('("x",)', '("x", "y")')
ALL = {"before", "module before", "migrate", "module after", "after"}


class Calls:
    """Counts the calls of hooks, by their names, and raises at one of them."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.at = -1
        self.error: type[BaseException] = Stop
        self.inverses = 0

    def __call__(self, name: str) -> None:
        self.names.append(name)
        if len(self.names) - 1 == self.at:
            raise self.error

    def take(self) -> list[str]:
        names, self.names = self.names, []
        return names


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Iterator[Calls]:
    calls = Calls()

    def count_inverse() -> None:
        calls.inverses += 1

    def before() -> Callable[[], None]:
        calls("before")
        return count_inverse

    def after() -> None:
        calls("after")

    monkeypatch.setattr(livepatch, "at_hook", calls, raising=False)
    livepatch.before_reload(before)
    livepatch.after_reload(after)
    yield calls
    livepatch.forget_hook(before)
    livepatch.forget_hook(after)


@pytest.fixture(params=["auto", "repoint"])
def strategy(request: pytest.FixtureRequest) -> Any:
    return request.param


def _fail_at_every_call(
    act: Callable[[], object], calls: Calls, names: list[str], *roots: object
) -> None:
    for index, name in enumerate(names):
        for error in (Stop, KeyboardInterrupt):
            calls.take()
            calls.at, calls.error, calls.inverses = index, error, 0
            with assert_unchanged(*roots), pytest.raises(error):
                act()
            assert calls.take() == names[: index + 1], name
            # The hook that came first is told that the reload does not come about.
            assert calls.inverses == (name != "before"), name
    calls.at = -1


def test_error_in_any_hook_at_any_call_changes_nothing(live: LiveModule, calls: Calls) -> None:
    module = live.start(SOURCE)
    held = Holdings(module, live.other("A = 1\n"))
    moved = [module.Moved() for _ in range(3)]
    live.write(EDITED)
    report = live.reload()
    forward = calls.take()
    report.undo()
    back = calls.take()
    roots = (module, held, held.other, moved)

    assert set(forward) == set(back) == ALL
    assert forward.count("migrate") == back.count("migrate") == 3

    _fail_at_every_call(live.reload, calls, forward, *roots)
    report = live.reload()
    assert report.ok
    assert_current(module)

    _fail_at_every_call(report.undo, calls, back, *roots)
    report.undo()
    assert held.bound() == 1
    with suppress(AttributeError):
        moved[0].y = 1
        pytest.fail("an instance of the old layout has the new slot")
