"""The recorder: keeps each channel's snapshot in Redis and the latest updates in a compacted topic."""
