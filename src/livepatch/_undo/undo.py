"""Take a reload back: the code as it was before, the state as it is now.

Nothing of the module is run. What the reload did to definitions is done in reverse, and every
reference to a definition that came is repointed to the one it replaced, which the report kept.
"""

from __future__ import annotations

import dataclasses
import sys
import time
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from types import FunctionType
from typing import Any

from livepatch._apply.apply import apply, drop_copies, notice_lost, perform_or_raise, release
from livepatch._decide.decisions import Decisions
from livepatch._decide.migrate import start_migrations
from livepatch._heap.record import (
    ModuleRecord,
    Record,
    Replacement,
    drop_record,
    follow_instances,
    is_newest,
    left_behind,
)
from livepatch._heap.retire import Retired, retiring, returning, with_bases_settled
from livepatch._hooks import Reloading, run_before, run_inverses
from livepatch._load.young import young_objects_kept_apart
from livepatch._match.module import Module, Part
from livepatch._match.pairs import Matches, Pair
from livepatch._needs.marks import REMNANT
from livepatch._plan.absent import take_filled_back
from livepatch._plan.abstract_registrations import plan_registrations_back
from livepatch._plan.draft import finish_plan
from livepatch._plan.instances import code_on_the_way_back
from livepatch._plan.lacking import refuse_lacking
from livepatch._plan.namespaces import bring_names
from livepatch._plan.plan import Plan, Watched
from livepatch._plan.still_entered import forget_what_went, notice_still_entered
from livepatch._python.constants import has_state_inside, same_value
from livepatch._python.kinds import is_class, is_enum, is_special
from livepatch._python.layout import same_layout
from livepatch._python.own import MISSING, OwnDict, OwnList
from livepatch._python.quiet import plan_window, quiet_threads
from livepatch._reconcile import Reconciliation
from livepatch._report.errors import NothingToUndoError, ReloadRefused
from livepatch._report.report import Notice, Report
from livepatch._snapshot.borrow import Lent, by_reference
from livepatch._source.origin import origin_steps
from livepatch._source.scope import ANNOTATIONS
from livepatch._source.source import namespace_of
from livepatch._statements.abstract import forget_denials
from livepatch._steps.class_attributes import UNSETTABLE
from livepatch._steps.contents import contents_of
from livepatch._steps.dicts import restored_order, run_in_c
from livepatch._steps.steps import Steps, exchanged, is_in_force
from livepatch._undo.keep import attributes_of
from livepatch._undo.went import keep_what_went, members_that_came
from livepatch._values.registries import take_back
from livepatch._values.values import Values
from livepatch._verify.doubts import with_held
from livepatch._verify.summary import summarise
from livepatch._verify.verify import verify


def undo_record(record: Record) -> Report:
    """Take one reload back.

    Args:
        record: of the newest reload of each of its modules that has not been taken back.

    Raises:
        NothingToUndoError: it is not the newest, or it has been taken back already.
    """
    started = time.perf_counter()
    names = ", ".join(module.source.name for module in record.modules)
    if record.undone:
        raise NothingToUndoError("LP130", f"this reload of {names} is undone already")
    for module in record.modules:
        if not is_newest(record, module.source.module):
            raise NothingToUndoError("LP131", f"{module.source.name!r} has been reloaded since")
    modules = (module.source.module for module in record.modules)
    reloading = Reloading(tuple(module.source.name for module in record.modules), "back")
    inverses = run_before(modules, reloading)
    try:
        with young_objects_kept_apart():
            report, watched, lent, went = _run(record, started)
    except BaseException:
        run_inverses(inverses)
        raise
    if report.refusals:
        run_inverses(inverses)
        raise ReloadRefused(report.refusals)
    report = with_held(report, went)
    return verify(report, watched, OwnList(), lent)


def _run(record: Record, started: float) -> tuple[Report, Watched, Lent, OwnList[OwnList[Any]]]:
    with quiet_threads(plan_window()):
        plan = _plan_back(record)
        if plan.refusals:
            drop_copies(plan)
            return summarise(plan, started, dry_run=True), [], [], OwnList()
        members = [members_that_came(each) for each in record.modules]
        for each in record.modules:
            for step in origin_steps(each.source.module, each.at):
                plan.last.add(*step)
        try:
            apply(plan, "back")
        except BaseException:
            drop_copies(plan)
            raise
    for cls, names in record.orders:
        run_in_c(restored_order(cls, names))
    notice_lost(plan)
    forget_what_went(plan)
    # Not before: the weak references would have been given the survivors, like any others.
    lent = by_reference(record.borrowed)
    went: OwnList[OwnList[Any]] = OwnList()
    for each, inside in zip(record.modules, members):
        went += keep_what_went(plan, each, inside)
    if record.retired:
        forget_denials()
    drop_record(record)
    follow_instances(list(plan.decisions.migrations.values()), plan.decisions.survivors)
    report = summarise(plan, started, dry_run=False)
    watched = plan.losers_by_reference()
    release(plan)
    return report, watched, lent, went


