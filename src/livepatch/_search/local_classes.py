"""Classes that calls have made: what the new source says otherwise of them than of their methods.

Their statements run only when the function around them is called again, so that those of earlier
calls are what they were. Methods follow like any closure.
"""

from __future__ import annotations

import dis
import gc
from collections.abc import Iterable, Iterator, Mapping
from types import CodeType
from typing import Any

from livepatch._holders import all_classes
from livepatch._python.code import codes_in
from livepatch._python.kinds import class_attributes, is_class, qualified_name
from livepatch._python.opcodes import COMPILER_NAMES
from livepatch._python.own import OwnDict
from livepatch._source.bodies import is_function_code
from livepatch._source.outline import outline
from livepatch._source.scope import REST
from livepatch._source.shell import Shell

# What a function is given of the variables around it, and what the compiler does for that.
_GIVES_CELLS = frozenset(
    {"LOAD_CLOSURE", "LOAD_FAST", "LOAD_FAST_BORROW", "MAKE_CELL", "COPY_FREE_VARS"}
)
_HAS_CELLS = 8  # CPython: MAKE_FUNCTION_CLOSURE
_ENDS = frozenset({"POP_TOP", "RETURN_VALUE", "RETURN_CONST", "RETURN_GENERATOR", "RESUME"})
_BODY_ONLY = COMPILER_NAMES | {"__classcell__"}

CodePairs = Iterable["tuple[CodeType, CodeType | None]"]


def changed_local_classes(pairs: CodePairs) -> OwnDict[int, str]:
    """Return the qualified names of classes in functions, by the id of the old code of each body.

    Args:
        pairs: old and new code of functions, and of what is inside them.
    """
    found: OwnDict[int, str] = OwnDict()
    for old, new in pairs:
        if CodeType not in map(type, old.co_consts) and is_function_code(old):
            continue  # nearly every one
        if not is_function_code(old):
            if new is None or _body_says(old) != _body_says(new):
                found[id(old)] = _name_of(old)
            continue
        for body in _bodies_said_otherwise(old, new) if new is not None else ():
            found[id(body)] = _name_of(body)
    return found


def made_before(names: Iterable[str], modules: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield module and name of those of some classes that calls before this load have made."""
    wanted = set(names)
    if not wanted:
        return
    young = {id(each) for each in gc.get_objects(generation=0) if is_class(each)}
    for cls in all_classes():
        home, name = class_attributes(cls).get("__module__"), qualified_name(cls)
        if name in wanted and type(home) is str and home in modules and id(cls) not in young:
            yield home, name


def _name_of(body: CodeType) -> str:
    """Return the qualified name of a class; its code has had one itself since 3.11."""
    shells = outline(body).scopes[()].shells.get("__qualname__", ())
    texts = (part[1] for shell in shells for part in shell.fingerprint if type(part) is tuple)
    return next(texts, body.co_name)


def _body_says(body: CodeType) -> dict[str, list[tuple[Any, ...]]]:
    """Return what a body says outside its functions, and apart from what these take from around."""
    scopes = outline(body).scopes
    found: dict[str, list[tuple[Any, ...]]] = {}
    for path, scope in scopes.items():
        for name, shells in scope.shells.items():
            said = [tuple(_without_cells(name, shell)) for shell in shells]
            if name not in _BODY_ONLY and any(said):
                found[".".join((*path, name))] = said
    return found


def _without_cells(name: str, shell: Shell) -> Iterator[Any]:
    gave = False
    for part in shell.fingerprint:
        opcode, argument = part if type(part) is tuple and len(part) == 2 else (part, 0)  # noqa: PLR2004
        said = dis.opname[opcode] if type(opcode) is int else opcode
        if said in _GIVES_CELLS or (said == "BUILD_TUPLE" and gave):
            gave = True
            continue
        gave = False
        if said == "MAKE_FUNCTION" and type(argument) is int:
            yield said, argument & ~_HAS_CELLS
        elif said == "SET_FUNCTION_ATTRIBUTE" and argument == _HAS_CELLS:
            continue
        # A body ends with the cell of its class, or with nothing.
        elif name != REST or (said not in _ENDS and part != ("constant", "None")):
            yield part


def _bodies_said_otherwise(old: CodeType, new: CodeType) -> Iterator[CodeType]:
    """Yield the bodies of classes in a function whose bases, keywords or decorators changed."""
    if all(map(is_function_code, codes_in(old))):
        return
    after = list(_class_statements(new))
    for body, said in _class_statements(old):
        alike = [other for name, other in after if name.co_name == body.co_name]
        if alike and said not in alike:
            yield body


def _class_statements(code: CodeType) -> Iterator[tuple[CodeType, list[tuple[str, Any]]]]:
    """Yield the body of each class in a function, and what the statement says around it."""
    said: list[tuple[str, Any]] = []
    body: CodeType | None = None
    for each in dis.get_instructions(code):
        if each.opname.startswith("STORE_") or each.opname in _ENDS:
            if body is not None:
                yield body, said
            said, body = [], None
        elif type(each.argval) is CodeType:
            body = body if is_function_code(each.argval) else each.argval
            said.append((each.opname, each.argval.co_name))
        elif each.opname not in _GIVES_CELLS or type(each.argval) is str:
            said.append((each.opname, each.argval))
