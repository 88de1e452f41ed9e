"""A constant changes: what others have computed from it is right afterwards, or is named."""

from __future__ import annotations

import importlib

import pytest

import livepatch
from tests.live import LiveModule

pytestmark = pytest.mark.sampled(12)

USERS = {
    "class body": (
        "class S:\n    from .config import LIMIT\n",
        "S.LIMIT",
    ),
    "class body 2": (
        "class S:\n    from . import config\n    X = config.LIMIT\n",
        "S.X",
    ),
    "function": (
        "def get():\n    from .config import LIMIT\n    return LIMIT\nDOUBLE = get() * 2\n",
        "DOUBLE",
    ),
    "function as": (
        "def get():\n    from .config import LIMIT as L\n    return L\nDOUBLE = get() * 2\n",
        "DOUBLE",
    ),
    "function module": (
        "def get():\n    from . import config\n    return config.LIMIT\nDOUBLE = get() * 2\n",
        "DOUBLE",
    ),
    "function module as": (
        "def get():\n    from . import config as c\n    return c.LIMIT\nDOUBLE = get() * 2\n",
        "DOUBLE",
    ),
    "function dotted": (
        "def get():\n    import LIVE.config\n    return LIVE.config.LIMIT\nDOUBLE = get() * 2\n",
        "DOUBLE",
    ),
    "function dotted as": (
        "def get():\n    import LIVE.config as c\n    return c.LIMIT\nDOUBLE = get() * 2\n",
        "DOUBLE",
    ),
    "method": (
        "class A:\n"
        "    def get(self):\n"
        "        from .config import LIMIT\n"
        "        return LIMIT\n"
        "DOUBLE = A().get() * 2\n",
        "DOUBLE",
    ),
    "import_module": (
        "import importlib\nDOUBLE = importlib.import_module('LIVE.config').LIMIT * 2\n",
        "DOUBLE",
    ),
    "sys.modules": (
        "import sys\nfrom . import config\nDOUBLE = sys.modules['LIVE.config'].LIMIT * 2\n",
        "DOUBLE",
    ),
    "dotted": (
        "import LIVE.config\nDOUBLE = LIVE.config.LIMIT * 2\n",
        "DOUBLE",
    ),
    "dotted as": (
        "import LIVE.config as c\nDOUBLE = c.LIMIT * 2\n",
        "DOUBLE",
    ),
    "via package": (
        "import LIVE\nfrom . import config as _\nDOUBLE = LIVE.config.LIMIT * 2\n",
        "DOUBLE",
    ),
    "global": (
        "def init():\n    global LIMIT\n    from .config import LIMIT\ninit()\n",
        "LIMIT",
    ),
    "comprehension": (
        "from .config import LIMIT\nDOUBLE = [LIMIT for _ in range(2)]\n",
        "DOUBLE",
    ),
    "lambda": (
        "from .config import LIMIT\nDOUBLE = (lambda: LIMIT)()\n",
        "DOUBLE",
    ),
    "table": (
        "from .config import LIMIT\nTABLE = {}\nTABLE['k'] = LIMIT\n",
        "TABLE",
    ),
    "attr": (
        "from .config import LIMIT\nclass O: pass\no = O()\no.k = LIMIT\n",
        "vars(o)",
    ),
    "append": (
        "from .config import LIMIT\nTABLE = []\nTABLE.append(LIMIT)\n",
        "TABLE",
    ),
    "default": (
        "from .config import LIMIT\ndef f(a=LIMIT): return a\n",
        "f()",
    ),
    "walrus": (
        "from .config import LIMIT\nif (DOUBLE := LIMIT * 2): pass\n",
        "DOUBLE",
    ),
    "for": (
        "from .config import LIMIT\nfor DOUBLE in [LIMIT]: pass\n",
        "DOUBLE",
    ),
    "with": (
        "from .config import LIMIT\n"
        "import contextlib\n"
        "with contextlib.nullcontext(LIMIT) as DOUBLE: pass\n",
        "DOUBLE",
    ),
    "match": (
        "from .config import LIMIT\nmatch LIMIT:\n    case DOUBLE: pass\n",
        "DOUBLE",
    ),
    "augmented": (
        "from .config import LIMIT\nDOUBLE = 1\nDOUBLE += LIMIT\n",
        "DOUBLE",
    ),
    "unpack": (
        "from .config import LIMIT\nDOUBLE, B = LIMIT, 1\n",
        "DOUBLE",
    ),
    "fstring": (
        "from .config import LIMIT\nDOUBLE = f'{LIMIT}'\n",
        "DOUBLE",
    ),
    "global stmt": (
        "from .config import LIMIT\n"
        "def init():\n"
        "    global DOUBLE\n"
        "    DOUBLE = LIMIT * 2\n"
        "init()\n",
        "DOUBLE",
    ),
    "nested class": (
        "from .config import LIMIT\nclass A:\n    class B:\n        X = LIMIT\n",
        "A.B.X",
    ),
    "try": (
        "try:\n"
        "    from .config import LIMIT\n"
        "except ImportError:\n"
        "    LIMIT = 0\n"
        "DOUBLE = LIMIT * 2\n",
        "DOUBLE",
    ),
    "partial": (
        "import functools\nfrom .config import LIMIT\np = functools.partial(max, LIMIT)\n",
        "p(0)",
    ),
    "instance": (
        "from .config import LIMIT\nclass A:\n    def __init__(self): self.x = LIMIT\na = A()\n",
        "a.x",
    ),
    "property": (
        "from .config import LIMIT\nclass A:\n    x = property(lambda self, l=LIMIT: l)\na = A()\n",
        "a.x",
    ),
    "generator": (
        "from .config import LIMIT\ndef g():\n    yield LIMIT\nDOUBLE = list(g())\n",
        "DOUBLE",
    ),
    "decorated": (
        "from .config import LIMIT\n"
        "def deco(n):\n"
        "    def w(f): return lambda: n\n"
        "    return w\n"
        "@deco(LIMIT)\n"
        "def f(): pass\n",
        "f()",
    ),
    "getattr": (
        "from . import config\nDOUBLE = getattr(config, 'LIMIT') * 2\n",
        "DOUBLE",
    ),
    "vars": (
        "from . import config\nDOUBLE = vars(config)['LIMIT'] * 2\n",
        "DOUBLE",
    ),
    "star": (
        "from .config import *\nDOUBLE = LIMIT * 2\n",
        "DOUBLE",
    ),
    "eval": (
        "from .config import LIMIT\nDOUBLE = eval('LIMIT * 2')\n",
        "DOUBLE",
    ),
    "exec": (
        "from .config import LIMIT\nexec('DOUBLE = LIMIT * 2')\n",
        "DOUBLE",
    ),
    "annotation": (
        "from .config import LIMIT\n"
        "from typing import Annotated\n"
        "class A:\n"
        "    x: Annotated[int, LIMIT] = 1\n",
        "A.__annotations__",
    ),
    "slots": (
        "from .config import LIMIT\n"
        "class A:\n"
        "    def __init_subclass__(cls, n=0): cls.n = n\n"
        "class B(A, n=LIMIT): pass\n",
        "B.n",
    ),
}


@pytest.mark.parametrize("alone", [True, False])
@pytest.mark.parametrize("user", USERS)
def test_what_is_computed_from_a_constant_of_another_module(
    live: LiveModule, user: str, *, alone: bool
) -> None:
    source, expression = USERS[user]
    package = live.package(__init__="", config="LIMIT = 1\n", user=source)
    names = [f"{live.name}.config", f"{live.name}.user"]
    _, importer = map(importlib.import_module, names)
    before = eval(expression, vars(importer))
    path = live.root / live.name / "config.py"
    path.write_text("LIMIT = 20\n", encoding="utf-8")
    given = names[: 1 if alone else 2]
    report = livepatch.reload(*given, strategy=live.strategy, rerun=live.rerun)

    after = eval(expression, vars(importer))
    is_named = any(each.path.startswith(names[1]) for each in report.notices)
    may_be_named = alone or live.rerun == "changed"
    assert repr(after) != repr(before) or (is_named and may_be_named), report
    assert package.config.LIMIT == 20
