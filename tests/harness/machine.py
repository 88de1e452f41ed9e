"""livepatch's own state machine: edit x holder x definition x strategy x failure."""

from __future__ import annotations

import gc
import tempfile
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

import livepatch
from livepatch.testing import (
    LiveModule,
    ModuleSource,
    Rerun,
    Strategy,
    assert_current,
    assert_unchanged,
    edits,
    modules,
)
from livepatch.testing._fresh import differences
from livepatch.testing._portrait import portrait_of
from tests.harness.faults import Stop, failing_in_apply
from tests.harness.holding import Held, fresh_portrait, held_of

_NUMBERS = st.integers(min_value=0, max_value=9)


class Machine(RuleBasedStateMachine):
    """Every invariant of the design, over generated modules and edits.

    Beside the module under test stands another one, which imports all that it defines, derives from
    its classes, and is reloaded together with it.
    """

    strategy: ClassVar[Strategy] = "auto"
    rerun: ClassVar[Rerun] = "all"
    made: ClassVar[int] = 0  # examples so far

    def __init__(self) -> None:
        super().__init__()
        type(self).made += 1
        self.folder = tempfile.TemporaryDirectory()
        self.live = LiveModule(Path(self.folder.name), self.strategy, self.rerun)
        self.source = ModuleSource(())
        self.history: list[tuple[livepatch.Report, ModuleSource]] = []
        self.held: list[Held] = []
        self.imported: set[str] = set()
        self.other: ModuleType

    @property
    def options(self) -> dict[str, Any]:
        """Those of every reload."""
        return {"strategy": self.strategy, "rerun": self.rerun}

    @initialize(source=modules())
    def begin(self, source: ModuleSource) -> None:
        self.source = source
        self.live.start(source.source)
        self.imported = {each.name for each in source.definitions}
        self.other = self.live.other(beside(source, 0))
        for each in source.definitions:
            self.held += held_of(self.live, each)

    @rule(data=st.data())
    def hold(self, data: st.DataObject) -> None:
        if self.source.definitions:
            self.held += held_of(self.live, data.draw(st.sampled_from(self.source.definitions)))

    @rule(data=st.data())
    def edit(self, data: st.DataObject) -> None:
        self.reload_to(data.draw(edits(self.source)))

    @rule(data=st.data())
    def edit_much(self, data: st.DataObject) -> None:
        wanted = self.source
        for _ in range(data.draw(st.integers(min_value=2, max_value=4))):
            wanted = data.draw(edits(wanted))
        self.reload_to(wanted)

    @rule(data=st.data())
    def edit_and_collect_at_every_step(self, data: st.DataObject) -> None:
        """A collection whenever something is made changes nothing."""
        wanted = data.draw(edits(self.source))
        threshold = gc.get_threshold()
        gc.set_threshold(1, 1, 1)
        try:
            self.reload_to(wanted)
        finally:
            gc.set_threshold(*threshold)

    @rule(number=_NUMBERS, data=st.data())
    def edit_both(self, number: int, data: st.DataObject) -> None:
        """Two modules are one transaction."""
        wanted = data.draw(edits(self.source))
        self.write_other(beside(wanted, number))
        if self.reload_to(wanted, self.other) is None:
            return
        self.imported = {each.name for each in wanted.definitions} & vars(self.other).keys()

        assert self.other.ask() == number
        assert_current(self.other)

    @rule(data=st.data())
    def fail_in_the_other(self, data: st.DataObject) -> None:
        """Where the second of two modules fails, neither changes."""
        wanted, before = data.draw(edits(self.source)), self.live.source
        with assert_unchanged(self.live.module, self.other, self.held):
            self.live.write(wanted.source)
            self.write_other(beside(wanted, 1) + "\n1 / 0\n")
            with pytest.raises(ZeroDivisionError):
                livepatch.reload(self.live.module, self.other, **self.options)
        self.live.write(before)

    @rule()
    def reload_unchanged(self) -> None:
        """An identity reload changes nothing, and says so."""
        before = [id(each.value) for each in self.held]
        report = self.live.reload()

        assert report.ok, report
        assert all(each.outcome.value == "unchanged" for each in report.definitions), report
        if self.strategy == "auto":
            assert [id(each.value) for each in self.held] == before
        self.history.clear()

    @rule(data=st.data())
    def fail(self, data: st.DataObject) -> None:
        """A source that raises at its end changes nothing."""
        wanted, before = data.draw(edits(self.source)), self.live.source
        with assert_unchanged(self.live.module, self.other, self.held):
            self.live.write(wanted.source + "\n1 / 0\n")
            with pytest.raises(ZeroDivisionError):
                self.live.reload()
        self.live.write(before)

    @rule(part=st.floats(min_value=0, max_value=1), data=st.data())
    def fail_in_apply(self, part: float, data: st.DataObject) -> None:
        """A change that fails half way is taken back whole."""
        wanted, before = data.draw(edits(self.source)), self.live.source
        with assert_unchanged(self.live.module, self.other, self.held):
            self.live.write(wanted.source)
            with failing_in_apply(part), pytest.raises((Stop, livepatch.ReloadRefused)):
                self.live.reload()
        self.live.write(before)

    @rule(data=st.data())
    def try_out(self, data: st.DataObject) -> None:
        """A dry run changes nothing, and says what the reload says then."""
        wanted, before = data.draw(edits(self.source)), self.live.source
        self.live.write(wanted.source)
        gc.collect()  # what is gone and garbage comes back in one of the two, and not in the other
        with assert_unchanged(self.live.module, self.other, self.held):
            trial = self.live.reload(dry_run=True)
        self.live.write(before)  # where it stays if the reload is refused
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
        if self.reload_to(data.draw(edits(first))) is None:
            return
        # A weak reference dies on the way where the layout has no room for one.
        self.what_is_held_answers_as_the_source_says()
        if self.reload_to(first) is None:
            return
        after = portrait_of(self.live.module)

        found = list(differences(after, before, frozenset()))
        assert not found, "\n".join(found)

    @rule(data=st.data())
    def edit_what_is_frozen(self, data: st.DataObject) -> None:
        """What the collector hides is named where it may matter, and can be taken back."""
        wanted, before = data.draw(edits(self.source)), self.source
        if any(
            now is not None and now.kind != each.kind
            for each in before.definitions
            for now in [wanted.find(each.name)]
        ):
            return  # what one kind's instances are may be refused on the way back
        self.live.write(wanted.source)
        gc.freeze()
        try:
            report = self.live.reload()
        except livepatch.ReloadRefused:
            self.live.write(before.source)
            return
        finally:
            gc.unfreeze()
        if any(each.code == "LP205" for each in report.notices):
            report.undo()
            self.live.write(before.source)
        else:
            self.accept(report, wanted)

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
        before, self.source = self.source, source
        self.forget_what_is_gone(before)
        self.live.write(source.source)
        self.check_same_as_fresh()

    @rule()
    def collect(self) -> None:
        gc.collect()

    def write_other(self, source: str) -> None:
        assert self.other.__file__ is not None
        text = source.replace("LIVE", self.live.name)
        Path(self.other.__file__).write_text(text, encoding="utf-8")

    def reload_to(self, wanted: ModuleSource, *others: ModuleType) -> livepatch.Report | None:
        before = self.live.source
        self.live.write(wanted.source)
        try:
            report = livepatch.reload(self.live.module, *others, **self.options)
        except livepatch.ReloadRefused as refused:
            self.check_refusals(refused.refusals)
            self.live.write(before)
            return None
        self.accept(report, wanted)
        return report

    def accept(self, report: livepatch.Report, wanted: ModuleSource) -> None:
        """The module has come to a source: check it."""
        before, self.source = self.source, wanted
        self.history.append((report, before))
        self.forget_what_is_gone(before)
        self.check_counts(report, before)
        self.check_same_as_fresh()
        assert_current(self.live.module)

    def check_refusals(self, refusals: tuple[livepatch.Notice, ...]) -> None:
        """Only what a class's instances cannot take over may be refused."""
        assert all(each.code.startswith("LP12") for each in refusals), refusals

    def forget_what_is_gone(self, before: ModuleSource) -> None:
        """What has become another kind of thing need not answer as before."""
        for held in list(self.held):
            was, now = before.find(held.name), self.source.find(held.name)
            if now is None or was is None or was.kind != now.kind:
                self.held.remove(held)
        self.drop_imports({each.name for each in before.definitions})

    def drop_imports(self, names: set[str]) -> None:
        """Let the other module forget what has gone: if it comes again, it is another one."""
        present = {each.name for each in self.source.definitions}
        for name in names - present:
            for each in (name, f"Child_{name}"):
                vars(self.other).pop(each, None)
        self.imported &= present & vars(self.other).keys()

    def check_counts(self, report: livepatch.Report, before: ModuleSource) -> None:
        """Each definition stands in the report once, under what has become of it."""
        own = [each for each in report.definitions if each.path.startswith(f"{self.live.name}.")]
        outcomes = {each.path: each.outcome.value for each in own}
        assert len(outcomes) == len(own), own
        outcomes |= {each.previous: "removed" for each in own if each.previous}
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
        fresh = fresh_portrait(self.live.name, str(self.live.path), self.live.source) | {
            path: live[path] for path in live if path.startswith("__all__")
        }

        # A function of the grammar leaves it in the module when it is called, which is state.
        found = list(differences(live, fresh, frozenset({"_said"})))
        assert not found, "\n".join(found)

    @invariant()
    def what_is_held_answers_as_the_source_says(self) -> None:
        for held in self.held:
            definition = self.source.find(held.name)
            assert definition is not None
            held.check(self.live, definition)

    @invariant()
    def what_was_imported_is_what_the_module_has(self) -> None:
        for name in self.imported:
            assert getattr(self.other, name) is getattr(self.live.module, name), name

    def teardown(self) -> None:
        self.history.clear()
        self.held.clear()
        self.live.close()
        self.folder.cleanup()


class RepointMachine(Machine):
    """The same under the other strategy: the observations must be the same."""

    strategy = "repoint"


class ChangedMachine(Machine):
    """The same where only what changed runs again."""

    rerun = "changed"


MACHINES: tuple[type[Machine], ...] = (Machine, RepointMachine, ChangedMachine)


def beside(source: ModuleSource, number: int) -> str:
    """Return a module that imports all definitions of another one, and derives from its classes."""
    names = ", ".join(each.name for each in source.definitions)
    lines = [f"from LIVE import Base, {names}" if names else "from LIVE import Base"]
    lines += [f"def ask(): return {number}", f"class Child(Base):\n    number = {number}"]
    lines += [
        f"class Child_{each.name}({each.name}):\n    def child(self): return {number}"
        for each in source.definitions
        if each.kind == "class"
    ]
    return "\n".join(lines) + "\n"
