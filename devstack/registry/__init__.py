"""A schema registry for development: Confluent's REST routes for Avro, kept on disk, with no access control."""
