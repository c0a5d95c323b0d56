"""A folder of pictures, whatever lies in it: squares to learn from, and everything else named with a reason."""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import shutil
import socket
import stat
import struct
import threading
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from garage_tui.core.base.errors import BadInputError
from garage_tui.core.images import image_folder, image_set

WHITE, PAPER, RED = (255, 255, 255), (240, 236, 228), (200, 30, 40)


def noise(number: int, size: tuple[int, int] = (48, 40)) -> Image.Image:
    """A picture like no other."""
    return Image.fromarray(np.random.default_rng(number).integers(0, 256, (size[1], size[0], 3), np.uint8))


def framed(size: tuple[int, int], inner: tuple[int, int, int, int]) -> Image.Image:
    """A red rectangle on paper."""
    image = Image.new("RGB", size, PAPER)
    image.paste(RED, inner)
    return image


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of twelve pictures."""
    folder = tmp_path / "mine"
    folder.mkdir()
    for number in range(12):
        noise(number).save(folder / f"{number:02}.png")
    return folder


def load(folder: Path, size: int = 32, fit: str = "crop", **options: object) -> image_set.ImageSet:
    return image_folder.load(folder, size, fit, **options)


def together(found: image_set.ImageSet) -> set[bytes]:
    return {image.tobytes() for image in (*found.train, *found.held_out)}


def square(tmp_path: Path, image: Image.Image, name: str = "one.png", size: int = 32, fit: str = "crop", **options):
    """The square that a picture becomes: it is saved with eleven others, and the one that they are not is returned."""
    folder = tmp_path / f"{name}-{fit}"
    folder.mkdir()
    for number in range(11):
        noise(number, (64, 64)).save(folder / f"{number}.png")
    before = together(load(folder, size, fit))
    image.save(folder / name, **options)
    found = load(folder, size, fit)
    assert not found.left_out
    (new,) = together(found) - before
    return np.frombuffer(new, np.uint8).reshape(size, size, 3)


def reasons(found: image_set.ImageSet) -> dict[str, str]:
    return {out.name: f"{out.why}: {out.reason}" for out in found.left_out}


class TestSquares:
    def test_a_crop_is_the_middle_of_the_picture(self, tmp_path: Path) -> None:
        wide = framed((300, 100), (100, 0, 200, 100))
        assert abs(square(tmp_path, wide, "wide.png")[:, 4:-4].astype(int) - RED).max() < 4
        high = framed((100, 300), (0, 100, 100, 200))
        assert abs(square(tmp_path, high, "high.png")[4:-4].astype(int) - RED).max() < 4

    def test_fitted_it_is_whole_and_its_paper_goes_on(self, tmp_path: Path) -> None:
        wide = square(tmp_path, framed((128, 64), (0, 16, 128, 48)), "wide.png", fit="fit")
        assert abs(wide[:9].astype(int) - PAPER).max() < 4 and abs(wide[-9:].astype(int) - PAPER).max() < 4
        assert abs(wide[14:18].astype(int) - RED).max() < 4
        high = square(tmp_path, framed((64, 128), (16, 0, 48, 128)), "high.png", fit="fit")
        assert np.array_equal(high, wide.swapaxes(0, 1))

    def test_a_photograph_stands_upright(self, tmp_path: Path) -> None:
        exif = Image.Exif()
        exif[0x0112] = 6  # turned by a quarter
        image = framed((200, 100), (0, 0, 100, 100))  # its left half is red: upright, that is the upper one
        found = square(tmp_path, image, "turned.jpg", fit="fit", exif=exif, quality=95)
        middle = found[:, 12:20].astype(int)
        assert abs(middle[:14] - RED).max() < 8
        assert abs(middle[18:] - PAPER).max() < 8

    @pytest.mark.parametrize(
        ("name", "mode", "colour", "seen", "options"),
        [
            ("grey.png", "L", 128, (128,) * 3, {}),
            ("sixteen.png", "I;16", 32768, (128,) * 3, {}),
            ("printed.jpg", "CMYK", (0, 255, 255, 0), (254, 0, 0), {"quality": 100}),
            ("clear.webp", "RGBA", (0, 0, 0, 0), WHITE, {"lossless": True}),
            ("half.png", "RGBA", (0, 0, 0, 128), (127,) * 3, {}),
            ("two.png", "1", 1, WHITE, {}),
        ],
    )
    def test_of_every_kind_it_has_the_colours_that_people_see(self, tmp_path, name, mode, colour, seen, options):
        found = square(tmp_path, Image.new(mode, (50, 40), colour), name, **options)
        assert abs(found.astype(int) - seen).max() <= 2

    def test_what_a_palette_leaves_out_is_white(self, tmp_path: Path) -> None:
        image = framed((64, 64), (16, 16, 48, 48)).quantize(2)
        found = square(tmp_path, image, "palette.png", transparency=image.getpixel((0, 0)))
        assert (found[:4] == WHITE).all()
        assert abs(found[12:20, 12:20].astype(int) - RED).max() < 6

    @pytest.mark.parametrize("kind", ["webp", "png", "gif"])
    def test_of_an_animation_it_is_the_first_picture(self, tmp_path: Path, kind: str) -> None:
        others = [Image.new("RGB", (64, 64), (0, 255, 0)) for _ in range(3)]
        options = {"lossless": True} if kind == "webp" else {}
        image = Image.new("RGB", (64, 64), RED)
        found = square(tmp_path, image, f"moves.{kind}", save_all=True, append_images=others, **options)
        assert abs(found.astype(int) - RED).max() < 6

    def test_a_profile_of_other_colours_is_heeded(self, tmp_path: Path) -> None:
        swapped = ImageCms.ImageCmsProfile(io.BytesIO(profile_with_red_and_green_swapped()))
        found = square(tmp_path, Image.new("RGB", (64, 64), (0, 250, 0)), "swapped.png", icc_profile=swapped.tobytes())
        assert found[0, 0, 0] > 200 and found[0, 0, 1] < 60
        nonsense = square(tmp_path, Image.new("RGB", (64, 64), (0, 250, 0)), "nonsense.png", icc_profile=b"nonsense")
        assert (nonsense == (0, 250, 0)).all()

    def test_a_large_photograph_is_reduced_without_moire(self, tmp_path: Path) -> None:
        stripes = np.zeros((1600, 1600, 3), np.uint8)
        stripes[::2] = 255
        for name in ("stripes.png", "stripes.jpg"):
            found = square(tmp_path, Image.fromarray(stripes), name)
            assert abs(found.astype(int) - 127.5).max() < 4

    def test_a_large_one_is_the_same_as_a_small_one_of_it(self, tmp_path: Path) -> None:
        small = framed((300, 300), (100, 100, 200, 200)).convert("RGBA")
        small.putpixel((0, 0), (0, 0, 0, 0))
        large = small.resize((3000, 3000), Image.Resampling.NEAREST)
        one, other = square(tmp_path, small, "small.png"), square(tmp_path, large, "large.png")
        assert abs(one.astype(int) - other).max() < 16  # at the edges, where one is sharper
        assert abs(one.astype(int) - other).mean() < 0.5


def profile_with_red_and_green_swapped() -> bytes:
    """sRGB's own profile, its columns of red and green exchanged."""
    data = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    for at in range(132, 132 + 12 * struct.unpack_from(">I", data, 128)[0], 12):
        name = bytes(data[at : at + 4])
        data[at : at + 4] = {b"rXYZ": b"gXYZ", b"gXYZ": b"rXYZ"}.get(name, name)
    return bytes(data).replace("sRGB".encode("utf-16-be"), "none".encode("utf-16-be"))


