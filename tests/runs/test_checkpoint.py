"""Checkpoints: after any fault while one is written, a good one is there; any file that is read is right or refused."""
import errno
import io
import json
import os
import zipfile
from pathlib import Path

import numpy as np
import pytest
from helpers import same
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygan as tg
from tinygan.game import Diverged, Game, latent, train
from tinygan.nn import BatchNorm, Dense, Dropout, ReLU, Sequential
from tinygan.runs import checkpoint, files
from tinygan.runs.checkpoint import CheckpointError
from tinygan.updates import Adam, Average, Momentum, RMSProp

posix = pytest.mark.skipif(os.name != "posix", reason="fork")


def new_game(seed=0, width=6, **optimisers):
    """A game with all that a checkpoint has to keep: running statistics, an average, a layer that draws by itself."""
    rng = np.random.default_rng(seed)
    g = Sequential(Dense(2, width, rng=rng), BatchNorm(width), ReLU(), Dense(width, 2, rng=rng))
    d = Sequential(Dense(2, width, rng=rng), ReLU(), Dropout(0.2, rng=np.random.default_rng(seed + 1)),
                   Dense(width, 1, rng=rng))
    return Game(g, d, tg.data.ring, latent(2), rng, batch=8, rate=1e-2, average=Average(.9), **optimisers)


@pytest.mark.parametrize("mover", [Adam, RMSProp, Momentum])
@pytest.mark.parametrize("at", [0, 3])
def test_a_restored_game_goes_on_bit_for_bit(mover, at, tmp_path):
    path = tmp_path / "c.npz"
    whole = train(new_game(optimiser_d=mover(), optimiser_g=mover()), at)
    checkpoint.save(path, whole)
    parts = new_game(seed=5, optimiser_d=mover(), optimiser_g=mover())
    checkpoint.load(path, parts)
    assert same(whole, parts)
    assert same(train(whole, 9), train(parts, 9))
    assert checkpoint.read(path)[0]["version"] == tg.__version__


def test_the_one_before_is_kept(tmp_path):
    path, game = tmp_path / "c.npz", new_game()
    for step in (0, 2, 4):
        checkpoint.save(path, train(game, step))
    assert {p.name for p in tmp_path.iterdir()} == {"c.npz", "c.previous.npz"}
    assert checkpoint.read(path)[0]["step"] == 4
    assert checkpoint.read(checkpoint.previous(path))[0]["step"] == 2


def test_what_is_not_finite_is_not_saved(tmp_path):
    path, game = tmp_path / "c.npz", train(new_game(), 2)
    checkpoint.save(path, game)
    for array, name in [(game.discriminator[3].bias.data, "discriminator/3.bias"),
                        (game.optimisers[1].v, "optimiser1/v"), (game.generator[1].running_var, "generator/1.runn")]:
        kept = array[0]
        array[0] = np.inf
        with pytest.raises(Diverged, match=f"step 2: {name}[a-z_]* is not finite"):
            checkpoint.save(path, game)
        array[0] = kept
    assert same(game, restored(path))
    assert not checkpoint.previous(path).exists()


def restored(path, **options):
    game = new_game(seed=7, **options)
    checkpoint.load(path, game)
    return game


# Faults at every call that writes

class Fault:
    """Stands for `open` and `os` in checkpoint.py, counts the calls that write, and does harm at one of them."""

    def __init__(self, at, harm):
        self.at, self.harm, self.calls = at, harm, []

    def strike(self, name, work, partly=lambda: None):
        self.calls.append(name)
        if len(self.calls) - 1 == self.at:
            if self.harm == "short write":
                partly()
            if self.harm == "kill":
                partly()
                os._exit(9)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "somewhere")
        return work()

    def open_file(self, path, mode):
        raw = self.strike("open", lambda: open(path, mode, buffering=0))  # noqa: SIM115
        fault = self

        class Disk(io.RawIOBase):
            def writable(self):
                return True

            def fileno(self):
                return raw.fileno()

            def write(self, data):  # the disk takes 500 bytes at a time
                piece = bytes(data[:500])
                return fault.strike("write", lambda: raw.write(piece), lambda: raw.write(piece[:250]))

            def close(self):
                raw.close()
                super().close()
        return io.BufferedWriter(Disk(), 10)

    def __getattr__(self, name):
        real = getattr(os, name)
        if name in ("fsync", "link", "replace"):
            return lambda *args: self.strike(name, lambda: real(*args))
        return real


