"""Kafka as the gateway reads it: partitions by interest, their logs, and bounded looks further back."""
