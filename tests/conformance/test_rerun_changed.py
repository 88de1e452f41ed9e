"""Only what changed runs again."""
from __future__ import annotations

import functools
import inspect
from typing import Any

from tests.live import LiveModule


def test_held_function_takes_its_new_body_and_nothing_runs(live: LiveModule) -> None:
    module = live.start("RUNS = []\nRUNS.append(1)\ndef hit(): return 1\n")
    held, runs = module.hit, module.RUNS
    report = live.change("return 1", "return 2", rerun="changed")
    assert held is module.hit
    assert held() == 2
    assert module.RUNS is runs == [1]
    print(report)
    report.undo()
    assert held() == 1
