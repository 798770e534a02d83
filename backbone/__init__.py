"""Kafka and Avro: the topic table, the codec, the schema registry, producers, readers and their in-memory twins."""
