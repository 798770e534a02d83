"""The local stack: real Kafka, Valkey and PostgreSQL, and all of the product on top, from package registries alone."""
