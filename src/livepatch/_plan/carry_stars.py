"""Stage 5: what modules have by ``from module import *``, where that binds other names now."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from livepatch._match.module import Module, names_of_others
from livepatch._plan.importer import Importer
from livepatch._plan.plan import Plan
from livepatch._python.own import MISSING, OwnDict, OwnList
from livepatch._python.star_names import binds_other_stars, star_names
from livepatch._steps.steps import Steps


def carry_stars(plan: Plan, outside: list[Importer], reloaded: list[Module]) -> None:
    """Give who has ``from module import *`` the names that came, and take those that have gone."""
    waiting: list[tuple[str, Mapping[str, Any], Mapping[str, Any]]] = OwnList(
        (each.name, each.old, plan.finals[each.name]) for each in reloaded
    )
    inside = [Importer(each.name, plan.finals[each.name], each.outline) for each in reloaded]
    while waiting:
        home, old, new = waiting.pop()
        if not binds_other_stars(old, new):
            continue
        before, after = set(star_names(old)), set(star_names(new))
        came = [name for name in new if name in after and name not in before]
        # One that is reloaded has imported all of another one that is, but not by way of others.
        importers = outside if home in plan.finals else [*outside, *inside]
        for importer in (each for each in importers if home in each.starred):
            present = importer.namespace
            if before and before.isdisjoint(present):
                continue  # the statement did not run: it is for type checkers, say
            final: OwnDict[str, Any] = OwnDict(present)
            final.update((name, new[name]) for name in came if name not in present)
            gone = {name for name in before - after if name in old}
            _let_go(plan, importer, final, {name: old[name] for name in gone}, home)
            lost = [name for name in present if name not in final]
            for name in (*names_of_others(final, present), *lost):
                set_name(plan, importer, name, final.get(name, MISSING))
            waiting.append((importer.name, OwnDict(present), final))


def _let_go(
    plan: Plan, importer: Importer, final: dict[str, Any], gone: Mapping[str, Any], home: str
) -> None:
    """Take names from a module that it has by ``import *`` from one that has them no longer.

    Args:
        plan: with the namespaces as they will be.
        importer: the module.
        final: what it is to have; the names are taken from this.
        gone: the names, with what they were.
        home: the module that has them no longer.
    """
    bound = importer.outline.scopes[()].shells
    others = _other_stars(plan, importer, home) if gone else {}
    for name, value in gone.items():
        if name not in bound and final.get(name, MISSING) is value:
            if name in others:
                final[name] = others[name]
            else:
                del final[name]


def _other_stars(plan: Plan, importer: Importer, home: str) -> OwnDict[str, Any]:
    """Return what a module has by ``import *`` from others than one."""
    found: OwnDict[str, Any] = OwnDict()
    for module in importer.starred - {home}:
        there = plan.finals.get(module) or getattr(sys.modules.get(module), "__dict__", {})
        found.update((name, there[name]) for name in star_names(there) if name in there)
    return found


def set_name(plan: Plan, importer: Importer, bound: str, value: Any) -> None:
    """Note that a name of a module which imported it gets another value, or goes (MISSING)."""
    live = importer.namespace
    for module in plan.matches.modules:
        if module.name == importer.name:
            live = module.live
            if value is MISSING:
                plan.finals[module.name].pop(bound, None)
            else:
                plan.finals[module.name][bound] = value
    steps = Steps()
    steps.set_item(live, bound, value)
    plan.steps.extend(steps)
    plan.definition_steps.extend(steps)
    plan.references["imported name"] += 1
    plan.carried.append(OwnList((live, bound)))
