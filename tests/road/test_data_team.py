"""What a data team may rely on: Confluent's own tools read every topic, and no change of a schema breaks a reader."""

import asyncio
import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

from backbone.schema_files import SCHEMA_FOLDER
from backbone.topics import LATEST, LIVE, PINGS, POSITIONS, REFERENCE, STATUS_CHANGES, Topic
from benchmarks.official.python_watcher import PythonWatcher
from benchmarks.replays.data_team import DataTeam
from devstack.demo import Demo
from tests.road.fleet import Fleet, at, fix

PROJECT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    "topic", [PINGS, STATUS_CHANGES, REFERENCE, POSITIONS, LIVE, LATEST], ids=lambda topic: topic.name
)
async def test_confluents_own_deserializer_reads_every_topic(fleet: Fleet, data_team: DataTeam, topic: Topic) -> None:
    await asyncio.to_thread(data_team.mark, topic.name)
    await fleet.put("assets", "truck-7", {"name": "Sevens", "type": "van", "attributes": {"axles": 2}})
    await fleet.put("orders", "A-1", {"title": "Two chairs", "promised_at": at(3600)})
    await fleet.carry("truck-7", ["A-1"])
    async with PythonWatcher(fleet.stack.gateway_url, fleet.keys.viewer, [fleet.channel]) as watcher:
        ids = await fleet.ping(fix(attributes={"ignition": True, "driver": "Jo", "rpm": 1200, "note": None}))
        ids += await fleet.change({"entity": "order/A-1", "status": "out", "time": at()})
        await watcher.seen.until_seen(fleet.channel, ids)
    read = await asyncio.to_thread(data_team.until, topic.name, lambda each: fleet.name in each.key)
    for each in read:
        assert each.key.isascii()
        assert each.value["fleet"] == fleet.name
        assert {"ce_id", "ce_type", "ce_source", "ce_time"} <= each.headers.keys()


async def test_a_position_read_by_a_data_team_is_the_ping_with_what_we_know_of_it(
    fleet: Fleet, data_team: DataTeam
) -> None:
    await asyncio.to_thread(data_team.mark, PINGS.name, POSITIONS.name)
    sent = fix(speed=12.5, heading=90.0, altitude=-3.0, accuracy=4.0, battery=0.5, attributes={"rpm": 1200})
    [ping_id] = await fleet.ping(sent)
    for topic in (PINGS, POSITIONS):
        [read] = await asyncio.to_thread(data_team.until, topic.name, lambda each: each.value["id"] == ping_id)
        assert read.key == f"{fleet.name}/truck-7"
        assert {name: read.value[name] for name in sent if name != "time"} == {
            name: value for name, value in sent.items() if name != "time"
        }
        assert read.value["time"].isoformat().replace("+00:00", "Z") == sent["time"]
        assert read.value["received_at"] >= read.value["time"]
    assert (read.value["quality"], read.value["orders"]) == ([], [])


async def test_a_change_that_would_break_a_reader_is_refused_by_the_name_of_its_field(demo: Demo, fleet: Fleet) -> None:
    """By the registry itself, whoever asks it."""
    changed = _position_schema()
    changed["fields"] = [each for each in changed["fields"] if each["name"] != "lat"]
    changed["fields"].append({"name": "colour", "type": "string"})
    body = {"schema": json.dumps(changed), "schemaType": "AVRO"}
    url = f"{demo.stack.registry_url}/subjects/{POSITIONS.subject}/versions"
    async with fleet.session.post(url, json=body) as answer:
        assert answer.status == 409
        said = await answer.text()
    assert "lat" in said
    assert "colour" in said


async def test_the_commands_of_a_release_refuse_it_too(demo: Demo, tmp_path: Path) -> None:
    """`check` without any registry; and when somebody evades it, `register` by what the registry says."""
    for room in ("backbone", "domain", "runtime", "schemas"):
        shutil.copytree(PROJECT / room, tmp_path / room)
    changed = _position_schema()
    next(each for each in changed["fields"] if each["name"] == "lat")["type"] = "string"
    (tmp_path / "schemas/avro/Position.avsc").write_bytes(msgspec.json.encode(changed))
    code, said = await _run(demo, tmp_path, "check")
    assert code == 1
    assert "lat" in said
    (tmp_path / "schemas/avro/released/Position/2.avsc").write_bytes(msgspec.json.encode(changed))
    code, said = await _run(demo, tmp_path, "register", "--wait", "0")
    assert code == 1
    assert POSITIONS.subject in said
    assert "lat" in said


async def _run(demo: Demo, project: Path, *arguments: str) -> tuple[int | None, str]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "backbone", "schemas", *arguments),
        cwd=project,
        env={**os.environ, **demo.product.environment},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    return process.returncode, said.decode()


def _position_schema() -> dict[str, Any]:
    found: dict[str, Any] = msgspec.json.decode((SCHEMA_FOLDER / "Position.avsc").read_bytes())
    return found
