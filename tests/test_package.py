"""The package as a whole: its names, its stages, its codes, its docs, its version."""

from __future__ import annotations

import ast
import doctest
import importlib
import importlib.metadata
import inspect
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

import livepatch
from livepatch._codes import CODES
from tests.live import run_in_child

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = Path(livepatch.__file__).resolve().parent
README = (ROOT / "README.md").read_text(encoding="utf-8")

# The way of a reload. A module imports only from those before it.
STAGES = (
    # what every stage speaks of
    "_own",
    "_codes",
    "_errors",
    "_report",
    "_turns",
    # source, snapshot, load
    "_opcodes",
    "_code",
    "_scope",
    "_outline",
    "_bodies",
    "_recompile",
    "_source",
    "_remembered",
    "_by_text",
    "_library",
    "_kinds",
    "_c_memory",
    "_layout",
    "_among",
    "_recode",
    "_rows",
    "_constants",
    "_context_variables",
    "_contents",
    "_items",
    "_class_attributes",
    "_class_fields",
    "_dicts",
    "_steps",
    "_class_names",
    "_memos",
    "_layers",
    "_live",
    "_origin",
    "_entries_of_others",
    "_borrow",
    "_linearise",
    "_base_order",
    "_blueprints",
    "_frameworks",
    "_filled",
    "_made_of",
    "_records",
    "_registers",
    "_entries",
    "_item_index",
    "_enrolled",
    "_abstract",
    "_snapshot",
    "_branches",
    "_nested",
    "_begun",
    "_assignments",
    "_put_around",
    "_asked",
    # which statements run, and how
    "_stream",
    "_statements",
    "_recognise",
    "_tree",
    "_syntax",
    "_annotated",
    "_chosen",
    "_made",
    "_assigned",
    "_operations",
    "_headers",
    "_differences",
    "_module_hooks",
    "_lambdas",
    "_behind",
    "_fills",
    "_own_names",
    "_lent",
    "_certain",
    "_harmless",
    "_in_force",
    "_needs",
    "_reads",
    "_reach",
    "_between",
    "_spread",
    "_marks",
    "_taken",
    "_uses",
    "_hands_over",
    "_changed_places",
    "_stale",
    "_selection",
    "_bound_too",
    "_replaced",
    "_docstring",
    "_of_concern",
    "_statement_bodies",
    "_choice",
    "_select",
    "_mapped",
    "_came_back",
    "_struck_off",
    "_in_order",
    "_rerun",
    "_lend",
    "_quiet",
    "_hooks",
    "_young",
    "_clear",
    "_finders",
    "_at_exit",
    "_parts",
    "_stars",
    "_one_shot",
    "_load",
    "_progress",
    # match
    "_module",
    "_deleted",
    "_decorated",
    "_link",
    "_registered",
    "_unwrapped",
    "_pairs",
    "_shapes",
    "_build",
    "_sentinels",
    "_ownership",
    "_likeness",
    "_walk",
    "_moves",
    "_match",
    "_returns",
    "_renames",
    "_follow",
    "_said_defaults",
    # plan
    "_hotswap",
    "_fill",
    "_migration",
    "_destructors",
    "_successors",
    "_reshaped",
    "_decisions",
    "_class_source",
    "_go_over",
    "_function_caches",
    "_decide",
    "_derive",
    "_migrate",
    "_given",
    "_registries",
    "_tables_of_bases",
    "_values",
    "_in_place",
    "_belongings",
    "_retire",
    "_record",
    "_retained",
    "_explain",
    "_heap",
    "_reconcile._result",
    "_reconcile._wrappers",
    "_reconcile._dispatchers",
    "_reconcile._flags",
    "_reconcile._hidden_methods",
    "_reconcile._left_over",
    "_reconcile._descriptors",
    "_reconcile._functions",
    "_reconcile._numbers",
    "_reconcile._classes",
    "_reconcile._table",
    "_reconcile",
    "_dropped",
    "_originals",
    "_holders._context",
    "_holders._c_data",
    "_holders._identity",
    "_holders._frozen",
    "_holders._insides",
    "_holders._ordered",
    "_holders._references",
    "_holders._callables",
    "_holders._containers",
    "_holders._crowds",
    "_holders._frames",
    "_holders._table",
    "_holders",
    "_complete",
    "_hidden",
    "_local_classes",
    "_lagging",
    "_running",
    "_weak",
    "_rehash",
    "_identities",
    "_surroundings",
    "_noted",
    "_repoint",
    "_search",
    "_plan",
    "_namespaces",
    "_instances",
    "_draft",
    "_partial",
    "_returned",
    "_absent",
    "_abstract_registrations",
    "_abstract_methods",
    "_library_caches",
    "_importers",
    "_carry",
    "_lazy_annotations",
    "_lacking",
    "_remnants",
    "_notices",
    "_places",
    # apply or withdraw, verify, report
    "_subclass_order",
    "_constructors",
    "_sequence_slots",
    "_apply",
    "_withdraw",
    "_summary",
    "_verify",
    "_keep",
    "_undo",
    "_history",
    # what a user calls
    "_changed",
    "_options",
    "_stopped",
    "_reload",
    "_install",
    "",
    # what a user's tests call
    "testing._live",
    "testing._graph",
    "testing._unchanged",
    "testing._current",
    "testing._portrait",
    "testing._fresh",
    "testing._grammar",
    "testing._generated",
    "testing._strategies",
    "testing._machine",
    "testing._plugin",
    "testing",
)
# Imports that only a type checker makes; one is from a later stage.
# What needs hypothesis is imported when it is first asked for.
LATE = {
    ("_errors", "_report"),
    ("testing", "testing._generated"),
    ("testing", "testing._machine"),
    ("testing", "testing._strategies"),
}


