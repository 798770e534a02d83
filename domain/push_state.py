"""The one decision about pushing a notification to its user.

```
pending --> acked                      the app acknowledged, or the user has read it
pending --> held --> pending           quiet hours, a digest: a timer brings it back
pending --> queued --> sending --> sent | failed | expired
            queued --> acked           acknowledged before a sender took it: nothing is pushed
pending --> none                       muted, or no installation to push to
pending | held | queued --> cancelled  replaced by a correction, archived
```
Every arrow is one compare-and-set on the notification's row. A sender sets `sending` just before it calls the provider,
so a push after an acknowledgement is possible only where the timeline shows that it was already being sent.
"""

import enum


class PushState(enum.StrEnum):
    """Where the decision stands."""

    PENDING = "pending"
    HELD = "held"
    ACKED = "acked"
    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    NONE = "none"


OPEN = frozenset({PushState.PENDING, PushState.HELD, PushState.QUEUED})
"""From these an acknowledgement still prevents the push."""
