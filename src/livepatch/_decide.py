"""Stage 5a: which of the two objects of a pair survives. Nothing is changed.

The old object survives wherever it can take what the new one has: then nothing that refers to it
need be found. Where it cannot (another layout, other bases, other free variables), or where the
strategy says so, the new one does.
"""

from __future__ import annotations

import abc
import dataclasses
import enum
import functools
import re
import types
import typing
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from livepatch._borrow import can_borrow_base
from livepatch._code import same_code, same_kind
from livepatch._constants import same_value
from livepatch._hotswap import HotswapFunction
from livepatch._kinds import (
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
    TYPE_PARAMETER,
    WRAPT,
    base_of,
    class_attributes,
    is_class,
    is_enum,
    mro_of,
)
from livepatch._layers import plain_path
from livepatch._layout import (
    adds_only_slots,
    can_be_retired,
    grow_from_one,
    has_dict,
    layout_of,
    same_layout,
    where_layout_grows,
)
from livepatch._match import Matches, Pair
from livepatch._migration import Migration
from livepatch._module import Module, Path
from livepatch._own import OwnDict, OwnList
from livepatch._reshaped import asks_for_migration, code_changed
from livepatch._scope import ANNOTATIONS, Shell

# Metaclasses whose whole effect is in the class's namespace, so that an old class can take it over.
_TRANSPARENT_METACLASSES = (type, abc.ABCMeta, enum.EnumMeta, type(typing.Protocol))
_IDENTIFIER = re.compile(r"[^\W\d]\w*")
PLACES = (types.GetSetDescriptorType, types.MemberDescriptorType)
# Where a kind's identity is the very thing that counts, the old object survives both strategies.
_ALWAYS_KEPT = frozenset({SENTINEL.name, CONTEXT_VARIABLE.name})


@dataclass(slots=True, eq=False)
class Decisions:
    """Who survives.

    Attributes:
        matches: the pairs decided on.
        strategy: ``"auto"`` or ``"repoint"``.
        survivors: from the id of each loser to its survivor.
        losers: the losers, so that their ids stay theirs.
        kept: ids of the new definitions whose old one survives.
        borrowed: new classes, and the base they are to have while instances go over.
        layout_changes: pairs of classes whose instances cannot go over, with the LP number of the
            refusal, should they not be made anew either.
        derived: classes elsewhere below one of those, each with the copy over the new base.
        migrations: how instances are made anew, by the id of their old class.
        changed_classes: ids of the new classes whose source says something else; None until asked.
        few_survivors: of very many survivors those that are no instances made anew, with the
            number of all at that time.
        classes: the pairs of classes by module and path; None until asked.
    """

    matches: Matches
    strategy: str
    survivors: OwnDict[int, Any] = field(default_factory=OwnDict)
    losers: OwnList[Any] = field(default_factory=OwnList)
    kept: dict[int, bool] = field(default_factory=dict)
    layout_changes: OwnList[tuple[Pair, str]] = field(default_factory=OwnList)
    borrowed: OwnList[tuple[type, type]] = field(default_factory=OwnList)
    derived: OwnList[Pair] = field(default_factory=OwnList)
    migrations: OwnDict[int, Migration] = field(default_factory=OwnDict)
    changed_classes: set[int] | None = None
    few_survivors: tuple[int, OwnList[Any]] = (0, OwnList())
    classes: OwnDict[tuple[int, Path], Pair] | None = None

    def settle(self, value: Any) -> Any:
        """Return the survivor of a definition, or the value itself."""
        return self.survivors.get(id(value), value)

    def changes_layout(self, old: type) -> bool:
        """Whether the instances of an old class cannot be given its successor."""
        return any(pair.old is old for pair, _ in self.layout_changes)

    def whole_of(self, pair: Pair) -> Pair | None:
        """Return the class that a definition is an attribute of."""
        if self.classes is None:
            found = (each for each in self.matches.pairs if each.kind is CLASS)
            self.classes = OwnDict(((id(each.module), each.path), each) for each in found)
        return self.classes.get((id(pair.module), plain_path(pair.path)[:-1]))

    def add_loser(self, loser: Any, survivor: Any) -> None:
        """Say that all references to one object are to reach another."""
        if loser is not survivor:
            self.losers.append(loser)
            self.survivors[id(loser)] = survivor
            if is_class(loser) and is_class(survivor):
                self._add_places(loser, survivor)

    def _add_places(self, loser: type, survivor: type) -> None:
        """Let the descriptors of a class's slots, dict and weak references go with it.

        Each refers to its class, and is wherever the class's attributes have been copied to:
        ``functools.wraps(cls)`` does that.
        """
        others = class_attributes(survivor)
        for name, place in class_attributes(loser).items():
            if type(place) in PLACES and type(others.get(name)) is type(place):
                self.add_loser(place, others[name])


