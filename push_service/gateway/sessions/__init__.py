"""What each client has open, and for how long it may."""
