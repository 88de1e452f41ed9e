"""Functions, bound methods, partials, descriptors, classes: what calls or binds a definition."""

from __future__ import annotations

import functools
import gc
import operator
import sys
import types
from operator import is_not
from typing import Any

from livepatch._holders.context import Repointing
from livepatch._python.kinds import (
    CACHE_TYPE,
    WRAPPER_BASE,
    bases_of,
    cached_by,
    class_attributes,
    dict_of,
    is_class,
    is_whole,
    kind_of,
    lowest_bases,
    mro_of,
    settled_bases,
)
from livepatch._python.layout import slot_value
from livepatch._python.memos import remembers_no_state
from livepatch._python.own import MISSING, Call


def repoint_cell(repointing: Repointing, holder: types.CellType) -> None:
    """Exchange the loser in a closure's variable."""
    contents = holder.cell_contents
    if not repointing.is_loser(contents):
        return
    survivor = repointing.settle(contents)
    if type(contents) is functools.singledispatchmethod is not type(survivor):
        # What a bound one is: a function that asks it for its dispatcher. Verifying names it.
        return
    repointing.count("cell")
    repointing.steps.set_cell(holder, survivor, contents)


def repoint_function(repointing: Repointing, holder: types.FunctionType) -> None:
    """Exchange a function's defaults, annotations or type parameters that were rebuilt."""
    if repointing.is_loser(holder):
        defaults = holder.__defaults__
        if repointing.migrates and defaults is not None and repointing.is_loser(defaults):
            # It may come back, and is to have the instances that were made anew.
            settled = repointing.settle(defaults)
            repointing.steps.set_attribute(holder, "__defaults__", settled, defaults)
        return
    for name in ("__defaults__", "__kwdefaults__", "__type_params__", "__annotate__"):
        value = getattr(holder, name, None)
        if value is not None and repointing.is_loser(value):
            if (id(holder), name) in repointing.decided:
                continue
            repointing.count("function default")
            repointing.steps.set_attribute(holder, name, repointing.settle(value), value)
    if sys.version_info < (3, 14) and any(map(repointing.is_loser, gc.get_referents(holder))):
        # Annotations are a tuple until someone asks for them; asking makes the dict.
        for name, value in holder.__annotations__.items():
            if repointing.is_loser(value):
                repointing.count("annotation")
                repointing.steps.set_item(holder.__annotations__, name, repointing.settle(value))


def repoint_bound_method(repointing: Repointing, holder: types.MethodType) -> None:
    """Build a bound method anew."""
    function, bound = repointing.settle(holder.__func__), repointing.settle(holder.__self__)
    if _MEMBERS_OF_WRAPPER and issubclass(type(function), WRAPPER_BASE):
        # Its decorator is told which instance it is called for.
        bound_to = (bound, type(bound))
        successor = function.__get__(*bound_to)
        repointing.last.add(Call(_bind, successor, function, bound_to), Call(bool))
        repointing.rebuild(holder, successor)
    elif isinstance(function, (types.FunctionType, functools.partial)) or callable(function):
        repointing.rebuild(holder, types.MethodType(function, bound))


def repoint_builtin_method(repointing: Repointing, holder: types.BuiltinMethodType) -> None:
    """Take the same method of C code from the survivor (``Player.__subclasses__``, say)."""
    survivor = repointing.settle(holder.__self__)
    bases = (*mro_of(type(survivor)), *(mro_of(survivor) if is_class(survivor) else ()))
    for base in bases:
        method: Any = class_attributes(base).get(holder.__name__)
        if type(method) in _METHODS_OF_C:
            repointing.rebuild(holder, method.__get__(survivor, type(survivor)))
            return
    if kind_of(holder.__self__) is not None:
        message = f"inside the built-in method {holder.__name__}, which cannot be made anew"
        repointing.leave(holder, holder.__self__, "LP201", message)


_METHODS_OF_C = (types.MethodDescriptorType, types.ClassMethodDescriptorType)


def repoint_partial(repointing: Repointing, holder: functools.partial[Any]) -> None:
    """Exchange the function and arguments of a partial; only ``__setstate__`` can set them."""
    setter = functools.partial.__setstate__  # type: ignore[attr-defined]
    state: Any = holder.__reduce__()[2]
    function, arguments, keywords, attributes = state
    survivor = repointing.settle(function)
    if not callable(survivor):
        survivor = function  # a partial of it there cannot be: verifying names what is left
    settled = (survivor, tuple(map(repointing.settle, arguments)), keywords, attributes)
    if survivor is function and all(map(operator.is_, settled[1], arguments)):
        return
    repointing.count("partial")
    repointing.steps.add(
        Call(setter, holder, settled),
        Call(setter, holder, (function, arguments, keywords, attributes)),
    )


