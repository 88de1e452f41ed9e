"""Recognise the statements of a new source in the old code, and what is left of that.

The text of the old source is often gone, and its code is there. So each new statement's
instructions are looked for among the old code's.
"""

from __future__ import annotations

import ast
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise
from types import CodeType
from typing import Any

from livepatch._python.code import codes_in
from livepatch._source.bodies import is_function_code
from livepatch._statements.made_of import Made
from livepatch._statements.statements import Statement, cut, fill_apart
from livepatch._statements.stream import ATTRIBUTES, BINDS, EFFECTS, READS, Stream, read_stream


@dataclass(slots=True, eq=False)
class Statements:
    """The statements of the new source, and what is left of the old one.

    Attributes:
        all: the statements in order.
        gone: names that old statements that are gone used for their effects.
        gone_uses: names that such statements read.
        gone_attributes: names on whose objects such statements set attributes that none sets now.
        gone_made: the decorated definitions that such statements made.
        last_bound: names that old statements bound which are no new ones, and where they last did.
        complete: whether each instruction of the new code belongs to a statement.
        annotations: how many annotations of variables the new code notes (3.14).
    """

    all: list[Statement]
    gone: frozenset[str]
    gone_uses: frozenset[str]
    gone_attributes: frozenset[str]
    gone_made: list[Made]
    last_bound: dict[str, int]
    complete: bool
    annotations: int


def find_statements(tree: ast.Module, old: CodeType, new: CodeType) -> Statements:
    """Cut a source into its statements, and find each one in the old code.

    Args:
        tree: the syntax of the new source.
        old: the code of the old module.
        new: the code of the new one, compiled as a whole.
    """
    before, after = read_stream(old), read_stream(new)
    found, complete = fill_apart(list(cut(tree)), after)
    left = _OldLines(before).claim(found)
    gone_made = list(_decorated(before, left))
    gone = frozenset(_used_for_effect(before, left, _set_items(after)))
    bound: list[tuple[Any, int]] = [(before.tokens[place], place) for place in left]
    uses = frozenset(token[1] for token, _ in bound if token[0] in READS)
    last_bound: dict[str, int] = {}
    for token, place in bound:
        if token[0] in BINDS:
            last_bound[token[1]] = max(place, last_bound.get(token[1], -1))
    set_before, set_now = _set_attributes(before, left), _set_attributes(after, after.places())
    attributes = frozenset(name for name, _ in set_before - set_now)
    return Statements(
        found, gone, uses, attributes, gone_made, last_bound, complete, after.annotations
    )


_MAY_END = BINDS | {"POP_TOP"}


