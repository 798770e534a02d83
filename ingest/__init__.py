"""The edge where facts come in over HTTP, are checked, and go to Kafka. Nothing is kept here."""
