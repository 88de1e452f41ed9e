"""Stage 5: what the plan leaves behind, and what a user should know about it."""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Iterator
from types import FunctionType, MethodType, ModuleType
from typing import Any

from livepatch._heap.belongings import parts_of
from livepatch._heap.heap import going_along, unexplained_counts
from livepatch._heap.outside import caches_of_patterns
from livepatch._heap.retained import closures_kept, containers_once_set, once_entered
from livepatch._match.decorated import decorated_function
from livepatch._match.module import Module, names_of_others
from livepatch._plan.namespaces import replaced_constants, replaced_data
from livepatch._plan.plan import Plan, explainers_of, tuples_that_go
from livepatch._plan.reached_caches import notice_reached
from livepatch._plan.remnants import keep_names
from livepatch._python.constants import may_hold_state
from livepatch._python.kinds import (
    CACHED_PROPERTY,
    CLASS,
    class_attributes,
    dict_of,
    is_class,
    is_enum,
    kind_of,
)
from livepatch._python.layers import layers_of
from livepatch._python.own import OwnDict, OwnList
from livepatch._reconcile.flags import is_combination, is_refused
from livepatch._registers.entries_of_others import (
    definitions_in,
    entered_by_others,
    may_have_entries,
    path_of_entry,
)
from livepatch._report.report import Notice
from livepatch._select.stale import VALUE_STAYS
from livepatch._source.source import has_own_ways
from livepatch._steps.rows import set_items

# Some versions (3.12) freeze a few hundred objects of their own when they start.
_FROZEN_BY_INTERPRETER = 1000
_FEW = 3


_Named = tuple[str, Any]
"""A value with its path."""
_Replaced = list[tuple[Module, list[str]]]
"""The globals that are other data in the end, by module."""


def notice_leftovers(plan: Plan) -> None:
    """Note what has vanished, or was made anew, while something still holds it."""
    _notice_moves(plan)
    _notice_computed(plan)
    _notice_patched(plan)
    _notice_unwrapped(plan)
    _notice_bound(plan)
    replaced = replaced_data(plan)
    _notice_old_data(plan, replaced)
    _notice_lost_entries(plan, replaced)
    _notice_removed(plan)
    _notice_lagging(plan)
    _notice_frozen(plan)
    _notice_loaders(plan)


def _notice_loaders(plan: Plan) -> None:
    """Name each module that is loaded by something else than source compiled and run."""
    for module in plan.matches.modules:
        loader = module.source.spec.loader if module.source.spec is not None else None
        if loader is not None and has_own_ways(type(loader)):
            message = f"{type(loader).__name__} may have run something else than the source"
            plan.notices.append(Notice("LP321", module.name, message))


def _notice_computed(plan: Plan) -> None:
    """Name the cached properties that compute something else now."""
    for pair in plan.matches.beyond_functions():
        if pair.kind is CACHED_PROPERTY and id(pair.new.func) in plan.changed:
            plan.notices.append(Notice("LP319", pair.text, VALUE_STAYS))
    notice_reached(plan)


def _notice_moves(plan: Plan) -> None:
    """Name what may have moved, where it is not clear to which place."""
    for path, candidates in plan.matches.moved:
        message = f"may have moved to any of {', '.join(candidates)}; not followed"
        plan.notices.append(Notice("LP310", path, message))


def _notice_patched(plan: Plan) -> None:
    """Name each function that somebody had put something in the place of."""
    for module in plan.matches.modules:
        final = plan.finals[module.name]
        for path, old in module.patched.items():
            if len(path) == 1 and final.get(path[0], old) is not old:
                message = "was replaced at run time; the source's is back"
                plan.notices.append(Notice("LP304", module.path_text(path), message))


def _notice_unwrapped(plan: Plan) -> None:
    """Name what functions that wrapped others had as attributes, and that goes with them."""
    for layer in plan.layers:
        if not layer.is_around or not type(layer.wrapper) is type(layer.wrapped) is FunctionType:
            continue
        others = {"__wrapped__", *layer.wrapped.__dict__, *getattr(layer.function, "__dict__", ())}
        went = [name for name in layer.wrapper.__dict__ if name not in others]
        if went:
            message = f"its decorator has gone, and with it what it had as {', '.join(went)}"
            plan.notices.append(Notice("LP304", layer.path, message))


