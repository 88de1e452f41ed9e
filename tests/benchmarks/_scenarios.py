"""The scenarios, in the order in which they run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import after
import base
import bodies
import many
import steady

if TYPE_CHECKING:
    from collections.abc import Mapping

    from _model import Scenario

SCENARIOS: Mapping[str, Scenario] = {
    scenario.name: scenario
    for scenario in (
        bodies.SCENARIO,
        base.SCENARIO,
        many.SCENARIO,
        after.SCENARIO,
        steady.SCENARIO,
    )
}
