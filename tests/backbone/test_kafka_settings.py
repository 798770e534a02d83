"""What may be set of Kafka's clients, and what is refused before anything runs."""

import pytest

from backbone.kafka_settings import REFUSED, KafkaSettings
from runtime.settings import SettingsError, load_sections


def load(**variables: str) -> KafkaSettings:
    environ = {"FLEETCAST_KAFKA_BOOTSTRAP": "kafka:9092"}
    environ |= {f"FLEETCAST_KAFKA_PROPERTY_{name}": value for name, value in variables.items()}
    return load_sections(KafkaSettings, environ=environ)[KafkaSettings]


def problems(**variables: str) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        load(**variables)
    return caught.value.problems


def test_any_property_reaches_the_clients_that_know_it() -> None:
    settings = load(
        SECURITY_PROTOCOL="SASL_SSL",
        SASL_MECHANISM="SCRAM-SHA-512",
        SASL_USERNAME="fleetcast",
        SASL_PASSWORD="correct horse",
        LINGER_MS="7",
        FETCH_WAIT_MAX_MS="33",
    )
    producer = settings.producer_config({"linger.ms": 2}, {"acks": "all"})
    consumer = settings.consumer_config({"fetch.wait.max.ms": 2}, {"group.id": "enrich"})
    admin = settings.admin_config()
    for config in (producer, consumer, admin):
        assert config["bootstrap.servers"] == "kafka:9092"
        assert config["sasl.password"] == "correct horse"
    assert (producer["linger.ms"], consumer["fetch.wait.max.ms"]) == ("7", "33"), "settings win over defaults"
    assert "fetch.wait.max.ms" not in producer | admin
    assert "linger.ms" not in consumer | admin


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_what_correctness_needs_cannot_be_overridden(name: str) -> None:
    (problem,) = problems(**{name.upper().replace(".", "_"): "1"})
    assert name in problem
    assert REFUSED[name] in problem


@pytest.mark.parametrize(
    ("name", "value"),
    [("NO_SUCH", "1"), ("LINGER_MS", "soon"), ("FETCH_WAIT_MAX_MS", "-5"), ("SSL_CA_LOCATION", "/no")],
)
def test_a_property_that_the_library_refuses_is_told_at_start(name: str, value: str) -> None:
    given = {"SECURITY_PROTOCOL": "ssl", name: value} if name.startswith("SSL") else {name: value}
    (problem,) = problems(**given)
    assert "librdkafka" in problem


def test_no_message_holds_a_secret() -> None:
    told = problems(SASL_PASSWORD="s3cr3t-value", SASL_MECHANISM="s3cr3t-value", ACKS="0")
    assert "s3cr3t-value" not in str(told)
    assert "s3cr3t-value" not in repr(load(SASL_PASSWORD="s3cr3t-value"))
