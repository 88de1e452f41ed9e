"""livepatch's own state machine: edit x holder x definition x strategy x failure."""

from __future__ import annotations

import functools
import gc
import tempfile
import types
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

import livepatch
from livepatch.testing import (
    Definition,
    LiveModule,
    ModuleSource,
    Strategy,
    assert_current,
    assert_unchanged,
    edits,
    modules,
)
from livepatch.testing._fresh import differences
from livepatch.testing._grammar import GRAMMAR
from livepatch.testing._portrait import portrait_of
from tests.harness.profiles import PROFILES


def fresh_portrait(live: LiveModule) -> dict[str, str]:
    """What a fresh import of the present source looks like, made aside in this process."""
    module = types.ModuleType(live.name)
    module.__file__ = str(live.path)
    exec(compile(live.source, str(live.path), "exec", dont_inherit=True), vars(module))
    portrait = portrait_of(module)
    vars(module).clear()
    return {path: text for path, text in portrait.items() if not path.startswith("__")}


class Held:
    """One definition in every kind of holder there is, and what to ask it."""

    def __init__(self, name: str, ask: str, value: Any) -> None:
        self.name = name
        self.ask = ask
        self.value = value
        self.items = [value]
        self.pair = (value, (value,))
        self.table = {"a": value, "b": [value]}
        self.cell = lambda: value
        self.partial = functools.partial(print, value)
        self.ids = {id(self): value}

    def places(self) -> list[Any]:
        """What each of the holders holds now."""
        return [
            self.value,
            self.items[0],
            self.pair[0],
            self.pair[1][0],
            self.table["a"],
            self.table["b"][0],
            self.cell(),
            self.partial.args[0],
            self.ids[id(self)],
        ]