def _plan_back(record: Record) -> Plan:
    kept = _gathered(record)
    untouched = {id(each) for layer in record.layers for each in (*layer.parts, *layer.kept)}
    with _all_inheriting(record.retired):
        decisions = _decide_back(record)
        plan = Plan(decisions.matches, decisions)
        result = _reconcile_back(record, decisions, kept)
        set_again = [each for each in result.steps.do if each.func is dict.__setitem__]
        taken = list(_taken(result.steps))
        finish_plan(plan, result, untouched)
    # Before any class borrows a base: only with its own does CPython let others derive from it.
    given = {id(cls) for cls, _ in plan.steps.new_bases()}
    # One that had gone: the search takes its bases for ours.
    settled = with_bases_settled(record.retired, decisions.settle_class)
    pairs = zip(record.retired, settled)
    first = returning(one if id(one.cls) in given else other for one, other in pairs)
    first.extend(plan.steps)
    plan.steps = first
    plan.listed.update(record.listed)
    plan.entering.extend(take_back(record.entered, decisions.settle))
    plan.steps.extend(take_filled_back(record.filled, decisions.survivors))
    plan_registrations_back(plan, record)
    for described in record.modules:
        _plan_namespace(plan, described, kept)
    for target, name, value in (each.args for each in set_again):
        # The search has put there what became of the present value, an instance made anew.
        if decisions.settle(value) is not value:
            plan.steps.set_item(target, name, decisions.settle(value))
    for target, name in taken:
        plan.steps.set_item(target, name, MISSING)  # what is found under it goes all the same
    refuse_lacking(plan)
    notice_still_entered(plan)
    shared = [layer.path for layer in record.layers if layer.shared]
    for path in dict.fromkeys((*record.merged, *shared)):
        message = "who came to it and who held it before cannot be told apart"
        plan.notices.append(Notice("LP207", path, message))
    return plan


@contextmanager
def _all_inheriting(retired: Iterable[Retired]) -> Generator[None, None, None]:
    """Let classes that left their bases' lists inherit again for a while.

    Members of theirs are asked for their hashes: an enum's goes by ``Enum.__hash__``. And what an
    instance has may be where a base put it: its dict.
    """
    try:
        perform_or_raise(returning(retired))  # a metaclass may be asked for an order
        yield
    finally:
        run_in_c(retiring(retired).do)


def _decide_back(record: Record) -> Decisions:
    """Let the old object of each pair whose new one survived take its place again."""
    modules = {module.source.name: _backwards(module) for module in record.modules}
    matches = Matches(tuple(modules.values()))
    for each in record.replaced:
        module, before = modules[each.before], modules[each.module]
        back = Pair(each.path, each.kind, each.new, each.old, module, before, home=each.home)
        matches.pairs.append(back)
        matches.by_old[id(back.old)] = matches.by_new[id(back.new)] = back
    decisions = Decisions(matches, "repoint")
    for pair, each in zip(matches.pairs, record.replaced):
        decisions.kept[id(pair.new)] = False
        decisions.add_loser(pair.old, pair.new)
        both = is_class(pair.old) and is_class(pair.new)
        if both and (
            each.migrated
            or not same_layout(pair.old, pair.new)
            or is_enum(pair.old) is not is_enum(pair.new)
        ):
            decisions.layout_changes.append((pair, code_on_the_way_back(pair)))
    start_migrations(decisions, "back", left_behind(record))
    for layer in record.layers:
        # What the program has put there calls what it had kept aside, and that would be itself.
        if layer.is_around and not (layer.put_there and layer.shared):
            # Whoever holds the function has it by the name that leads to the wrapper again.
            decisions.add_loser(layer.function, layer.wrapper)
            if is_class(layer.function) and is_class(layer.wrapped):
                decisions.heirs[id(layer.function)] = layer.wrapped
    decisions.borrowed = record.borrowed
    return decisions


def _reconcile_back(
    record: Record, decisions: Decisions, kept: Mapping[int, Any]
) -> Reconciliation:
    """Take back the steps for the definitions, but for what is state by now."""
    result = Reconciliation(decisions, Values(decisions))
    result.steps = _without_later_state(record.steps).inverse().exchanged(kept)
    for each in record.replaced:
        _take_later_state(result, each)
        _take_kept_defaults(result, each.old, kept)
    result.codes += zip(record.new_codes, record.old_codes)
    result.caches += record.caches
    result.changed |= {id(pair.new) for pair in decisions.matches.pairs}
    for layer in record.layers:
        layer.restore(result.steps)
        result.caches += ((layer.path, call) for call in layer.caches())
    return result


