"""film.sound: sound that no container holds as it is, through the real ffmpeg."""

from pathlib import Path

import pytest

from deoldify_lite.errors import InputError
from deoldify_lite.film.encoding import Encoding
from deoldify_lite.film.fit import fit_film, fit_into
from deoldify_lite.film.probe import probe_film
from helpers.films import give_color, info, make, pattern, run, tone

X264 = Encoding(codec="libx264")
MPEG2 = ("-c:v", "mpeg2video", "-ar", 48000, "-strict", -2)
FLV = ("-c:v", "flv1", "-ac", 1, "-ar", 22050)


def sound_of(path: Path, samples: str, track: int = 0) -> bytes:
    """A hash of all samples of a track of sound, in a format such as s16le."""
    return run(
        *("ffmpeg", "-v", "error", "-i", f"file:{path}", "-map", f"0:a:{track}"),
        *("-c:a", f"pcm_{samples}", "-f", "md5", "-"),
    )


@pytest.mark.parametrize(
    ("name", "arguments", "samples", "codec"),
    [
        ("a.vob", [*MPEG2, "-c:a", "pcm_dvd", "-sample_fmt", "s16"], "s16le", "pcm_s16le"),
        ("a.vob", [*MPEG2, "-c:a", "pcm_dvd", "-sample_fmt", "s32"], "s24le", "pcm_s24le"),
        ("a.m2ts", [*MPEG2, "-c:a", "pcm_bluray", "-sample_fmt", "s16"], "s16le", "pcm_s16le"),
        ("a.m2ts", [*MPEG2, "-c:a", "pcm_bluray", "-sample_fmt", "s32"], "s24le", "pcm_s24le"),
        ("a.ts", [*MPEG2, "-ac", 2, "-c:a", "s302m", "-sample_fmt", "s32"], "s24le", "pcm_s24le"),
        ("a.nut", [*MPEG2, "-c:a", "pcm_u16be"], "s16le", "pcm_s16le"),
    ],
)
@pytest.mark.slow
def test_uncompressed_sound_stays_so_sample_by_sample(
    tmp_path: Path, name: str, arguments: list[object], samples: str, codec: str
) -> None:
    source = make(tmp_path / name, *pattern(0.4), *tone(0.4), "-t", 0.4, *arguments)
    film = probe_film(source)
    for suffix in (".mkv", ".mov"):
        assert fit_into(film, suffix, X264).losses == ()
        give_color(film, 10, tmp_path / f"out{suffix}", X264)
        (_, sound) = info(tmp_path / f"out{suffix}")["streams"]
        assert sound["codec_name"] == codec
        assert sound_of(tmp_path / f"out{suffix}", samples) == sound_of(source, samples)


def test_sound_that_no_container_holds_is_encoded_with_a_warning(tmp_path: Path) -> None:
    source = make(tmp_path / "a.flv", *pattern(0.4), *tone(0.4), *FLV, "-c:a", "nellymoser")
    film = probe_film(source)
    (loss,) = fit_into(film, ".mkv", X264).losses
    assert loss.endswith(
        "(audio, nellymoser) does not fit into .mkv and is stored as flac, with samples of 24 bits"
    )
    give_color(film, 10, tmp_path / "out.mkv", X264)
    assert sound_of(tmp_path / "out.mkv", "s24le") == sound_of(source, "s24le")


@pytest.mark.slow
def test_sound_that_is_read_back_as_another_kind_does_not_fit(tmp_path: Path) -> None:
    """In .mov, samples of 64 bits come back as of 16."""
    source = make(tmp_path / "a.mkv", *pattern(0.4), *tone(0.4), "-c:v", "mpeg2video", "-c:a", "pcm_s64le")
    film = probe_film(source)
    assert fit_into(film, ".mkv", X264).losses == ()
    (warning,) = fit_into(film, ".mov", X264).losses
    assert "pcm_s64le) does not fit into .mov" in warning
    give_color(film, 10, tmp_path / "out.mov", X264)
    assert sound_of(tmp_path / "out.mov", "s24le") == sound_of(source, "s24le")


