"""Who came back to the lists of those who decorate definitions, once the statements have run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from types import FunctionType
from typing import Any

from livepatch._code import same_but_for_names
from livepatch._dicts import has_plain_keys, identity_of, restore_places
from livepatch._enrolled import SAYS_LITTLE, Enrolled
from livepatch._entries import Entry, items_of, parts_of_item
from livepatch._frameworks import settle_promise
from livepatch._kinds import dict_of, is_plain_data, kind_of
from livepatch._made_of import Made, at_home
from livepatch._own import Call, OwnDict, OwnList
from livepatch._records import Records, functions_among, parts_of
from livepatch._registers import lead_to, registers_of_bases
from livepatch._scope import constant_shell
from livepatch._steps import Steps, exchanged

_Found = tuple[Entry, "Made | None", "list[tuple[Any, Any]]"]
"""An entry, the definition that was made again, and the keys and values that came for it."""


def see_who_came_back(
    enrolled: Enrolled,
    made: Mapping[str, Made],
    namespace: Mapping[str, Any],
    unsaid: Mapping[str, Collection[Any]],
    bound: Collection[str],
) -> None:
    """Put entries back whose definition was made again and that nobody entered again.

    Args:
        enrolled: what was struck off. What has come back stands where it was before.
        made: the definitions that were made again, by name, with their new code.
        namespace: the module's, as it is now.
        unsaid: the constants and objects that the old statement of each of these said and the new
            one does not: what stood under such a key has gone.
        bound: the globals that the statements that ran have bound.
    """
    made = {name: at_home(each, namespace) for name, each in made.items()}
    for name in made:
        settle_promise(namespace.get(name))
    renamed = _renamed(enrolled.entries, made, bound)
    successors: OwnDict[int, list[tuple[Any, Any]]] = OwnDict()
    # A class that keeps what derives from it may have been made again, with a list of its own.
    paths = {path for each in made.values() for path in each.bases}
    known = {id(entry.container) for entry in enrolled.entries}
    bases = (lead_to(namespace, path)[0] for path in paths)
    registers = (each for base in bases for each in registers_of_bases(base))
    others: list[Any] = OwnList(each for each in registers if id(each) not in known)
    found = _found_again(enrolled, made, renamed)
    by_program = _entered_by_program(found, unsaid)
    for entry, successor, came in found:
        container = entry.container
        if successor is None:
            # Another definition may have its place by now: it was renamed, say.
            if not isinstance(container, dict) or not dict.__contains__(container, entry.key):
                enrolled.gone.append(entry)
        elif id(entry) in by_program:
            _put_back_beside(entry, came)
        elif not came:
            wanted = dict.fromkeys(map(id, successor.codes), successor)
            said = unsaid.get(entry.made.name, ())
            if (
                _is_left(entry, successor, namespace)
                or any(_is_said(key, said) for key in entry.within)
                or (isinstance(container, dict) and _has_another_key(others, wanted, entry.key))
            ):
                enrolled.gone.append(entry)
            else:
                entry.put_back()()
        else:
            keys = ((entry.key, key) for key, _ in came)
            successors.setdefault(id(container), OwnList()).extend(keys)
            _take_place(enrolled, entry, successor, came)
    for container, keys_before in enrolled.orders:
        restore_places(container, keys_before, successors.get(id(container), OwnList()))


def _found_again(
    enrolled: Enrolled, made: Mapping[str, Made], renamed: Mapping[str, Made]
) -> list[_Found]:
    """Return the entries, each with the definition that was made again, and what came of it."""
    records = Records()
    found: list[_Found] = OwnList()
    for entry in enrolled.entries:
        successor = made.get(entry.made.name) or renamed.get(entry.made.name)
        came: list[tuple[Any, Any]] = OwnList()
        if successor is not None:
            wanted = dict.fromkeys(map(id, successor.codes), successor)
            came += _came_for(entry, records, wanted, enrolled.standing[id(entry.container)])
            # Or in what has been there before.
            came += () if came else _came_for(entry, Records(), wanted, ())
        found.append((entry, successor, came))
    return found


def _take_place(
    enrolled: Enrolled, entry: Entry, successor: Made, came: list[tuple[Any, Any]]
) -> None:
    """Note what came in the place of an entry; in a list it has that place."""
    container = entry.container
    enrolled.came += _what_came(entry, came[0][1], successor)
    if isinstance(container, dict) and not dict.__contains__(container, entry.key):
        enrolled.gone.append(entry)
        enrolled.moved += (OwnList((container, *each)) for each in came)
    if type(container) is list and len(came) == 1 and came[0][0] > entry.key:
        container.insert(entry.key, container.pop(came[0][0]))


def _put_back_beside(entry: Entry, came: list[tuple[Any, Any]]) -> None:
    """Put back what the program has entered itself, where a statement has entered another."""
    value = came[0][1]
    are_definitions = all(kind_of(each) is not None for each in (entry.value, value))
    if type(entry.container) is list and are_definitions:
        entry.container.insert(entry.key, value)  # a second time: it is no repetition of the first
    else:
        entry.put_back()()


def _entered_by_program(found: list[_Found], unsaid: Mapping[str, Collection[Any]]) -> set[int]:
    """Return the ids of the entries of which the statements made fewer anew than there were.

    What says the same as one that came is that, and what says a constant that the statement says no
    more has gone; another one the program has entered itself: ``scheduler.at(1, clean)``.
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
        waiting = Counter(_constants_of(key, value) for key, value in came)
        gone, others = {("text", name), *unsaid.get(name, ())}, list[Entry]()
        for entry in (found[number][0] for number in numbers):
            said = _constants_of(entry.key, entry.value)
            if waiting[said] > 0:
                waiting[said] -= 1
            elif said.isdisjoint(gone):
                others.append(entry)
        # The first ones were there when the module had been imported.
        replaced = max(len(came) - (len(numbers) - len(others)), 0)
        kept.update(map(id, others[replaced:]))
    return kept


