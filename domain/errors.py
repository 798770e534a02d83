"""The error's type decides what happens to the work, so the tree is small and drawn here:

FleetcastError
+-- PermanentError     this record can never succeed        -> dead letter at once
+-- TransientError     this record may succeed a bit later  -> retry topic, where order does not matter
+-- OutageError        trouble that hits every record       -> pause and wait; nothing is spilled

Errors of libraries are translated into these where the library is called.
"""


class FleetcastError(Exception):
    """The root of the errors that decide what becomes of a record."""


class PermanentError(FleetcastError):
    """The record can never be processed. `reason` is a short slug for headers and metrics."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


class TransientError(FleetcastError):
    """This one record failed now and may succeed later."""


class OutageError(FleetcastError):
    """Something that every record needs (Kafka, Redis, PostgreSQL, the registry) is away."""
