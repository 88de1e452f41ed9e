"""Stage 5: what the load entered into a container whose live one stays.

``registry = {}`` in a class says the same as before, so the live registry stays, with what others
have entered. What the new source enters, in statements behind the class or as classes are made, is
in the registry that the load made, and is entered into the live one here.
"""

from __future__ import annotations

import collections
import types
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from livepatch._match.module import Module, Path
from livepatch._match.pairs import Matches, Pair
from livepatch._python.constants import CONSTANTS, same_value
from livepatch._python.kinds import class_attributes, is_class, kind_of, mro_of, qualified_name
from livepatch._python.own import MISSING, Call, OwnDict, OwnList
from livepatch._registers.records import is_container, leaves_of
from livepatch._registers.registers import registers_of_bases
from livepatch._source.outline import Outline
from livepatch._statements.asked import texts_in
from livepatch._steps.class_attributes import find_attribute
from livepatch._steps.dicts import has_plain_keys, kind_of_dict, restore_places
from livepatch._steps.items import exchange_items, insert_items, remove_items
from livepatch._steps.steps import Steps, is_in_force

MAPPINGS = (dict, collections.defaultdict, collections.OrderedDict)
KINDS = (*MAPPINGS, list, set)
# What a statement calls that makes an empty container.
_MAKERS = frozenset({"dict", "list", "set", "defaultdict", "OrderedDict", "collections"})
_SAYING = ("constant", "text", "code", "type parameters")
_DEEPEST = 8


def is_filled_by_load(module: Module, path: Path, made: Any) -> bool:
    """Whether a class attribute is a container that is empty as its statement makes it."""
    if type(made) not in KINDS or not made:
        return False
    scope = module.outline.scopes.get(path[:-1])
    shells = scope.shells.get(path[-1], ()) if scope is not None else ()
    return len(shells) == 1 and shells[0].loads <= _MAKERS and not any(
        type(part) is tuple and part[0] in _SAYING for part in shells[0].fingerprint
    )  # fmt: skip


def gone_entries(pair: Pair, live: Any, made: Any) -> list[str]:
    """List the texts in a container that stays which the earlier source alone has entered there.

    Args:
        pair: the class that has the container.
        live: the container.
        made: the one that the load made.
    """
    origin = pair.before.origin
    if type(live) not in KINDS or origin is None:
        return []
    there = {each for each in made if type(each) is str}
    more = [each for each in live if type(each) is str and each not in there]
    said = [_texts_said(each, pair) for each in (origin, pair.module.outline) if more]
    return [each for each in more if each in said[0] - said[1]]


def _texts_said(source: Outline, pair: Pair) -> set[str]:
    """Return the texts in the statements of a module, and of the class itself."""
    scopes = (source.scopes.get(path) for path in ((), pair.path))
    return {text for each in scopes if each is not None for text in texts_in(each.code.co_consts)}


def left_entries(
    matches: Matches, owner: Pair, live: Any, made: Any, *, filled: bool
) -> OwnList[Any]:
    """List the entries in a container of a class that stays which the new source does not make.

    That is known of a definition which it enters under another key, one that was not there before;
    and of a class that derives from the container's owner no more, or has gone where that enters
    it. Another entry that the load did not make may be one of the program's.

    Args:
        matches: the definitions.
        owner: the class that has the container.
        live: the container.
        made: the one that the load made; of the same type.
        filled: whether what is in that one is entered into the live one.

    Returns:
        The keys in a dict, else the entries.
    """
    keys: OwnDict[int, list[Any]] = OwnDict()
    if filled and type(made) is dict:
        for key, value in made.items():
            keys.setdefault(id(value), OwnList()).append(key)
    entries = (live, made) if filled and type(made) is list else ((), ())
    records = OwnList(map(_records_in, entries))
    gone = _gone_below(matches, owner, live)
    left: OwnList[Any] = OwnList()
    for key, value in live.items() if type(live) is dict else zip(live, live):
        definition = _defined_in(value) if type(live) is list else value
        if id(definition) in gone:
            left.append(key)  # it has no pair
        pair = matches.by_old.get(id(definition))
        if pair is None:
            continue
        again = keys.get(id(pair.new), ())
        if (
            _derives_no_more(owner, pair)
            or (
                type(key) in ATOMS
                and again
                and all(type(each) in ATOMS and each not in live for each in again)
            )
            or (is_container(value) and _says_otherwise(pair, *records))
        ):
            left.append(key)
    return left


def _defined_in(value: Any) -> Any:
    """Return the definition that is in a record, ``(key, cls)``; of a group of several nothing."""
    if not is_container(value):
        return value
    found = OwnList(each for each in leaves_of(value) if kind_of(each) is not None)
    return found[0] if len(found) == 1 else MISSING


