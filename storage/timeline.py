"""Delivery timelines: what became of a notification step by step, and how pushes went by kind of device."""

from collections.abc import Sequence
from typing import Protocol

import msgspec

from domain.delivery_step import PushReceipt
from domain.instants import DAY, Micros

MAX_STEPS = 1_000
"""Of one timeline: the earliest."""
MAX_COUNTS = 2_000
"""Of one answer with statistics: the largest."""
MAX_RANGE: Micros = 31 * DAY
"""The longest time that statistics are asked for."""


class TimelineStep(msgspec.Struct, frozen=True, kw_only=True):
    """One step; `step` is one of `domain/delivery_step.py`."""

    step: str
    at: Micros
    outcome: str | None = None
    detail: str | None = None
    gateway: str | None = None
    client: str | None = None
    installation: str | None = None
    provider: str | None = None
    platform: str | None = None
    model: str | None = None
    app_version: str | None = None
    provider_id: str | None = None
    attempt: int = 0


class Timeline(msgspec.Struct, frozen=True, kw_only=True):
    """Of one notification for one user."""

    tenant: str
    user: str
    notification: str
    type: str
    push_state: str
    replaced_by: str | None
    steps: Sequence[TimelineStep]
    """In the order of their time."""
    complete: bool
    """False: there are more steps than a timeline shows."""


class DeliveryCount(msgspec.Struct, frozen=True, kw_only=True):
    """How often a step ended so on such devices."""

    platform: str | None
    model: str | None
    provider: str | None
    step: str
    outcome: str | None
    count: int


class StepStore(Protocol):
    """For threads."""

    def store(self, receipts: Sequence[PushReceipt]) -> int:
        """Keeps them, in one statement; what is there already stays. Returns how many are new. Raises OutageError."""
        ...
