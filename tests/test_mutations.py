"""The table of faults fits the source: what ``python -m tests.mutations`` puts in can be put in."""

from __future__ import annotations

from pathlib import Path

import pytest

import livepatch
from tests.mutations._table import MUTATIONS, Mutation

_PACKAGE = Path(livepatch.__file__).parent


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda each: each.what)
def test_source_has_what_a_fault_replaces_once(mutation: Mutation) -> None:
    source = (_PACKAGE / mutation.file).read_text(encoding="utf-8")

    assert source.count(mutation.old) == 1
    compile(source.replace(mutation.old, mutation.new), mutation.file, "exec")
