"""One story told to two modules, a strategy each: a program must not be able to tell them apart."""

from __future__ import annotations

import gc
import tempfile
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

import livepatch
from livepatch.testing import LiveModule, ModuleSource, Strategy, edits, modules
from livepatch.testing._portrait import portrait_of
from tests.harness.faults import Stop, failing_in_apply
from tests.harness.holding import Held, held_of

Observation = dict[str, str]


class Twin:
    """A module under one strategy, and what a program holds of it."""

    def __init__(self, folder: Path, strategy: Strategy) -> None:
        self.live = LiveModule(folder, strategy, "all")
        self.held: list[Held] = []
        self.reports: list[livepatch.Report] = []

    def told(self, notices: tuple[livepatch.Notice, ...]) -> str:
        return f"refused: {sorted({each.code for each in notices})}"

    def reload(self) -> str:
        """Reload; return what a caller is told that does not depend on the way."""
        try:
            report = self.live.reload()
        except livepatch.ReloadRefused as refused:
            return self.told(refused.refusals)
        self.reports.append(report)
        came_or_went = sorted(
            (self.plain(each.path), each.outcome.value)
            for each in report.definitions
            if each.outcome.value in {"added", "removed"}
        )
        return f"ok: {report.ok}, {came_or_went}"

    def undo(self) -> str:
        try:
            self.reports.pop().undo()
        except livepatch.ReloadRefused as refused:
            self.reports.clear()
            return self.told(refused.refusals)
        return "taken back"

    def forget_all_but(self, names: set[str]) -> None:
        self.held = [each for each in self.held if each.name in names]

    def observe(self) -> Observation:
        """What a program sees: the module, and of all it holds the types, answers and state."""
        seen = {
            f"module {path}": self.plain(text)
            for path, text in portrait_of(self.live.module).items()
        }
        for number, held in enumerate(self.held):
            seen[f"held {number} {held.name}"] = self.plain(str(self._of(held)))
        return seen

    def _of(self, held: Held) -> list[Any]:
        places = held.places()
        value = places[0]
        found: list[Any] = [
            type(value).__qualname__,
            type(value) is vars(self.live.module).get(type(value).__qualname__),
            value is vars(self.live.module).get(held.name),
            all(place is value for place in places),
        ]
        if held.ask:
            found.append(eval(held.ask, {**vars(self.live.module), "x": value}))
        if held.state:
            found.append(getattr(value, held.state))
        if held.members:
            found += [held.keyed.get(value), value in held.members, [*held.keyed.values()]]
        return found

    def plain(self, text: str) -> str:
        return text.replace(self.live.name, "LIVE")


class Twins(RuleBasedStateMachine):
    """Both strategies observe the same."""

    strategies: ClassVar[tuple[Strategy, Strategy]] = ("auto", "repoint")

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.twins = [Twin(Path(self.folder.name), each) for each in self.strategies]
        self.source = ModuleSource(())
        self.before: list[ModuleSource] = []

    @initialize(source=modules())
    def begin(self, source: ModuleSource) -> None:
        self.source = source
        for twin in self.twins:
            twin.live.start(source.source)
            for each in source.definitions:
                twin.held += held_of(twin.live, each)

    @rule(data=st.data())
    def hold(self, data: st.DataObject) -> None:
        if self.source.definitions:
            chosen = data.draw(st.sampled_from(self.source.definitions))
            for twin in self.twins:
                twin.held += held_of(twin.live, chosen)

    @rule(data=st.data(), count=st.integers(min_value=1, max_value=4))
    def edit(self, data: st.DataObject, count: int) -> None:
        wanted = self.source
        for _ in range(count):
            wanted = data.draw(edits(wanted))
        for twin in self.twins:
            twin.live.write(wanted.source)
        told = [twin.reload() for twin in self.twins]

        assert told[0] == told[1]
        if told[0].startswith("refused"):
            self.write_back()
            return
        self.before.append(self.source)
        self.come_to(wanted)

    @rule(data=st.data(), part=st.floats(min_value=0, max_value=1))
    def fail(self, data: st.DataObject, part: float) -> None:
        wanted = data.draw(edits(self.source))
        for twin in self.twins:
            seen = twin.observe()
            twin.live.write(wanted.source)
            with failing_in_apply(part), pytest.raises((Stop, livepatch.ReloadRefused)):
                twin.live.reload()
            assert twin.observe() == seen
        self.write_back()

    @rule()
    def undo(self) -> None:
        if not self.before:
            return
        told = [twin.undo() for twin in self.twins]

        assert told[0] == told[1]
        if told[0].startswith("refused"):
            self.before.clear()
            return
        self.come_to(self.before.pop())
        self.write_back()

    @rule()
    def collect(self) -> None:
        gc.collect()

    def come_to(self, wanted: ModuleSource) -> None:
        """Forget what has become another kind of thing: it need not answer as before."""
        kinds = {each.name: each.kind for each in self.source.definitions}
        self.source = wanted
        same = {each.name for each in wanted.definitions if kinds.get(each.name) == each.kind}
        for twin in self.twins:
            twin.forget_all_but(same)

    def write_back(self) -> None:
        for twin in self.twins:
            twin.live.write(self.source.source)

    @invariant()
    def both_observe_the_same(self) -> None:
        one, other = (twin.observe() for twin in self.twins)

        assert one == other

    def teardown(self) -> None:
        for twin in self.twins:
            twin.reports.clear()
            twin.held.clear()
            twin.live.close()
        self.folder.cleanup()
