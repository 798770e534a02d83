"""How a process lives: settings, logging, metrics, supervision, HTTP. Knows nothing of the domain."""
