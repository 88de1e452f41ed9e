"""The top-level statements of a source, cut by its syntax tree, each with its instructions."""

from __future__ import annotations

import ast
from bisect import bisect_left
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from types import CodeType
from typing import Any

from livepatch._source.scope import constant_shell
from livepatch._statements.stream import ATTRIBUTES, BINDS, READS, Stream, Token, read_stream
from livepatch._statements.syntax import bound_names
from livepatch._statements.tree import walk


@dataclass(slots=True, eq=False)
class Statement:
    """A top-level statement of the new source; those that share a line may be one.

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
        inside: what classes in it define, by the ids of their codes, once that is asked for; each
            with the code.
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
    inside: dict[int, tuple[CodeType, list[Any]]] = field(default_factory=dict)


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
    places, is_complete = _places_of(statements, stream)
    for statement, own in zip(statements, places):
        _give(statement, stream, own)
    return is_complete


def fill_apart(statements: list[Statement], stream: Stream) -> tuple[list[Statement], bool]:
    """Give statements their instructions, and take those apart that share a line.

    Where it shows which instructions belong to which: ``CACHE = {}; DEBUG = True``.

    Returns:
        The statements, and whether each instruction belongs to one.
    """
    found: list[Statement] = []
    places, is_complete = _places_of(statements, stream)
    for statement, own in zip(statements, places):
        pieces = _apart(statement, stream, own) if len(statement.nodes) > 1 else []
        for each, theirs in pieces or [(statement, own)]:
            _give(each, stream, theirs)
            found.append(each)
    return found, is_complete


def _places_of(statements: list[Statement], stream: Stream) -> tuple[list[list[int]], bool]:
    """Return where the instructions of statements are, and whether each belongs to one."""
    starts = [statement.first for statement in statements]
    complete = True
    places: list[list[int]] = [[] for _ in statements]
    for place in stream.places():
        index = bisect_left(starts, stream.lines[place] + 1) - 1
        if index < 0 or stream.lines[place] > statements[index].last:
            complete = False
            continue
        places[index].append(place)
    return places, complete


def _give(statement: Statement, stream: Stream, places: list[int]) -> None:
    """Give a statement its instructions."""
    reads, binds, attributes = set[str](), set[str](), set[str]()
    for place in places:
        token: Any = stream.tokens[place]
        statement.tokens.append(token)
        statement.pairs.append(stream.pairs[place])
        code = stream.codes[place]
        if code is not None:
            statement.codes.append(code)
            constant_shell(code, reads)
        elif token[0] in BINDS:
            binds.add(token[1])
        elif token[0] in READS:
            reads.add(token[1])
        elif token[0] in ATTRIBUTES:
            attributes.add(token[1])
    if any(isinstance(node, _BRANCHING) for node in statement.nodes):
        statement.flow = stream.flow(places)
    statement.binds, statement.reads = frozenset(binds), frozenset(reads)
    statement.uses = frozenset((*reads, *attributes))


def _apart(
    statement: Statement, stream: Stream, places: list[int]
) -> list[tuple[Statement, list[int]]]:
    """Take statements apart that share a line, each with its instructions; empty if it cannot be.

    Of most kinds of statements it shows by which instruction they end. Where control may go
    several ways the compiler may put an end in two places.
    """
    if any(isinstance(part, _SEVERAL_WAYS) for node in statement.nodes for part in walk(node)):
        return []
    found: list[tuple[Statement, list[int]]] = []
    rest = places
    for node in statement.nodes[:-1]:
        ends = _ends_of(node)
        if ends is None:
            return []
        end = 0
        for opnames in ends:
            said = (place for place in range(end, len(rest)) if _says(stream, rest[place], opnames))
            end = next(said, len(rest)) + 1
        found.append((Statement([node], statement.first, statement.last), rest[:end]))
        rest = rest[end:]
    found.append((Statement(statement.nodes[-1:], statement.first, statement.last), rest))
    is_right = all(_bound_at(stream, own) == _names_bound(each.nodes) for each, own in found)
    return found if is_right else []


def _says(stream: Stream, place: int, opnames: AbstractSet[str]) -> bool:
    token = stream.tokens[place]
    return token is not None and token[0] in opnames


def _ends_of(node: ast.stmt) -> list[AbstractSet[str]] | None:
    """Return the instructions that a statement has last, in order; None where it is not known."""
    found: list[AbstractSet[str]] = []
    if isinstance(node, (ast.Assign, ast.Delete)):
        names = [isinstance(target, ast.Name) for target in node.targets]
        found += [BINDS] * len(names) if all(names) else []
    elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        found.append(_POPS)
    elif isinstance(node, (ast.Import, ast.ImportFrom)) and not _has_long_names(node):
        found += [BINDS] * len(node.names)
        found += [_POPS] * isinstance(node, ast.ImportFrom)
    return found if found or isinstance(node, ast.Pass) else None


def _has_long_names(node: ast.Import | ast.ImportFrom) -> bool:
    return any(each.name == "*" or (each.asname and "." in each.name) for each in node.names)


def _bound_at(stream: Stream, places: list[int]) -> set[str]:
    tokens: list[Any] = [stream.tokens[place] for place in places]
    return {token[1] for token in tokens if token[0] in BINDS}


def _names_bound(nodes: list[ast.stmt]) -> set[str]:
    deleted = (part for node in nodes if isinstance(node, ast.Delete) for part in node.targets)
    return bound_names(nodes) | {each.id for each in deleted if isinstance(each, ast.Name)}


_POPS = frozenset(("POP_TOP",))
_SEVERAL_WAYS = (
    *(ast.BoolOp, ast.IfExp, ast.NamedExpr, ast.ListComp, ast.SetComp, ast.DictComp),
    *(ast.GeneratorExp, ast.Compare, ast.Await, ast.Yield, ast.YieldFrom, ast.Lambda),
)


def pair_codes(statements: list[Statement], code: CodeType) -> dict[int, CodeType]:
    """Pair the codes in statements that were compiled alone with those of the whole source.

    They may differ: the compiler calls what it sees imported in another way (3.11 and newer).

    Args:
        statements: some of the source's.
        code: what these alone were compiled to.

    Returns:
        The codes of the whole source, by the id of those in the other one.
    """
    alone: list[Statement] = []
    codes: list[list[CodeType]] = []
    for each in statements:
        if alone and alone[-1].last >= each.first:  # they share a line
            alone[-1].nodes += each.nodes
            codes[-1] += each.codes
        else:
            alone.append(Statement([*each.nodes], each.first, each.last))
            codes.append([*each.codes])
    fill(alone, read_stream(code))
    found: dict[int, CodeType] = {}
    for one, whole in zip(alone, codes):
        if [each.co_name for each in one.codes] == [each.co_name for each in whole]:
            found.update(zip(map(id, one.codes), whole))
    return found
