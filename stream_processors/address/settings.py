"""What operators decide about `address`."""

from pydantic import Field

from runtime.settings import Section


class AddressSettings(Section, section="ADDRESS"):
    """Batches."""

    batch_records: int = Field(default=100, ge=1, le=10_000, description="Most requests in one batch.")
    chunk_followers: int = Field(
        default=10_000,
        ge=1,
        le=100_000,
        description="Followers of an interest that are told in one turn; then the requests that wait have theirs.",
    )
