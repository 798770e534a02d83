"""Whether a process may take work: a set of named conditions, each up, or down with a reason."""

import threading
from typing import TypedDict


class ConditionReport(TypedDict):
    """One condition as `/readyz` shows it; `reason` is empty when it is up."""

    up: bool
    reason: str


class HealthReport(TypedDict):
    """All conditions as `/readyz` shows them."""

    ready: bool
    conditions: dict[str, ConditionReport]


class Condition:
    """One thing that must hold before work is taken. Any thread may report it; it begins down, as "starting"."""

    def __init__(self, name: str) -> None:
        self.name = name
        # One reference, replaced whole: readers in other threads see the old or the new value, never a mixture.
        self._reason: str | None = "starting"

    def up(self) -> None:
        """The condition holds."""
        self._reason = None

    def down(self, reason: str) -> None:
        """The condition does not hold. The reason is shown to operators: keep secrets out of it."""
        self._reason = reason

    def report(self) -> ConditionReport:
        reason = self._reason
        return {"up": reason is None, "reason": reason or ""}


class Health:
    """The conditions of one process. Ready means that every one of them is up."""

    def __init__(self) -> None:
        self._conditions: dict[str, Condition] = {}
        self._lock = threading.Lock()

    def require(self, name: str) -> Condition:
        """Add a condition. Raises ValueError if the name is taken."""
        with self._lock:
            if name in self._conditions:
                raise ValueError(f"condition {name!r} is already required")
            condition = self._conditions[name] = Condition(name)
            return condition

    def ready(self) -> bool:
        """True if every condition is up."""
        return self.report()["ready"]

    def report(self) -> HealthReport:
        """All conditions, in the order in which they were required."""
        with self._lock:
            conditions = {name: condition.report() for name, condition in self._conditions.items()}
        return {"ready": all(each["up"] for each in conditions.values()), "conditions": conditions}
