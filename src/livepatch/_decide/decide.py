"""Stage 5: which of the two objects of a pair survives. Nothing is changed.

The old object survives wherever it can take what the new one has: then nothing that refers to it
need be found. Where it cannot (another layout, other bases, other free variables), or where the
strategy says so, the new one does.
"""

from __future__ import annotations

import abc
import dataclasses
import enum
import functools
import gc
import types
import typing
from collections.abc import Callable
from typing import Any

from livepatch._decide.class_source import class_source_is_same, is_made_from_changed
from livepatch._decide.decisions import Decisions
from livepatch._decide.function_caches import is_cache_to_keep, is_in_another_cache, same_parameters
from livepatch._decide.go_over import can_go_over, note_layout
from livepatch._decide.reshaped import asks_for_migration
from livepatch._hotswap import HotswapFunction
from livepatch._match.decorated import plain_path
from livepatch._match.pairs import Matches, Pair
from livepatch._python.c_memory import keeps_c_memory
from livepatch._python.code import same_kind
from livepatch._python.constants import same_value
from livepatch._python.context_variables import can_stay
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
    TYPE_ALIAS,
    TYPE_PARAMETER,
    VALUE_OF_ALIAS,
    WRAPT,
    base_of,
    cached_by,
    class_attributes,
    is_class,
    is_enum,
)
from livepatch._python.layout import has_dict, is_below_plain, same_layout

# Metaclasses whose whole effect is in the class's namespace, so that an old class can take it over.
_TRANSPARENT_METACLASSES = (type, abc.ABCMeta, enum.EnumMeta, type(typing.Protocol))
# Kinds whose members are of as many types as there are.
_OF_ANY_TYPE = (CLASS, ENUM_MEMBER, OBJECT, SENTINEL)
# Where a kind's identity is the very thing that counts, the old object survives both strategies.
_ALWAYS_KEPT = frozenset({SENTINEL.name, CONTEXT_VARIABLE.name, ENUM_MEMBER.name})


def decide(matches: Matches, strategy: str) -> Decisions:
    """Choose the survivor of every pair.

    Args:
        matches: the pairs of a module.
        strategy: ``"auto"`` keeps old objects where it is sound; ``"repoint"`` keeps the new.
    """
    decisions = Decisions(matches, strategy)
    _leave_what_cannot_become_an_import(decisions)
    for pair in matches.pairs:
        old, new = pair.old, pair.new
        kept = _keeps(decisions, pair)
        if pair.inside:
            decisions.heirs[id(old)] = new
        elif kept:
            decisions.add_loser(new, old)
        else:
            decisions.add_loser(old, new)
    decisions.caches = None  # nothing of livepatch's is to hold them
    for stand_in, original in matches.stand_ins:
        if id(stand_in) not in matches.by_new:  # else it has come to stay
            decisions.add_loser(stand_in, decisions.settle(original))
    for old, new in matches.finders:
        decisions.add_loser(old, new)
    for alias in matches.aliases:
        survivor = decisions.settle(alias.new)
        decisions.add_loser(alias.old, survivor)
        if is_class(alias.old) and is_class(survivor):
            note_layout(decisions, dataclasses.replace(alias, new=survivor), _final)
    return decisions


def _leave_what_cannot_become_an_import(decisions: Decisions) -> None:
    """Let a class go whose place an imported one of another layout takes: it has no successor."""
    matches = decisions.matches
    for pair in [pair for pair in matches.pairs if pair.foreign]:
        if not (is_class(pair.old) and is_class(pair.new)):
            continue
        if not can_go_over(decisions, pair.old, pair.new, _final):
            matches.leave(pair)
            pair.before.removed[pair.path] = pair.old


def _keeps(decisions: Decisions, pair: Pair) -> bool:
    key, answers = id(pair.new), decisions.kept
    known = answers.get(key)
    if known is not None:
        return known
    if pair.is_plain and decisions.strategy == "auto":
        # Nearly every one: what all the other questions come to.
        kept = answers[key] = same_kind(pair.old.__code__, pair.new.__code__)
        return kept
    # Against cycles (a class that is an argument of its own base); the answer follows.
    answers[key] = False
    kind = pair.kind
    # A function that has moved sees the globals of the module it was made in, for ever.
    kept = not (pair.foreign or pair.inside) and pair.before is pair.module
    kept = kept and (type(pair.old) is type(pair.new) or kind in _OF_ANY_TYPE)
    if decisions.strategy == "repoint" and not _is_always_kept(pair):
        irreplaceable = _IRREPLACEABLE.get(kind.name)
        kept = kept and irreplaceable is not None and irreplaceable(decisions, pair)
    kept = kept and KEEPS[kind.name](decisions, pair)
    answers[key] = kept
    if kind is CLASS and not kept and is_class(pair.old):
        note_layout(decisions, pair, _final)
    return kept


