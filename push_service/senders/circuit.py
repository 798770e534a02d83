"""Whether a provider is called at all. Pure: `now` is a monotonic time in seconds that the caller passes in."""

import enum


class Permit(enum.Enum):
    """How many calls may be made now."""

    ALL = "all"
    PROBE = "probe"
    """One: it tells whether the others may."""
    NONE = "none"


class Circuit:
    """Closed: all calls. Open: none, until the pause is over; then a probe decides between closed and a longer pause.

    What calls tell that began before the circuit opened is known already, and changes nothing any more.
    """

    def __init__(self, *, after: int, first: float, longest: float) -> None:
        self._after = after
        self._first, self._longest = first, longest
        self._failures = 0  # in a row
        self._pauses = 0  # in a row
        self._opened_at = 0.0
        self._open_until: float | None = None
        self._probing = False
        self.reason = ""
        """Why it is open, or was last."""

    @property
    def closed(self) -> bool:
        """Whether all calls are made."""
        return self._open_until is None

    def wait(self, now: float) -> float:
        """Seconds until a call may be made."""
        return 0.0 if self._open_until is None else max(0.0, self._open_until - now)

    def permit(self, now: float) -> Permit:
        """What may be called now. After PROBE it is NONE, until that call has told how it went."""
        if self._open_until is None:
            return Permit.ALL
        if now < self._open_until or self._probing:
            return Permit.NONE
        self._probing = True
        return Permit.PROBE

    def works(self, began: float) -> bool:
        """The provider answered a call that began then. True: that closed the circuit."""
        if self._open_until is not None and began < self._opened_at:
            return False
        opened = not self.closed
        self._failures = self._pauses = 0
        self._open_until, self._probing = None, False
        return opened

    def fails(self, reason: str, began: float, now: float) -> None:
        """A call failed for a reason that is likely to concern all."""
        if self._open_until is not None:
            if began >= self._opened_at:
                self._open(reason, now, 0.0)
            return
        self._failures += 1
        if self._failures >= self._after:
            self._open(reason, now, 0.0)

    def stops(self, reason: str, began: float, now: float, at_least: float = 0.0) -> None:
        """A call was answered that none can be made now. The pause is `at_least` so many seconds."""
        if self._open_until is None or began >= self._opened_at:
            self._open(reason, now, at_least)

    def _open(self, reason: str, now: float, at_least: float) -> None:
        pause = max(at_least, min(self._longest, self._first * 2.0**self._pauses))
        self.reason = reason
        self._pauses = min(self._pauses + 1, 30)
        self._failures, self._probing = 0, False
        self._opened_at, self._open_until = now, now + pause
