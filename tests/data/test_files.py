"""Data files on this machine, in the cache and on mirrors.

Nothing here reaches the network: mirrors are servers on loopback.
"""
import gzip
import hashlib
import http.server
import io
import re
import sys
import tarfile
import threading
import tracemalloc
from pathlib import Path

import numpy as np
import pooch
import pytest
from helpers import one_line, rng
from idx import packed, put
from PIL import Image

from tinygan.data import DataError, files, load

# A small stand-in for the full sets: four IDX files, and mirrors on loopback

@pytest.fixture
def mirror():
    """Start a loopback server: mirror({path: content or status}) -> (address, the list of the requested paths)."""
    servers = []

    def start(contents):
        asked = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                asked.append(self.path[1:])
                content = contents.get(self.path[1:], 404)
                if isinstance(content, int):
                    self.send_error(content)
                    return
                body, length = content if isinstance(content, tuple) else (content, len(content))
                self.send_response(200)
                self.send_header("Content-Length", str(length))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args):
                pass
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}/", asked
    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def check(loaded, contents, part="train"):
    n = 12 if part == "train" else 5
    raw = np.frombuffer(contents[f"{part}-images-idx3-ubyte"][16:], np.uint8)
    assert loaded.x.shape == (n, 28, 28, 1)
    assert loaded.x.dtype == np.float32
    np.testing.assert_allclose(loaded.x.ravel(), raw / 127.5 - 1, atol=1e-7)
    assert loaded.labels.tolist() == list(contents[f"{part}-labels-idx1-ubyte"][8:])
    assert loaded.labels.dtype == np.int64


@pytest.mark.parametrize("pack", [False, True])
@pytest.mark.parametrize("where", ["own/mnist", "own", "cache/tinygan/mnist"])
def test_files_on_this_machine(small, tmp_path, monkeypatch, where, pack):
    monkeypatch.setenv("TINYGAN_DATA_DIR", str(tmp_path / "own"))
    put(tmp_path / where, small["mnist"], pack)
    check(load("mnist"), small["mnist"])
    check(load("mnist", held_out=True), small["mnist"], "t10k")
    assert load("mnist", size=7).x.shape == (12, 7, 7, 1)


def test_fashion_from_the_systems_folder(small, tmp_path):
    put(tmp_path / "system", small["fashion"], pack=True)
    check(load("fashion"), small["fashion"])


def test_order_of_search(small, tmp_path, monkeypatch, mirror):
    address, asked = mirror(packed(small["fashion"]))
    monkeypatch.setitem(files.MIRRORS, "fashion", [address])
    monkeypatch.setenv("TINYGAN_DATA_DIR", str(tmp_path / "own"))
    order = [tmp_path / "own/fashion", tmp_path / "own", tmp_path / "cache/tinygan/fashion", tmp_path / "system"]
    assert files.folders("fashion") == order
    assert files.folders("mnist") == [tmp_path / "own/mnist", tmp_path / "own", tmp_path / "cache/tinygan/mnist"]
    for where in order:
        put(where, small["fashion"])
    seen = []
    for where in order:   # the folders vanish one after the other
        files.obtain("fashion", ["t10k-labels-idx1-ubyte"], lambda path: seen.append(path.parent))
        (where / "t10k-labels-idx1-ubyte").unlink()
    assert seen == order
    assert asked == []
    check(load("fashion", held_out=True), small["fashion"], "t10k")
    assert asked == ["t10k-labels-idx1-ubyte.gz"]


def test_mnist_and_fashion_are_not_confused(small, tmp_path, monkeypatch):
    monkeypatch.setenv("TINYGAN_DATA_DIR", str(tmp_path / "own"))
    put(tmp_path / "own", small["mnist"])
    put(tmp_path / "system", small["fashion"])
    with pytest.warns(UserWarning, match="passed over .*own.train-.*-ubyte: SHA-256 is") as caught:
        check(load("fashion"), small["fashion"])
    assert len(caught) == 2   # one a file


def test_download_into_the_cache_once(small, tmp_path, monkeypatch, mirror):
    address, asked = mirror(packed(small["mnist"], level=1))
    monkeypatch.setitem(files.MIRRORS, "mnist", [address])
    check(load("mnist"), small["mnist"])
    assert asked == ["train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"]
    names = sorted(p.name for p in (tmp_path / "cache/tinygan/mnist").iterdir())
    assert names == [name.removesuffix(".gz") for name in asked]
    check(load("mnist"), small["mnist"])
    assert len(asked) == 2


