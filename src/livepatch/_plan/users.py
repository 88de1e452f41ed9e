"""What the statements of a module make, and what each of them may have read to make it."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from types import CodeType
from typing import Any

from livepatch._needs.differences import MAKERS
from livepatch._python.code import codes_in, names_within, nested_codes
from livepatch._python.constants import may_hold_state
from livepatch._python.kinds import kind_of
from livepatch._python.opcodes import JUMPS, NAMED, OP
from livepatch._source.bodies import is_function_code
from livepatch._source.by_text import ASKS_BY_TEXT, RUNS_TEXTS, names_in_text, statements_in
from livepatch._source.outline import Outline
from livepatch._source.scope import ANNOTATIONS, CLASS_ANNOTATING_NAMES, LAMBDA, REST, RUN_AT_ONCE
from livepatch._source.shell import Shell

Path = tuple[str, ...]
_LOAD_NAME, _POP_TOP = OP["LOAD_NAME"], OP["POP_TOP"]
_CALLS = frozenset(place for name, place in OP.items() if name.startswith("CALL"))
_STORES_INSIDE = (OP["STORE_SUBSCR"], OP["STORE_ATTR"])
_TEXTS = ("text", "constant")
_SAYS_LAMBDA = ("code", LAMBDA)


def functions_in(code: CodeType) -> dict[str, frozenset[str]]:
    """Return what the functions of a module read, by their names."""
    found: dict[str, frozenset[str]] = {}
    for each in codes_in(code):
        if is_function_code(each) and each.co_name not in RUN_AT_ONCE:
            found[each.co_name] = found.get(each.co_name, frozenset()) | _read_by(each)
    return found


Users = dict[str, list[tuple[Path, frozenset[str]]]]
"""What statements bind, by the names that they use, each with all that they use."""


@dataclass(frozen=True, slots=True)
class Said:
    """What a source says of what its statements make, whatever the values are.

    Attributes:
        outline: of the source.
        functions: what its functions read, by their names; who calls one reads that, too.
        makers: those, and its classes, each with what is read where it is called.
        methods: its classes, each with what its methods read, by their names; two classes may
            have one name.
        bound: the paths that statements outside functions bind, each with what they load, and
            whether they say a lambda.
        put: the statements that put something into something, each with its loads.
        run_as_texts: what texts bind that statements run, each with what the texts read.
        by_functions: what functions read that the source calls and that bind globals.
        users: what `users_by_name` has found, by the ids of the values and of their types.
    """

    outline: Outline
    functions: dict[str, frozenset[str]]
    makers: dict[str, frozenset[str]]
    methods: list[tuple[str, dict[str, frozenset[str]]]]
    bound: list[tuple[Path, frozenset[str], bool]]
    put: list[tuple[tuple[Any, ...], frozenset[str]]]
    run_as_texts: list[tuple[Path, frozenset[str]]]
    by_functions: list[frozenset[str]]
    users: dict[tuple[int, ...], Users] = field(default_factory=dict)


_known: dict[str, Said] = {}
"""What the sources of modules say, by the names of these: hundreds are asked after each edit."""


def said_by(name: str, outline: Outline) -> Said:
    """Return what the source of a module says, which is read once."""
    known = _known.get(name)
    if known is None or known.outline is not outline:
        known = _known[name] = _read(outline)
    return known


def _read(outline: Outline) -> Said:
    functions = functions_in(outline.scopes[()].code)
    called = frozenset[str]().union(*(scope.loads for scope in outline.scopes.values()))
    codes = codes_in(outline.scopes[()].code) if outline.global_names else ()
    return Said(
        outline,
        functions,
        {**functions, **dict(_made_by_classes(outline))},
        list(_methods_of_classes(outline)),
        [
            (
                (*path, bound),
                _loads(shells),
                any(_SAYS_LAMBDA in each.fingerprint for each in shells),
            )
            for path, scope in outline.scopes.items()
            for bound, shells in scope.shells.items()
            if bound != REST and (path or bound not in CLASS_ANNOTATING_NAMES)
        ],
        list(_putting_inside(outline)),
        list(_run_as_texts(outline)),
        [_read_by(each) for each in codes if each.co_name in called],
    )


def users_by_name(said: Said, namespace: Mapping[str, Any], imported: Collection[Path]) -> Users:
    """Return, for each name that statements outside functions use, what they bind.

    Args:
        said: what the module's source says.
        namespace: its globals.
        imported: what import statements bind, which does not count.
    """
    # The values count by their kinds alone, which nearly never change. An address may be that of
    # another value by now, but hardly at once that of its type.
    live = list(namespace.values())
    values = (id(namespace), *map(id, live), *map(id, map(type, live)))
    if values not in said.users:
        found: Users = {}
        for path, loads in users_in(said, namespace):
            for name in loads if path not in imported else ():
                found.setdefault(name, []).append((path, loads))
        said.users.clear()
        said.users[values] = found
    return said.users[values]


def users_in(said: Said, namespace: Mapping[str, Any]) -> Iterator[tuple[Path, frozenset[str]]]:
    """Yield the paths of what statements outside functions make, each with all that they may read.

    Args:
        said: what the module's source says.
        namespace: its globals.
    """
    functions, makers, methods = said.functions, said.makers, dict(said.methods)
    for place, own, says_lambda in said.bound:
        path, bound = place[:-1], place[-1]
        if bound in CLASS_ANNOTATING_NAMES:
            yield (*path, ANNOTATIONS), own
            continue
        loads = own | _by_methods(own, methods, namespace) if methods else own
        is_data = bool(path) or kind_of(namespace.get(bound)) is None
        if is_data and says_lambda:
            loads |= functions.get(LAMBDA, frozenset())
        yield place, _with_calls(loads, makers if is_data else functions)
    for where, loads in chain(_put_inside(said, namespace), said.run_as_texts):
        yield where, _with_calls(loads, makers)
    for read in said.by_functions:
        loads = _with_calls(read, makers)
        yield from (((name,), loads) for name in said.outline.global_names & loads)


def _loads(shells: Iterable[Shell]) -> frozenset[str]:
    """Return what statements read: by names, and by names that are texts."""
    found = frozenset[str]().union(*map(_without_effects, shells))
    if not ASKS_BY_TEXT.isdisjoint(found):
        found |= _texts_of(shells)
    if not RUNS_TEXTS.isdisjoint(found):
        found |= {name for text in _texts_of(shells) for name in names_in_text(text, ast.Load)}
    return found


def _without_effects(shell: Shell) -> frozenset[str]:
    """Return what a statement reads without the calls before it that bind nothing: ``log("x")``."""
    before, begin = None, 0
    for place, part in enumerate(shell.fingerprint):
        opcode = part[0] if isinstance(part, tuple) else part
        if opcode in JUMPS:
            break  # what stands before a condition, or a loop, decides about what is bound
        if opcode == _POP_TOP and before in _CALLS:
            begin = place + 1
        before = opcode
    if begin == 0:
        return shell.loads  # nearly every one
    beside, own = _names_in(shell.fingerprint[:begin]), _names_in(shell.fingerprint[begin:])
    return shell.loads - (beside - own)


def _names_in(parts: Iterable[Any]) -> frozenset[str]:
    # An import says the module besides.
    return frozenset(part[1] for part in parts if isinstance(part, tuple) and part[0] in NAMED)


def _texts_of(shells: Iterable[Shell]) -> frozenset[str]:
    parts = chain.from_iterable(shell.fingerprint for shell in shells)
    return frozenset(part[1] for part in parts if isinstance(part, tuple) and part[0] == "text")


def _read_by(code: CodeType) -> frozenset[str]:
    names = frozenset(names_within(code))
    if not ASKS_BY_TEXT.isdisjoint(names):
        said = chain.from_iterable(each.co_consts for each in (code, *nested_codes(code)))
        names |= {each for each in said if type(each) is str}
    return names


def _made_by_classes(outline: Outline) -> Iterator[tuple[str, frozenset[str]]]:
    """Yield the classes of a module, each with what is read where it is called."""
    for path, scope in outline.scopes.items():
        codes = nested_codes(scope.code) if path else ()
        makers = [each for each in codes if each.co_name in MAKERS]
        if makers:
            yield path[-1], frozenset[str]().union(*map(_read_by, makers))


def _methods_of_classes(outline: Outline) -> Iterator[tuple[str, dict[str, frozenset[str]]]]:
    for path, scope in outline.scopes.items():
        if path and (methods := functions_in(scope.code)):
            yield path[-1], methods


def _by_methods(
    loads: frozenset[str],
    methods: Mapping[str, Mapping[str, frozenset[str]]],
    namespace: Mapping[str, Any],
) -> frozenset[str]:
    """Return what the methods read that a statement says, of classes or objects that it says."""
    said = {type(namespace.get(name)).__name__ for name in loads} | loads
    found = (methods[cls] for cls in said & methods.keys())
    read = (each[name] for each in found for name in each.keys() & loads)
    return frozenset[str]().union(*read)


def _putting_inside(outline: Outline) -> Iterator[tuple[tuple[Any, ...], frozenset[str]]]:
    """Yield the statements that put something into something, each with what it loads."""
    for shell in chain.from_iterable(outline.scopes[()].shells.values()):
        for statement in statements_in(shell.fingerprint):
            last = statement[-1] if statement else None
            if not isinstance(last, tuple):
                continue  # nearly every one: it binds a name
            said = [part for part in statement if isinstance(part, tuple)]
            loads = frozenset(
                part[1] for part in said if type(part[1]) is str and part[0] not in _TEXTS
            )
            if not ASKS_BY_TEXT.isdisjoint(loads):
                loads |= _texts_of([shell])
            yield tuple(said), loads


def _put_inside(said: Said, namespace: Mapping[str, Any]) -> Iterator[tuple[Path, frozenset[str]]]:
    """Yield what is put into something, ``TABLE["limit"] = LIMIT``: where, and what is read.

    And ``TABLE.append(LIMIT)``, where that is a container.
    """
    for parts, loads in said.put:
        for name in {part[1] for part in parts if part[0] == _LOAD_NAME}:
            value = namespace.get(name)
            is_target = parts[-1][0] in _STORES_INSIDE or issubclass(type(value), (list, dict, set))
            if is_target and kind_of(value) is None and may_hold_state(value):
                yield (name,), loads


def _run_as_texts(outline: Outline) -> Iterator[tuple[Path, frozenset[str]]]:
    """Yield what texts bind that statements run: ``exec("DOUBLE = LIMIT * 2")``."""
    for shell in chain.from_iterable(outline.scopes[()].shells.values()):
        for text in _texts_of([shell]) if "exec" in shell.loads else ():
            loads = frozenset(names_in_text(text, ast.Load))
            yield from (((name,), loads) for name in names_in_text(text, ast.Store))


def _with_calls(loads: frozenset[str], functions: Mapping[str, frozenset[str]]) -> frozenset[str]:
    """Return what a statement reads, and what the functions of its module do that it may call."""
    if functions.keys().isdisjoint(loads):
        return loads  # nearly every one
    found, waiting = set(loads), list(loads)
    for name in waiting:
        more = functions.get(name, frozenset()) - found
        found |= more
        waiting += more
    return frozenset(found)
