"""One way for each kind, in a table, and the order in which they are gone."""

from __future__ import annotations

from collections.abc import Callable

from livepatch._decide.decisions import Decisions
from livepatch._match.decorated import plain_path
from livepatch._match.module import Followed
from livepatch._match.pairs import Pair
from livepatch._python.kinds import (
    CACHED_FUNCTION,
    CACHED_PROPERTY,
    CLASS,
    CLASS_METHOD,
    CONTEXT_VARIABLE,
    DISPATCH_METHOD,
    ENUM_MEMBER,
    FUNCTION,
    NEW_TYPE,
    OBJECT,
    PARTIAL,
    PARTIAL_METHOD,
    PROPERTY,
    SENTINEL,
    STATIC_METHOD,
    WRAPT,
    kind_of,
    mro_of,
)
from livepatch._python.own import Call, OwnList
from livepatch._reconcile.classes import reconcile_class, reconcile_foreign, reconcile_member
from livepatch._reconcile.functions import reconcile_function
from livepatch._reconcile.result import Reconciliation
from livepatch._reconcile.wrappers import (
    reconcile_attributes,
    reconcile_cached_function,
    reconcile_context_variable,
    reconcile_method_wrapper,
    reconcile_new_type,
    reconcile_object,
    reconcile_partial,
    reconcile_property,
    reconcile_sentinel,
    reconcile_wrapt,
)
from livepatch._steps.class_attributes import UNSETTABLE
from livepatch._steps.steps import Steps
from livepatch._values.values import Values

RECONCILE: dict[str, Callable[[Reconciliation, Pair], None]] = {
    FUNCTION.name: reconcile_function,
    CLASS.name: reconcile_class,
    ENUM_MEMBER.name: reconcile_member,
    PROPERTY.name: reconcile_property,
    STATIC_METHOD.name: reconcile_method_wrapper,
    CLASS_METHOD.name: reconcile_method_wrapper,
    PARTIAL.name: reconcile_partial,
    PARTIAL_METHOD.name: reconcile_attributes("func", "args", "keywords"),
    CACHED_PROPERTY.name: reconcile_attributes("func", "__doc__"),
    DISPATCH_METHOD.name: reconcile_attributes("func", "dispatcher"),
    CACHED_FUNCTION.name: reconcile_cached_function,
    WRAPT.name: reconcile_wrapt,
    OBJECT.name: reconcile_object,
    NEW_TYPE.name: reconcile_new_type,
    SENTINEL.name: reconcile_sentinel,
    CONTEXT_VARIABLE.name: reconcile_context_variable,
}


def reconcile(decisions: Decisions, values: Values) -> Reconciliation:
    """Note the steps for every pair: parts before wholes, so that a class comes last."""
    result = Reconciliation(decisions, values)
    for pair in reversed(decisions.matches.pairs):
        # A class that was there under its own name has an own state.
        stands_alone = pair.foreign or (pair.inside and bool(pair.previous))
        step = reconcile_foreign if stands_alone else RECONCILE.get(pair.kind.name)
        if step is not None:
            step(result, pair)
    result.let_live_values_stay()
    first = Steps()
    for cls, bases in sorted(result.bases, key=lambda item: len(mro_of(item[0]))):
        first.set_bases(cls, bases)
    first.extend(result.steps)
    result.steps = first
    _set_codes(result)
    _note_changes(result)
    return result


def _note_changes(result: Reconciliation) -> None:
    """Note also what changed around a function, and what holds a part that changed.

    Whichever object survives, a property whose getter changed has changed.
    """
    matches = result.decisions.matches
    pairs = matches.pairs
    for pair in pairs:
        if id(pair.new) in result.changed or pair.kind is CLASS:
            continue
        if _is_said_otherwise(pair):
            result.changed.add(id(pair.new))
    others = (pair for pair in pairs if not pair.is_plain)
    parts = [pair for pair in others if plain_path(pair.path) is not pair.path]
    wholes = {(id(pair.module), pair.path): pair for pair in pairs} if parts else {}
    for pair in (each for each in parts if id(each.new) in result.changed):
        whole = wholes.get((id(pair.module), plain_path(pair.path)))
        # A helper of a library is only told which of two objects survives.
        if whole is not None and matches.owner_of(pair.new):
            result.changed.add(id(whole.new))


def _is_said_otherwise(pair: Pair) -> bool:
    said = pair.module.outline.same_shell(pair.before.origin, plain_path(pair.path))
    return said is False or kind_of(pair.old) is not kind_of(pair.new)


def _set_codes(result: Reconciliation) -> None:
    """Note the step that gives the functions that survive their new code, after their defaults."""
    by_old = result.decisions.matches.by_old
    codes = OwnList(by_old[id(function)].new.__code__ for function in result.recoded)
    for module in result.decisions.matches.modules:
        result.recoded += module.followed.functions
        codes += module.followed.new_codes
        result.codes += module.followed.codes
        _follow(result, module.followed)
    if codes:
        result.steps.set_codes(result.recoded, codes)


def _follow(result: Reconciliation, followed: Followed) -> None:
    """Note what goes with new bodies of functions that are not made again."""
    steps = result.steps
    for target, new, old in followed.docstrings:
        steps.set_attribute(target, "__doc__", new, old)
    for cls, name, value in followed.class_lines:
        steps.set_on_class(cls, name, value)
    for each, cls, name, new, old in followed.properties:
        functions = (each.fget, each.fset, each.fdel)
        steps.add(
            Call(property.__init__, each, *functions, new),
            Call(property.__init__, each, *functions, old),
        )
        if name not in UNSETTABLE:
            # It stays stale where it is cached, until the class has it set again.
            steps.set_on_class(cls, name, each)
    result.caches += followed.caches
