"""Compile an edit of a source alone, and put the rest of the code together from what there was.

To compile a source of 5,000 lines costs more than all else that a reload of one edited function
does. What stands before the edited statement has the code it had, and what stands behind it has
moved by some lines.
"""

from __future__ import annotations
import __future__

import inspect
import operator
import re
import sys
import warnings
from bisect import bisect_left
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import partial, reduce
from itertools import accumulate, compress, count, repeat
from operator import ne
from types import CodeType
from typing import Any, NamedTuple

from livepatch._python.code import codes_in, instructions
from livepatch._python.opcodes import CONSTANT
from livepatch._source.outline import same_scope
from livepatch._source.scope import ANNOTATE_NAMES, Import, read_scope

FUTURE: int = reduce(
    operator.or_, (getattr(__future__, name).compiler_flag for name in __future__.all_feature_names)
)
# Another encoding than UTF-8 may be declared in the first two lines (PEP 263).
_DECLARES = re.compile(rb"^[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)")
_BEGINS = re.compile(rb"@|(?:def|class|async)\b")
_GLOBAL = re.compile(rb"\bglobal\b")
_SAYS_LINE = sys.version_info >= (3, 13)
_LARGEST_BYTE = 255
_ANNOTATING = frozenset(ANNOTATE_NAMES)


class Compiled(NamedTuple):
    """A source and the code that was made of it.

    Attributes:
        text: the source.
        code: its code.
        imports: what its import statements bind, if that has been read.
    """

    text: bytes | str
    code: CodeType
    imports: tuple[Import, ...] | None = None


class _Edit(NamedTuple):
    """Which lines of a source have become which, each counted from nought, the end not included.

    They reach from one definition to another that is in no other statement, or to an end of the
    source, and nothing else has changed.
    """

    start: int
    stop: int
    new_stop: int

    @property
    def moved(self) -> int:
        """By how many lines what stands behind it has moved."""
        return self.new_stop - self.stop


def recompile(known: Compiled, text: bytes | str, filename: str) -> CodeType | None:
    """Compile a source that was compiled before, and has been edited since.

    Args:
        known: the source before, and its code.
        text: the source now.
        filename: of the source.

    Returns:
        What the compiler would make of the whole: equal to it, at any depth, but for the columns
        of what the module itself runs. None where only the compiler can tell: the edit does not
        compile, or changes more than functions and classes inside, or moves what cannot be moved.
    """
    if known.code.co_filename != filename:
        return None
    if known.text == text:
        return known.code
    if type(known.text) is not bytes or type(text) is not bytes:
        return None
    return _compile_edit(known, known.text, text)


def _compile_edit(known: Compiled, old_text: bytes, new_text: bytes) -> CodeType | None:
    whole = known.code
    if _is_much(old_text, new_text) or not (_is_plain(old_text) and _is_plain(new_text)):
        return None
    before, after = old_text.split(b"\n"), new_text.split(b"\n")
    edit = _find_edit(whole, before, after)
    # What a module annotates stands in one function, wherever it stands (3.14).
    if edit is None or (edit.moved and not _ANNOTATING.isdisjoint(whole.co_names)):
        return None
    if _goes_on(after, edit.new_stop - 1) or _goes_on(after, edit.new_stop - 2):
        return None  # to what stands behind, which is not compiled with it
    lines = before[edit.start : edit.stop], after[edit.start : edit.new_stop]
    # It says something about all of a module, as does another meaning of `super` (3.12).
    declared = [sum(len(_GLOBAL.findall(line)) for line in part) for part in lines]
    if declared[0] != declared[1] or "super" in whole.co_names:
        return None
    compiling = partial(_compile, whole, edit.start, _imported_names(known))
    try:
        new = compiling(lines[1])
        with _without_warnings():  # of what was there before
            old = compiling(lines[0])
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None  # to compile the whole says what is wrong, and where
    same = same_scope(old, new) and _exceptions(old) == _exceptions(new)
    return _joined(whole, old, new, edit) if same else None


def _is_much(before: bytes, after: bytes) -> bool:
    """Whether what differs is half of a source or more: it is compiled as it was, and as it is."""
    shorter = min(len(before), len(after))
    same = _alike(shorter, lambda size: before[:size] == after[:size])
    rest = shorter - same
    same += _alike(rest, lambda size: before[len(before) - size :] == after[len(after) - size :])
    return len(before) + len(after) - 2 * same >= len(after)


def _alike(most: int, are_same: Callable[[int], bool]) -> int:
    """Return up to how many bytes two texts are the same."""
    return bisect_left(range(1, most + 1), x=True, key=lambda size: not are_same(size))


def _exceptions(code: CodeType) -> bytes:
    return getattr(code, "co_exceptiontable", b"")


