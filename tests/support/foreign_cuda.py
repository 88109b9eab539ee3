"""`cupy.cuda` of the foreign module: errors, streams, events, memory pools and the device.

Nothing runs in parallel: a launch is done when it returns, and to wait for the device only adds to a count. The
recording of a captured stream is in `foreign_capture.py`.
"""
import contextlib
import itertools
import time
import types
import weakref

import numpy as np
from foreign_calls import bind_all, bind_class, count
from foreign_capture import Graph, Recording

MEMORY = 16 << 30  # bytes of the device; arrays lie in the memory of the host, so all of it is free
ERRORS = {  # number: the name in CUDA's driver, the name in its runtime, the text
    2: ("CUDA_ERROR_OUT_OF_MEMORY", "cudaErrorMemoryAllocation", "out of memory"),
    101: ("CUDA_ERROR_INVALID_DEVICE", "cudaErrorInvalidDevice", "invalid device ordinal"),
    209: ("CUDA_ERROR_NO_BINARY_FOR_GPU", "cudaErrorNoKernelImageForDevice",
          "no kernel image is available for execution on the device"),
    400: ("CUDA_ERROR_INVALID_HANDLE", "cudaErrorInvalidResourceHandle", "invalid resource handle"),
    401: ("CUDA_ERROR_ILLEGAL_STATE", "cudaErrorIllegalState",
          "the operation cannot be performed in the present state"),
    700: ("CUDA_ERROR_ILLEGAL_ADDRESS", "cudaErrorIllegalAddress", "an illegal memory access was encountered"),
    701: ("CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES", "cudaErrorLaunchOutOfResources",
          "too many resources requested for launch"),
    719: ("CUDA_ERROR_LAUNCH_FAILED", "cudaErrorLaunchFailure", "unspecified launch failure"),
    900: ("CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED", "cudaErrorStreamCaptureUnsupported",
          "operation not permitted when stream is capturing"),
    901: ("CUDA_ERROR_STREAM_CAPTURE_INVALIDATED", "cudaErrorStreamCaptureInvalidated",
          "operation failed due to a previous error during capture"),
    906: ("CUDA_ERROR_STREAM_CAPTURE_IMPLICIT", "cudaErrorStreamCaptureImplicit",
          "operation would make the legacy stream depend on a capturing blocking stream")}


class CompileException(Exception):
    """A kernel does not compile."""


class _CUDAError(RuntimeError):
    """An error of CUDA by its number."""

    def __init__(self, status):
        self.status = status
        super().__init__(f"{ERRORS[status][self.place]}: {ERRORS[status][2]}")

    def __reduce__(self):
        return type(self), (self.status,)


class CUDADriverError(_CUDAError):
    """A kernel cannot be launched."""

    place = 0


class CUDARuntimeError(_CUDAError):
    """A call of CUDA's runtime fails."""

    place = 1


# --- streams ---

class Stream:
    """A queue of the device: the host can wait for it, and it can be captured (see `foreign_capture.py`)."""

    def __init__(self, null=False, non_blocking=False, ptds=False, priority=None):
        self.ptr, self.is_non_blocking, self._recording = 0 if null else next(_pointers), non_blocking, None

    def __enter__(self):
        _streams.append(self)
        return self

    def __exit__(self, *error):
        _streams.pop()

    def synchronize(self):
        """Wait; while it is captured, this spoils the capture."""
        if self._recording:
            self._recording.valid = False
            raise CUDARuntimeError(900)
        wait()

    def is_capturing(self):
        """Whether launches are noted instead of made."""
        return self._recording is not None

    def begin_capture(self, mode=None):
        """From now on, launches on this stream are noted."""
        if self.ptr == 0:
            raise RuntimeError("cannot capture on the default (legacy) stream")
        if not self.is_non_blocking or self._recording:
            raise CUDARuntimeError(906)  # CuPy refuses later: when the null stream is used
        self._recording = Recording()

    def end_capture(self):
        """The graph of the noted launches."""
        recording, self._recording = self._recording, None
        if recording is None:
            raise CUDARuntimeError(401)
        recording.undo()
        if not recording.valid:
            raise CUDARuntimeError(901)
        return recording.graph()


_pointers = itertools.count(1000)
Stream.null = Stream(null=True)
_streams = [Stream.null]


def get_current_stream(device_id=-1):
    """The stream of the innermost `with`."""
    return _streams[-1]