class TestLeftOut:
    def test_everything_that_cannot_be_used_is_named_with_a_reason(self, folder: Path) -> None:
        whole = io.BytesIO()
        noise(50, (200, 200)).save(whole, "JPEG")
        (folder / "cut.jpg").write_bytes(whole.getvalue()[: len(whole.getvalue()) // 2])
        (folder / "letter.jpg").write_text("Dear Sir or Madam")
        (folder / "nothing.png").touch()
        Image.new("RGB", (1, 1)).save(folder / "dot.png")
        noise(51, (40, 15)).save(folder / "low.png")
        (folder / "bomb.png").write_bytes(bomb(60_000))
        shutil.copy(folder / "03.png", folder / "copy.png")
        os.mkfifo(folder / "pipe.jpg")
        found = load(folder)
        assert len(found.train) + len(found.held_out) == 12
        named = reasons(found)
        assert named.pop("cut.jpg").startswith("damaged: is damaged: image file is truncated")
        assert named == {
            "letter.jpg": "no picture: is not a picture that can be used: only PNG, JPEG, GIF, WEBP, BMP, PPM",
            "nothing.png": "no picture: is empty",
            "dot.png": "too small: is too small: 1 × 1 pixels, and its shorter side has to be 16 at least",
            "low.png": "too small: is too small: 40 × 15 pixels, and its shorter side has to be 16 at least",
            "bomb.png": "too large: is too large to be used: more than 64 million pixels",
            "copy.png": "duplicate: is the same picture as 03.png",
            "pipe.jpg": "no picture: is a pipe, a socket or a device",
        }

    def test_a_panorama_has_a_middle_and_is_too_thin_to_be_whole(self, folder: Path) -> None:
        noise(60, (5000, 40)).save(folder / "panorama.png")
        assert not load(folder, 64).left_out
        words = "too thin: is too thin to be fitted as a whole: 5000 × 40 pixels, more than 8 times as long as wide"
        assert reasons(load(folder, 64, "fit")) == {"panorama.png": words}

    def test_the_same_picture_in_another_file_is_a_duplicate(self, folder: Path) -> None:
        noise(3).save(folder / "again.png", compress_level=0)
        assert reasons(load(folder)) == {"again.png": "duplicate: is the same picture as 03.png"}

    def test_hidden_files_are_passed_over(self, folder: Path) -> None:
        (folder / ".git").mkdir()
        noise(70).save(folder / ".git" / "thumbnail.png")
        (folder / "._00.png").write_bytes(b"what another system leaves behind")
        found = load(folder)
        assert len(found.train) + len(found.held_out) == 12 and not found.left_out

    def test_no_link_leads_in_circles_or_out_of_the_folder(self, folder: Path) -> None:
        noise(80).save(folder.parent / "outside.png")
        (folder / "up").symlink_to(folder.parent)
        (folder / "here").symlink_to(".")
        (folder / "out.png").symlink_to(folder.parent / "outside.png")
        (folder / "gone.png").symlink_to("nowhere.png")
        (folder / "itself.png").symlink_to("itself.png")
        (folder / "zero.png").symlink_to("/dev/zero")
        (folder / "03 too.png").symlink_to("03.png")
        assert reasons(load(folder)) == {
            "up": "link: is a link to a folder; such links are not followed",
            "here": "link: is a link to a folder; such links are not followed",
            "out.png": "link: is a link that leads out of the folder",
            "zero.png": "link: is a link that leads out of the folder",
            "gone.png": "unreadable: cannot be read: No such file or directory",
            "itself.png": "unreadable: cannot be read: Too many levels of symbolic links",
            "03.png": "duplicate: is the same picture as 03 too.png",
        }

    def test_pipes_sockets_devices_and_the_kernels_files_are_no_pictures_and_are_not_waited_for(
        self, tmp_path: Path
    ) -> None:
        with pytest.raises(BadInputError, match="has no usable pictures"):
            load(Path("/proc/self"))
        folder = tmp_path / "odd"
        folder.mkdir()
        os.mkfifo(folder / "pipe.png")
        with contextlib.suppress(PermissionError):  # only root may make a device
            os.mknod(folder / "zero.png", 0o600 | stat.S_IFCHR, os.makedev(1, 5))
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(os.path.relpath(folder / "socket.png"))  # the path of a socket has 107 bytes at most
            with pytest.raises(BadInputError, match="has no usable pictures"):
                load(folder)

    def test_names_are_one_clean_line(self, folder: Path) -> None:
        for name in (b"a\x1b]0;gotcha\x07\nb.png", b"caf\xe9.png", b"\x07"):
            (folder / os.fsdecode(name)).write_text("no picture")
        names = [out.name for out in load(folder).left_out]
        assert sorted(names) == ["a b.png", "caf⟨0xE9⟩.png", "␇"]

    def test_a_file_that_goes_while_it_is_looked_at_is_named(self, folder: Path) -> None:
        def progress(done: int, total: int) -> None:
            for late in range(9, 12):
                (folder / f"{late:02}.png").unlink(missing_ok=True)

        noise(90, (4000, 3000)).save(folder / "00 slow.png")
        found = load(folder, progress=progress)
        assert {out.reason for out in found.left_out} <= {"is not there"}


def bomb(size: int) -> bytes:
    """A PNG that says that it is so wide and high, and has next to nothing in it."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", size, size, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", b"") + chunk(b"IEND", b"")


class TestHeldOut:
    def test_about_one_in_ten_is_held_out_and_none_is_both(self, tmp_path: Path) -> None:
        for number in range(300):
            noise(number, (8, 8)).save(tmp_path / f"{number}.bmp")
        found = load(tmp_path, 8)
        assert len(found.train) + len(found.held_out) == 300 == len(together(found))
        assert 18 <= len(found.held_out) <= 42

    def test_the_same_ones_are_held_out_at_every_size_wherever_they_lie(self, tmp_path: Path) -> None:
        one, other = tmp_path / "one", tmp_path / "other"
        one.mkdir()
        for number in range(40):
            noise(number).save(one / f"{number:02}.bmp")
        shutil.copytree(one, other / "deep" / "er")
        (other / "deep" / "er" / "05.bmp").rename(other / "first.bmp")
        noise(100).save(other / "another.bmp")
        for size in (16, 64):
            for fit in ("crop", "fit"):
                held = {image.tobytes() for image in load(one, size, fit).held_out}
                assert len(held) == 7
                assert held == {image.tobytes() for image in load(other, size, fit).held_out}

    def test_another_picture_moves_none_of_the_others(self) -> None:
        digests = [hashlib.sha256(str(number).encode()).digest() for number in range(1000)]
        held, train = image_set.split(digests[:900])
        more, _ = image_set.split(digests)
        assert set(held) == {at for at in more if at < 900}
        assert sorted(held + train) == list(range(900))

    def test_it_is_never_less_than_one_and_never_more_than_128(self) -> None:
        high = [b"\xff" + bytes([number]) * 31 for number in range(10)]
        assert image_set.split(high)[0] == [0]
        many = [hashlib.sha256(str(number).encode()).digest() for number in range(5000)]
        held, train = image_set.split(many)
        assert (len(held), len(train)) == (128, 4872)
        assert max(many[at] for at in held) < min(many[at] for at in train)

    def test_fewer_to_learn_from_are_some_of_those(self, folder: Path) -> None:
        everything, some = load(folder), load(folder, count=4)
        assert len(some.train) == 4
        assert np.array_equal(some.held_out, everything.held_out)
        assert {image.tobytes() for image in some.train} < {image.tobytes() for image in everything.train}


class TestFolder:
    def test_pictures_come_in_the_order_of_their_paths_and_twice_the_same(self, folder: Path) -> None:
        (folder / "00a").mkdir()
        noise(200).save(folder / "00a" / "deep.jpg")
        found, again = load(folder), load(folder)
        assert np.array_equal(found.train, again.train) and np.array_equal(found.held_out, again.held_out)
        names = [source.name for source in image_folder.find(folder)[0]]
        assert names == ["00.png", "00a/deep.jpg", *(f"{number:02}.png" for number in range(1, 12))]

    def test_too_few_are_an_error_that_says_what_was_left_out(self, folder: Path) -> None:
        for number in range(4):
            (folder / f"{number:02}.png").write_text("no picture")
        with pytest.raises(BadInputError) as raised:
            load(folder)
        assert str(raised.value) == (
            f"{folder} has 8 usable pictures, but at least 10 are needed; left out: 4 not pictures "
            "(00.png is not a picture that can be used: only PNG, JPEG, GIF, WEBP, BMP, PPM)"
        )

    def test_an_empty_folder_and_none_at_all_are_errors_in_words(self, tmp_path: Path) -> None:
        with pytest.raises(BadInputError, match=r"has no usable pictures, but at least 10 are needed$"):
            load(tmp_path)
        with pytest.raises(BadInputError, match=r"^there is no folder .*/none$"):
            load(tmp_path / "none")

    def test_what_no_memory_holds_is_refused_before_it_is_read(self, folder: Path) -> None:
        with pytest.raises(BadInputError, match="7 px: pictures to learn from are 8 to 1024 px"):
            load(folder, 7)
        with pytest.raises(BadInputError, match=r"700 pictures at 1024 px take 2\.2 GB of memory, more than 2"):
            image_set.check_size(1024, 700, "here")

    def test_a_folder_of_everything_is_the_wrong_one(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(image_folder, "MAX_FILES", 11)
        with pytest.raises(BadInputError, match="more than 11 files: name a folder that holds only the pictures"):
            load(folder)

    def test_it_says_how_far_it_is_and_can_be_broken_off(self, folder: Path) -> None:
        said: list[tuple[int, int]] = []
        load(folder, progress=lambda done, total: said.append((done, total)))
        assert said == [(number, 12) for number in range(1, 13)]

        def stop(done: int, total: int) -> None:
            raise KeyboardInterrupt

        before = threading.active_count()
        with pytest.raises(KeyboardInterrupt):
            load(folder, progress=stop)
        assert threading.active_count() == before
