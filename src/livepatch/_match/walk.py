"""Stage 4: walk an old and a new object side by side, down through their parts, and pair them.

What is the same object on both sides was not made anew, and ends the walk there.
"""

from __future__ import annotations

from types import FunctionType
from typing import Any

from livepatch._match.decorated import plain_path
from livepatch._match.heirs import imported_instead, new_classes_named
from livepatch._match.likeness import (
    Walk,
    are_others,
    at_home,
    has_left_another,
    is_alias_no_more,
    is_another_function,
    is_foreign,
    is_generated,
    is_nameless_instead,
    is_same_function,
    is_same_layer,
    is_set_by_library,
    kind_here,
)
from livepatch._match.members import is_member_first
from livepatch._match.module import Module, Path
from livepatch._match.ownership import (
    is_made_for_class,
    is_on_both_sides,
    is_own_definition,
    place_of,
    was_put_over_import,
    was_put_there,
)
from livepatch._match.pairs import Pair
from livepatch._match.plainly import BINDING_KINDS, pair_plainly
from livepatch._match.put_over import is_definition_here, is_put_over, layer_below
from livepatch._match.registered import keys_without, same_keys, text_of_key
from livepatch._match.sentinels import is_same_sentinel, may_be_sentinel, same_tables
from livepatch._python.kinds import (
    CLASS,
    FUNCTION,
    OBJECT,
    SENTINEL,
    Kind,
    bases_of,
    has_lambdas,
    is_class,
    is_lambda,
    is_plain_data,
    qualified_name,
)
from livepatch._python.layers import CONTAINERS, class_inside, leads_on
from livepatch._python.own import OwnDict

# Data nested deeper than this is not looked through for functions.
_DEEPEST = 100


def visit(walk: Walk, path: Path, old: Any, new: Any) -> None:
    """Pair two definitions, or note what became of them, and go on to what is inside them."""
    matches, both = walk.matches, (id(old), id(new))
    is_data = old is new or (is_plain_data(old) and is_plain_data(new))
    done = is_data or pair_plainly(walk, path, old, new)
    if done or both in matches.seen or len(path) > _DEEPEST:
        return
    matches.seen.add(both)
    if len(path) > 1:
        walk, path = at_home(walk, path, old, new)
    if _are_two(walk, path, old, new) or (
        type(new) is FunctionType and _visit_function(walk, path, old, new)
    ):
        return
    if type(new) in CONTAINERS and type(old) is type(new):
        visit_items(walk, path, old, new)
        return
    kind = kind_here(walk, path, new)
    if kind is None:
        _visit_what_is_no_definition(walk, path, old, new)
    elif not is_definition_here(walk, path, old, new, kind):
        _visit_patched(walk, path, old, new)
        matches.seen.discard(both)  # what one of them is at its own place is not said with that
    elif id(new) in matches.standing:
        add_pair(walk, path, kind, old, new)  # `g = f` comes in the place of `def g`, and f stays
    elif is_foreign(walk, path, new):
        _pair_foreign(walk, path, kind, old, new)
    elif is_same_layer(walk, old, new, kind):
        add_pair(walk, path, kind, old, new)
        _visit_parts(walk, path, kind, old, new)
    else:
        _pair_layers(walk, path, kind, old, new)


def _goes_on(walk: Walk, old: Any) -> bool:
    """Whether a definition that was not made again is where it says it is."""
    home = qualified_name(old)
    if home is None or "<" in home:
        return True
    owner = walk.matches.owner_of(old)
    if home.partition(".")[0] in (owner or walk.before).unbound:
        return False  # it may have another name now
    # A package may say that it has defined what it imports: that is made elsewhere.
    said = owner is not None and owner.outline.imports((home.partition(".")[0],))
    return owner is None or (not said and place_of(owner.new, home, old) is not None)


def _are_two(walk: Walk, path: Path, old: Any, new: Any) -> bool:
    """Whether two definitions under one name are not one before and after; note the new one."""
    standing = walk.matches.standing
    if id(old) in standing and _goes_on(walk, old):
        # `handler = a` says `handler = b` now, and `a` goes on to be what it is.
        if id(new) not in standing:
            note_alone(walk.module, walk.module.added, path, new)
        return True
    if is_alias_no_more(walk, path, old, new) or is_nameless_instead(walk, path, old, new):
        note_alone(walk.module, walk.module.added, path, new)
        return True
    return has_left_another(walk, old, new) or are_others(walk, path, old, new)


