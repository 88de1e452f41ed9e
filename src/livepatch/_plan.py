"""Stage 5: what to do, as steps. Collects every refusal, and changes nothing.

The order of the steps is that in which the interpreter allows them: bases before instances'
classes, definitions before those who hold them, the module's namespace last.
"""

from __future__ import annotations

import types
import weakref
from collections import Counter
from collections.abc import Callable, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any

from livepatch._borrow import bases_to_give_back, with_borrowed_bases
from livepatch._complete import complete
from livepatch._constants import may_hold_state
from livepatch._decide import Decisions, decide
from livepatch._explain import explained_by
from livepatch._heap import unexplained_counts
from livepatch._holders import Repointing, Table, is_rebuilt
from livepatch._kinds import (
    CACHE_TYPE,
    class_attributes,
    is_class,
    is_enum,
    qualified_name,
    subclasses_of,
)
from livepatch._layers import decorated_function
from livepatch._linearise import classes_without_order
from livepatch._match import Matches
from livepatch._migrate import start_migrations
from livepatch._migration import Migration
from livepatch._module import Module, Part
from livepatch._own import Call, OwnDict, OwnList
from livepatch._reconcile import Reconciliation, reconcile
from livepatch._record import Filled
from livepatch._report import Notice, StaleFrame
from livepatch._search import search
from livepatch._steps import MISSING, Steps
from livepatch._unwrapped import Layer
from livepatch._values import Values


@dataclass(slots=True, eq=False)
class Plan:
    """What applying would do.

    Attributes:
        decisions: who survives.
        steps: what to do, in order.
        caches: what to empty when all has gone well, with the path of its definition.
        refusals: why it cannot be done; then nothing will be.
        notices: what will be left behind or is worth knowing.
        references: how many references are repointed, by kind of holder.
        instances: how many instances get another class, by that class's path.
        changed: ids of the new definitions that say something else than the old.
        carried: namespaces in which imported names get a new value.
        layers: wrappers whose decorator goes.
        last: steps that come after all others.
        committed: empty until the change has been made, whole.
        finals: the namespaces when all is done, by module.
        definition_steps: those of the steps that concern the definitions themselves.
        tables: what has keys whose hash may change.
        codes: old and new code of each function whose code changed.
        frames: calls that will go on in old code.
        filled: what instances are given that were made before their ``__init__`` assigned it.
    """

    matches: Matches
    decisions: Decisions
    steps: Steps = field(default_factory=Steps)
    caches: OwnList[tuple[str, Call]] = field(default_factory=OwnList)
    refusals: list[Notice] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    references: Counter[str] = field(default_factory=Counter)
    instances: Counter[str] = field(default_factory=Counter)
    changed: set[int] = field(default_factory=set)
    frames: tuple[StaleFrame, ...] = ()
    carried: OwnList[Any] = field(default_factory=OwnList)
    layers: OwnList[Layer] = field(default_factory=OwnList)
    last: Steps = field(default_factory=Steps)
    committed: list[int] = field(default_factory=list)
    finals: OwnDict[str, OwnDict[str, Any]] = field(default_factory=OwnDict)
    definition_steps: Steps = field(default_factory=Steps)
    tables: OwnList[Table] = field(default_factory=OwnList)
    codes: OwnList[tuple[types.CodeType, types.CodeType]] = field(default_factory=OwnList)
    filled: OwnList[Filled] = field(default_factory=OwnList)

    def losers_by_reference(self) -> list[tuple[weakref.ref[Any], str, Callable[[], Any]]]:
        """Return weak references to the losers: what should be gone afterwards."""
        watched: Watched = []
        survivors = self.decisions.survivors
        for pair in (*self.matches.pairs, *self.decisions.derived):
            survivor = survivors.get(id(pair.new), pair.new)
            loser = pair.new if survivor is pair.old else pair.old
            if type(loser) in _WATCHED or is_class(loser):
                watched.append((weakref.ref(loser), pair.text, _reference_to(survivor)))
        return watched


_WATCHED = (types.FunctionType, CACHE_TYPE)
Watched = list[tuple["weakref.ref[Any]", str, Callable[[], Any]]]
"""Losers by weak reference, the path of each, and a reference to its survivor."""


