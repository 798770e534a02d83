"""What is counted of gRPC. The notifications themselves are in the books of `ingest/metrics.py`."""

from prometheus_client import CollectorRegistry, Counter, Gauge


class GrpcMetrics:
    """Calls by method and status, and open streams."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.calls = Counter(
            "fleetcast_ingest_grpc_calls_total",
            "Calls by method and status of the answer; CANCELLED: the client left.",
            ["method", "code"],
            registry=registry,
        )
        self.streams = Gauge("fleetcast_ingest_grpc_streams", "Streams that are open.", registry=registry)
