"""Where no WebSocket gets through: replies stream over one HTTP response, commands come in requests of their own.

As the SDKs do it (`sse` and `http_stream`, with the emulation endpoint); restated from emulation.go, handler_sse.go and
handler_http_stream.go of github.com/centrifugal/centrifuge. Sessions are the same as on a WebSocket.
"""