def test_a_mirror_that_decompresses_on_the_way(small, monkeypatch, mirror):
    address, _ = mirror({f"{file}.gz": content for file, content in small["mnist"].items()})
    monkeypatch.setitem(files.MIRRORS, "mnist", [address])
    check(load("mnist"), small["mnist"])


WRONG = r"SHA256 hash of downloaded file \(train-images-idx3-ubyte\) does not match the known hash"


def test_the_next_mirror_is_asked(small, tmp_path, monkeypatch, mirror):
    right = packed(small["mnist"])
    name = "train-images-idx3-ubyte.gz"
    bad = {"gone": {}, "broken": {name: 500}, "portal": {name: b"<html>log in</html>"},
           "cut": {name: (right[name][:500], len(right[name]))}, "other": packed(small["fashion"])}
    closed, _ = "http://127.0.0.1:9/", None
    mirrors = [closed, *(mirror(contents)[0] for contents in bad.values()), mirror(right)[0]]
    monkeypatch.setitem(files.MIRRORS, "mnist", mirrors)
    check(load("mnist"), small["mnist"])
    monkeypatch.setitem(files.MIRRORS, "mnist", mirrors[:-1])
    for path in (tmp_path / "cache/tinygan/mnist").iterdir():
        path.unlink()
    with pytest.raises(DataError) as caught:
        load("mnist")
    text = one_line(caught)
    for address, why in zip(mirrors, ["ConnectionError", "HTTP 404", "HTTP 500", WRONG,
                                      "(ConnectionError|ChunkedEncodingError)", WRONG]):
        assert re.search(rf"{address}{name} \({why}", text), why
    assert list((tmp_path / "cache/tinygan/mnist").iterdir()) == []


def test_of_a_download_that_is_interrupted_nothing_stays(small, tmp_path, monkeypatch, mirror):
    address, _ = mirror(packed(small["mnist"]))
    monkeypatch.setitem(files.MIRRORS, "mnist", [address])
    seen, fetch = [], pooch.HTTPDownloader.__call__

    def interrupt(self, url, file, *others):   # everything has arrived, nothing is verified
        fetch(self, url, file, *others)
        seen.extend(Path(file).parent.iterdir())
        raise KeyboardInterrupt
    with monkeypatch.context() as patch:
        patch.setattr(pooch.HTTPDownloader, "__call__", interrupt)
        with pytest.raises(KeyboardInterrupt):
            load("mnist")
    [part] = seen   # the download, whose name nobody looks for
    assert not part.name.startswith("train")
    assert not list((tmp_path / "cache/tinygan/mnist").iterdir())
    check(load("mnist"), small["mnist"])


def test_a_mirror_that_sends_too_much_is_not_unpacked(small, monkeypatch, mirror):
    name = "train-images-idx3-ubyte.gz"
    address, _ = mirror({name: gzip.compress(small["mnist"][name[:-3]] + bytes(50_000_000), 1)})
    monkeypatch.setitem(files.MIRRORS, "mnist", [address])
    monkeypatch.setattr(files, "LARGEST", 1_000_000)
    tracemalloc.start()
    with pytest.raises(DataError, match=WRONG):
        load("mnist")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 10_000_000


def test_a_compressed_file_that_is_cut_off(small, monkeypatch, mirror):
    address, _ = mirror({"train-images-idx3-ubyte.gz": packed(small["mnist"])["train-images-idx3-ubyte.gz"][:-20]})
    monkeypatch.setitem(files.MIRRORS, "mnist", [address])
    with pytest.raises(DataError, match="Compressed file ended before") as caught:
        load("mnist")
    one_line(caught)