def repoint_property(repointing: Repointing, holder: property) -> None:
    """Initialise a property anew with the survivors of its accessors."""
    if repointing.settle(holder) is not holder:
        return
    accessors = (holder.fget, holder.fset, holder.fdel, holder.__doc__)
    settled = map(repointing.settle, accessors)
    repointing.count("property")
    repointing.steps.add(
        Call(property.__init__, holder, *settled),
        Call(property.__init__, holder, *accessors),
    )
    # A property changed in place stays stale at warm call sites (3.12, 3.13): whoever has it as a
    # class attribute sets it once more.
    repointing.rebuild(holder, holder)


def repoint_method_wrapper(repointing: Repointing, holder: Any) -> None:
    """Initialise a static or class method anew."""
    if repointing.is_loser(holder):
        return
    function = holder.__func__
    initialise = type(holder).__init__
    repointing.count(type(holder).__name__)
    repointing.steps.add(
        Call(initialise, holder, repointing.settle(function)),
        Call(initialise, holder, function),
    )


def repoint_cache(repointing: Repointing, holder: Any) -> None:
    """Make an ``lru_cache`` anew, empty, around the survivor of what it calls.

    A cached function is a definition; where its pair could not keep it, it is a loser itself.
    """
    function = cached_by(holder)
    # Its keys may be instances that are made anew, in a list that only its own code can change.
    losers = _remembers_losers(repointing, holder) and remembers_no_state(holder)
    if repointing.migrates or losers:
        repointing.last.add(Call(_clear_cache, holder), Call(bool))
    survivor = repointing.settle(function)
    if survivor is function or repointing.settle(holder) is not holder:
        return
    if type(holder) is not CACHE_TYPE or not callable(survivor):
        repointing.leave(holder, function, "LP201", "inside a cache, which cannot be changed")
        return
    successor: Any = functools.lru_cache(**holder.cache_parameters())(survivor)
    for name, value in holder.__dict__.items():
        if name not in successor.__dict__ or repointing.settle(value) is not value:
            successor.__dict__[name] = repointing.settle(value)
    repointing.rebuild(holder, successor)


def _remembers_losers(repointing: Repointing, cache: Any) -> bool:
    """Whether there is a loser among the arguments and results that a cache has."""
    function, attributes = cached_by(cache), dict_of(cache)
    return any(
        repointing.settle(each) is not each and each is not function and each is not attributes
        for each in gc.get_referents(cache)
    )


_clear_cache: Any = class_attributes(CACHE_TYPE)["cache_clear"]


def repoint_super(repointing: Repointing, holder: Any) -> None:
    """Initialise a ``super`` object anew; one that could not be made any more stays as it is."""
    cls, instance = holder.__thisclass__, holder.__self__
    # Bound to a class, it needs one, and not the wrapper that a decorator has put around it.
    settle_bound = repointing.settle_class if is_class(instance) else repointing.settle
    settled = (repointing.settle_class(cls), settle_bound(instance))
    bound_to = holder.__self_class__  # None where it is not bound
    if not is_class(settled[0]) or (
        bound_to is not None and id(settled[0]) not in _lineage(repointing, bound_to)
    ):
        loser = next(filter(repointing.is_loser, (cls, instance, bound_to)), cls)
        message = "inside a super object, which the new classes do not allow"
        repointing.leave(holder, loser, "LP201", message)
        return
    repointing.count("super")
    # The object must be an instance of the class at that moment: exchanged when instances have
    # the new class already, and taken back when they have the old one again.
    nothing = Call(bool)
    repointing.first.add(nothing, Call(super.__init__, holder, cls, instance))
    repointing.steps.add(Call(super.__init__, holder, *settled), nothing)


def _lineage(repointing: Repointing, cls: Any) -> set[int]:
    """Return the ids of the classes that a class derives from in the end, its own among them."""
    settled = repointing.settle_class(cls)
    if not is_class(settled):
        return set()
    above = (_lineage(repointing, base) for base in bases_of(settled))
    return {id(settled)}.union(*above)


def repoint_class(repointing: Repointing, holder: type) -> None:
    """Give a class elsewhere the survivors among its bases."""
    # One that has become a function may live on, as the base of a class elsewhere.
    goes = repointing.is_loser(holder) and is_class(repointing.settle_class(holder))
    if goes or id(holder) in repointing.based or not is_whole(holder):
        return  # one whose statement failed has no order of bases, and may not be given any
    present = bases_of(holder)
    for base in present:
        if not is_class(repointing.settle_class(base)):
            message = "is no class any more, and a class elsewhere derives from it, which keeps it"
            repointing.leave(holder, base, "LP306", message)
            repointing.based.add(id(holder))
    made_by_load = any(id(base) in repointing.fresh for base in present)
    bases = (lowest_bases if made_by_load else settled_bases)(repointing.settle_class, present)
    if len(bases) < len(present) or any(map(lambda a, b: a is not b, bases, present)):
        repointing.based.add(id(holder))
        if id(holder) in repointing.fresh:
            repointing.fresh_bases.set_bases(holder, bases)
            return
        repointing.count("subclass")
        repointing.first.set_bases(holder, bases)


