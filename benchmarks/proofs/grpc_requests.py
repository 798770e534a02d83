"""10,000 notifications streamed over gRPC, duplicates among them, ingest stopped and killed meanwhile: none lost."""

import tempfile
from pathlib import Path

from benchmarks.grpc_requests.kept import kept_requests
from benchmarks.grpc_requests.sender import Sender
from benchmarks.stand import own_stack
from devstack.demo import Demo

EVENTS = 10_000
SECONDS = 180.0


def prove() -> bool:
    """Prints what was sent and what was kept; whether nothing was lost."""
    with own_stack(lambda line: print(f"  {line}", flush=True)) as demo, tempfile.TemporaryDirectory() as directory:
        return _prove(demo, Path(directory))


def _prove(demo: Demo, directory: Path) -> bool:
    stack, ingest = demo.describe(), demo.stack["ingest"]
    with Sender(
        directory, stack.grpc_target, stack.backend_credential, prefix="proof", count=EVENTS, seconds=SECONDS
    ) as sender:
        middle = sender.until_answered(EVENTS // 3)
        ingest.stop()
        ingest.start()
        middle = sender.until_answered(2 * EVENTS // 3) and middle
        ingest.kill()
        ingest.start()
        ended = sender.ended()
    kept = kept_requests(stack.kafka_bootstrap, stack.registry_url, stack.fleet)
    expected = {f"proof-{number}" for number in range(EVENTS)}
    lost = expected - set(kept)
    held = middle and ended["exit_code"] == 0 and ended["acknowledged"] == EVENTS and set(kept) == expected
    sent = f"{ended['answered']} answers in {ended['seconds']:.1f} s, {ended['streams']} attempts"
    found = f"kept {len(kept)}, lost {len(lost)}, {kept.total() - len(kept)} repeats with the same id"
    mark = "ok    " if held else "FAILED"
    print(f"  {mark} {EVENTS} notifications: {sent}, {ended['repeated']} sent again; {found}", flush=True)
    return held
