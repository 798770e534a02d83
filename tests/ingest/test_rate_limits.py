"""Rate limits count items, by credential, and take all of a request or nothing."""

import asyncio

from access.minting import mint_device
from tests.ingest.rig import Ingest, clock, ping, running_ingest


async def test_over_the_burst_is_429_with_the_wait() -> None:
    async with running_ingest(device_rate=0.5, device_burst=10) as ingest:
        assert (await ingest.pings([ping()] * 8)).status == 202
        reply = await ingest.pings([ping()] * 3)
        document = reply.problem(429, "rate-limited")
        assert 1 <= int(reply.headers["retry-after"]) <= 3
        assert "0.5 items per second" in document["detail"]
        assert len(ingest.sent_pings()) == 8, "never a part of it"
        assert (await ingest.pings([ping()] * 2)).status == 202
        assert ingest.books() == {"accepted": 10, "rate-limited": 3}


async def test_it_fills_again() -> None:
    async with running_ingest(device_rate=50, device_burst=5) as ingest:
        await ingest.pings([ping()] * 5)
        assert (await ingest.pings([ping()] * 5)).status == 429
        deadline = asyncio.get_running_loop().time() + 5
        while (await ingest.pings([ping()] * 5)).status == 429:
            assert asyncio.get_running_loop().time() < deadline
            await asyncio.sleep(0.02)


async def test_a_list_over_the_whole_burst_can_never_pass_and_says_so() -> None:
    async with running_ingest(device_rate=1, device_burst=10) as ingest:
        document = (await ingest.pings([ping()] * 11)).problem(413, "batch-too-long")
        assert "10 items at once" in document["detail"]
        assert (await ingest.pings([ping()] * 10)).status == 202


async def test_credentials_do_not_share_a_limit_and_kinds_have_their_own() -> None:
    async with running_ingest(device_rate=0.1, device_burst=1, backend_burst=100) as ingest:
        other = mint_device(fleet="acme", device="box-8", assets=["truck-7"], now=clock())
        await ingest.store.add(other.credential)
        assert (await ingest.pings(ping())).status == 202
        assert (await ingest.pings(ping())).status == 429
        assert (await ingest.pings(ping(), credential=other.text)).status == 202
        assert (await ingest.pings([ping()] * 100, credential=ingest.backend.text)).status == 202


async def test_a_credential_may_have_a_limit_of_its_own(ingest: Ingest) -> None:
    credential = ingest.device.credential.id
    await ingest.store.set_limits(credential, rate=0.1, burst=2)
    assert (await ingest.pings([ping()] * 2)).status == 202
    assert (await ingest.pings(ping())).status == 429
    await ingest.store.set_limits(credential, rate=None, burst=None)
    deadline = asyncio.get_running_loop().time() + 5
    while (await ingest.pings(ping())).status == 429:
        assert asyncio.get_running_loop().time() < deadline
        await asyncio.sleep(0.02)


async def test_the_defaults_are_those_that_are_promised(ingest: Ingest) -> None:
    assert (await ingest.pings([ping()] * 1_000)).status == 202
    reply = await ingest.pings([ping()] * 100)
    reply.problem(429, "rate-limited")
    assert int(reply.headers["retry-after"]) <= 10, "10 pings per second"
    for _ in range(10):
        assert (await ingest.pings([ping()] * 1_000, credential=ingest.backend.text)).status in (202, 429)
    assert len(ingest.sent_pings()) >= 10_000