def _reference_to(survivor: Any) -> Callable[[], Any]:
    try:
        return weakref.ref(survivor)
    except TypeError:
        return lambda: (
            None
        )  # its survivor is no class or function; nothing can be an instance of it


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
        )
        for alias in matches.aliases
        if not alias.foreign and alias.before is alias.module
    )
    _note_shared(plan)
    values = Values(decisions)
    kept = _keep_globals(plan, keep)
    result = reconcile(decisions, values)
    plan.notices += values.notices
    finish_plan(plan, result)
    for module in matches.modules:
        _plan_namespace(plan, module, kept)
    return plan


def _note_shared(plan: Plan) -> None:
    """Note which wrappers that go cannot be told from what they wrap once all hold the same."""
    if not plan.layers:
        return
    explainers = explained_by(plan.matches, plan.decisions)
    for layer in plan.layers:
        explainers += layer.references()
    targets: OwnList[Any] = OwnList(
        layer.wrapped if layer.is_around else layer.wrapper for layer in plan.layers
    )
    for layer, count in zip(plan.layers, unexplained_counts(targets, explainers)):
        layer.shared = count > 0


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
    plan.definition_steps.extend(result.steps)
    plan.codes = result.codes
    repointing, plan.frames = search(result, untouched)
    _refuse_without_order(plan, repointing)
    plan.references = repointing.references
    plan.notices += repointing.unmoved
    plan.tables = repointing.tables
    for table in plan.tables:
        table.holder = plan.decisions.settle(table.holder)  # a frozenset may have been built anew
    plan.steps.extend(repointing.first)
    _plan_instances(plan, repointing)
    borrowed = bases_to_give_back(
        plan.decisions.borrowed, repointing.fresh_bases, plan.decisions.settle
    )
    with_bases = with_borrowed_bases(plan.steps, borrowed)
    plan.steps = Steps()
    plan.steps.extend(repointing.fresh_bases)
    plan.steps.extend(with_bases)
    plan.steps.extend(repointing.steps)
    plan.definition_steps.extend(repointing.forwards)
    plan.steps.extend(repointing.forwards)
    plan.last = repointing.last
    started = OwnList(each for each in plan.decisions.migrations.values() if each.instances)
    if started:
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


def _keep_globals(plan: Plan, keep: frozenset[str]) -> set[str]:
    """Let what the new code took from a kept global's new value refer to the live one.

    Returns:
        The dotted names of the globals that are kept.
    """
    kept: set[str] = set()
    for name in sorted(keep):
        homes = [(module, key) for module in plan.matches.modules for key in _kept_in(module, name)]
        if not homes:
            places = ", ".join(module.name for module in plan.matches.modules)
            plan.notices.append(Notice("LP308", f"{places}.{name}", "is not a global"))
        for module, key in homes:
            kept.add(f"{module.name}.{key}")
            _keep_global(plan, module, key)
    return kept


def _kept_in(module: Module, name: str) -> Iterator[str]:
    """Yield the global that a name means in a module: the bare name or the dotted one."""
    key = name.removeprefix(f"{module.name}.")
    if key in module.old or key in module.new:
        yield key


def _keep_global(plan: Plan, module: Module, name: str) -> None:
    if name not in module.old:
        return
    old = module.old[name]
    new = module.new.get(name, old)
    if old is not new and may_hold_state(new) and id(new) not in plan.matches.by_new:
        plan.decisions.add_loser(new, old)


def explainers_of(plan: Plan) -> OwnList[Any]:
    """List whatever holds definitions and is accounted for, the plan's own steps included."""
    found = explained_by(plan.matches, plan.decisions)
    found += plan.steps.arguments()
    found += plan.last.arguments()
    found += plan.finals.values()
    found += plan.carried
    return found


