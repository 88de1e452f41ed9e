"""Programs of every day, each with edits: afterwards they are what a fresh import gives."""

# The lines are those of the programs.
# ruff: noqa: E501, Q000, W291
# fmt: off

from __future__ import annotations

from typing import NamedTuple


class Program(NamedTuple):
    """A module, what is asked of it, and its edits: each some texts and what comes in their place.

    Attributes:
        source: of the module.
        asked: an expression that is evaluated in it.
        edits: one after the other.
    """

    source: str
    asked: str
    edits: tuple[tuple[tuple[str, str], ...], ...]


PROGRAMS = {
    "bus": Program(
        """
class Bus:
    def __init__(self): self.handlers = {}
    def on(self, event):
        def deco(f):
            self.handlers.setdefault(event, []).append(f)
            return f
        return deco
    def emit(self, event, *a): return [h(*a) for h in self.handlers.get(event, [])]
bus = Bus()
@bus.on("start")
def hello(x): return ("hello", x)
@bus.on("stop")
def bye(x): return ("bye", x)
""",
        '[(e, [h.__name__ for h in hs], bus.emit(e, 1)) for e, hs in sorted(bus.handlers.items()) if hs]',
        (
            (('@bus.on("stop")', '@bus.on("halt")'),),
            (('def hello(x): return ("hello", x)', 'def hello(x): return ("hi", x)'),),
            (('    def emit(', '    def once(self, event):\n        return self.on(event)\n    def emit('),),
            (('@bus.on("start")', '@bus.once("start")'),),
            (('@bus.on("halt")\ndef bye', '@bus.on("halt")\n@bus.on("start")\ndef bye'),),
            (('def on(self, event):\n        def deco(f):\n            self', 'def on(self, event, first=False):\n        def deco(f):\n            self'),),
            (('@bus.once("start")', '@bus.on("start", first=True)'),),
        ),
    ),
    "metareg": Program(
        """
class Meta(type):
    plugins = {}
    def __new__(mcls, name, bases, ns, **kw):
        cls = super().__new__(mcls, name, bases, ns)
        if bases: mcls.plugins[kw.get("key", name.lower())] = cls
        return cls
    def __init__(cls, name, bases, ns, **kw): super().__init__(name, bases, ns)
class Plugin(metaclass=Meta):
    def run(self): return "base"
class A(Plugin):
    def run(self): return "a"
class B(Plugin, key="bee"):
    def run(self): return "b" + super().run()
""",
        '[(k, c.__name__, c().run()) for k, c in sorted(Meta.plugins.items())]',
        (
            (('class B(Plugin, key="bee")', 'class B(Plugin, key="bzz")'),),
            (('return "a"', 'return "aa"'),),
            (('class A(Plugin):', 'class A(Plugin, key="x"):'),),
            (('class B(Plugin', 'class C(A):\n    pass\nclass B(Plugin'),),
            (('mcls.plugins[kw.get("key", name.lower())] = cls', 'mcls.plugins[kw.get("key", name.lower()).upper()] = cls'),),
        ),
    ),
    "cmds": Program(
        """
COMMANDS = {}
def command(name=None, *, aliases=()):
    def deco(f):
        COMMANDS[name or f.__name__] = f
        for a in aliases: COMMANDS[a] = f
        return f
    return deco
@command()
def ls(): "list"; return "ls"
@command("rm", aliases=("del", "erase"))
def remove(): return "rm"
def run(x): return COMMANDS[x]()
""",
        '{k: run(k) for k in sorted(COMMANDS)}',
        (
            (('aliases=("del", "erase")', 'aliases=("del",)'),),
            (('@command()\ndef ls', '@command("list")\ndef ls'),),
            (('COMMANDS[name or f.__name__] = f', 'COMMANDS[(name or f.__name__).upper()] = f'),),
            (('def remove(): return "rm"', 'def remove(): return "removed"'),),
            (('@command("rm"', '@command()\ndef cp(): return \'cp\'\n@command("rm"'),),
        ),
    ),
    "fields": Program(
        """
class Field:
    order = 0
    def __init__(self, default=None):
        self.default = default
        Field.order += 1
        self.n = Field.order
    def __set_name__(self, owner, name): self.name = name; owner.__dict__.get("fields", None) 
    def __get__(self, obj, tp=None):
        if obj is None: return self
        return obj.__dict__.get(self.name, self.default)
    def __set__(self, obj, v): obj.__dict__[self.name] = v
class ModelMeta(type):
    def __new__(m, name, bases, ns):
        cls = super().__new__(m, name, bases, ns)
        cls.fields = [k for k, v in ns.items() if isinstance(v, Field)]
        for b in bases: cls.fields = getattr(b, "fields", []) + cls.fields
        return cls
class Model(metaclass=ModelMeta):
    def dump(self): return {k: getattr(self, k) for k in self.fields}
class User(Model):
    name = Field("anon")
    age = Field(0)
class Admin(User):
    level = Field(1)
u = User(); u.name = "bob"
""",
        '(u.dump(), User().dump(), Admin().dump(), Admin.fields)',
        (
            (('    age = Field(0)\n', '    age = Field(18)\n'),),
            (('    age = Field(18)\n', "    age = Field(18)\n    email = Field('@')\n"),),
            (('class Field:\n    order = 0\n', 'class Field:\n    order = 0\n    def describe(self): return (self.name, self.default)\n'),),
            (('    def dump(self):', '    def described(self): return [getattr(type(self), k).describe() for k in self.fields]\n    def dump(self):'),),
            (('    level = Field(1)', '    level = Field(1)\n    info = [v for v in (1, 2)]'),),
            (("    email = Field('@')\n", ''),),
        ),
    ),
    "chain": Program(
        """
import functools
def upper(f):
    @functools.wraps(f)
    def w(*a): return f(*a).upper()
    return w
def exclaim(n):
    def deco(f):
        @functools.wraps(f)
        def w(*a): return f(*a) + "!" * n
        return w
    return deco
@upper
@exclaim(1)
def greet(x): return "hi " + x
@exclaim(2)
def part(x): return "bye " + x
TABLE = [greet, part]
""",
        "[f('bob') for f in TABLE] + [greet('x'), part('y'), [f.__name__ for f in TABLE]]",
        (
            (('@exclaim(1)', '@exclaim(3)'),),
            (('f(*a).upper()', 'f(*a).title()'),),
            (('@upper\n@exclaim(3)', '@exclaim(3)\n@upper'),),
            (('def part(x)', "def part(x, y='d')"),),
            (('+ "!" * n', '+ "?" * n'),),
            (('@exclaim(2)\ndef part', '@upper\n@exclaim(2)\ndef part'),),
            (('@upper\n@exclaim(2)\ndef part', 'def part'),),
        ),
    ),
    "config": Program(
        """
import dataclasses
DEFAULT_PORT = 80
@dataclasses.dataclass
class Config:
    host: str = "localhost"
    port: int = DEFAULT_PORT
    tags: list = dataclasses.field(default_factory=list)
    def url(self): return f"http://{self.host}:{self.port}"
config = Config()
BASE = config.url()
""",
        '(config.url(), Config(), BASE if 0 else None, dataclasses.asdict(config), [f.name for f in dataclasses.fields(Config)])',
        (
            (('f"http://{', 'f"https://{'),),
            (('    tags: list', '    debug: bool = False\n    tags: list'),),
            (('    def url(self):', "    def root(self): return self.url() + '/'\n    def url(self):"),),
            (('@dataclasses.dataclass\n', '@dataclasses.dataclass(order=True)\n'),),
        ),
    ),
    "validators": Program(
        """
RULES = []
class Rule:
    def __init__(self, name, check): self.name, self.check = name, check
    def __call__(self, v): return self.check(v)
def rule(name):
    def deco(f):
        r = Rule(name, f)
        RULES.append(r)
        return r
    return deco
@rule("positive")
def positive(v): return v > 0
@rule("even")
def even(v): return v % 2 == 0
def validate(v): return [r.name for r in RULES if not r(v)]
""",
        '(validate(3), validate(-2), [r.name for r in RULES])',
        (
            (('return v > 0', 'return v >= 0'),),
            (('@rule("even")', '@rule("is even")'),),
            (('    def __call__(self, v): return self.check(v)', '    def __call__(self, v): return bool(self.check(v))\n    def label(self): return self.name'),),
            (('def validate(v): return [r.name', 'def validate(v): return [r.label()'),),
            (('@rule("is even")\n', '@rule("small")\ndef small(v): return v < 10\n@rule("is even")\n'),),
            (('@rule("positive")\ndef positive(v): return v >= 0\n', ''),),
        ),
    ),
    "router": Program(
        """
import re
class Router:
    def __init__(self): self.routes = []
    def route(self, pattern, methods=("GET",)):
        def deco(f):
            self.routes.append((re.compile(pattern), methods, f))
            return f
        return deco
    def dispatch(self, path, method="GET"):
        for rx, methods, f in self.routes:
            m = rx.match(path)
            if m and method in methods: return f(**m.groupdict())
        return 404
app = Router()
@app.route("/$")
def index(): return "index"
@app.route("/user/(?P<name>[a-z]+)$")
def user(name): return "user " + name
""",
        "[app.dispatch(p, m) for p in ('/', '/user/bob', '/u/bob', '/x') for m in ('GET','POST')] + [len(app.routes)]",
        (
            (('@app.route("/user/(?P<name>[a-z]+)$")', '@app.route("/u/(?P<name>[a-z]+)$")'),),
            (('@app.route("/$")', '@app.route("/$", methods=("GET", "POST"))'),),
            (('    def dispatch(self, path', "    def get(self, pattern): return self.route(pattern)\n    def post(self, pattern): return self.route(pattern, ('POST',))\n    def dispatch(self, path"),),
            (('@app.route("/u/(?P<name>[a-z]+)$")\ndef user', '@app.post("/u/(?P<name>[a-z]+)$")\n@app.get("/user/(?P<name>[a-z]+)$")\ndef user'),),
            (('        return 404', "        return 'not found'"),),
            (('@app.post("/u/', '@app.get(\'/x\')\ndef x(): return \'x\'\n@app.post("/u/'),),
            (('def __init__(self): self.routes = []', "def __init__(self, prefix=''): self.routes = []; self.prefix = prefix"),),
        ),
    ),
    "dispatchs": Program(
        """
import functools
@functools.singledispatch
def show(x): return "obj"
@show.register
def _(x: int): return "int %d" % x
@show.register(str)
def _(x): return "str " + x
@show.register(list)
def show_list(x): return [show(e) for e in x]
""",
        "show([1, 'a', None, 2.0, True])",
        (
            (('return "int %d" % x', 'return "number %d" % x'),),
        ),
    ),
    "enumstate": Program(
        """
import enum
class State(enum.Enum):
    IDLE = "idle"
    RUN = "run"
    def next(self): return TRANSITIONS[self]
TRANSITIONS = {State.IDLE: State.RUN, State.RUN: State.IDLE}
class Machine:
    def __init__(self): self.state = State.IDLE
    def step(self): self.state = self.state.next(); return self.state
m = Machine()
""",
        '([s.name for s in State], {k.name: v.name for k, v in TRANSITIONS.items()}, Machine().step().name, m.state in list(State), m.state.next().name)',
        (
            (('    RUN = "run"\n', '    RUN = "run"\n    DONE = "done"\n'),),
            (('State.RUN: State.IDLE}', 'State.RUN: State.DONE, State.DONE: State.IDLE}'),),
            (('    def next(self)', '    @property\n    def label(self): return self.value.title()\n    def next(self)'),),
            (('"run"', '"running"'),),
            (('    IDLE = "idle"\n', '    IDLE = "idle"\n    WAIT = "wait"\n'),),
        ),
    ),
    "di": Program(
        """
PROVIDERS = {}
def provides(key):
    def deco(f):
        PROVIDERS[key] = f
        return f
    return deco
class Container:
    def __init__(self): self.cache = {}
    def get(self, key):
        if key not in self.cache: self.cache[key] = PROVIDERS[key](self)
        return self.cache[key]
@provides("db")
def make_db(c): return {"name": "sqlite"}
@provides("repo")
class Repo:
    def __init__(self, c): self.db = c.get("db")
    def name(self): return "repo of " + self.db["name"]
container = Container()
""",
        "(sorted(PROVIDERS), Container().get('repo').name(), container.get('repo').name())",
        (
            (('"repo of "', '"repository of "'),),
            (('@provides("repo")\n', '@provides("clock")\ndef clock(c): return 1\n@provides("repo")\n'),),
            (('    def name(self)', '    def size(self): return 1\n    def name(self)'),),
            (('class Container:\n', 'class Container:\n    def has(self, key): return key in PROVIDERS\n'),),
            (('@provides("clock")\ndef clock(c): return 1\n', ''),),
        ),
    ),
    "mixins": Program(
        """
import json
class Jsonable:
    def to_json(self): return json.dumps(self.__dict__, sort_keys=True)
class Named:
    def __init__(self, name): self.name = name
class Item(Named, Jsonable):
    kind = "item"
    def __init__(self, name, price): super().__init__(name); self.price = price
class Special(Item):
    kind = "special"
    def describe(self): return f"{self.kind} {self.name}"
items = [Item("a", 1), Special("b", 2)]
""",
        "[(type(i).__name__, i.to_json(), i.kind, getattr(i, 'describe', lambda: None)(), [c.__name__ for c in type(i).__mro__]) for i in items]",
        (
            (('class Special(Item):\n', 'class Loud:\n    def describe(self): return super().describe().upper()\nclass Special(Item):\n'),),
            (('sort_keys=True', 'sort_keys=False'),),
            (('    kind = "item"', '    kind = "thing"'),),
            (('class Named:\n', 'class Named:\n    def shout(self): return self.name.upper()\n'),),
            (('class Jsonable:\n    def to_json(self)', 'class Jsonable:\n    indent = None\n    def to_json(self)'),),
            (('class Item(Named, Jsonable):', 'class Item(Jsonable, Named):'),),
        ),
    ),
    "closures": Program(
        """
def counter(start=0):
    n = start
    def inc(by=1):
        nonlocal n
        n += by
        return n
    def peek(): return n
    return inc, peek
inc, peek = counter(10)
def make_adder(k): return lambda x: x + k
add5 = make_adder(5)
OPS = {"+5": add5, "inc": peek}
""",
        "(peek(), add5(1), OPS['+5'](2), OPS['inc']())",
        (
            (('def peek(): return n', 'def peek(): return n * 2'),),
            (('lambda x: x + k', 'lambda x: x - k'),),
            (('make_adder(5)', 'make_adder(7)'),),
            (('counter(10)', 'counter(20)'),),
            (('OPS = {"+5": add5', 'OPS = {"+7": add5, "+5": add5'),),
        ),
    ),
    "asyncs": Program(
        """
import asyncio
async def fetch(x): return x
async def both(a, b): return await asyncio.gather(fetch(a), fetch(b))
class Client:
    async def __aenter__(self): return self
    async def __aexit__(self, *e): return False
    async def get(self, x): return ("got", x)
    async def stream(self):
        for i in range(2): yield i
client = Client()
async def main():
    async with client as c:
        return await both(1, 2), await c.get(3), [x async for x in c.stream()]
""",
        'asyncio.run(main())',
        (
            (('async def fetch(x): return x', 'async def fetch(x): return x * 2'),),
            (('for i in range(2): yield i', 'for i in range(3): yield -i'),),
            (('    async def get(self, x)', "    async def put(self, x): return ('put', x)\n    async def get(self, x)"),),
            (('await c.get(3)', 'await c.put(3)'),),
        ),
    ),
    "proto": Program(
        """
from typing import Protocol, runtime_checkable, Generic, TypeVar
T = TypeVar("T")
@runtime_checkable
class Sized(Protocol):
    def size(self) -> int: ...
class Box(Generic[T]):
    def __init__(self, v: T): self.v = v
    def size(self): return 1
class Bag(Box[int]):
    def total(self): return self.v
b = Bag(3)
""",
        '(isinstance(b, Sized), b.size(), b.total(), Bag.__orig_bases__ == (Box[int],), isinstance(3, Sized))',
        (
            (('def size(self): return 1', 'def size(self): return 2'),),
            (('    def total(self)', '    def double(self): return self.v * 2\n    def total(self)'),),
            (('    def size(self) -> int: ...', '    def size(self) -> int: ...\n    def weigh(self) -> int: ...'),),
            (('def size(self): return 2', 'def size(self): return 2\n    def weigh(self): return 9'),),
        ),
    ),
    "props": Program(
        """
class Temp:
    scale = 1
    def __init__(self, c): self._c = c
    @property
    def c(self): return self._c
    @c.setter
    def c(self, v): self._c = v
    @property
    def f(self): return self._c * 9 / 5 + 32
    @classmethod
    def of(cls, f): return cls((f - 32) * 5 / 9)
    @staticmethod
    def zero(): return Temp(0)
    def __eq__(self, o): return self._c == o._c
    def __hash__(self): return hash(self._c)
    def __repr__(self): return f"Temp({self._c})"
t = Temp(10)
KNOWN = {Temp(0): "freezing", t: "mild"}
""",
        '(t.c, t.f, Temp.of(212).c, Temp.zero(), KNOWN[Temp(10)], sorted(map(repr, KNOWN)))',
        (
            (('return self._c * 9 / 5 + 32', 'return self._c * 1.8 + 32'),),
            (('    def c(self, v): self._c = v', '    def c(self, v): self._c = v * self.scale'),),
            (('    @property\n    def f(self)', '    @property\n    def k(self): return self._c + 273\n    @property\n    def f(self)'),),
            (('f"Temp({self._c})"', 'f"Temp<{self._c}>"'),),
            (('    @staticmethod\n    def zero(): return Temp(0)', '    @classmethod\n    def zero(cls): return cls(0)'),),
            (('def __hash__(self): return hash(self._c)', "def __hash__(self): return hash(('t', self._c))"),),
        ),
    ),
    "subinit": Program(
        """
class Shape:
    registry = []
    def __init_subclass__(cls, sides=0, **kw):
        super().__init_subclass__(**kw)
        cls.sides = sides
        Shape.registry.append(cls)
    def describe(self): return f"{type(self).__name__}:{self.sides}"
class Square(Shape, sides=4): pass
class Tri(Shape, sides=3):
    def describe(self): return "tri " + super().describe()
shapes = [Square(), Tri()]
""",
        '([c.__name__ for c in Shape.registry], [s.describe() for s in shapes], [c.__name__ for c in Shape.__subclasses__()])',
        (
            (('sides=3', 'sides=33'),),
            (('class Tri(Shape', 'class Penta(Shape, sides=5): pass\nclass Tri(Shape'),),
            (('        cls.sides = sides\n', '        cls.sides = sides\n        cls.double = sides * 2\n'),),
            (('f"{type(self).__name__}:{self.sides}"', 'f"{type(self).__name__}={self.double}"'),),
            (('class Penta(Shape, sides=5): pass\n', ''),),
            (('class Square(Shape, sides=4): pass\n', 'class Square(Shape, sides=4):\n    pass\nclass Big(Square, sides=44): pass\n'),),
        ),
    ),
    "templ": Program(
        """
FILTERS = {"upper": str.upper, "rev": lambda s: s[::-1]}
def register(**kw): FILTERS.update(kw)
register(trim=str.strip, twice=lambda s: s * 2)
class Template:
    cache = {}
    def __new__(cls, text):
        if text not in cls.cache: cls.cache[text] = super().__new__(cls)
        return cls.cache[text]
    def __init__(self, text): self.text = text
    def render(self, s): return self.text.format(s)
T = Template("<{}>")
def apply(name, s): return T.render(FILTERS[name](s))
""",
        "{k: apply(k, ' ab ') for k in sorted(FILTERS)}",
        (
            (('"rev": lambda s: s[::-1]', '"rev": lambda s: s[::-1].strip()'),),
            (('twice=lambda s: s * 2', "twice=lambda s: s + s + '.'"),),
            (('register(trim', 'register(len=lambda s: str(len(s)))\nregister(trim'),),
            (('    def render(self, s)', '    def bare(self): return self.text\n    def render(self, s)'),),
            (('"upper": str.upper', '"upper": str.lower'),),
        ),
    ),
    "cached": Program(
        """
import functools
FACTOR = 2
@functools.lru_cache(maxsize=None)
def slow(x): return x * FACTOR
class Svc:
    @functools.cached_property
    def conn(self): return ("conn", FACTOR)
    @functools.lru_cache
    def q(self, x): return (x, FACTOR)
svc = Svc()
""",
        '(slow(2), Svc().conn, svc.q(1))',
        (
            (('return x * FACTOR', 'return x + FACTOR'),),
            (('return (x, FACTOR)', 'return [x, FACTOR]'),),
            (('maxsize=None', 'maxsize=10'),),
            (('FACTOR = 2', 'FACTOR = 3'),),
        ),
    ),
    "sched": Program(
        """
JOBS = []
class Job:
    def __init__(self, every, f): self.every, self.f = every, f
    def run(self): return self.f()
def every(n):
    return lambda f: (JOBS.append(Job(n, f)), f)[1]
@every(10)
def a(): return "a"
@every(5)
def b(): return "b"
def run_all(): return [(j.every, j.run()) for j in sorted(JOBS, key=lambda j: j.every)]
""",
        'run_all()',
        (
            (('@every(10)', '@every(2)'),),
            (('return "a"', 'return "A"'),),
            (('@every(5)\ndef b', '@every(7)\n@every(5)\ndef b'),),
            (('    def run(self): return self.f()', '    def name(self): return self.f.__name__\n    def run(self): return self.f()'),),
            (('(j.every, j.run())', '(j.every, j.name(), j.run())'),),
        ),
    ),
    "visitor": Program(
        """
class Visitor:
    def visit(self, n): return getattr(self, "visit_" + type(n).__name__, self.generic)(n)
    def generic(self, n): return "?"
class Num:
    def __init__(self, v): self.v = v
class Add:
    def __init__(self, a, b): self.a, self.b = a, b
class Eval(Visitor):
    def visit_Num(self, n): return n.v
    def visit_Add(self, n): return self.visit(n.a) + self.visit(n.b)
class Show(Visitor):
    def visit_Num(self, n): return str(n.v)
    def visit_Add(self, n): return f"({self.visit(n.a)}+{self.visit(n.b)})"
tree = Add(Num(1), Add(Num(2), Num(3)))
VISITORS = [Eval(), Show()]
""",
        '[v.visit(tree) for v in VISITORS] + [Show().visit(None)]',
        (
            (('class Eval(Visitor)', 'class Mul(Add): pass\nclass Eval(Visitor)'),),
            (('+{self.visit(n.b)})', ' + {self.visit(n.b)})'),),
            (('return "?"', 'return "??"'),),
            (('class Show(Visitor):\n', "class Show(Visitor):\n    def visit_Mul(self, n): return 'mul'\n"),),
        ),
    ),
    "ops": Program(
        """
import operator
OPS = {"+": operator.add, "-": operator.sub}
def op(sym):
    def deco(f): OPS[sym] = f; return f
    return deco
@op("*")
def mul(a, b): return a * b
class Vec:
    __slots__ = ("x", "y")
    def __init__(self, x, y): self.x, self.y = x, y
    def __add__(self, o): return Vec(self.x + o.x, self.y + o.y)
    def __iter__(self): yield self.x; yield self.y
    def __repr__(self): return f"V{tuple(self)}"
ORIGIN = Vec(0, 0)
""",
        '({k: f(6, 3) for k, f in sorted(OPS.items())}, ORIGIN + Vec(1, 2), list(ORIGIN))',
        (
            (('@op("*")', '@op("x")'),),
            (('    def __add__(self, o): return Vec(self.x + o.x, self.y + o.y)', '    def __add__(self, o): return Vec(self.x + o.x + 1, self.y + o.y)'),),
            (('"-": operator.sub', '"-": operator.sub, "/": operator.truediv'),),
            (('    def __repr__(self)', '    def __neg__(self): return Vec(-self.x, -self.y)\n    def __repr__(self)'),),
            (('__slots__ = ("x", "y")', '__slots__ = ("x", "y", "z")'),),
            (('self.x, self.y = x, y', 'self.x, self.y = x, y; self.z = 0'),),
        ),
    ),
    "ctx": Program(
        """
import contextlib
LOG = []
@contextlib.contextmanager
def section(name):
    LOG.append("in " + name)
    try: yield name
    finally: LOG.append("out " + name)
class Tx:
    def __enter__(self): LOG.append("begin"); return self
    def __exit__(self, *e): LOG.append("end"); return False
tx = Tx()
def work():
    LOG.clear()
    with section("a"), tx: LOG.append("work")
    return list(LOG)
""",
        'work()',
        (
            (('"in " + name', '"enter " + name'),),
            (('LOG.append("end")', 'LOG.append("commit")'),),
            (('with section("a"), tx:', 'with tx, section("b"):'),),
            (('class Tx:\n', "class Tx:\n    def mark(self): LOG.append('mark')\n"),),
            (('LOG.append("work")', 'tx.mark()'),),
        ),
    ),
    "ntuple": Program(
        """
from typing import NamedTuple, TypedDict
import collections
class Point(NamedTuple):
    x: int
    y: int = 0
    def norm(self): return abs(self.x) + abs(self.y)
Pair = collections.namedtuple("Pair", "a b")
class Row(TypedDict):
    id: int
p = Point(1, 2)
q = Pair(1, 2)
""",
        '(p.norm(), tuple(p), p._fields, q._fields, Row.__annotations__.keys(), Point(5))',
        (
            (('abs(self.x) + abs(self.y)', 'max(self.x, self.y)'),),
            (('    y: int = 0', '    y: int = 9'),),
            (('    id: int', '    id: int\n    name: str'),),
            (('    def norm(self)', '    def neg(self): return Point(-self.x, -self.y)\n    def norm(self)'),),
        ),
    ),
    "abcs": Program(
        """
import abc
class Store(abc.ABC):
    @abc.abstractmethod
    def get(self, k): ...
    def get_or(self, k, d):
        try: return self.get(k)
        except KeyError: return d
class Mem(Store):
    def __init__(self): self.d = {}
    def get(self, k): return self.d[k]
@Store.register
class Foreign:
    def get(self, k): return k
s = Mem(); s.d["a"] = 1
""",
        "(s.get_or('a', 0), s.get_or('b', 0), isinstance(Foreign(), Store), issubclass(int, Store), sorted(Store.__abstractmethods__))",
        (
            (('except KeyError: return d', 'except KeyError: return (d,)'),),
        ),
    ),
    "pipeline": Program(
        """
from functools import partial, reduce
def add(k, x): return x + k
def mul(k, x): return x * k
STEPS = [partial(add, 1), partial(mul, 3)]
def run(x): return reduce(lambda acc, f: f(acc), STEPS, x)
compose = lambda *fs: lambda x: reduce(lambda a, f: f(a), fs, x)
both = compose(STEPS[0], STEPS[1], str)
""",
        '(run(1), both(2))',
        (
            (('return x + k', 'return x - k'),),
            (('partial(mul, 3)]', 'partial(mul, 3), partial(add, 100)]'),),
            (('def mul(k, x)', 'def mul(k, x, z=1)'),),
            (('STEPS[1], str)', 'STEPS[1], repr)'),),
        ),
    ),
    "modgetattr": Program(
        """
_old = {"OLD": "new"}
new = 1
def __getattr__(name):
    if name in _old: return globals()[_old[name]]
    raise AttributeError(name)
def __dir__(): return sorted([*globals(), *_old])
__all__ = ["new"]
""",
        "(__getattr__('OLD'), 'OLD' in __dir__(), __all__)",
        (
            (('_old = {"OLD": "new"}', '_old = {"OLD": "new", "ELD": "new"}'),),
            (('new = 1', 'new = 2'),),
            (('__all__ = ["new"]', '__all__ = ["new", "OLD"]'),),
        ),
    ),
    "weak": Program(
        """
import weakref
class Node:
    live = weakref.WeakSet()
    parents = weakref.WeakKeyDictionary()
    def __init__(self, name, parent=None):
        self.name = name; Node.live.add(self)
        if parent: Node.parents[self] = parent
    def path(self):
        p = Node.parents.get(self)
        return (p.path() + "/" if p else "") + self.name
root = Node("r"); kid = Node("k", root)
""",
        '(kid.path(), sorted(n.name for n in Node.live))',
        (
            (('+ "/"', '+ "."'),),
            (('    def path(self)', "    def depth(self): return self.path().count('.')\n    def path(self)"),),
            (('class Node:\n', 'class Named: pass\nclass Node(Named):\n'),),
        ),
    ),
    "loggy": Program(
        """
import logging
log = logging.getLogger(__name__); log.setLevel(logging.INFO); log.propagate = False
class Keep(logging.Handler):
    def __init__(self): super().__init__(); self.lines = []
    def emit(self, record): self.lines.append(self.format(record))
for h in list(log.handlers): log.removeHandler(h)
keep = Keep()
keep.setFormatter(logging.Formatter("%(levelname)s %(message)s"))
log.addHandler(keep)
def act(x):
    keep.lines.clear(); log.info("act %s", x); return keep.lines[:]
""",
        '(act(1), len(log.handlers))',
        (
            (('"act %s"', '"acted %s"'),),
        ),
    ),
    "pluginclass": Program(
        """
class Registry(dict):
    def register(self, cls): self[cls.name] = cls; return cls
REG = Registry()
class Base:
    name = "base"
@REG.register
class A(Base):
    name = "a"
    def go(self): return "A"
@REG.register
class B(A):
    name = "b"
    def go(self): return "B" + super().go()
objs = [REG["a"](), REG["b"]()]
""",
        '(sorted(REG), [o.go() for o in objs], [type(o) is REG[o.name] for o in objs])',
        (
            (('return "A"', 'return "AA"'),),
        ),
    ),
    "flags": Program(
        """
FLAGS = {"beta": False}
def flag(name):
    def deco(f):
        def w(*a): return f(*a) if FLAGS[name] else None
        return w
    return deco
if FLAGS["beta"]:
    def mode(): return "beta"
else:
    def mode(): return "stable"
@flag("beta")
def feature(x): return x
LIMITS = {k: v for k, v in zip("ab", range(2))}
try:
    import nothing_here
except ImportError:
    nothing_here = None
""",
        '(mode(), feature(1), LIMITS, nothing_here)',
        (
            (('"beta": False', '"beta": True'),),
            (('range(2)', 'range(5, 7)'),),
            (('return "beta"', 'return "BETA"'),),
            (('nothing_here = None', 'nothing_here = 0'),),
        ),
    ),
    "shop": Program(
        """
from dataclasses import dataclass, field
from decimal import Decimal
@dataclass(frozen=True)
class Money:
    amount: Decimal
    currency: str = "EUR"
    def __add__(self, o): return Money(self.amount + o.amount, self.currency)
@dataclass
class Line:
    name: str
    price: Money
    qty: int = 1
    def total(self): return Money(self.price.amount * self.qty, self.price.currency)
@dataclass
class Cart:
    lines: list = field(default_factory=list)
    def add(self, *a, **k): self.lines.append(Line(*a, **k)); return self
    def total(self):
        t = Money(Decimal(0))
        for l in self.lines: t = t + l.total()
        return t
cart = Cart().add("a", Money(Decimal(2)), 3)
RATES = {"EUR": Decimal(1), "USD": Decimal("1.1")}
""",
        "(cart.total(), Cart().add('x', Money(Decimal(5))).total(), sorted(RATES), hash(Money(Decimal(1))) == hash(Money(Decimal(1))), cart.lines[0] == Line('a', Money(Decimal(2)), 3))",
        (
            (('self.price.amount * self.qty', 'self.price.amount * self.qty + 1'),),
            (('"USD": Decimal("1.1")', '"USD": Decimal("1.2"), "CHF": Decimal(1)'),),
            (('    def total(self): return Money(self.price', "    @property\n    def label(self): return f'{self.qty} x {self.name}'\n    def total(self): return Money(self.price"),),
            (('@dataclass\nclass Line', '@dataclass(eq=True, repr=False)\nclass Line'),),
            (('    def __add__(self, o)', '    def __neg__(self): return Money(-self.amount, self.currency)\n    def __add__(self, o)'),),
            (('@dataclass(frozen=True)', '@dataclass(frozen=True, order=True)'),),
        ),
    ),
    "middleware": Program(
        """
class App:
    def __init__(self): self.mw = []; self.handler = None
    def use(self, f): self.mw.append(f); return f
    def handle(self, f): self.handler = f; return f
    def __call__(self, req):
        h = self.handler
        for m in reversed(self.mw): h = m(h)
        return h(req)
app = App()
@app.use
def log(nxt):
    def inner(req): return "log(" + nxt(req) + ")"
    return inner
@app.use
def auth(nxt):
    def inner(req): return "auth(" + nxt(req) + ")"
    return inner
@app.handle
def main(req): return "main:" + req
""",
        "(app('r'), len(app.mw))",
        (
            (('"log("', '"LOG("'),),
            (('@app.use\ndef auth', '@app.use\ndef gzip(nxt):\n    return lambda req: "gz(" + nxt(req) + ")"\n@app.use\ndef auth'),),
            (('"main:"', '"index:"'),),
            (('@app.use\ndef log', 'def log'),),
            (('@app.handle\ndef main', '@app.handle\n@auth\ndef main'),),
            (('reversed(self.mw)', 'self.mw'),),
            (('    def use(self, f): self.mw.append(f); return f', '    def use(self, f=None, *, first=False):\n        if f is None: return lambda g: self.use(g, first=first)\n        self.mw.insert(0, f) if first else self.mw.append(f); return f'),),
            (('@app.use\ndef auth', '@app.use(first=True)\ndef auth'),),
        ),
    ),
    "fsm": Program(
        """
class StateMeta(type):
    def __new__(m, name, bases, ns, **kw):
        c = super().__new__(m, name, bases, dict(ns))
        c.transitions = {k: v for b in reversed(c.__mro__) for k, v in vars(b).get("table", {}).items()}
        return c
class Machine(metaclass=StateMeta):
    table = {}
    start = "a"
    def __init__(self): self.s = self.start
    def go(self, e): self.s = self.transitions[self.s, e]; return self.s
class Door(Machine):
    start = "closed"
    table = {("closed", "open"): "open", ("open", "close"): "closed"}
class LockDoor(Door):
    table = {("closed", "lock"): "locked"}
d = Door()
""",
        "(sorted(Door.transitions.items()), sorted(LockDoor.transitions.items()), LockDoor().go('lock'), d.s)",
        (
            (('("open", "close"): "closed"}', '("open", "close"): "closed", ("open", "slam"): "broken"}'),),
            (('("closed", "lock"): "locked"}', '("closed", "lock"): "locked", ("locked", "unlock"): "closed"}'),),
            (('("closed", "open"): "open", ', ''),),
            (('    def go(self, e)', '    def can(self, e): return (self.s, e) in self.transitions\n    def go(self, e)'),),
            (('"broken"', '"smashed"'),),
        ),
    ),
    "serial": Program(
        """
import json, datetime, enum
class Color(enum.Enum):
    RED = 1
    BLUE = 2
ENCODERS = {}
def encoder(tp):
    def deco(f): ENCODERS[tp] = f; return f
    return deco
@encoder(datetime.date)
def enc_date(d): return d.isoformat()
@encoder(Color)
def enc_color(c): return c.name
class Enc(json.JSONEncoder):
    def default(self, o):
        for tp, f in ENCODERS.items():
            if isinstance(o, tp): return f(o)
        return super().default(o)
def dump(o): return json.dumps(o, cls=Enc)
SAMPLE = {"c": Color.RED, "d": datetime.date(2020, 1, 2)}
""",
        '(dump(SAMPLE), len(ENCODERS), [t.__name__ for t in ENCODERS])',
        (
            (('return c.name', 'return c.name.lower()'),),
            (('    BLUE = 2\n', '    BLUE = 2\n    GREEN = 3\n'),),
            (('@encoder(Color)', 'class P:\n    def __init__(self, x): self.x = x\n@encoder(P)\ndef enc_p(p): return p.x\n@encoder(Color)'),),
            (('@encoder(datetime.date)\n', '@encoder(datetime.time)\n@encoder(datetime.date)\n'),),
            (('class Enc(json.JSONEncoder):', "class Enc(json.JSONEncoder):\n    item_separator = ';'"),),
            (('    RED = 1', "    RED = 'r'"),),
        ),
    ),
    "orm": Program(
        """
class Column:
    def __init__(self, kind=str, primary=False): self.kind, self.primary = kind, primary
    def __set_name__(self, o, n): self.name = n
class Table:
    tables = {}
    def __init_subclass__(cls, name=None):
        cls.table = name or cls.__name__.lower()
        cls.columns = {k: v for k, v in cls.__dict__.items() if isinstance(v, Column)}
        Table.tables[cls.table] = cls
    def __init__(self, **kw): self.__dict__.update(kw)
    @classmethod
    def ddl(cls): return f"create {cls.table}({', '.join(k + ' ' + c.kind.__name__ for k, c in cls.columns.items())})"
class User(Table, name="users"):
    id = Column(int, primary=True)
    name = Column()
class Post(Table):
    id = Column(int, True)
    body = Column()
    author = Column(int)
rows = [User(id=1, name="x"), Post(id=2, body="b", author=1)]
""",
        '([t.ddl() for k, t in sorted(Table.tables.items())], [type(r) is Table.tables[r.table] for r in rows], [sorted(c.columns) for c in (User, Post)], User.id if 0 else User.id.primary)',
        (
            (('    body = Column()', '    body = Column(bytes)'),),
            (('name="users"', 'name="people"'),),
            (('    author = Column(int)\n', '    author = Column(int)\n    likes = Column(int)\n'),),
            (('    name = Column()\n', ''),),
            (('class Post(Table)', 'class Tag(Table):\n    label = Column()\nclass Post(Table)'),),
            (('f"create {cls.table}(', 'f"CREATE {cls.table}('),),
            (('class Tag(Table):\n    label = Column()\n', ''),),
            (('def __init__(self, kind=str, primary=False): self.kind, self.primary = kind, primary', 'def __init__(self, kind=str, primary=False, null=True): self.kind, self.primary, self.null = kind, primary, null'),),
        ),
    ),
    "lazy": Program(
        """
class lazy:
    def __init__(self, f): self.f = f
    def __set_name__(self, o, n): self.n = n
    def __get__(self, o, t=None):
        if o is None: return self
        v = o.__dict__[self.n] = self.f(o)
        return v
class Doc:
    def __init__(self, text): self.text = text
    @lazy
    def words(self): return self.text.split()
    @lazy
    def count(self): return len(self.words)
doc = Doc("a b c")
""",
        "(Doc('x y').count, Doc('q').words, sorted(k for k in vars(Doc) if k[0] != '_'))",
        (
            (('self.text.split()', 'self.text.upper().split()'),),
            (('    @lazy\n    def count', '    @property\n    def count'),),
            (('class lazy:\n', "class lazy:\n    kind = 'lazy'\n"),),
            (('    def __get__(self, o, t=None):\n        if o is None: return self', '    def __get__(self, o, t=None):\n        if o is None: return self.kind'),),
            (('    @lazy\n    def words', '    @lazy\n    def first(self): return self.words[0]\n    @lazy\n    def words'),),
        ),
    ),
    "retry": Program(
        """
import functools
ATTEMPTS = 2
class Retry:
    def __init__(self, times=ATTEMPTS): self.times = times
    def __call__(self, f):
        @functools.wraps(f)
        def wrapper(*a, **k):
            wrapper.calls += 1
            for i in range(self.times):
                try: return (i, f(*a, **k))
                except ValueError as e: last = e
            return ("failed", str(last))
        wrapper.calls = 0
        return wrapper
@Retry()
def flaky(x):
    if x < 0: raise ValueError("neg")
    return x
@Retry(times=5)
def other(x): return flaky(x)
TASKS = {"flaky": flaky, "other": other}
""",
        "(flaky(1), flaky(-1), TASKS['other'](-3), TASKS['flaky'] is flaky)",
        (
            (('raise ValueError("neg")', 'raise ValueError("negative")'),),
            (('times=5', 'times=1'),),
            (('return ("failed", str(last))', 'return ("gave up", str(last), self.times)'),),
            (('ATTEMPTS = 2', 'ATTEMPTS = 3'),),
        ),
    ),
    "pubsub": Program(
        """
class Signal:
    def __init__(self): self.strong = []
    def connect(self, f): self.strong.append(f); return f
    def send(self, *a): return [f(*a) for f in self.strong]
saved, deleted = Signal(), Signal()
@saved.connect
def on_save(x): return ("save", x)
@deleted.connect
@saved.connect
def on_any(x): return ("any", x)
class Listener:
    def __init__(self): saved.connect(self.heard)
    def heard(self, x): return ("heard", x)
listener = Listener()
""",
        '(sorted(saved.send(1)), sorted(deleted.send(2)))',
        (
            (('("save", x)', '("saved", x)'),),
            (('@deleted.connect\n@saved.connect', '@deleted.connect'),),
            (('("heard", x)', '("HEARD", x)'),),
            (('@saved.connect\ndef on_save', '@saved.connect\n@deleted.connect\ndef on_save'),),
            (('def send(self, *a)', 'def disconnect(self, f): self.strong.remove(f)\n    def send(self, *a)'),),
        ),
    ),
    "units": Program(
        """
UNITS = {}
def unit(name, factor):
    UNITS[name] = factor
    return factor
M = unit("m", 1)
KM = unit("km", 1000 * M)
CM = unit("cm", M / 100)
def convert(v, a, b): return v * UNITS[a] / UNITS[b]
""",
        "(convert(1, 'km', 'm'), convert(5, 'cm', 'm'), sorted(UNITS))",
        (
            (('1000 * M', '1024 * M'),),
            (('CM = unit("cm", M / 100)\n', 'CM = unit("cm", M / 100)\nMM = unit("mm", M / 1000)\n'),),
            (('UNITS[name] = factor', 'UNITS[name] = float(factor)'),),
        ),
    ),
    "inherit3": Program(
        """
class A:
    tags = ["a"]
    def who(self): return ["A"]
class B(A):
    tags = A.tags + ["b"]
    def who(self): return super().who() + ["B"]
class C(A):
    tags = A.tags + ["c"]
    def who(self): return super().who() + ["C"]
class D(B, C):
    tags = B.tags + C.tags
    def who(self): return super().who() + ["D"]
d = D()
""",
        '(d.who(), D.tags, [c.__name__ for c in D.__mro__], isinstance(d, A))',
        (
            (('return ["A"]', 'return ["AA"]'),),
            (('tags = ["a"]', 'tags = ["x"]'),),
            (('class D(B, C):', 'class D(C, B):'),),
            (('["b"]', '["bb"]'),),
            (('class A:', "class Root:\n    def root(self): return 'root'\nclass A(Root):"),),
            (('    tags = B.tags + C.tags\n', ''),),
        ),
    ),
    "slotsy": Program(
        """
class Base:
    __slots__ = ("a",)
    def __init__(self, a): self.a = a
class Child(Base):
    __slots__ = ("b",)
    def __init__(self, a, b): super().__init__(a); self.b = b
    def both(self): return (self.a, self.b)
objs = {1: Child(1, 2), 2: Child(3, 4)}
first = objs[1]
""",
        '([o.both() for o in objs.values()], first is objs[1], type(first) is Child, Child.__slots__)',
        (
            (('return (self.a, self.b)', 'return [self.a, self.b]'),),
            (('__slots__ = ("b",)', '__slots__ = ("b", "c")'),),
            (('__slots__ = ("a",)', '__slots__ = ("a", "z")'),),
            (('    def both(self)', '    def total(self): return self.a + self.b\n    def both(self)'),),
            (('__slots__ = ("b", "c")', '__slots__ = ("b", "c", "__dict__")'),),
        ),
    ),
    "genco": Program(
        """
import asyncio, contextlib
def chunks(xs, n):
    for i in range(0, len(xs), n): yield xs[i:i + n]
class Pipe:
    def __init__(self): self.stages = []
    def __or__(self, f): self.stages.append(f); return self
    def run(self, it):
        for s in self.stages: it = s(it)
        return list(it)
def double(it): return (x * 2 for x in it)
def odd(it): return (x for x in it if x % 3)
pipe = Pipe() | double | odd
@contextlib.asynccontextmanager
async def session():
    yield "s"
async def go():
    async with session() as s: return s
""",
        '(list(chunks([1, 2, 3], 2)), pipe.run([1, 2, 3]), asyncio.run(go()), [s.__name__ for s in pipe.stages])',
        (
            (('x * 2', 'x * 20'),),
            (('pipe = Pipe() | double | odd', 'pipe = Pipe() | odd | double'),),
            (('yield "s"', 'yield "S"'),),
            (('def odd(it)', 'def neg(it): return (-x for x in it)\ndef odd(it)'),),
            (('pipe = Pipe() | odd | double', 'pipe = Pipe() | odd | double | neg'),),
            (('    def run(self, it):', '    def first(self, it): return self.run(it)[:1]\n    def run(self, it):'),),
        ),
    ),
    "cfgparse": Program(
        """
import argparse, logging
def build():
    p = argparse.ArgumentParser(prog="x")
    p.add_argument("--port", type=int, default=80)
    p.add_argument("-v", action="store_true")
    return p
PARSER = build()
DEFAULTS = vars(PARSER.parse_args([]))
def parse(*a): return vars(build().parse_args(list(a)))
""",
        "(parse(), parse('--port', '5'))",
        (
            (('default=80', 'default=8080'),),
            (('    p.add_argument("-v"', '    p.add_argument("--host", default="h")\n    p.add_argument("-v"'),),
        ),
    ),
    "plugins2": Program(
        """
class Hook:
    def __init__(self, name): self.name, self.impls = name, {}
    def impl(self, f=None, *, prio=0):
        if f is None: return lambda g: self.impl(g, prio=prio)
        self.impls[f.__qualname__] = (prio, f)
        return f
    def call(self, *a): return [f(*a) for p, f in sorted(self.impls.values(), key=lambda x: (x[0], x[1].__name__))]
setup, teardown = Hook("setup"), Hook("teardown")
class Core:
    @staticmethod
    @setup.impl(prio=2)
    def core_setup(): return "core"
@setup.impl
def early(): return "early"
@teardown.impl(prio=5)
def late(): return "late"
""",
        '(setup.call(), teardown.call(), sorted(setup.impls))',
        (
            (('return "early"', 'return "EARLY"'),),
            (('prio=5', 'prio=6'),),
            (('return "core"', 'return "CORE"'),),
            (('@setup.impl\ndef early', '@setup.impl(prio=9)\ndef early'),),
            (('@teardown.impl(prio=6)\ndef late', '@teardown.impl(prio=6)\n@setup.impl\ndef late'),),
            (('    @setup.impl(prio=2)', '    @setup.impl(prio=1)'),),
            (('@teardown.impl(prio=6)\n@setup.impl\ndef late', '@teardown.impl(prio=6)\ndef late'),),
        ),
    ),
    "regclass": Program(
        """
class Registry:
    def __init__(self): self._by = {}
    def __call__(self, *names):
        def deco(cls):
            for n in names: self._by[n] = cls
            cls.names = names
            return cls
        return deco
    def make(self, n, *a): return self._by[n](*a)
    def __iter__(self): return iter(sorted(self._by))
shape = Registry()
@shape("sq", "square")
class Square:
    def __init__(self, s=1): self.s = s
    def area(self): return self.s ** 2
@shape("circle")
class Circle:
    def __init__(self, r=1): self.r = r
    def area(self): return 3 * self.r ** 2
made = [shape.make("sq", 2), shape.make("circle", 1)]
""",
        "(list(shape), [m.area() for m in made], [m.names for m in made], shape.make('circle').area(), [type(m) is shape._by[m.names[0]] for m in made])",
        (
            (('self.s ** 2', 'self.s * self.s + 0.5'),),
            (('@shape("circle")', '@shape("circle", "round")'),),
            (('@shape("sq", "square")', '@shape("square", "sq")'),),
            (('    def make(self, n, *a)', '    def names(self): return list(self)\n    def make(self, n, *a)'),),
            (('@shape("circle", "round")', '@shape("round", "circle")\n@shape("disc")'),),
            (('            cls.names = names\n', '            cls.names = tuple(sorted(names))\n'),),
        ),
    ),
    "mathlib": Program(
        """
import functools, operator
@functools.total_ordering
class Frac:
    def __init__(self, n, d=1): self.n, self.d = n, d
    def __eq__(self, o): return self.n * o.d == o.n * self.d
    def __lt__(self, o): return self.n * o.d < o.n * self.d
    def __hash__(self): return hash((self.n, self.d))
    def __mul__(self, o): return Frac(self.n * o.n, self.d * o.d)
    def __repr__(self): return f"{self.n}/{self.d}"
HALF, THIRD = Frac(1, 2), Frac(1, 3)
TABLE = {HALF: "half", THIRD: "third"}
prod = functools.partial(functools.reduce, operator.mul)
""",
        '(prod([HALF, THIRD]), sorted([HALF, THIRD]), TABLE[Frac(1, 2)], HALF >= THIRD, max(TABLE))',
        (
            (('f"{self.n}/{self.d}"', 'f"{self.n}:{self.d}"'),),
            (('def __hash__(self): return hash((self.n, self.d))', 'def __hash__(self): return hash(self.n / self.d)'),),
            (('@functools.total_ordering\nclass Frac:', '@functools.total_ordering\nclass Frac:\n    ONE = None\n    def inverse(self): return Frac(self.d, self.n)'),),
            (('THIRD: "third"}', 'THIRD: "third", HALF.inverse(): "two"}'),),
        ),
    ),
    "todo": Program(
        """
import itertools
class Task:
    ids = itertools.count(1)
    def __init__(self, title, done=False): self.id, self.title, self.done = next(Task.ids), title, done
    def __str__(self): return f"[{'x' if self.done else ' '}] {self.title}"
class Todo:
    def __init__(self): self.tasks = []
    def add(self, t): self.tasks.append(Task(t)); return self
    def show(self): return [str(t) for t in self.tasks]
todo = Todo().add("one").add("two")
""",
        'todo.show()',
        (
            (("'x' if self.done", "'X' if self.done"),),
            (('f"[{', 'f"- [{'),),
            (('    def show(self)', '    def done(self): return [t for t in self.tasks if t.done]\n    def show(self)'),),
            (('class Task:\n', 'class Base: pass\nclass Task(Base):\n'),),
        ),
    ),
    "route2": Program(
        """
class Router:
    def __init__(self): self.routes = []
    def route(self, pattern):
        def deco(f):
            self.routes.append((pattern, f))
            return f
        return deco
    def dispatch(self, path): return [r[1]() for r in self.routes if r[0] == path]
app = Router()
@app.route("/")
def index(): return "index"
""",
        "(app.dispatch('/'), len(app.routes), [len(r) for r in app.routes])",
        (
            (('self.routes.append((pattern, f))', "self.routes.append((pattern, f, 'GET'))"),),
            (("self.routes.append((pattern, f, 'GET'))", "self.routes.insert(0, (pattern.rstrip('x'), f))"),),
        ),
    ),
    "callreg": Program(
        """
class Reg:
    def __init__(self): self.d = {}
    def __call__(self, f):
        self.d[f.__name__] = f
        return f
reg = Reg()
@reg
def a(): return "a"
@reg
def b(): return "b"
""",
        'sorted((k, f()) for k, f in reg.d.items())',
        (
            (('self.d[f.__name__] = f', 'self.d[f.__name__.upper()] = f'),),
            (('self.d[f.__name__.upper()] = f', 'self.d[f.__name__.upper()] = f; f.tag = 1'),),
        ),
    ),
    "direct": Program(
        """
REG = []
def register(f):
    REG.append((f.__name__, f))
    return f
@register
def a(): return "a"
class C:
    @register
    def m(self): return "m"
""",
        '[(n, f.__name__) for n, f in REG]',
        (
            (('REG.append((f.__name__, f))', 'REG.append((f.__name__.upper(), f))'),),
        ),
    ),
}
