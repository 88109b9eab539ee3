"""Data files: the folders to search, checks of the content, and downloads.

Every read checks length and SHA-256. For IDX files the uncompressed content is checked, because distributions compress
them again.
"""
from __future__ import annotations

import math
import os
import struct
import sys
import warnings
import zlib
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from tinygan.files import FileError, open_regular

from .errors import DataError

IDX_SHAPES: dict[str, tuple[int, ...]] = {
    "train-images-idx3-ubyte": (60000, 28, 28),
    "train-labels-idx1-ubyte": (60000,),
    "t10k-images-idx3-ubyte": (10000, 28, 28),
    "t10k-labels-idx1-ubyte": (10000,),
}
CIFAR_ARCHIVE = "cifar-10-binary.tar.gz"
CIFAR_EXAMPLES = 10000   # in each member of the archive
SHA256 = {
    "mnist": {
        "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    },
    "fashion": {
        "train-images-idx3-ubyte": "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
        "train-labels-idx1-ubyte": "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
        "t10k-images-idx3-ubyte": "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
        "t10k-labels-idx1-ubyte": "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
    },
    "cifar10": {CIFAR_ARCHIVE: "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd"},
}
MIRRORS = {
    "mnist": ["https://ossci-datasets.s3.amazonaws.com/mnist/", "https://storage.googleapis.com/cvdf-datasets/mnist/"],
    "fashion": ["http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"],
    "cifar10": ["https://www.cs.toronto.edu/~kriz/"],
}
SYSTEM = {"fashion": "/usr/share/datasets/fashion-mnist"}   # Debian's package dataset-fashion-mnist
TIMEOUT = (10, 30)   # seconds to connect, seconds without a byte
LARGEST = 1 << 26   # limit of bytes, also unpacked; the images of MNIST have 47 million
LARGEST_ARCHIVE = 1 << 28   # that of CIFAR-10 has 170 million


def load_idx(name: str, held_out: bool) -> tuple[np.ndarray, np.ndarray]:
    """Images (n, 28, 28, 1) and labels (n,) of `mnist` or `fashion`, uint8, found on this machine or fetched."""
    def array(file: str) -> np.ndarray:
        return obtain(name, [file, f"{file}.gz"], lambda path: read_idx(path, IDX_SHAPES[file], SHA256[name][file]))
    part = "t10k" if held_out else "train"
    return array(f"{part}-images-idx3-ubyte")[..., None], array(f"{part}-labels-idx1-ubyte")


def load_cifar(name: str, held_out: bool) -> tuple[np.ndarray, np.ndarray]:
    """Images (n, 32, 32, 3) and labels (n,) of `cifar10`, uint8, found on this machine or fetched."""
    batches = ["test_batch"] if held_out else [f"data_batch_{i}" for i in range(1, 6)]
    return obtain(name, [CIFAR_ARCHIVE], lambda path: read_cifar(path, batches, SHA256[name][CIFAR_ARCHIVE]))


def read_idx(path: Path, shape: tuple[int, ...], sha256: str) -> np.ndarray:
    """The uint8 array of the given shape in an IDX file, plain or gzip-compressed.

    DataError if header, length or SHA-256 of the uncompressed content is not the expected one.
    Source: Y. LeCun, The MNIST database of handwritten digits, "file formats".
    """
    import gzip
    import hashlib
    header = struct.pack(f">{1 + len(shape)}i", 0x800 + len(shape), *shape)   # 0x08: unsigned bytes; then the rank
    size = len(header) + math.prod(shape)
    try:
        with open_regular(path, LARGEST) as file:
            packed = file.read(2) == b"\x1f\x8b"
            file.seek(0)
            content = (gzip.GzipFile(fileobj=file) if packed else file).read(size + 1)   # never more than is expected
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"cannot be read ({_reason(error)})") from error
    if content[:len(header)] != header:
        found, want = content[:len(header)].hex(" ", 4), header.hex(" ", 4)
        raise DataError(f"IDX header is {found or 'missing'}, expected {want}")
    if len(content) != size:
        found = f"{len(content)} bytes" if len(content) < size else f"more than {size} bytes"
        raise DataError(f"holds {found}, expected {size}")
    _expect(hashlib.sha256(content).hexdigest(), sha256)
    return np.frombuffer(content, np.uint8, offset=len(header)).reshape(shape)


def read_cifar(path: Path, batches: Sequence[str], sha256: str) -> tuple[np.ndarray, np.ndarray]:
    """Images (n, 32, 32, 3) and labels (n,), uint8, of the named batches in the archive of CIFAR-10's binary version.

    Only these members are read, as bytes: nothing is extracted or unpickled. A member holds, for each image, one
    byte of label and then its red, green and blue planes. DataError where the archive or a member is damaged.
    Source: A. Krizhevsky, Learning multiple layers of features from tiny images, 2009.
    """
    import hashlib
    import tarfile
    size = CIFAR_EXAMPLES * 3073
    wanted = {f"cifar-10-batches-bin/{batch}.bin": b"" for batch in batches}
    digest = hashlib.sha256()
    try:
        with open_regular(path, LARGEST_ARCHIVE) as file:
            for block in iter(lambda: file.read(1 << 20), b""):
                digest.update(block)
            _expect(digest.hexdigest(), sha256)
            file.seek(0)
            with tarfile.open(fileobj=file, mode="r:gz") as archive:
                for member in archive:
                    if member.name in wanted and member.isfile() and (stream := archive.extractfile(member)):
                        if member.size != size:
                            raise DataError(f"{member.name} holds {member.size} bytes, expected {size}")
                        wanted[member.name] = stream.read()
    except (OSError, EOFError, zlib.error, tarfile.TarError) as error:
        raise DataError(f"cannot be read ({_reason(error)})") from error
    if missing := [member for member, content in wanted.items() if not content]:
        raise DataError(f"the archive lacks {', '.join(missing)}")
    records = np.frombuffer(b"".join(wanted.values()), np.uint8).reshape(-1, 3073)
    return records[:, 1:].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1), records[:, 0]


