"""The senders as processes, on a stack of their own, against the fakes of the providers."""
