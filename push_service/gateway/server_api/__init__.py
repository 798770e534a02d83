"""The server API: what back ends ask of the gateway over HTTP, `POST /api/<method>`. One file for each method.

The form of requests and replies, the methods' and fields' names and the codes are restated from the server API of
github.com/centrifugal/centrifugo (internal/apiproto/api.proto, https://centrifugal.dev/docs/server/server_api).
"""
