"""Stores notifications, shows them, and decides which of them a phone must get."""