def _visit_function(walk: Walk, path: Path, old: Any, new: FunctionType) -> bool:
    """Pair two functions without the questions that are asked of others, if they need none."""
    if is_another_function(walk, path, old, new):
        note_alone(walk.module, walk.module.added, path, new)
        note_alone(walk.before, walk.before.removed, path, old)
        return True
    if not is_same_function(walk, old, new):
        return False
    # What all the other questions come to for nearly every definition.
    add_pair(walk, path, FUNCTION, old, new)
    if new.__closure__ or new.__dict__ or has_lambdas(new):
        _visit_parts(walk, path, FUNCTION, old, new)
    return True


def visit_items(walk: Walk, path: Path, old: Any, new: Any) -> None:
    """Walk the containers that hold functions: tables of lambdas, registries in a closure."""
    if type(new) is dict:
        for before, key in same_keys(walk.matches.by_name, old, new):
            if leads_on(new[key]):
                visit(walk, (*path, f"[{text_of_key(key)}]"), old[before], new[key])
        for key in keys_without(walk.matches.by_name, old, new):
            _note_unregistered(walk, key, old[key])
    elif len(old) == len(new):
        for index, (before, after) in enumerate(zip(list(old), list(new))):
            # What both sides have by a name is found by that: others may have come before it here.
            if leads_on(after) and not any(
                is_on_both_sides(walk.before, walk.module, each) for each in (before, after)
            ):
                visit(walk, (*path, f"[{index}]"), before, after)


def _note_unregistered(walk: Walk, key: Any, function: Any) -> None:
    """Note that a function has gone that is in a table still; what is paired is taken out again."""
    module = walk.matches.owner_of(function) if type(function) is FunctionType else None
    if module is not None and module.bodies is None and "<" not in function.__qualname__:
        path = (*function.__qualname__.split("."), f"[{text_of_key(key)}]")
        module.removed[path] = function


def _visit_what_is_no_definition(walk: Walk, path: Path, old: Any, new: Any) -> None:
    """Note that a definition is gone; one whose place an imported class took becomes that."""
    if may_be_sentinel(walk.matches, old, new):
        _visit_instance(walk, path, old, new)
    for name, before, after in same_tables(walk.matches, old, new):
        visit_items(walk, (*path, f"<{name}>"), before, after)
    if not is_own_definition(walk.before, path, old):
        return
    if is_class(old) and is_class(new) and is_foreign(walk, path, new):
        add_pair(walk, path, CLASS, old, new, foreign=True)
        for step, part in CLASS.parts(old):
            # Who comes to the imported class has its methods; who holds one of these does not.
            note_alone(walk.before, walk.before.removed, (*path, step), part)
    else:
        walk.before.removed[path] = old


def _visit_instance(walk: Walk, path: Path, old: Any, new: Any) -> None:
    """Pair what is told by its identity alone: ``MISSING = _Missing()``."""
    if qualified_name(type(old)) != qualified_name(type(new)):
        return  # an instance of another class has come in its place
    # Its class may not be bound to its name: ``missing = type("Missing", (), {})()``.
    visit(walk, (*path, "<class>"), type(old), type(new))
    if is_same_sentinel(walk.matches, old, new):
        add_pair(walk, path, SENTINEL, old, new)
        _visit_parts(walk, path, SENTINEL, old, new)


def _pair_foreign(walk: Walk, path: Path, kind: Kind, old: Any, new: Any) -> None:
    scope = walk.module.outline.scopes.get(path[:-1])
    if len(path) > 1 and scope is not None and not scope.binds(path[-1]):
        # A metaclass has put it there: each enumeration has the __new__ of all.
        note_alone(walk.before, walk.before.removed, path, old)
    elif path == plain_path(path):
        add_pair(walk, path, kind, old, new, foreign=True)


def _visit_parts(walk: Walk, path: Path, kind: Kind, old: Any, new: Any) -> None:
    if kind is OBJECT:
        inner_old, inner_new = walk.old_function(path, old), walk.new_function(path, new)
        visit(walk, (*path, "<wrapped>"), inner_old, inner_new)
        return
    if kind is FUNCTION and not (new.__closure__ or new.__dict__ or has_lambdas(new)):
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
                gone = (*_path_before(walk, path, old), step)
                note_alone(walk.before, walk.before.removed, gone, part)
                pair = walk.matches.by_old.get(id(part))
                if pair is not None and qualified_name(part) == ".".join(gone):
                    pair.previous = gone  # `cls.made_by = cls.Maker` is the only name it has left
        _visit_bases(walk, path, old, new)


def _path_before(walk: Walk, path: Path, old: Any) -> Path:
    """Return the path of a definition in its own module, which it may have left."""
    home = qualified_name(old)
    own = home is not None and place_of(walk.before.old, home, old) is not None
    return tuple(str(home).split(".")) if own else path