def decide(matches: Matches, strategy: str) -> Decisions:
    """Choose the survivor of every pair.

    Args:
        matches: the pairs of a module.
        strategy: ``"auto"`` keeps old objects where it is sound; ``"repoint"`` keeps the new.
    """
    decisions = Decisions(matches, strategy)
    _leave_what_cannot_become_an_import(decisions)
    for pair in matches.pairs:
        _keeps(decisions, pair)
    for pair in matches.pairs:
        if decisions.kept[id(pair.new)]:
            decisions.add_loser(pair.new, pair.old)
        else:
            decisions.add_loser(pair.old, pair.new)
    for stand_in, original in matches.stand_ins:
        decisions.add_loser(stand_in, original)
    for alias in matches.aliases:
        survivor = decisions.settle(alias.new)
        decisions.add_loser(alias.old, survivor)
        if is_class(alias.old) and is_class(survivor):
            _note_layout(decisions, dataclasses.replace(alias, new=survivor))
    return decisions


def _leave_what_cannot_become_an_import(decisions: Decisions) -> None:
    """Let a class go whose place an imported one of another layout takes: it has no successor."""
    matches = decisions.matches
    for pair in [pair for pair in matches.pairs if pair.foreign]:
        if not (is_class(pair.old) and is_class(pair.new)):
            continue
        if not instances_can_move(decisions, pair.old, pair.new):
            matches.pairs.remove(pair)
            del matches.by_old[id(pair.old)], matches.by_new[id(pair.new)]
            pair.before.removed[pair.path] = pair.old


def _keeps(decisions: Decisions, pair: Pair) -> bool:
    known = decisions.kept.get(id(pair.new))
    if known is not None:
        return known
    # Against cycles (a class that is an argument of its own base); the answer follows.
    decisions.kept[id(pair.new)] = False
    kind = pair.kind
    same_type = type(pair.old) is type(pair.new) or kind in (CLASS, ENUM_MEMBER, OBJECT)
    # A function that has moved sees the globals of the module it was made in, for ever.
    kept = same_type and not pair.foreign and pair.before is pair.module
    if decisions.strategy == "repoint" and not _is_always_kept(pair):
        kept = kept and _cannot_be_repointed(decisions, pair)
    kept = kept and KEEPS[kind.name](decisions, pair)
    decisions.kept[id(pair.new)] = kept
    if kind is CLASS and not kept and is_class(pair.old):
        _note_layout(decisions, pair)
    return kept


def _is_always_kept(pair: Pair) -> bool:
    return pair.kind.name in _ALWAYS_KEPT or type(pair.old) is HotswapFunction


def _cannot_be_repointed(decisions: Decisions, pair: Pair) -> bool:
    """Whether the new object could not take over what the old one is or has."""
    if pair.kind is CLASS:
        # Instances of subclasses of int, bytes and tuple cannot change their class at all.
        return is_class(pair.old) and not (
            instances_can_move(decisions, pair.old, pair.new) and can_be_retired(pair.old)
        )
    if pair.kind is FUNCTION:
        # The wrapper of a decorator elsewhere: its code is the same object, its closure is state.
        return pair.old.__code__ is pair.new.__code__
    if pair.kind is CACHED_FUNCTION:
        # A cache cannot be carried over; it is emptied only when its function changed.
        inner_old, inner_new = pair.old.__wrapped__, pair.new.__wrapped__
        function = decisions.matches.by_new.get(id(inner_new))
        if function is not None and function.old is inner_old and function.kind is FUNCTION:
            same = same_code(inner_old.__code__, inner_new.__code__)
            decisions.kept.setdefault(id(inner_new), same)
            return same
    return False


def _final(decisions: Decisions, value: Any) -> Any:
    """Return what will stand for an object of either side."""
    pair = decisions.matches.by_new.get(id(value)) or decisions.matches.by_old.get(id(value))
    if pair is None:
        return value
    return pair.old if _keeps(decisions, pair) else pair.new


def _keeps_function(decisions: Decisions, pair: Pair) -> bool:
    # A function's closure is fixed when it is made; code with other free variables does not fit.
    if type(pair.old) is not types.FunctionType:
        return False
    before, after = pair.old.__code__, pair.new.__code__  # each look is audited, and costs
    if not same_kind(before, after) or before.co_freevars != after.co_freevars:
        return False
    own_globals = pair.old.__globals__ is not pair.new.__globals__
    return not own_globals or _stays_with_its_class(decisions, pair)


