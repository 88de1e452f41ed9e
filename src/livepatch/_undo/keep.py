"""Keep what is needed to take a reload back: the definitions there were, the steps, the state."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from operator import itemgetter
from types import FunctionType
from typing import Any

from livepatch._heap.record import (
    ModuleRecord,
    Record,
    Replacement,
    add_record,
    follow_instances,
    follow_state,
    keep_left,
)
from livepatch._match.module import Module, Path, names_of_others
from livepatch._match.pairs import Matches, Pair
from livepatch._plan.namespaces import namespace_before
from livepatch._plan.plan import Plan
from livepatch._python.kinds import CLASS, class_attributes, is_class
from livepatch._python.own import OwnDict, OwnList
from livepatch._steps.contents import contents_of
from livepatch._steps.dicts import restored_order, run_in_c


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
                module.at or module.origin,
                module.outline,
                namespace_before(module, decisions),
                plan.finals[module.name],
                _contents(module, plan.finals[module.name]),
                list(_came_to_classes(module, matches)),
            )
            for module in matches.modules
        ],
        replaced=OwnList(_replacement(pair) for pair in gone_over if not pair.foreign),
        layers=plan.layers,
        merged=[pair.text for pair in (*gone_over, *matches.aliases) if matches.is_merger(pair)],
        steps=plan.definition_steps,
        old_codes=OwnList(map(itemgetter(0), plan.codes)),
        new_codes=OwnList(map(itemgetter(1), plan.codes)),
        # No instance is of a loser that the load made, which would only be kept alive.
        borrowed=OwnList(
            each
            for each in decisions.borrowed
            if successors(id(each[0])) is None or id(each[0]) in matches.by_old
        ),
        caches=plan.caches,
        orders=OwnList(_orders(matches)),
    )
    record.replaced += map(_replacement, (*decisions.derived, *decisions.rebuilt))
    record.filled += plan.filled
    record.listed.update(plan.listed)
    record.entered.extend(plan.entered)
    record.registered.extend(plan.registered)
    migrations = list(decisions.migrations.values())
    for each in record.replaced:
        each.migrated = id(each.old) in decisions.migrations
    follow_instances(migrations, decisions.survivors)
    follow_state(record, migrations, decisions.survivors)
    keep_left(record, migrations)
    add_record(record)
    return record


def _came_to_classes(module: Module, matches: Matches) -> Iterator[Path]:
    """Yield the paths of what has come to classes that had been there, and of what is back."""
    for path in module.added:
        if path[:-1] and path[:-1] not in module.added:
            yield path
    for pair in matches.pairs if matches.returned else ():
        if pair.path[:-1] and pair.module is module and id(pair.new) in matches.returned:
            yield pair.path


def _replacement(pair: Pair) -> Replacement:
    attributes = OwnDict(attributes_of(pair.new))
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


def attributes_of(definition: Any) -> Mapping[str, Any]:
    """Return what can be changed on a class or function while the program runs."""
    if is_class(definition):
        return class_attributes(definition)
    return definition.__dict__ if type(definition) is FunctionType else {}


def _contents(module: Module, final: OwnDict[str, Any]) -> OwnDict[str, Any]:
    """Note what the containers hold that were made anew."""
    found: OwnDict[str, Any] = OwnDict()
    for name in names_of_others(final, module.old):
        if name not in module.old or name in _OF_THE_IMPORT:
            continue
        contents = contents_of(final[name])
        if contents is not None:
            found[name] = contents
    return found


# What the import system has put there is nobody's state, and it holds much.
_OF_THE_IMPORT = frozenset(("__spec__", "__loader__"))


def _orders(matches: Matches) -> Iterator[tuple[type, list[str]]]:
    """Yield the classes that lost attributes, with the order in which they had them."""
    for module in matches.modules:
        for cls, attributes in module.classes:
            if not attributes.keys() <= class_attributes(cls).keys():
                yield cls, list(attributes)


def follow_order(plan: Plan) -> OwnList[tuple[type, list[str]]]:
    """Bring the attributes of classes that stay into the order of their new source.

    Whoever asks a class for them (``vars(cls)``: the columns of a table, the steps of a test) gets
    them in this order. What is not in the source comes last.

    Args:
        plan: has been applied.

    Returns:
        These classes, each with the order before.
    """
    found: OwnList[tuple[type, list[str]]] = OwnList()
    survivor = plan.decisions.survivors.get
    for pair in plan.matches.beyond_functions():
        if pair.kind is not CLASS or pair.foreign or survivor(id(pair.new)) is not pair.old:
            continue
        if is_class(pair.old) and is_class(pair.new):
            present, made = class_attributes(pair.old), class_attributes(pair.new)
            wanted = [name for name in made if name in present]
            if list(present)[: len(wanted)] != wanted:
                found.append((pair.old, list(present)))
                run_in_c(restored_order(pair.old, wanted))
    return found
