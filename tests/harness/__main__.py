"""``python -m tests.harness [MINUTES]``: the state machines under the profile `long`, on demand.

Both strategies in turn, with other examples each time, until the time is over or something fails.
The last line says how many examples ran, on which interpreter.
"""

from __future__ import annotations

import platform
import sys
import time
import traceback

from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from tests.harness.profiles import PROFILES
from tests.harness.test_machine_of_livepatch import Machine, RepointMachine

_EXAMPLES = 10  # at a time


def main(minutes: float = 60.0) -> int:
    ended = time.monotonic() + 60 * minutes
    chunk = settings(PROFILES["long"], max_examples=_EXAMPLES)
    made = failed = 0
    while time.monotonic() < ended and not failed:
        for machine in (Machine, RepointMachine):
            machine.made = 0
            try:
                run_state_machine_as_test(machine, settings=chunk)
            except BaseException:  # noqa: BLE001 - it is the finding
                traceback.print_exc()
                failed += 1
            made += machine.made
    print(f"{made} examples, {failed} failures, CPython {platform.python_version()}")
    return 1 if failed else 0


sys.exit(main(*map(float, sys.argv[1:])))
