"""Stage 5: draft the plan. Collects every refusal, and changes nothing.

The order of the steps is that in which the interpreter allows them: bases before instances'
classes, definitions before those who hold them, the module's namespace last.
"""

from __future__ import annotations

import functools
from collections.abc import Set as AbstractSet
from types import CellType
from typing import Any

from livepatch._decide.base_order import order_bases
from livepatch._decide.decide import decide
from livepatch._decide.destructors import leave_to_successors
from livepatch._decide.migrate import start_migrations
from livepatch._heap.explain import explained_by
from livepatch._heap.heap import unexplained_counts
from livepatch._heap.retained import insides_of_replaced
from livepatch._holders import Repointing, Table
from livepatch._load.struck_off import contents_without, forget_moved, steps_for_replaced
from livepatch._match.decorated import decorated_function
from livepatch._match.pairs import Matches
from livepatch._match.unwrapped import Layer
from livepatch._plan.instances import plan_instances, refuse_bases
from livepatch._plan.moved_data import keep_moved_data
from livepatch._plan.namespaces import keep_globals, plan_namespace
from livepatch._plan.plan import Plan, parts_of_earlier
from livepatch._python.layout import sizes_of
from livepatch._python.own import Call, OwnList
from livepatch._reconcile import Reconciliation, has_definition, reconcile
from livepatch._search.complete import complete
from livepatch._search.search import search
from livepatch._snapshot.borrow import bases_to_give_back, with_borrowed_bases
from livepatch._steps.steps import Steps
from livepatch._values.in_place import entered_in_place
from livepatch._values.registries import enter, strike
from livepatch._values.values import Values


def make_plan(matches: Matches, strategy: str, keep: frozenset[str]) -> Plan:
    """Plan the reload of the modules.

    Args:
        matches: the pairs of definitions.
        strategy: ``"auto"`` or ``"repoint"``.
        keep: names of globals whose live value stays: bare for any module, dotted for one.
    """
    decisions = decide(matches, strategy)
    start_migrations(decisions)
    plan = Plan(matches, decisions)
    plan.layers += (
        Layer(
            alias.text,
            alias.old,
            decorated_function(alias.before, alias.path, alias.old),
            decisions.settle(alias.new),
            alias.path in alias.module.patched,
        )
        for alias in matches.aliases
        if not alias.foreign and alias.before is alias.module
    )
    _note_shared(plan)
    values = Values(decisions)
    kept = keep_globals(plan, keep)
    keep_moved_data(plan)
    result = reconcile(decisions, values)
    plan.notices += values.notices
    finish_plan(plan, result)
    for module in matches.modules:
        plan_namespace(plan, module, kept)
    return plan


def _note_shared(plan: Plan) -> None:
    """Note which wrappers that go cannot be told from what they wrap once all hold the same."""
    if not plan.layers:
        return
    explainers = explained_by(plan.matches, plan.decisions)
    explainers += parts_of_earlier()
    kept = OwnList(insides_of_replaced())
    for layer in plan.layers:
        layer.keep(kept)
        explainers += layer.references()
    targets: OwnList[Any] = OwnList(
        layer.wrapped if layer.is_around else layer.wrapper for layer in plan.layers
    )
    for layer, count in zip(plan.layers, unexplained_counts(targets, explainers)):
        cells = OwnList(part for part in layer.parts if type(part) is CellType)
        # Who has put it there may have the variable in which it finds what it wraps.
        in_use = layer.put_there and any(each > 0 for each in unexplained_counts(cells, explainers))
        layer.shared = count > 0 or in_use