def saved_under(fault, path, game):
    """Saves the game with the fault in place; returns whether it ended well. A kill ends a process of its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(files, "os", fault)
        patch.setattr(files, "open", fault.open_file, raising=False)
        patch.setattr(Path, "unlink", lambda p, missing_ok=False: fault.strike(
            "unlink", lambda: os.unlink(p) if p.exists() or not missing_ok else None))
        if fault.harm == "kill":
            child = os.fork()
            if child == 0:
                try:
                    checkpoint.save(path, game)
                finally:
                    os._exit(0)
            return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        try:
            checkpoint.save(path, game)
        except OSError as error:
            return error.errno != errno.ENOSPC
        return True


@posix
@pytest.mark.parametrize("harm", ["fail", "short write", "kill"])
def test_at_every_call_a_good_checkpoint_survives(harm, tmp_path):
    game, path = new_game(), tmp_path / "c.npz"
    states = []
    for step in (0, 2):
        checkpoint.save(path, train(game, step))
        states.append(restored(path))
    before = {p.name: p.read_bytes() for p in tmp_path.iterdir()}
    train(game, 4)
    count = Fault(-1, "fail")
    assert saved_under(count, path, game)
    assert same(game, restored(path))
    assert count.calls.count("write") > 10
    assert [c for c in count.calls if c != "write"] == ["unlink", "open", "fsync", "unlink", "link", "replace",
                                                           "unlink", "fsync"]
    for at in range(len(count.calls)):
        for p in tmp_path.iterdir():
            p.unlink()
        for name, content in before.items():
            (tmp_path / name).write_bytes(content)
        well = saved_under(Fault(at, harm), path, game)
        spared = count.calls[at] == "link" or at == len(count.calls) - 1  # it is renamed; folders cannot be synced
        assert well == (spared and harm != "kill")
        kept = restored(path)
        assert kept.step == 4 if well else kept.step in (2, 4)
        assert same(kept, game if kept.step == 4 else states[1])
        if harm != "kill":
            assert not (tmp_path / "c.npz.part").exists() or count.calls[at] == "unlink"
        checkpoint.save(path, game)  # the files left behind do no harm
        assert same(game, restored(path))
        assert not (tmp_path / "c.npz.part").exists()


# Reading files of others

@pytest.fixture(scope="module")
def good(tmp_path_factory):
    """A good checkpoint of `new_game`, at step 2."""
    path = tmp_path_factory.mktemp("good") / "c.npz"
    checkpoint.save(path, train(new_game(), 2), {"recipe": "x", "steps": 5})
    return path


def test_every_cut_and_every_flipped_bit_is_seen(good, tmp_path):
    content, path, rng = good.read_bytes(), tmp_path / "c.npz", np.random.default_rng(0)
    kept = restored(good)
    for n in rng.integers(0, len(content), 60).tolist() + list(range(60)):
        path.write_bytes(content[:n])
        with pytest.raises(CheckpointError, match=r"^[^\n]*c\.npz: the checkpoint is damaged [^\n]*$"):
            restored(path)
    seen = 0
    for i in rng.integers(0, len(content), 400).tolist():
        path.write_bytes(content[:i] + bytes([content[i] ^ 1 << int(rng.integers(8))]) + content[i + 1:])
        try:
            assert same(kept, restored(path))  # a bit that means nothing, such as the time of a member
        except CheckpointError as error:
            seen += "\n" not in str(error)
    assert seen > 250


def test_the_one_before_is_offered(tmp_path):
    path, game = tmp_path / "c.npz", new_game()
    checkpoint.save(path, game)
    checkpoint.save(path, train(game, 2))
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(CheckpointError, match=r"damaged .*; the one before, of step 0, is good: to use it, rename "
                                              r".*c\.previous\.npz to c\.npz$"):
        restored(path)
    checkpoint.previous(path).rename(path)
    assert restored(path).step == 0
    files.aside(path).write_bytes(b"damaged")  # newer content, while another program held the file open
    checkpoint.save(checkpoint.previous(path), game)
    with pytest.raises(CheckpointError, match=r"is good: to use it, rename .*c\.previous\.npz to c\.new\.npz$"):
        restored(path)


def bomb(shape, compressed=False):
    """A checkpoint that claims an array of some shape and holds nothing, or data a million times its size on disk."""
    file, content = io.BytesIO(), io.BytesIO()
    np.lib.format.write_array_header_1_0(content, {"shape": shape, "fortran_order": False, "descr": "<f8"})
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED if compressed else zipfile.ZIP_STORED) as archive:
        archive.writestr("generator/0.weight.npy", content.getvalue() + bytes(8 * shape[0] if compressed else 0))
    return file.getvalue()


@pytest.mark.parametrize("content", [bomb((2**40,)), bomb((2**62, 2**62)), bomb((2**21,), True), bomb((-1, 2**70)),
                                     b"", b"PK\3\4", b"\x93NUMPY", b"\x80\x04cos\nsystem\n", bytes(100)],
                         ids=range(9))  # the contents hold the time
def test_bombs_take_no_memory(content, tmp_path):
    import tracemalloc
    path = tmp_path / "c.npz"
    path.write_bytes(content)
    tracemalloc.start()
    try:
        with pytest.raises(CheckpointError, match="damaged"):
            checkpoint.read(path)
        assert tracemalloc.get_traced_memory()[1] < 4e6
    finally:
        tracemalloc.stop()


def test_nothing_in_a_checkpoint_is_run(tmp_path):
    class Evil:
        def __reduce__(self):
            return Path.touch, (tmp_path / "run",)
    path = tmp_path / "c.npz"
    np.savez(path, facts=np.array([Evil()], object))
    with pytest.raises(CheckpointError, match="damaged"):
        checkpoint.read(path)
    assert not (tmp_path / "run").exists()
    assert "pickle" not in Path(checkpoint.__file__).read_text().partition('"""\n')[2]


