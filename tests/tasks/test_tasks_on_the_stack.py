"""Tasks that read the reference data, as commands on a whole stack."""

import json
import os
import subprocess
import urllib.request
from pathlib import Path
from typing import Any

import psycopg
import pytest

from devstack.demo import Demo

pytestmark = pytest.mark.timeout(240)
PROJECT = Path(__file__).resolve().parents[2]


def put(demo: Demo, path: str, document: dict[str, Any] | None) -> None:
    """None: delete."""
    stack = demo.describe()
    request = urllib.request.Request(
        f"{stack.ingest_url}/v1/reference/{path}",
        None if document is None else json.dumps(document).encode(),
        {"Authorization": f"Bearer {stack.backend_credential}", "Content-Type": "application/json"},
        method="DELETE" if document is None else "PUT",
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        assert answer.status < 300


def task(demo: Demo, *arguments: str) -> str:
    command = demo.product.command("push_service.tasks", *arguments)
    ran = subprocess.run(
        command.argv,
        cwd=command.cwd,
        env={**os.environ, **command.env},
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def followers(demo: Demo, interest: str) -> list[str]:
    with psycopg.connect(demo.describe().postgres_url) as connection:
        found = connection.execute("SELECT user_id FROM followers WHERE interest = %s ORDER BY 1", (interest,))
        return [user for (user,) in found]


def test_watchers_become_followers_and_followers_of_orders_that_are_over_go(demo: Demo, unique: str) -> None:
    fleet = demo.describe().fleet
    interest = f"order/{fleet}/{unique}"
    put(demo, f"orders/{unique}", {"title": "An order"})
    for user in ("ann", "bob"):
        put(demo, f"watchers/{unique}-{user}", {"user": f"{unique}.{user}", "entity": f"order/{unique}"})
    assert "would: " in task(demo, "generate-interests", "--dry-run")
    assert followers(demo, interest) == []
    task(demo, "generate-interests")
    assert followers(demo, interest) == [f"{unique}.ann", f"{unique}.bob"]
    with psycopg.connect(demo.describe().postgres_url) as connection:
        connection.execute("UPDATE followers SET since = now() - interval '40 days' WHERE interest = %s", (interest,))
    task(demo, "prune-interests")
    assert len(followers(demo, interest)) == 2, "the order is in the reference data"
    put(demo, f"orders/{unique}", None)
    task(demo, "prune-interests")
    assert followers(demo, interest) == []
