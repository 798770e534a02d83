"""Which kinds of channels there are, and what each allows."""
