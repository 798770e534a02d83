"""What became of each notification, and whether it was right."""

from collections.abc import Callable, Mapping

import msgspec

from domain.delivery_step import Step
from domain.push_state import PushState

PREVENTED = "push-prevented"
"""What the timeline says of an acknowledgement that came in time."""
SETTLED = frozenset(
    {
        PushState.ACKED,
        PushState.SENT,
        PushState.FAILED,
        PushState.EXPIRED,
        PushState.CANCELLED,
        PushState.NONE,
    }
)


class Fate(msgspec.Struct, frozen=True, kw_only=True):
    """Of one notification, by all who know of it."""

    state: PushState
    acked: bool
    """The app's acknowledgement was answered."""
    steps: frozenset[tuple[str, str | None]]
    """(step, outcome) of its timeline."""
    arrivals: Mapping[str, int]
    """How often it came to each phone."""

    @property
    def pushed(self) -> bool:
        """It came to a phone."""
        return bool(self.arrivals)

    @property
    def prevented(self) -> bool:
        """The timeline says that the acknowledgement was in time."""
        return (Step.ACKED, PREVENTED) in self.steps

    def has(self, step: Step) -> bool:
        """Whether its timeline has the step."""
        return any(each == step for each, _ in self.steps)


RULES: Mapping[str, Callable[[Fate], bool]] = {
    "neither acknowledged nor pushed": lambda fate: not fate.acked and not fate.pushed,
    "pushed although the acknowledgement was in time": lambda fate: fate.prevented and fate.pushed,
    "acknowledged, and the timeline does not say so": lambda fate: fate.acked and not fate.has(Step.ACKED),
    "pushed after an acknowledgement, and the timeline does not show that it was being sent": lambda fate: (
        fate.acked and fate.pushed and not (fate.has(Step.QUEUED) and fate.has(Step.ATTEMPTED))
    ),
    "pushed, and the timeline does not say so": lambda fate: (
        fate.pushed and (Step.ATTEMPTED, "accepted") not in fate.steps
    ),
    "pushed twice to one phone": lambda fate: any(count > 1 for count in fate.arrivals.values()),
    "not decided": lambda fate: fate.state not in SETTLED,
    "acknowledged and not pushed, and yet another state": lambda fate: (
        fate.acked and not fate.pushed and fate.state is not PushState.ACKED
    ),
}
"""What must not be."""


def fault_of(fate: Fate) -> str | None:
    """What is wrong with it; None: nothing."""
    return next((fault for fault, found in RULES.items() if found(fate)), None)


class Tally(msgspec.Struct, frozen=True):
    """All of them."""

    fates: Mapping[str, Fate]

    def faults(self) -> dict[str, str]:
        """Of each notification with which something is wrong, what."""
        found = {name: fault_of(fate) for name, fate in self.fates.items()}
        return {name: fault for name, fault in found.items() if fault is not None}

    def summary(self) -> str:
        """One line."""
        fates = self.fates.values()
        in_time = sum(fate.acked and not fate.pushed for fate in fates)
        late = sum(fate.acked and fate.pushed for fate in fates)
        never = sum(not fate.acked and fate.pushed for fate in fates)
        return (
            f"{len(self.fates)} notifications: {in_time} acknowledged and not pushed, {late} acknowledged while they "
            f"were being sent, {never} pushed and not acknowledged, {len(self.faults())} wrong"
        )