def test_processes_fetch_a_file_once(small, monkeypatch, mirror):
    address, asked = mirror(packed(small["mnist"]))
    monkeypatch.setitem(files.MIRRORS, "mnist", [address])
    threads = [threading.Thread(target=load, args=("mnist",)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(asked) == ["train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"]


def test_progress_bar_on_a_terminal_only(small, monkeypatch, mirror):
    address, _ = mirror(packed(small["mnist"]))
    monkeypatch.setitem(files.MIRRORS, "mnist", [address])

    class Terminal(io.StringIO):
        def isatty(self):
            return True
    for stream, shown in [(Terminal(), True), (io.StringIO(), False)]:
        monkeypatch.setattr(sys, "stderr", stream)
        load("mnist", held_out=shown)
        assert ("images-idx3-ubyte.gz" in stream.getvalue()) == shown


def test_offline(small, tmp_path, monkeypatch):
    monkeypatch.setitem(files.MIRRORS, "mnist", ["http://127.0.0.1:9/a/", "http://127.0.0.1:9/b/"])
    monkeypatch.setenv("TINYGAN_DATA_DIR", str(tmp_path / "own"))
    with pytest.raises(DataError) as caught:
        load("mnist")
    name = "train-images-idx3-ubyte"
    assert one_line(caught) == (
        f"mnist: no good copy of {name} found; looked in {tmp_path / 'own/mnist'}, {tmp_path / 'own'}, "
        f"{tmp_path / 'cache/tinygan/mnist'}; tried http://127.0.0.1:9/a/{name}.gz (ConnectionError), "
        f"http://127.0.0.1:9/b/{name}.gz (ConnectionError); without a network, digits, ring, grid and gaussian work")


def test_a_cache_that_cannot_be_written(small, tmp_path, monkeypatch, mirror):
    address, asked = mirror(packed(small["mnist"]))
    monkeypatch.setitem(files.MIRRORS, "mnist", [address])
    (tmp_path / "cache").write_text("a file where the folder should be")
    with pytest.raises(DataError, match=r"\(cache .*cache.tinygan.mnist: Not a directory\)") as caught:
        load("mnist")
    one_line(caught)
    assert asked == []


DAMAGE = {
    "empty": (lambda c: b"", r"IDX header is missing, expected 00000803 0000000c 0000001c 0000001c"),
    "header": (lambda c: c[:7] + b"\x0b" + c[8:], r"IDX header is 00000803 0000000b 0000001c 0000001c, expected"),
    "rank": (lambda c: b"\x00\x00\x08\x01" + c[4:], r"IDX header is 00000801"),
    "short": (lambda c: c[:-1], r"holds 9423 bytes, expected 9424"),
    "long": (lambda c: c + b"\x00", r"holds more than 9424 bytes, expected 9424"),
    "changed": (lambda c: c[:-1] + bytes([c[-1] ^ 1]), r"SHA-256 is [0-9a-f]{12}\.\.\., expected [0-9a-f]{12}\.\.\."),
    "gzip cut": (lambda c: gzip.compress(c)[:-20], r"cannot be read \(Compressed file ended before"),
    "gzip checksum": (lambda c: gzip.compress(c)[:-8] + bytes(8), r"cannot be read \(CRC check failed"),
    "gzip body": (lambda c: gzip.compress(c)[:10] + b"\xff" * 50, r"cannot be read \(Error -3 while decompressing"),
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_damaged_file_of_the_user(small, tmp_path, monkeypatch, kind):
    damage, message = DAMAGE[kind]
    monkeypatch.setenv("TINYGAN_DATA_DIR", str(tmp_path / "own"))
    put(tmp_path / "own/mnist", small["mnist"])
    path = tmp_path / "own/mnist/train-images-idx3-ubyte"
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(DataError, match=rf"^mnist: {re.escape(str(path))}: {message}") as caught:
        load("mnist")
    one_line(caught)
    check(load("mnist", held_out=True), small["mnist"], "t10k")   # the other files are not needed


def test_a_gzip_bomb_is_not_unpacked(small, tmp_path):
    put(tmp_path / "cache/tinygan/mnist", small["mnist"])
    path = tmp_path / "cache/tinygan/mnist/train-images-idx3-ubyte"
    path.write_bytes(gzip.compress(path.read_bytes() + bytes(50_000_000), 1))
    tracemalloc.start()
    with pytest.raises(DataError, match="holds more than 9424 bytes"):
        load("mnist")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 10_000_000


def test_damaged_cache_is_replaced(small, tmp_path, monkeypatch, mirror):
    address, asked = mirror(packed(small["mnist"]))
    monkeypatch.setitem(files.MIRRORS, "mnist", [address])
    put(tmp_path / "cache/tinygan/mnist", small["mnist"], pack=True)
    path = tmp_path / "cache/tinygan/mnist/train-labels-idx1-ubyte.gz"
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.warns(UserWarning, match=r"mnist: passed over .*train-labels-idx1-ubyte.gz: cannot be read") as caught:
        check(load("mnist"), small["mnist"])
    one_line(caught)
    assert asked == [path.name]
    check(load("mnist"), small["mnist"])   # with no warning


# CIFAR-10

def batch(seed, n):
    draw = rng(seed)
    return np.concatenate([draw.integers(0, 10, (n, 1), np.uint8), draw.integers(0, 256, (n, 3072), np.uint8)], axis=1)


def archive(members):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        for name, content in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return out.getvalue()


BATCHES = {f"cifar-10-batches-bin/{name}.bin": batch(i, 4)
           for i, name in enumerate(["data_batch_3", *(f"data_batch_{i}" for i in (1, 2, 4, 5)), "test_batch"])}


MEMBERS = {"cifar-10-batches-bin/readme.html": b"<html>", **{name: rows.tobytes() for name, rows in BATCHES.items()},
           "../evil.bin": b"evil"}


@pytest.fixture
def cifar(small, tmp_path, monkeypatch):
    """Put an archive of the given members where the cache has CIFAR-10."""
    monkeypatch.setattr(files, "CIFAR_EXAMPLES", 4)
    monkeypatch.setitem(files.MIRRORS, "cifar10", [])
    path = tmp_path / "cache/tinygan/cifar10" / files.CIFAR_ARCHIVE
    path.parent.mkdir(parents=True)

    def store(content):
        path.write_bytes(content)
        monkeypatch.setitem(files.SHA256, "cifar10", {files.CIFAR_ARCHIVE: hashlib.sha256(content).hexdigest()})
        return path
    return store


def test_cifar(cifar, tmp_path):
    path = cifar(archive(MEMBERS))
    for held_out, names in [(False, [f"data_batch_{i}" for i in range(1, 6)]), (True, ["test_batch"])]:
        rows = np.concatenate([BATCHES[f"cifar-10-batches-bin/{name}.bin"] for name in names])
        x, labels = load("cifar10", held_out=held_out)
        assert x.shape == (len(rows), 32, 32, 3)
        assert x.flags.c_contiguous
        assert labels.tolist() == rows[:, 0].tolist()
        for channel in range(3):   # a plane a colour, row by row
            plane = rows[:, 1 + 1024 * channel:1 + 1024 * (channel + 1)].reshape(-1, 32, 32)
            np.testing.assert_allclose(x[..., channel], plane / 127.5 - 1, atol=1e-7)
    assert load("cifar10", size=16).x.shape == (20, 16, 16, 3)
    assert [p for p in tmp_path.rglob("*") if p.is_file()] == [path]   # nothing is extracted


def test_cifar_from_a_mirror(cifar, monkeypatch, mirror):
    path = cifar(archive(MEMBERS))
    address, asked = mirror({path.name: path.read_bytes()})
    monkeypatch.setitem(files.MIRRORS, "cifar10", [address])
    path.unlink()
    for _ in range(2):
        assert load("cifar10").x.shape == (20, 32, 32, 3)
    assert asked == ["cifar-10-binary.tar.gz"]


def test_damaged_cifar(cifar):
    test = "cifar-10-batches-bin/test_batch.bin"
    for content, message in [
        (archive({**MEMBERS, test: MEMBERS[test][:-1]}), f"{test} holds 12291 bytes, expected 12292"),
        (archive({name: c for name, c in MEMBERS.items() if name != test}), f"the archive lacks {test}"),
        (archive(MEMBERS)[:5000], r"cannot be read \(Compressed file ended"),
        (b"no archive", r"cannot be read \(not a gzip file\)"),
    ]:
        path = cifar(content)
        with pytest.raises(DataError, match=f"^cifar10: {re.escape(str(path))}: {message}") as caught:
            load("cifar10", held_out=True)
        one_line(caught)
    path = cifar(archive(MEMBERS))
    path.write_bytes(path.read_bytes() + b"\x00")
    with pytest.raises(DataError, match=f"{path.name}: SHA-256 is [0-9a-f]{{12}}..., expected"):
        load("cifar10")


def test_cifar_link_in_the_place_of_a_member(cifar):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        entry = tarfile.TarInfo("cifar-10-batches-bin/test_batch.bin")
        entry.type, entry.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(entry)
    cifar(out.getvalue())
    with pytest.raises(DataError, match=r"the archive lacks cifar-10-batches-bin/test_batch.bin"):
        load("cifar10", held_out=True)


@pytest.mark.parametrize("stream", [None, "closed"])
def test_a_process_without_a_stream_for_errors_has_no_bar(stream, tmp_path, monkeypatch):
    if stream:
        stream = io.StringIO()
        stream.close()
    monkeypatch.setattr(sys, "stderr", stream)
    Image.fromarray(np.zeros((8, 8), np.uint8)).save(tmp_path / "a.png")
    assert load(tmp_path).x.shape == (1, 32, 32, 1)
    monkeypatch.undo()
    assert files.mute() is None