def finish_plan(
    plan: Plan, result: Reconciliation, untouched: AbstractSet[int] = frozenset()
) -> None:
    """Add to a plan the steps for the definitions, and for all who hold a loser.

    Args:
        plan: the plan.
        result: the steps for the definitions.
        untouched: ids of holders that are to keep their losers.
    """
    plan.steps, plan.caches, plan.changed = result.steps, result.caches, result.changed
    plan.codes = result.codes
    repointing, plan.frames = search(result, untouched)
    plan.searched = bool(plan.decisions.losers) or repointing.seeks_code
    plan.definition_steps.extend(result.steps)
    refuse_bases(plan, repointing)
    order_bases(repointing.fresh_bases, plan.steps, repointing.first)
    plan.references = repointing.references
    plan.notices += repointing.unmoved
    plan.lagging = repointing.lagging
    # One that the load made goes, where the live one stays; a frozenset may have been built anew.
    kept = (each for each in repointing.tables if each.kind is frozenset or not _goes(plan, each))
    plan.tables = OwnList(kept)
    for table in plan.tables:
        table.holder = plan.decisions.settle(table.holder)
    plan.steps.extend(repointing.first)
    plan_instances(plan, repointing)
    _add_holders(plan, repointing)
    for live, left in result.left:
        plan.entered.extend(strike(repointing.settle, live, left))
        plan.struck.append((live, left))
    gone = {id(live): left for live, left in result.left if type(live) is list}
    for live, made in result.fillings:
        struck = gone.get(id(live), OwnList())
        plan.entered.extend(enter(repointing.settle, live, made, left=struck))
    for live, made in result.registered:
        takes = functools.partial(has_definition, plan.matches)
        plan.entered.extend(enter(repointing.settle, live, made, takes))
    for live, order in result.orders:
        plan.entered.reorder_items(live, order)
    _note_entered(plan, repointing)
    plan.hashes_last = repointing.hashes_last
    plan.entering.extend(plan.entered)
    _add_completion(plan)


def _goes(plan: Plan, table: Table) -> bool:
    return plan.decisions.settle(table.holder) is not table.holder


def _note_entered(plan: Plan, repointing: Repointing) -> None:
    """Note what statements entered into containers that were there, where only some ran."""
    for module in plan.matches.modules:
        for enrolled in module.enrolled:
            forget_moved(enrolled, repointing.settle)
        for container, before in module.contents if module.bodies is not None else ():
            there = contents_without(module.enrolled, container, before)
            entered, given_back = entered_in_place(repointing.settle, container, there, before)
            plan.entered.extend(entered)
            plan.steps.extend(given_back)
        for enrolled in module.enrolled:
            # Taken back first: the order is that of what was there.
            plan.entered.extend(steps_for_replaced(enrolled, repointing.settle))


def _with_lent_bases(fresh: Steps, borrowed: list[tuple[type, type, type]]) -> Steps:
    """Let what came derive from the survivors while those that go are taken for the same."""
    given = {id(cls) for cls, _ in fresh.new_bases()}
    whole = [each for each in borrowed if sizes_of(each[0]) == sizes_of(each[1])] if given else []
    return with_borrowed_bases(fresh, [each for each in whole if id(each[0]) not in given])


def _add_holders(plan: Plan, repointing: Repointing) -> None:
    """Put the steps for those who hold losers before and behind those for the definitions."""
    borrowed = bases_to_give_back(
        plan.decisions.borrowed, repointing.fresh_bases, plan.decisions.settle
    )
    with_bases = with_borrowed_bases(plan.steps, borrowed)
    plan.steps = Steps()
    plan.steps.extend(_with_lent_bases(repointing.fresh_bases, borrowed))
    plan.steps.extend(with_bases)
    plan.steps.extend(repointing.steps)
    plan.definition_steps.extend(repointing.forwards)
    plan.steps.extend(repointing.forwards)
    plan.last = repointing.last
    destructors = Steps()
    for migration in plan.decisions.migrations.values():
        leave_to_successors(migration, destructors)
    plan.definition_steps.extend(destructors)
    plan.steps.extend(destructors)


def _add_completion(plan: Plan) -> None:
    """Add the step that completes the instances made anew, where all they need is in its place."""
    started = OwnList(each for each in plan.decisions.migrations.values() if each.instances)
    if not started:
        return
    completion = Steps()
    # What it does, it does to successors, and they go if this is taken back.
    completion.add(Call(complete, started, plan.decisions.survivors), Call(bool))
    if started[0].direction == "back":
        # The later code's hooks see the names of the later code.
        completion.extend(plan.steps)
        plan.steps = completion
    else:
        completion.extend(plan.last)
        plan.last = completion