def _imported_names(known: Compiled) -> list[str]:
    """List the names that a module imports: calls of what is in them have other code (3.11)."""
    imports = read_scope(known.code).imports if known.imports is None else known.imports
    names = (each.bound for each in imports if each.name != "*")
    return list(dict.fromkeys(names))


@contextmanager
def _without_warnings() -> Generator[None, None, None]:
    """Let the compiler warn of nothing.

    Not by `warnings.catch_warnings`: another thread may do the same just now, and whose list of
    filters is in force afterwards is then anybody's guess.
    """
    filters: Any = warnings.filters
    ours = ("ignore", None, Warning, None, 0)
    filters.insert(0, ours)
    try:
        yield
    finally:
        with suppress(ValueError):  # somebody has reset them
            filters.remove(ours)


def _is_plain(text: bytes) -> bool:
    """Whether a source is UTF-8 whose lines are those that its line feeds make."""
    if b"\0" in text or (b"\r" in text and text.count(b"\r") != text.count(b"\r\n")):
        return False
    declared = filter(None, map(_DECLARES.match, text.split(b"\n", 2)[:2]))
    return all(each[1].lower() in {b"utf-8", b"utf8"} for each in declared)


def _find_edit(code: CodeType, before: list[bytes], after: list[bytes]) -> _Edit | None:
    """Find the lines that differ, and the definitions around them."""
    first = next(compress(count(), map(ne, before, after)), min(len(before), len(after)))
    rest = min(len(before), len(after)) - first
    behind = next(compress(count(), map(ne, reversed(before), reversed(after))), rest)
    stop = len(before) - min(behind, rest)
    starts = sorted(_starts(code, before))
    begin = max((start for start in starts if start <= first and start < stop), default=0)
    end = min((start for start in starts if start >= stop), default=len(before))
    edit = _Edit(begin, end, end + len(after) - len(before))
    # It is compiled as it was, and as it is.
    return edit if end - begin + edit.new_stop - begin < len(after) else None


def _starts(code: CodeType, lines: list[bytes]) -> Iterator[int]:
    """Yield where definitions begin that are in no other statement."""
    for each in codes_in(code):
        if each.co_name in _ANNOTATING:
            continue  # it is where the `def` is, which may stand behind decorators (3.14)
        line = each.co_firstlineno - 1
        # Behind a line that goes on, it may be an indented one in truth.
        if line < len(lines) and _BEGINS.match(lines[line]) and not _goes_on(lines, line - 1):
            yield line


def _goes_on(lines: list[bytes], at: int) -> bool:
    return at >= 0 and lines[at].rstrip(b"\r").endswith(b"\\")


def _compile(whole: CodeType, start: int, imported: list[str], lines: list[bytes]) -> CodeType:
    """Compile some lines of a source as they stand in it, between others."""
    # Behind them a statement: the last one may do nothing, and of a module's end that leaves less.
    names = ", ".join(f"_ as {name}" for name in imported).encode()
    before = b"import " + names if names and start else b""
    text = before + b"\n" * start + b"\n".join(lines) + b"\n_\n"
    flags = whole.co_flags & FUTURE
    code: CodeType = compile(text, whole.co_filename, "exec", flags, dont_inherit=True)
    return code


def _joined(whole: CodeType, old: CodeType, new: CodeType, edit: _Edit) -> CodeType | None:
    """Put new definitions in the place of old ones, and move what stands behind them."""
    constants: list[Any] = list(whole.co_consts)
    fresh: dict[int, Any] = dict(zip(map(id, old.co_consts), new.co_consts))
    waiting = codes_in(old)
    for place, constant in enumerate(constants):
        if type(constant) is not CodeType or constant.co_firstlineno <= edit.start:
            continue
        if constant.co_firstlineno <= edit.stop:
            same = next((each for each in waiting if each == constant), None)
            if same is None:
                return None
            waiting.remove(same)
            constants[place] = fresh[id(same)]
        elif edit.moved:
            moved = _moved(constant, edit.moved)
            if moved is None:
                return None
            constants[place] = moved
    lines = _pair_lines(old, new)
    if lines is None:
        return None
    if edit.moved or any(line != new_line for line, new_line in lines.items()):
        table = _with_turns(whole.co_linetable, _turns(whole, lines, edit))
        return whole.replace(co_consts=tuple(constants), co_linetable=table)
    return whole.replace(co_consts=tuple(constants))


def _pair_lines(old: CodeType, new: CodeType) -> dict[int, int] | None:
    """Return which line each line has become; None where instructions of one are in two now."""
    lines: dict[int, int] = {}
    for line, new_line in zip(lines_of(old), lines_of(new)):
        if line is None or new_line is None:
            if line is not new_line:
                return None
        elif lines.setdefault(line, new_line) != new_line:
            return None
    return lines


