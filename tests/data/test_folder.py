"""tinygan.data: folders of the user's own images, all made here with Pillow."""
import inspect
import os
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
from helpers import fails, one_line, rng
from hypothesis import given, settings
from hypothesis import strategies as st
from pictures import flat, level, png_header, save
from PIL import EpsImagePlugin, Image

from tinygan.data import DataError, class_names, folder, load

# Folders of images

@settings(max_examples=15)
@given(sizes=st.lists(st.tuples(st.integers(1, 40), st.integers(1, 40)), min_size=1, max_size=4),
       size=st.integers(1, 40), grey=st.booleans())
def test_folder_of_any_sizes(tmp_path_factory, sizes, size, grey):
    root = tmp_path_factory.mktemp("images")
    for i, (height, width) in enumerate(sizes):
        save(root / f"{i}.png", flat(40 * i if grey else (40 * i, 10, 200), height, width))
    images = load(root, size=size)
    assert images.x.shape == (len(sizes), size, size, 1 if grey else 3)
    assert images.x.dtype == np.float32
    assert images.labels is None
    assert [level(images, i)[0] for i in range(len(sizes))] == [40 * i for i in range(len(sizes))]


def test_folder_default_size_and_names(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    save(tmp_path / "pictures/a.png", flat(7))
    for name in ("pictures", "./pictures", "~/pictures", tmp_path / "pictures"):
        assert load(name).x.shape == (1, 32, 32, 1)


def test_names_come_before_folders(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    save(tmp_path / "digits/a.png", flat(7))
    with pytest.warns(UserWarning, match=r"^data 'digits' is the set of this name; for the folder write \./digits$"):
        assert len(load("digits", held_out=True).x) == 2000
    assert len(load("./digits").x) == len(load(Path("digits")).x) == 1


def test_folder_crops_the_middle(tmp_path):
    wide = np.zeros((8, 24), np.uint8)
    wide[:, 8:16] = 255
    save(tmp_path / "a.png", wide)
    save(tmp_path / "b.png", wide.T)
    x = load(tmp_path, size=8).x
    assert (x == 1).all()


def test_folder_keeps_pixels_where_nothing_is_resized(tmp_path):
    raw = rng().integers(0, 256, (8, 8, 3), np.uint8)
    save(tmp_path / "a.png", raw)
    np.testing.assert_allclose(load(tmp_path, size=8).x[0], raw / 127.5 - 1, atol=1e-7)


def test_folder_classes(tmp_path):
    for name, grey in [("cats/1.png", 10), ("cats/deeper/0.png", 20), ("ants/2.png", 30), ("dogs/1.png", 40)]:
        save(tmp_path / name, flat(grey))
    (tmp_path / "bees").mkdir()   # without an image: no class
    save(tmp_path / ".git/0.png", flat(50))
    save(tmp_path / "__MACOSX/0.png", flat(50))
    (tmp_path / ".DS_Store").write_bytes(b"hidden")
    (tmp_path / "cats/.DS_Store").write_bytes(b"hidden")
    images = load(tmp_path)
    assert [level(images, i)[0] for i in range(4)] == [30, 10, 20, 40]
    assert images.labels.tolist() == [0, 1, 1, 2]
    assert images.labels.dtype == np.int64


def test_folder_with_loose_images_beside_classes(tmp_path):
    save(tmp_path / "a/1.png", flat(10))
    save(tmp_path / "loose.png", flat(20))
    with pytest.warns(UserWarning, match=r"skipped 1 of \d files \(1 outside the class folders\)"):
        images = load(tmp_path)
    assert images.labels.tolist() == [0]


def test_folder_with_an_empty_subfolder_has_no_classes(tmp_path):
    save(tmp_path / "1.png", flat(10))
    (tmp_path / "empty").mkdir()
    assert load(tmp_path).labels is None
    (tmp_path / "empty/notes.txt").write_text("still no image")
    with pytest.warns(UserWarning, match=r"skipped 1 of \d files \(1 not readable as images\)"):
        images = load(tmp_path)
    assert images.labels is None
    assert len(images.x) == 1


def test_linked_folders_are_read_once_a_class(tmp_path):
    save(tmp_path / "set/a/1.png", flat(10))
    save(tmp_path / "set/b/2.png", flat(20))
    save(tmp_path / "else/3.png", flat(30))
    (tmp_path / "set/a/linked").symlink_to(tmp_path / "else")
    (tmp_path / "set/a/linked twice").symlink_to(tmp_path / "else")
    (tmp_path / "else/back").symlink_to(tmp_path / "set/a")   # loops: to a class that is being read, to a parent
    (tmp_path / "set/a/up").symlink_to(tmp_path / "set")
    (tmp_path / "set/all").symlink_to(tmp_path / "set")
    (tmp_path / "set/c").symlink_to(tmp_path / "else")   # a linked class, which leads back to a
    images = load(tmp_path / "set")
    assert [level(images, i)[0] for i in range(len(images.x))] == [10, 30, 20, 30, 10]
    assert images.labels.tolist() == [0, 0, 1, 2, 2]
    assert class_names(tmp_path / "set") == ["a", "b", "c"]


def test_broken_links_count_as_skipped(tmp_path):
    save(tmp_path / "a/1.png", flat(10))
    for link in ("gone", "a/gone.png"):
        (tmp_path / link).symlink_to(tmp_path / "nowhere")
    with pytest.warns(UserWarning, match=r"skipped 2 of 3 files \(2 not readable as images\)"):
        assert load(tmp_path).labels.tolist() == [0]


def test_names_of_classes_are_in_the_order_of_the_labels(tmp_path):
    for grey, name in enumerate(("1", "10", "2", "B", "a")):   # as texts, capitals first, on every system
        save(tmp_path / name / "x.png", flat(grey))
    (tmp_path / "0").mkdir()
    (tmp_path / "0/notes.txt").write_text("no image")
    with pytest.warns(UserWarning, match="skipped 1 of 6 files"):
        images = load(tmp_path)
    assert [level(images, i)[0] for i in range(5)] == images.labels.tolist() == [0, 1, 2, 3, 4]
    assert class_names(tmp_path) == class_names(f"{tmp_path}@8") == ["1", "10", "2", "B", "a"]
    assert class_names("digits") == class_names(tmp_path / "1") == []


def test_folder_skips_with_one_warning_that_counts(tmp_path):
    save(tmp_path / "good.png", flat(10))
    (tmp_path / "notes.txt").write_text("no image")
    (tmp_path / "empty.png").write_bytes(b"")
    save(tmp_path / "cut.png", rng().integers(0, 256, (64, 64, 3), np.uint8))
    (tmp_path / "cut.png").write_bytes((tmp_path / "cut.png").read_bytes()[:3000])
    with pytest.warns(UserWarning, match=r"skipped 3 of \d files \(3 not readable as images\)") as caught:
        images = load(tmp_path)
    assert len(caught) == 1
    assert caught[0].filename == __file__
    assert str(tmp_path) in one_line(caught)
    assert len(images.x) == 1


def test_folder_starts_no_other_program(tmp_path, monkeypatch):
    started = []
    monkeypatch.setattr(EpsImagePlugin, "Ghostscript", lambda *a, **k: started.append(a) or Image.new("L", (8, 8)).im)
    path = tmp_path / "picture.png"
    path.write_text("%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 8 8\n%%EndComments\nshowpage\n")
    with Image.open(path) as image:
        image.load()
    assert len(started) == 1   # Pillow would
    with pytest.raises(DataError, match="1 not readable as images"):
        load(tmp_path)
    assert len(started) == 1


def test_folder_skips_very_large_images(tmp_path, monkeypatch):
    save(tmp_path / "good.png", flat(10))
    for i, side in enumerate([8193, 10_000, 50_000]):   # over our limit; over Pillow's first, its second
        (tmp_path / f"bomb{i}.png").write_bytes(png_header(side, side))
    with pytest.warns(UserWarning, match=r"skipped 3 of \d files \(3 too large\)") as caught:
        images = load(tmp_path)
    assert len(caught) == 1
    assert len(images.x) == 1
    assert folder.LARGEST == 8192 ** 2


def test_large_jpeg_decodes_small(tmp_path, monkeypatch):
    monkeypatch.setattr(folder, "LARGEST", 100 * 150)
    for ending in ("jpg", "png"):
        save(tmp_path / f"a.{ending}", flat((200, 100, 50), 600, 900))
    with pytest.warns(UserWarning, match=r"skipped 1 of \d files \(1 too large\)"):
        images = load(tmp_path, size=16)
    assert np.abs(np.array(level(images)) - [200, 100, 50]).max() <= 2


def test_jpeg_keeps_its_detail(tmp_path):
    save(tmp_path / "a.jpg", np.tile(np.repeat(np.array([0, 255], np.uint8), 8), (256, 16)))   # stripes, 8 pixels wide
    x = load(tmp_path, size=64).x[0, ..., 0]
    np.testing.assert_allclose(np.sign(x[0]), np.tile([-1, -1, 1, 1], 16))
    assert abs(x).mean() > 0.8


def test_folder_becomes_what_the_majority_is(tmp_path):
    save(tmp_path / "1.png", flat(100))
    save(tmp_path / "2.png", flat((255, 0, 0)))
    images = load(tmp_path)   # as many grey as coloured: nothing is lost
    assert [level(images, i) for i in (0, 1)] == [[100, 100, 100], [255, 0, 0]]
    save(tmp_path / "3.png", flat(200))
    images = load(tmp_path)
    assert [level(images, i) for i in range(3)] == [[100], [76], [200]]   # 0.299 * 255


@pytest.mark.parametrize(("make", "message"), [
    (lambda root: None, "expected images, found no file"),
    (lambda root: (root / "empty").mkdir(), "expected images, found no file"),
    (lambda root: (root / "a.txt").write_text("a"), "expected images, found files: 1 not readable as images"),
])
def test_folder_without_images(tmp_path, make, message):
    make(tmp_path)
    with pytest.raises(DataError) as caught:
        load(tmp_path)
    assert one_line(caught) == f"folder {str(tmp_path)!r}: {message}"


def test_folder_mistakes(tmp_path, monkeypatch):
    save(tmp_path / "a.png", flat(1))
    with pytest.raises(DataError, match=r"a.png' is a file, expected a folder of images"):
        load(tmp_path / "a.png")
    with pytest.raises(DataError, match="a folder has no held-out part"):
        load(tmp_path, held_out=True)

    def refuse(self):
        raise PermissionError(13, "Permission denied")
    monkeypatch.setattr(Path, "iterdir", refuse)
    with pytest.raises(DataError, match=r"cannot be read \(Permission denied\)"):
        load(tmp_path)


@pytest.mark.parametrize(("shape", "message"), [((1, 20_000), None), ((20_000, 3), None),
                                                ((20_000, 20_000), "1 too large")])
def test_folder_with_very_long_images(tmp_path, shape, message):
    path = tmp_path / "long.png"
    if message:
        path.write_bytes(png_header(*shape))
        with pytest.raises(DataError, match=message):
            load(tmp_path)
    else:
        save(path, flat(99, *shape))
        assert level(load(tmp_path)) == [99]


@settings(max_examples=40)
@given(data=st.data())
def test_damaged_images_are_counted_or_read(tmp_path_factory, data):
    root = tmp_path_factory.mktemp("images")
    save(root / "a.png", flat(1))
    ending = data.draw(st.sampled_from(["png", "gif", "jpg", "tif", "bmp", "ppm", "webp"]))
    save(root / f"b.{ending}", np.arange(192, dtype=np.uint8).reshape(8, 8, 3))
    content = bytearray((root / f"b.{ending}").read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    (root / f"b.{ending}").write_bytes(content[:data.draw(st.integers(0, len(content)))])
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        images = load(root, size=8)
    told = [str(w.message) for w in caught if issubclass(w.category, UserWarning)]
    assert len(images.x) + len(told) == 2
    assert all("skipped 1 of 2 files" in message for message in told)


def picture(path):
    Image.new("RGB", (9, 5), "lime").save(path, "PNG")


@pytest.mark.skipif(os.name != "posix", reason="what a folder can hold")
def test_a_folder_of_odd_things(tmp_path):
    """It counts broken links and files that are no images, skips other entries, takes any name, reads no device."""
    for name in ("a.png", "no ending", "line\nbreak.png", "dots...png", "é\U0001f600.png", os.fsdecode(b"\xff.png")):
        picture(tmp_path / name)
    os.mkfifo(tmp_path / "pipe.png")  # to open it would never return
    (tmp_path / "folder.png").mkdir()
    (tmp_path / "broken.png").symlink_to("nowhere")
    (tmp_path / "zero.png").symlink_to("/dev/zero")
    (tmp_path / "link.png").symlink_to("a.png")
    (tmp_path / "archive.zip").write_bytes(b"PK\x05\x06" + bytes(18))
    with pytest.warns(UserWarning, match=r"skipped 2 of 9 files \(2 not readable as images\)") as caught:
        images = load(tmp_path)
    assert len(caught) == 1
    one_line(caught)
    assert images.x.shape == (7, 32, 32, 3)
    assert images.labels is None


@pytest.mark.skipif(os.name != "posix", reason="what a folder can hold")
def test_a_folder_whose_name_is_odd(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    name = os.fsdecode(b"images \xff\n")
    (tmp_path / name).mkdir()
    (tmp_path / name / "notes.txt").write_text("no image")
    line = fails(capsys, "train", "digits", "--data", name, "--steps", "1", "--batch", "2")
    assert line.endswith("expected images, found files: 1 not readable as images")


@pytest.mark.skipif(os.name != "posix", reason="paths of any length")
@pytest.mark.parametrize("name", ["d", "a longer name"])
def test_a_folder_of_many_levels_is_read_as_far_as_paths_reach(name, tmp_path):
    place = os.open(tmp_path, os.O_RDONLY)
    for _ in range(400):
        os.mkdir(name, dir_fd=place)
        above, place = place, os.open(name, os.O_RDONLY, dir_fd=place)
        os.close(above)
    os.close(place)
    picture(tmp_path / name / "a.png")
    kept = sys.getrecursionlimit()
    sys.setrecursionlimit(len(inspect.stack(0)) + 250)  # pytest itself could not remove a folder of more levels
    try:
        if name == "d":
            assert len(load(tmp_path).x) == 1
        else:
            with pytest.raises(DataError, match=r"^[^\n]* cannot be read \(File name too long\)$"):
                load(tmp_path)
    finally:
        sys.setrecursionlimit(kept)


def test_a_folder_that_is_too_large_is_refused(tmp_path, monkeypatch):
    for name in ("a/1.png", "a/b/2.png", "c/3.png", "4.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        picture(tmp_path / name)
    monkeypatch.setattr(folder, "MOST_NUMBERS", 4 * 32 * 32 * 3 - 1)
    with pytest.raises(DataError, match="4 files of 32 x 32 pixels do not fit into the memory; use a smaller size"):
        load(tmp_path)
    monkeypatch.setattr(folder, "MOST_ENTRIES", 5)
    with pytest.raises(DataError, match=r": more than 5 files and folders$"):
        load(tmp_path)
