"""Confluent's own registry client and serializers, as data teams use them."""

import warnings

with warnings.catch_warnings(record=True):  # authlib, which they need, warns of itself, whatever the filters say
    from confluent_kafka.schema_registry import Schema, SchemaRegistryClient, SchemaRegistryError
    from confluent_kafka.schema_registry.avro import AvroDeserializer, AvroSerializer

__all__ = ["AvroDeserializer", "AvroSerializer", "Schema", "SchemaRegistryClient", "SchemaRegistryError"]