def _moved(code: CodeType, by: int) -> CodeType | None:
    """Return code as it is some lines further down; None where that cannot be told."""
    inside: dict[int, CodeType] = {}
    for each in codes_in(code):
        moved = _moved(each, by)
        if moved is None:
            return None
        inside[id(each)] = moved
    says_line = _SAYS_LINE and not code.co_flags & inspect.CO_OPTIMIZED
    if not (inside or says_line):
        return code.replace(co_firstlineno=code.co_firstlineno + by)  # nearly every one
    constants: list[Any] = list(map(inside.get, map(id, code.co_consts), code.co_consts))
    if says_line:
        said = _place_of_first_line(code, code.co_firstlineno + by)
        if said is None:
            return None
        constants[said] += by
    return code.replace(co_firstlineno=code.co_firstlineno + by, co_consts=tuple(constants))


def _place_of_first_line(code: CodeType, moved_to: int) -> int | None:
    """Return the place of the constant by which a class says where it begins (3.13).

    None where it has none of its own: it says the same number elsewhere, or will; or the number is
    so small that it is part of an instruction (3.14).
    """
    numbers = [each if type(each) is int else None for each in code.co_consts]
    if "__firstlineno__" not in code.co_names:
        return None  # `nonlocal __firstlineno__`
    if code.co_firstlineno not in numbers or moved_to in numbers or moved_to <= _LARGEST_BYTE:
        return None
    place = numbers.index(code.co_firstlineno)
    uses = [each for each in instructions(code) if each[0] in CONSTANT and each[1] == place]
    return place if len(uses) == 1 else None


def lines_of(code: CodeType) -> Iterator[int | None]:
    """Yield the line of each instruction."""
    for start, end, line in code.co_lines():
        yield from repeat(line, (end - start) // 2)


class _Turn(NamedTuple):
    """Where the instructions of a module begin that have moved otherwise than those before them.

    Attributes:
        at: the first one of them.
        down: by how many lines it is further down than what stands before it.
        more: by how many more than it was.
    """

    at: int
    down: int
    more: int


def _turns(whole: CodeType, lines: dict[int, int], edit: _Edit) -> Iterator[_Turn]:
    """Yield where instructions have moved otherwise; nearly always once, behind the edit."""
    before, moved = whole.co_firstlineno, 0
    start_of_edit, end_of_edit, moved_behind = edit.start, edit.stop, edit.moved
    for start, _, line in whole.co_lines():
        if line is None:
            continue
        if line > end_of_edit:
            by = moved_behind
        elif line <= start_of_edit:
            by = 0
        else:
            by = lines[line] - line
        if by != moved:
            yield _Turn(start // 2, line + by - before - moved, by - moved)
            moved = by
        before = line


if sys.version_info >= (3, 11):
    _IS_FIRST = bytes(byte >> 7 for byte in range(256))
    _NUMBERS = bytes((byte & 7) + 1 for byte in range(256))
    _SIZE, _NO_COLUMN, _SIX_BITS, _MORE = 0x87, 13 << 3, 0x3F, 0x40

    def _with_turns(table: bytes, turns: Iterable[_Turn]) -> bytes:
        """Return a table of lines in which some instructions stand in others.

        An entry is for up to eight of them: a byte for its kind and their number, and then by how
        many lines they are further down, six bits a byte (CPython: Objects/locations.md). So what
        has moved with what stands before it has the entry that it had.
        """
        firsts = [*compress(count(), table.translate(_IS_FIRST)), len(table)]
        numbers = bytes(map(table.__getitem__, firsts[:-1])).translate(_NUMBERS)
        begins = [0, *accumulate(numbers)]
        found, done = bytearray(), 0
        for turn in turns:
            place = bisect_left(begins, turn.at)
            first = firsts[place]
            found += table[done:first]
            found.append(table[first] & _SIZE | _NO_COLUMN)
            said = turn.down << 1 if turn.down >= 0 else -turn.down << 1 | 1
            while said > _SIX_BITS:
                found.append(_MORE | said & _SIX_BITS)
                said >>= 6
            found.append(said)
            done = firsts[place + 1]
        return bytes(found + table[done:])

else:
    _FARTHEST = 127

    def _with_turns(table: bytes, turns: Iterable[_Turn]) -> bytes:
        """Return a table of lines in which some instructions stand in others.

        An entry is two bytes: how many bytes of instructions, and by how many lines they are
        further down, or that they have none (CPython: Objects/lnotab_notes.txt). So what has moved
        has an entry more before it, for no instruction.
        """
        begins = [0, *accumulate(table[::2])]
        found, done = bytearray(), 0
        for turn in turns:
            place = 2 * bisect_left(begins, 2 * turn.at)
            found += table[done:place]
            done, more = place, turn.more
            while more:
                step = max(-_FARTHEST, min(_FARTHEST, more))
                found += bytes((0, step & 0xFF))
                more -= step
        return bytes(found + table[done:])
