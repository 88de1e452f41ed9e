"""What is put together of an edit and of what was there is what the compiler makes of the whole."""

from __future__ import annotations

import importlib
import inspect
import os
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from types import CodeType
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import livepatch
from livepatch._source.recompile import Compiled, lines_of, recompile
from livepatch.testing import LiveModule
from tests.live import run_in_child

LIBRARY = Path(os.__file__).parent
MODULES = (
    *("_pydecimal.py", "argparse.py", "ast.py", "asyncio/tasks.py", "collections/__init__.py"),
    *("configparser.py", "dataclasses.py", "datetime.py", "difflib.py", "doctest.py", "enum.py"),
    *("functools.py", "inspect.py", "ipaddress.py", "json/encoder.py", "logging/__init__.py"),
    *("pathlib.py", "pickle.py", "socket.py", "statistics.py", "tarfile.py", "textwrap.py"),
    *("typing.py", "unittest/mock.py"),
)
FIELDS = (
    *("co_argcount", "co_cellvars", "co_code", "co_exceptiontable", "co_filename"),
    *("co_firstlineno", "co_flags", "co_freevars", "co_kwonlyargcount", "co_name", "co_names"),
    *("co_nlocals", "co_posonlyargcount", "co_qualname", "co_stacksize", "co_varnames"),
)
# Also what only looks as if it were part of one statement, or is none.
PIECES = (
    *(b"", b"# c", b"    # c", b"\f", b"  ", b"\\", b"(", b")", b"'''", b'"""', b"@f", b"else:"),
    *(b"x = 1", b"    x = 1", b"        return 1", b"    pass", b"def f(): pass", b"if 1:"),
    *(
        b"@f\ndef f(x: int) -> int: return x",
        b"@f\nclass A:\n    x: int = 1",
        b"def f(x: int): pass",
    ),
    *(b"class A: pass", b"    def f(self): return super()", b"x: int = 1", b"f(1)", b"import os"),
)
Lines = list[bytes]


def full(text: bytes, filename: str = "m.py") -> CodeType | None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            code: CodeType = compile(text, filename, "exec", dont_inherit=True)
        except (SyntaxError, ValueError):
            return None
        return code


def edited(known: Compiled, text: bytes, filename: str = "m.py") -> CodeType | None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return recompile(known, text, filename)


def description(code: CodeType, *, is_module: bool = True) -> Iterator[Any]:
    """Yield all that a code object says, at any depth."""
    for field in FIELDS:
        yield field, getattr(code, field, None)
    yield list(lines_of(code)) if is_module else code.co_linetable
    for constant in code.co_consts:
        if type(constant) is CodeType:
            yield list(description(constant, is_module=False))
        else:
            # A frozenset may have its members in another order.
            yield type(constant), repr(constant) if type(constant) is not frozenset else constant


def insert(pieces: Lines, lines: Lines, at: int) -> Lines:
    return [*lines[:at], *pieces, *lines[at:]]


def delete(count: int, lines: Lines, at: int) -> Lines:
    return lines[:at] + lines[at + count :]


def repeat(lines: Lines, at: int) -> Lines:
    return [*lines[: at + 1], *lines[at:]]


def indented(piece: bytes, lines: Lines, at: int) -> Lines:
    line = lines[at]
    return insert([line[: len(line) - len(line.lstrip())] + piece], lines, at)


def exchange(old: bytes, new: bytes, lines: Lines, at: int) -> Lines:
    return [*lines[:at], lines[at].replace(old, new), *lines[at + 1 :]]


EDITS: st.SearchStrategy[Callable[[Lines, int], Lines]] = st.one_of(
    st.sampled_from(PIECES).map(lambda piece: partial(insert, [piece])),
    st.integers(1, 400).map(lambda count: partial(insert, [b""] * count)),
    st.integers(1, 5).map(lambda count: partial(delete, count)),
    st.just(repeat),
    st.sampled_from((b"f(1)", b"x = 1", b"'''text'''")).map(lambda line: partial(indented, line)),
    st.sampled_from(
        ((b"self", b"this"), (b"1", b"2"), (b"(", b"(\n"), (b"def ", b"async def "))
    ).map(lambda pair: partial(exchange, *pair)),
)