def _visit_bases(walk: Walk, path: Path, old: type, new: type) -> None:
    """Walk the bases without a name of their own: ``class Point(namedtuple("Point", "x y"))``."""
    for index, (before, after) in enumerate(zip(bases_of(old), bases_of(new))):
        if before is after:
            continue
        own = walk.before.owns(before) and walk.module.owns(after)
        names = (qualified_name(before), qualified_name(after))
        if own and names == (".".join(path), ".".join(path)):
            visit(walk, (*path, f"<base {index}>"), before, after)


def _pair_layers(walk: Walk, path: Path, kind: Kind, old: Any, new: Any) -> None:
    """Pair a definition whose decoration or kind changed: the function inside, then the outside."""
    if len(path) == 1 and is_put_over(walk, path, old, new):
        walk.module.patched[path] = old
    inner_old, inner_new = walk.old_function(path, old), walk.new_function(path, new)
    if inner_new is None and is_lambda(new) and walk.module.owns(new):
        inner_new = new
    # Whoever holds the function of a method holds what Class.method gives, and that is the
    # function still when the method has become static or a property.
    inside = inner_old is not None and (inner_old is not old or kind in BINDING_KINDS)
    if inside and inner_new is not None:
        visit(walk, (*path, "<wrapped>"), inner_old, inner_new)
    add_pair(walk, path, kind, old, new)
    if kind is CLASS and is_class(old):
        _visit_parts(walk, path, kind, old, new)
    elif is_class(old):
        _pair_inside(walk, path, old, inner_new or class_inside(new))


def _pair_inside(walk: Walk, path: Path, old: type, inner: Any) -> None:
    """Pair a class with that around which something has come in its place."""
    owner, home = walk.matches.owner_of(inner), qualified_name(inner)
    if owner is None or home is None or not is_class(inner) or "<" in home:
        return
    names = tuple(home.split("."))
    pair_heir(Walk(walk.matches, walk.before, owner), names, old, inner, previous=path)


def _visit_patched(walk: Walk, path: Path, old: Any, new: Any) -> None:
    if is_member_first(walk.matches, new):
        return  # a number of a class that has become an enumeration
    if is_class(old) and is_class(new) and _has_moved_here(walk, old, new):
        add_pair(walk, path, CLASS, old, new)
        _visit_parts(walk, path, CLASS, old, new)
        return
    if len(path) == 1 and walk.module.owns(new):
        # The name was imported, and is a definition now; or somebody put something there.
        note_alone(walk.module, walk.module.added, path, new)
        if was_put_there(walk.before, path, old):
            walk.module.patched[path] = old
        return
    written = walk.module.owns(new) and is_made_for_class(walk.before, path, old)
    if written or is_generated(walk, path, old, new):
        add_pair(walk, path, FUNCTION, old, new)
        return
    sources = (walk.before.origin, walk.module.outline)
    if len(path) == 1:
        put_there = was_put_over_import(walk.before, walk.module, path, old)
    else:
        said = any(each is None or each.defines(path) for each in sources)
        put_there = said or not is_set_by_library(old)
    if put_there:
        walk.module.patched[path] = old
    original, inner = walk.old_function(path, old), walk.new_function(path, new)
    below = layer_below(walk, path, old, new) if original is not None else None
    original, inner = (below, new) if below is not None else (original, inner)
    if original is not None and inner is not None:
        visit(walk, (*path, "<wrapped>"), original, inner)


def _has_moved_here(walk: Walk, old: type, new: type) -> bool:
    """Whether a class has no place any more in the module that it was of, and is of this one."""
    home = walk.matches.owner_of(old)
    if home is None or home is walk.module or not walk.module.owns(new):
        return False
    name = str(qualified_name(old))
    if name.partition(".")[0] not in home.unbound:
        return False
    # This module may have imported the one, and have made another one of that name now.
    alike = new_classes_named(walk.matches, name)
    return len(alike) < 2 or imported_instead(walk.matches, old, alike) is new  # noqa: PLR2004


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


def pair_heir(walk: Walk, path: Path, old: type, new: type, previous: Path) -> None:
    """Pair a class that has become something else with that which its instances are of now."""
    matches = walk.matches
    if id(old) in matches.heirs or id(new) in matches.by_new or id(new) in matches.standing:
        return
    pair = Pair(path, CLASS, old, new, walk.module, walk.before, inside=True)
    pair.previous = previous if previous != path else ()
    matches.heirs[id(old)] = matches.by_new[id(new)] = pair
    matches.pairs.append(pair)
    _visit_parts(walk, path, CLASS, old, new)


def note_alone(module: Module, found: OwnDict[Path, Any], path: Path, definition: Any) -> None:
    """Note a definition that has no partner, and those inside it, if it is the module's own."""
    if is_own_definition(module, path, definition):
        found[path] = definition
        if is_class(definition):
            for step, part in CLASS.parts(definition):
                if module.owns(part):
                    deeper = (*path, step)
                    found[deeper] = part
