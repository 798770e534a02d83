"""The protocol in Protobuf: messages as `schemas/proto/centrifuge_client.proto` numbers them. Pure.

Written by hand and not with the `protobuf` runtime: three dozen flat messages need a table and two short loops, which
read bytes straight into our values, refuse what the runtime lets pass (groups, a field of another type, a message given
twice, numbers that do not fit), and spare the image a C extension. Tests hold both directions to the official runtime.
"""
