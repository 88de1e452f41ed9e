"""Whether the source says the same of a class, and of all that the class is made from."""

from __future__ import annotations

import re
import types
from collections.abc import Iterable, Iterator
from itertools import chain
from operator import attrgetter
from typing import Any

from livepatch._decide.aliases import alias_has_changed
from livepatch._decide.decisions import Decisions
from livepatch._decide.reshaped import code_changed
from livepatch._match.deleted import body_has_changed, codes_of_deleted, deleted_has_changed
from livepatch._match.module import Module, Path
from livepatch._match.pairs import Matches, Pair
from livepatch._python.code import names_within
from livepatch._python.constants import (
    CONSTANTS,
    is_made_of_texts,
    is_plain,
    repr_of_constant,
    same_contents,
    same_value,
)
from livepatch._python.kinds import (
    CLASS,
    FUNCTION,
    class_attributes,
    found_at,
    is_class,
    kind_of,
    mro_of,
    qualified_name,
)
from livepatch._source.outline import Outline
from livepatch._source.scope import CLASS_ANNOTATING_NAMES
from livepatch._source.shell import Shell

_no_names, _loads_of = frozenset[str](), attrgetter("loads")
_IDENTIFIER = re.compile(r"[^\W\d]\w*")
# What runs when a class is made, and may put attributes into it.
_CLASS_MAKERS = ("__new__", "__init__", "__prepare__", "__call__", "__init_subclass__")
_FROM_BASES = ("__init_subclass__",)
# What runs when an instance is made, and when a class has it for an attribute.
_INITIALISERS = ("__new__", "__init__", "__set_name__")


def class_source_is_same(matches: Matches, pair: Pair) -> bool | None:
    """Whether the source says the same of a class but for its functions; None when unknown."""
    new, old = pair.module.outline, pair.before.origin
    # Of a base that a call makes, as of that of Point(namedtuple("Point", "x y")), it says this.
    is_base = pair.path[-1].startswith("<base ")
    path = pair.path[:-1] if is_base else pair.path
    header = new.same_shell(old, path)
    if header and _generator_changed(matches, pair, path):
        return False
    scope = new.scopes.get(path[:-1])
    made = scope.shells.get(path[-1], ()) if scope is not None else ()
    if is_base or path not in new.scopes:
        # Made by a call: Point = namedtuple("Point", FIELDS)
        return header and not _is_given_otherwise(matches, pair, made)
    body = new.same_body(old, pair.path)
    if header is None or body is None:
        return None
    if _is_made_by_others(pair, made) and not _same_inside(new, old, path):
        return False  # `class Meta: fields = [...]`, of which a metaclass makes the fields
    # What a data class knows of its fields is made of these: ``limit: int = LIMIT``.
    said = chain.from_iterable(new.scopes[path].shells.values())
    return header and body and not _is_given_otherwise(matches, pair, said)


def _is_made_by_others(pair: Pair, made: Iterable[Shell]) -> bool:
    """Whether something besides its own statements makes a class: bases, decorators, keywords."""
    return is_class(pair.new) and (any(map(_loads_of, made)) or bool(_makers_of(pair.new)))


def _same_inside(new: Outline, old: Outline | None, path: Path) -> bool:
    """Whether the source says the same of the classes in a class but for their functions."""
    inside = [each for each in new.scopes if each[:-1] == path]
    before = [each for each in old.scopes if each[:-1] == path] if old is not None else []
    return inside == before and all(
        new.same_shell(old, each) and new.same_body(old, each) and _same_inside(new, old, each)
        for each in inside
    )


def _is_given_otherwise(matches: Matches, pair: Pair, said: Iterable[Shell]) -> bool:
    """Whether what makes a class is given other texts, numbers, tables of these, or types."""
    before, after = pair.before.old, pair.module.new
    names = _no_names.union(*map(_loads_of, said))
    if any(_is_another(matches, before.get(name), after.get(name)) for name in names):
        return True
    return alias_has_changed(matches, pair.module, names)


def _is_another(matches: Matches, before: Any, after: Any) -> bool:
    if before is after:
        return False  # nearly every one
    if is_class(before) and is_class(after):
        return id(before) not in matches.by_old and id(after) not in matches.by_new
    return is_plain(before) and is_plain(after) and not same_contents(before, after)


