"""Kafka to sockets and phones: the gateway, the recorder."""
