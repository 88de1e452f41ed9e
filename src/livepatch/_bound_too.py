"""Name what has its old value although a statement that does not run may have bound it."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Set as AbstractSet

from livepatch._needs import Needs
from livepatch._reach import Cause
from livepatch._report import Notice
from livepatch._stale import not_run


def notices_of_bound_too(needs: Needs, names: AbstractSet[str], module: str) -> dict[str, Notice]:
    """Say what binds names besides and does not run, for where those that run leave them unbound.

    Args:
        needs: which statements run.
        names: those that they may leave unbound.
        module: the name of the module.
    """
    return {
        name: Notice("LP313", f"{module}.{name}", not_run(statement, Cause("what binds it too")))
        for statement, run in zip(needs.statements, needs.runs)
        if not run
        for name in statement.binds & names
    }


def notices_of_bound_behind(needs: Needs, module: str) -> Iterator[Notice]:
    """Name what has its old value where a statement behind may have bound it, or may not."""
    for name, statement in needs.unsure_lines():
        if name in needs.namespace:
            said = not_run(statement, Cause("what binds it too"))
            yield Notice("LP313", f"{module}.{name}", said)
