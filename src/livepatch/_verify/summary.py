"""Stage 8: the report of a plan. Holds names and numbers only, none of the program's objects."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator

from livepatch._match.decorated import plain_path
from livepatch._match.module import Module, Path
from livepatch._plan.plan import Plan
from livepatch._python.kinds import kind_of
from livepatch._report.report import DefinitionChange, Outcome, Report

# How the step into a part of a definition begins.
_INTO = ("<", "[")
# Each look at a member of an enumeration costs as much as a call.
_UNCHANGED, _UPDATED, _REPLACED = Outcome.UNCHANGED, Outcome.UPDATED, Outcome.REPLACED
# Functions that the compiler makes of the annotations of a class or module, since 3.14.
_OF_ANNOTATIONS = ("__annotate_func__", "__annotate__")


def summarise(plan: Plan, started: float, *, dry_run: bool) -> Report:
    """Build the report of what a plan did, or would do."""
    return Report(
        modules=tuple(module.name for module in plan.matches.modules),
        definitions=tuple(_definitions(plan)),
        instances=dict(plan.instances),
        references={kind: count for kind, count in plan.references.items() if count},
        notices=tuple(plan.notices),
        refusals=tuple(plan.refusals),
        stale_frames=plan.frames,
        seconds=time.perf_counter() - started,
        dry_run=dry_run,
    )


def _definitions(plan: Plan) -> Iterator[DefinitionChange]:
    yield from _pairs(plan)
    yield from _aliases(plan)
    # A function that has been followed has a successor all the same where the new code did not fit.
    modules = plan.matches.modules
    follows = any(module.followed.definitions for module in modules)
    pairs = plan.matches.pairs if follows else ()
    paired = {(id(pair.module), pair.path) for pair in pairs}
    for module in modules:
        yield from _without_pair(module, paired)


def _pairs(plan: Plan) -> Iterator[DefinitionChange]:
    wholes: set[tuple[int, Path]] = set()
    changed, survivors = plan.changed, plan.decisions.survivors
    for pair in plan.matches.pairs:
        last, key = pair.path[-1], id(pair.new)
        first = last[:1]
        if first == "<" or last in _OF_ANNOTATIONS:
            continue  # a part: its whole is listed
        if first == "[":
            wholes = wholes or {(id(pair.module), pair.path) for pair in plan.matches.pairs}
            if (id(pair.module), plain_path(pair.path)) in wholes:
                continue  # so it is here, unless that is a table
        moved = pair.before is not pair.module or bool(pair.previous)
        if pair.inside and not moved:
            continue  # so is what it is in
        if key not in changed and not moved:
            outcome = _UNCHANGED
        elif survivors.get(key) is pair.old:
            outcome = _UPDATED
        else:
            outcome = _REPLACED
        previous = pair.before.path_text(pair.previous or pair.path) if moved else None
        yield DefinitionChange(pair.text, pair.kind.name, outcome, previous)
    for pair in plan.decisions.derived:
        yield DefinitionChange(pair.text, pair.kind.name, Outcome.REPLACED)


def _aliases(plan: Plan) -> Iterator[DefinitionChange]:
    """Yield those of which two old objects are one now: a function has lost its decorator."""
    aliases = plan.matches.aliases
    listed = {pair.text for pair in plan.matches.pairs} if aliases else set[str]()
    for alias in aliases:
        if alias.text not in listed and not alias.path[-1].startswith(_INTO):
            yield DefinitionChange(alias.text, alias.kind.name, Outcome.REPLACED)


def _without_pair(
    module: Module, paired: Collection[tuple[int, Path]]
) -> Iterator[DefinitionChange]:
    text, key = module.path_text, id(module)
    for path, (name, changed) in module.followed.definitions.items():
        if not paired or (key, path) not in paired:
            yield DefinitionChange(text(path), name, _UPDATED if changed else _UNCHANGED)
    for found, outcome in ((module.added, Outcome.ADDED), (module.removed, Outcome.REMOVED)):
        for path, value in found.items():
            if path[-1] in _OF_ANNOTATIONS:
                continue
            kind = kind_of(value)
            name = kind.name if kind is not None else "decorated object"
            yield DefinitionChange(module.path_text(path), name, outcome)
