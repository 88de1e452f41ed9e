"""The scenarios, in the order in which they run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import after
import arrives
import base
import bodies
import edit
import imports
import many
import marks
import slots
import steady

if TYPE_CHECKING:
    from collections.abc import Mapping

    from _model import Scenario

SCENARIOS: Mapping[str, Scenario] = {
    scenario.name: scenario
    for scenario in (
        bodies.SCENARIO,
        base.SCENARIO,
        slots.SCENARIO,
        after.SCENARIO,
        marks.SCENARIO,
        steady.SCENARIO,
        edit.SCENARIO,
        arrives.SCENARIO,
        imports.SCENARIO,
        many.SCENARIO,
    )
}