def check(filename: str, edits: list[tuple[Callable[[Lines, int], Lines], float]]) -> int:
    """Make edits one after the other; return how many were compiled alone."""
    text = (LIBRARY / filename).read_bytes()
    code = full(text)
    assert code is not None
    known, alone = Compiled(text, code), 0
    for edit, where in edits:
        lines = known.text.split(b"\n")  # type: ignore[arg-type]
        text = b"\n".join(edit(lines, int(where * (len(lines) - 1))))
        whole, found = full(text), edited(known, text)
        if found is not None:
            alone += 1
            assert whole is not None
            assert list(description(found)) == list(description(whole))
        if whole is not None:
            known = Compiled(text, found or whole)
    return alone


@settings(deadline=None, max_examples=25, suppress_health_check=list(HealthCheck))
@given(
    filename=st.sampled_from(MODULES),
    edits=st.lists(st.tuples(EDITS, st.floats(0, 1)), min_size=1, max_size=6),
)
def test_an_edit_of_a_real_module_gives_what_the_compiler_makes_of_the_whole(
    filename: str, edits: list[tuple[Callable[[Lines, int], Lines], float]]
) -> None:
    assume((LIBRARY / filename).exists())
    check(filename, edits)


@pytest.mark.slow
@settings(deadline=None, max_examples=600, suppress_health_check=list(HealthCheck))
@given(
    filename=st.sampled_from(sorted(str(path) for path in LIBRARY.glob("*.py"))),
    edits=st.lists(st.tuples(EDITS, st.floats(0, 1)), min_size=1, max_size=6),
)
def test_an_edit_of_any_module_gives_what_the_compiler_makes_of_the_whole(
    filename: str, edits: list[tuple[Callable[[Lines, int], Lines], float]]
) -> None:
    check(filename, edits)


# A number below 256 is part of an instruction (3.14): what a class says of its line could not move.
BEFORE = (
    b"import os\n"
    + b"\n" * 300
    + b"""\
LIMIT = 1
class First:
    limit = 1000
    def hit(self):
        return 1
    class Inner: pass
def work(a=LIMIT):
    return [each for each in range(a)]
@staticmethod
@print
def hired(
    name: str, *others: int
) -> str: return "one"
@print
class Card:
    size: int = 1
    @property
    def name(self) -> str:
        return "card"
async def later(a: int) -> int: return 3
TABLE = {work: 1}
class Last(First):
    def hit(self):
        return super().hit()
def last():
    return lambda: 0
"""
)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"return 1\n", b"return 2\n"),
        (b"return 1\n", b"x = 1\n        return x\n"),
        (b"range(a)]", b"range(a) if each]"),
        (b"    return [", b"\n\n\n    # why\n    return ["),
        (b"limit = 1000", b"limit = 2000"),
        (b"def hit(self):\n        return 1", b"def hit(self, by=1):\n        return by"),
        (b"return super().hit()", b"return 2"),
        (b"return super().hit()\n", b"return super().hit()\n\n\n"),
        (b"return lambda: 0", b"# why\n    return lambda: 1"),
        (b'return "one"', b'return "two"'),
        (b'str: return "one"', b'str:\n    return "two"'),
        (b'return "card"', b'return "cards"'),
        (b"size: int = 1", b"size: str = 1"),
        (b"return 3", b"return 4"),
    ],
)
def test_what_changed_within_definitions_is_compiled_alone(old: bytes, new: bytes) -> None:
    code = full(BEFORE)
    assert code is not None
    text = BEFORE.replace(old, new)

    found, whole = edited(Compiled(BEFORE, code), text), full(text)

    assert found is not None
    assert whole is not None
    assert list(description(found)) == list(description(whole))


@pytest.mark.parametrize(
    "text",
    [
        BEFORE.replace(b"LIMIT = 1", b"LIMIT = 2"),
        BEFORE.replace(b"a=LIMIT", b"a=LIMIT, b=1"),
        BEFORE.replace(b"TABLE = {work: 1}", b"TABLE = {work: 2}"),
        BEFORE.replace(b"return 1\n", b"return (\n"),
        BEFORE.replace(b"(First)", b"(First, object)"),
        BEFORE.replace(b"def work", b"@print\ndef work"),
        b"# coding: latin-1\n" + BEFORE,
        BEFORE.replace(b"return 1\n", b"return 1\r"),
        BEFORE.replace(b"return 1\n", b"return '\0'\n"),
        BEFORE + b"\\\n",  # a line that goes on, where there is none
        b"",
    ],
)
def test_what_changed_elsewhere_is_left_to_the_compiler(text: bytes) -> None:
    code = full(BEFORE)
    assert code is not None

    assert edited(Compiled(BEFORE, code), text) is None


