"""WebSocket (RFC 6455): handshake and framing as pure functions of bytes, and the socket that uses them."""
