"""Settings for other people's test suites: those of the official client libraries, against a gateway on port 8000.

What their servers' configurations allow (centrifuge-js `centrifugo_test.json`, centrifuge-python `docker-compose.yml`):
no token or one signed with `secret`, any channel, publishing, presence, joins and history. Never for people's data.
"""

import json

PORT = 8000
API_KEY = "test-api-key"
TENANT = "suite"

_RECOVERED = {
    "subscribe": "anyone",
    "publish": "audience",
    "history_size": 100,
    "history_seconds": 300,
    "deltas": True,
}
_KINDS = {
    "": {**_RECOVERED, "presence": True, "joins": True, "force_joins": True},
    "recovery": _RECOVERED,
    "delta": _RECOVERED,
    "smallhistory": {**_RECOVERED, "history_size": 2},
}

SETTINGS = {
    "FLEETCAST_ACCESS_JWT_HMAC_SECRET": "secret",
    "FLEETCAST_ACCESS_ALLOW_WEAK_SECRET": "true",
    "FLEETCAST_ACCESS_JWT_REQUIRE_EXPIRY": "false",
    "FLEETCAST_ACCESS_ANONYMOUS": "true",
    "FLEETCAST_ACCESS_DEFAULT_TENANT": TENANT,
    "FLEETCAST_API_KEYS": f"*:{API_KEY}",
    "FLEETCAST_API_ALLOW_WEAK_KEYS": "true",
    "FLEETCAST_GATEWAY_CHANNEL_KINDS": json.dumps(_KINDS),
    "FLEETCAST_GATEWAY_OWN_CHANNEL": "#{user}",
    "FLEETCAST_GATEWAY_ALLOWED_ORIGINS": "*",
    "FLEETCAST_GATEWAY_PUBLISHES_PER_SECOND": "1000",
    "FLEETCAST_GATEWAY_PUBLISHES_BURST": "1000",
}