class _OldLines:
    """The old code by its lines and parts of them: each is of one new statement at most."""

    def __init__(self, stream: Stream) -> None:
        self.stream = stream
        by_line: dict[int, list[int]] = {}
        for place in stream.places():
            by_line.setdefault(stream.lines[place], []).append(place)
        # What binds a name, or drops a result, may end one of several statements in a line.
        self.lines = [part for line in sorted(by_line) for part in _parts(stream, by_line[line])]
        self.free = [True] * len(self.lines)
        self.handled = {handler for _, _, handler in stream.handlers}
        # By its instructions, which handlers there are for each.
        self.handlers: dict[int, set[int]] = {}
        for first, end, handler in stream.handlers:
            for place in range(first, end):
                self.handlers.setdefault(place, set()).add(handler)
        # Where jumps start, in order, and how far those go that start there or before.
        jumps = sorted(stream.jumps.items())
        self.starts = [start for start, _ in jumps]
        self.reach = [*accumulate((end for _, end in jumps), max)]
        # How many instructions stand before each line, and the line before which so many stand.
        self.before = [0]
        for places in self.lines:
            self.before.append(self.before[-1] + len(places))
        self.line_after = {count: line for line, count in enumerate(self.before)}

    def claim(self, statements: list[Statement]) -> list[int]:
        """Find the statements; an edit is small, so the same from both ends, and then the rest."""
        waiting = [statement for statement in statements if statement.tokens]
        for statement in statements:
            if not statement.tokens:
                statement.old_codes = []
        start = 0
        while waiting and (end := self.take(waiting[0], start)) is not None:
            start = end
            del waiting[0]
        stop = len(self.lines)
        while waiting and (begin := self.begin_before(waiting[-1], stop)) is not None:
            if begin < start or self.take(waiting[-1], begin) is None:
                break
            stop = begin
            del waiting[-1]
        by_token = self.lines_by_token(start, stop) if waiting else {}
        for statement in waiting:
            for begin in self.begins_of(statement, by_token, start):
                if self.free[begin] and self.take(statement, begin) is not None:
                    break
        return [
            place for line, places in enumerate(self.lines) if self.free[line] for place in places
        ]

    def lines_by_token(self, start: int, stop: int) -> dict[Any, list[int]]:
        """Return the lines that each instruction is in."""
        found: dict[Any, list[int]] = {}
        for line in range(start, stop):
            for token in {self.stream.tokens[place] for place in self.lines[line]}:
                found.setdefault(token, []).append(line)
        return found

    def begins_of(
        self, statement: Statement, by_token: dict[Any, list[int]], start: int
    ) -> list[int]:
        """List the lines from which on a statement may be, by the rarest of its instructions."""
        lines = min((by_token.get(token, []) for token in statement.tokens), key=len)
        begins: set[int] = set()
        for line in lines:
            first = bisect_left(self.before, self.before[line + 1] - len(statement.tokens))
            begins.update(range(max(first, start), line + 1))
        return sorted(begins)

    def begin_before(self, statement: Statement, stop: int) -> int | None:
        return self.line_after.get(self.before[stop] - len(statement.tokens))

    def take(self, statement: Statement, begin: int) -> int | None:
        """Claim the lines from one on, if they are a statement that says the same."""
        end = self.line_after.get(self.before[begin] + len(statement.tokens))
        if end is None or not all(self.free[begin:end]):
            return None
        places = sorted(place for line in self.lines[begin:end] for place in line)
        if [self.stream.tokens[place] for place in places] != statement.tokens:
            return None
        if not self.is_whole(places):
            return None
        if statement.flow is not None and self.stream.flow(places) != statement.flow:
            return None  # `break` where `continue` stood, say
        self.free[begin:end] = [False] * (end - begin)
        statement.old_place = places[0]
        codes = (self.stream.codes[place] for place in places)
        statement.old_codes = [code for code in codes if code is not None]
        return end

    def is_whole(self, places: list[int]) -> bool:
        """Whether these instructions are a top-level statement, and not a part of one."""
        runs = self.runs_of(places)
        # The compiler puts handlers behind all else, and a short last statement into several
        # places; other than that it leaves no gap.
        doubled = all(self.stream.said(run) == self.stream.said(runs[0]) for run in runs)
        for one, other in pairwise(runs):
            if doubled or other[0] in self.handled:
                continue
            gap = self.stream.between(one[-1], other[0])
            # The call of a decorator stands in the middle of a statement, and is in others too.
            if not (self.stream.is_left(gap[-1], other[0]) and self.is_doubled(gap, places)):
                return False
        own, main = set(places), runs[-1] if doubled else runs[0]
        first, last = main[0], main[-1]
        before = bisect_left(self.starts, first)
        if before and self.reach[before - 1] > last:
            return False  # there is a jump over it
        return all(self.handlers.get(place, own) <= own for place in places)

    def runs_of(self, places: list[int]) -> list[list[int]]:
        """Split places where instructions of other statements stand between."""
        runs = [places[:1]]
        for one, other in pairwise(places):
            if self.stream.between(one, other):
                runs.append([])
            runs[-1].append(other)
        return runs

    def is_doubled(self, gap: list[int], places: list[int]) -> bool:
        """Whether what stands in a gap stands elsewhere too."""
        own, wanted = set(places), self.stream.said(gap)
        others = self.stream.said([place for place in self.stream.places() if place not in own])
        starts = range(len(others) - len(wanted) + 1)
        return sum(others[start : start + len(wanted)] == wanted for start in starts) > 1


