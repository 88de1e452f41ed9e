"""A module's instructions in a row: what each of them says, and where control goes from it.

In which lines they stand, and how these are broken, does not count for what they say.
"""

from __future__ import annotations

import dis
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from types import CodeType
from typing import Any

from livepatch._python.code import name_of_variable, text_of_constant
from livepatch._python.opcodes import CONSTANT, JUMPS, NAME_SHIFT, NAMED
from livepatch._source.scope import constant_shell

Token = tuple[Any, ...]

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
BINDS = frozenset({"STORE_NAME", "STORE_GLOBAL", "DELETE_NAME", "DELETE_GLOBAL"})
READS = frozenset({"LOAD_NAME", "LOAD_GLOBAL"})
ATTRIBUTES = frozenset({"LOAD_ATTR", "LOAD_METHOD"})
EFFECTS = frozenset({"POP_TOP", "STORE_SUBSCR", "STORE_ATTR", "DELETE_SUBSCR", "DELETE_ATTR"})
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
        pairs: opcode and argument of each.
        lines: the line it stands in.
        jumps: where control may go, by where it jumps.
        handlers: ranges of instructions, each with the one that handles an exception there.
        leaves: the instructions behind which control does not run on.
        ends: those among them that leave the module's code, rather than jump elsewhere in it.
        annotations: how many annotations of variables are noted (3.14).
    """

    tokens: list[Token | None] = field(default_factory=list)
    codes: list[CodeType | None] = field(default_factory=list)
    pairs: list[tuple[int, int]] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    jumps: dict[int, int] = field(default_factory=dict)
    handlers: list[tuple[int, int, int]] = field(default_factory=list)
    leaves: list[int] = field(default_factory=list)
    ends: set[int] = field(default_factory=set)
    annotations: int = 0

    def places(self) -> list[int]:
        """List the places of the instructions that say something."""
        return [place for place, token in enumerate(self.tokens) if token is not None]

    def between(self, one: int, other: int) -> list[int]:
        """List the places of those that stand between two instructions."""
        return [place for place in range(one + 1, other) if self.tokens[place] is not None]

    def said(self, places: list[int]) -> list[Token | None]:
        """List what the instructions at some places say."""
        return [self.tokens[place] for place in places]

    def flow(self, places: list[int]) -> list[tuple[int, ...]]:
        """Say which instructions of a statement may come behind each of them.

        Args:
            places: where the statement's instructions are.

        Returns:
            The numbers of those that follow each, in the statement; -1 is what is not in it. So it
            says the same wherever the statement stands.
        """
        numbers = {place: number for number, place in enumerate(places)}
        found: list[tuple[int, ...]] = []
        for place in places:
            starts = [] if self.is_left(place, place + 1) else [place + 1]
            starts += [self.jumps[place]] if place in self.jumps else []
            found.append(tuple(self._first_from(each, numbers) for each in starts))
        return found

    def _first_from(self, place: int, numbers: dict[int, int]) -> int:
        seen: set[int] = set()
        while place < len(self.tokens) and place not in seen:
            seen.add(place)
            if place in numbers:
                return numbers[place]
            if self.tokens[place] is not None or place in self.ends:
                break
            place = self.jumps.get(place, place + 1)  # what says nothing and jumps does so always
        return -1

    def is_left(self, first: int, last: int) -> bool:
        """Whether control cannot run on from one instruction to the other."""
        index = bisect_left(self.leaves, first)
        return index < len(self.leaves) and self.leaves[index] < last


def read_stream(code: CodeType) -> Stream:
    """Read a module's instructions."""
    stream = Stream()
    lines = {start: line for start, _, line in code.co_lines()}
    line: int | None = None
    places: dict[int, int] = {}
    targets: list[tuple[int, int]] = []
    for place, (offset, opcode, arg, argval) in enumerate(_instructions(code)):
        places[offset] = place
        line = lines.get(offset, line)
        known = line is not None and opcode not in _SILENT_OPCODES
        if opcode in JUMPS:
            targets.append((place, argval))
        if opcode in _LEAVING_OPCODES:
            stream.leaves.append(place)
            if dis.opname[opcode] in _ENDS:
                stream.ends.add(place)
        stream.tokens.append(_token(opcode, argval) if known else None)
        stream.codes.append(argval if known and type(argval) is CodeType else None)
        stream.pairs.append((opcode, arg))
        stream.lines.append(line or 0)
    stream.jumps.update((place, places[target]) for place, target in targets)
    _drop_ends(stream)
    _drop_annotations(stream, (*code.co_names, *code.co_cellvars, *code.co_freevars))
    bytecode: Any = dis.Bytecode(code) if _has_handlers(code) else None
    for entry in bytecode.exception_entries if bytecode is not None else ():
        end = places.get(entry.end, len(stream.tokens))
        handler = _first_of_handler(stream, places[entry.target])
        if handler is not None:
            stream.handlers.append((places[entry.start], end, handler))
    return stream


