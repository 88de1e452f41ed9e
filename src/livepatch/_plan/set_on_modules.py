"""Stage 5: what the statements of one module set on another: ``shop.config.hook = log``.

A fresh import of the new sources has it where a statement says so, and nowhere else.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any

from livepatch._match.module import Module, Part
from livepatch._plan.plan import Plan
from livepatch._python.kinds import is_module
from livepatch._python.opcodes import OP
from livepatch._python.own import MISSING, OwnDict
from livepatch._report.report import Notice
from livepatch._select.selection import Selection
from livepatch._source.by_text import statements_in
from livepatch._source.outline import Outline
from livepatch._source.source import namespace_of

_STORE_ATTRIBUTE = OP["STORE_ATTR"]
_READS = (OP["LOAD_NAME"], OP["LOAD_ATTR"])
_Path = tuple[str, ...]


def plan_set_on_modules(plan: Plan, selections: Mapping[str, Selection]) -> None:
    """Take what such statements set that have gone; keep what those set that have not run again.

    On a module that is not reloaded it stays, and is named.

    Args:
        plan: with the namespaces as they will be.
        selections: what runs of the modules, where not everything does.
    """
    modules: OwnDict[int, Module] = OwnDict()
    modules.update((id(each.live), each) for each in plan.matches.modules)
    for module in plan.matches.modules:
        if module.part is not Part.RELOADED or module.origin is None:
            continue
        before = dict(_set_by(module.origin, module.old))
        if not before:
            continue  # nearly every module
        now = dict(_set_by(module.outline, module.new))
        selection = selections.get(module.name)
        for path, target in before.items():
            home, name = modules.get(id(target)), path[-1]
            if home is None and path not in now and name in target:
                # Who else may have set it there nobody knows.
                place = f"{target.get('__name__')}.{name}"
                message = f"was set by a statement of {module.name} that has gone"
                plan.notices.append(Notice("LP314", place, message))
            if home is None or home is module or name not in home.old or name not in home.new:
                continue
            if path in now:
                if _stays(selection, name):
                    _set(plan, home, name, home.old[name])
            elif name not in home.outline.scopes[()].shells:
                _set(plan, home, name, MISSING)


def _set(plan: Plan, home: Module, name: str, value: Any) -> None:
    final = plan.finals[home.name]
    settled = plan.decisions.settle(value)
    if final.get(name, MISSING) is settled:
        return
    if settled is MISSING:
        del final[name]
    else:
        final[name] = settled
    # Over the step that gives it what the module itself says.
    plan.steps.set_item(home.live, name, settled)


def _stays(selection: Selection | None, name: str) -> bool:
    """Whether a statement that sets an attribute of a name has not run again."""
    if selection is None or selection.bodies is None:
        return False
    return selection.code is None or name not in selection.code.co_names


def _set_by(outline: Outline, namespace: Mapping[str, Any]) -> Iterator[tuple[_Path, Any]]:
    """Yield the paths that statements of a module set on others, and the namespaces of these."""
    scope = outline.scopes[()]
    if _STORE_ATTRIBUTE not in scope.code.co_code[::2]:
        return  # nearly every module
    for shell in chain.from_iterable(scope.shells.values()):
        for statement in statements_in(shell.fingerprint):
            path = _target_of(statement)
            target: Any = namespace.get(path[0]) if path else None
            for step in path[1:-1]:
                target = namespace_of(target).get(step) if is_module(target) else None
            if is_module(target):
                yield path, namespace_of(target)


def _target_of(statement: tuple[Any, ...]) -> _Path:
    """Return the path that a statement sets, if it sets an attribute of something by its name."""
    if not statement or not isinstance(statement[-1], tuple):
        return ()
    if statement[-1][0] != _STORE_ATTRIBUTE:
        return ()
    path = [statement[-1][1]]
    for part in reversed(statement[:-1]):
        if not isinstance(part, tuple) or part[0] not in _READS:
            return ()
        path.append(part[1])
        if part[0] == _READS[0]:
            break
    return tuple(path[::-1])