def _notice_bound(plan: Plan) -> None:
    """Name each method that is bound otherwise now, where somebody has it as it was bound."""
    found = OwnList(_bound_otherwise(plan, _BINDING))
    _notice_static(plan)
    if not found:
        return
    # One walk over the heap for all of them; there are such edits seldom.
    holders = gc.get_referrers(*(function for function, _, _ in found))
    methods = OwnList(each for each in holders if type(each) is MethodType)
    for function, path, kind in found:
        count = sum(each.__func__ is function for each in methods)
        if count:
            message = f"is {kind} now, and {count} bound before go on as bound methods"
            plan.notices.append(Notice("LP201", path, message))


def _notice_static(plan: Plan) -> None:
    """Name each static method that is bound now, where somebody has its function."""
    found = OwnList(_bound_otherwise(plan, (staticmethod,)))
    if not found:
        return
    functions = OwnList(function for function, _, _ in found)
    explainers = OwnList((found, *found, *plan.layers, *explainers_of(plan)))
    for (_, path, kind), count in zip(found, unexplained_counts(functions, explainers)):
        if count > 0:
            message = f"is {kind} now, and {references_still_hold(count)} its function: not bound"
            plan.notices.append(Notice("LP201", path, message))


def _bound_otherwise(plan: Plan, before: tuple[type, ...]) -> Iterator[tuple[Any, str, str]]:
    """Yield the functions of such methods, each with its path and what it is now.

    Args:
        plan: the plan.
        before: the types of what was there.
    """
    for pair in plan.matches.beyond_functions():
        if pair.kind is not CLASS or not (is_class(pair.old) and is_class(pair.new)):
            continue
        after = class_attributes(pair.new)
        for name, value in class_attributes(pair.old).items():
            kind = _BOUND.get(type(after.get(name)))
            if kind is not None and type(value) in before and type(value) is not type(after[name]):
                yield getattr(value, "__func__", value), f"{pair.text}.{name}", kind


_BINDING = (FunctionType, classmethod)
_BOUND: dict[type, str] = {
    FunctionType: "an instance method",
    classmethod: "a class method",
    staticmethod: "a static method",
    property: "a property",
}


def _notice_old_data(plan: Plan, replaced: _Replaced) -> None:
    """Name each global that was made anew while something still holds the old object."""
    each_once = {
        id(module.old[name]): (module.path_text((name,)), module.old[name])
        for module, names in reversed(replaced)
        for name in names
    }
    suspects = list(reversed(each_once.values()))
    suspects += (each for each in replaced_constants(plan) if id(each[1]) not in each_once)
    del each_once
    if not suspects:
        return
    # Nearly all are held by their namespaces alone, and by steps that put them back there; who
    # holds one of the rest is sought further.
    values = OwnList(value for _, value in suspects)
    given_back = OwnList(call.args[2] for call in plan.steps.undo if call.func is set_items)
    nearest = OwnList((*given_back, *suspects))
    counts = unexplained_counts(values, nearest, _in_their_namespaces(replaced))
    del values, nearest
    suspects = [each for each, count in zip(suspects, counts) if count > 0]
    if not suspects:
        return
    plan.held.update(id(value) for _, value in suspects if may_hold_state(value))
    explainers = explainers_of(plan)
    explainers += _going(plan)
    explainers += tuples_that_go(plan)
    explainers += suspects
    explainers += caches_of_patterns()
    values = OwnList(value for _, value in suspects)
    survivors: dict[Any, Any] = plan.decisions.survivors
    namespaces = (*plan.matches.namespaces(), *plan.finals.values(), survivors)
    counts = unexplained_counts(values, explainers, namespaces=namespaces)
    for (path, value), count in zip(suspects, counts):
        if count > 0:
            what = type(value).__name__
            message = f"{references_still_hold(count)} the old {what}"
            plan.note_held(value, Notice("LP302", path, message))


