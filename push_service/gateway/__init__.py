"""The gateway: live topics in, sockets out. It speaks the Centrifuge client protocol; its positions are Kafka's.

`websocket/` turns bytes into messages, `protocol/` messages into commands, `commands/` answers them. A `Session` is
what a client has open, whatever transport it came by; a `PartitionFeed` follows a partition that sessions need.
"""