def _stays_with_its_class(decisions: Decisions, pair: Pair) -> bool:
    """Whether the class that a library made a function for is what it was.

    Such a function has globals of its own (attrs puts validators and defaults there), and other
    code would look for others in them.
    """
    whole = decisions.whole_of(pair)
    return (
        whole is not None
        and _keeps(decisions, whole)
        and class_source_is_same(decisions.matches, whole) is True
        and not is_made_from_changed(decisions, whole)
    )


def _keeps_class(decisions: Decisions, pair: Pair) -> bool:
    old, new = pair.old, pair.new
    if not is_class(old) or not same_layout(old, new) or asks_for_migration(old, new):
        return False
    if _final(decisions, type(old)) is not _final(decisions, type(new)):
        return False
    if not _can_take_bases(decisions, old, new):
        return False
    if type(new) in _TRANSPARENT_METACLASSES:
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
    return settled is old_base or instances_can_move(decisions, old_base, settled)  # type: ignore[arg-type]


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
    same_class = _final(decisions, type(pair.old)) is _final(decisions, type(pair.new))
    return same_class and type(pair.old) is _final(decisions, type(pair.old)) and has_dict(pair.old)


def _keeps_cache(decisions: Decisions, pair: Pair) -> bool:
    # The function inside is C memory; it can only stay, and so can maxsize and typed.
    inner_kept = _final(decisions, pair.new.__wrapped__) is pair.old.__wrapped__
    return inner_kept and pair.old.cache_parameters() == pair.new.cache_parameters()


def _keeps_wrapt(decisions: Decisions, pair: Pair) -> bool:
    if type(pair.old) is HotswapFunction:
        return type(pair.new) is HotswapFunction
    old = getattr(pair.old, "_self_wrapper", None)
    new = getattr(pair.new, "_self_wrapper", None)
    return _final(decisions, new) is old


def _keeps_type_parameter(decisions: Decisions, pair: Pair) -> bool:
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
    return bool(pair.old.name == pair.new.name)


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
    SENTINEL.name: _always,
    CONTEXT_VARIABLE.name: _keeps_context_variable,
    TYPE_PARAMETER.name: _keeps_type_parameter,
    NEW_TYPE.name: _always,
    PROPERTY.name: _keeps_by_type,
    STATIC_METHOD.name: _keeps_by_type,
    CLASS_METHOD.name: _keeps_by_type,
    PARTIAL.name: _keeps_by_type,
    PARTIAL_METHOD.name: _keeps_by_type,
    CACHED_PROPERTY.name: _keeps_by_type,
    DISPATCH_METHOD.name: _keeps_by_type,
    CACHED_FUNCTION.name: _keeps_cache,
    WRAPT.name: _keeps_wrapt,
}


def class_source_is_same(matches: Matches, pair: Pair) -> bool | None:
    """Whether the source says the same of a class but for its functions; None when unknown."""
    new, old = pair.module.outline, pair.before.origin
    header = new.same_shell(old, pair.path)
    if header and _generator_changed(matches, pair):
        return False
    if pair.path not in new.scopes:
        return header  # made by a call: Point = namedtuple("Point", "x y")
    body = new.same_body(old, pair.path)
    return None if header is None or body is None else header and body


# Where the annotations of a class are among its shells: one statement each, or a function (3.14).
_ANNOTATING = (ANNOTATIONS, "__annotate_func__", "__annotate__")


def is_made_from_changed(decisions: Decisions, pair: Pair) -> bool:
    """Whether a class derives from one whose source changed, or annotates something with it.

    Dataclasses, typed dicts, attrs and pydantic make from them what the class's own source does not
    say: its ``__init__`` has the fields of its bases.
    """
    matches = decisions.matches
    if decisions.changed_classes is None:
        decisions.changed_classes = {
            id(each.new)
            for each in matches.pairs
            if each.kind is CLASS and class_source_is_same(matches, each) is not True
        }
    if not decisions.changed_classes:
        return False
    reached = {id(pair.new)}
    waiting = [pair]
    while waiting:
        for each in _made_from(matches, waiting.pop()):
            if id(each.new) in reached:
                continue
            if id(each.new) in decisions.changed_classes:
                return True
            reached.add(id(each.new))
            waiting.append(each)
    return False


def _made_from(matches: Matches, pair: Pair) -> Iterator[Pair]:
    for value in (*mro_of(pair.new)[1:], *_named_by(pair)):
        each = matches.by_new.get(id(value))
        if each is not None and each.kind is CLASS:
            yield each


