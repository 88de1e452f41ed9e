"""Instructions and trees are gone through by loops of our own, as `dis` and `ast` would do it."""

from __future__ import annotations

import ast
import contextlib
import dataclasses
import dis
import inspect
import typing
from types import CodeType, ModuleType

import pytest

from livepatch._python.code import nested_codes
from livepatch._statements import stream
from livepatch._statements.tree import walk

MODULES = (ast, contextlib, dataclasses, inspect, typing)


def all_codes(module: ModuleType) -> list[CodeType]:
    top = compile(inspect.getsource(module), "source.py", "exec")
    return [top, *nested_codes(top)]


def as_dis_has_it(code: CodeType) -> list[tuple[object, ...]]:
    found = []
    for each in dis.get_instructions(code):
        is_of_constant = each.opname == "KW_NAMES" and each.arg is not None  # 3.11 does not say it
        argval = code.co_consts[each.arg or 0] if is_of_constant else each.argval
        found.append((each.offset, each.opcode, each.arg or 0, argval))
    return found


@pytest.mark.parametrize("module", MODULES)
def test_instructions_are_read_as_dis_reads_them(module: ModuleType) -> None:
    codes = all_codes(module)

    assert all(list(stream._instructions(code)) == as_dis_has_it(code) for code in codes)


def test_most_codes_are_not_left_to_dis() -> None:
    codes = [code for module in MODULES for code in all_codes(module)]
    left = [code for code in codes if code.co_code[::2].translate(stream._IS_FOR_DIS).strip(b"\0")]

    assert len(left) < len(codes) / 1.5


@pytest.mark.parametrize("module", MODULES)
def test_walk_finds_in_the_same_order_what_ast_finds(module: ModuleType) -> None:
    tree = ast.parse(inspect.getsource(module))
    kinds = (ast.stmt, ast.expr, ast.arg, ast.keyword, ast.alias, ast.excepthandler, ast.withitem)
    found = [each for each in walk(tree) if isinstance(each, kinds)]

    assert found == [each for each in ast.walk(tree) if isinstance(each, kinds)]
