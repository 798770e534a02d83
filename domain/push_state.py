"""The one decision about pushing a notification to its user.

```
pending --> acked                      the app acknowledged, or the user has read it
pending --> held --> pending           quiet hours, a digest: a timer brings it back
pending --> queued --> sending --> sent | failed | expired
            queued --> acked           acknowledged before a sender took it: nothing is pushed
pending | queued --> none              muted, or no installation to push to
pending | held | queued --> cancelled  replaced by a correction, archived
pending | held --> expired             its time ended while it waited
```
Every arrow is one compare-and-set on the notification's row. A sender sets `sending` just before it calls the provider,
so a push after an acknowledgement is possible only where the timeline shows that it was already being sent.

A user may have several installations, and the decision is one for all of them: the first sender that takes one sets
`sending`, the others go on after it. What one installation was sent stays `sent`, whatever becomes of the others.
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

TAKEN = frozenset({PushState.SENDING, PushState.SENT, PushState.FAILED, PushState.EXPIRED})
"""A sender took it, for one installation at least."""

LEADS_TO: dict[PushState, frozenset[PushState]] = {
    PushState.PENDING: frozenset({PushState.HELD}),
    PushState.HELD: frozenset({PushState.PENDING}),
    PushState.QUEUED: frozenset({PushState.PENDING}),
    PushState.ACKED: OPEN,
    PushState.SENDING: frozenset({PushState.QUEUED}),
    PushState.SENT: frozenset({PushState.SENDING, PushState.FAILED, PushState.EXPIRED}),
    PushState.FAILED: frozenset({PushState.SENDING}),
    PushState.EXPIRED: OPEN | {PushState.SENDING},
    PushState.CANCELLED: OPEN,
    PushState.NONE: frozenset({PushState.PENDING, PushState.QUEUED}),
}
"""The states from which each may be reached."""

ENDS: dict[PushState, frozenset[PushState]] = {
    PushState.SENT: LEADS_TO[PushState.SENT] | {PushState.ACKED, PushState.CANCELLED},
    PushState.FAILED: LEADS_TO[PushState.FAILED],
    PushState.EXPIRED: frozenset({PushState.QUEUED, PushState.SENDING}),
    PushState.ACKED: frozenset({PushState.SENDING}),
    PushState.CANCELLED: frozenset({PushState.SENDING}),
}
"""What a sender may say of an attempt in the end, and the states that then change to it. ACKED, CANCELLED: the sender
had taken it and put it off; the sender of another installation may have called the provider."""
