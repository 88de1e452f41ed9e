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
        not_made: classes, as patterns, of which no instance is held: the upgrade is refused while
            there is one (LP122).
        keep: globals whose live value stays, as the user would say to the reload.
        again: globals that a report names as kept (LP313), where only what changed runs, and that
            the user then names in ``rerun``.
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
    not_made: tuple[str, ...] = ()
    keep: tuple[str, ...] = ()
    again: tuple[str, ...] = ()
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
        again=("pyparsing.core._builtin_exprs", "pyparsing.common._builtin_exprs"),
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
        # The vectors made from C are there in one of the versions only, and stay.
        options=("-k", "not pvectorc"),
        checked=True,
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
        # Not those that start servers, nor that wait for one.
        tests=(
            "tests/sansio",
            *_files(
                "datastructures",
                "exceptions",
                "formparser",
                "http",
                "internal",
                "local",
                "routing",
                "security",
                "send_file",
                "test",
                "urls",
                "utils",
                "wrappers",
                "wsgi",
            ),
        ),
        needs=(
            "markupsafe==3.0.2",
            "ephemeral-port-reserve==1.1.4",
            "pytest-timeout==2.3.1",
            "watchdog==6.0.0",
            "cryptography==43.0.3",
            "pytest-xprocess==1.0.2",
        ),
        # The name of a temporary folder is part of their names.
        unstable=(
            "tests/test_send_file.py::test_path",
            "tests/test_send_file.py::test_from_directory",
        ),
        options=("-p", "pytest_timeout"),
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
        # It fails where it takes two milliseconds, on a busy machine that is.
        unstable=("tests/test_asyncio.py::TestContextManager::test_sleeps",),
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
        checked=True,
    ),
    Pair(
        "networkx",
        "3.2.1",
        "3.4.2",
        tests=("networkx/classes", "networkx/utils"),
        inside=True,
        checked=True,
    ),
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
        not_made=("docutils.utils.math.*",),
    ),
    Pair(
        "babel",
        "2.14.0",
        "2.16.0",
        tests=_files("core", "lists", "localedata", "plural", "support", "util"),
        needs=("freezegun==1.5.1", "pytz==2024.2", "setuptools==75.1.0"),
    ),
    # A class has become a function around another one.
    Pair("markdown", "3.5.2", "3.7", needs=("PyYAML==6.0.2",), checked=True),
    # A class that is used as one becomes a metaclass.
    Pair("mistune", "3.0.2", "3.1.0", not_made=("mistune.directives.*Parser",), checked=True),
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
        options=("-p", "anyio.pytest_plugin", "-o", "filterwarnings="),
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
        checked=True,
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
        # A field that only ``__attrs_post_init__`` fills.
        migrated=tuple(
            f"jsonschema.validators.Draft{draft}Validator" for draft in (3, 4, 6, 7, 201909, 202012)
        ),
        checked=True,
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
        checked=True,
    ),
    Pair(
        "soupsieve",
        "2.5",
        "2.6",
        needs=("beautifulsoup4==4.12.3", "html5lib==1.1", "lxml==5.3.0"),
        checked=True,
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
    Pair("bottle", "0.12.25", "0.13.2", tests=("test",), checked=True),
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
        checked=True,
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
    Pair(
        "typeguard",
        "4.1.5",
        "4.4.1",
        needs=("typing-extensions==4.12.2",),
        options=("-o", "filterwarnings="),
        checked=True,
    ),
    Pair("pyasn1", "0.5.1", "0.6.1", checked=True),
    # Those below were taken for being on no list: what went wrong with the first of them is told in
    # `test_found_in_packages.py`.
    Pair("tabulate", "0.8.10", "0.9.0", tests=("test",), checked=True),
    Pair("sqlparse", "0.4.4", "0.5.1", checked=True),
    Pair("wcwidth", "0.2.9", "0.2.13"),
    Pair(
        "prettytable",
        "3.9.0",
        "3.11.0",
        needs=("wcwidth==0.2.13", "pytest-lazy-fixtures==1.1.1"),
        options=("-p", "pytest_lazy_fixtures.plugin"),
        checked=True,
    ),
    Pair("tinycss2", "1.2.1", "1.3.0", needs=("webencodings==0.5.1",)),
    Pair("exceptiongroup", "1.1.3", "1.2.2"),
    Pair("jmespath", "0.10.0", "1.0.1"),
    Pair("parse", "1.19.1", "1.20.2"),
    Pair("pyjwt", "2.8.0", "2.9.0", packages=("jwt",), needs=("cryptography==43.0.3",)),
    Pair(
        "structlog",
        "23.2.0",
        "24.4.0",
        needs=(
            "freezegun==1.5.1",
            "pretend==1.0.9",
            "pytest-asyncio==0.24.0",
            "simplejson==3.19.3",
        ),
        options=("-p", "pytest_asyncio"),
    ),
    Pair(
        "inflect",
        "7.0.0",
        "7.4.0",
        needs=("more-itertools==10.5.0", "typeguard==4.3.0", "pydantic==2.9.2"),
    ),
    # On the way back some tests are not collected: they are for other plugins than these.
    Pair("websockets", "12.0", "13.1"),
    Pair("webob", "1.8.7", "1.8.8"),
    Pair(
        "transitions",
        "0.9.0",
        "0.9.2",
        needs=("six==1.16.0", "mock==5.1.0", "dill==0.3.9"),
        options=("-o", "filterwarnings=", "-W", "ignore"),
    ),
    Pair("waitress", "2.1.2", "3.0.0"),
    Pair(
        "oauthlib",
        "3.1.1",
        "3.2.2",
        needs=("cryptography==43.0.3", "pyjwt==2.9.0", "blinker==1.8.2", "mock==5.1.0"),
    ),
    Pair(
        "tornado",
        "6.3.3",
        "6.4.1",
        tests=tuple(
            f"tornado/test/{name}_test.py"
            for name in (
                "concurrent",
                "escape",
                "gen",
                "httputil",
                "locale",
                "locks",
                "log",
                "options",
                "queues",
                "routing",
                "template",
                "util",
            )
        ),
        inside=True,
    ),
    Pair(
        "asgiref",
        "3.7.2",
        "3.8.1",
        needs=("pytest-asyncio==0.24.0",),
        options=("-p", "pytest_asyncio"),
    ),
    Pair("mock", "5.0.2", "5.1.0", tests=("mock/tests",), inside=True),
    Pair(
        "dnspython",
        "2.6.1",
        "2.7.0",
        packages=("dns",),
        needs=("idna==3.10", "cryptography==43.0.3"),
    ),
    Pair("prompt-toolkit", "3.0.43", "3.0.48", needs=("wcwidth==0.2.13",)),
    # A lock knows from 3.14 on whether it blocks; what the locks there are keep for each thread has
    # no value for that field (LP126), and is not to be made anew for a hook. The way back is fine.
    Pair(
        "filelock",
        "3.13.1",
        "3.16.1",
        needs=("pytest-mock==3.14.0", "pytest-asyncio==0.24.0", "virtualenv==20.26.6"),
        options=("-p", "pytest_mock", "-p", "pytest_asyncio"),
    ),
    # A table of proxies is made anew, and filled by nobody: what its manager keeps as a class says
    # that this has been done. So it is the live one that is to stay.
    Pair(
        "astroid",
        "3.2.4",
        "3.3.5",
        tests=_files("helpers", "nodes", "transforms"),
        needs=("setuptools==75.1.0",),
        keep=("astroid.raw_building._CONST_PROXY",),
    ),
    # It puts functions of its own into `typing`, and the older version is without one of them: the
    # way back ends in a NameError there.
    Pair("typing-extensions", "4.9.0", "4.12.2", tests=("src/test_typing_extensions.py",)),
    # It appends a finder to `sys.meta_path` whenever it is run.
    Pair(
        "importlib-metadata",
        "7.1.0",
        "8.5.0",
        needs=("zipp==3.20.2", "pyfakefs==5.6.0", "jaraco.test==5.5.1", "packaging==24.2"),
        checked=True,
    ),
    # `class Interface(Element, metaclass=InterfaceClass)` makes no class but an instance with a
    # state: it is data, made anew; what Python's own types are said to implement is the old one.
    Pair(
        "zope.interface",
        "6.4",
        "7.0.3",
        packages=("zope",),
        tests=("zope/interface/tests", "zope/interface/common/tests"),
        inside=True,
        needs=("setuptools==75.1.0",),
    ),
    # A class asks for itself by name while it is made. In a fresh process there is no such name
    # yet; here it is the class before, and helper classes are made of both.
    Pair(
        "mashumaro",
        "3.12",
        "3.14",
        needs=(
            "typing-extensions==4.12.2",
            "pytest-mock==3.14.0",
            "PyYAML==6.0.2",
            "orjson==3.10.7",
            "msgpack==1.1.0",
            "tomli-w==1.1.0",
            "ciso8601==2.3.1",
            "pendulum==3.0.0",
        ),
        options=("-p", "pytest_mock"),
    ),
    # Those from here on were on no list either. The older bidict has a named tuple with one more
    # field, for which its own ``__new__`` alone has a value: the way back is refused (LP126).
    Pair(
        "bidict",
        "0.22.1",
        "0.23.1",
        needs=(
            "hypothesis==6.112.0",
            "sortedcontainers==2.4.0",
            "typing-extensions==4.12.2",
            "sortedcollections==2.1.0",
        ),
    ),
    # Its tests of threads that call back wait for ever at times, in a fresh process too.
    Pair(
        "anyio",
        "4.4.0",
        "4.6.2",
        needs=(
            "pytest==8.3.3",
            "sniffio==1.3.1",
            "idna==3.10",
            "trio==0.27.0",
            "hypothesis==6.112.0",
            "psutil==6.0.0",
            "trustme==1.1.0",
            "pytest-mock==3.14.0",
            "typing-extensions==4.12.2",
            "exceptiongroup==1.2.2",
        ),
        tests=(
            "tests/test_fileio.py",
            "tests/test_lowlevel.py",
            "tests/test_synchronization.py",
            "tests/test_taskgroups.py",
            "tests/test_to_thread.py",
            "tests/streams",
        ),
        options=("-p", "anyio.pytest_plugin", "-p", "pytest_mock", "-o", "filterwarnings="),
    ),
    Pair(
        "httpx",
        "0.26.0",
        "0.27.2",
        tests=(
            "tests/models",
            "tests/test_api.py",
            "tests/test_auth.py",
            "tests/test_config.py",
            "tests/test_content.py",
            "tests/test_decoders.py",
            "tests/test_exceptions.py",
            "tests/test_multipart.py",
            "tests/test_status_codes.py",
            "tests/test_utils.py",
            "tests/client",
        ),
        needs=(
            "anyio==4.6.2",
            "httpcore==1.0.6",
            "idna==3.10",
            "certifi==2024.8.30",
            "sniffio==1.3.1",
            "trio==0.27.0",
            "trustme==1.1.0",
            "uvicorn==0.31.0",
            "chardet==5.2.0",
            "h2==4.1.0",
            "click==8.1.7",
            "rich==13.9.2",
            "pygments==2.18.0",
            "socksio==1.0.0",
            "brotli==1.1.0",
            "zstandard==0.23.0",
        ),
        options=("-p", "anyio.pytest_plugin", "-o", "filterwarnings="),
    ),
    Pair(
        "requests",
        "2.31.0",
        "2.32.3",
        needs=(
            "urllib3==2.2.3",
            "idna==3.10",
            "certifi==2024.8.30",
            "charset-normalizer==3.4.0",
            "PySocks==1.7.1",
            "pytest-httpbin==2.1.0",
            "httpbin==0.10.2",
            "pytest-mock==3.14.0",
            "trustme==1.1.0",
            "flask==3.0.3",
        ),
        tests=(
            "tests/test_structures.py",
            "tests/test_utils.py",
            "tests/test_hooks.py",
            "tests/test_lowlevel.py",
            "tests/test_help.py",
            "tests/test_packages.py",
            "tests/test_adapters.py",
        ),
        unstable=("tests/test_utils.py::TestExtractZippedPaths::test_unzipped_paths_unchanged",),
        options=("-p", "pytest_mock", "-p", "pytest_httpbin.plugin", "-o", "filterwarnings="),
    ),
    Pair(
        "urllib3",
        "2.0.7",
        "2.2.3",
        tests=(
            "test/test_collections.py",
            "test/test_connection.py",
            "test/test_connectionpool.py",
            "test/test_exceptions.py",
            "test/test_fields.py",
            "test/test_filepost.py",
            "test/test_poolmanager.py",
            "test/test_proxymanager.py",
            "test/test_queue_monkeypatch.py",
            "test/test_response.py",
            "test/test_retry.py",
            "test/test_ssl.py",
            "test/test_util.py",
            "test/test_wait.py",
            "test/test_compatibility.py",
        ),
        needs=(
            "tornado==6.4.1",
            "trustme==1.1.0",
            "pysocks==1.7.1",
            "pytest-timeout==2.3.1",
            "brotli==1.1.0",
            "zstandard==0.23.0",
            "hypercorn==0.17.3",
            "quart==0.19.6",
            "quart-trio==0.11.1",
            "httpx==0.27.2",
            "h2==4.1.0",
            "cryptography==43.0.3",
        ),
        options=("-p", "pytest_timeout", "-o", "filterwarnings="),
    ),
    # The way back is not tried: no source distribution of the older one can be got.
    Pair("tinydb", "4.8.0", "4.8.2", needs=("PyYAML==6.0.2",)),
    Pair(
        "cerberus",
        "1.3.4",
        "1.3.5",
        tests=("cerberus/tests",),
        inside=True,
        needs=("setuptools==75.1.0",),
    ),
    Pair(
        "hyperlink",
        "20.0.1",
        "21.0.0",
        tests=tuple(
            f"hyperlink/test/test_{n}.py"
            for n in ("common", "decoded_url", "parse", "scheme_registration", "socket", "url")
        ),
        inside=True,
        needs=("idna==3.10", "hypothesis==6.112.0"),
    ),
    Pair("pycparser", "2.21", "2.22"),
    Pair(
        "pint",
        "0.23",
        "0.24.3",
        skipped=("pint.testsuite*", "pint.pint_convert"),
        tests=tuple(
            f"pint/testsuite/test_{n}.py"
            for n in (
                "babel",
                "contexts",
                "converters",
                "definitions",
                "errors",
                "formatter",
                "formatting",
                "infer_base_unit",
                "issues",
                "log_units",
                "measurement",
                "non_int",
                "pint_eval",
                "pitheorem",
                "quantity",
                "systems",
                "umath",
                "unit",
                "util",
            )
        ),
        inside=True,
        needs=(
            "typing-extensions==4.12.2",
            "appdirs==1.4.4",
            "platformdirs==4.3.6",
            "flexcache==0.3",
            "flexparser==0.3.1",
            "pytest-subtests==0.13.1",
        ),
        options=("-p", "pytest_subtests"),
    ),
    Pair(
        "loguru",
        "0.7.0",
        "0.7.2",
        needs=("freezegun==1.5.1", "colorama==0.4.6"),
        tests=tuple(
            f"tests/test_{n}.py"
            for n in (
                "add_option_format",
                "add_option_filter",
                "add_option_level",
                "bind",
                "configure",
                "contextualize",
                "datetime",
                "formatting",
                "get_frame",
                "levels",
                "parse",
                "patch",
                "pickling",
                "opt",
                "remove",
                "reinstall",
                "type_hinting",
            )
        ),
        options=("-o", "filterwarnings="),
    ),
    Pair(
        "jsonpickle",
        "3.0.2",
        "3.3.0",
        needs=("setuptools==75.1.0",),
        tests=(
            "tests/jsonpickle_test.py",
            "tests/backend_test.py",
            "tests/datetime_test.py",
            "tests/handler_test.py",
            "tests/helper_test.py",
            "tests/object_test.py",
            "tests/util_test.py",
            "tests/wizard_test.py",
        ),
    ),
    Pair(
        "h2",
        "4.0.0",
        "4.1.0",
        tests=("test",),
        needs=("hpack==4.0.0", "hyperframe==6.0.1", "hypothesis==6.112.0"),
    ),
    Pair("wsproto", "1.1.0", "1.2.0", tests=("test",), needs=("h11==0.14.0",)),
    Pair("simpy", "4.0.2", "4.1.1"),
    Pair(
        "natsort",
        "8.3.1",
        "8.4.0",
        needs=("hypothesis==6.112.0", "pytest-mock==3.14.0"),
        options=("-p", "pytest_mock"),
    ),
    Pair("cssselect", "1.1.0", "1.2.0", needs=("lxml==5.3.0",)),
    Pair("semver", "3.0.1", "3.0.2"),
    Pair(
        "schema",
        "0.7.5",
        "0.7.7",
        tests=("test_schema.py",),
        needs=("mock==5.1.0", "contextlib2==21.6.0"),
    ),
    Pair(
        "isodate",
        "0.6.1",
        "0.7.2",
        tests=_files("datetime", "duration", "pickle", "strf", "time"),
        needs=("six==1.16.0",),
    ),
    Pair(
        "pyee",
        "11.1.1",
        "12.0.0",
        needs=(
            "typing-extensions==4.12.2",
            "trio==0.27.0",
            "pytest-asyncio==0.24.0",
            "twisted==24.7.0",
        ),
        options=("-p", "pytest_asyncio"),
    ),
    Pair(
        "jsonpath-ng",
        "1.6.0",
        "1.6.1",
        needs=("ply==3.11", "hypothesis==6.112.0", "oslotest==5.0.0"),
    ),
    Pair("dominate", "2.8.0", "2.9.1"),
    Pair("colorama", "0.4.5", "0.4.6", tests=("colorama/tests",), inside=True),
    Pair("xmltodict", "0.12.0", "0.13.0"),
    Pair(
        "bleach", "6.0.0", "6.1.0", needs=("six==1.16.0", "webencodings==0.5.1", "tinycss2==1.2.1")
    ),
    Pair(
        "trio",
        "0.26.0",
        "0.27.0",
        tests=(
            "trio/_tests/test_abc.py",
            "trio/_tests/test_channel.py",
            "trio/_tests/test_sync.py",
            "trio/_tests/test_util.py",
            "trio/_tests/test_path.py",
            "trio/_tests/test_timeouts.py",
            "trio/_core/_tests/test_run.py",
            "trio/_core/_tests/test_local.py",
            "trio/_core/_tests/test_parking_lot.py",
        ),
        inside=True,
        needs=(
            "attrs==24.2.0",
            "sortedcontainers==2.4.0",
            "idna==3.10",
            "outcome==1.3.0.post0",
            "sniffio==1.3.1",
            "trustme==1.1.0",
            "astor==0.8.1",
            "jedi==0.19.1",
        ),
        options=("-o", "filterwarnings="),
    ),
    # The following were on no list either; they passed at once, but for mpmath: a class kept the
    # tables of a context that was made anew.
    Pair("webcolors", "1.12", "1.13"),
    Pair("texttable", "1.6.7", "1.7.0", tests=("tests.py",)),
    Pair("inflection", "0.5.0", "0.5.1", tests=("test_inflection.py",)),
    Pair("jsonpatch", "1.32", "1.33", tests=("tests.py",), needs=("jsonpointer==3.0.0",)),
    Pair("rfc3986", "1.5.0", "2.0.0", needs=("idna==3.10",)),
    Pair("uritemplate", "3.0.1", "4.1.1"),
    Pair("w3lib", "2.1.2", "2.2.1"),
    Pair(
        "parsel",
        "1.8.1",
        "1.9.1",
        needs=(
            "cssselect==1.2.0",
            "jmespath==1.0.1",
            "lxml==5.3.0",
            "w3lib==2.2.1",
            "packaging==24.2",
            "psutil==6.0.0",
            "sybil==8.0.0",
        ),
    ),
    Pair("defusedxml", "0.6.0", "0.7.1", tests=("tests.py",)),
    Pair("schedule", "1.1.0", "1.2.2", tests=("test_schedule.py",)),
    Pair("pyyaml", "6.0.1", "6.0.2", packages=("yaml",)),
    Pair("portion", "2.4.2", "2.6.0", needs=("sortedcontainers==2.4.0",)),
    Pair(
        "stack-data",
        "0.6.2",
        "0.6.3",
        needs=(
            "asttokens==2.4.1",
            "executing==2.1.0",
            "pure-eval==0.2.3",
            "pygments==2.18.0",
            "littleutils==0.2.4",
            "typeguard==4.4.0",
            "cython==3.0.11",
        ),
    ),
    Pair("pyflakes", "2.5.0", "3.0.1", tests=("pyflakes/test",), inside=True),
    Pair("click", "8.0.4", "8.1.7"),
    Pair(
        "flask",
        "2.2.5",
        "2.3.3",
        needs=(
            "werkzeug==2.3.8",
            "jinja2==3.1.4",
            "itsdangerous==2.2.0",
            "click==8.1.7",
            "blinker==1.9.0",
            "asgiref==3.8.1",
            "python-dotenv==1.0.1",
        ),
    ),
    Pair(
        "mpmath",
        "1.2.1",
        "1.3.0",
        tests=tuple(
            f"mpmath/tests/test_{name}.py"
            for name in ("basic_ops", "convert", "interval", "matrices")
        ),
        inside=True,
        checked=True,
    ),
    # These were on no list either, and the first twenty passed at once. What the others found is
    # mended: furl takes over all that a part says of itself, the loggers of cssutils are one by
    # their attributes, persistent makes its methods once more with other globals.
    Pair("dictdiffer", "0.8.1", "0.9.0"),
    Pair("docopt-ng", "0.8.1", "0.9.0", packages=("docopt",)),
    Pair("itemadapter", "0.8.0", "0.9.0", needs=("attrs==24.2.0",)),
    Pair("html2text", "2020.1.16", "2024.2.26", tests=("test",)),
    Pair("pystache", "0.6.0", "0.6.5", tests=("pystache/tests",), inside=True),
    Pair(
        "genshi",
        "0.7.7",
        "0.7.9",
        tests=("genshi",),
        inside=True,
        needs=("six==1.16.0", "setuptools==75.1.0"),
    ),
    Pair("configobj", "5.0.8", "5.0.9", packages=("configobj", "validate"), needs=("six==1.16.0",)),
    Pair("confuse", "2.0.0", "2.0.1", tests=("test",), needs=("PyYAML==6.0.2",)),
    Pair(
        "transaction",
        "3.1.0",
        "5.0",
        tests=("transaction/tests",),
        inside=True,
        needs=("zope.interface==7.0.3", "setuptools==75.1.0", "mock==5.1.0"),
    ),
    Pair("munch", "2.5.0", "4.0.0", needs=("PyYAML==6.0.2", "six==1.16.0", "setuptools==75.1.0")),
    Pair("python-json-logger", "2.0.4", "2.0.7", packages=("pythonjsonlogger",)),
    Pair("treelib", "1.6.4", "1.7.0", needs=("six==1.16.0",)),
    Pair("simpleeval", "0.9.13", "1.0.3", tests=("test_simpleeval.py",)),
    Pair("asteval", "0.9.31", "1.0.5", needs=("numpy==1.26.4",)),
    Pair("pygtrie", "2.4.2", "2.5.0", tests=("test.py",)),
    Pair("priority", "1.3.0", "2.0.0", tests=("test",), needs=("hypothesis==6.112.0",)),
    Pair("freezegun", "1.4.0", "1.5.1", needs=("python-dateutil==2.9.0.post0",)),
    Pair(
        "pyhamcrest",
        "2.0.4",
        "2.1.0",
        packages=("hamcrest",),
        needs=("pytest-xdist==3.6.1", "numpy==1.26.4"),
    ),
    Pair(
        "blessed",
        "1.19.1",
        "1.20.0",
        needs=("wcwidth==0.2.13", "six==1.16.0", "mock==5.1.0", "pytest-mock==3.14.0"),
        options=("-p", "pytest_mock"),
    ),
    Pair("colorlog", "6.7.0", "6.8.2", tests=("colorlog/tests",), inside=True),
    Pair("validators", "0.22.0", "0.34.0", needs=("eth-hash==0.7.0",)),
    Pair(
        "iso8601",
        "1.1.0",
        "2.1.0",
        tests=("iso8601",),
        inside=True,
        needs=("hypothesis==6.112.0", "pytz==2024.2"),
    ),
    Pair(
        "apispec",
        "6.3.0",
        "6.7.1",
        needs=("marshmallow==3.23.1", "PyYAML==6.0.2", "packaging==24.2"),
    ),
    Pair("jsonpointer", "2.4", "3.0.0", tests=("tests.py",)),
    Pair(
        "networkx",
        "2.8.8",
        "3.0",
        skipped=("networkx.*.tests*", "networkx.conftest"),
        tests=("networkx/classes/tests", "networkx/utils/tests", "networkx/generators/tests"),
        inside=True,
        needs=("numpy==1.24.4",),
    ),
    Pair("furl", "2.1.3", "2.1.4", needs=("six==1.16.0", "orderedmultidict==1.0.1")),
    Pair(
        "cssutils",
        "2.9.0",
        "2.11.1",
        packages=("cssutils", "encutils"),
        tests=("cssutils/tests",),
        inside=True,
        needs=(
            "more-itertools==10.5.0",
            "jaraco.test==5.5.1",
            "lxml==5.3.0",
            "cssselect==1.2.0",
        ),
    ),
    Pair(
        "bitstring",
        "4.2.1",
        "4.2.3",
        needs=("bitarray==2.9.3", "hypothesis==6.112.0"),
    ),
    # Its classes are what a C module has, and are kept in Python under another name.
    Pair(
        "persistent",
        "6.0",
        "6.1",
        tests=("persistent/tests",),
        inside=True,
        needs=(
            "zope.interface==7.0.3",
            "zope.deferredimport==5.0",
            "cffi==1.17.1",
            "manuel==1.13.0",
            "setuptools==75.1.0",
        ),
        of_compiled=(
            "persistent/tests/test_persistence.py::Test_simple_new::test_w_non_type",
            "persistent/tests/test_persistence.py::Test_simple_new::test_w_type",
        ),
    ),
    # The time of day is in the names of some of its tests.
    Pair(
        "marshmallow",
        "3.0.0",
        "3.13.0",
        needs=("pytz==2024.2", "simplejson==3.19.3", "packaging==24.2"),
        options=("-k", "not test_invalid_datetime_deserialization"),
    ),
    # These were on no list either. What the first found is mended: a version that is imported by
    # its name (`from ._version import __version__`) did not follow where only what changed runs.
    Pair(
        "immutables",
        "0.20",
        "0.21",
        tests=_files("map", "none_keys", "issue24"),
        options=("--noconftest",),
    ),
    Pair(
        "croniter",
        "1.4.1",
        "2.0.7",
        tests=("croniter/tests",),
        inside=True,
        needs=("python-dateutil==2.9.0.post0", "pytz==2024.2", "tzlocal==5.2"),
    ),
    Pair("aniso8601", "9.0.1", "10.0.0", tests=("aniso8601",), inside=True),
    # Where only what changed runs, the index of a file that has changed stays, and is named.
    Pair("netaddr", "0.9.0", "1.3.0", tests=("netaddr/tests",), inside=True),
    # One test's folder of examples is not in the source distribution.
    Pair(
        "resolvelib",
        "1.0.1",
        "1.1.0",
        needs=("packaging==24.2", "commentjson==0.9.0", "pytest-mock==3.14.0"),
        options=("-p", "pytest_mock"),
    ),
)
