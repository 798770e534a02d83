"""The edge where facts come in over HTTP and gRPC, are checked, and go to Kafka. Nothing is kept here."""
