"""A back end that sends notifications over gRPC: a program of its own, with code generated from the published file."""