def test_the_same_source_is_not_compiled_again() -> None:
    code = full(BEFORE)
    assert code is not None

    assert edited(Compiled(BEFORE, code), BEFORE) is code
    assert edited(Compiled(BEFORE, code), BEFORE, "other.py") is None


def test_an_edit_behind_another_one_arrives_with_its_lines(live: LiveModule) -> None:
    source = BEFORE.decode()
    module = live.start(source)
    held, last = module.First().hit, module.last
    live.edit(source.replace("return 1\n", "return 2\n"), rerun="changed")
    live.edit(source.replace("return 1\n", "x = 3\n        return x\n"), rerun="changed")

    assert held() == 3
    assert last.__code__.co_firstlineno == source[: source.index("def last")].count("\n") + 2
    with pytest.raises(SyntaxError):
        live.edit(source.replace("return 1\n", "x = (\n"), rerun="changed")
    assert held() == 3


SOURCE = "import os\n" + "\n" * 300 + "def f():\n    return 1\ndef g():\n    return 1\n" * 9


def test_who_asks_again_what_has_changed_compiles_nothing() -> None:
    said = run_in_child(
        f"""
        import sys
        SOURCE = {SOURCE!r}
        module, compiled = live.start(SOURCE), []
        sys.addaudithook(lambda event, args: event == "compile" and compiled.append(args[0]))
        def say(call):
            compiled.clear()
            print(call(), [each.count(b"return") for each in compiled if each])
        say(lambda: livepatch.changed(live.name))
        live.write(SOURCE.replace("return 1", "return 2", 1))
        say(lambda: livepatch.changed(live.name) == (live.name,))
        say(lambda: livepatch.reload_changed(live.name).ok)
        say(lambda: livepatch.changed(live.name))
        livepatch.undo()
        say(lambda: livepatch.changed(live.name) == (live.name,))
        """
    )

    assert said.splitlines() == [
        "() []",
        "True [1, 1]",
        "True [1, 1, 1, 1]",
        "() []",
        "True [18]",
    ]


def test_the_first_edit_of_what_an_import_compiled_is_compiled_alone() -> None:
    said = run_in_child(
        f"""
        SOURCE = {SOURCE!r}
        module, compiled = live.start(SOURCE), []
        held = module.f
        sys.addaudithook(lambda event, args: event == "compile" and compiled.append(args[0]))
        live.edit(SOURCE[::-1].replace("1 nruter", "2 nruter", 2)[::-1], rerun="changed")
        print([each.count(b"return") for each in compiled if each], held())
        """
    )

    assert said.splitlines() == ["[2, 2] 2"]


def test_a_source_that_does_not_compile_is_imported_with_the_traceback_it_has(
    tmp_path: Path,
) -> None:
    tmp_path.joinpath("broken.py").write_text("def f(:\n")
    said = run_in_child(
        f"""
        import traceback
        sys.path.insert(0, {str(tmp_path)!r})
        try:
            import broken
        except SyntaxError as error:
            print([each.name for each in traceback.extract_tb(error.__traceback__)])
        """
    )

    assert said.split() == ["['<module>']"]