def _has_handlers(code: CodeType) -> bool:
    return bool(getattr(code, "co_exceptiontable", b""))  # since 3.11


def _instructions(code: CodeType) -> Iterator[tuple[int, int, int, Any]]:
    """Yield offset, opcode and argument of instructions, and what it means: as `dis`, but fast."""
    raw = code.co_code
    opcodes = raw[::2]
    if opcodes.translate(_IS_FOR_DIS).strip(b"\0"):
        for each in dis.get_instructions(code):
            argval = each.argval
            if each.opname == "KW_NAMES" and each.arg is not None:
                argval = code.co_consts[each.arg]  # 3.11 does not
            yield each.offset, each.opcode, each.arg or 0, argval
        return
    extended = 0
    for place, (opcode, low) in enumerate(zip(opcodes, raw[1::2])):
        if opcode == _CACHE:
            continue
        if opcode < dis.HAVE_ARGUMENT:
            yield 2 * place, opcode, 0, None
            continue
        argument = extended | low
        extended = argument << 8 if opcode == dis.EXTENDED_ARG else 0
        read = _ARGUMENTS.get(opcode)
        argval = argument if read is None else read(code, opcode, argument)
        yield 2 * place, opcode, argument, argval


def _constant(code: CodeType, _: int, argument: int) -> Any:
    return code.co_consts[argument]


def _name(code: CodeType, opcode: int, argument: int) -> Any:
    return code.co_names[argument >> NAME_SHIFT.get(opcode, 0)]


def _variable(code: CodeType, opcode: int, argument: int) -> Any:
    return name_of_variable(code, argument, is_cell=opcode in dis.hasfree)


_ARGUMENTS: dict[int, Callable[[CodeType, int, int], Any]] = {
    **dict.fromkeys((*dis.haslocal, *dis.hasfree), _variable),
    **dict.fromkeys(NAMED, _name),
    **dict.fromkeys(CONSTANT, _constant),
}
if "KW_NAMES" in dis.opmap:
    _ARGUMENTS[dis.opmap["KW_NAMES"]] = _constant
# What has an argument that means something else: where control goes, two variables, a table's row.
_OTHER_MEANING = ("FORMAT_VALUE", "CONVERT_VALUE", "LOAD_COMMON_CONSTANT", "LOAD_SPECIAL")
_IS_FOR_DIS = bytes(
    opcode in JUMPS
    or opcode in dis.hascompare
    or opname in _OTHER_MEANING
    or opname.count("_FAST") > 1
    for opcode, opname in enumerate(dis.opname[:256])
)
_CACHE = dis.opmap.get("CACHE", -1)
_SILENT_OPCODES = frozenset(dis.opmap[name] for name in _SILENT & dis.opmap.keys())
_LEAVING_OPCODES = frozenset(dis.opmap[name] for name in _LEAVES & dis.opmap.keys())


def _token(opcode: int, argval: Any) -> Token:
    opname = dis.opname[opcode]
    if opcode in JUMPS:
        return (opname,)
    if type(argval) is CodeType:
        return (opname, constant_shell(argval, set()))
    if type(argval) is str and opname not in {"LOAD_CONST", "RETURN_CONST"}:
        return (opname, argval)
    return (opname, type(argval).__name__, text_of_constant(argval))


def _drop_ends(stream: Stream) -> None:
    """Drop what returns from the module, which the compiler puts behind every last statement."""
    nothing = ("LOAD_CONST", "NoneType", "None")
    for place, token in enumerate(stream.tokens):
        if token is not None and token[0] in {"RETURN_VALUE", "RETURN_CONST"}:
            stream.tokens[place] = None
            if token[0] == "RETURN_VALUE" and stream.tokens[place - 1] == nothing:
                stream.tokens[place - 1] = None


def _drop_annotations(stream: Stream, names: Iterable[str]) -> None:
    """Drop how 3.14 makes the module's ``__annotate__``: it numbers the annotations of all."""
    if {_ANNOTATE, _WHICH}.isdisjoint(names):
        return  # nearly every code
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


def _first_of_handler(stream: Stream, place: int) -> int | None:
    """Find the first instruction of a handler that belongs to a line; none in mere cleanup."""
    while place < len(stream.tokens):
        if stream.tokens[place] is not None:
            return place
        if place in stream.ends:
            return None
        place += 1
    return None