def folders(name: str) -> list[Path]:
    """The folders that may hold the files of a set, in the order of search; $TINYGAN_DATA_DIR comes first."""
    own = os.environ.get("TINYGAN_DATA_DIR")
    own_folders = [Path(own).expanduser() / name, Path(own).expanduser()] if own else []
    return [*own_folders, cache(name), *([Path(SYSTEM[name])] if name in SYSTEM else [])]


def cache(name: str) -> Path:
    """The user's cache folder for one set."""
    import pooch
    return Path(pooch.os_cache("tinygan")) / name


def on_this_machine(name: str) -> bool:
    """Whether every file of a set is in one of its folders (the content is checked when it is read)."""
    return all(any((folder / copy).is_file() for folder in folders(name) for copy in (file, f"{file}.gz"))
               for file in SHA256[name])


def obtain(name: str, copies: Sequence[str], read: Callable[[Path], Any]) -> Any:
    """Reads the first undamaged copy of a file, on this machine or else from a mirror of the set.

    name: the set. copies: the possible names of the file; the first one is the name in `SHA256`, the last one the name
    on the mirrors. A copy for which `read` raises DataError is skipped with a warning. If there is no undamaged copy,
    DataError lists the folders and mirrors.
    """
    damaged, tried = [], []
    for path in (folder / copy for folder in folders(name) for copy in copies):
        if path.is_file():
            try:
                value = read(path)
            except DataError as error:
                damaged.append(f"{path}: {error}")
            else:
                return _warned(name, damaged, value)
    for url in (mirror + copies[-1] for mirror in MIRRORS[name]):
        try:
            return _warned(name, damaged, read(download(url, cache(name), copies[0], SHA256[name][copies[0]])))
        except (OSError, EOFError, ValueError, zlib.error) as error:   # the errors of requests are OSErrors
            tried.append(f"{url} ({_reason(error)})")
    raise DataError(f"{name}: {'; '.join([*damaged, f'no good copy of {copies[0]} found'])}"
                    f"; looked in {', '.join(map(str, folders(name)))}; tried {', '.join(tried)}"
                    "; without a network, digits, ring, grid and gaussian work")


def mute() -> bool | None:
    """tqdm's `disable` for a bar on a terminal: None, or True in a process without a stream for it (pythonw)."""
    return sys.stderr is None or getattr(sys.stderr, "closed", False) or None


def download(url: str, folder: Path, name: str, sha256: str) -> Path:
    """Fetches url into folder/name, with a progress bar on a terminal; a url that ends in name.gz is unpacked.

    The file gets its name only when it is complete and correct; an interrupted download leaves no file. Other processes
    that need the same file wait. ValueError if the SHA-256 differs.
    """
    import gzip

    import pooch
    from tqdm.auto import tqdm

    def fetch(url, file, _):
        with tqdm(total=1, unit="B", unit_scale=True, desc=url.rpartition("/")[2], leave=False, disable=mute()) as bar:
            pooch.HTTPDownloader(progressbar=bar, chunk_size=1 << 16, timeout=TIMEOUT)(url, file, None)
        if url.endswith(f"{name}.gz"):
            with (suppress(gzip.BadGzipFile), open_regular(file, LARGEST) as sent,   # some mirrors send it unpacked
                  gzip.GzipFile(fileobj=sent) as packed):
                content = packed.read(LARGEST)
                Path(file).write_bytes(content)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(f"cache {folder}: {_reason(error)}") from error
    pooch.get_logger().setLevel("WARNING")   # the bar is enough
    unlock = lock_file(folder.with_name(f".{folder.name}.lock"))
    try:
        return Path(pooch.retrieve(url, f"sha256:{sha256}", name, folder, downloader=fetch))
    finally:
        unlock()


def lock_file(file: Path, timeout: float = -1) -> Callable[[], None]:
    """Takes a lock that other processes share by the name of the file; returns a function that releases it.

    timeout: seconds to wait, -1 without limit; TimeoutError after that. The lock ends with the process, even if it is
    killed. On a file system without locks nothing is locked. FileError for a link, whose file would be emptied.
    """
    from filelock import FileLock, Timeout
    if file.is_symlink():
        raise FileError(f"{file} is a link, expected a file; remove it")
    held = FileLock(file, thread_local=False)
    try:
        held.acquire(timeout)
    except Timeout:
        raise
    except (OSError, NotImplementedError):   # a file system without locks
        pass
    return held.release


def _warned(name: str, damaged: list[str], value: Any) -> Any:
    if damaged:
        warnings.warn(f"{name}: passed over {'; '.join(damaged)}", stacklevel=2)
    return value


def _expect(found: str, want: str) -> None:
    if found != want:
        raise DataError(f"SHA-256 is {found[:12]}..., expected {want[:12]}...")


def _reason(error: Exception) -> str:
    """The reason of an error, in a few words."""
    if hasattr(error, "response"):   # an error of requests, whose own text is very long
        return type(error).__name__ if error.response is None else f"HTTP {error.response.status_code}"
    return " ".join(str(getattr(error, "strerror", None) or error).split()) or type(error).__name__