def _parts(stream: Stream, places: list[int]) -> list[list[int]]:
    """Split the instructions of a line where one of several statements may end."""
    found: list[list[int]] = [[]]
    for place in places:
        token: Any = stream.tokens[place]
        found[-1].append(place)
        if token[0] in _MAY_END:
            found.append([])
    return [part for part in found if part]


def _used_for_effect(
    stream: Stream, left: list[int], set_again: set[tuple[Any, ...]]
) -> Iterator[str]:
    """Yield the names that old statements used for their effects, as in `ITEMS.append(1)`.

    Args:
        stream: the old code.
        left: what is left of it.
        set_again: the items that several new statements set: the last of them has the last word.
    """
    names: list[str] = []
    for index, place in enumerate(left):
        token: Any = stream.tokens[place]
        if token[0] in READS:
            names.append(token[1])
        elif token[0] in EFFECTS:
            if _item_set(stream, left[index - 2 : index + 1]) in set_again:
                names.pop()
            yield from names
            names = []
        elif token[0] in BINDS:
            names = []


def _set_items(stream: Stream) -> set[tuple[Any, ...]]:
    """Return the items of what has a name that instructions set several times, with the name."""
    places = stream.places()
    rows = (places[index - 2 : index + 1] for index in range(2, len(places)))
    counts = Counter(found for row in rows if (found := _item_set(stream, row)))
    return {found for found, count in counts.items() if count > 1}


def _item_set(stream: Stream, places: list[int]) -> tuple[Any, ...]:
    """Return which item of what has a name three instructions set: ``TABLE["a"] = 1``."""
    if len(places) < 3 or (last := stream.tokens[places[2]]) is None or last[0] != "STORE_SUBSCR":  # noqa: PLR2004
        return ()
    name, key = stream.tokens[places[0]], stream.tokens[places[1]]
    is_constant = key is not None and key[0].startswith("LOAD_") and key[0] not in READS
    return (name[1], key) if name is not None and name[0] in READS and is_constant else ()


def _set_attributes(stream: Stream, places: list[int]) -> set[tuple[str, str]]:
    """Return the names on whose objects instructions set attributes, each with the attribute's."""
    tokens: list[Any] = [stream.tokens[place] for place in places]
    return {
        (target[1], token[1])
        for target, token in pairwise(tokens)
        if token[0] == "STORE_ATTR" and target[0] in READS
    }


def _decorated(stream: Stream, left: list[int]) -> Iterator[Made]:
    """Yield what old statements defined under a decorator like `@app.route("/")`."""
    paths: list[tuple[int, list[str]]] = []
    codes: list[tuple[int, CodeType]] = []
    for place in left:
        token: Any = stream.tokens[place]
        code, line = stream.codes[place], stream.lines[place]
        if token[0] in READS:
            paths.append((line, [token[1]]))
        elif token[0] in ATTRIBUTES and paths and (not codes or _are_of_class(codes)):
            paths[-1][1].append(token[1])
        elif code is not None and not code.co_name.startswith("<"):
            codes.append((line, code))
        elif token[0] in BINDS or token[0] in EFFECTS:
            # Above the definition stand its decorators, and defaults and annotations do not.
            decorators = {tuple(path) for at, path in paths if codes and at < codes[0][0]}
            bases = {tuple(path) for _, path in paths if _are_of_class(codes)} - decorators
            if (decorators or bases) and token[0] in BINDS:
                own = tuple(code for _, code in codes)
                yield Made(token[1], frozenset(decorators), own, frozenset(bases))
            if token[0] in BINDS:
                yield from made_in_classes(code for _, code in codes)
            paths, codes = [], []


def made_in_classes(codes: Iterable[CodeType]) -> Iterator[Made]:
    """Yield what classes of some codes define under decorators, or from bases."""
    for code in codes:
        if is_function_code(code) or code.co_name.startswith("<"):
            continue
        if any(not each.co_name.startswith("<") for each in codes_in(code)):
            inside = read_stream(code)
            for made in _decorated(inside, [*inside.places()]):
                yield replace(made, name=f"{code.co_name}.{made.name}")


def _are_of_class(codes: list[tuple[int, CodeType]]) -> bool:
    return bool(codes) and not any(is_function_code(code) for _, code in codes)
