"""What a user was told: list it, count what is unread, mark it read, put it away, acknowledge it."""
