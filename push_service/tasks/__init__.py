"""Scheduled tasks: each a command with `--dry-run` and progress."""
