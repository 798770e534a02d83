"""The benchmark itself works: `make bench`, for a moment and at a low rate."""

from benchmarks.speed.measure import measure
from benchmarks.speed.open_loop import LoadPlan
from devstack.demo import Demo


def test_bench_loses_nothing_and_its_books_balance(demo: Demo) -> None:
    place = demo.describe()
    plan = LoadPlan(
        url=place.ingest_url,
        credential=place.backend_credential,
        fleet=place.fleet,
        rate=100,
        warm_up=0.5,
        seconds=2,
        assets=100,
        connections=10,
        batch=2,
    )
    told: list[str] = []
    report = measure(demo, plan, told.append)
    assert (report.sent, report.accepted, report.lost, report.repeats) == (250, 250, 0, 0)
    assert report.books.balance
    assert report.post_to_socket.p50 < report.post_to_socket.most < float("inf")
    assert {"ingest", "enrich", "route", "recorder", "gateway", "kafka", "valkey", "load", "watcher"} <= set(
        report.costs
    )
    assert told
