"""Makes a producer fail for good, as it would after an error that ends its idempotence.

librdkafka has `rd_kafka_test_fatal_error` for this; Python does not offer it, so it is called in the loaded library
with the handle that follows the object's header (`confluent_kafka.h`, `Handle`).
"""

import ctypes
from pathlib import Path

from confluent_kafka import KafkaError, Producer

_HEADER_BYTES = 16  # PyObject_HEAD of CPython: reference count and type


def fail_for_good(producer: Producer) -> None:
    (library,) = {line.split()[-1] for line in Path("/proc/self/maps").read_text().splitlines() if "librdkafka" in line}
    handle = ctypes.c_void_p.from_address(id(producer) + _HEADER_BYTES)
    function = ctypes.CDLL(library).rd_kafka_test_fatal_error
    function.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_char_p]
    function(handle, KafkaError.OUT_OF_ORDER_SEQUENCE_NUMBER, b"made by a test")
