"""Classes: bases, metaclass, attributes, ABC registrations, enum members."""

from __future__ import annotations

import _abc  # type: ignore[import-not-found]  # pyright: ignore[reportMissingImports]
import functools
import types
from collections.abc import Iterator, Mapping
from operator import is_not
from typing import Any, NamedTuple

from livepatch._decide.class_source import class_source_is_same, differs_from_source
from livepatch._hotswap import mark_of
from livepatch._match.decorated import decorated_function
from livepatch._match.module import Path
from livepatch._match.pairs import Pair
from livepatch._python.c_memory import says_where
from livepatch._python.class_tree import abstract_bases_of
from livepatch._python.constants import may_hold_state, same_value
from livepatch._python.kinds import (
    bases_of,
    class_attributes,
    is_class,
    is_place,
    is_plain_data,
    is_special,
    kind_of,
    settled_bases,
)
from livepatch._python.layout import tuple_fields
from livepatch._python.opcodes import COMPILER_NAMES
from livepatch._python.own import MISSING, Call, OwnDict, OwnList
from livepatch._reconcile.descriptors import tell_anew
from livepatch._reconcile.dispatchers import note_registered
from livepatch._reconcile.flags import INVERSE, merged_members
from livepatch._reconcile.hidden_methods import note_hidden
from livepatch._reconcile.left_over import is_left_over, is_put_by_others
from livepatch._reconcile.metaclasses import take_metaclass
from livepatch._reconcile.numbers import number_anew
from livepatch._reconcile.result import Reconciliation
from livepatch._select.stale import VALUE_STAYS
from livepatch._steps.class_attributes import UNSETTABLE, find_attribute
from livepatch._steps.class_names import CLASS_NAMES, name_class, name_of_class
from livepatch._values.registries import gone_entries, is_filled_by_load, left_entries
from livepatch._values.tables_of_bases import can_follow, follow

# What a class has by virtue of being that class.
_CLASS_MACHINERY = frozenset(
    {"__dict__", "__weakref__", "__module__", "_abc_impl", "__annotations_cache__"}
)


def reconcile_class(result: Reconciliation, pair: Pair) -> None:
    old, new = pair.old, pair.new
    if not issubclass(type(old), type):
        result.changed.add(id(new))
        return
    survivor = result.survivor(pair)
    _take_bases(result, pair)
    take_metaclass(result, pair, survivor)
    _take_names(result, survivor, pair)
    source_is_same = class_source_is_same(result.decisions.matches, pair)
    if source_is_same is False:
        result.changed.add(id(new))
    before, after = class_attributes(old), class_attributes(new)
    present = class_attributes(survivor)
    kept = _kept_by_mark(new, before)
    note_hidden(result, pair)
    _forget_annotations(result, pair, survivor)  # the loop may set another function
    attributes: OwnDict[str, Any] = OwnDict()
    for name in _unsettled(result, before, after, present):
        if name in kept:
            chosen = result.settle(before[name])
        else:
            chosen = _class_attribute(result, pair, name, before, after, source_is_same)
            _note_what_stays(result, before.get(name), after.get(name), chosen)
            tell_anew(result, pair, (name, chosen), source_is_same=source_is_same)
            _note_filling(result, pair, name, chosen)
            _note_computed(result, pair, before.get(name), (name, chosen))
        attributes[name] = chosen
        held = present.get(name, MISSING)
        if name not in UNSETTABLE and (held is not chosen or id(chosen) in result.touched):
            _set_class_attribute(result, survivor, name, chosen)
            if survivor is old and source_is_same is None and name not in COMPILER_NAMES:
                result.changed.add(id(new))
    number_anew(result, pair, attributes)
    if id(new) in result.values.remade:
        result.changed.add(id(new))
    if "_abc_impl" in present:
        _see_to_abc(result, pair, survivor)


def _note_what_stays(result: Reconciliation, old: Any, new: Any, chosen: Any) -> None:
    if chosen is old is not new and may_hold_state(new) and kind_of(new) is None:
        result.stays.append((new, old))


