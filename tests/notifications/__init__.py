"""The road of a notification on a whole stack, through the public APIs alone."""
