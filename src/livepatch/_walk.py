"""Stage 4: walk an old and a new object side by side, down through their parts, and pair them.

What is the same object on both sides was not made anew, and ends the walk there.
"""

from __future__ import annotations

from types import FunctionType
from typing import Any

from livepatch._kinds import (
    CLASS,
    CLASS_METHOD,
    FUNCTION,
    OBJECT,
    PROPERTY,
    STATIC_METHOD,
    Kind,
    bases_of,
    is_class,
    qualified_name,
)
from livepatch._layers import CONTAINERS, leads_on, plain_path
from livepatch._likeness import (
    Walk,
    is_another_function,
    is_definition_here,
    is_foreign,
    is_generated,
    is_same_function,
    is_same_layer,
    kind_here,
    own_path,
)
from livepatch._module import Module, Path
from livepatch._own import OwnDict
from livepatch._ownership import is_made_for_class, is_own_definition
from livepatch._pairs import Pair
from livepatch._registered import same_keys

# Data nested deeper than this is not looked through for functions.
_DEEPEST = 100
_BINDING_KINDS = (STATIC_METHOD, CLASS_METHOD, PROPERTY)


def visit(walk: Walk, path: Path, old: Any, new: Any) -> None:
    """Pair two definitions, or note what became of them, and go on to what is inside them."""
    matches, both = walk.matches, (id(old), id(new))
    if old is new or both in matches.seen or len(path) > _DEEPEST:
        return
    matches.seen.add(both)
    path = own_path(walk, path, old, new)
    if type(new) is FunctionType and is_another_function(walk, path, old, new):
        note_alone(walk.module, walk.module.added, path, new)
        note_alone(walk.before, walk.before.removed, path, old)
        return
    if type(new) is FunctionType and is_same_function(walk, old, new):
        # What all the questions below come to for nearly every definition.
        add_pair(walk, path, FUNCTION, old, new)
        _visit_parts(walk, path, FUNCTION, old, new)
        return
    if type(new) in CONTAINERS and type(old) is type(new):
        visit_items(walk, path, old, new)
        return
    kind = kind_here(walk, path, new)
    if kind is None:
        _visit_what_is_no_definition(walk, path, old, new)
    elif not is_definition_here(walk, path, old, new, kind):
        _visit_patched(walk, path, old, new)
    elif id(new) in matches.standing:
        add_pair(walk, path, kind, old, new)  # `g = f` comes in the place of `def g`, and f stays
    elif is_foreign(walk, path, new):
        _pair_foreign(walk, path, kind, old, new)
    elif is_same_layer(walk, old, new, kind):
        add_pair(walk, path, kind, old, new)
        _visit_parts(walk, path, kind, old, new)
    else:
        _pair_layers(walk, path, kind, old, new)


def visit_items(walk: Walk, path: Path, old: Any, new: Any) -> None:
    """Walk the containers that hold functions: tables of lambdas, registries in a closure."""
    if type(new) is dict:
        for before, key in same_keys(walk.matches.by_name, old, new):
            if leads_on(new[key]):
                visit(walk, (*path, f"[{_key_text(key)}]"), old[before], new[key])
    elif len(old) == len(new):
        for index, (before, after) in enumerate(zip(list(old), list(new))):
            if leads_on(after):
                visit(walk, (*path, f"[{index}]"), before, after)


def _key_text(key: Any) -> str:
    return qualified_name(key) or repr(key)


def _visit_what_is_no_definition(walk: Walk, path: Path, old: Any, new: Any) -> None:
    """Note that a definition is gone; one whose place an imported class took becomes that."""
    if not is_own_definition(walk.before, path, old):
        return
    if is_class(old) and is_class(new) and is_foreign(walk, path, new):
        add_pair(walk, path, CLASS, old, new, foreign=True)
    else:
        walk.before.removed[path] = old


