"""Who may: credentials of devices and back ends, tokens of viewers, and what each may do."""
