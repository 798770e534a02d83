"""What a fake is told to answer in place of yes."""

import enum
from collections import deque

import msgspec

MOST_QUEUED = 100_000


class Then(enum.StrEnum):
    """What follows after a request was read."""

    ANSWER = "answer"
    SILENCE = "silence"
    """No answer, ever."""
    RESET = "reset"
    """The connection is broken off."""
    GOAWAY = "goaway"
    """HTTP/2 only: the connection is ended in good order, with this request unanswered."""


class Answer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One answer. With neither name nor status it is the provider's yes."""

    name: str = ""
    """A row of the provider's table of answers."""
    status: int = 0
    body: str = ""
    headers: dict[str, str] = {}
    delay: float = 0.0
    """Seconds before it."""
    accept: bool = False
    """The phone shows the message although this is the answer."""
    then: Then = Then.ANSWER

    @property
    def accepts(self) -> bool:
        """Whether the phone gets the message."""
        return self.accept or (not self.name and not self.status and self.then is Then.ANSWER)


YES = Answer()


class Faults:
    """Of one fake: what comes next for one push token, or for all (None)."""

    def __init__(self) -> None:
        self._next: dict[str | None, deque[Answer]] = {}
        self._always: dict[str | None, Answer] = {}

    def plan(self, token: str | None, answers: list[Answer]) -> None:
        """One request for each, in this order."""
        self._next.setdefault(token, deque(maxlen=MOST_QUEUED)).extend(answers)

    def always(self, token: str | None, answer: Answer | None) -> None:
        """Until told otherwise; None: yes again."""
        if answer is None:
            self._always.pop(token, None)
        else:
            self._always[token] = answer

    def clear(self) -> None:
        """Yes to everything."""
        self._next.clear()
        self._always.clear()

    def take(self, token: str) -> Answer:
        """The answer to a request that has come now."""
        for key in (token, None):
            planned = self._next.get(key)
            if planned:
                return planned.popleft()
            if key in self._always:
                return self._always[key]
        return YES
