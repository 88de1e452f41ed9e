"""``ReloadMachine``: a hypothesis state machine that edits a module at any moment between calls."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from livepatch._report.errors import NothingToUndoError, ReloadRefused
from livepatch._report.report import Report
from livepatch.testing._current import assert_current
from livepatch.testing._live import LiveModule, Rerun, Strategy
from livepatch.testing._unchanged import assert_unchanged


class BrokenOnPurpose(Exception):  # noqa: N818 - what a broken source raises at its end
    """Raised by the sources with which `ReloadMachine` makes a reload fail."""


_BREAK = "\nfrom livepatch.testing._machine import BrokenOnPurpose\nraise BrokenOnPurpose\n"


class ReloadMachine(RuleBasedStateMachine):
    """A state machine to subclass: the rules of a program, and reloads between any two of them.

    A subclass gives `sources`, makes what the program holds in `begin`, and adds rules that call it
    and invariants that must hold throughout. Hypothesis then mixes these with reloads to any of the
    sources, with failing ones and with undos, and shrinks what breaks to the shortest story. After
    each reload nothing may reach an older definition; one that fails or is refused may have changed
    nothing that can be reached from the machine's attributes.

    Attributes:
        sources: the module's sources, the first one first; see also `source_at`.
        strategy: of every reload; see `livepatch.reload`.
        rerun: likewise.
        allow_refusals: whether a reload may be refused; else that is a failure.
        live: the module under test.
    """

    sources: ClassVar[Sequence[str]] = ()
    strategy: ClassVar[Strategy] = "auto"
    rerun: ClassVar[Rerun] = "changed"
    allow_refusals: ClassVar[bool] = False

    def __init__(self) -> None:
        super().__init__()
        self._own_names = {*vars(self), "_own_names", "_folder", "_reports", "live"}
        self._folder = tempfile.TemporaryDirectory()
        self.live = LiveModule(Path(self._folder.name), self.strategy, self.rerun)
        self._reports: list[tuple[Report, str]] = []
        try:
            self.live.start(self.first_source())
            self.begin()
        except BaseException:
            ReloadMachine.teardown(self)  # hypothesis tears down only what has been made
            raise

    @property
    def module(self) -> ModuleType:
        """The module under test."""
        return self.live.module

    def first_source(self) -> str:
        """Return the source to begin with: the first one of `sources`."""
        if not self.sources:
            message = f"{type(self).__name__}.sources is empty: give it the old and the new source"
            raise ValueError(message)
        return self.sources[0]

    def begin(self) -> None:
        """Make what the program holds; the module is imported. Does nothing by itself."""

    def held(self) -> list[Any]:
        """Return what a reload that fails must leave alone: the module and the machine's own."""
        mine = {name: each for name, each in vars(self).items() if name not in self._own_names}
        return [self.module, mine]

    def reload_to(self, source: str) -> Report | None:
        """Write a source and reload; return None where that was refused and may be.

        Raises:
            AssertionError: something reaches an older definition, or a refusal changed something.
        """
        before = self.live.source
        self.live.write(source)
        try:
            with assert_unchanged(*self.held()) if self._would_be_refused() else nullcontext():
                report = self.live.reload()
        except ReloadRefused:
            if not self.allow_refusals:
                raise
            self.live.write(before)
            return None
        assert_current(self.module)
        self._reports.append((report, before))
        return report

    def fail_with(self, source: str) -> None:
        """Reload from a source that raises at its end, which must change nothing."""
        before = self.live.source
        self.live.write(source + _BREAK)
        with assert_unchanged(*self.held()):
            try:
                self.live.reload()
            except BrokenOnPurpose:
                pass
            else:
                message = "the module's own exception did not reach the caller"
                raise AssertionError(message)
        self.live.write(before)

    @rule(number=st.integers(min_value=0, max_value=99))
    def edit(self, number: int) -> None:
        """Reload to one of the sources."""
        if self.sources:
            self.reload_to(self.sources[number % len(self.sources)])

    @rule(number=st.integers(min_value=0, max_value=99))
    def break_source(self, number: int) -> None:
        """Reload from one of the sources with an error at its end."""
        if self.sources:
            self.fail_with(self.sources[number % len(self.sources)])

    @rule()
    def undo(self) -> None:
        """Take the last reload back, if there is one."""
        if not self._reports:
            return
        report, source = self._reports.pop()
        try:
            report.undo()
        except (ReloadRefused, NothingToUndoError):
            if not self.allow_refusals:
                raise
            self._reports.clear()
            return
        self.live.write(source)
        assert_current(self.module)

    def teardown(self) -> None:
        """Forget the module and its folder."""
        self._reports.clear()
        self.live.close()
        self._folder.cleanup()

    def _would_be_refused(self) -> bool:
        return bool(self.live.reload(dry_run=True).refusals)


def source_at(revision: str, path: str | Path, *, repository: str | Path = ".") -> str:
    """Return a file as it was in a git revision: a source for `ReloadMachine.sources`.

    Args:
        revision: anything git understands: ``"HEAD"``, a tag, a hash.
        path: the file, from the top of the repository.
        repository: a folder inside it.

    Raises:
        subprocess.CalledProcessError: there is no such revision or file.
    """
    command = ["git", "-C", str(repository), "show", f"{revision}:{Path(path).as_posix()}"]
    done = subprocess.run(command, capture_output=True, check=True)  # noqa: S603 - git, as asked for
    return done.stdout.decode("utf-8")
