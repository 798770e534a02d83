"""What is remembered in Redis. It may be lost: everything here can be rebuilt from Kafka."""