def _notice_lost_entries(plan: Plan, replaced: _Replaced) -> None:
    """Name each global that was made anew without what other modules had entered in it."""
    reloaded, seen = plan.matches.by_name, set[int]()
    for module, names in replaced:
        for name in names:
            value = module.old[name]
            if not may_have_entries(value) or id(value) in seen:
                continue
            seen.add(id(value))
            entered = OwnList(entered_by_others(value, module.source.module, reloaded))
            if not entered:
                continue  # nearly every one
            there = set(map(id, definitions_in(plan.finals[module.name][name])))
            lost = [path_of_entry(home, each) for home, each in entered if id(each) not in there]
            if lost:
                few = ", ".join(lost[:_FEW]) + (" and more" if len(lost) > _FEW else "")
                message = f"was made anew, and what others had entered is not in it: {few}"
                plan.notices.append(Notice("LP320", module.path_text((name,)), message))


def _in_their_namespaces(replaced: _Replaced) -> Iterator[int]:
    """Yield the id of old data for each reference from its own module, and from our copy of it."""
    for module, names in replaced:
        for name in names:
            value = module.old[name]
            yield id(value)
            if module.live.get(name) is value:
                yield id(value)


def _going(plan: Plan) -> Iterator[Any]:
    """Yield the old values that go too: a method of an old object under another name, say."""
    for module in plan.matches.modules:
        names = names_of_others(module.old, plan.finals[module.name])
        yield from map(module.old.__getitem__, names)


def references_still_hold(count: int) -> str:
    """Say how many references there are."""
    return "1 reference still holds" if count == 1 else f"{count} references still hold"


def _notice_removed(plan: Plan) -> None:
    each_once = {
        id(value): (module.path_text(path), value)
        for module in plan.matches.modules
        for path, value in reversed(module.removed.items())
    }
    removed = [
        (path, value)
        for path, value in each_once.values()
        if id(value) not in plan.decisions.survivors
    ]
    removed.reverse()
    del each_once
    removed += _wrapped_in_removed(plan)
    members = OwnList(_members_gone(plan))
    removed += (named for named, _ in members)
    if not removed:
        return
    values = OwnList(value for _, value in removed)
    explainers = explainers_of(plan)
    explainers += removed
    explainers += (container for container, _ in plan.struck)  # it is taken out of these
    # What is inside of a decorator that has gone goes with that.
    explainers += (
        part for each in OwnList(values) for layer in layers_of(each) for part in _inside(layer)
    )
    explainers += (members, *members)
    each_once_more = {id(cls): cls for _, cls in members}
    explainers += (part for cls in each_once_more.values() for part in _inside_enum(cls))
    counts = unexplained_counts(values, explainers)
    enrolled = (each for module in plan.matches.modules for each in module.enrolled)
    struck = OwnList(entry.value for each in enrolled for entry in each.entries)
    struck += once_entered()
    struck += containers_once_set()
    struck += _data_made_anew(plan)
    struck += filter(is_class, values)
    if struck and any(count > 0 for count in counts):
        # What has been made around it and has gone with it, now or earlier: `(path, view)`; the
        # closures of its methods, and the classes below it.
        explainers += (struck, *going_along(struck, explainers), *closures_kept())
        counts = unexplained_counts(values, explainers)
    if any(count > 0 for count in counts):
        gc.collect()  # what holds it may be garbage, of an earlier reload say
        counts = unexplained_counts(values, explainers)
    beside = Counter(_named_beside(plan)) if plan.carried else Counter[int]()
    counts = [count + beside[id(value)] for count, value in zip(counts, values)]
    for (path, value), count in zip(removed, counts):
        if count > 0:
            code = "LP306" if is_class(value) else "LP309"
            message = f"is gone from the source, and {references_still_hold(count)} it"
            names = keep_names(plan, value)
            message += f"; it goes on with {', '.join(names)} of its source" if names else ""
            plan.note_held(value, Notice(code, path, message))
        elif is_class(value):
            plan.let_go.append((path, value))


