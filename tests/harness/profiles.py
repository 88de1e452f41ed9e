"""How thorough hypothesis is: seconds, minutes or an hour, by the variable LIVEPATCH_HYPOTHESIS.

`dev` is what a plain `pytest` runs, `ci` is derandomised and runs under `pytest -m slow`, `long` is
asked for: ``python -m tests.harness`` runs it and says how far it got.
"""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, settings

_COMMON: dict[str, Any] = {
    "deadline": None,
    "suppress_health_check": list(HealthCheck),
    "database": None,
}
QUICK = settings(max_examples=6, stateful_step_count=6, derandomize=True, **_COMMON)
"""For tests of the harness itself."""

PROFILES: dict[str, settings] = {
    "dev": settings(max_examples=2, stateful_step_count=4, derandomize=True, **_COMMON),
    "ci": settings(max_examples=60, stateful_step_count=8, derandomize=True, **_COMMON),
    "long": settings(max_examples=100_000, stateful_step_count=12, **_COMMON),
}
