"""Programs of every day are edited again and again, and are what a fresh import gives."""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Callable
from typing import Any

import pytest

from tests.conformance.programs import PROGRAMS
from tests.live import LiveModule

pytestmark = pytest.mark.sampled(52)


def answer(module: Any, asked: str) -> str:
    """Return what an expression gives in a module, but for addresses and the module's name."""
    found = repr(eval(asked, vars(module)))
    return re.sub("0x[0-9a-f]+", "0x", found).replace(module.__name__, "module")


@pytest.fixture
def fresh(live: LiveModule) -> Callable[[str], Any]:
    """What imports a source under a name of its own."""
    count = 0

    def import_anew(source: str) -> Any:
        nonlocal count
        count += 1
        name = f"{live.name}_fresh_{count}"
        (live.root / f"{name}.py").write_text(source, encoding="utf-8")
        importlib.invalidate_caches()
        module = importlib.import_module(name)
        del sys.modules[name]
        return module

    return import_anew


@pytest.mark.parametrize("rerun", ["all", "changed"])
@pytest.mark.parametrize("name", PROGRAMS)
def test_program_is_what_a_fresh_import_gives_after_each_edit(
    live: LiveModule, fresh: Callable[[str], Any], name: str, rerun: str
) -> None:
    source, asked, edits = PROGRAMS[name]
    module = live.start(source)
    before = answer(module, asked)
    for edit in edits:
        for old, new in edit:
            assert old in source
            source = source.replace(old, new)
        wanted = answer(fresh(source), asked)
        report = live.edit(source, rerun=rerun)
        assert answer(module, asked) == wanted, edit
        assert report.ok
        report.undo()
        assert answer(module, asked) == before, edit
        live.reload(rerun=rerun)
        assert answer(module, asked) == wanted, edit
        before = wanted