def forged(path, change):
    """The checkpoint with its facts and arrays changed, and the checksum made right again."""
    with np.load(path) as file:
        arrays = dict(file)
    facts = json.loads(arrays.pop("facts").tobytes())
    del arrays["sha256"]
    change(facts, arrays)
    arrays["facts"] = np.frombuffer(json.dumps(facts).encode(), np.uint8)
    arrays["sha256"] = checkpoint._digest(arrays)
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def test_a_wrong_checksum_is_refused(good, tmp_path):
    with np.load(good) as file:
        arrays = dict(file)
    arrays["generator/0.bias"] = arrays["generator/0.bias"] + 1
    np.savez(tmp_path / "c.npz", **arrays)
    with pytest.raises(CheckpointError, match=r"c\.npz: the checkpoint is damaged \(its checksum is wrong\)$"):
        checkpoint.read(tmp_path / "c.npz")


@pytest.mark.parametrize(("change", "message"), [
    (lambda f, a: f.update(format=1), r"checkpoint format 1, this version reads 2"),
    (lambda f, a: f.update(format=[]), r"checkpoint format \[\], this"),
    (lambda f, a: f.update(version="9", rngs=[]), r"of step 2, with 0 random generators \(written by tinygan '9'\)"),
    (lambda f, a: f.update(step=-1), "of step -1"),
    (lambda f, a: f.update(step=1.5), "of step 1.5"),
    (lambda f, a: f.update(rngs=[{}, {}]), "not a checkpoint of this game"),
    (lambda f, a: f.pop("rngs"), "not a checkpoint of this game"),
    (lambda f, a: a.pop("generator/0.bias"), "0.bias is missing"),
    (lambda f, a: a.update({"generator/9.bias": np.zeros(2)}), "9.bias is unknown to the network"),
    (lambda f, a: a.update({"discriminator/0.bias": np.zeros(9)}), r"0.bias has shape \(9,\), expected \(6,\)"),
    (lambda f, a: a.update({"optimiser0/m": np.zeros(3)}), r"m has shape \(3,\), expected \(25,\)"),
    (lambda f, a: a.update({"optimiser0/t": np.zeros(3)}), r"t has shape \(3,\), expected \(\)"),
    (lambda f, a: a.pop("optimiser1/v"), "Adam: it holds m, t, expected m, v, t"),
    (lambda f, a: a.update({"average/theta": np.array(0.0)}), r"theta has shape \(\), expected \(44,\)"),
    (lambda f, a: a.update({"average/buffers": np.zeros(3)}), r"buffers has shape \(3,\), expected \(12,\)"),
    (lambda f, a: a.pop("average/theta"), "Average: it holds buffers, expected theta, buffers"),
    (lambda f, a: a.update({"history/d_value": np.zeros(5)}), "the columns of its history differ in length"),
    (lambda f, a: a.pop("history/step"), "not a checkpoint of this game"),
])
def test_a_forged_checkpoint_is_refused(good, change, message, tmp_path):
    path = tmp_path / "c.npz"
    path.write_bytes(forged(good, change))
    with pytest.raises(CheckpointError, match=f"^[^\n]*{message}[^\n]*$"):
        restored(path)


