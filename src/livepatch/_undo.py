"""Take a reload back: the code as it was before, the state as it is now.

Nothing of the module is run. What the reload did to definitions is done in reverse, and every
reference to a definition that came is repointed to the one it replaced, which the report kept.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from types import FunctionType
from typing import Any

from livepatch._absent import take_filled_back
from livepatch._apply import apply, drop_copies, notice_lost, release
from livepatch._constants import contents_of, may_hold_state
from livepatch._decisions import Decisions
from livepatch._dicts import restored_order, run_in_c
from livepatch._draft import finish_plan
from livepatch._errors import NothingToUndoError, ReloadRefused
from livepatch._hooks import Reloading, run_before, run_inverses
from livepatch._kinds import UNSETTABLE, class_attributes, is_class
from livepatch._layout import same_layout
from livepatch._load import young_objects_kept_apart
from livepatch._migrate import start_migrations
from livepatch._module import Module, Part
from livepatch._namespaces import bring_names
from livepatch._origin import origin_steps
from livepatch._own import OwnDict, OwnList
from livepatch._pairs import Matches, Pair
from livepatch._plan import Plan, Watched
from livepatch._quiet import MIGRATION_WINDOW, PLAN_WINDOW, quiet_threads
from livepatch._reconcile import Reconciliation
from livepatch._record import (
    ModuleRecord,
    Record,
    Replacement,
    add_record,
    drop_record,
    follow_instances,
    is_newest,
    keep_left,
    left_behind,
)
from livepatch._report import Notice, Report
from livepatch._source import namespace_of
from livepatch._steps import MISSING, Steps, exchanged, is_in_force
from livepatch._summary import summarise
from livepatch._values import Values
from livepatch._verify import verify


def keep_record(plan: Plan) -> Record:
    """Keep what is needed to take a reload back that has just been done."""
    matches, decisions = plan.matches, plan.decisions
    successors = decisions.survivors.get
    gone_over = [pair for pair in matches.pairs if successors(id(pair.new)) is not pair.old]
    record = Record(
        modules=[
            ModuleRecord(
                module.source,
                module.part,
                module.origin,
                module.outline,
                module.old,
                plan.finals[module.name],
                _contents(module, plan.finals[module.name]),
            )
            for module in matches.modules
        ],
        replaced=OwnList(_replacement(pair) for pair in gone_over if not pair.foreign),
        layers=plan.layers,
        merged=[pair.text for pair in (*gone_over, *matches.aliases) if _is_merger(matches, pair)],
        steps=plan.definition_steps,
        codes=plan.codes,
        borrowed=decisions.borrowed,
        caches=plan.caches,
        orders=OwnList(_orders(matches)),
    )
    record.replaced += map(_replacement, decisions.derived)
    record.filled += plan.filled
    migrations = list(decisions.migrations.values())
    for each in record.replaced:
        each.migrated = id(each.old) in decisions.migrations
    follow_instances(migrations, decisions.survivors)
    keep_left(record, migrations)
    add_record(record)
    return record


def _replacement(pair: Pair) -> Replacement:
    attributes = OwnDict(_attributes_of(pair.new))
    return Replacement(
        pair.path,
        pair.kind,
        pair.old,
        pair.new,
        pair.before.name,
        pair.module.name,
        attributes,
        pair.home,
    )


def _attributes_of(definition: Any) -> Mapping[str, Any]:
    """Return what can be changed on a class or function while the program runs."""
    if is_class(definition):
        return class_attributes(definition)
    return definition.__dict__ if type(definition) is FunctionType else {}


def _contents(module: Module, final: OwnDict[str, Any]) -> OwnDict[str, Any]:
    """Note what the containers hold that were made anew."""
    found: OwnDict[str, Any] = OwnDict()
    for name, value in final.items():
        if name in module.old and module.old[name] is not value:
            contents = contents_of(value)
            if contents is not None:
                found[name] = contents
    return found


def _orders(matches: Matches) -> Iterator[tuple[type, list[str]]]:
    """Yield the classes that lost attributes, with the order in which they had them."""
    for module in matches.modules:
        for cls, attributes in module.classes:
            present = class_attributes(cls)
            if any(name not in present for name in attributes):
                yield cls, list(attributes)


def _is_merger(matches: Matches, pair: Pair) -> bool:
    moved = pair.before is not pair.module
    return pair.foreign or (moved and matches.by_new[id(pair.new)] is not pair)


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
            report, watched = _run(record, started)
    except BaseException:
        run_inverses(inverses)
        raise
    if report.refusals:
        run_inverses(inverses)
        raise ReloadRefused(report.refusals)
    return verify(report, watched, Steps())


def _run(record: Record, started: float) -> tuple[Report, Watched]:
    migrates = any(each.migrated for each in record.replaced)
    with quiet_threads(MIGRATION_WINDOW if migrates else PLAN_WINDOW):
        plan = _plan_back(record)
        if plan.refusals:
            drop_copies(plan)
            return summarise(plan, started, dry_run=True), []
        for each in record.modules:
            for step in origin_steps(each.source.module, each.origin):
                plan.last.add(*step)
        try:
            apply(plan, "back")
        except BaseException:
            drop_copies(plan)
            raise
    for cls, names in record.orders:
        run_in_c(restored_order(cls, names))
    notice_lost(plan)
    drop_record(record)
    follow_instances(list(plan.decisions.migrations.values()), plan.decisions.survivors)
    report = summarise(plan, started, dry_run=False)
    watched = plan.losers_by_reference()
    release(plan)
    return report, watched


def _plan_back(record: Record) -> Plan:
    decisions = _decide_back(record)
    kept = _gathered(record)
    plan = Plan(decisions.matches, decisions)
    untouched = {id(part) for layer in record.layers for part in layer.parts}
    finish_plan(plan, _reconcile_back(record, decisions, kept), untouched)
    # Before any class borrows a base: only with its own does CPython let others derive from it.
    first = record.retired.inverse()
    first.extend(plan.steps)
    plan.steps = first
    plan.steps.extend(take_filled_back(record.filled, decisions.survivors))
    for described in record.modules:
        _plan_namespace(plan, described, kept)
    shared = [layer.path for layer in record.layers if layer.shared]
    for path in dict.fromkeys((*record.merged, *shared)):
        message = "who came to it and who held it before cannot be told apart"
        plan.notices.append(Notice("LP207", path, message))
    return plan


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
        if both and (each.migrated or not same_layout(pair.old, pair.new)):
            decisions.layout_changes.append((pair, "LP121"))
    start_migrations(decisions, "back", left_behind(record))
    for layer in record.layers:
        if layer.is_around:
            # Whoever holds the function has it by the name that leads to the wrapper again.
            decisions.add_loser(layer.function, layer.wrapper)
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
    result.codes += ((new, old) for old, new in record.codes)
    result.caches += record.caches
    result.changed |= {id(pair.new) for pair in decisions.matches.pairs}
    for layer in record.layers:
        layer.restore(result.steps)
        result.caches += ((layer.path, call) for call in layer.caches())
    return result


def _without_later_state(steps: Steps) -> Steps:
    """Leave out what was set to something else since: that is state, and stays."""
    found = Steps()
    for do, undo_call in zip(steps.do, steps.undo):
        if is_in_force(do):
            found.add(do, undo_call)
    return found


def _take_later_state(result: Reconciliation, each: Replacement) -> None:
    """Give the old definition what was set on the new one since the reload."""
    present = _attributes_of(each.new)
    for name in {**each.attributes, **present}:
        value = present.get(name, MISSING)
        if value is each.attributes.get(name, MISSING) or name in UNSETTABLE:
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
    return Module(
        record.source, record.part, record.outline, origin, live, OwnDict(live), record.before
    )


def _plan_namespace(plan: Plan, record: ModuleRecord, kept: Mapping[int, Any]) -> None:
    """Note the steps back to the old names, in the old order."""
    if record.part is Part.NEW:
        return
    live = namespace_of(record.source.module)
    final: OwnDict[str, Any] = OwnDict(live)
    for name in record.after:
        if name not in record.before:
            final.pop(name, None)
    for name, value in record.before.items():
        final[name] = kept.get(id(value), value)
    bring_names(plan.steps, live, final)
    plan.steps.reorder(live, final, list(record.before))


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
                and may_hold_state(present)
                and not name.startswith("__")
                and not _is_untouched(module, name, present)
            ):
                found[id(value)] = present
    for each in record.replaced:
        found.pop(id(each.old), None)
    return found


def _is_untouched(module: ModuleRecord, name: str, present: Any) -> bool:
    then, now = module.contents.get(name), contents_of(present)
    return then is not None and now is not None and list(map(id, then)) == list(map(id, now))
