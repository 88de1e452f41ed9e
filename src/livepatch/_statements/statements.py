"""The top-level statements of a source, cut by its syntax tree, each with its instructions."""

from __future__ import annotations

import ast
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import CodeType
from typing import Any

from livepatch._source.scope import constant_shell
from livepatch._statements.stream import ATTRIBUTES, BINDS, READS, Stream, Token, read_stream


@dataclass(slots=True, eq=False)
class Statement:
    """A top-level statement of the new source; those that share a line are one.

    Attributes:
        nodes: its syntax.
        first: the first line it stands in.
        last: the last one.
        tokens: what its instructions say.
        flow: which of these may follow each; None where they follow one another.
        codes: the code objects among them.
        pairs: opcode and argument of each.
        old_codes: those of the old statement that says the same; None if there is none.
        old_place: where that begins.
        binds: the names that it binds or deletes.
        reads: the names that it reads outside functions and classes.
        uses: those, and the attributes that it reads.
        taken: what it takes of the live globals, once that is asked for.
    """

    nodes: list[ast.stmt]
    first: int
    last: int
    tokens: list[Token] = field(default_factory=list)
    flow: list[tuple[int, ...]] | None = None
    codes: list[CodeType] = field(default_factory=list)
    pairs: list[tuple[int, int]] = field(default_factory=list)
    old_codes: list[CodeType] | None = None
    old_place: int = -1
    binds: frozenset[str] = frozenset()
    reads: frozenset[str] = frozenset()
    uses: frozenset[str] = frozenset()
    taken: Any = None


def cut(tree: ast.Module) -> Iterator[Statement]:
    """Yield the statements of a source, without their instructions."""
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


_BRANCHING = tuple(
    getattr(ast, name)
    for name in ("If", "For", "AsyncFor", "While", "Try", "TryStar", "With", "AsyncWith", "Match")
    if hasattr(ast, name)
)


def fill(statements: list[Statement], stream: Stream) -> bool:
    """Give statements their instructions; say whether each instruction belongs to one."""
    starts = [statement.first for statement in statements]
    complete = True
    places: list[list[int]] = [[] for _ in statements]
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
        places[index].append(place)
        statements[index].pairs.append(stream.pairs[place])
        code = stream.codes[place]
        if code is not None:
            statements[index].codes.append(code)
            constant_shell(code, reads[index])
        elif token[0] in BINDS:
            binds[index].add(token[1])
        elif token[0] in READS:
            reads[index].add(token[1])
        elif token[0] in ATTRIBUTES:
            attributes[index].add(token[1])
    for statement, own in zip(statements, places):
        if any(isinstance(node, _BRANCHING) for node in statement.nodes):
            statement.flow = stream.flow(own)
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
    fill(alone, read_stream(code))
    found: dict[int, CodeType] = {}
    for one, whole in zip(alone, statements):
        if [each.co_name for each in one.codes] == [each.co_name for each in whole.codes]:
            found.update(zip(map(id, one.codes), whole.codes))
    return found
