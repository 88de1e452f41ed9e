"""``python -m tests.harness [MINUTES]``: the state machines under the profile `long`, on demand.

All machines in turn, with other examples each time, until the time is over. A failure is told as it
was found and the run goes on; that the same fails again is only counted. When the time is over, the
story of each is shrunk, which may take five minutes each. The last line says how many examples ran,
on which interpreter; the exit status is 0 if none failed.
"""

from __future__ import annotations

import platform
import sys
import time
import traceback
from collections import Counter
from random import SystemRandom

from hypothesis import Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.harness.machine import MACHINES, Machine
from tests.harness.profiles import PROFILES

_EXAMPLES = 5  # at a time
_MINUTE = 60.0
_TELL_EVERY = _MINUTE

Failure = tuple[str, ...]
"""What tells one failure from another: the kind of error, and where it was raised."""
Found = tuple[type[Machine], int]
"""The machine and the seed with which a failure was found first."""


def main(minutes: float = 60.0) -> int:
    started = told = time.monotonic()
    found: dict[Failure, Found] = {}
    counts: Counter[Failure] = Counter()
    made: Counter[str] = Counter()
    while time.monotonic() < started + _MINUTE * minutes:
        for machine in MACHINES:
            number = SystemRandom().getrandbits(32)
            failure, text = _run(machine, number, (Phase.generate,))
            made[machine.__name__] += machine.made
            if failure is not None:
                counts[failure] += 1
                if found.setdefault(failure, (machine, number)) == (machine, number):
                    print(f"--- {machine.__name__}, seed {number}:\n{text}", flush=True)
        if time.monotonic() > told + _TELL_EVERY:
            told = time.monotonic()
            _tell(made, counts, told - started)
    seconds = time.monotonic() - started
    for machine, number in found.values():
        _, text = _run(machine, number, (Phase.generate, Phase.shrink))
        print(f"--- {machine.__name__}, seed {number}, shrunk:\n{text}", flush=True)
    for failure, count in counts.items():
        print(f"{count} times: {' '.join(failure)}")
    _tell(made, counts, seconds)
    return 1 if counts else 0


def _run(
    machine: type[Machine], number: int, phases: tuple[Phase, ...]
) -> tuple[Failure | None, str]:
    """Run some examples; return what one of them raised, and its story."""
    machine.made = 0
    chunk = settings(PROFILES["long"], max_examples=_EXAMPLES, phases=phases)
    try:
        run_state_machine_as_test(seed(number)(machine), settings=chunk)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001 - it is the finding
        last = traceback.extract_tb(error.__traceback__)[-1]
        failure = (type(error).__name__, f"in {last.name}:", last.line or "")
        return failure, "".join(traceback.format_exception(type(error), error, error.__traceback__))
    return None, "does not fail again"


def _tell(made: Counter[str], counts: Counter[Failure], seconds: float) -> None:
    parts = ", ".join(f"{name} {count}" for name, count in made.items())
    print(
        f"{sum(made.values())} examples ({parts}), {len(counts)} failures, "
        f"{seconds / _MINUTE:.0f} min, CPython {platform.python_version()}",
        flush=True,
    )


if __name__ == "__main__":
    sys.exit(main(*map(float, sys.argv[1:])))
