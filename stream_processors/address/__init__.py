"""Makes one notification for each user who is to be told: `python -m stream_processors.address`."""
