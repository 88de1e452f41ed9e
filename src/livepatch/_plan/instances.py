"""Stage 5: give the instances that were found their new class, or say why they cannot have it."""

from __future__ import annotations

from typing import Any

from livepatch._decide.migration import Migration
from livepatch._heap.dropped import held_subclasses
from livepatch._holders import Repointing, is_rebuilt
from livepatch._match.pairs import Pair
from livepatch._plan.plan import Lack, Plan
from livepatch._python.kinds import (
    bases_of,
    class_attributes,
    is_class,
    is_enum,
    lowest_bases,
    qualified_name,
)
from livepatch._python.own import OwnList
from livepatch._report.report import Notice
from livepatch._steps.linearise import classes_with_fixed_order, classes_without_order

_LEFT_BEHIND = "LP209"


def code_on_the_way_back(pair: Pair) -> str:
    """Return the code under which instances are refused where a class is to be another again.

    The members of an enumeration go with it, and one that is held stays its member.
    """
    return _LEFT_BEHIND if is_enum(pair.old) and not is_enum(pair.new) else "LP121"


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
    old = type(instances[0])
    new = repointing.settle_class(old)
    path = plan.matches.path_of(old)
    if key in plan.decisions.migrations:
        plan.instances[path] += len(instances)
        _refuse_without_values(plan, plan.decisions.migrations[key])
        return
    if not is_class(new):
        message = f"is no class any more, and has {len(instances)} live instances"
        plan.notices.append(Notice("LP306", path, message))
        return
    if is_enum(new) and not is_enum(old):
        # It has the members that its body says, and none can be made besides.
        message = f"is an enumeration now, and has {len(instances)} live instances"
        plan.notices.append(Notice("LP306", path, message))
        return
    if refused == _LEFT_BEHIND:
        return  # verifying names those that somebody holds
    if refused is not None and is_enum(old) and not is_enum(new):
        # They are what the old body said, and who holds one has no instance of the new class.
        message = f"is no enumeration any more, and has {len(instances)} live members"
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
    plan.lacks += (Lack(migration.path, *each) for each in migration.lacking())


def _refuse_subclasses(plan: Plan) -> None:
    if not plan.decisions.layout_changes:
        return
    losers = set(map(id, plan.decisions.losers))
    for pair, _ in plan.decisions.layout_changes:
        for subclass in held_subclasses(OwnList((pair.old,)))[0]:
            # One of the reload that stays has its layout by another base, or it would have gone.
            if id(subclass) not in losers and id(subclass) not in plan.matches.by_old:
                message = f"{_full_name(subclass)} derives from it and cannot take its new layout"
                plan.refusals.append(Notice("LP124", pair.text, message))


def refuse_bases(plan: Plan, repointing: Repointing) -> None:
    """Refuse bases that CPython finds no order for, or would not make a class of."""
    rows = (plan.steps, repointing.first, repointing.fresh_bases)
    planned = {id(cls) for steps in rows for cls, _ in steps.new_bases()}
    for cls in OwnList(classes_without_order(*rows)):
        present = bases_of(cls)
        made_by_load = any(id(base) in repointing.fresh for base in present)
        bases = lowest_bases(repointing.settle_class, present)
        if made_by_load and id(cls) not in planned and len(bases) < len(present):
            repointing.fresh_bases.set_bases(cls, bases)
    for steps in rows:
        for cls, bases in steps.new_bases():
            if not is_enum(cls) and any(map(is_enum, bases)):
                message = "it is no enumeration, and its base has become one"
                plan.refusals.append(Notice("LP124", _full_name(cls), message))
    for cls in classes_without_order(*rows):
        message = "its bases would have no consistent order (MRO)"
        plan.refusals.append(Notice("LP124", _full_name(cls), message))
    for cls in classes_with_fixed_order(*rows):
        message = (
            "its instances hold more than those of its bases (slots, or a dict), and its metaclass "
            "orders these (mro()): they cannot be others"
        )
        plan.refusals.append(Notice("LP124", _full_name(cls), message))


def _full_name(cls: type) -> str:
    return f"{class_attributes(cls).get('__module__')}.{qualified_name(cls)}"
