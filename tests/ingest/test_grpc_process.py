"""A generated client in a process of its own, and the whole ingest on real Kafka, ended while it streams."""

import asyncio
import json
import re
import signal
import sys
from pathlib import Path

import pytest

from benchmarks.grpc_requests.kept import kept_requests
from benchmarks.grpc_requests.sender import Sender
from devstack.ports import LOOPBACK, free_port
from devstack.protobuf_code import generate
from tests.ingest.process import PROJECT, credential, ingest_process

EVENTS = 2_000
ENDS = ((600, signal.SIGTERM), (1_200, signal.SIGKILL), (None, signal.SIGTERM))
"""After how many answers (None: all) ingest is ended, and how."""


@pytest.mark.timeout(300)
async def test_nothing_streamed_is_lost_however_ingest_ends(
    environ: dict[str, str], unique: str, kafka_bootstrap: str, registry_url: str, tmp_path: Path
) -> None:
    """2,000 notifications, some of them twice; ingest ends once in order and once by kill -9, while they come."""
    backend = credential(environ, "--kind", "backend", "--fleet", unique)["credential"]
    port = free_port()
    settings = {**environ, "FLEETCAST_GRPC_PORT": str(port), "FLEETCAST_GRPC_IN_FLIGHT": "20"}
    (tmp_path / "client").mkdir()
    sender = Sender(tmp_path / "client", f"{LOOPBACK}:{port}", backend, prefix=unique, count=EVENTS, seconds=200)
    with sender:
        for number, (answered, how) in enumerate(ENDS):
            log = tmp_path / f"ingest-{number}.log"
            async with ingest_process(settings, log) as ingest:
                if answered is None:
                    ended = await asyncio.to_thread(sender.ended)
                else:
                    assert await asyncio.to_thread(sender.until_answered, answered)
                ingest.process.send_signal(how)
                code = await asyncio.wait_for(ingest.process.wait(), 30)
            assert code == (0 if how is signal.SIGTERM else -signal.SIGKILL)
            assert backend not in log.read_text()
            for line in log.read_text().splitlines():
                assert json.loads(line)["level"] in ("info", "warning"), line
    assert (ended["exit_code"], ended["acknowledged"], ended["refused"]) == (0, EVENTS, [])
    assert ended["streams"] >= 3
    kept = await asyncio.to_thread(kept_requests, kafka_bootstrap, registry_url, unique)
    assert set(kept) == {f"{unique}-{number}" for number in range(EVENTS)}
    assert all(kept[f"{unique}-{number}"] >= 2 for number in range(0, EVENTS, 10)), "these were sent twice"


async def test_the_example_of_the_page_works_as_it_stands(
    environ: dict[str, str], unique: str, kafka_bootstrap: str, registry_url: str, tmp_path: Path
) -> None:
    backend = credential(environ, "--kind", "backend", "--fleet", unique)["credential"]
    target = f"{LOOPBACK}:{free_port()}"
    settings = {**environ, "FLEETCAST_GRPC_PORT": target.rpartition(":")[2]}
    page = (PROJECT / "docs" / "grpc.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    (tmp_path / "var").mkdir()
    stack = {"grpc_target": target, "backend_credential": backend}
    (tmp_path / "var" / "stack.json").write_text(json.dumps(stack))
    (tmp_path / "example.py").write_text(example, encoding="utf-8")
    generate(tmp_path, f"--grpc_python_out={tmp_path}")
    async with ingest_process(settings, tmp_path / "ingest.log") as ingest:
        await ingest.ready()
        program = await asyncio.create_subprocess_exec(
            sys.executable, "example.py", cwd=tmp_path, stdout=asyncio.subprocess.PIPE
        )
        said, _ = await asyncio.wait_for(program.communicate(), 60)
        assert await ingest.end() == 0
    assert said == b"visit-7\n", "nothing was refused"
    kept = await asyncio.to_thread(kept_requests, kafka_bootstrap, registry_url, unique)
    assert set(kept) == {"visit-7", *(f"alert-{number}" for number in range(1_000))}
