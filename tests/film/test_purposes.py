"""purposes: what --for makes of a film, and what it says of all that it cannot hold."""

import subprocess
from fractions import Fraction
from pathlib import Path

import pytest

from deoldify_lite.film.encoding import Encoding, encoder_options
from deoldify_lite.film.fit import fit_film
from deoldify_lite.film.probe import Film, probe_film
from deoldify_lite.film.purposes import PURPOSES
from helpers.films import colorize, info, luma_hashes, make, make_steps, noise, pattern, run, tone

SUBTITLES = "1\n00:00:00,000 --> 00:00:00,900\nHello\n"


def made_for(purpose: str, source: Path) -> tuple[Film, Path, list[str]]:
    """The result for a purpose, probed; its file, and what is said of it."""
    suffix = PURPOSES[purpose].suffix
    encoding = Encoding(purpose=purpose)
    _, fit = fit_film(probe_film(source), [source.with_name(f"out{suffix}")], encoding)
    out = source.with_name(f"out{suffix}")
    return colorize(source, out, encoding=encoding, cb=0.1, cr=-0.1), out, list(fit.losses)


def rich(path: Path, pix_fmt: str = "yuv420p") -> Path:
    """A film with sound, subtitles and a timecode."""
    text = path.with_name("s.srt")
    text.write_text(SUBTITLES)
    plain = make(path.with_name("plain.mkv"), *pattern(), *tone(), "-pix_fmt", pix_fmt, "-c:v", "ffv1")
    run(
        *("ffmpeg", "-v", "error", "-i", plain, "-i", text, "-map", "0", "-map", "1", "-c", "copy"),
        *("-c:a", "pcm_s16le", "-c:s", "ass", "-timecode", "01:00:00:00", "-metadata", "title=Home", path),
    )
    return path


def test_an_archive_keeps_everything(tmp_path: Path) -> None:
    source = rich(tmp_path / "in.mkv", "yuv422p10le")
    film, out, losses = made_for("archive", source)
    assert not losses and film.codec == "ffv1" and film.pix_fmt == "yuv422p10le"
    assert luma_hashes(out) == luma_hashes(source)
    assert [s.codec for s in film.streams] == ["pcm_s16le", "ass"] and film.timecode == "01:00:00:00"


def test_the_frames_of_an_archive_have_checksums(tmp_path: Path) -> None:
    """A byte that has turned is found, and by the decoder of any reader."""
    _, out, _ = made_for("archive", make(tmp_path / "in.mkv", *pattern(0.4), "-c:v", "ffv1"))
    assert not run("ffmpeg", "-v", "error", "-i", out, "-f", "null", "-")
    data = bytearray(out.read_bytes())
    data[len(data) // 2] ^= 0x10
    (tmp_path / "bad.mkv").write_bytes(data)
    arguments = ("ffmpeg", "-v", "error", "-i", tmp_path / "bad.mkv", "-f", "null", "-")
    said = subprocess.run([*map(str, arguments)], capture_output=True, text=True).stderr
    assert "CRC" in said or "checksum" in said.lower()


@pytest.mark.parametrize(
    ("pix_fmt", "profile", "kept"),
    [
        ("yuv420p", "HQ", "yuv422p10le"),
        ("yuv422p10le", "HQ", "yuv422p10le"),
        ("yuv444p", "4444", "yuv444p"),
        ("yuva444p10le", "4444", "yuva444p"),
    ],
)
def test_an_editor_gets_prores(tmp_path: Path, pix_fmt: str, profile: str, kept: str) -> None:
    film, out, _ = made_for("edit", rich(tmp_path / "in.mkv", pix_fmt))
    stream = info(out)["streams"][0]
    assert (stream["codec_name"], stream["profile"]) == ("prores", profile)
    assert film.pix_fmt.startswith(kept)
    assert film.timecode == "01:00:00:00" and film.colors.matrix == "bt709"
    assert {"pcm_s16le", "mov_text"} <= {s.codec for s in film.streams}


def test_the_web_gets_what_plays_everywhere(tmp_path: Path) -> None:
    film, out, losses = made_for("web", rich(tmp_path / "in.mkv", "yuv422p10le"))
    assert (film.codec, film.pix_fmt) == ("h264", "yuv420p")
    assert [s.codec for s in film.streams] == ["aac", "mov_text"]
    assert info(out)["streams"][0]["profile"] == "High"
    data = out.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")  # it plays while it is loaded
    said = "; ".join(losses)
    for words in ("(audio, pcm_s16le) is stored as aac", "(subtitle, ass)", "holds less than yuv422p10le"):
        assert words in said


def test_what_does_not_fit_is_left_out_and_said(tmp_path: Path) -> None:
    source = make(
        tmp_path / "in.mkv", *pattern(0.4), "-attach", __file__, "-metadata:s:t", "mimetype=text/plain"
    )
    for purpose in ("edit", "web"):
        film, _, losses = made_for(purpose, source)
        assert not film.streams
        assert any("(attachment" in loss and "left out; --for archive keeps it" in loss for loss in losses)
    film, _, losses = made_for("archive", source)
    assert [s.kind for s in film.streams] == ["attachment"] and not losses


def options_for(path: Path, **chosen: object) -> dict[str, object]:
    encoding = Encoding(**{"purpose": "web", **chosen})  # type: ignore[arg-type]
    return encoder_options(probe_film(path), ".mp4", encoding)


def test_what_is_named_besides_wins(tmp_path: Path) -> None:
    film = make(tmp_path / "in.mkv", *pattern(0.4), "-pix_fmt", "yuv422p")
    assert options_for(film)["crf"] == 20
    assert options_for(film, crf=30)["crf"] == 30
    assert options_for(film, pix_fmt="yuv422p")["pix_fmt"] == "yuv422p"
    other = options_for(film, codec="libx265")
    assert other["c:v"] == "libx265" and other["crf"] == 18 and "profile:v" not in other


def test_what_players_of_the_web_do_not_show_is_said(tmp_path: Path) -> None:
    def losses(path: Path) -> str:
        return "; ".join(
            fit_film(probe_film(path), [tmp_path / "out.mp4"], Encoding(purpose="web"))[1].losses
        )

    odd = noise(tmp_path / "odd.nut", "yuv444p", 8, size="35x17")
    assert "as a size of 35 x 17 needs" in losses(odd)
    fields = make(
        tmp_path / "fields.mkv",
        *pattern(0.4),
        *("-vf", "setfield=tff", "-flags", "+ildct+ilme"),
        "-c:v",
        "mpeg2video",
    )
    assert "add --deinterlace" in losses(fields)


def test_times_of_their_own_are_told_to_editors(tmp_path: Path) -> None:
    path = make_steps(tmp_path / "in.mkv", [0, 0.1, 0.133, 0.4, 0.61])
    film = probe_film(path)
    fit = fit_film(film, [tmp_path / "out.mov"], Encoding(purpose="edit"))[1]
    assert (film.times is not None) == any("times of their own" in loss for loss in fit.losses)
    assert film.rate > Fraction(0)
