"""Stage 5: give the instances that were found their new class, or say why they cannot have it."""

from __future__ import annotations

from typing import Any

from livepatch._dropped import held_subclasses
from livepatch._holders import Repointing, is_rebuilt
from livepatch._kinds import class_attributes, is_class, is_enum, qualified_name
from livepatch._linearise import classes_without_order
from livepatch._migration import Migration
from livepatch._own import OwnList
from livepatch._plan import Plan
from livepatch._report import Notice


def plan_instances(plan: Plan, repointing: Repointing) -> None:
    """Note the steps that give instances their new class; refuse where that cannot be done.

    Args:
        plan: takes the steps, the counts and the refusals.
        repointing: what the search found.
    """
    refused = {id(pair.old): code for pair, code in plan.decisions.layout_changes}
    by_old = plan.matches.by_old
    for key, found in repointing.instances.items():
        instances = found
        if is_enum(type(found[0])):
            # An enum's members are definitions: where they are losers, they go.
            instances = OwnList(each for each in found if id(each) not in by_old)
        if instances:
            _plan_class(plan, repointing, key, instances, refused.get(key))
    _refuse_subclasses(plan)


def _plan_class(
    plan: Plan, repointing: Repointing, key: int, instances: OwnList[Any], refused: str | None
) -> None:
    """Note what becomes of the instances of one class, by its id."""
    old, new = type(instances[0]), repointing.survivors[key]
    path = plan.matches.path_of(old)
    if key in plan.decisions.migrations:
        plan.instances[path] += len(instances)
        _refuse_without_values(plan, plan.decisions.migrations[key])
        return
    if not is_class(new):
        message = f"is no class any more, and has {len(instances)} live instances"
        plan.notices.append(Notice("LP306", path, message))
        return
    if refused is not None:
        message = f"{len(instances)} live instances cannot take its new layout"
        plan.refusals.append(Notice(refused, path, message))
    elif key in plan.matches.by_old:
        plan.instances[path] += len(instances)
    # A tuple of its own class may have been rebuilt, because of what it contains.
    if is_rebuilt(repointing, instances[0]):
        instances = OwnList(each for each in instances if not repointing.is_loser(each))
    plan.steps.set_class(instances, new, old)


def _refuse_without_values(plan: Plan, migration: Migration) -> None:
    count = migration.losing_contents()
    if count:
        message = f"what {count} live instances contain has no place in its new built-in base"
        plan.refusals.append(Notice("LP122", migration.path, message))
    for name, count in migration.lacking():
        message = f"{count} live instances have no value for its new field {name!r}"
        plan.refusals.append(Notice("LP126", migration.path, message))


def _refuse_subclasses(plan: Plan) -> None:
    if not plan.decisions.layout_changes:
        return
    losers = set(map(id, plan.decisions.losers))
    for pair, _ in plan.decisions.layout_changes:
        for subclass in held_subclasses(OwnList((pair.old,)))[0]:
            if id(subclass) not in losers:
                message = f"{_full_name(subclass)} derives from it and cannot take its new layout"
                plan.refusals.append(Notice("LP124", pair.text, message))


def refuse_without_order(plan: Plan, repointing: Repointing) -> None:
    """Refuse bases that CPython finds no order for."""
    rows = (plan.steps, repointing.first, repointing.fresh_bases)
    for cls in classes_without_order(*rows):
        message = "its bases would have no consistent order (MRO)"
        plan.refusals.append(Notice("LP124", _full_name(cls), message))


def _full_name(cls: type) -> str:
    return f"{class_attributes(cls).get('__module__')}.{qualified_name(cls)}"
