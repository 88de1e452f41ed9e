"""Stage 8a: the report of a plan. Holds names and numbers only, none of the program's objects."""

from __future__ import annotations

import time
from collections.abc import Iterator

from livepatch._kinds import kind_of
from livepatch._layers import whole_path
from livepatch._plan import Plan
from livepatch._report import DefinitionChange, Outcome, Report


def summarise(plan: Plan, started: float, *, dry_run: bool) -> Report:
    """Build the report of what a plan did, or would do."""
    return Report(
        modules=tuple(module.name for module in plan.matches.modules),
        definitions=tuple(_definitions(plan)),
        instances=dict(plan.instances),
        references=dict(plan.references),
        notices=tuple(plan.notices),
        refusals=tuple(plan.refusals),
        stale_frames=plan.frames,
        seconds=time.perf_counter() - started,
        dry_run=dry_run,
    )


def _definitions(plan: Plan) -> Iterator[DefinitionChange]:
    matches, decisions = plan.matches, plan.decisions
    # The function inside a property or under a decorator is a part: its whole is what is listed,
    # and has changed if it has.
    changed_wholes = {
        (pair.module.name, whole_path(pair.path))
        for pair in matches.pairs
        if id(pair.new) in plan.changed
    }
    for pair in matches.pairs:
        if pair.path[-1].startswith(("<", "[")):
            continue  # a part: its whole is listed
        moved = pair.before is not pair.module
        if (pair.module.name, pair.path) not in changed_wholes and not moved:
            outcome = Outcome.UNCHANGED
        elif decisions.settle(pair.new) is pair.old:
            outcome = Outcome.UPDATED
        else:
            outcome = Outcome.REPLACED
        previous = pair.before.path_text(pair.path) if moved else None
        yield DefinitionChange(pair.text, pair.kind.name, outcome, previous)
    for module in matches.modules:
        for found, outcome in ((module.added, Outcome.ADDED), (module.removed, Outcome.REMOVED)):
            for path, value in found.items():
                kind = kind_of(value)
                name = kind.name if kind is not None else "decorated object"
                yield DefinitionChange(module.path_text(path), name, outcome)
