"""Whether to believe a provider that calls a push token bad. The rule that no good one is ever dropped is here."""

from collections import deque

from domain.push_request import PushRequest
from push_service.senders.alarms import Alarms
from push_service.senders.sender import Accepted, Unregistered

WINDOW = 100
"""Answers that are looked back upon."""
FEWEST = 20
"""Bad ones at least, before they are thought too many."""
TOO_MANY_BAD = "too-many-bad-tokens"


class Hygiene:
    """What one channel has said of late."""

    def __init__(self, alarms: Alarms, doubtful_share: float) -> None:
        self._alarms = alarms
        self._share = doubtful_share
        self._window: deque[bool] = deque(maxlen=WINDOW)  # True: a doubtful word that a push token is bad
        self._accepted = False

    def note(self, outcome: object) -> None:
        """To be told of every answer, before `believes` is asked of those that came together."""
        if isinstance(outcome, Accepted):
            self._accepted = True
            self._window.append(False)
        elif isinstance(outcome, Unregistered) and outcome.doubtful:
            self._window.append(True)
            bad = sum(self._window)
            if bad >= FEWEST and bad > self._share * len(self._window):
                self._alarms.misconfigured(TOO_MANY_BAD, f"{bad} of the last {len(self._window)} answers")

    def believes(self, outcome: Unregistered, push: PushRequest) -> bool:
        """Whether the push token is deactivated. If not, the push is tried again later.

        Not while an alarm is on. Not if the token was registered after the provider's date. And if a wrong
        configuration of ours would be answered the same way, then only of a channel that has accepted others.
        """
        if self._alarms.on:
            return False
        if outcome.at is not None and push.token_at >= outcome.at:
            return False
        return self._accepted or not outcome.doubtful
