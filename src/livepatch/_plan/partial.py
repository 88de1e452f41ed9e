"""Stage 5: what there is to do and to say where only some statements ran again."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator, Mapping
from itertools import compress
from operator import is_
from typing import Any

from livepatch._load.struck_off import steps_for_gone, steps_for_moved
from livepatch._match.module import Module
from livepatch._plan.from_registers import notice_computed
from livepatch._plan.plan import Plan
from livepatch._python.constants import repr_of_constant, same_value
from livepatch._python.kinds import CACHED_PROPERTY, class_attributes
from livepatch._python.own import MISSING, Call, OwnDict, OwnList
from livepatch._report.report import Notice
from livepatch._select.selection import Selection
from livepatch._select.stale import EFFECT_STAYS, VALUE_STAYS
from livepatch._snapshot.snapshot import overload_registry
from livepatch._steps.class_names import name_class, name_of_class
from livepatch._steps.steps import Steps
from livepatch._values.registries import ATOMS


def plan_partial_run(plan: Plan, selections: Mapping[str, Selection]) -> None:
    """Take over the notices of what did not run, and note the steps for what has gone.

    Args:
        plan: takes notices and steps.
        selections: what ran, of the modules of which not everything did.
    """
    modules = {each.name: each for each in plan.matches.modules}
    for name, selection in selections.items():
        replaced = set(_replaced_whole(plan, modules[name]))
        plan.notices += (
            each
            for each in selection.notices
            if each.code != "LP314" or each.path.removeprefix(f"{name}.") not in replaced
        )
    _notice_passed(plan, selections)
    notice_computed(plan, selections)
    _notice_bodies(plan)
    _plan_entries(plan)
    _plan_repeated(plan, selections)
    _plan_overloads(plan)
    _plan_class_attributes(plan)
    _plan_function_attributes(plan)


def _notice_passed(plan: Plan, selections: Mapping[str, Selection]) -> None:
    """Name what has something else last than statements below those that ran have entered."""
    for module in plan.matches.modules:
        selection = selections.get(module.name)
        passed = selection.passed if selection is not None else {}
        known = {each.path for each in plan.notices if each.code == "LP314"} if passed else set()
        before = OwnDict((id(live), copy) for live, copy in module.contents if passed)
        for name, said in passed.items():
            live, place = module.old.get(name), module.path_text((name,))
            is_same = module.new.get(name) is live and place not in known
            if is_same and id(live) in before and _is_passed(live, before[id(live)], said):
                plan.notices.append(Notice("LP314", place, _STANDS_LAST))


_STANDS_LAST = "what was entered now counts last, though statements below had entered something"


def _is_passed(live: Any, before: Any, said: frozenset[Any]) -> bool:
    """Whether something came behind what a list had, or a key that is said has another value."""
    if type(live) is dict:
        plain = (key for key in live if type(key) in ATOMS and key in said)
        return not all(same_value(before.get(key, MISSING), live[key]) for key in plain)
    if type(live) not in (list, deque):
        return False
    return len(live) > len(before) and all(map(is_, live, before))


def _plan_repeated(plan: Plan, selections: Mapping[str, Selection]) -> None:
    """Note the steps by which lists have once what a block that runs again has entered again."""
    for module in plan.matches.modules:
        repeats = selections[module.name].repeats if module.name in selections else ()
        filled = {id(module.new.get(name)) for name in repeats}
        for container, before in module.contents if filled else ():
            if id(container) not in filled or type(container) is not list:
                continue
            there, added = container[: len(before)], container[len(before) :]
            if added and len(there) == len(before) and all(map(is_, there, before)):
                kept = OwnList(map(plan.decisions.settle, there))
                new = _without(OwnList(map(plan.decisions.settle, added)), kept)
                if len(new) < len(added):
                    plan.steps.replace_items(container, OwnList([*kept, *new]), OwnList(container))


def _without(added: OwnList[Any], there: OwnList[Any]) -> OwnList[Any]:
    """Return what was entered but for what is there already, one for one."""
    counts = Counter(map(_identity, there))
    new: OwnList[Any] = OwnList()
    for each in added:
        key = _identity(each)
        counts[key] -= 1
        if counts[key] < 0:
            new.append(each)
    return new


def _identity(value: Any) -> tuple[Any, ...]:
    """Return what only constants that are the same have in common; any other object is itself."""
    text = repr_of_constant(value)
    return (id(value),) if text is None else (type(value), text)


def _replaced_whole(plan: Plan, module: Module) -> Iterator[str]:
    """Yield the names of dicts in which statements have replaced all that such had entered."""
    changed = OwnDict(
        (id(live), (live, before))
        for live, before in module.contents
        if type(live) is dict and not all(map(is_, live.values(), before.values()))
    )
    for name, value in module.old.items() if changed else ():
        if id(value) not in changed:
            continue
        live, before = changed[id(value)]
        if before and len(before) <= len(live) and all(map(is_, live, before)):
            stays = compress(before.values(), map(is_, before.values(), live.values()))
            # What stands has its own statement, which has entered it perhaps.
            if all(id(each) in plan.matches.standing for each in stays):
                yield name


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
    """Note the steps by which an undo takes back what statements set on functions that stay.

    And the names that they gave to classes.
    """
    steps = Steps()
    for module in plan.matches.modules:
        for function, before in module.functions:
            for name, value in before.items():
                present = getattr(function, name)
                if present is not value:
                    steps.set_attribute(function, name, present, value)
        for cls, before in module.names:
            for name, value in before.items():
                present = name_of_class(cls, name)
                if present != value:
                    name_class(steps, cls, name, present, value)
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
            gone = steps_for_gone(enrolled, survivors)
            if gone:
                plan.steps.extend(enrolled.steps)
                plan.definition_steps.extend(enrolled.steps)
            # Taken back once the search has given the containers back what else was in them.
            plan.entered.extend(gone)
            plan.entered.extend(steps_for_moved(enrolled, survivors))
            for root in sorted(enrolled.unfound):
                plan.notices.append(Notice("LP314", f"{module.name}.{root}", EFFECT_STAYS))
