"""All proofs: one line each."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from benchmarks.proofs import acks, exactness, faults, grpc_requests, notices, provider_dead, replays, resume, speed

PROOFS: Mapping[str, Callable[[], bool]] = MappingProxyType(
    {
        "faults": faults.prove,
        "replays": replays.prove,
        "resume": resume.prove,
        "exactness": exactness.prove,
        "grpc": grpc_requests.prove,
        "acks": acks.prove,
        "notices": notices.prove,
        "provider-dead": provider_dead.prove,
        "speed": speed.prove,
    }
)
"""Name -> runs the proof on a stack of its own, prints what it finds, and tells whether all held."""