def repoint_wrapt(repointing: Repointing, holder: Any) -> None:
    """Exchange what a wrapt proxy wraps."""
    wrapped = holder.__wrapped__
    if repointing.is_loser(wrapped) and not repointing.is_loser(holder):
        repointing.count("wrapt proxy")
        repointing.steps.add(
            Call(setattr, holder, "__wrapped__", repointing.settle(wrapped)),
            Call(setattr, holder, "__wrapped__", wrapped),
        )


def repoint_function_wrapper(repointing: Repointing, holder: Any) -> None:
    """Initialise a wrapt function wrapper anew: only that sets what it binds."""
    if not _MEMBERS_OF_WRAPPER:
        repoint_wrapt(repointing, holder)
        return
    if has_lost_its_wrapper(repointing, holder):
        bound_to = _bound_to(repointing, holder)
        repointing.rebuild(holder, repointing.settle(holder._self_parent).__get__(*bound_to))  # noqa: SLF001
        return
    if repointing.is_loser(holder):
        return
    before = (holder.__wrapped__, *(getattr(holder, name) for name in _MEMBERS_OF_WRAPPER))
    initialise = class_attributes(WRAPPER_BASE)["__init__"]
    parent = holder._self_parent  # noqa: SLF001 - of a bound one
    if repointing.is_loser(parent):
        # What it binds is wired only when all is in place, the layers inside among it.
        bound_to = _bound_to(repointing, holder)
        repointing.count("wrapt proxy")
        repointing.last.add(Call(_bind, holder, repointing.settle(parent), bound_to), Call(bool))
        repointing.first.add(Call(bool), Call(initialise, holder, *before))
        return
    after = tuple(map(repointing.settle, before))
    moved = sum(map(is_not, before, after))
    if moved:
        repointing.count("wrapt proxy", moved)
        # By position: the instance comes right after what is wrapped.
        repointing.steps.add(Call(initialise, holder, *after), Call(initialise, holder, *before))


def has_lost_its_wrapper(repointing: Repointing, holder: Any) -> bool:
    """Whether a wrapper was bound by one in whose place is a function or method without any."""
    parent = holder._self_parent if _MEMBERS_OF_WRAPPER else None  # noqa: SLF001
    return repointing.is_loser(parent) and type(repointing.settle(parent)) in _BINDING


_BINDING = (types.FunctionType, classmethod, staticmethod)


def _bound_to(repointing: Repointing, holder: Any) -> tuple[Any, Any]:
    """Return the instance and the class that a wrapper was asked for by."""
    instance = repointing.settle(holder._self_instance)  # noqa: SLF001
    owner = getattr(holder, "_self_owner", None) or type(instance)
    return instance, repointing.settle_class(owner)


def _bind(holder: Any, parent: Any, bound_to: tuple[Any, Any]) -> None:
    """Make a bound wrapper what its parent gives by now."""
    bound = parent.__get__(*bound_to)
    if type(bound) is type(holder):
        members = (getattr(bound, name) for name in _MEMBERS_OF_WRAPPER)
        class_attributes(WRAPPER_BASE)["__init__"](holder, bound.__wrapped__, *members)


# In the order of the arguments of its __init__: without an owner before wrapt 2, and none at all
# where wrapt runs without its C part and they are plain attributes.
_MEMBERS_OF_WRAPPER = [
    name
    for name in (
        "_self_instance",
        "_self_wrapper",
        "_self_enabled",
        "_self_binding",
        "_self_parent",
        "_self_owner",
    )
    if name in class_attributes(WRAPPER_BASE)
]


def repoint_slots(repointing: Repointing, holder: Any) -> bool:
    """Exchange the losers in an instance's slots; says whether there were any."""
    found = False
    # A slot of a class that is replaced takes its instances only until they have gone over.
    moves = repointing.is_loser(type(holder)) and id(type(holder)) not in repointing.migrations
    steps = repointing.first if moves else repointing.steps
    for attribute in slots_of(repointing, type(holder)):
        value = slot_value(attribute, holder)
        if value is MISSING or not repointing.is_loser(value):
            continue
        found = True
        if _is_writable(attribute, holder, value):
            repointing.count("slot")
            # By then its class derives from the survivor of the class that has the slot.
            setter = (attribute if moves else repointing.settle(attribute)).__set__
            steps.add(
                Call(setter, holder, repointing.settle(value)),
                Call(setter, holder, value),
            )
    return found


def slots_of(repointing: Repointing, cls: type) -> list[Any]:
    """Return the slots of a class's instances; of each class they are looked up once."""
    known = repointing.slots.get(id(cls))
    if known is None:
        known = repointing.slots[id(cls)] = [
            attribute
            for base in mro_of(cls)
            for attribute in class_attributes(base).values()
            if type(attribute) is types.MemberDescriptorType
        ]
    return known


def _is_writable(slot: types.MemberDescriptorType, holder: Any, value: Any) -> bool:
    """Whether a slot can be set; members of C types often cannot. Sets what is there already."""
    try:
        slot.__set__(holder, value)
    except (AttributeError, TypeError):
        return False
    return True
