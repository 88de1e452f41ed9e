"""Name what is stale once the chosen statements have run: values kept although a cause changed."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from typing import Any

from livepatch._bodies import Bodies
from livepatch._kinds import kind_of
from livepatch._needs import Changes, Needs
from livepatch._reach import Reach
from livepatch._report import Notice
from livepatch._source import MAIN
from livepatch._statements import Statement
from livepatch._syntax import is_import, is_main_guard

EFFECT_STAYS = "what a statement did to it that has changed or gone was not taken back"


def is_guard(statement: Statement, module: str) -> bool:
    """Whether a statement is what a script does when it is run, and this is that script."""
    return module == MAIN and any(map(is_main_guard, statement.nodes))


def not_run(statement: Statement, why: str) -> str:
    """Say that a statement was not run again, and why it might have been."""
    text = ast.unparse(statement.nodes[0]).partition("\n")[0]
    return f"{why} has changed; line {statement.first} was not run again: {text}"


def notices_of_kept(needs: Needs, bodies: Bodies, module: str) -> list[Notice]:
    """Name what was computed from what has changed, through calls as well.

    Args:
        needs: which statements run; what is stale of what they bind is added to its changes.
        bodies: the functions that are not made again.
        module: the name of the module.
    """
    notices: list[Notice] = []
    changes = needs.changes
    reach = Reach(bodies, changes)
    # What only changed inside a decorator has reached what it decorates.
    made = Reach(bodies, Changes(changes.names, changes.bodies))
    for index, statement in enumerate(needs.statements):
        if needs.runs[index] or is_import(statement.nodes) or is_guard(statement, module):
            continue
        header = needs.headers.get(index)
        if header is not None:
            cause = made.cause(set(header.names) - statement.binds)
            stale = sorted(statement.binds)
        else:
            cause = reach.cause(statement.uses - statement.binds)
            stale = sorted(name for name in statement.binds if _is_data(needs.namespace, name))
            changes.names.update(stale if cause is not None else ())
        if cause is not None and (stale or not statement.binds):
            place = f"{module}.{stale[0]}" if stale else module
            notices.append(Notice("LP313", place, not_run(statement, cause)))
    return notices


def notices_of_effects(
    gone: frozenset[str], namespace: Mapping[str, Any], module: str
) -> Iterator[Notice]:
    """Name the data that a statement used for its effect which has changed or gone.

    Args:
        gone: the names that such statements used, and that are not made anew.
        namespace: the live namespace.
        module: the name of the module.
    """
    for name in sorted(gone):
        if (
            not name.startswith("__")
            and _is_data(namespace, name)
            and type(namespace[name]) is not type(ast)
        ):
            yield Notice("LP314", f"{module}.{name}", EFFECT_STAYS)


def _is_data(namespace: Mapping[str, Any], name: str) -> bool:
    return name in namespace and kind_of(namespace[name]) is None
