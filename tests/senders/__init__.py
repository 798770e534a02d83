"""The senders, against fakes that speak the providers' real wire."""