def _note_filling(result: Reconciliation, pair: Pair, name: str, chosen: Any) -> None:
    old, new = (class_attributes(cls).get(name, MISSING) for cls in (pair.old, pair.new))
    if chosen is not old or old is new or is_plain_data(old):
        return
    stays = type(old) is type(new)
    filled = stays and is_filled_by_load(pair.module, (*pair.path, name), new)
    left: OwnList[Any] = OwnList()
    if stays and type(old) in (dict, list, set):
        left = left_entries(result.decisions.matches, pair, old, new, filled=filled)
    if left:
        result.left.append((old, left))
    gone = gone_entries(pair, old, new) if stays else []
    gone = [each for each in gone if each not in left]
    if gone:
        message = f"stays with what its source no longer enters: {', '.join(map(repr, gone))}"
        result.values.note("LP314", pair, (*pair.path, name), message)
    if filled:
        result.fillings.append((old, new))
    else:
        note_registered(result, pair, old, new)
        if stays and can_follow(old, new) and result.values.is_made_of_bases(pair, name):
            followed = follow(result.decisions.matches, pair, name, (old, new))
            result.steps.extend(followed.steps)
            result.left += ((old, followed.gone),) if followed.gone else ()
            result.fillings += ((old, followed.more),) if followed.more else ()
            result.orders += ((old, followed.order),) if followed.order else ()


def _note_computed(result: Reconciliation, pair: Pair, old: Any, now: tuple[str, Any]) -> None:
    """Say where what instances have computed hides what is no cached property any more."""
    name, chosen = now
    if type(old) is not functools.cached_property or type(chosen) is functools.cached_property:
        return
    if find_attribute(type(chosen), "__set__") is None:
        message = f"was a cached property; {VALUE_STAYS}"
        result.values.note("LP319", pair, (*pair.path, name), message)


def _kept_by_mark(cls: type, before: Mapping[str, Any]) -> set[str]:
    """Return the class's own attributes that are data and are to stay, as its mark says."""
    return {name for name in mark_of(cls).keep if name in before and kind_of(before[name]) is None}


def _unsettled(result: Reconciliation, before: Any, after: Any, present: Any) -> Iterator[str]:
    """Yield the attributes that are not there as they were and are to be; most methods are."""
    survivors, touched = result.decisions.survivors, result.touched
    for name in {**before, **after}:
        if name in _CLASS_MACHINERY:
            continue
        held = present.get(name, MISSING)
        wanted, key = after.get(name, present), id(held)
        settled = (
            held is before.get(name, present)
            and held is survivors.get(id(wanted), wanted)
            and key not in survivors
            and key not in touched
        )
        if not settled and not _says_nothing(name, before, after):
            yield name


def _says_nothing(name: str, before: Any, after: Any) -> bool:
    """Whether it is what who asks a class for annotations leaves where there are none (3.14)."""
    return name == "__annotate_func__" and before.get(name) is after.get(name) is None


def _see_to_abc(result: Reconciliation, pair: Pair, survivor: type) -> None:
    """Forget cached answers of isinstance."""
    for cls in abstract_bases_of(survivor) if _has_hook(pair) else (survivor,):
        result.add_cache(pair, Call(_abc._reset_caches, cls))  # noqa: SLF001 - as abc does


def _has_hook(pair: Pair) -> bool:
    """Whether a class says who its subclasses are, and so those of its bases."""
    return any("__subclasshook__" in class_attributes(cls) for cls in (pair.old, pair.new))


def reconcile_foreign(result: Reconciliation, pair: Pair) -> None:
    """Leave what was not made by this load as it is; the old one takes the bases it needs."""
    result.changed.add(id(pair.new))
    if is_class(pair.old) and is_class(pair.new):
        _take_bases(result, pair)


