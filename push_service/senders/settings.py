"""What may be set for the senders as a whole; each provider has a section of its own beside its sender."""

from pydantic import Field, field_validator

from backbone.topics import PUSH_PROVIDERS
from runtime.settings import Section


class SendersSettings(Section, section="SENDERS"):
    """Which providers a process serves, and the bounds of each. All hold for each provider by itself."""

    providers: list[str] = Field(
        description=f"The providers that this process serves: {', '.join(PUSH_PROVIDERS)}, comma-separated. Processes "
        "that serve the same one share its outbox."
    )
    batch_records: int = Field(default=500, ge=1, le=10_000, description="Most records handled at once.")
    concurrency: int = Field(default=100, ge=1, le=10_000, description="Most calls of a provider at a time.")
    send_seconds: float = Field(
        default=8.0, gt=0, le=60, description="What one call may take; then nobody knows what became of it."
    )
    rate: float = Field(
        default=1_000.0,
        gt=0,
        description="Calls a second, in the long run. FCM takes 10,000 for each project, over all processes.",
    )
    start_rate: float = Field(
        default=50.0, gt=0, description="Calls a second after a start or a pause; doubled every `rate_doubles` seconds."
    )
    rate_doubles: float = Field(default=5.0, gt=0, description="See `start_rate`; in seconds.")
    installation_rate: float = Field(
        default=1.0, gt=0, description="Calls a second for one installation, in the long run; what is more waits."
    )
    installation_burst: int = Field(default=20, ge=1, description="Calls for one installation at once.")
    installations: int = Field(
        default=100_000, ge=1, description="Most installations whose rate is remembered at a time."
    )
    pause_after: int = Field(
        default=20, ge=1, description="So many failures in a row, with nothing else between, and a provider is down."
    )
    pause_seconds: float = Field(
        default=5.0, gt=0, description="The first pause of a provider that is down; then one call probes it."
    )
    longest_pause_seconds: float = Field(
        default=60.0, gt=0, description="The longest pause; each is twice the one before."
    )
    doubtful_share: float = Field(
        default=0.5,
        gt=0,
        le=1,
        description="When of the last 100 answers more than this share say that a push token is bad, an alarm is on "
        "and none is deactivated: our configuration is as likely the cause.",
    )

    @field_validator("providers")
    @classmethod
    def _known(cls, providers: list[str]) -> list[str]:
        unknown = sorted(set(providers) - set(PUSH_PROVIDERS))
        if unknown:
            raise ValueError(f"knows no {', '.join(unknown)}; there are {', '.join(PUSH_PROVIDERS)}")
        if not providers:
            raise ValueError("names no provider")
        return list(dict.fromkeys(providers))
