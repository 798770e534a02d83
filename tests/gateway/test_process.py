"""The process itself, and its page of the protocol."""

import asyncio
import os
import re
import sys
from pathlib import Path

from push_service.gateway.protocol import disconnects, errors, unsubscribes
from push_service.gateway.protocol.disconnects import Disconnect
from push_service.gateway.protocol.errors import ReplyError
from push_service.gateway.protocol.unsubscribes import Unsubscribe

PROJECT = Path(__file__).resolve().parents[2]
GOOD = {
    "FLEETCAST_ACCESS_JWT_HMAC_SECRET": "x" * 32,
    "FLEETCAST_KAFKA_BOOTSTRAP": "127.0.0.1:1",
    "FLEETCAST_REGISTRY_URL": "http://127.0.0.1:1",
    "FLEETCAST_REDIS_URL": "redis://127.0.0.1:1",
    "FLEETCAST_POSTGRES_URL": "postgresql://nobody@127.0.0.1:1/none",
}


async def check(settings: dict[str, str]) -> tuple[int | None, str]:
    """Exit code and output of `--check`."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("FLEETCAST_")}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "push_service.gateway",
        "--check",
        cwd=PROJECT,
        env={**clean, **settings},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await asyncio.wait_for(process.communicate(), 60)
    return process.returncode, output.decode()


async def test_settings_are_checked_without_connecting_to_anything() -> None:
    assert await check(GOOD) == (0, "ok\n")


async def test_all_problems_with_the_settings_are_told_at_once() -> None:
    wrong = {
        "FLEETCAST_GATEWAY_PORT": "x",
        "FLEETCAST_GATEWAY_ALLOWED_ORIGINS": "app.example.com",
        "FLEETCAST_GATEWAY_NONSENSE": "1",
    }
    code, output = await check(wrong)
    assert code == 2
    for name in (*wrong, "FLEETCAST_KAFKA_BOOTSTRAP", "FLEETCAST_REGISTRY_URL", "FLEETCAST_REDIS_URL"):
        assert name in output


def test_the_page_of_the_protocol_has_exactly_the_codes_that_we_use() -> None:
    page = (PROJECT / "docs/live-protocol.md").read_text()
    documented = {int(code) for code in re.findall(r"^\| (\d{3,4}) \|", page, re.MULTILINE)}
    known = [*vars(errors).values(), *vars(disconnects).values(), *vars(unsubscribes).values()]
    assert documented == {each.code for each in known if isinstance(each, (Disconnect, ReplyError, Unsubscribe))}