def _records_in(entries: Iterable[Any]) -> OwnDict[int, list[Any]]:
    """Return what is in records, ``(key, cls)``, of each of them, by the ids of what is there."""
    records: OwnDict[int, list[Any]] = OwnDict()
    for leaves in map(leaves_of, filter(is_container, entries)):
        for leaf in leaves:
            records.setdefault(id(leaf), OwnList()).append(leaves)
    return records


def _says_otherwise(
    pair: Pair, before: Mapping[int, list[Any]], again: Mapping[int, list[Any]]
) -> bool:
    """Whether the new source enters a definition, and nowhere with what it has beside it."""
    came = again.get(id(pair.new), ())
    return bool(came) and not any(
        len(old) == len(new) and all(map(partial(_is_same_in, pair), old, new))
        for old in before.get(id(pair.old), ())
        for new in came
    )


def _is_same_in(pair: Pair, old: Any, new: Any) -> bool:
    return (old is pair.old and new is pair.new) or same_value(old, new)


def strike(settle: Callable[[Any], Any], live: Any, left: OwnList[Any]) -> Steps:
    """Return the steps that take entries out of a container; see `left_entries`."""
    steps = Steps()
    if type(live) is dict:
        order: OwnList[Any] = OwnList(live if has_plain_keys(live) else ())
        for key in left:
            back = Call(_enter_at, live, order, key, settle(live[key]))
            steps.add(Call(kind_of_dict(live).pop, live, key, None), back)
    elif type(live) is list:
        gone = set(map(id, left))
        places = [place for place, each in enumerate(live) if id(each) in gone]
        items: OwnList[Any] = OwnList(settle(live[place]) for place in places)
        steps.add(Call(remove_items, live, items), Call(insert_items, live, places, items))
    else:
        for each in map(settle, left):
            steps.add(Call(set.discard, live, each), Call(set.add, live, each))
    return steps


def _enter_at(live: dict[Any, Any], order: list[Any], key: Any, value: Any) -> None:
    kind_of_dict(live).__setitem__(live, key, value)
    restore_places(live, order, ())


def _gone_below(matches: Matches, owner: Pair, live: Any) -> set[int]:
    """Return the ids of the classes below one that have gone from the source, if those enter it."""
    removed = (each for module in matches.modules for each in module.removed.values())
    gone = {id(each) for each in removed if is_class(each) and _is_below(each, owner.old)}
    enters = gone and any(each is live for each in registers_of_bases(owner.old))
    return gone if enters else set()


def _derives_no_more(owner: Pair, pair: Pair) -> bool:
    if not (is_class(pair.old) and is_class(pair.new)) or pair.old is owner.old:
        return False
    return _is_below(pair.old, owner.old) and not _is_below(pair.new, owner.new)


def _is_below(cls: type, base: type) -> bool:
    return any(each is base for each in mro_of(cls))


ATOMS = (int, str, bytes, bool)


def enter(
    settle: Callable[[Any], Any],
    live: Any,
    made: Any,
    takes: Callable[[Any], bool] = lambda _: True,
    left: Collection[Any] = (),
) -> Steps:
    """Return the steps that enter into a live container what the load entered into another.

    What the load did not enter stays. Where both have something for one key, the new code's counts,
    unless it is a class and the live one of its subclasses, which are made later. Of two objects of
    one class in lists the new one counts as well.

    Args:
        settle: returns what will stand for an object.
        live: the container that stays.
        made: the one that the load made; of the same type.
        takes: whether a value is to be entered.
        left: what is taken out of a list before.
    """
    entry = _Entry(settle, takes, left)
    entry.enter(live, made, _DEEPEST)
    return entry.steps


