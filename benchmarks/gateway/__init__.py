"""The benchmark of the gateway alone: many sockets, records from a real Kafka, and a bare loop to compare with."""
