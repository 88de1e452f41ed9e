"""The top-level statements of a source, and which of them the old code has too.

The text of the old source is often gone, and its code is there. So the new source is cut into
statements by its syntax tree, and each one's instructions are looked for among the old code's. In
which lines they stand, and how they are broken into lines, does not count.
"""

from __future__ import annotations

import ast
import dis
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from types import CodeType
from typing import Any

from livepatch._code import text_of_constant
from livepatch._enrolled import Made
from livepatch._scope import constant_shell

Token = tuple[Any, ...]

_JUMPS = set(dis.hasjrel) | set(dis.hasjabs)
# What says nothing about a statement, or depends on what follows it.
_SILENT = frozenset(
    {
        "CACHE",
        "EXTENDED_ARG",
        "JUMP",
        "JUMP_ABSOLUTE",
        "JUMP_BACKWARD",
        "JUMP_BACKWARD_NO_INTERRUPT",
        "JUMP_FORWARD",
        "JUMP_NO_INTERRUPT",
        "MAKE_CELL",
        "NOP",
        "NOT_TAKEN",
        "RESUME",
        "SETUP_ANNOTATIONS",
    }
)
_BINDS = frozenset({"STORE_NAME", "STORE_GLOBAL", "DELETE_NAME", "DELETE_GLOBAL"})
_READS = frozenset({"LOAD_NAME", "LOAD_GLOBAL"})
_ATTRIBUTES = frozenset({"LOAD_ATTR", "LOAD_METHOD"})
_EFFECTS = frozenset({"POP_TOP", "STORE_SUBSCR", "STORE_ATTR", "DELETE_SUBSCR", "DELETE_ATTR"})
_ENDS = frozenset({"RERAISE", "RETURN_VALUE", "RETURN_CONST", "RAISE_VARARGS"})
# What control does not run on from.
_LEAVES = _ENDS | {name for name in _SILENT if name.startswith("JUMP")}
_ANNOTATE, _WHICH = "__annotate__", "__conditional_annotations__"


@dataclass(slots=True, eq=False)
class Stream:
    """The instructions of a module's code that say what its statements do.

    Attributes:
        tokens: what each says; None for one that says nothing.
        codes: the code object that it loads, if it does.
        lines: the line it stands in.
        jumps: from where to where control may go.
        handlers: ranges of instructions, each with the one that handles an exception there.
        leaves: the instructions behind which control does not run on.
        annotations: how many annotations of variables are noted (3.14).
    """

    tokens: list[Token | None] = field(default_factory=list)
    codes: list[CodeType | None] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    jumps: list[tuple[int, int]] = field(default_factory=list)
    handlers: list[tuple[int, int, int]] = field(default_factory=list)
    leaves: list[int] = field(default_factory=list)
    annotations: int = 0

    def places(self) -> list[int]:
        """List the places of the instructions that say something."""
        return [place for place, token in enumerate(self.tokens) if token is not None]


@dataclass(slots=True, eq=False)
class Statement:
    """A top-level statement of the new source; those that share a line are one.

    Attributes:
        nodes: its syntax.
        tokens: what its instructions say.
        codes: the code objects among them.
        old_codes: those of the old statement that says the same; None if there is none.
        old_place: where that begins.
        binds: the names that it binds or deletes.
        reads: the names that it reads outside functions and classes.
        uses: those, and the attributes that it reads.
    """

    nodes: list[ast.stmt]
    first: int
    last: int
    tokens: list[Token] = field(default_factory=list)
    codes: list[CodeType] = field(default_factory=list)
    old_codes: list[CodeType] | None = None
    old_place: int = -1
    binds: frozenset[str] = frozenset()
    reads: frozenset[str] = frozenset()
    uses: frozenset[str] = frozenset()


@dataclass(slots=True, eq=False)
class Statements:
    """The statements of the new source, and what is left of the old one.

    Attributes:
        all: the statements in order.
        gone: names that old statements that are gone used for their effects.
        gone_uses: names that such statements read.
        gone_made: the definitions that such statements made and a method of a global decorated.
        last_bound: names that old statements bound which are no new ones, and where they last did.
        complete: whether each instruction of the new code belongs to a statement.
        annotations: how many annotations of variables the new code notes (3.14).
    """

    all: list[Statement]
    gone: frozenset[str]
    gone_uses: frozenset[str]
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
    found = list(_cut(tree))
    complete = _fill(found, after)
    left = _Search(before).run(found)
    gone_made = list(_made_by_methods(before, left))
    gone = frozenset(_used_for_effect(before, left))
    bound: list[tuple[Any, int]] = [(before.tokens[place], place) for place in left]
    uses = frozenset(token[1] for token, _ in bound if token[0] in _READS)
    last_bound: dict[str, int] = {}
    for token, place in bound:
        if token[0] in _BINDS:
            last_bound[token[1]] = max(place, last_bound.get(token[1], -1))
    return Statements(found, gone, uses, gone_made, last_bound, complete, after.annotations)