@dataclass(slots=True, eq=False)
class _Entry:
    settle: Callable[[Any], Any]
    takes: Callable[[Any], bool]
    left: Collection[Any] = ()
    steps: Steps = field(default_factory=Steps)

    def enter(self, live: Any, made: Any, depth: int) -> None:
        if issubclass(type(live), dict):
            self._enter_items(live, made, depth)
        elif type(live) is list:
            self._enter_in_list(live, made)
        else:
            present = set(map(self._key_of, live))
            news = OwnList(self.settle(each) for each in made if self._key_of(each) not in present)
            if news:
                self.steps.add(
                    Call(set.update, live, news), Call(set.difference_update, live, news)
                )

    def _key_of(self, key: Any) -> Any:
        """Return what a key will be, or (with MISSING) who it is if its hash is of user's code."""
        settled = self.settle(key)
        if type(settled) is tuple:
            return tuple(map(self._key_of, settled))
        hash_of: Any = find_attribute(type(settled), "__hash__")
        plain = type(settled) in _PLAIN_KEYS or hash_of is _HASH_OF_CLASSES
        return settled if plain else (MISSING, id(settled))

    def _enter_items(self, live: dict[Any, Any], made: dict[Any, Any], depth: int) -> None:
        before = {self._key_of(key): key for key in list(live)}
        kind: Any = next(each for each in type(live).__mro__ if each in KINDS)
        for key, value in list(made.items()):
            if not self.takes(value):
                continue
            place = self._key_of(key)
            settled = self.settle(value)
            if place not in before:
                key = self.settle(key)  # noqa: PLW2901 - what it will be
                self.steps.add(
                    Call(kind.__setitem__, live, key, settled), Call(kind.pop, live, key, None)
                )
                continue
            old = live[before[place]]
            if self.settle(old) is settled or same_value(old, settled):
                continue
            if took_the_place(self.settle, old, settled):
                continue
            if depth and type(old) is type(value) and type(value) in KINDS:
                self.enter(old, value, depth - 1)
                continue
            key = self.settle(before[place])  # noqa: PLW2901 - as above
            self.steps.add(
                Call(kind.__setitem__, live, key, settled),
                Call(kind.__setitem__, live, key, self.settle(old)),
            )

    def _enter_in_list(self, live: list[Any], made: list[Any]) -> None:
        gone = set(map(id, self.left))
        waiting = OwnList(self.settle(each) for each in live if id(each) not in gone)
        numbers = list(range(len(waiting)))
        end = len(waiting)
        again = set(map(id, map(self.settle, made)))
        olds, news = OwnList[Any](), OwnList[Any]()
        # What comes stands behind what it stands behind in the new source; the last at the end.
        ahead: OwnList[Any] = OwnList()
        coming: dict[int, OwnList[Any]] = {}
        behind: int | None = None
        for value in map(self.settle, filter(self.takes, made)):
            place = self._place_of(value, waiting, again)
            if place is None:
                ahead.append(value)
                continue
            if waiting[place] is not value and not same_value(waiting[place], value):
                olds.append(waiting[place])
                news.append(value)
            if ahead:
                coming.setdefault(numbers[place] if behind is None else behind, OwnList()).extend(
                    ahead
                )
                ahead = OwnList()
            behind = numbers[place] + 1
            del waiting[place], numbers[place]
        if olds:
            self.steps.add(
                Call(exchange_items, live, olds, news), Call(exchange_items, live, news, olds)
            )
        coming.setdefault(end, OwnList()).extend(ahead)
        more, places = OwnList[Any](), list[int]()
        for number in sorted(coming):
            places += range(number + len(more), number + len(more) + len(coming[number]))
            more += coming[number]
        if more:
            self.steps.add(Call(insert_items, live, places, more), Call(remove_items, live, more))

    def _place_of(self, value: Any, waiting: list[Any], again: set[int]) -> int | None:
        """Return where a value is in a list, or else where another one of its class is.

        Of a class that no name leads to, `dataclass(slots=True)` makes the one with the name of it,
        where the earlier one is, which does not come again.
        """
        for place, each in enumerate(waiting):
            if each is value or same_value(each, value):
                return place
        if is_class(value):
            return next(
                (
                    at
                    for at, each in enumerate(waiting)
                    if is_class(each) and id(each) not in again and _are_namesakes(each, value)
                ),
                None,
            )
        if kind_of(value) is not None or type(value) in CONSTANTS:
            return None
        wanted = self.settle(type(value))
        alike = (at for at, each in enumerate(waiting) if self.settle(type(each)) is wanted)
        return next(alike, None)


def _are_namesakes(one: type, other: type) -> bool:
    homes = (class_attributes(each).get("__module__") for each in (one, other))
    return qualified_name(one) == qualified_name(other) and same_value(*homes)


def took_the_place(settle: Callable[[Any], Any], old: Any, new: Any) -> bool:
    """Tell whether a class was entered later than its base, under the key that it inherits."""
    return is_class(old) and any(settle(base) is new for base in mro_of(old)[1:])


_HASH_OF_CLASSES = object.__hash__  # that of what has none of its own
_PLAIN_KEYS = (
    *(int, float, bool, str, bytes, complex, type(None), type(...)),
    types.FunctionType,
    types.BuiltinFunctionType,
    types.ModuleType,
)


def take_back(entered: Steps, settle: Callable[[Any], Any]) -> Steps:
    """Return the steps that take out again what was entered, where it is still there."""
    steps = Steps()
    for do, undo in zip(reversed(entered.do), reversed(entered.undo)):
        if is_in_force(do):
            steps.add(_settled(undo, settle), _settled(do, settle))
    return steps


def _settled(call: Call, settle: Callable[[Any], Any]) -> Call:
    arguments = (
        OwnList(map(settle, each)) if type(each) is OwnList else settle(each)
        for each in call.args[1:]
    )
    return Call(call.func, call.args[0], *arguments)
