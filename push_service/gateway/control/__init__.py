"""Orders to all gateways: given by the server API, read from `gateway.control.v1`, carried out on our own sessions."""