def _is_always_kept(pair: Pair) -> bool:
    if is_class(pair.old):
        return is_enum(pair.old)  # its members cannot stay without it
    return pair.kind.name in _ALWAYS_KEPT or type(pair.old) is HotswapFunction


def _is_irreplaceable_class(decisions: Decisions, pair: Pair) -> bool:
    # Instances of subclasses of int, bytes and tuple cannot change their class at all.
    return is_class(pair.old) and not (
        can_go_over(decisions, pair.old, pair.new, _final) and is_below_plain(pair.old)
    )


def _is_wrapper_made_elsewhere(decisions: Decisions, pair: Pair) -> bool:
    # Its code is the same object, its closure is state.
    del decisions
    return pair.old.__code__ is pair.new.__code__


# Of which kinds the new object may be unable to take over what the old one is or has.
_IRREPLACEABLE: dict[str, Callable[[Decisions, Pair], bool]] = {
    CLASS.name: _is_irreplaceable_class,
    FUNCTION.name: _is_wrapper_made_elsewhere,
    CACHED_FUNCTION.name: is_cache_to_keep,
}


def _final(decisions: Decisions, value: Any) -> Any:
    """Return what will stand for an object of either side; for a class, which class."""
    key, matches = id(value), decisions.matches
    pair = matches.heirs.get(key) or matches.by_new.get(key) or matches.by_old.get(key)
    if pair is None:
        return value
    return pair.old if _keeps(decisions, pair) else pair.new


def _keeps_function(decisions: Decisions, pair: Pair) -> bool:
    # A function's closure is fixed when it is made; code with other free variables does not fit.
    if type(pair.old) is not types.FunctionType or pair.path[-1] == VALUE_OF_ALIAS:
        return False
    before, after = pair.old.__code__, pair.new.__code__  # each look is audited, and costs
    if not same_kind(before, after) or before.co_freevars != after.co_freevars:
        return False
    if pair.old.__globals__ is pair.before.behind:
        return False  # the namespace of a module object that nothing else holds
    if is_in_another_cache(decisions, pair):
        return False
    own_globals = pair.old.__globals__ is not pair.new.__globals__
    return not own_globals or _stays_with_its_class(decisions, pair)


def _stays_with_its_class(decisions: Decisions, pair: Pair) -> bool:
    """Whether the class that a library made a function for is what it was.

    Such a function has globals of its own (attrs puts validators and defaults there), and other
    code would look for others in them.
    """
    whole = decisions.whole_of(pair)
    scope = pair.module.outline.scopes.get(pair.path[:-1])
    if scope is not None and scope.binds(pair.path[-1]):
        return False  # of a method: by what a decorator wrote for it, that one is called
    return (
        whole is not None
        and _keeps(decisions, whole)
        and class_source_is_same(decisions.matches, whole) is True
        and not is_made_from_changed(decisions, whole)
    )


def _keeps_class(decisions: Decisions, pair: Pair) -> bool:
    old, new = pair.old, pair.new
    if (
        not is_class(old)
        or not same_layout(old, new, decisions.layouts)
        or asks_for_migration(pair)
    ):
        return False
    if _final(decisions, type(old)) is not _final(decisions, type(new)):
        return False
    if not _can_take_bases(decisions, old, new):
        return False
    if type(new) in _TRANSPARENT_METACLASSES or keeps_c_memory(new):
        return not is_enum(new) or _keeps_enum(old, new)
    # What such a metaclass made of other classes (a validator, say) refers to the class it is for.
    same = class_source_is_same(decisions.matches, pair) is True
    return same and not is_made_from_changed(decisions, pair)


def _can_take_bases(decisions: Decisions, old: type, new: type) -> bool:
    """Whether the old class can have the new one's bases.

    CPython exchanges ``__bases__`` in place where the base that decides the layout stays. Under
    "repoint" only a class that could not be replaced comes here.
    """
    old_base, new_base = base_of(old), base_of(new)
    if _final(decisions, old_base) is not _final(decisions, new_base):
        return False
    settled = _final(decisions, old_base)
    return settled is old_base or can_go_over(decisions, old_base, settled, _final)  # type: ignore[arg-type]


def _keeps_enum(old: type, new: type) -> bool:
    before, after = class_attributes(old), class_attributes(new)
    if before["_member_type_"] is not after["_member_type_"]:
        return False
    # A member that is also an int or a str carries its value in its own C part.
    return after["_member_type_"] is object or _same_member_values(before, after)


def _same_member_values(before: Any, after: Any) -> bool:
    old_members, new_members = before["_member_map_"], after["_member_map_"]
    return all(
        same_value(old_members[name]._value_, member._value_)
        for name, member in new_members.items()
        if name in old_members
    )


def _keeps_member(decisions: Decisions, pair: Pair) -> bool:
    owner = decisions.matches.by_new.get(id(type(pair.new)))
    return owner is not None and owner.old is type(pair.old) and _keeps(decisions, owner)