def _named_beside(plan: Plan) -> Iterator[int]:
    """Yield the ids of what namespaces keep of which other names go: ``from game import hit as h``.

    They are accounted for as a whole. Those of the reload itself will be others.
    """
    homes = OwnDict((id(namespace), namespace) for namespace, _ in plan.carried)
    names = {(id(namespace), name) for namespace, name in plan.carried}
    for key in homes.keys() - {id(module.live) for module in plan.matches.modules}:
        yield from (id(value) for name, value in homes[key].items() if (key, name) not in names)


def _data_made_anew(plan: Plan) -> Iterator[Any]:
    """Yield the old data in whose place other has come: what it alone holds goes with it."""
    for module in plan.matches.modules:
        for name in names_of_others(module.old, plan.finals[module.name]):
            if kind_of(module.old[name]) is None and type(module.old[name]) is not ModuleType:
                yield module.old[name]


def _notice_lagging(plan: Plan) -> None:
    """Say what goes on with a closure that could not take its new code."""
    for closure, notice in plan.lagging:
        names, said = keep_names(plan, closure), notice
        if names:
            at = plan.notices.index(notice)
            message = f"{notice.message}; it goes on with {', '.join(names)} of its source"
            said = plan.notices[at] = Notice(notice.code, notice.path, message)
        plan.doubts.append(OwnList((closure, said)))


def _inside(layer: Any) -> Iterator[Any]:
    yield from parts_of(layer)
    if type(layer) is FunctionType:  # its own dict, as functools.wraps leaves it
        dicts = (each for each in gc.get_referents(layer) if type(each) is dict)
        yield from (each for each in dicts if "__wrapped__" in each)


def _members_gone(plan: Plan) -> Iterator[tuple[_Named, Any]]:
    """Yield the members that enumerations have no more, each with its path, and its class."""
    by_old = plan.matches.by_old
    for pair in plan.matches.beyond_functions():
        if pair.kind is CLASS and is_class(pair.old) and is_enum(pair.old) and not pair.foreign:
            members = class_attributes(pair.old)["_member_map_"]
            values = class_attributes(pair.new).get("_value2member_map_", {})
            first = {id(member): name for name, member in reversed(members.items())}
            for name, member in members.items():
                gone = id(member) not in by_old and not is_combination(member, values)
                if gone and first[id(member)] == name:
                    yield (f"{pair.text}.{name}", member), pair.old
            known = class_attributes(pair.old)["_value2member_map_"]
            for member in OwnList(each for each in known.values() if id(each) not in first):
                if is_refused(pair, member):
                    yield (f"{pair.text}({member._value_})", member), pair.old


def _inside_enum(cls: Any) -> Iterator[Any]:
    """Yield what an enumeration has its members in: its tables, and what flags remember."""
    yield from (part for part in class_attributes(cls).values() if type(part) in (dict, list))
    attributes = class_attributes(cls)
    for member in (
        *attributes["_member_map_"].values(),
        *attributes["_value2member_map_"].values(),
    ):
        yield from (member, dict_of(member))


def _wrapped_in_removed(plan: Plan) -> list[_Named]:
    """List the functions inside of decorators that have gone: others may hold these alone."""
    decisions = plan.decisions
    each_once = {
        id(inner): (f"{module.path_text(path)}.<wrapped>", inner)
        for module in plan.matches.modules
        for path, value in module.removed.items()
        for inner in (decorated_function(module, path, value),)
        if type(inner) is FunctionType and inner is not value
    }
    return [each for key, each in each_once.items() if key not in decisions.survivors]


def _notice_frozen(plan: Plan) -> None:
    frozen = gc.get_freeze_count()
    if frozen > _FROZEN_BY_INTERPRETER and plan.searched:
        message = f"{frozen} objects are frozen and could not be searched"
        places = ", ".join(module.name for module in plan.matches.modules)
        plan.notices.append(Notice("LP205", places, message))
