"""Stage 5: what there is to do and to say where only some statements ran again."""

from __future__ import annotations

from collections.abc import Mapping
from operator import is_
from typing import Any

from livepatch._came_back import steps_for_gone, steps_for_moved
from livepatch._kinds import CACHED_PROPERTY, class_attributes
from livepatch._own import Call
from livepatch._plan import Plan
from livepatch._report import Notice
from livepatch._selection import Selection
from livepatch._snapshot import overload_registry
from livepatch._stale import EFFECT_STAYS, VALUE_STAYS
from livepatch._steps import MISSING, Steps


def plan_partial_run(plan: Plan, selections: Mapping[str, Selection]) -> None:
    """Take over the notices of what did not run, and note the steps for what has gone.

    Args:
        plan: takes notices and steps.
        selections: what ran, of the modules of which not everything did.
    """
    plan.notices += (notice for each in selections.values() for notice in each.notices)
    _notice_bodies(plan)
    _plan_entries(plan)
    _plan_overloads(plan)
    _plan_class_attributes(plan)
    _plan_function_attributes(plan)


def _plan_class_attributes(plan: Plan) -> None:
    """Note the steps by which an undo takes back what statements set on classes that stay."""
    for module in plan.matches.modules:
        if module.bodies is None:
            continue
        for cls, before in module.classes:
            present = class_attributes(cls)
            if len(present) == len(before) and all(map(is_, present.values(), before.values())):
                continue  # nearly every one
            steps = Steps()
            for name in {**before, **present}:
                if present.get(name, MISSING) is not before.get(name, MISSING):
                    steps.set_on_class(cls, name, before.get(name, MISSING))
            done = steps.inverse()
            plan.steps.extend(done)
            plan.definition_steps.extend(done)


def _plan_function_attributes(plan: Plan) -> None:
    """Note the steps by which an undo takes back what statements set on functions that stay."""
    for module in plan.matches.modules:
        for function, before in module.functions:
            for name, value in before.items():
                present = getattr(function, name)
                if present is not value:
                    steps = Steps()
                    steps.set_attribute(function, name, present, value)
                    plan.steps.extend(steps)
                    plan.definition_steps.extend(steps)


def _plan_overloads(plan: Plan) -> None:
    """Note the steps by which an undo has again what typing.overload had registered."""
    for module in plan.matches.modules:
        before, after = module.overloads, overload_registry.get(module.name)
        if before or after:
            steps = Steps()
            steps.add(_registering(module.name, after), _registering(module.name, before))
            plan.steps.extend(steps)
            plan.definition_steps.extend(steps)


def _registering(name: str, overloads: dict[str, Any] | None) -> Call:
    if overloads is None:
        return Call(overload_registry.pop, name, None)
    return Call(overload_registry.update, {name: overloads})


def _notice_bodies(plan: Plan) -> None:
    """Name the functions that were not made again and do not run their new body."""
    for module in plan.matches.modules:
        for path in module.followed.unfit:
            message = "its new code needs a variable that it never captured; it runs the old code"
            plan.notices.append(Notice("LP203", f"{module.name}.{path}", message))
        for home, (kind, changed) in module.followed.definitions.items():
            if changed and kind == CACHED_PROPERTY.name:
                plan.notices.append(Notice("LP319", module.path_text(home), VALUE_STAYS))
        for path in module.followed.replaced:
            message = "was replaced at run time, and its body changed; what replaced it was kept"
            plan.notices.append(Notice("LP303", f"{module.name}.{path}", message))


def _plan_entries(plan: Plan) -> None:
    """Note the steps for definitions that have gone from the lists of those who decorate."""
    survivors = plan.decisions.survivors
    for module in plan.matches.modules:
        for enrolled in module.enrolled:
            steps = steps_for_gone(enrolled, survivors)
            plan.steps.extend(steps)
            plan.definition_steps.extend(steps)
            plan.entered.extend(steps_for_moved(enrolled, survivors))
            for root in sorted(enrolled.unfound):
                plan.notices.append(Notice("LP314", f"{module.name}.{root}", EFFECT_STAYS))
