"""Notification types: built in, and a deployment's own over them."""

from pathlib import Path

import pytest

from runtime.settings import SettingsError, load_sections
from storage.notification_types import NotificationsSettings


def loaded(**environ: str) -> NotificationsSettings:
    given = {f"FLEETCAST_NOTIFICATIONS_{name}": value for name, value in environ.items()}
    return load_sections(NotificationsSettings, environ=given)[NotificationsSettings]


def test_every_deployment_has_the_built_in_types() -> None:
    types = loaded().load()
    assert {"order_status", "asset_status", "order_event", "asset_event", "assignment", "alert"} <= set(types.names())
    assert {"message", "like", "comment", "system_alert"} <= set(types.names())


def test_a_file_adds_types_and_replaces_some(tmp_path: Path) -> None:
    file = tmp_path / "types.json"
    file.write_text('{"shift": {"title": "Your shift"}, "alert": {"title": "Look!", "push": false}}')
    types = loaded(TYPES_FILE=str(file)).load()
    shift, alert, order = types.of("shift"), types.of("alert"), types.of("order_status")
    assert shift is not None
    assert shift.ttl_seconds == 86_400
    assert alert is not None
    assert (alert.title, alert.push, alert.quiet_hours) == ("Look!", False, True)
    assert order is not None


@pytest.mark.parametrize(
    ("document", "named"),
    [
        ("{", "truncated"),
        ('{"a": {"title": "A", "ttl_seconds": 0}}', "ttl_seconds"),
        ('{"a": {"title": "A", "sound": "x"}}', "sound"),
        ('{"A b": {"title": "A"}}', "name of a notification type"),
    ],
)
def test_what_is_wrong_is_told_at_start(document: str, named: str) -> None:
    with pytest.raises(SettingsError) as caught:
        loaded(TYPES=document)
    (problem,) = caught.value.problems
    assert problem.startswith("FLEETCAST_NOTIFICATIONS_TYPES: ")
    assert named in problem
