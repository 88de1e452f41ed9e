"""The upgrades that are tried, one entry each."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pair:
    """Two versions of a project.

    Attributes:
        project: its name on the package index.
        old: the version that is imported and held.
        new: the version it is brought to.
        packages: the names it is imported by; the project's own unless given.
        tests: what of the sdist pytest is given; of the package's folder if ``inside``.
        inside: whether the tests are part of the package.
        needs: requirements of the package and of its tests.
        options: further arguments for pytest.
        unstable: tests that do not always end the same way in a fresh process.
        of_compiled: tests of what only the new version's module made from C does: one cannot be
            made again, so the process goes on with that of the old version.
        migrated: classes with fields that only the new version has, without a default: the upgrade
            is refused while they have instances (LP126), until the user says what these get. So
            the live classes are given a hook, which says None.
        skipped: modules that are not imported, as patterns; tests inside never are.
        everywhere: whether it is tried on every interpreter, both strategies and imports.
        checked: whether pytest has it too, on one interpreter; the others are tried by the command
            ``python -m tests.corpus`` alone: not all of them pass yet, and some take minutes.
    """

    project: str
    old: str
    new: str
    packages: tuple[str, ...] = ()
    tests: tuple[str, ...] = ("tests",)
    inside: bool = False
    needs: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    unstable: tuple[str, ...] = ()
    of_compiled: tuple[str, ...] = ()
    migrated: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()
    everywhere: bool = False
    checked: bool = False

    def __post_init__(self) -> None:
        if not self.packages:
            object.__setattr__(self, "packages", (self.project.replace("-", "_"),))

    def __str__(self) -> str:
        return f"{self.project} {self.old} to {self.new}"

    def back(self) -> Pair:
        """Return the way back."""
        return dataclasses.replace(self, old=self.new, new=self.old)


def _files(*names: str) -> tuple[str, ...]:
    return tuple(f"tests/test_{name}.py" for name in names)


# Where a suite is not run whole, the rest of it takes minutes.
PAIRS = (
    Pair("itsdangerous", "2.1.2", "2.2.0", needs=("freezegun==1.5.1",), everywhere=True),
    Pair("more-itertools", "10.1.0", "10.5.0", checked=True),
    # That one compares each version with each other one: twenty thousand tests.
    Pair(
        "packaging",
        "23.2",
        "24.2",
        needs=("pretend==1.0.9",),
        options=("-k", "not test_comparison"),
        checked=True,
    ),
    Pair(
        "toolz",
        "0.12.1",
        "1.0.0",
        packages=("toolz", "tlz"),
        tests=("toolz/tests", "tlz"),
        inside=True,
        checked=True,
    ),
    # Its sdist has no tests but the examples in its docstrings.
    Pair(
        "sortedcontainers",
        "2.3.0",
        "2.4.0",
        tests=("sortedcontainers",),
        inside=True,
        options=("--doctest-modules",),
        checked=True,
    ),
    Pair(
        "cattrs",
        "23.2.3",
        "24.1.2",
        packages=("cattrs", "cattr"),
        tests=_files(
            "any",
            "converter_inheritance",
            "copy",
            "dataclasses",
            "enums",
            "factory_hooks",
            "function_dispatch",
            "multistrategy_dispatch",
            "newtypes",
            "optionals",
            "recursive",
            "tuples",
            "v",
        ),
        needs=(
            "attrs==24.2.0",
            "hypothesis==6.112.0",
            "typing-extensions==4.12.2",
            "exceptiongroup==1.2.2",
            "immutables==0.20",
        ),
        # What looks hooks up knows its converter from 24.1 on, and is made with it.
        migrated=(
            "cattrs.dispatch.FunctionDispatch",
            "cattrs.dispatch.MultiStrategyDispatch",
        ),
        checked=True,
    ),
    Pair("tomlkit", "0.12.3", "0.13.2", needs=("PyYAML==6.0.2",), checked=True),
    Pair(
        "pyparsing",
        "3.1.1",
        "3.2.0",
        tests=_files("simple_unit", "unit", "util"),
        needs=("railroad-diagrams==3.0.1", "Jinja2==3.1.4"),
        checked=True,
    ),
    # pytest itself runs on the pluggy that is patched, and later ones ask for more than 1.3.0 has.
    Pair("pluggy", "1.3.0", "1.5.0", tests=("testing",), needs=("pytest==7.4.4",), checked=True),
    Pair(
        "sympy",
        "1.12",
        "1.13.3",
        tests=(
            "sympy/core/tests/test_basic.py",
            "sympy/core/tests/test_cache.py",
            "sympy/core/tests/test_containers.py",
            "sympy/core/tests/test_operations.py",
            "sympy/core/tests/test_symbol.py",
            "sympy/core/tests/test_sympify.py",
            "sympy/logic/tests",
            "sympy/printing/tests/test_repr.py",
        ),
        inside=True,
        needs=("mpmath==1.3.0",),
    ),
    # A module made from C stays as it is; these go on with that of the old version.
    Pair(
        "markupsafe",
        "2.0.1",
        "2.1.5",
        of_compiled=(
            "tests/test_markupsafe.py::test_soft_unicode_deprecated[markupsafe._speedups]",
            "tests/test_leak.py::test_markup_leaks",
        ),
        checked=True,
    ),
    Pair("multidict", "6.0.5", "6.1.0", needs=("typing-extensions==4.12.2",), checked=True),
    Pair("frozenlist", "1.4.1", "1.5.0", checked=True),
    Pair(
        "yarl",
        "1.8.2",
        "1.9.4",
        needs=("multidict==6.1.0", "idna==3.10", "hypothesis==6.112.0"),
        checked=True,
    ),
    Pair(
        "msgpack",
        "1.0.8",
        "1.1.0",
        tests=("test",),
        of_compiled=("test/test_buffer.py::test_packer_getbuffer",),
        checked=True,
    ),
    Pair(
        "simplejson",
        "3.17.6",
        "3.18.4",
        tests=("simplejson/tests",),
        inside=True,
        of_compiled=(
            "simplejson/tests/test_namedtuple.py::TestNamedTuple::test_asdict_unbound_method_dumps",
        ),
        checked=True,
    ),
    Pair(
        "pyrsistent",
        "0.19.3",
        "0.20.0",
        packages=("pyrsistent", "_pyrsistent_version"),
        needs=("hypothesis==6.112.0",),
    ),
    Pair(
        "marshmallow",
        "3.20.2",
        "3.23.1",
        needs=("pytz==2024.2", "simplejson==3.19.3", "packaging==24.2"),
        # The time of the run is part of its parameters' names.
        unstable=(
            "tests/test_deserialization.py::TestFieldDeserialization::test_invalid_datetime_deserialization",
        ),
        checked=True,
    ),
    Pair(
        "wtforms",
        "3.0.1",
        "3.2.1",
        needs=("markupsafe==3.0.2", "email-validator==2.2.0"),
        checked=True,
    ),
    Pair(
        "traitlets",
        "5.13.0",
        "5.14.3",
        needs=("argcomplete==3.5.1", "pytest-mock==3.14.0"),
        options=("-p", "pytest_mock"),
        checked=True,
    ),
    Pair(
        "construct",
        "2.10.68",
        "2.10.70",
        tests=("tests/test_core.py", "tests/test_expr.py"),
        needs=("arrow==1.3.0", "cloudpickle==3.1.0", "ruamel.yaml==0.18.6", "numpy==1.26.4"),
    ),
    Pair("jinja2", "3.0.3", "3.1.4", needs=("markupsafe==3.0.2",), checked=True),
    Pair(
        "werkzeug",
        "3.0.6",
        "3.1.3",
        needs=(
            "markupsafe==3.0.2",
            "ephemeral-port-reserve==1.1.4",
            "pytest-timeout==2.3.1",
            "watchdog==6.0.0",
            "cryptography==43.0.3",
        ),
        options=(
            "-p",
            "pytest_timeout",
            "--ignore=tests/test_serving.py",
            "--ignore=tests/middleware/test_http_proxy.py",  # it waits for a server of its own
        ),
    ),
    Pair(
        "flask",
        "3.0.3",
        "3.1.0",
        needs=(
            "werkzeug==3.1.3",
            "jinja2==3.1.4",
            "itsdangerous==2.2.0",
            "click==8.1.7",
            "blinker==1.9.0",
            "asgiref==3.8.1",
            "python-dotenv==1.0.1",
        ),
        checked=True,
    ),
    # A pager is started beside the test, and whether it has written by then is chance.
    Pair(
        "click",
        "8.1.7",
        "8.2.1",
        unstable=("tests/test_utils.py::test_echo_via_pager",),
        checked=True,
    ),
    Pair(
        "boltons",
        "23.1.1",
        "24.1.0",
        # It strips the letters of the folder's name, a temporary one, off those of the files.
        unstable=("tests/test_fileutils.py::test_iter_find_files",),
        checked=True,
    ),
    Pair("funcy", "1.18", "2.0", needs=("whatever==0.7",), checked=True),
    Pair("decorator", "5.0.9", "5.1.1", tests=("src/tests/test.py",), checked=True),
    Pair(
        "tenacity",
        "8.2.3",
        "9.0.0",
        needs=("tornado==6.4.1", "typeguard==4.4.0"),
        checked=True,
    ),
    Pair("cachetools", "5.3.3", "5.5.0", checked=True),
    Pair(
        "attrs",
        "23.1.0",
        "24.2.0",
        packages=("attr", "attrs"),
        tests=_files(
            "abc",
            "annotations",
            "cmp",
            "config",
            "converters",
            "filters",
            "hooks",
            "import",
            "next_gen",
            "setattr",
            "slots",
            "validators",
        ),
        needs=("hypothesis==6.112.0", "cloudpickle==3.1.0"),
        checked=True,
    ),
    Pair("h11", "0.14.0", "0.16.0", tests=("h11/tests",), inside=True, checked=True),
    Pair("idna", "3.6", "3.10", checked=True),
    Pair(
        "pygments",
        "2.17.2",
        "2.18.0",
        tests=_files(
            "basic_api",
            "html_formatter",
            "regexlexer",
            "terminal_formatter",
            "using_api",
            "util",
            "token",
            "words",
        ),
        needs=("docutils==0.21.2", "wcag-contrast-ratio==0.9"),
    ),
    Pair("networkx", "3.2.1", "3.4.2", tests=("networkx/classes", "networkx/utils"), inside=True),
    Pair(
        "docutils",
        "0.20.1",
        "0.21.2",
        tests=(
            "test/test_parsers",
            "test/test_nodes.py",
            "test/test_statemachine.py",
            "test/test_utils",
        ),
    ),
    Pair(
        "babel",
        "2.14.0",
        "2.16.0",
        tests=_files("core", "lists", "localedata", "plural", "support", "util"),
        needs=("freezegun==1.5.1", "pytz==2024.2", "setuptools==75.1.0"),
    ),
    Pair("markdown", "3.5.2", "3.7", needs=("PyYAML==6.0.2",)),
    Pair("mistune", "3.0.2", "3.1.0"),
    Pair(
        "starlette",
        "0.37.2",
        "0.41.3",
        tests=_files(
            "applications",
            "authentication",
            "background",
            "concurrency",
            "config",
            "convertors",
            "datastructures",
            "endpoints",
            "exceptions",
            "formparsers",
            "requests",
            "responses",
            "routing",
            "schemas",
            "templates",
        ),
        needs=(
            "anyio==4.6.2",
            "httpx==0.27.2",
            "jinja2==3.1.4",
            "python-multipart==0.0.12",
            "itsdangerous==2.2.0",
            "PyYAML==6.0.2",
            "typing-extensions==4.12.2",
            "trio==0.27.0",
        ),
        options=("-p", "anyio.pytest_plugin"),
    ),
    Pair(
        "typer",
        "0.12.5",
        "0.15.1",
        tests=_files(
            "ambiguous_params",
            "annotated",
            "callback_warning",
            "deprecation",
            "future_annotations",
            "launch",
            "param_meta_empty",
            "type_conversion",
        ),
        needs=(
            "click==8.1.7",
            "rich==13.9.2",
            "shellingham==1.5.4",
            "typing-extensions==4.12.2",
            "coverage==7.6.1",
        ),
    ),
    Pair(
        "python-dateutil",
        "2.8.2",
        "2.9.0.post0",
        packages=("dateutil",),
        needs=("six==1.16.0", "freezegun==1.5.1", "hypothesis==6.112.0"),
    ),
    Pair(
        "jsonschema",
        "4.21.1",
        "4.23.0",
        tests=("jsonschema/tests",),
        inside=True,
        needs=(
            "attrs==24.2.0",
            "referencing==0.35.1",
            "jsonschema-specifications==2023.12.1",
            "rpds-py==0.20.0",
        ),
    ),
    Pair(
        "referencing",
        "0.33.0",
        "0.35.1",
        tests=("referencing/tests",),
        inside=True,
        needs=("attrs==24.2.0", "rpds-py==0.20.0", "jsonschema==4.23.0", "pytest-subtests==0.13.1"),
        checked=True,
    ),
    Pair(
        "blinker",
        "1.7.0",
        "1.9.0",
        needs=("pytest-asyncio==0.24.0",),
        options=("-p", "pytest_asyncio", "-o", "filterwarnings="),
        checked=True,
    ),
    Pair(
        "humanize",
        "4.9.0",
        "4.11.0",
        needs=("freezegun==1.5.1",),
        options=("-o", "filterwarnings="),
        checked=True,
    ),
    Pair("parso", "0.8.2", "0.8.4", tests=("test",)),
    Pair("pathspec", "0.11.2", "0.12.1", checked=True),
    Pair(
        "platformdirs",
        "4.1.0",
        "4.3.6",
        needs=("appdirs==1.4.4", "pytest-mock==3.14.0"),
        options=("-p", "pytest_mock"),
        checked=True,
    ),
    Pair(
        "beautifulsoup4",
        "4.12.3",
        "4.13.4",
        packages=("bs4",),
        tests=("bs4/tests",),
        inside=True,
        needs=("soupsieve==2.6", "typing-extensions==4.12.2", "html5lib==1.1"),
    ),
    Pair(
        "soupsieve", "2.5", "2.6", needs=("beautifulsoup4==4.12.3", "html5lib==1.1", "lxml==5.3.0")
    ),
    Pair(
        "lark",
        "1.1.9",
        "1.2.2",
        tests=_files(
            "cache",
            "grammar",
            "lexer",
            "logger",
            "reconstructor",
            "tools",
            "tree_forest_transformer",
            "trees",
        ),
        needs=("regex==2024.9.11",),
    ),
    Pair(
        "voluptuous",
        "0.14.2",
        "0.15.2",
        tests=("voluptuous/tests",),
        inside=True,
        checked=True,
    ),
    Pair(
        "arrow",
        "1.2.3",
        "1.3.0",
        needs=(
            "python-dateutil==2.9.0.post0",
            "pytz==2024.2",
            "simplejson==3.19.3",
            "dateparser==1.2.0",
            "pytest-mock==3.14.0",
        ),
        options=("-p", "pytest_mock"),
    ),
    Pair(
        "mako",
        "1.2.4",
        "1.3.6",
        tests=("test",),
        needs=("markupsafe==3.0.2",),
        skipped=("mako.testing",),
        checked=True,
    ),
    Pair("bottle", "0.12.25", "0.13.2", tests=("test",)),
    Pair("pyflakes", "3.1.0", "3.2.0", tests=("pyflakes/test",), inside=True),
    Pair(
        "asttokens",
        "2.4.1",
        "3.0.0",
        tests=_files("asttokens", "line_numbers", "util"),
        needs=("six==1.16.0", "astroid==3.3.5"),
    ),
    Pair(
        "glom",
        "23.5.0",
        "24.11.0",
        tests=("glom/test",),
        inside=True,
        needs=("boltons==24.1.0", "attrs==24.2.0", "face==24.0.0", "PyYAML==6.0.2"),
    ),
    Pair(
        "graphql-core",
        "3.2.3",
        "3.2.6",
        packages=("graphql",),
        tests=("tests/language", "tests/pyutils", "tests/type", "tests/validation"),
        needs=("pytest-asyncio==0.24.0", "pytest-describe==2.2.0"),
        options=("-p", "pytest_asyncio", "-p", "pytest_describe.plugin"),
    ),
    Pair("typeguard", "4.1.5", "4.4.1", needs=("typing-extensions==4.12.2",)),
    Pair("pyasn1", "0.5.1", "0.6.1"),
)