def _take_bases(result: Reconciliation, pair: Pair) -> None:
    """Give the old class the survivors of the new one's bases, or, where it goes, of its own.

    Its instances can take the new class only once both have the same base below the slots that
    they add.
    """
    if result.decisions.changes_layout(pair.old):
        return  # no instance goes over: they are made anew, and the old class stays what it was
    kept = result.survivor(pair) is pair.old
    present = bases_of(pair.old)
    wanted = settled_bases(result.decisions.settle_class, bases_of(pair.new) if kept else present)
    if any(map(is_not, wanted, present)) or len(wanted) != len(present):
        result.bases.append((pair.old, wanted))


def _take_names(result: Reconciliation, survivor: type, pair: Pair) -> None:
    for name in CLASS_NAMES:
        wanted, present = name_of_class(pair.new, name), name_of_class(survivor, name)
        if wanted != present:
            name_class(result.steps, survivor, name, wanted, present)
    homes = [class_attributes(cls).get("__module__") for cls in (pair.new, survivor)]
    if type(homes[0]) is str and homes[0] != homes[1]:
        _set_class_attribute(result, survivor, "__module__", homes[0])  # it has moved there


def _class_attribute(  # noqa: PLR0911, PLR0913, PLR0917
    result: Reconciliation,
    pair: Pair,
    name: str,
    before: Any,
    after: Any,
    source_is_same: bool | None,
) -> Any:
    path = (*pair.path, name)
    if name in COMPILER_NAMES or name not in before:
        return result.settle(after.get(name, MISSING))
    if name not in after:
        return _only_in_old(result, pair, path, before[name], source_is_same)
    old, new = before[name], after[name]
    settled = result.settle(new)
    if name in UNSETTABLE:
        return class_attributes(result.survivor(pair))[name]
    if path in pair.module.patched:
        return _patched(result, pair, path, old, settled)
    if settled is not new or _is_succeeded(result, path, old, new):
        return settled
    # The parameters are others each time where what bounds them is, and nobody sets them; and a
    # data class says what it is called.
    if name == "__type_params__" or (name == "__doc__" and pair.previous):
        return result.settle(new)
    if name == "_value2member_map_":
        return merged_members(result, pair, old, new)
    place = _place_in_layout(result, pair, name, old, new)
    if place is not MISSING:
        return place
    chosen = result.values.choose_attribute(pair, name, old, new, class_is_same=source_is_same)
    return result.settle(chosen)


def _is_succeeded(result: Reconciliation, path: Path, old: Any, new: Any) -> bool:
    """Whether what a class has goes, and not only is the value of an attribute besides.

    After ``Player.last = Player`` a class has a definition as a value, like any other value.
    """
    if id(old) not in result.decisions.survivors:
        return False
    pair = result.decisions.matches.by_old.get(id(old))
    return kind_of(new) is not None or pair is None or pair.path == path


def _place_in_layout(result: Reconciliation, pair: Pair, name: str, old: Any, new: Any) -> Any:
    """Return what says where instances keep something, for the survivor; MISSING for all else."""
    survivor = result.survivor(pair)
    is_place = type(new) is types.MemberDescriptorType or type(new) is types.GetSetDescriptorType
    if is_place or says_where(survivor, name):
        return class_attributes(survivor)[name]
    if type(new) is _FIELD and _is_place_in_layout(pair.new, name, new):
        # The old one has what a statement that did not run again says of it (``P.x.__doc__``).
        stays = survivor is pair.old and pair.module.bodies is not None and type(old) is _FIELD
        return old if stays else new
    if _is_place_in_layout(pair.old, name, old) and type(new) is not type(old):
        return new  # and no value that somebody set
    return MISSING


def _is_place_in_layout(cls: type, name: str, attribute: Any) -> bool:
    """Whether an attribute is a slot or a named tuple's field: what the class is, and no state."""
    if type(attribute) is types.MemberDescriptorType:
        return attribute.__objclass__ is cls
    return type(attribute) is _FIELD and name in (tuple_fields(cls) or ())


class _One(NamedTuple):
    field: int


# A type of C code that has no name in Python.
_FIELD: type = type(class_attributes(_One)["field"])