def is_made_from_changed(decisions: Decisions, pair: Pair) -> bool:
    """Whether a class derives from one whose source changed, or annotates something with it.

    Dataclasses, typed dicts, attrs and pydantic make from them what the class's own source does not
    say: its ``__init__`` has the fields of its bases.
    """
    matches = decisions.matches
    if decisions.changed_classes is None:
        decisions.changed_classes = {
            id(each.new)
            for each in matches.beyond_functions()
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
    for place, said_in in ((path[:-1], path[-1:]), (path, CLASS_ANNOTATING_NAMES)):
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


def _generator_changed(matches: Matches, pair: Pair, path: Path) -> bool:
    """Whether a decorator, metaclass or base of a class makes it in another way than before."""
    module = pair.module
    scope = module.outline.scopes.get(path[:-1])
    shells = scope.shells.get(path[-1], ()) if scope is not None else ()
    for name in _no_names.union(*map(_loads_of, shells)):
        used = matches.by_new.get(id(module.new.get(name)))
        if used is None and module.followed.definitions.get((name,), ("", False))[1]:
            return True  # the body of a function that was not made again
        if used is not None and used.kind is FUNCTION and _does_otherwise(used):
            return True
        if used is None and deleted_has_changed(module, name):
            return True
    if not is_class(pair.new):
        return False
    return any(_runs_otherwise(matches, *each) for each in _makers_of(pair.new))


def _makers_of(cls: type) -> list[tuple[type, tuple[str, ...]]]:
    """List what runs when a class is made: the classes, and the methods of each.

    The class statement need not name them: a base has a metaclass, and bases of its own.
    """
    makers: list[tuple[type, tuple[str, ...]]] = [(each, _FROM_BASES) for each in mro_of(cls)[1:]]
    makers += ((each, _CLASS_MAKERS) for each in mro_of(type(cls)))
    # Nearly every one derives from these alone.
    return [each for each in makers if each[0] is not object and each[0] is not type]


def _does_otherwise(pair: Pair) -> bool:
    """Whether a function has other code, or other texts and numbers for defaults."""
    old, new = pair.old, pair.new
    if code_changed(old, new):
        return True
    if type(old) is not types.FunctionType or type(new) is not types.FunctionType:
        return False
    before, after = ((each.__defaults__, each.__kwdefaults__) for each in (old, new))
    return is_plain(before) and is_plain(after) and not same_contents(before, after)


def is_made_by_makers(matches: Matches, pair: Pair, values: tuple[Any, Any]) -> bool:
    """Whether who makes a class makes another kind of value of what a statement of it gives.

    A decorator or metaclass that has come, gone or changed: ``x: int = field(default=3)`` is 3 in a
    data class. Of one kind, a value may have been set at run time; so may be what was nothing.

    Args:
        matches: the definitions.
        pair: the class.
        values: what an attribute was and what it is, of one statement.
    """
    old, new = values
    settled = matches.by_old.get(id(type(old)))
    same_type = type(old) is type(new) or (settled is not None and settled.new is type(new))
    if same_type or old is None or new is None or kind_of(old) is not kind_of(new):
        return False
    if pair.path[-1].startswith("<base "):
        return False
    header = pair.module.outline.same_shell(pair.before.origin, pair.path)
    return header is False or _generator_changed(matches, pair, pair.path)


def makers_call_changed(matches: Matches, pair: Pair) -> bool:
    """Whether what runs as a class is made calls a function whose code has changed.

    Its decorators, ``__init_subclass__`` of its bases, its metaclass; through other functions too.
    """
    path = pair.path
    scope = pair.module.outline.scopes.get(path[:-1])
    shells = scope.shells.get(path[-1], ()) if scope is not None else ()
    names = {name for shell in shells for name in shell.loads}
    if any(deleted_has_changed(pair.module, name) for name in names):
        return True
    makers = [(pair.module, pair.module.new.get(name)) for name in names]
    makers += (
        (pair.module, code) for name in names for code in codes_of_deleted(pair.module, name)
    )
    # An object decorates by its methods: `@shape("circle")`, `@shape.add`.
    used = (value for _, value in makers if kind_of(value) is None)
    if any(_runs_otherwise(matches, type(value), (*names, "__call__")) for value in used):
        return True
    for classes, methods in (
        (mro_of(pair.new)[1:], _FROM_BASES),
        (mro_of(type(pair.new)), _CLASS_MAKERS),
    ):
        for cls in classes:
            made = matches.by_new.get(id(cls)) or matches.by_old.get(id(cls))
            if made is not None and is_class(made.new):
                attributes = class_attributes(made.new)
                makers += ((made.module, attributes.get(name)) for name in methods)
    return any(_calls_changed(matches, module, each) for module, each in makers)


def _calls_changed(matches: Matches, module: Module, function: Any) -> bool:
    """Whether a function of a module, or its code, calls one that has other code.

    Through others as well.
    """
    reached: set[int] = set()
    waiting = [(module, function)]
    while waiting:
        module, function = waiting.pop()
        code = getattr(function, "__func__", function)
        if type(code) is types.FunctionType:
            code = code.__code__
        if type(code) is not types.CodeType:
            continue
        for name in names_within(code):
            if deleted_has_changed(module, name) or body_has_changed(module, name):
                return True
            value = module.new.get(name)
            used = matches.by_new.get(id(value))
            if used is None and module.bodies is not None and module.owns(value):
                if id(value) not in reached:
                    waiting.append((module, value))
                reached.add(id(value))
            if used is None or used.kind is not FUNCTION or id(used) in reached:
                continue
            if code_changed(used.old, used.new):
                return True
            reached.add(id(used))
            waiting.append((used.module, used.new))
    return False


def _differ(old: type, new: type, names: Iterable[str]) -> bool:
    before, after = class_attributes(old), class_attributes(new)
    pairs = [
        (before.get(name), after.get(name)) for name in names if name in before or name in after
    ]
    return any(code_changed(*pair) or is_given_another_default(*pair) for pair in pairs)


def is_given_another_default(old: Any, new: Any) -> bool:
    """Whether a function has another constant as a default: ``def __init__(self, times=TIMES)``."""
    if not type(old) is type(new) is types.FunctionType:
        return False
    before, after = (
        ((*(each.__defaults__ or ()),), each.__kwdefaults__ or {}) for each in (old, new)
    )
    pairs = [*zip(before[0], after[0])]
    pairs += ((value, after[1].get(name, value)) for name, value in before[1].items())
    return any(map(are_other_constants, *zip(*pairs))) if pairs else False


def are_other_constants(old: Any, new: Any) -> bool:
    """Whether two values are constants, and not the same one."""
    return type(old) in CONSTANTS and type(new) in CONSTANTS and not same_value(old, new)


def instances_are_made_otherwise(matches: Matches, cls: type) -> bool:
    """Whether a class is part of a reload, and initialises its instances by other code now.

    Where only what changed runs, its functions may have taken that code; there is no other class.
    """
    if _runs_otherwise(matches, cls, _INITIALISERS):
        return True
    bases = mro_of(cls)[1:]
    inherited = ((name, _first_with(name, bases)) for name in _INITIALISERS)
    return any(base and _runs_otherwise(matches, base, (name,)) for name, base in inherited)


def _first_with(name: str, classes: Iterable[type]) -> type | None:
    return next((cls for cls in classes if name in class_attributes(cls)), None)


def is_made_with_others(matches: Matches, pair: Pair) -> bool:
    """Whether what a class's statement made uses another attribute of the class, made otherwise.

    As the state of ``@machine.state() def begin(self)``, it refers to a ``machine`` that goes.
    """
    *home, name = pair.path
    scope = pair.module.outline.scopes.get(tuple(home))
    cls: Any = found_at(pair.before.old, ".".join(home)) if home else None
    if scope is None or not is_class(cls):
        return False
    attributes, waiting = class_attributes(cls), [name]
    for each in waiting:
        loads = {load for shell in scope.shells.get(each, ()) for load in shell.loads}
        waiting += (load for load in loads if load in attributes and load not in waiting)
    used = (type(attributes[each]) for each in waiting[1:])
    return any(instances_are_made_otherwise(matches, each) for each in used)


def _runs_otherwise(matches: Matches, cls: type, names: Iterable[str]) -> bool:
    """Whether some methods of a class, old or new, do something else in the new source."""
    if cls is object or cls is type:
        return False  # nearly every one
    pair = matches.by_old.get(id(cls)) or matches.by_new.get(id(cls))
    if pair is not None:
        return is_class(pair.old) and is_class(pair.new) and _differ(pair.old, pair.new, names)
    module, name = matches.owner_of(cls), qualified_name(cls)
    if module is None or name is None:
        return False
    paths = ((*name.split("."), method) for method in names)
    return any(module.followed.definitions.get(path, ("", False))[1] for path in paths)


def is_cache_of_texts(matches: Matches, pair: Pair, name: str, old: Any, new: Any) -> bool:
    """Whether a class that says something else keeps a cache of nothing but texts and patterns.

    They are what the old class made of its texts, under names that mean others now. What it
    keeps to know it again, an object of its own, is state.
    """
    return (
        "cache" in name.lower()
        and type(old) is dict is type(new)
        and not new
        and len(old) > 0
        and pair.module.bodies is None
        and all(map(is_made_of_texts, old.values()))
        and class_source_is_same(matches, pair) is False
    )


def differs_from_source(origin: Outline | None, path: Path, old: Any) -> bool:
    """Whether a class attribute is another one than the constant that its source gives."""
    shells = origin.scopes[path[:-1]].shells.get(path[-1]) if origin else None
    said = shells[-1].constant if shells else None
    return said is not None and (kind_of(old) is not None or repr_of_constant(old) != said)