class Machine(RuleBasedStateMachine):
    """Every invariant of the design, over generated modules and edits."""

    strategy: ClassVar[Strategy] = "auto"
    made: ClassVar[int] = 0  # examples so far

    def __init__(self) -> None:
        super().__init__()
        type(self).made += 1
        self.folder = tempfile.TemporaryDirectory()
        self.live = LiveModule(Path(self.folder.name), self.strategy)
        self.source = ModuleSource(())
        self.history: list[tuple[livepatch.Report, ModuleSource]] = []
        self.held: list[Held] = []

    @initialize(source=modules())
    def begin(self, source: ModuleSource) -> None:
        self.source = source
        self.live.start(source.source)
        for each in source.definitions:
            self.take(each)

    def take(self, each: Definition) -> None:
        """Hold what the grammar says of a definition, and the definition itself."""
        grammar = GRAMMAR[each.kind]
        scope = vars(self.live.module)
        made = eval(grammar.hold.format(n=each.name), scope)
        self.held.append(Held(each.name, grammar.ask, made))
        if grammar.hold in {"{n}()", "{n}.RED"}:
            self.held.append(Held(each.name, "", scope[each.name]))

    @rule(data=st.data())
    def hold(self, data: st.DataObject) -> None:
        if self.source.definitions:
            self.take(data.draw(st.sampled_from(self.source.definitions)))

    @rule(data=st.data())
    def edit(self, data: st.DataObject) -> None:
        self.reload_to(data.draw(edits(self.source)))

    @rule()
    def reload_unchanged(self) -> None:
        """An identity reload changes nothing, and says so."""
        report = self.live.reload()

        assert report.ok, report
        self.history.clear()

    @rule(data=st.data())
    def fail(self, data: st.DataObject) -> None:
        """A source that raises at its end changes nothing."""
        wanted = data.draw(edits(self.source))
        before = self.live.source
        with assert_unchanged(self.live.module, self.held):
            self.live.write(wanted.source + "\n1 / 0\n")
            with pytest.raises(ZeroDivisionError):
                self.live.reload()
        self.live.write(before)

    @rule(data=st.data())
    def try_out(self, data: st.DataObject) -> None:
        """A dry run changes nothing, and says what the reload says then."""
        wanted = data.draw(edits(self.source))
        self.live.write(wanted.source)
        with assert_unchanged(self.live.module, self.held):
            trial = self.live.reload(dry_run=True)
        report = self.reload_to(wanted)
        if report is None:
            assert trial.refusals
        else:
            assert not trial.refusals
            assert trial.definitions == report.definitions
            assert trial.instances == report.instances

    @rule(data=st.data())
    def there_and_back(self, data: st.DataObject) -> None:
        """A, B, A equals A: a portrait of what the module says."""
        first, before = self.source, portrait_of(self.live.module)
        if self.reload_to(data.draw(edits(first))) is None or self.reload_to(first) is None:
            return
        after = portrait_of(self.live.module)

        found = list(differences(after, before, frozenset()))
        assert not found, "\n".join(found)

    @rule()
    def undo(self) -> None:
        if not self.history:
            return
        report, source = self.history.pop()
        try:
            report.undo()
        except livepatch.ReloadRefused:
            self.history.clear()
            return
        self.source = source
        self.live.write(source.source)
        self.check_same_as_fresh()

    @rule()
    def collect(self) -> None:
        gc.collect()

    def reload_to(self, wanted: ModuleSource) -> livepatch.Report | None:
        before = self.source
        self.live.write(wanted.source)
        try:
            report = self.live.reload()
        except livepatch.ReloadRefused as refused:
            self.check_refusals(refused.refusals)
            self.live.write(before.source)
            return None
        self.history.append((report, before))
        self.source = wanted
        self.forget_what_is_gone(before)
        self.check_counts(report, before)
        self.check_same_as_fresh()
        assert_current(self.live.module)
        return report

    def check_refusals(self, refusals: tuple[livepatch.Notice, ...]) -> None:
        """Only what a class's instances cannot take over may be refused."""
        assert all(each.code.startswith("LP12") for each in refusals)

    def forget_what_is_gone(self, before: ModuleSource) -> None:
        """What has become another kind of thing need not answer as before."""
        for held in list(self.held):
            was, now = before.find(held.name), self.source.find(held.name)
            if now is None or was is None or was.kind != now.kind:
                self.held.remove(held)

    def check_counts(self, report: livepatch.Report, before: ModuleSource) -> None:
        """Each definition stands in the report once, under what has become of it."""
        outcomes = {each.path: each.outcome.value for each in report.definitions}
        assert len(outcomes) == len(report.definitions)
        for each in before.definitions:
            outcome = outcomes.get(f"{self.live.name}.{each.name}", "not told")
            now = self.source.find(each.name)
            if now is None and each.kind not in {"table", "partial"}:
                assert outcome == "removed", (each, outcome)
            elif now == each and each.kind == "class":
                assert outcome in {"unchanged", "replaced", "updated"}, (each, outcome)

    def check_same_as_fresh(self) -> None:
        live = {
            path: text
            for path, text in portrait_of(self.live.module).items()
            if not path.startswith("__") or path.startswith("__all__")
        }
        fresh = fresh_portrait(self.live) | {
            path: live[path] for path in live if path.startswith("__all__")
        }

        found = list(differences(live, fresh, frozenset()))
        assert not found, "\n".join(found)

    @invariant()
    def what_is_held_answers_as_the_source_says(self) -> None:
        for held in self.held:
            definition = self.source.find(held.name)
            assert definition is not None
            places = held.places()
            assert all(place is places[0] for place in places), held.name
            if held.ask:
                scope = {**vars(self.live.module), "x": places[0]}
                assert eval(held.ask, scope) == definition.number, definition
            else:
                assert places[0] is getattr(self.live.module, held.name), held.name

    @invariant()
    def instances_are_of_the_present_class(self) -> None:
        for held in self.held:
            present = getattr(self.live.module, held.name, None)
            if held.ask == "x.hit()" and isinstance(present, type):
                assert type(held.value) is present, held.name

    def teardown(self) -> None:
        self.history.clear()
        self.held.clear()
        self.live.close()
        self.folder.cleanup()


class RepointMachine(Machine):
    """The same under the other strategy: the observations must be the same."""

    strategy = "repoint"


@pytest.mark.parametrize("machine", [Machine, RepointMachine])
@pytest.mark.parametrize("profile", ["dev", pytest.param("ci", marks=pytest.mark.slow)])
def test_invariants_hold_over_generated_edits(machine: type[Machine], profile: str) -> None:
    run_state_machine_as_test(machine, settings=PROFILES[profile])