def _patched(result: Reconciliation, pair: Pair, path: Path, old: Any, new: Any) -> Any:
    """Choose between what someone put in a definition's place at run time, and the source's."""
    if decorated_function(pair.before, path, old) is not None:
        message = "something was put around it at run time, which was kept"
        result.values.note("LP303", pair, path, message)
        return old
    if pair.module.outline.same_function(pair.before.origin, path):
        message = "was replaced at run time and its source is unchanged"
        result.values.note("LP303", pair, path, message)
        return old
    if _was_put_there(pair, path, old):
        result.values.note("LP304", pair, path, "was replaced at run time; the source's is back")
    return new


def _was_put_there(pair: Pair, path: Path, old: Any) -> bool:
    """Whether a class has something that neither its source has said nor a decorator has given."""
    origin, name = pair.before.origin, path[-1]
    scope = origin.scopes.get(path[:-1]) if origin is not None else None
    if origin is None or scope is None:
        return True
    if not scope.binds(name):
        return is_put_by_others(pair, old) if is_special(name) else not is_place(old)
    return origin.defines(path) or differs_from_source(origin, path, old)


def _only_in_old(
    result: Reconciliation, pair: Pair, path: Path, old: Any, source_is_same: bool | None
) -> Any:
    if pair.before.origin is None and id(old) in result.decisions.survivors:
        return MISSING  # an alias that is gone
    if _is_place_in_layout(pair.old, path[-1], old) and result.survivor(pair) is not pair.old:
        return MISSING  # a slot that is a base's now
    if is_left_over(pair, path[-1], old, source_is_same=source_is_same):
        return MISSING
    if path[-1] == "__annotations__" and type(old) is dict and not old:
        return old  # asking for them makes it (up to 3.13); typing does, of a protocol
    message = "was set at run time and is not in the source; kept"
    result.values.note("LP303", pair, path, message)
    return result.settle(old)


def _set_class_attribute(result: Reconciliation, cls: type, name: str, value: Any) -> None:
    if name == "__annotate_func__":
        _set_class_annotate(result, cls, value)
        return
    result.steps.set_on_class(cls, name, value)


def _set_class_annotate(result: Reconciliation, cls: type, value: Any) -> None:
    present = class_attributes(cls).get("__annotate_func__")
    setter = type.__dict__["__annotate__"].__set__
    wanted = None if value is MISSING else value
    # To set None leaves what has been computed; to set a function forgets it, on both ways.
    result.steps.add(Call(setter, cls, _no_annotations), Call(setter, cls, present))
    result.steps.add(Call(setter, cls, wanted), Call(setter, cls, _no_annotations))


def _no_annotations(_: int, /) -> dict[str, Any]:
    return {}


def _forget_annotations(result: Reconciliation, pair: Pair, survivor: type) -> None:
    """Have annotations computed again, since 3.14: they may have been, or be so before an undo."""
    cls = pair.old
    computes = survivor is cls and class_attributes(cls).get("__annotate_func__") is not None
    if computes and not class_source_is_same(result.decisions.matches, pair):
        # Setting the function, if only again, forgets them.
        _set_class_annotate(result, cls, class_attributes(cls)["__annotate_func__"])


def reconcile_member(result: Reconciliation, pair: Pair) -> None:
    survivor = result.survivor(pair)
    if survivor is pair.old and (pair.old is not None):
        present = pair.old.__dict__
        for name, value in pair.new.__dict__.items():
            if name == "__objclass__":
                continue
            if name in present and same_value(present[name], value):
                continue
            if name == "_name_":
                # By the member: a combination of a flag is found in no other way, see `Rehashing`.
                result.steps.set_on_instance(pair.old, name, value, present.get(name, MISSING))
            else:
                result.steps.set_item(present, name, result.settle(value))
    elif survivor is pair.new:
        present = pair.new.__dict__
        for name, value in pair.old.__dict__.items():
            if name not in present and name != INVERSE:  # set at run time
                result.steps.set_item(present, name, result.settle(value))
