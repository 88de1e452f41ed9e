"""Who came back to the lists of those who decorate definitions, once the statements have run."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import cache, partial
from itertools import chain
from operator import itemgetter
from types import FunctionType
from typing import Any

from livepatch._load.dealt import Found, constants_of, dealt
from livepatch._python.code import same_but_for_names
from livepatch._python.kinds import dict_of, is_plain_data, kind_of
from livepatch._python.own import OwnDict, OwnList
from livepatch._registers.enrolled import Enrolled
from livepatch._registers.entries import Entry
from livepatch._registers.frameworks import settle_promise
from livepatch._registers.item_index import ItemIndex, says_name
from livepatch._registers.records import Records, functions_among, is_container, leaves_of, parts_of
from livepatch._registers.registers import (
    filled_by_bases,
    filled_by_decorator,
    lead_to,
    registers_of_bases,
    sorts,
)
from livepatch._select.selection import Selection
from livepatch._source.scope import constant_shell
from livepatch._statements.made_of import Made, at_home
from livepatch._steps.dicts import restore_places
from livepatch._steps.items import restore_items

_Said = Mapping[str, frozenset[Any]]


def see_who_came_back(
    enrolled: Enrolled, selection: Selection, namespace: Mapping[str, Any]
) -> None:
    """Put entries back whose definition was made again and that nobody entered again.

    Args:
        enrolled: what was struck off. What has come back stands where it was before.
        selection: the statements that ran. What stood under a constant that a statement said and
            says no more has gone.
        namespace: the module's, as it is now.
    """
    said = selection.said, selection.says
    made = {name: at_home(each, namespace) for name, each in selection.entered.items()}
    for name in made:
        settle_promise(namespace.get(name))
    renamed = _renamed(enrolled.entries, made, selection.names)
    names = {name: each.name for name, each in renamed.items()}
    unsaid = {name: has - said[1].get(names.get(name, name), has) for name, has in said[0].items()}
    successors: OwnDict[int, list[tuple[Any, Any]]] = OwnDict()
    # A class that keeps what derives from it may have been made again, with a list of its own.
    paths = {path for each in made.values() for path in each.bases}
    known = {id(entry.container) for entry in enrolled.entries}
    bases = (lead_to(namespace, path)[0] for path in paths)
    registers = (each for base in bases for each in registers_of_bases(base))
    dicts = OwnList(each for each in registers if issubclass(type(each), dict))
    dicts[:] = [each for each in dicts if id(each) not in known]
    others: Callable[[], list[ItemIndex]] = cache(partial(_indexes_of, dicts))
    found = _found_again(enrolled, made, renamed)
    by_program = _entered_by_program(found, unsaid, selection.fewer)
    several = {name for name, each in made.items() if each.codes[1:]}.union(selection.fewer)
    for entry, successor, came in dealt(found, by_program):
        container = entry.container
        # Another definition may have its place by now: it was renamed, say.
        is_dict = isinstance(container, dict)
        is_taken = is_dict and dict.__contains__(container, entry.key)
        if successor is None:
            enrolled.gone += () if is_taken else (entry,)
        elif id(entry) in by_program:
            following = successors.setdefault(id(container), OwnList())
            following.extend(_put_back_beside(entry, came))
        elif not came and not is_taken:
            gone = unsaid.get(entry.made.name, ())
            if (
                _is_left(entry, successor, namespace, selection.before)
                or (
                    (gone or _says_more(said, entry.made.name, successor.name))
                    and _is_filled(entry, namespace)
                )
                or any(_is_said(key, gone) for key in entry.within)
                or (
                    isinstance(container, dict) and _has_another_key(others(), successor, entry.key)
                )
            ):
                enrolled.gone.append(entry)
            else:
                entry.put_back()()
        elif came:
            _take_place(enrolled, entry, successor, came)
            if isinstance(container, list) and successor.name in several:
                # Only the last one of the name is paired by that.
                enrolled.replaced.append(OwnList((container, entry.key, entry.value, came[0][1])))
            successors.setdefault(id(container), OwnList()).extend(_following(entry, came))
    _give_places_back(enrolled, successors, namespace)


def _give_places_back(
    enrolled: Enrolled,
    successors: Mapping[int, list[tuple[Any, Any]]],
    namespace: Mapping[str, Any],
) -> None:
    """Bring containers into the order they had, with what came in the places of what it came for.

    Args:
        enrolled: what was struck off.
        successors: by the ids of dicts the keys, each with one that came in its place; by those of
            lists the values, each with a list of what came.
        namespace: the module's, with who sees to the order of a list.
    """
    ways = {way for entry in enrolled.entries for way in entry.ways}
    sorted_by = {way for way in ways if sorts(*lead_to(namespace, way))}
    are_sorted = {id(each.container) for each in enrolled.entries if each.ways & sorted_by}
    for container, former in enrolled.orders:
        following = successors.get(id(container), OwnList())
        if isinstance(container, dict):
            restore_places(container, former, following)
        elif isinstance(container, (list, deque)) and id(container) not in are_sorted:
            restore_items(container, former, following)


def _found_again(
    enrolled: Enrolled, made: Mapping[str, Made], renamed: Mapping[str, Made]
) -> list[Found]:
    """Return the entries, each with the definition that was made again, and what came of it."""
    records = Records()
    indexes: OwnDict[tuple[int, bool, bool], ItemIndex] = OwnDict()

    def index_of(entry: Entry, *, is_new: bool) -> ItemIndex:
        key = id(entry.container), is_container(entry.value), is_new
        if key not in indexes:
            skipped = enrolled.standing[id(entry.container)] if is_new else ()
            indexes[key] = ItemIndex(entry.container, records, skipped, with_leaves=key[1])
        return indexes[key]

    found: list[Found] = OwnList()
    for entry in enrolled.entries:
        successor = made.get(entry.made.name) or renamed.get(entry.made.name)
        came: list[tuple[Any, Any]] = OwnList()
        if successor is not None:
            came += _came_for(entry, successor, index_of(entry, is_new=True))
            # Or in what has been there before.
            came += () if came else _came_for(entry, successor, index_of(entry, is_new=False))
        found.append((entry, successor, came))
    return found


def _take_place(
    enrolled: Enrolled, entry: Entry, successor: Made, came: list[tuple[Any, Any]]
) -> None:
    """Note what came in the place of an entry."""
    container, there = entry.container, [value for key, value in came if key == entry.key]
    enrolled.came += _what_came(entry, came[0][1], successor)
    new = there[0] if isinstance(container, dict) and there else came[0][1]
    codes = {id(code) for each in (entry.made, successor) for code in each.codes}
    is_exchanged = _is_exchanged(container, entry.value, new, codes)
    if is_exchanged and (there or not isinstance(container, dict)):
        enrolled.replaced.append(OwnList((container, entry.key, entry.value, new)))
    if isinstance(container, dict) and not dict.__contains__(container, entry.key):
        enrolled.gone.append(entry)
        enrolled.moved += (OwnList((container, *each)) for each in came)


def _is_exchanged(container: Any, old: Any, new: Any, codes: Collection[int]) -> bool:
    """Whether what a decorator has entered is another thing now: no definition that goes on.

    Two objects in a dict are taken for one, see `_what_came`.

    Args:
        container: where it is.
        old: what was there.
        new: what is there.
        codes: the ids of the codes of the definition, old and new.
    """
    if type(old) is type(new) is FunctionType:
        # What was made around it: `REGISTER.append(lambda: view())`.
        return id(old.__code__) not in codes and id(new.__code__) not in codes
    if type(old) is type(new) is partial:
        return True  # with other arguments: `REGISTER.append(partial(view, path))`
    if kind_of(old) is not None or kind_of(new) is not None:
        return False
    return not isinstance(container, dict) or None in map(dict_of, (old, new))


def _put_back_beside(entry: Entry, came: list[tuple[Any, Any]]) -> Iterator[tuple[Any, Any]]:
    """Put back what the program has entered itself, where a statement has entered another.

    Yields:
        The entry with what has come, if that stands there a second time: it is no repetition.
    """
    value = came[0][1]
    are_definitions = all(kind_of(each) is not None for each in (entry.value, value))
    if type(entry.container) is list and are_definitions:
        entry.container.insert(entry.key, value)
        yield entry.value, OwnList([value])
    else:
        entry.put_back()()


def _following(entry: Entry, came: list[tuple[Any, Any]]) -> Iterator[tuple[Any, Any]]:
    """Yield what tells an entry from others, with what tells those that came in its place."""
    if isinstance(entry.container, dict):
        yield from ((entry.key, key) for key, _ in came)
    else:
        is_list = isinstance(entry.container, (list, deque))
        in_order = sorted(came, key=itemgetter(0)) if is_list else came
        yield entry.value, OwnList(value for _, value in in_order)


def _entered_by_program(
    found: list[Found], unsaid: Mapping[str, Collection[Any]], fewer: Mapping[str, int]
) -> set[int]:
    """Return the ids of the entries of which the statements made fewer anew than there were.

    What says the same as one that came is that, and what says a constant that the statement says no
    more has gone; so has one for each definition of the name that has. Another one the program has
    entered itself: ``scheduler.at(1, clean)``.
    """
    groups: dict[tuple[int, str], list[int]] = {}
    for number, (entry, _, came) in enumerate(found):
        if came:
            groups.setdefault((id(entry.container), entry.made.name), []).append(number)
    kept: set[int] = set()
    for (_, name), numbers in groups.items():
        came = found[numbers[0]][2]
        if len(came) >= len(numbers):
            continue  # nearly always
        waiting = Counter(constants_of(key, value) for key, value in came)
        gone, others = {("text", name), *unsaid.get(name, ())}, list[Entry]()
        for entry in (found[number][0] for number in numbers):
            said = constants_of(entry.key, entry.value)
            if waiting[said] > 0:
                waiting[said] -= 1
            elif said.isdisjoint(gone) and not _is_said_in_key(entry, gone):
                others.append(entry)
        # The first ones were there when the module had been imported.
        replaced = max(len(came) - (len(numbers) - len(others)), 0)
        kept.update(map(id, others[replaced + fewer.get(name, 0) :]))
    return kept


def _is_left(
    entry: Entry, successor: Made, namespace: Mapping[str, Any], before: Collection[str]
) -> bool:
    """Whether who had an entry is there, and decorates or bears the definition no more.

    It may have another name: that is new, and all behind it is the same.
    """
    here = successor.decorators | successor.bases
    renamed = {path[1:] for path in here if path[0] not in before}
    return bool(entry.ways) and all(
        way not in here and namespace.get(way[0]) is not None and way[1:] not in renamed
        for way in entry.ways
    )


def _says_more(said: tuple[_Said, _Said], name: str, new_name: str) -> bool:
    """Whether the statement of a definition says constants or objects that it did not say."""
    return bool(said[1].get(new_name, frozenset()) - said[0].get(name, frozenset()))


def _is_filled(entry: Entry, namespace: Mapping[str, Any]) -> bool:
    """Whether who decorates or bears a definition puts something into the container of an entry.

    It ran again, and has left the definition out: ``class Tab(Plugin, register=False)``.
    """
    led = [lead_to(namespace, way) for way in entry.ways]
    filled = [
        *(filled_by_decorator(*each) for each in led),
        *(filled_by_bases(each[0]) for each in led),
    ]
    return any(entry.container is each for each in chain.from_iterable(filled))


def _is_said_in_key(entry: Entry, said: Collection[Any]) -> bool:
    """Whether a dict has an entry under what is said: ``E[KeyError]``, ``E[404, "get"]``."""
    keys = entry.key if type(entry.key) is tuple else (entry.key,)
    return isinstance(entry.container, dict) and any(_is_said(each, said) for each in keys)


def _is_said(key: Any, said: Collection[Any]) -> bool:
    return constant_shell(key, set()) in said or ("object", id(key)) in said


def _came_for(entry: Entry, successor: Made, index: ItemIndex) -> list[tuple[Any, Any]]:
    """List what came in place of an entry, with its keys.

    Args:
        entry: what was struck off.
        successor: the definition that was made again.
        index: what is in the container of the entry.
    """
    # The name stands again where no more than that stood.
    stood = says_name(entry.made, entry.container, entry.key, entry.value)
    return index.items_with(successor, (entry.value, entry.key), by_name=stood)


def _renamed(
    entries: Collection[Entry], made: Mapping[str, Made], bound: Collection[str]
) -> dict[str, Made]:
    """Return what was made of definitions that are called otherwise now, by their old names."""
    before = {entry.made.name: entry.made for entry in entries}
    partners = {
        name: [
            each for each in made.values() if each.name not in before and _says_the_same(old, each)
        ]
        for name, old in before.items()
        if name not in made and name not in bound
    }
    claimed = [each.name for found in partners.values() for each in found]
    return {
        name: found[0]
        for name, found in partners.items()
        if len(found) == 1 and claimed.count(found[0].name) == 1
    }


def _says_the_same(old: Made, new: Made) -> bool:
    names = old.name, new.name
    return len(old.codes) == len(new.codes) and all(
        same_but_for_names(before, after, names) for before, after in zip(old.codes, new.codes)
    )


def _indexes_of(containers: list[Any]) -> list[ItemIndex]:
    records = Records()
    return OwnList(ItemIndex(each, records, (), with_leaves=False) for each in containers)


def _has_another_key(registers: list[ItemIndex], made: Made, key: Any) -> bool:
    """Whether a definition is in the dicts that were made anew, and not under the key it had."""
    found = (each.items_with(made, (), by_name=False) for each in registers)
    keys = [each for items in found for each, _ in items]
    # Of a class that is made again it is told later whether it is the key.
    return is_plain_data(key) and all(is_plain_data(each) and each != key for each in keys or [key])


def _what_came(entry: Entry, value: Any, made: Made) -> Iterator[tuple[str, OwnList[Any]]]:
    """Yield what an entry was and is now, and the functions inside, unless it is one."""
    pair = OwnList((entry.value, value))
    if any(type(each) is FunctionType for each in pair):
        return
    codes = {id(code) for each in (entry.made, made) for code in each.codes}
    inside = OwnList(
        function
        for each in pair
        for function in functions_among(leaves_of(each) if is_container(each) else parts_of(each))
        if id(function.__code__) in codes
    )
    if len(inside) == len(pair):
        yield f"{made.name}.<entered>.<wrapped>", inside
        if isinstance(entry.container, dict) and None not in map(dict_of, pair):
            yield f"{made.name}.<entered>", pair