def _cut(tree: ast.Module) -> Iterator[Statement]:
    present: Statement | None = None
    for node in tree.body:
        decorators = getattr(node, "decorator_list", ())
        first = min([node.lineno, *(each.lineno for each in decorators)])
        last = node.end_lineno or node.lineno
        if present is not None and first <= present.last:
            present.nodes.append(node)
            present.last = max(present.last, last)
            continue
        if present is not None:
            yield present
        present = Statement([node], first, last)
    if present is not None:
        yield present


def _fill(statements: list[Statement], stream: Stream) -> bool:
    starts = [statement.first for statement in statements]
    complete = True
    reads: list[set[str]] = [set() for _ in statements]
    binds: list[set[str]] = [set() for _ in statements]
    attributes: list[set[str]] = [set() for _ in statements]
    for place in stream.places():
        index = bisect_left(starts, stream.lines[place] + 1) - 1
        if index < 0 or stream.lines[place] > statements[index].last:
            complete = False
            continue
        token: Any = stream.tokens[place]
        statements[index].tokens.append(token)
        code = stream.codes[place]
        if code is not None:
            statements[index].codes.append(code)
            constant_shell(code, reads[index])
        elif token[0] in _BINDS:
            binds[index].add(token[1])
        elif token[0] in _READS:
            reads[index].add(token[1])
        elif token[0] in _ATTRIBUTES:
            attributes[index].add(token[1])
    for statement, bound, read, more in zip(statements, binds, reads, attributes):
        statement.binds, statement.reads = frozenset(bound), frozenset(read)
        statement.uses = frozenset((*read, *more))
    return complete


def pair_codes(statements: list[Statement], code: CodeType) -> dict[int, CodeType]:
    """Pair the codes in statements that were compiled alone with those of the whole source.

    They may differ: the compiler calls what it sees imported in another way (3.11 and newer).

    Args:
        statements: some of the source's.
        code: what these alone were compiled to.

    Returns:
        The codes of the whole source, by the id of those in the other one.
    """
    alone = [Statement(each.nodes, each.first, each.last) for each in statements]
    _fill(alone, read_stream(code))
    found: dict[int, CodeType] = {}
    for one, whole in zip(alone, statements):
        if [each.co_name for each in one.codes] == [each.co_name for each in whole.codes]:
            found.update(zip(map(id, one.codes), whole.codes))
    return found


def read_stream(code: CodeType) -> Stream:
    """Read a module's instructions."""
    stream = Stream()
    lines = {start: line for start, _, line in code.co_lines()}
    line: int | None = None
    places: dict[int, int] = {}
    found = list(dis.get_instructions(code))
    for place, each in enumerate(found):
        places[each.offset] = place
        line = lines.get(each.offset, line)
        known = line is not None and each.opname not in _SILENT
        stream.tokens.append(_token(each) if known else None)
        stream.codes.append(each.argval if known and type(each.argval) is CodeType else None)
        stream.lines.append(line or 0)
    for place, each in enumerate(found):
        if each.opcode in _JUMPS:
            stream.jumps.append((place, places[each.argval]))
        if each.opname in _LEAVES:
            stream.leaves.append(place)
    _drop_ends(stream)
    _drop_annotations(stream)
    entries: Any = getattr(dis.Bytecode(code), "exception_entries", ())
    for entry in entries:
        end = places.get(entry.end, len(found))
        handler = _first_of_handler(stream, found, places[entry.target])
        if handler is not None:
            stream.handlers.append((places[entry.start], end, handler))
    return stream


def _token(each: dis.Instruction) -> Token:
    if each.opcode in _JUMPS:
        return (each.opname,)
    if type(each.argval) is CodeType:
        return (each.opname, constant_shell(each.argval, set()))
    if type(each.argval) is str and each.opname not in {"LOAD_CONST", "RETURN_CONST"}:
        return (each.opname, each.argval)
    return (each.opname, type(each.argval).__name__, text_of_constant(each.argval))


def _drop_ends(stream: Stream) -> None:
    """Drop what returns from the module, which the compiler puts behind every last statement."""
    nothing = ("LOAD_CONST", "NoneType", "None")
    for place, token in enumerate(stream.tokens):
        if token is not None and token[0] in {"RETURN_VALUE", "RETURN_CONST"}:
            stream.tokens[place] = None
            if token[0] == "RETURN_VALUE" and stream.tokens[place - 1] == nothing:
                stream.tokens[place - 1] = None