def _named_by(pair: Pair) -> Iterator[Any]:
    """Yield what a class statement and the annotations in its body name.

    A typed dict does not have those that it derives from among its bases.
    """
    scopes, path = pair.module.outline.scopes, pair.path
    shells: list[Shell] = []
    for place, said_in in ((path[:-1], path[-1:]), (path, _ANNOTATING)):
        scope = scopes.get(place)
        shells += (each for name in said_in if scope for each in scope.shells.get(name, ()))
    names = {name for shell in shells for name in shell.loads}
    for shell in shells:
        for text in _texts_in(shell.fingerprint):
            names.update(_IDENTIFIER.findall(text))
    for name in names:
        value = pair.module.new.get(name)
        if type(value) is types.ModuleType:
            yield from map(value.__dict__.get, names)
        yield value


def _texts_in(said: tuple[Any, ...]) -> Iterator[str]:
    """Yield the texts in a statement: forward references are among them."""
    for part in said:
        if type(part) is tuple and part[:1] == ("text",):
            yield part[1]
        elif type(part) is tuple:
            yield from _texts_in(part)


# What runs when a class is made, and may put attributes into it.
_CLASS_MAKERS = ("__new__", "__init__", "__prepare__", "__call__", "__init_subclass__")


def _generator_changed(matches: Matches, pair: Pair) -> bool:
    """Whether a decorator, metaclass or base of a class makes it in another way than before."""
    module = pair.module
    scope = module.outline.scopes.get(pair.path[:-1])
    shells = scope.shells.get(pair.path[-1], ()) if scope is not None else ()
    for name in {name for shell in shells for name in shell.loads}:
        used = matches.by_new.get(id(module.new.get(name)))
        if used is None:
            if _body_changed(module, name):
                return True
            continue
        if used.kind is FUNCTION and code_changed(used.old, used.new):
            return True
        if used.kind is CLASS and is_class(used.old) and _maker_changed(used.old, used.new):
            return True
    return False


def _body_changed(module: Module, name: str) -> bool:
    """Whether a function or maker that was not made again has a new body."""
    definitions = module.followed.definitions
    paths = ((name,), *((name, maker) for maker in _CLASS_MAKERS))
    return any(definitions.get(path, ("", False))[1] for path in paths)


def makes_otherwise(old: type, new: type) -> bool:
    """Whether two versions of a class initialise their instances by other code."""
    before, after = class_attributes(old), class_attributes(new)
    return any(code_changed(before.get(name), after.get(name)) for name in ("__new__", "__init__"))


def _maker_changed(old: type, new: type) -> bool:
    before, after = class_attributes(old), class_attributes(new)
    names = _CLASS_MAKERS if issubclass(new, type) else ("__init_subclass__",)
    return any(code_changed(before.get(name), after.get(name)) for name in names)


def instances_can_move(decisions: Decisions, old: type, new: type) -> bool:
    """Whether CPython lets an instance of one class be given the other.

    This is ``compatible_for_assignment`` and ``same_slots_added`` of Objects/typeobject.c: what
    the two classes add to a common base must be the same, and be nothing but a dict, a weak
    reference list and slots, placed right behind the base's own fields. The bases are those that
    the old class will have by then, with the survivors among them.
    """
    if not same_layout(old, new):
        return False
    # A class below may itself be one that survives: then it is the old one by that time.
    old_top = where_layout_grows(old)
    new_top = _final(decisions, where_layout_grows(new))
    if old_top is new_top:
        return True
    old_base, new_base = base_of(old_top), base_of(new_top)
    if old_base is None or new_base is None:
        return False
    settled = _final(decisions, old_base)
    final_base = _final(decisions, new_base)
    if settled is not final_base:
        if not grow_from_one(settled, final_base) or not can_borrow_base(new_top):
            return False
        decisions.borrowed.append((new_top, settled))
    if settled is not old_base and not instances_can_move(decisions, old_base, settled):
        return False
    return adds_only_slots(old_top, old_base) and adds_only_slots(new_top, new_base)


def _note_layout(decisions: Decisions, pair: Pair) -> None:
    if instances_can_move(decisions, pair.old, pair.new) and not (
        asks_for_migration(pair.old, pair.new)
    ):
        return
    old, new = layout_of(pair.old), layout_of(pair.new)
    if issubclass(pair.old, tuple) and "_fields" in class_attributes(pair.old):
        decisions.layout_changes.append((pair, "LP123"))
    elif old[0] is not new[0] or old == new:
        decisions.layout_changes.append((pair, "LP122"))
    else:
        decisions.layout_changes.append((pair, "LP121"))
