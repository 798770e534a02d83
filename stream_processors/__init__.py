"""Kafka to Kafka: `enrich` judges and completes pings, `route` tells subscribers."""