def recording():
    """The recording of the current stream while it is captured, else None."""
    return _streams[-1]._recording


def refuse_while_captured(why):
    """An error while the current stream is captured."""
    if recording():
        raise RuntimeError(f"the current stream is capturing, {why}")


def wait():
    """The host waits for the device."""
    refuse_while_captured("so D2H transfers are disallowed")
    count(synchronised=1)


def launched(function):
    """Makes a launch that returns no arrays (a library's, which has only pointers); notes it under capture."""
    def launch(found=None):
        with np.errstate(all="ignore"):  # a device warns of nothing
            function()
    launch()
    count(launched=1)
    if noted := recording():
        noted.launched(launch, [])


# --- events ---

class Event:
    """A time in the queue of a stream. (In a captured stream CuPy would record one; foreign refuses.)"""

    def __init__(self, block=False, disable_timing=False, interprocess=False):
        if interprocess and not disable_timing:
            raise ValueError("Timing must be disabled for interprocess events")
        self._time, self._timing = None, not disable_timing

    def record(self, stream=None):
        """The time is now."""
        if (stream or get_current_stream())._recording:
            raise NotImplementedError("foreign: an event of a captured stream")
        self._time = time.perf_counter()

    def synchronize(self):
        """Wait for it."""
        wait()


def get_elapsed_time(start_event, end_event):
    """Milliseconds between two recorded events."""
    if not all(event._timing and event._time is not None for event in (start_event, end_event)):
        raise CUDARuntimeError(400)
    return 1000 * (end_event._time - start_event._time)


# --- memory ---

class MemoryPool:
    """A pool of memory; freed memory stays in it."""

    def __init__(self, allocator=None):
        pass

    def malloc(self, size):
        """Only marks the pool, for `using_allocator`."""
        raise NotImplementedError("foreign: pass it to using_allocator")

    def free_all_blocks(self, stream=None):
        """Gives free memory back: here none is kept."""


_common, _pools = MemoryPool(), [None]


def get_default_memory_pool():
    """The pool of all arrays that are not made under `using_allocator`."""
    return _common


@contextlib.contextmanager
def using_allocator(allocator=None):
    """Inside, arrays get their memory from the pool whose `malloc` this is."""
    _pools.append(weakref.ref(allocator.__self__))
    try:
        yield
    finally:
        _pools.pop()


def current_pool():
    """A weak reference to the pool of new arrays, None for the common pool."""
    return _pools[-1]


# --- the device ---

class Device:
    """The pretended device, number 0; another number is refused when it is used, as by CuPy."""

    def __init__(self, device=None):
        self.id = 0 if device is None else int(device)

    __int__ = lambda self: self.id
    __eq__ = lambda self, other: isinstance(other, Device) and self.id == other.id
    __hash__ = lambda self: hash(self.id)
    __repr__ = lambda self: f"<CUDA Device {self.id}>"
    __enter__ = lambda self: self._check()
    __exit__ = lambda self, *error: None

    def _check(self):
        if self.id:
            raise CUDARuntimeError(101)
        return self

    def use(self):
        """Makes it the current device."""
        return self._check()

    def synchronize(self):
        """Wait for all its streams."""
        self._check()
        wait()


DEVICE = Device()

# --- the public names; all calls are bound from here on, those above are foreign's own ---

CLASSES = {"Device": Device, "Event": Event, "Graph": Graph, "MemoryPool": MemoryPool, "Stream": Stream}
for _name, _kind in CLASSES.items():
    bind_class(f"cupy.cuda.{_name}", _kind)
RUNTIME = {"CUDARuntimeError": CUDARuntimeError, **bind_all("cupy.cuda.runtime", {
    "getDeviceCount": lambda: 1, "memGetInfo": lambda: (MEMORY, MEMORY), "driverGetVersion": lambda: 13000,
    "runtimeGetVersion": lambda: 13000, "getDeviceProperties": lambda device: {
        "name": b"played", "major": 0, "minor": 0, "totalGlobalMem": MEMORY, "multiProcessorCount": 1}})}
CUDA = {"compiler": types.SimpleNamespace(CompileException=CompileException),
        "driver": types.SimpleNamespace(CUDADriverError=CUDADriverError),
        **CLASSES, **bind_all("cupy.cuda", {
            "get_current_stream": get_current_stream, "get_device_id": lambda: 0, "get_elapsed_time": get_elapsed_time,
            "is_available": lambda: True, "using_allocator": using_allocator})}
