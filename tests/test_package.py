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
from livepatch._report.codes import CODES
from tests.live import run_in_child

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = Path(livepatch.__file__).resolve().parent
README = (ROOT / "README.md").read_text(encoding="utf-8")

STAGES = {
    "_report": "codes errors report turns progress",
    "_python": """
        own opcodes code library members kinds class_tree c_memory layout among constants
        context_variables star_names class_fields memos layers live quiet
    """,
    "_steps": "recode rows contents items class_attributes dicts steps class_names linearise",
    "_source": "shell scope outline bodies recompile packages source remembered by_text origin",
    "_statements": """
        made_of abstract branches assignments asked stream tree syntax statements recognise
        annotated assigned operations
    """,
    "_registers": """
        entries_of_others blueprints frameworks filled records registers entries
        item_index enrolled made
    """,
    "_snapshot": "borrow snapshot nested declared begun put_around",
    "_needs": """
        headers differences module_hooks inside leads libraries remembered behind fills own_names
        lent certain harmless set_last in_force chains described needs reads taken reached methods
        reach partly between spread marks uses hands_over
    """,
    "_select": """
        chosen lambdas kept_values stale_paths from_kept stale selection changed_places bound_too
        replaced docstring of_concern statement_bodies choice select mapped
    """,
    "_hooks": "",
    "_load": """
        dealt came_back struck_off in_order copied_objects rerun lent_caches lend young clear
        finders at_exit parts predecessors stars kept_frames one_shot load
    """,
    "_match": """
        module deleted decorated link registered unwrapped pairs heirs shapes build sentinels
        ownership members likeness put_over plainly walk moves said_by_name match returns renames
        follow said_defaults
    """,
    "_hotswap": "",
    "_decide": """
        base_order fill migration destructors successors reshaped decisions aliases namesakes
        class_source go_over function_caches decide derive migrate given
    """,
    "_heap": "belongings retire record retained explain heap outside dropped originals",
    "_values": "inputs registries tables_of_bases values in_place",
    "_reconcile": """
        result kept_tables wrappers dispatchers flags hidden_methods left_over descriptors functions
        numbers metaclasses classes table
    """,
    "_holders": """
        context c_data identity frozen insides ordered references callables class_namespaces
        containers crowds frames table
    """,
    "_search": """
        complete hidden local_classes lagging running weak rehash identities surroundings
        noted repoint search
    """,
    "_plan": """
        plan namespaces moved_data instances draft registers_changed from_registers partial
        set_on_modules still_entered returned
        gains absent abstract_registrations abstract_methods reached_caches library_caches users
        importer importers made_elsewhere methods_used reads_on computed carry_stars carry_copies
        carry lazy_annotations lacking remnants notices places
    """,
    "_apply": "subclass_order constructors sequence_slots apply withdraw",
    "_verify": "summary doubts verify",
    "_undo": "keep went undo history",
    "_changed": "",
    "_options": "",
    "_stopped": "",
    "_reload": "",
    "_install": "",
    "": "",
    "testing": """
        _live _graph _unchanged _current _portrait _fresh _grammar _generated _strategies
        _machine _plugin
    """,
}
"""The folders in the way of a reload, each with its modules: they import only from those before."""
ORDER = [
    f"{folder}.{name}".strip(".")
    for folder, names in STAGES.items()
    for name in [*names.split(), ""]
]
# Imports that only a type checker makes; one is from a later stage.
# What needs hypothesis is imported when it is first asked for.
LATE = {
    ("_report.errors", "_report.report"),
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
    assert sorted(ORDER) == sorted(FILES)


@pytest.mark.parametrize("name", FILES)
def test_imports_go_one_way_down_the_list_of_stages(name: str) -> None:
    tree = parse(name)
    late = late_imports_of(tree)
    upward = {found for found in imports_of(tree) if ORDER.index(found) >= ORDER.index(name)}

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
