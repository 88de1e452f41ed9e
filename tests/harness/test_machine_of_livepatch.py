"""Every invariant of the design, over generated modules and edits."""

from __future__ import annotations

import pytest
from hypothesis.stateful import run_state_machine_as_test

from tests.harness.machine import MACHINES, Machine
from tests.harness.profiles import PROFILES
from tests.harness.twins import Twins


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("profile", ["dev", pytest.param("ci", marks=pytest.mark.slow)])
def test_invariants_hold_over_generated_edits(machine: type[Machine], profile: str) -> None:
    run_state_machine_as_test(machine, settings=PROFILES[profile])


@pytest.mark.parametrize("profile", ["dev", pytest.param("ci", marks=pytest.mark.slow)])
def test_both_strategies_observe_the_same(profile: str) -> None:
    run_state_machine_as_test(Twins, settings=PROFILES[profile])
