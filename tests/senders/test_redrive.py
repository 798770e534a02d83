"""Dead letters go back into the outbox, when it is repaired: those that are meant, and no push twice."""

from collections import Counter
from typing import Any

import pytest

from backbone.dead_letters import TIME
from backbone.memory.publishers import MemoryBatchPublisher
from backbone.memory.topic_scan import MemoryTopicScan
from backbone.record import header
from devstack.fakes.faults import Answer
from devstack.fakes.serving import Fakes
from domain.instants import SECOND, parse_rfc3339
from domain.push_state import PushState
from push_service.senders.redrive import Filter, redrive
from push_service.senders.sender import Sender
from push_service.senders.work import REDRIVEN
from tests.senders.world import World


@pytest.fixture
async def world(fakes: Fakes, fcm: Sender) -> World:
    """Two letters: one refused for a field of it, one for its size."""
    world = World("fcm", fcm)
    requests = [world.queue(), world.queue(tenant="other")]
    fakes.fcm.faults.plan(requests[0].push_token, [Answer(name="INVALID_FIELD")])
    fakes.fcm.faults.plan(requests[1].push_token, [Answer(status=413, body='{"error":{"code":413,"status":"X"}}')])
    await world.drained()
    assert len(world.letters()) == 2
    return world


def put_back(world: World, *, dry_run: bool = False, limit: int | None = None, **wanted: Any) -> Counter[str]:
    publisher = None if dry_run else MemoryBatchPublisher(world.cluster)
    *_, counts = [Counter[str](), *redrive("fcm", MemoryTopicScan(world.cluster), publisher, Filter(**wanted), limit)]
    return counts


async def test_a_letter_is_sent_though_it_had_failed_and_only_once(fakes: Fakes, world: World) -> None:
    assert put_back(world) == {"INVALID_ARGUMENT": 1, "too-large": 1}

    await world.drained()
    assert [row.state for row in world.history.rows.values()] == [PushState.SENT] * 2
    put_back(world)
    await world.drained()

    assert all(arrival.count == 1 for phone in fakes.phones.all() for arrival in phone.arrived.values())
    assert len(world.letters()) == 2


async def test_a_dry_run_only_counts(world: World) -> None:
    before = len(world.cluster.records(world.outbox))

    assert put_back(world, dry_run=True).total() == 2

    assert len(world.cluster.records(world.outbox)) == before


async def test_letters_are_chosen_by_reason_tenant_time_and_number(world: World) -> None:
    buried = parse_rfc3339((header(world.letters()[0].headers, TIME) or b"").decode())

    assert put_back(world, dry_run=True, reasons=frozenset({"too-large"})) == {"too-large": 1}
    assert put_back(world, dry_run=True, tenant="acme") == {"INVALID_ARGUMENT": 1}
    assert put_back(world, dry_run=True, since=buried - 10 * SECOND).total() == 2
    assert put_back(world, dry_run=True, since=buried + 10 * SECOND).total() == 0
    assert put_back(world, dry_run=True, until=buried - 10 * SECOND).total() == 0
    assert put_back(world, limit=1).total() == 1


async def test_what_is_put_back_is_the_source_and_says_so(world: World) -> None:
    sources = {record.key: record for record in world.cluster.records(world.outbox)}

    put_back(world, tenant="acme")

    restored = world.cluster.records(world.outbox)
    (last,) = [record for record in restored if header(record.headers, REDRIVEN)]
    assert last.value == sources[last.key].value
    assert not any(name.startswith("dlq-") for name, _ in last.headers)


async def test_what_was_acknowledged_meanwhile_is_not_sent(fakes: Fakes, world: World) -> None:
    for key in world.history.rows:
        world.history.ack([key])
    before = fakes.fcm.requests

    put_back(world)
    await world.drained()

    assert fakes.fcm.requests == before
