"""Every store of followers goes through them in the same way."""

from collections.abc import Callable, Iterator

import pytest
from pydantic import SecretStr
from sqlalchemy import insert, text

from domain.errors import OutageError
from storage.follower_pages import FollowerPages
from storage.memory.follower_pages import MemoryFollowerPages
from storage.postgres.engine import open_sync_engine
from storage.postgres.follower_pages import PostgresFollowerPages
from storage.postgres.follower_rows import FollowerRow
from storage.postgres.migrations import migrate
from storage.postgres.settings import PostgresSettings

USERS = ["Zoe", "a-1", "a.1", "ann", "bob", "u1", "u10", "u2", "~x"]
Store = Callable[[dict[tuple[str, str], list[str]]], FollowerPages]


@pytest.fixture(params=["memory", "postgres"])
def store(request: pytest.FixtureRequest) -> Iterator[Store]:
    """Makes a store in which these users follow these interests."""

    def in_memory(followers: dict[tuple[str, str], list[str]]) -> FollowerPages:
        pages = MemoryFollowerPages()
        for (tenant, interest), users in followers.items():
            pages.follow(tenant, interest, *users)
        return pages

    if request.param == "memory":
        yield in_memory
        return
    settings = PostgresSettings(url=SecretStr(request.getfixturevalue("postgres_url")))
    migrate(settings)
    engine = open_sync_engine(settings, "tests")

    def in_postgres(followers: dict[tuple[str, str], list[str]]) -> FollowerPages:
        rows = [
            {"tenant": tenant, "interest": interest, "user_id": user}
            for (tenant, interest), users in followers.items()
            for user in users
        ]
        with engine.begin() as connection:
            connection.execute(insert(FollowerRow), rows)
        return PostgresFollowerPages(engine)

    yield in_postgres
    engine.dispose()


@pytest.mark.parametrize("limit", [1, 2, 4, 9, 10])
def test_page_by_page_every_follower_comes_once(store: Store, limit: int) -> None:
    pages = store({("acme", "news"): USERS, ("acme", "news/2"): ["eve"], ("other", "news"): ["eve"]})
    told: list[str] = []
    page = pages.page("acme", "news", None, limit)
    while len(page) == limit:
        told += page
        page = pages.page("acme", "news", page[-1], limit)
    told += page
    assert sorted(told) == USERS


def test_a_page_behind_somebody_who_follows_no_more_goes_on_there(store: Store) -> None:
    pages = store({("acme", "news"): ["ann", "cyd"]})
    assert pages.page("acme", "news", "bob", 10) == ["cyd"]
    assert pages.page("acme", "news", "cyd", 10) == []
    assert pages.page("acme", "nothing", None, 10) == []


def test_a_page_is_a_walk_along_the_index(postgres_url: str) -> None:
    settings = PostgresSettings(url=SecretStr(postgres_url))
    migrate(settings)
    engine = open_sync_engine(settings, "tests")
    with engine.begin() as connection:
        connection.execute(
            text("INSERT INTO followers SELECT 'acme', 'i' || n % 20, 'u' || n FROM generate_series(1, 20000) AS n")
        )
        connection.execute(text("ANALYZE followers"))
        plan = connection.execute(
            text(
                "EXPLAIN SELECT user_id FROM followers WHERE tenant = 'acme' AND interest = 'i1' AND user_id > 'u5'"
                " ORDER BY user_id LIMIT 100"
            )
        )
        assert "Index Only Scan using pk_followers" in "\n".join(row[0] for row in plan)
    engine.dispose()


def test_a_database_that_is_away_is_an_outage() -> None:
    settings = PostgresSettings(url=SecretStr("postgresql://nobody@127.0.0.1:1/none"), connect_seconds=1)
    engine = open_sync_engine(settings, "tests")
    with pytest.raises(OutageError):
        PostgresFollowerPages(engine).page("acme", "news", None, 10)
