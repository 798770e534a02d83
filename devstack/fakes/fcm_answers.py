"""FCM's answers as they look on the wire, by the names that the fake is told."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import msgspec

_FCM = "type.googleapis.com/google.firebase.fcm.v1.FcmError"
_BAD_REQUEST = "type.googleapis.com/google.rpc.BadRequest"
_QUOTA = "type.googleapis.com/google.rpc.QuotaFailure"
_HTML = "<!doctype html><html><head><title>Proxy</title></head><body><h1>{}</h1></body></html>"


class Wire(NamedTuple):
    """Status, type and body of an answer."""

    status: int
    content_type: str
    body: bytes


def _error(status: int, canonical: str, message: str, *details: dict[str, Any]) -> Wire:
    error = {"code": status, "message": message, "status": canonical, "details": list(details)}
    return Wire(status, "application/json", msgspec.json.encode({"error": error}))


def _fcm(code: str) -> dict[str, Any]:
    return {"@type": _FCM, "errorCode": code}


def _page(status: int) -> Wire:
    return Wire(status, "text/html", _HTML.format(status).encode())


FCM_ANSWERS: Mapping[str, Wire] = MappingProxyType(
    {
        "UNREGISTERED": _error(404, "NOT_FOUND", "Requested entity was not found.", _fcm("UNREGISTERED")),
        "NOT_FOUND": _error(404, "NOT_FOUND", "Requested entity was not found."),
        "SENDER_ID_MISMATCH": _error(403, "PERMISSION_DENIED", "SenderId mismatch", _fcm("SENDER_ID_MISMATCH")),
        "PERMISSION_DENIED": _error(403, "PERMISSION_DENIED", "Permission 'cloudmessaging.messages.create' denied"),
        "INVALID_TOKEN": _error(
            400,
            "INVALID_ARGUMENT",
            "The registration token is not a valid FCM registration token",
            _fcm("INVALID_ARGUMENT"),
        ),
        "INVALID_FIELD": _error(
            400,
            "INVALID_ARGUMENT",
            "Invalid value at 'message.data[0].value'",
            _fcm("INVALID_ARGUMENT"),
            {"@type": _BAD_REQUEST, "fieldViolations": [{"field": "message.data[0].value", "description": "bad"}]},
        ),
        "UNAUTHENTICATED": _error(401, "UNAUTHENTICATED", "Request had invalid authentication credentials."),
        "THIRD_PARTY_AUTH_ERROR": _error(
            401, "UNAUTHENTICATED", "Auth error from APNS or Web Push Service", _fcm("THIRD_PARTY_AUTH_ERROR")
        ),
        "QUOTA_EXCEEDED": _error(
            429,
            "RESOURCE_EXHAUSTED",
            "Message rate exceeded for this project",
            _fcm("QUOTA_EXCEEDED"),
            {"@type": _QUOTA, "violations": [{"subject": "project", "description": "message rate exceeded"}]},
        ),
        "DEVICE_QUOTA_EXCEEDED": _error(
            429,
            "RESOURCE_EXHAUSTED",
            "Message rate exceeded for this device",
            _fcm("QUOTA_EXCEEDED"),
            {"@type": _QUOTA, "violations": [{"subject": "device:x", "description": "Device message rate exceeded"}]},
        ),
        "INTERNAL": _error(500, "INTERNAL", "Internal error encountered.", _fcm("INTERNAL")),
        "UNAVAILABLE": _error(503, "UNAVAILABLE", "The service is currently unavailable.", _fcm("UNAVAILABLE")),
        "HTML_200": _page(200),
        "HTML_403": _page(403),
        "HTML_404": _page(404),
        "HTML_502": _page(502),
    }
)