def _taken(steps: Steps) -> Iterator[tuple[Any, Any]]:
    """Yield the dicts and keys that steps take out in the end: others are but moved behind all."""
    last = OwnDict(
        ((id(each.args[0]), each.args[1]), each)
        for each in steps.do
        if each.func is dict.pop or each.func is dict.__setitem__
        if type(each.args[1]) is str
    )
    yield from ((each.args[0], each.args[1]) for each in last.values() if each.func is dict.pop)


def _without_later_state(steps: Steps) -> Steps:
    """Leave out what was set to something else since: that is state, and stays."""
    found = Steps()
    for do, undo_call in zip(steps.do, steps.undo):
        if is_in_force(do):
            found.add(do, undo_call)
    return found


# What the interpreter makes of a class's own annotations when it is asked for them is not state.
_NOT_SET = UNSETTABLE | {"__annotations__", "__annotations_cache__", "__annotate_func__"}


def _take_later_state(result: Reconciliation, each: Replacement) -> None:
    """Give the old definition what was set on the new one since the reload."""
    present = attributes_of(each.new)
    for name in {**each.attributes, **present}:
        value = present.get(name, MISSING)
        if value is each.attributes.get(name, MISSING) or name in _NOT_SET:
            continue
        if type(each.old) is FunctionType:
            result.steps.set_item(each.old.__dict__, name, value)
        elif is_class(each.old):
            result.steps.set_on_class(each.old, name, value)


def _take_kept_defaults(result: Reconciliation, function: Any, kept: Mapping[int, Any]) -> None:
    """Let an old function's defaults be the data that stays: a sentinel, say."""
    if type(function) is not FunctionType or not kept:
        return
    for name in ("__defaults__", "__kwdefaults__"):
        present = getattr(function, name)
        wanted = exchanged(present, kept)
        if wanted is not present:
            result.steps.set_attribute(function, name, wanted, present)


def _backwards(record: ModuleRecord) -> Module:
    live = namespace_of(record.source.module)
    origin = record.origin or record.outline
    # The text is that of the later code, and says nothing of the earlier one.
    source = dataclasses.replace(record.source, text=b"")
    return Module(source, record.part, record.outline, origin, live, OwnDict(live), record.before)


def _plan_namespace(plan: Plan, record: ModuleRecord, kept: Mapping[int, Any]) -> None:
    """Note the steps back to the old names, in the old order."""
    if record.part is Part.NEW:
        return
    live = namespace_of(record.source.module)
    final: OwnDict[str, Any] = OwnDict(live)
    for name in record.after:
        if name not in record.before:
            final.pop(name, None)
    if sys.version_info >= (3, 14) and ANNOTATIONS not in record.before:
        final.pop(ANNOTATIONS, None)  # somebody has asked for them since: it is computed
    for name, value in record.before.items():
        is_state = id(value) in kept or _is_set_since(record, live, name, value)
        wanted = kept.get(id(value), live.get(name)) if is_state else value
        remnant = REMNANT + name if type(name) is str else name
        if _is_set_since(record, live, remnant, value):
            wanted = live[remnant]  # what had gone has counted on
        if id(value) in kept and record.outline.same_shell(record.at, (name,)) is False:
            # The source says something else again, and an object may have gathered state.
            message = "was made by the statement that is taken back, and stays as it is"
            plan.notices.append(Notice("LP303", f"{record.source.name}.{name}", message))
        # It may be something immutable that is built anew, or an instance that is made anew.
        final[name] = plan.decisions.settle(wanted)
    bring_names(plan.steps, live, final)
    plan.steps.reorder(live, final, list(record.before))


def _is_set_since(record: ModuleRecord, live: Mapping[str, Any], name: str, before: Any) -> bool:
    """Whether a global was given its value after the reload: a counter, say, or a monkeypatch."""
    after, present = record.after.get(name, MISSING), live.get(name, MISSING)
    if present is MISSING or after is MISSING or is_special(name):
        return False
    if same_value(present, after):
        return False
    # What was imported follows the reloads of its own module.
    return same_value(before, after) or not record.outline.imports((name,))


def _gathered(record: Record) -> OwnDict[int, Any]:
    """Find the data that stays as it is now, by the id of what was there before.

    Data that the reload made anew has been gathering state since, unless it is a container that
    holds just what it held then.
    """
    found: OwnDict[int, Any] = OwnDict()
    for module in record.modules:
        live = namespace_of(module.source.module)
        for name, value in module.before.items():
            present = live.get(name, MISSING)
            if (
                present is not value
                and type(present) is type(value)
                and has_state_inside(present)
                and not is_special(name)
                and not _is_untouched(module, name, present)
            ):
                found[id(value)] = present
    for each in record.replaced:
        found.pop(id(each.old), None)
    return found


def _is_untouched(module: ModuleRecord, name: str, present: Any) -> bool:
    then, now = module.contents.get(name), contents_of(present)
    return then is not None and now is not None and list(map(id, then)) == list(map(id, now))
