"""The gateway: live topics in, sockets out. It speaks the Centrifuge client protocol; its positions are Kafka's.

From Kafka to a socket: `reading/` follows the partitions that sessions need, `delivery/` fans out what comes. From a
socket to an answer: `websocket/` and `http_streams/` turn bytes into messages, `protocol/` messages into commands,
`commands/` answers them, with the help of `answers/` for whoever comes back. `sessions/` is what clients have open,
`channels/` what each kind of channel allows, `presence/` who is where. Back ends come by `server_api/`, and orders to
all gateways by `control/`.
"""
