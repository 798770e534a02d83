"""Expands notification requests: one record for each user who is told."""
