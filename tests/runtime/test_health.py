"""Ready means that every condition is up."""

import pytest

from runtime.health import Health


def test_a_condition_begins_down() -> None:
    health = Health()
    health.require("kafka")
    assert not health.ready()
    assert health.report() == {"ready": False, "conditions": {"kafka": {"up": False, "reason": "starting"}}}


def test_ready_only_while_all_conditions_are_up() -> None:
    health = Health()
    kafka, redis = health.require("kafka"), health.require("redis")
    kafka.up()
    assert not health.ready()
    redis.up()
    assert health.ready()
    kafka.down("no broker answers")
    assert health.report()["conditions"]["kafka"] == {"up": False, "reason": "no broker answers"}


def test_a_name_is_required_once() -> None:
    health = Health()
    health.require("kafka")
    with pytest.raises(ValueError, match="already required"):
        health.require("kafka")