IMPORTS = "import os\n" + "".join(f"V{number} = {number}\n" for number in range(40))
LAST = "def last():\n    return 0\n"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        # Each says something about all of a module, or what stands behind it does about this.
        ("def f():\n    return 1\n", "def f():\n    return 2\nglobal V3\n"),
        ("def f():\n    return 1\n", "def f():\n    return 2\nglobal last\n"),
        ("def f():\n    return 1\n", "def f():\n    return os.getpid()\n"),
        ("def f():\n    return os.getpid()\n", "def f():\n    return os.getpid() + 1\n"),
        ("def f():\n    return 1\n'note'\n", "def f():\n    return 1\n"),
        ("def f():\n    return 1\n", "def f():\n    return 1\n...\n"),
        (
            "def f(): pass\ntry:\n    f()\nexcept OSError: pass\nelse:\n    os.x()\n",
            "def f(): pass\ntry:\n    f()\n    os.x()\nexcept OSError: pass\n",
        ),
        (
            "def f():\n    return 1\nif V1:\n    f()\nelse: g = lambda: 1\n",
            "def f():\n    return 2\nif V1:\n    f()\nglobal h\nelse: g = lambda: 1\n",
        ),
        ("if V1:\n    \\\ndef f(): return 1\n", "if V1:\n    \\\ndef f():\n    return 1\n"),
        (
            "super = super\nclass A:\n    def f(self): return 1\n",
            "super = super\nclass A:\n    def f(self): return super().f()\n",
        ),
    ],
)
def test_what_the_compiler_knows_of_the_whole_is_known(old: str, new: str) -> None:
    before, after = ((IMPORTS + each + LAST).encode() for each in (old, new))
    code, whole = full(before), full(after)
    assert code is not None
    found = edited(Compiled(before, code), after)

    if found is not None:
        assert whole is not None
        assert list(description(found)) == list(description(whole))


def test_what_a_module_imports_is_known_where_a_function_calls_it() -> None:
    source = IMPORTS + "def f():\n    return os.getpid()\n" + LAST
    code = full(source.encode())
    assert code is not None

    assert edited(Compiled(source.encode(), code), source.replace("()\n", "() + 1\n").encode())


def test_comments_above_all_are_compiled_alone() -> None:
    source = (IMPORTS + "def f():\n    return os.getpid()\n" + LAST * 60).encode()
    code = full(source)
    assert code is not None
    found, whole = edited(Compiled(source, code), b"# why\n" + source), full(b"# why\n" + source)

    assert found is not None
    assert whole is not None
    assert list(description(found)) == list(description(whole))


def test_nobody_is_warned_of_what_has_been_mended(live: LiveModule) -> None:
    source = IMPORTS + "def f(x):\n    return x is 1\n" + LAST
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        live.start(source)
    with warnings.catch_warnings(record=True) as shown:
        warnings.simplefilter("always")
        filters = list(warnings.filters)
        live.edit(source.replace("x is 1", "x == 1"), rerun="changed")
        live.edit(source.replace("x is 1", "x is 2"), rerun="changed")
        assert filters == list(warnings.filters)

    assert len(shown) == 1
    assert "is" in str(shown[0].message)


def test_a_module_whose_file_moved_has_the_new_one(live: LiveModule) -> None:
    module = live.start(IMPORTS + "def f(): return 1\n" + LAST)
    folder = live.path.with_suffix("")
    folder.mkdir()
    live.path.unlink()
    for number in (2, 3):
        text = IMPORTS + f"def f(): return {number}\n" + "\n" * number + LAST
        (folder / "__init__.py").write_text(text)
        importlib.invalidate_caches()
        livepatch.reload(module)
        assert inspect.getsource(module.last) == LAST
    assert module.f() == 3


def test_what_was_imported_is_forgotten_with_the_module(tmp_path: Path) -> None:
    said = run_in_child(
        f"""
        import gc
        from livepatch._source import remembered
        sys.path.insert(0, {str(tmp_path)!r})
        Path({str(tmp_path)!r}, "shop.py").write_text("def f(): return 1")
        import shop
        print(remembered.imported_code("shop") is not None)
        print(remembered.imported_source("shop") is not None)
        del sys.modules["shop"], shop
        gc.collect()
        print(remembered.imported_code("shop"), remembered.imported_source("shop"))
        """
    )

    assert said.splitlines() == ["True", "True", "None None"]


@pytest.mark.parametrize("place", ["first", "last"])
def test_an_import_of_everything_binds_no_name(live: LiveModule, place: str) -> None:
    star, rest = "from os.path import *\n", "X = []\n" + LAST.replace("last", "first") + LAST * 30
    source = star + rest if place == "first" else rest + star
    module = live.start(source)
    live.edit(source.replace("return 0", "return X.copy()", 1), rerun="changed")

    assert module.first() == []
    assert livepatch.changed(live.name) == ()