def _constants_of(key: Any, value: Any) -> frozenset[Any]:
    """Return what an entry says: the constants in it, and the text it stands under."""
    parts = (*parts_of(value), key) if type(key) is str else parts_of(value)
    return frozenset(constant_shell(part, set()) for part in parts if is_plain_data(part))


def _is_left(entry: Entry, successor: Made, namespace: Mapping[str, Any]) -> bool:
    """Whether who had an entry is there, and decorates or bears the definition no more."""
    here = successor.decorators | successor.bases
    return bool(entry.ways) and all(
        way not in here and namespace.get(way[0]) is not None for way in entry.ways
    )


def _is_said(key: Any, said: Collection[Any]) -> bool:
    return constant_shell(key, set()) in said or ("object", id(key)) in said


def _came_for(
    entry: Entry, records: Records, wanted: Mapping[int, Made], standing: Collection[int]
) -> list[tuple[Any, Any]]:
    """List what came in place of an entry, with its keys.

    Args:
        entry: what was struck off.
        records: what has been looked into.
        wanted: the definition that was made again, by its codes.
        standing: the ids of values that are not looked into.
    """
    return [
        (key, value)
        for key, value in items_of(entry.container)
        if _is_noted_again(entry, key, value)
        or records.made_in_one(
            (
                part
                for part in parts_of_item(entry.container, key, value)
                if id(part) not in standing and part is not entry.value and part is not entry.key
            ),
            wanted,
        )
        is not None
    ]


def _is_noted_again(entry: Entry, key: Any, value: Any) -> bool:
    """Whether the name of a definition stands again where no more than that stood."""
    noted = key if isinstance(entry.container, dict) else value
    said = entry.key if isinstance(entry.container, dict) else entry.value
    return type(entry.value) in SAYS_LITTLE and type(noted) is str and noted == said


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


def _has_another_key(registers: list[Any], wanted: Mapping[int, Made], key: Any) -> bool:
    """Whether a definition is in the dicts that were made anew, and not under the key it had."""
    records = Records()
    keys = [
        each
        for register in registers
        if isinstance(register, dict)
        for each, value in items_of(register)
        if records.made_in_one(parts_of_item(register, each, value), wanted) is not None
    ]
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
        for function in functions_among(parts_of(each))
        if id(function.__code__) in codes
    )
    if len(inside) == len(pair):
        yield f"{made.name}.<entered>.<wrapped>", inside
        if isinstance(entry.container, dict) and None not in map(dict_of, pair):
            yield f"{made.name}.<entered>", pair


def steps_for_moved(enrolled: Enrolled, survivors: Mapping[int, Any]) -> Steps:
    """Return the steps for what came under another key: done already, and to be taken back.

    Args:
        enrolled: what was struck off.
        survivors: what stands for the losers, by the id of each.
    """
    steps = Steps()
    stayed = _keys_that_stayed(enrolled, survivors)
    for container, key, value in enrolled.moved:
        settled = exchanged(key, survivors)
        if (id(container), identity_of(settled)) not in stayed:
            do = Call(dict.__setitem__, container, settled, survivors.get(id(value), value))
            steps.add(do, Call(dict.pop, container, settled, None))
    return steps


def steps_for_gone(enrolled: Enrolled, survivors: Mapping[int, Any]) -> Steps:
    """Return the steps for what is struck off for good: done already, and to be taken back.

    Args:
        enrolled: what was struck off.
        survivors: what stands for the losers, by the id of each.
    """
    steps = Steps()
    stayed = _keys_that_stayed(enrolled, survivors)
    gone = [
        entry
        for entry in enrolled.gone
        if (id(entry.container), identity_of(exchanged(entry.key, survivors))) not in stayed
    ]
    changed = {id(entry.container) for entry in gone}
    for container, keys_before in enrolled.orders:
        if id(container) in changed and has_plain_keys(keys_before):
            # Taken back last, when all are there again.
            steps.add(Call(bool), Call(restore_places, container, keys_before, ()))
    for entry in reversed(gone):
        steps.add(entry.strike_off(), entry.put_back())
    if gone:
        steps.extend(enrolled.steps)
    return steps


def _keys_that_stayed(enrolled: Enrolled, survivors: Mapping[int, Any]) -> set[tuple[int, Any]]:
    """Return the keys under which something came that are the old ones: classes made again."""
    came = {
        (id(container), identity_of(exchanged(key, survivors)))
        for container, key, _ in enrolled.moved
    }
    went = {
        (id(entry.container), identity_of(exchanged(entry.key, survivors)))
        for entry in enrolled.gone
    }
    return came & went
