"""Names in SNS. Source: Amazon, "ARNs of Amazon SNS resources"."""

import re

_ENDPOINT = re.compile(r"arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:endpoint/([A-Z_]+)/[^/]+/[A-Za-z0-9-]+", re.ASCII)
_APPLICATION = re.compile(r"arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:app/([A-Z_]+)/[^/]+", re.ASCII)
TOPIC_PATTERN = r"^arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_-]{1,256}$"
GCM = "GCM"
"""Amazon's name for FCM."""
APNS, APNS_SANDBOX = "APNS", "APNS_SANDBOX"
PLATFORMS = (GCM, APNS, APNS_SANDBOX)
"""Those that are sent to here."""


def endpoint_platform(arn: str) -> str | None:
    """The platform of an endpoint: GCM, APNS, APNS_SANDBOX, ...; None: it is not the ARN of an endpoint."""
    match = _ENDPOINT.fullmatch(arn)
    return match and match.group(1)


def application_platform(arn: str) -> str | None:
    """The platform of a platform application; None: it is not the ARN of one."""
    match = _APPLICATION.fullmatch(arn)
    return match and match.group(1)
