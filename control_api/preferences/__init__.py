"""How a user wants to be told."""