def test_sound_that_ffmpeg_does_not_know_is_copied_where_it_fits(tmp_path: Path) -> None:
    known = make(tmp_path / "a.nut", *pattern(0.4), *tone(0.4), "-c:v", "mpeg2video", "-c:a", "pcm_u24le")
    source = make(tmp_path / "a.mov", "-i", known, "-c", "copy", "-strict", -2)
    film = probe_film(source)
    assert not film.streams[0].is_known
    kept, left_out = (fit_into(film, suffix, X264) for suffix in (".mov", ".mkv"))
    assert len(kept.streams) == 1 and "check that it plays" in kept.losses[0]
    assert len(left_out.streams) == 0 and ".mov may hold it" in left_out.losses[0]
    give_color(film, 10, tmp_path / "out.mov", X264)
    assert packets_of(tmp_path / "out.mov") == packets_of(source)


def packets_of(path: Path) -> bytes:
    """The second stream's packets as they lie in a file."""
    return run(
        *("ffprobe", "-v", "error", "-select_streams", 1, "-show_entries", "packet=size,data_hash"),
        *("-show_data_hash", "md5", "-of", "csv", path),
    )


def test_a_stream_that_keeps_a_film_from_being_read_is_named(tmp_path: Path) -> None:
    source = make(tmp_path / "a.mkv", *pattern(0.4), *tone(0.4), "-c:v", "mpeg2video", "-c:a", "aac")
    data = source.read_bytes()
    place = data.index(b"\x63\xa2", data.index(b"A_AAC")) + 3  # what the decoder of the sound needs
    source.write_bytes(data[:place] + b"\xff" * 5 + data[place + 5 :])
    with pytest.raises(InputError, match=r"stream 1 cannot be decoded.* -map -0:1 -c copy COPY"):
        probe_film(source)
    copy = make(tmp_path / "copy.mkv", "-i", source, "-map", 0, "-map", "-0:1", "-c", "copy")
    assert probe_film(copy).streams == ()


def test_every_track_gets_what_fits(tmp_path: Path) -> None:
    # The second track fits, and stays as it is; the third does not, like the first.
    (tmp_path / "s.srt").write_text("1\n00:00:00,100 --> 00:00:00,500\nHallo\n")
    source = make(
        tmp_path / "a.mkv",
        *(*pattern(0.4), *tone(0.4), *tone(0.4), *tone(0.4), "-i", tmp_path / "s.srt"),
        *("-map", 1, "-map", 0, "-map", 2, "-map", 3, "-map", 4, "-c:v", "ffv1", "-c:s", "subrip"),
        *("-c:a:0", "pcm_s16be", "-c:a:1", "libopus", "-c:a:2", "pcm_f32le"),
        *("-metadata:s:a:2", "language=fre"),
    )
    film = probe_film(source)
    assert fit_into(film, ".mkv", X264).losses == ()
    vtt = make(tmp_path / "b.mkv", "-i", source, "-map", 0, "-c", "copy", "-c:s", "webvtt")
    film = probe_film(vtt)
    losses = fit_into(film, ".webm", Encoding()).losses
    assert losses == tuple(
        f"stream {i} (audio, {codec}) does not fit into .webm and is stored as opus, which loses a little; "
        ".mkv loses less"
        for i, codec in ((0, "pcm_s16be"), (3, "pcm_f32le"))
    )
    give_color(film, 10, tmp_path / "out.webm", Encoding())
    streams = info(tmp_path / "out.webm")["streams"]
    assert [s["codec_name"] for s in streams] == ["opus", "vp9", "opus", "opus", "webvtt"]
    assert streams[3]["tags"]["language"] == "fre"
    packets = [
        run("ffmpeg", "-v", "error", "-i", path, "-map", "0:a:1", "-c", "copy", "-f", "md5", "-")
        for path in (vtt, tmp_path / "out.webm")
    ]
    assert packets[0] == packets[1]


def test_sound_is_copied_into_another_container_rather_than_encoded(tmp_path: Path) -> None:
    source = make(tmp_path / "a.mkv", *pattern(0.2), *tone(0.2), "-c:v", "ffv1", "-c:a", "wavpack")
    names = [tmp_path / "out.mp4", tmp_path / "out.mkv"]
    out_path, fit = fit_film(probe_film(source), names, X264)
    assert out_path == names[1] and fit.losses == ()
    assert fit.streams == probe_film(source).streams