def _plan_instances(plan: Plan, repointing: Repointing) -> None:
    layouts = {id(pair.old): (pair, code) for pair, code in plan.decisions.layout_changes}
    for key, found in repointing.instances.items():
        # An enum's members are definitions: where they are losers, they go.
        old = type(found[0])
        instances = found
        if is_enum(old):
            by_old = plan.matches.by_old
            instances = OwnList(each for each in found if id(each) not in by_old)
        if not instances:
            continue
        new = repointing.survivors[key]
        path = plan.matches.path_of(old)
        if key in plan.decisions.migrations:
            plan.instances[path] += len(instances)
            _refuse_without_values(plan, plan.decisions.migrations[key])
            continue
        if not is_class(new):
            message = f"is no class any more, and has {len(instances)} live instances"
            plan.notices.append(Notice("LP306", path, message))
            continue
        if key in layouts:
            _, code = layouts[key]
            message = f"{len(instances)} live instances cannot take its new layout"
            plan.refusals.append(Notice(code, path, message))
        elif key in plan.matches.by_old:
            plan.instances[path] += len(instances)
        # A tuple of its own class may have been rebuilt, because of what it contains.
        if is_rebuilt(repointing, instances[0]):
            instances = OwnList(each for each in instances if not repointing.is_loser(each))
        plan.steps.set_class(instances, new, old)
    _refuse_subclasses(plan)


def _refuse_without_values(plan: Plan, migration: Migration) -> None:
    count = migration.losing_contents()
    if count:
        message = f"what {count} live instances contain has no place in its new built-in base"
        plan.refusals.append(Notice("LP122", migration.path, message))
    for name, count in migration.lacking():
        message = f"{count} live instances have no value for its new field {name!r}"
        plan.refusals.append(Notice("LP126", migration.path, message))


def _refuse_without_order(plan: Plan, repointing: Repointing) -> None:
    rows = (plan.steps, repointing.first, repointing.fresh_bases)
    for cls in classes_without_order(*rows):
        home = class_attributes(cls).get("__module__")
        path = f"{home}.{qualified_name(cls)}"
        message = "its bases would have no consistent order (MRO)"
        plan.refusals.append(Notice("LP124", path, message))


def _refuse_subclasses(plan: Plan) -> None:
    losers = {id(loser) for loser in plan.decisions.losers}
    for pair, _ in plan.decisions.layout_changes:
        for subclass in subclasses_of(pair.old):
            if id(subclass) not in losers:
                name = type.__dict__["__qualname__"].__get__(subclass)
                home = class_attributes(subclass).get("__module__")
                message = f"{home}.{name} derives from it and cannot take its new layout"
                plan.refusals.append(Notice("LP124", pair.text, message))


def _plan_namespace(plan: Plan, module: Module, kept: set[str]) -> None:
    """Note the steps that make a module's new namespace current."""
    final = plan.finals[module.name] = _final_namespace(plan, module, kept)
    if module.part is Part.RELOADED and module.origin is None:
        _notice_unknown_names(plan, module)
    for name in list(module.live):
        if name not in final:
            plan.steps.set_item(module.live, name, MISSING)
    for name, value in final.items():
        if module.live.get(name, MISSING) is not value:
            plan.steps.set_item(module.live, name, value)


def _final_namespace(plan: Plan, module: Module, kept: set[str]) -> OwnDict[str, Any]:
    """Put together what a module's namespace is to hold, in the order of its new source."""
    final: OwnDict[str, Any] = OwnDict()
    if not (kept or module.unbound or plan.decisions.survivors):
        final.update(module.new)
        return _with_docstring(final, module)
    for name, value in module.new.items():
        if module.part is Part.GONE:
            final[name] = plan.decisions.settle(value)
        elif f"{module.name}.{name}" in kept:
            final[name] = module.old.get(name, value)
        elif name not in module.unbound:
            final[name] = plan.decisions.settle(value)
    for name, value in module.old.items():
        if f"{module.name}.{name}" in kept:
            final[name] = value
    return _with_docstring(final, module)


def _with_docstring(final: OwnDict[str, Any], module: Module) -> OwnDict[str, Any]:
    """Say that a module has no docstring, if its source has none."""
    if module.part is Part.RELOADED and "__doc__" not in module.outline.scopes[()].shells:
        final["__doc__"] = None
    return final


def _notice_unknown_names(plan: Plan, module: Module) -> None:
    """Name what stays only because nobody knows whether the old source bound it."""
    final = plan.finals[module.name]
    doubtful = [name for name in final if name in module.old and name not in module.bound]
    if doubtful:
        message = f"its earlier source is not known; kept what may be stale: {', '.join(doubtful)}"
        plan.notices.append(Notice("LP305", module.name, message))
