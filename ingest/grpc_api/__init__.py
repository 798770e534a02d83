"""The gRPC interface of ingest, beside HTTP: notifications of back ends, one by one, as a stream, or as a list."""
