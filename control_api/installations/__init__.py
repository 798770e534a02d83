"""A user's installations: apps on devices, with the push token by which each is reached."""