def _keeps_object(decisions: Decisions, pair: Pair) -> bool:
    settled = _final(decisions, type(pair.new))
    if settled is not type(pair.old) or settled is not _final(decisions, type(pair.old)):
        return False
    return has_dict(pair.old) or _holds_the_same(decisions, pair)


def _holds_the_same(decisions: Decisions, pair: Pair) -> bool:
    """Whether an object without a dict holds what the new one would: the function that stays, say.

    It may be C memory (a property of Cython's). What is not seen there is what its statement says.
    """
    source = pair.module.outline
    if source.same_shell(pair.before.origin, plain_path(pair.path)) is not True:
        return False
    before, after = gc.get_referents(pair.old), gc.get_referents(pair.new)
    settled = (_final(decisions, each) for each in after)
    return len(before) == len(after) and all(map(same_value, before, settled))


def _keeps_cache(decisions: Decisions, pair: Pair) -> bool:
    # The function inside is C memory; it can only stay, and so can maxsize and typed.
    inner_kept = _final(decisions, cached_by(pair.new)) is cached_by(pair.old)
    return inner_kept and same_parameters(pair.old, pair.new)


def _keeps_wrapt(decisions: Decisions, pair: Pair) -> bool:
    if type(pair.old) is HotswapFunction:
        return type(pair.new) is HotswapFunction
    old = getattr(pair.old, "_self_wrapper", None)
    new = getattr(pair.new, "_self_wrapper", None)
    # What it gave to who asked for a method refers to what was inside: those are sought then.
    same_inside = _final(decisions, pair.new.__wrapped__) is pair.old.__wrapped__
    return same_inside and _final(decisions, new) is old


def _keeps_type_parameter(decisions: Decisions, pair: Pair) -> bool:
    if pair.path[-2:-1] == (VALUE_OF_ALIAS,):
        return False  # the alias is the new one, and says for good which parameters it has
    names = (
        "__name__",
        "__bound__",
        "__constraints__",
        "__covariant__",
        "__contravariant__",
        "__default__",
    )
    # What it is bound to cannot be changed: the old one is right where that is what survives.
    return all(
        _says_the_same_type(
            getattr(pair.old, name, None), _final_type(decisions, getattr(pair.new, name, None))
        )
        for name in names
    )


def _never(decisions: Decisions, pair: Pair) -> bool:
    # Once somebody has asked a `type` alias for its value, this is in C memory for ever.
    del decisions, pair
    return False


def _final_type(decisions: Decisions, said: Any) -> Any:
    if type(said) is tuple:
        return tuple(_final_type(decisions, each) for each in said)
    return _final(decisions, said)


def _says_the_same_type(old: Any, new: Any) -> bool:
    if type(old) is typing.ForwardRef and type(new) is typing.ForwardRef:
        return old.__forward_arg__ == new.__forward_arg__
    return same_value(old, new)


def _keeps_context_variable(decisions: Decisions, pair: Pair) -> bool:
    del decisions
    return can_stay(pair.old, pair.new)


def _keeps_sentinel(decisions: Decisions, pair: Pair) -> bool:
    old = type(pair.old)
    settled = _final(decisions, old)
    return settled is old or can_go_over(decisions, old, settled, _final)


# What is given new parts by being initialised once more, as a whole.
REINITIALISED = (
    PROPERTY,
    STATIC_METHOD,
    CLASS_METHOD,
    PARTIAL,
    PARTIAL_METHOD,
    CACHED_PROPERTY,
    DISPATCH_METHOD,
)


def _keeps_by_type(decisions: Decisions, pair: Pair) -> bool:
    # Re-initialised in place, which works for the built-in type and for no subclass surely.
    del decisions
    return type(pair.new) in (
        property,
        staticmethod,
        classmethod,
        functools.partial,
        functools.partialmethod,
        functools.cached_property,
        functools.singledispatchmethod,
    )


def _always(decisions: Decisions, pair: Pair) -> bool:
    del decisions, pair
    return True


KEEPS: dict[str, Callable[[Decisions, Pair], bool]] = {
    FUNCTION.name: _keeps_function,
    CLASS.name: _keeps_class,
    ENUM_MEMBER.name: _keeps_member,
    OBJECT.name: _keeps_object,
    SENTINEL.name: _keeps_sentinel,
    CONTEXT_VARIABLE.name: _keeps_context_variable,
    TYPE_PARAMETER.name: _keeps_type_parameter,
    NEW_TYPE.name: _always,
    TYPE_ALIAS.name: _never,
    **{each.name: _keeps_by_type for each in REINITIALISED},
    CACHED_FUNCTION.name: _keeps_cache,
    WRAPT.name: _keeps_wrapt,
}


def instances_can_move(decisions: Decisions, old: type, new: type) -> bool:
    """Whether CPython lets an instance of one class be given the other, see `can_go_over`."""
    return can_go_over(decisions, old, new, _final)
