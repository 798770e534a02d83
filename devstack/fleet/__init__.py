"""A simulated fleet on made-up streets by a real coast, which posts through the public API as any fleet would."""