def _name_of(path: Path) -> str:
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


FILES = {_name_of(path): path for path in sorted(PACKAGE.rglob("*.py"))}


def imports_of(tree: ast.AST) -> Iterator[str]:
    """Yield which modules of the package the statements anywhere in a tree import."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, "imports name the package in full"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        for name in names:
            home, _, rest = name.partition(".")
            if home == "livepatch":
                yield module_of(rest)


def module_of(name: str) -> str:
    """The longest beginning of a dotted name that is a module of the package."""
    while name and name not in FILES:
        name = name.rpartition(".")[0]
    return name


def late_imports_of(tree: ast.Module) -> set[str]:
    """Return what is imported inside functions, or for type checkers alone."""
    return {
        found
        for node in ast.walk(tree)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) or _is_for_checkers(node)
        for found in imports_of(node)
    }


def _is_for_checkers(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"


def parse(name: str) -> ast.Module:
    return ast.parse(FILES[name].read_text(encoding="utf-8"))


def test_every_module_has_its_place_in_the_list_of_stages() -> None:
    assert set(STAGES) == set(FILES)
    assert len(STAGES) == len(set(STAGES))


@pytest.mark.parametrize("name", FILES)
def test_imports_go_one_way_down_the_list_of_stages(name: str) -> None:
    tree = parse(name)
    late = late_imports_of(tree)
    upward = {found for found in imports_of(tree) if STAGES.index(found) >= STAGES.index(name)}

    assert {(name, found) for found in upward} <= LATE
    assert upward <= late


def test_late_imports_are_those_listed() -> None:
    found = {(name, imported) for name in FILES for imported in late_imports_of(parse(name))}

    assert found == LATE


def homes_of_imports(names: Iterable[str]) -> set[str]:
    homes = set()
    for name in names:
        for node in ast.walk(parse(name)):
            if isinstance(node, ast.Import):
                homes |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                homes.add(node.module.partition(".")[0])
    return homes - sys.stdlib_module_names - {"livepatch"}


# What needs the extra `test`; see `livepatch.testing`.
TOOLS = {name: FILES[name] for name in FILES if name.partition(".")[0] == "testing"}


def test_nothing_but_the_standard_library_and_wrapt_is_imported() -> None:
    assert homes_of_imports(FILES.keys() - TOOLS.keys()) == {"wrapt"}


def test_only_the_tools_for_tests_import_what_the_extra_brings() -> None:
    assert homes_of_imports(TOOLS) <= {"hypothesis", "pytest"}


def test_importing_the_package_imports_no_tools_for_tests() -> None:
    said = run_in_child("print([n for n in sys.modules if 'hypothesis' in n or n == 'pytest'])")

    assert said.split() == ["[]"]


def test_exported_names_are_those_of_the_readme() -> None:
    documented = re.findall(r"^\| `livepatch\.(\w+)` \|", README, re.MULTILINE)

    assert sorted(documented) == sorted(livepatch.__all__)


def test_exported_names_are_sorted_and_there() -> None:
    public = {
        name
        for name, value in vars(livepatch).items()
        if not name.startswith("_")
        and getattr(value, "__module__", "").partition(".")[0] == "livepatch"
    }

    assert sorted(livepatch.__all__) == sorted(set(livepatch.__all__))
    assert public - {"remember_imports"} == set(livepatch.__all__)


@pytest.mark.parametrize("name", livepatch.__all__)
def test_exported_name_has_a_docstring(name: str) -> None:
    exported = getattr(livepatch, name)
    docstring = exported.__dict__.get("__doc__") if inspect.isclass(exported) else exported.__doc__

    assert docstring
    assert not docstring.startswith(f"{name}("), "the one dataclass writes by itself"


@pytest.mark.parametrize("name", FILES)
def test_module_has_a_docstring(name: str) -> None:
    docstring = ast.get_docstring(parse(name))

    assert docstring


@pytest.mark.parametrize("name", FILES)
def test_doctests_of_a_module_pass(name: str) -> None:
    module = importlib.import_module(f"livepatch.{name}".rstrip("."))
    result = doctest.testmod(module, optionflags=doctest.ELLIPSIS)

    assert result.failed == 0


@pytest.mark.parametrize("code", CODES)
def test_code_is_explained(code: str) -> None:
    entry = CODES[code]

    assert re.fullmatch(r"LP[123]\d\d", code)
    assert all(text.endswith(".") for text in (entry.what, entry.why, entry.remedy))
    assert livepatch.explain(code) == (
        f"{code}: {entry.what}\nWhy: {entry.why}\nWhat to do: {entry.remedy}"
    )


def test_no_such_code() -> None:
    with pytest.raises(KeyError, match=r"LP999.*LP101"):
        livepatch.explain("LP999")


def test_codes_are_those_of_the_readme() -> None:
    documented = re.findall(r"^\| (LP\d+) \| (.*) \|$", README, re.MULTILINE)

    assert documented == [(code, entry.what) for code, entry in CODES.items()]


def test_every_code_that_the_source_names_exists() -> None:
    named = {
        code for path in FILES.values() for code in re.findall(r"LP\d{3}", path.read_text("utf-8"))
    }

    assert named - {"LP999"} <= set(CODES)


def test_version_is_one_and_the_same_everywhere() -> None:
    declared = re.search(
        r'^version = "(.*)"$', (ROOT / "pyproject.toml").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert declared is not None
    try:
        installed = importlib.metadata.version("livepatch")
    except importlib.metadata.PackageNotFoundError:
        installed = declared[1]  # run from the source folder, without installing

    assert re.fullmatch(r"\d+\.\d+\.\d+([ab]\d+|rc\d+)?", declared[1])
    assert installed == declared[1]


def test_package_is_typed() -> None:
    assert (PACKAGE / "py.typed").is_file()


def test_no_conformance_case_is_skipped() -> None:
    sources = sorted((ROOT / "tests" / "conformance").glob("*.py"))
    skips = re.compile(r"pytest\.(?:mark\.skip|mark\.xfail|skip|xfail|importorskip)")

    assert sources
    assert [path.name for path in sources if skips.search(path.read_text("utf-8"))] == []
