"""A GPS ping, as a device said it."""

import msgspec

from domain.instants import Micros

AttributeValue = None | bool | int | float | str
Attributes = dict[str, AttributeValue]
"""Flat facts that a sender adds; values are scalars."""


class GpsPing(msgspec.Struct, frozen=True):
    """One fix of one asset. Field names are those of `schemas/avro/GpsPing.avsc`."""

    id: str
    fleet: str
    asset: str
    device: str | None
    """The device that posted it, as its credential names it; None when a back end did."""
    time: Micros
    """When the device measured it, by the device's clock."""
    received_at: Micros
    """When ingest had read the request."""
    lat: float
    lon: float
    speed: float | None = None
    """Metres per second, as reported."""
    heading: float | None = None
    """Degrees clockwise from north, 0 <= heading < 360, as reported."""
    altitude: float | None = None
    accuracy: float | None = None
    """Radius in metres."""
    battery: float | None = None
    """0 to 1."""
    attributes: Attributes = {}

    @property
    def key(self) -> str:
        """The Kafka key: `fleet/asset`."""
        return f"{self.fleet}/{self.asset}"
