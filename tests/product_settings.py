"""Settings of whole products that tests start, because several share a machine with all other tests."""

RESTFUL = {
    # By default a consumer asks 100 times a second, to gather records under load: a stack at rest takes a quarter of
    # a CPU. So a record is handed over at once, and who has none asks ten times a second.
    "FLEETCAST_KAFKA_PROPERTY_FETCH_MIN_BYTES": "1",
    "FLEETCAST_KAFKA_PROPERTY_FETCH_WAIT_MAX_MS": "100",
}

SOON_MISSED = {
    # By default a dead member is noticed after 8 s; `make prove` has it so.
    "FLEETCAST_KAFKA_PROPERTY_SESSION_TIMEOUT_MS": "3000",
    "FLEETCAST_KAFKA_PROPERTY_HEARTBEAT_INTERVAL_MS": "750",
}
