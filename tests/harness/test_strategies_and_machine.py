"""Generated sources; `ReloadMachine` as a user has it, which finds a planted bug."""

from __future__ import annotations

import shutil
import subprocess
import sys
import types
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule, run_state_machine_as_test

from livepatch.testing import (
    Definition,
    ModuleSource,
    ReloadMachine,
    edits,
    modules,
    source_at,
    versions,
)
from livepatch.testing._grammar import GRAMMAR, PLACES
from tests.harness.profiles import QUICK
from tests.live import run_in_child


def answer(definition: Definition) -> Any:
    scope: dict[str, Any] = {"__name__": "generated"}
    sys.modules["generated"] = types.ModuleType("generated")
    try:
        exec(ModuleSource((definition,)).source, scope)
        grammar = GRAMMAR[definition.kind]
        scope["x"] = eval(grammar.hold.format(n=definition.name), scope)
        return eval(grammar.ask, scope)
    finally:
        del sys.modules["generated"]


@pytest.mark.parametrize("kind", GRAMMAR)
def test_every_way_to_write_a_kind_answers_its_number(kind: str) -> None:
    for way in range(len(GRAMMAR[kind].ways)):
        assert answer(Definition(kind, "alpha", way, 7)) == 7


@pytest.mark.parametrize("place", PLACES)
def test_a_definition_may_stand_anywhere(place: str) -> None:
    assert answer(Definition("class", "alpha", 5, 7, place)) == 7


@QUICK
@given(module=modules(), data=st.data())
def test_generated_modules_and_edits_compile(module: ModuleSource, data: st.DataObject) -> None:
    edited = data.draw(edits(module))
    for each in (module, edited):
        compile(str(each), "generated", "exec")

    assert len({each.name for each in edited.definitions}) == len(edited.definitions)


@QUICK
@given(history=versions(length=4))
def test_histories_go_on_from_version_to_version(history: tuple[ModuleSource, ...]) -> None:
    assert 2 <= len(history) <= 5


BANK = """
class Account:
    def __init__(self):
        self.balance = 0
    def deposit(self, amount):
        self.balance += amount
    def total(self):
        return self.balance
"""
# The planted bug: accounts that were made before lack what the new code counts in.
FORGETS_THE_OLD = """
class Account:
    def __init__(self):
        self.cents = 0
    def deposit(self, amount):
        self.cents = getattr(self, "cents", 0) + amount * 100
    def total(self):
        return getattr(self, "cents", 0) // 100
"""
KEEPS_THE_OLD = BANK.replace("return self.balance", "return int(self.balance)")


class Bank(ReloadMachine):
    sources = (BANK, KEEPS_THE_OLD)

    def begin(self) -> None:
        self.account = self.module.Account()
        self.deposited = 0

    @rule(amount=st.integers(min_value=0, max_value=100))
    def deposit(self, amount: int) -> None:
        self.account.deposit(amount)
        self.deposited += amount

    @invariant()
    def nothing_is_lost(self) -> None:
        assert self.account.total() == self.deposited


class BankWithBug(Bank):
    sources = (BANK, FORGETS_THE_OLD)


def test_machine_passes_where_the_migration_is_right() -> None:
    run_state_machine_as_test(Bank, settings=QUICK)


def test_machine_finds_a_planted_migration_bug() -> None:
    found = settings(
        QUICK,
        max_examples=60,
        stateful_step_count=20,
        phases=(Phase.generate,),
        report_multiple_bugs=False,
    )
    with pytest.raises(AssertionError):
        run_state_machine_as_test(BankWithBug, settings=found)


def test_machine_needs_sources() -> None:
    class Empty(ReloadMachine):
        pass

    before = list(sys.path)
    with pytest.raises(ValueError, match=r"Empty\.sources is empty"):
        Empty()

    assert sys.path == before


@pytest.mark.skipif(shutil.which("git") is None, reason="there is no git here")
def test_source_of_a_git_revision(tmp_path: Path) -> None:
    git = ["git", "-C", str(tmp_path), "-c", "user.name=a", "-c", "user.email=a@b"]
    (tmp_path / "bank.py").write_text("A = 1\n")
    for command in (["init", "-q"], ["add", "."], ["commit", "-qm", "first"]):
        subprocess.run([*git, *command], check=True)
    (tmp_path / "bank.py").write_text("A = 2\n")

    assert source_at("HEAD", "bank.py", repository=tmp_path) == "A = 1\n"


@pytest.mark.parametrize("name", ["ReloadMachine", "modules", "edits", "versions", "source_at"])
def test_what_needs_hypothesis_says_how_to_get_it(name: str) -> None:
    said = run_in_child(f"""
        sys.modules["hypothesis"] = None
        import livepatch.testing
        try:
            livepatch.testing.{name}
        except ModuleNotFoundError as error:
            print(error)
    """)

    assert said == (f'livepatch.testing.{name} needs hypothesis: pip install "livepatch[test]"\n')


def test_a_name_that_is_not_there() -> None:
    import livepatch.testing

    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        livepatch.testing.nonsense  # noqa: B018


def test_failing_reload_leaves_the_source_as_it_was() -> None:
    machine = Bank()
    machine.fail_with(BANK)
    machine.teardown()

    assert machine.live.source == BANK
