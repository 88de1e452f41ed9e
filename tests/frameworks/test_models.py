"""Models: SQLAlchemy with an open database, pydantic."""

from __future__ import annotations

import pickle

import pytest

from tests.frameworks.serving import framework
from tests.live import LiveModule

MODELS = """
    from sqlalchemy import String, create_engine
    from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column
    from sqlalchemy.pool import StaticPool
    engine = create_engine(
        "sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False}
    )
    class Base(DeclarativeBase): pass
    class User(Base):
        __tablename__ = "users"
        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str] = mapped_column(String(30))
        def greeting(self): return "hello " + self.name
    Base.metadata.create_all(engine)
    session = Session(engine)
    """


@pytest.mark.slow
def test_sqlalchemy_models_with_an_open_database(live: LiveModule) -> None:
    framework("sqlalchemy")
    module = live.start(MODELS)
    session, engine = module.session, module.engine
    user = module.User(name="ada")
    session.add(user)
    session.commit()
    live.change('"hello "', '"hi "')
    edited = user.greeting()
    live.edit(live.source + "def count(): return session.query(User).count()\n")

    try:
        assert edited == "hi ada"
        assert (session, engine) == (module.session, module.engine)
        assert module.count() == 1
        assert session.get(module.User, 1) is user
        session.add(module.User(name="bob"))
        session.commit()
        assert module.count() == 2
    finally:
        session.close()
        engine.dispose()


PYDANTIC = """
    import pydantic
    class Item(pydantic.BaseModel):
        name: str
        def label(self): return self.name
    class Basket(pydantic.BaseModel):
        items: list[Item] = []
    BASKETS = {}
    """


def test_pydantic_models(live: LiveModule) -> None:
    framework("pydantic")
    module = live.start(PYDANTIC)
    item = module.Item(name="ada")
    module.BASKETS["a"] = basket = module.Basket(items=[item])
    live.change("return self.name", "return self.name.upper()")
    edited = basket.items[0].label()
    live.change("name: str\n", "name: str\n    price: int = 5\n")
    again = module.Basket(items=[module.Item(name="bob"), {"name": "eve", "price": "7"}])

    assert edited == "ADA"
    assert [each.price for each in again.items] == [5, 7]
    assert type(item) is module.Item
    assert module.BASKETS["a"] is basket
    assert type(basket) is module.Basket


PAGES = """
    from typing import Generic, TypeVar
    from pydantic import BaseModel
    T = TypeVar("T")
    class User(BaseModel):
        name: str = "u"
        def hi(self): return 1
    class Page(BaseModel, Generic[T]):
        items: list[T] = []
    UserPage = Page[User]
    """


@pytest.mark.parametrize("rerun", ["all", "changed"])
def test_a_generic_pydantic_model_is_pickled_as_before(live: LiveModule, rerun: str) -> None:
    framework("pydantic")
    module = live.start(PAGES)
    page = module.UserPage(items=[module.User()])
    for number in (2, 3):
        report = live.edit(PAGES.replace("return 1", f"return {number}"), rerun=rerun)
        assert report.ok, report
        assert page.items[0].hi() == number
        assert type(pickle.loads(pickle.dumps(page))) is module.UserPage is type(page)
    assert not [name for name in vars(module) if name.startswith("Page[") and name[-1] == "_"]
