"""Notifications on sockets: who was shown what, and who acknowledged it."""
