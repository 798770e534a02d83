"""What a client is told that comes or comes back: exactly what it missed, or the present state."""