def _drop_annotations(stream: Stream) -> None:
    """Drop how 3.14 makes the module's ``__annotate__``: it numbers the annotations of all."""
    places = stream.places()
    for index, place in enumerate(places):
        token: Any = stream.tokens[place]
        if token is None:
            continue
        dropped: list[int] = []
        if token == ("STORE_NAME", _ANNOTATE):
            dropped = places[index - 2 : index + 1]
        elif token[0].startswith("STORE_") and token[1:] == (_WHICH,):
            dropped = places[index - 1 : index + 1]
        elif token[0] == "SET_ADD" and _loads_which(stream.tokens[places[index - 2]]):
            dropped = places[index - 2 : index + 2]
            stream.annotations += 1
        for each in dropped:
            stream.tokens[each] = stream.codes[each] = None


def _loads_which(token: Token | None) -> bool:
    return token is not None and token[1:] == (_WHICH,)


def _first_of_handler(stream: Stream, found: list[dis.Instruction], place: int) -> int | None:
    """Find the first instruction of a handler that belongs to a line; none in mere cleanup."""
    while place < len(found):
        if stream.tokens[place] is not None:
            return place
        if found[place].opname in _ENDS:
            return None
        place += 1
    return None


class _Search:
    """The old code by its lines, each of which belongs to one new statement at most."""

    def __init__(self, stream: Stream) -> None:
        self.stream = stream
        by_line: dict[int, list[int]] = {}
        for place in stream.places():
            by_line.setdefault(stream.lines[place], []).append(place)
        self.lines = [by_line[line] for line in sorted(by_line)]
        self.free = [True] * len(self.lines)
        self.handled = {handler for _, _, handler in stream.handlers}
        # How many instructions stand before each line, and the line before which so many stand.
        self.before = [0]
        for places in self.lines:
            self.before.append(self.before[-1] + len(places))
        self.line_after = {count: line for line, count in enumerate(self.before)}

    def run(self, statements: list[Statement]) -> list[int]:
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
        for statement in waiting:
            for begin in range(start, stop):
                if self.free[begin] and self.take(statement, begin) is not None:
                    break
        return [
            place for line, places in enumerate(self.lines) if self.free[line] for place in places
        ]

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
        doubled = all(self.said(run) == self.said(runs[0]) for run in runs)
        for one, other in pairwise(runs):
            if doubled or other[0] in self.handled:
                continue
            gap = self.between(one[-1], other[0])
            # The call of a decorator stands in the middle of a statement, and is in others too.
            if not (self.is_left(gap[-1], other[0]) and self.is_doubled(gap, places)):
                return False
        own, main = set(places), runs[-1] if doubled else runs[0]
        first, last = main[0], main[-1]
        if any(start < first and stop > last for start, stop in self.stream.jumps):
            return False
        return all(
            handler in own
            for start, stop, handler in self.stream.handlers
            if any(start <= place < stop for place in places)
        )

    def runs_of(self, places: list[int]) -> list[list[int]]:
        """Split places where instructions of other statements stand between."""
        runs = [places[:1]]
        for one, other in pairwise(places):
            if self.between(one, other):
                runs.append([])
            runs[-1].append(other)
        return runs

    def between(self, one: int, other: int) -> list[int]:
        return [place for place in range(one + 1, other) if self.stream.tokens[place] is not None]

    def said(self, places: list[int]) -> list[Token | None]:
        return [self.stream.tokens[place] for place in places]

    def is_left(self, first: int, last: int) -> bool:
        """Whether control cannot run on from one instruction to the other."""
        index = bisect_left(self.stream.leaves, first)
        return index < len(self.stream.leaves) and self.stream.leaves[index] < last

    def is_doubled(self, gap: list[int], places: list[int]) -> bool:
        """Whether what stands in a gap stands elsewhere too."""
        own, wanted = set(places), self.said(gap)
        others = self.said([place for place in self.stream.places() if place not in own])
        starts = range(len(others) - len(wanted) + 1)
        return sum(others[start : start + len(wanted)] == wanted for start in starts) > 1


def _used_for_effect(stream: Stream, left: list[int]) -> Iterator[str]:
    """Yield the names that old statements used for their effects, as in `ITEMS.append(1)`."""
    names: list[str] = []
    for place in left:
        token: Any = stream.tokens[place]
        if token[0] in _READS:
            names.append(token[1])
        elif token[0] in _EFFECTS:
            yield from names
            names = []
        elif token[0] in _BINDS:
            names = []


def _made_by_methods(stream: Stream, left: list[int]) -> Iterator[Made]:
    """Yield what old statements defined under a decorator like `@app.route("/")`."""
    name, roots = "", set[str]()
    codes: list[CodeType] = []
    for place in left:
        token: Any = stream.tokens[place]
        code = stream.codes[place]
        if token[0] in _READS:
            name = token[1]
        elif token[0] in _ATTRIBUTES and name and not codes:
            roots.add(name)
        elif code is not None and not code.co_name.startswith("<"):
            codes.append(code)
        elif token[0] in _BINDS or token[0] in _EFFECTS:
            if codes and roots and token[0] in _BINDS:
                yield Made(token[1], frozenset(roots), tuple(codes))
            name, roots, codes = "", set(), []