def _pair_foreign(walk: Walk, path: Path, kind: Kind, old: Any, new: Any) -> None:
    if path == plain_path(path):
        add_pair(walk, path, kind, old, new, foreign=True)


def _visit_parts(walk: Walk, path: Path, kind: Kind, old: Any, new: Any) -> None:
    if kind is OBJECT:
        inner_old, inner_new = walk.old_function(path, old), walk.new_function(path, new)
        visit(walk, (*path, "<wrapped>"), inner_old, inner_new)
        return
    if kind is FUNCTION and not (new.__closure__ or new.__dict__):
        return  # nearly every function
    before, after = dict(kind.parts(old)), dict(kind.parts(new))
    for step, part in after.items():
        if step in before:
            visit(walk, (*path, step), before[step], part)
        elif kind is CLASS:
            note_alone(walk.module, walk.module.added, (*path, step), part)
    if kind is CLASS:
        for step, part in before.items():
            if step not in after:
                note_alone(walk.before, walk.before.removed, (*path, step), part)
        _visit_bases(walk, path, old, new)


def _visit_bases(walk: Walk, path: Path, old: type, new: type) -> None:
    """Walk the bases without a name of their own: ``class Point(namedtuple("Point", "x y"))``."""
    for index, (before, after) in enumerate(zip(bases_of(old), bases_of(new))):
        own = walk.before.owns(before) and walk.module.owns(after)
        names = (qualified_name(before), qualified_name(after))
        if own and names == (".".join(path), ".".join(path)):
            visit(walk, (*path, f"<base {index}>"), before, after)


def _pair_layers(walk: Walk, path: Path, kind: Kind, old: Any, new: Any) -> None:
    """Pair a definition whose decoration or kind changed: the function inside, then the outside."""
    inner_old, inner_new = walk.old_function(path, old), walk.new_function(path, new)
    # Whoever holds the function of a method holds what Class.method gives, and that is the
    # function still when the method has become static or a property.
    inside = inner_old is not None and (inner_old is not old or kind in _BINDING_KINDS)
    if inside and inner_new is not None:
        visit(walk, (*path, "<wrapped>"), inner_old, inner_new)
    add_pair(walk, path, kind, old, new)
    if kind is CLASS and is_class(old):
        _visit_parts(walk, path, kind, old, new)


def _visit_patched(walk: Walk, path: Path, old: Any, new: Any) -> None:
    if len(path) == 1 and walk.module.owns(new):
        # The name was imported, and is a definition now.
        note_alone(walk.module, walk.module.added, path, new)
        return
    written = walk.module.owns(new) and is_made_for_class(walk.before, path, old)
    if written or is_generated(walk, path, old, new):
        add_pair(walk, path, FUNCTION, old, new)
        return
    walk.module.patched[path] = old
    original, inner = walk.old_function(path, old), walk.new_function(path, new)
    if original is not None and inner is not None:
        visit(walk, (*path, "<wrapped>"), original, inner)


def add_pair(  # noqa: PLR0913 - the fields of a pair
    walk: Walk, path: Path, kind: Kind, old: Any, new: Any, *, foreign: bool = False
) -> None:
    """Pair two definitions, unless the old one has a partner already."""
    matches, before, now = walk.matches, id(old), id(new)
    if before in matches.by_old:
        # One old definition under two names that are two definitions now: its own name decided.
        return
    pair = Pair(path, kind, old, new, walk.module, walk.before, foreign)
    matches.by_old[before] = pair
    if now in matches.by_new or now in matches.standing:
        matches.aliases.append(pair)
        return
    matches.by_new[now] = pair
    matches.pairs.append(pair)


def note_alone(module: Module, found: OwnDict[Path, Any], path: Path, definition: Any) -> None:
    """Note a definition that has no partner, and those inside it, if it is the module's own."""
    if is_own_definition(module, path, definition):
        found[path] = definition
        if is_class(definition):
            for step, part in CLASS.parts(definition):
                if module.owns(part):
                    deeper = (*path, step)
                    found[deeper] = part