def test_a_checkpoint_without_averaged_buffers_starts_them_at_the_present_ones(good, tmp_path):
    path = tmp_path / "c.npz"
    path.write_bytes(forged(good, lambda f, a: a.pop("average/buffers")))
    game = restored(path)
    np.testing.assert_array_equal(game.average.buffers, np.concatenate(
        [game.generator[1].running_mean, game.generator[1].running_var]))
    before = game.average.buffers.copy()
    train(game, 3)
    assert np.abs(game.average.buffers - before).max() > 0


def test_numbers_that_are_none_are_refused(good, tmp_path):
    path = tmp_path / "c.npz"
    for value in (np.full(6, np.nan, np.float32), np.full(6, "a"), np.zeros(6, complex)):
        path.write_bytes(forged(good, lambda f, a, value=value: a.update({"generator/0.bias": value})))
        with pytest.raises(CheckpointError, match=r"no finite number|expected numbers"):
            restored(path)


def test_another_architecture_and_another_config_are_named(good):
    with pytest.raises(CheckpointError, match=r"0.weight has shape \(2, 6\), expected \(2, 7\)"):
        restored(good, width=7)
    with pytest.raises(CheckpointError, match="it was made with recipe x, not y"):
        checkpoint.load(good, new_game(), {"recipe": "y"})
    checkpoint.load(good, new_game(), {"recipe": "x", "steps": 7})


nonsense = st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
                        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner,
                                                                                    max_size=3), max_leaves=6)


@settings(max_examples=80)
@given(data=st.data())
def test_a_forged_checkpoint_loads_or_is_refused_in_one_line(good, tmp_path_factory, data):
    def change(facts, arrays):
        if data.draw(st.booleans()):
            facts[data.draw(st.sampled_from(sorted(facts)))] = data.draw(nonsense)
        else:
            shape = tuple(data.draw(st.lists(st.integers(0, 40), max_size=2)))
            kind = data.draw(st.sampled_from(["f8", "i4", "u1", "?", "U2", "c8", "M8[s]"]))
            arrays[data.draw(st.sampled_from(sorted(arrays)))] = np.zeros(shape, kind)
    path = tmp_path_factory.mktemp("forged") / "c.npz"
    path.write_bytes(forged(good, change))
    game = new_game()
    message = ""
    try:
        checkpoint.load(path, game)
        train(game, game.step + 1 if game.step < 2**40 else game.step)
    except CheckpointError as error:
        message = str(error)
    assert "\n" not in message
