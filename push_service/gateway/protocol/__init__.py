"""The Centrifuge client protocol v2: commands, replies, codes, and how they are written. No I/O, no transport.

Restated from the definitions of github.com/centrifugal/protocol (client.proto) and the codes of
github.com/centrifugal/centrifuge (errors.go, disconnect.go). JSON names are the names of the proto's fields.
"""
