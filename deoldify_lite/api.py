"""The public door: load a colorizer; colorize pictures, folders of photos, and films."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from deoldify_lite.colorizer import Backend, Colorizer
from deoldify_lite.device import choose_device
from deoldify_lite.encoding import CONTAINERS, Encoding, default_container
from deoldify_lite.errors import OptionError
from deoldify_lite.files import FILM_SUFFIXES, PHOTO_SUFFIXES, sha256_of
from deoldify_lite.film import probe_film
from deoldify_lite.machine import free_memory
from deoldify_lite.models.weights import find_weights, user_cache, verify_weights
from deoldify_lite.models.zoo import ModelSpec, get_spec
from deoldify_lite.modes import BACKENDS, PRECISIONS, check_render_factor, find_mode
from deoldify_lite.openvino_backend import OpenvinoBackend, load_model, openvino_version
from deoldify_lite.photo_book import PhotoSettings
from deoldify_lite.photo_io import output_suffix
from deoldify_lite.photo_jobs import colorize_photos
from deoldify_lite.plan import plan
from deoldify_lite.report import Item

if TYPE_CHECKING:
    from deoldify_lite.film_stream import Progress
    from deoldify_lite.models.build import Network

# Called with each item as it is finished, and the number of items in the run.
OnItem = Callable[[Item, int], None]

# Large enough to keep the device busy; more would only cost memory and delay.
CPU_BATCH, GPU_BATCH = 4, 64
# What a network keeps at most while it works, measured in float32, for each pixel that it sees.
LITE_BYTES_PER_PIXEL, RGB_BYTES_PER_PIXEL = 600, 7000


@dataclass(frozen=True)
class Rendering:
    """How pictures will be rendered: all settled, nothing loaded."""

    spec: ModelSpec
    weights: Path
    sha256: str  # of the weights
    render_factor: int
    saturation: float
    steadiness: float
    device: str  # cpu, cuda or mps
    precision: str
    backend: str  # torch or openvino

    def load(self) -> Colorizer:
        """Build the network and make it ready.

        Raises:
            WeightsError: the file is damaged or of another network.
            OptionError: the processor cannot compute in that precision.
        """
        return Colorizer(self._load_backend(), render_factor=self.render_factor, saturation=self.saturation)

    def _load_backend(self) -> Backend:
        if self.backend == "openvino":
            model = load_model(user_cache() / "openvino", self.sha256, self._build_network)
            return OpenvinoBackend(model, precision=self.precision)
        from deoldify_lite.torch_backend import TorchBackend

        return TorchBackend(self._build_network(), device=self.device, precision=self.precision)

    def _build_network(self) -> "Network":
        from deoldify_lite.models.build import build_network

        return build_network(self.spec, self.weights)

    def batch_size(self, wanted: int | None) -> int:
        """The batch size asked for, or one that suits the device and takes at most half of its free memory.

        Raises:
            OptionError: it is not positive.
        """
        if wanted is not None and wanted < 1:
            raise OptionError(f"batch size {wanted}: choose 1 or more")
        if wanted:
            return wanted
        per_pixel = LITE_BYTES_PER_PIXEL if self.spec.decoder == "lite" else RGB_BYTES_PER_PIXEL
        fitting = free_memory(self.device) // 2 // (per_pixel * (16 * self.render_factor) ** 2)
        return max(1, min(fitting, CPU_BATCH if self.device == "cpu" else GPU_BATCH))


def settle(
    mode: str = "artistic",
    *,
    weights: str | Path = "lite",
    render_factor: int | None = None,
    saturation: float | None = None,
    device: str = "auto",
    precision: str = "auto",
    backend: str = "auto",
) -> Rendering:
    """Settle how to render, without loading the network.

    Args:
        mode: artistic, stable or video.
        weights: `lite` (ours, the default), `deoldify` (the official ones of that mode, once fetched), or
            the path of a weight file of either kind.
        render_factor: the network sees 16 times as many pixels a side; None for the mode's default.
        saturation: factor on the colour; None for the mode's default.
        device: auto, cpu, cuda or mps.
        precision: fp32, bf16, fp16, or auto for the fastest; they differ by less than can be seen.
        backend: what runs the network: torch, openvino (on the CPU; the extra of that name), or auto for the
            faster of those that are there.

    Raises:
        OptionError: a value makes no sense.
        RenderError: there is no such device.
        WeightsError: the weights are not there, or not what they should be.
    """
    chosen = find_mode(mode)
    if saturation is not None and not 0 < saturation <= 4:
        raise OptionError(f"saturation {saturation}: choose a factor above 0 and up to 4")
    if precision not in PRECISIONS:
        raise OptionError(f"precision {precision!r}: choose one of {', '.join(PRECISIONS)}")
    if backend not in BACKENDS:
        raise OptionError(f"backend {backend!r}: choose one of {', '.join(BACKENDS)}")
    device = choose_device(device)
    if weights == "lite" or weights == "deoldify":
        spec = get_spec(chosen.lite_model if weights == "lite" else chosen.deoldify_model)
        path = find_weights(spec)
        verify_weights(spec, path)
    else:
        # Only torch can tell what is in a file of the user's.
        from deoldify_lite.models.build import read_whole, recognize

        path = Path(weights).expanduser()
        spec = recognize(*read_whole(path), path=path)
    ours = spec.decoder not in ("deep", "wide")
    default_factor = chosen.render_factor if ours else chosen.deoldify_render_factor
    default_saturation = chosen.saturation if ours else 1.0
    return Rendering(
        spec=spec,
        weights=path,
        sha256=spec.sha256 or sha256_of(path),
        render_factor=check_render_factor(default_factor if render_factor is None else render_factor),
        saturation=default_saturation if saturation is None else saturation,
        steadiness=chosen.steadiness,
        device=device,
        precision=precision,
        backend=_choose_backend(backend, device),
    )


def _choose_backend(name: str, device: str) -> str:
    there = openvino_version() is not None
    if name == "openvino" and device != "cpu":
        raise OptionError("--backend openvino runs on the CPU alone: add --device cpu")
    if name == "openvino" and not there:
        raise OptionError(
            "--backend openvino: it is not installed; run: pip install 'deoldify_lite[openvino]'"
        )
    if name != "auto":
        return name
    return "openvino" if there and device == "cpu" else "torch"


def load_colorizer(
    mode: str = "artistic",
    *,
    weights: str | Path = "lite",
    render_factor: int | None = None,
    saturation: float | None = None,
    device: str = "auto",
    precision: str = "auto",
    backend: str = "auto",
) -> Colorizer:
    """A colorizer for pictures in memory; arguments and errors as in `settle`.

    colorizer = load_colorizer("artistic")
    rgb = colorizer.colorize(rgb)  # (H, W, 3) uint8 or uint16
    """
    return settle(
        mode,
        weights=weights,
        render_factor=render_factor,
        saturation=saturation,
        device=device,
        precision=precision,
        backend=backend,
    ).load()


def colorize_folder(
    inputs: str | Path | Sequence[str | Path],
    out: str | Path | None = None,
    *,
    rendering: Rendering | None = None,
    batch_size: int | None = None,
    format: str = "keep",
    quality: int | None = None,
    compare: bool = False,
    mark: bool = True,
    watermark: bool = False,
    overwrite: bool = False,
    on_item: OnItem | None = None,
) -> list[Item]:
    """Colorize folders of photos, or single ones.

    Args:
        inputs: a folder or photo, or several.
        out: where the results go; None for NAME-colorized beside each input.
        rendering: what `settle` gave; None for artistic mode as it comes.
        batch_size: photos predicted at once; None for what suits the device.
        format: keep, jpg, png, tif or webp.
        quality: 1 to 100, where the format has one; None for one that does not show.
        compare: also write before and after, side by side.
        mark: say in the metadata that the colours are made by AI.
        watermark: and draw a small palette into the lower left corner.
        overwrite: render again what is done, and replace files that are not ours.
        on_item: called with each photo as it is finished, and the number of photos.

    Returns:
        What became of each photo; one that failed is told of here, and stops no other.

    Raises:
        InputError: an input does not exist or holds no photos.
        OptionError: a value makes no sense.
    """
    if quality is not None and not 1 <= quality <= 100:
        raise OptionError(f"quality {quality}: choose 1 to 100")
    rendering = rendering or settle()
    tasks = plan(
        _listed(inputs),
        None if out is None else Path(out),
        suffixes=PHOTO_SUFFIXES,
        suffix_of=lambda source: output_suffix(source, format),
        compare=compare,
    )
    settings = PhotoSettings(
        weights=rendering.sha256,
        render_factor=rendering.render_factor,
        saturation=rendering.saturation,
        precision=rendering.precision,
        format=format,
        quality=quality,
        compare=compare,
        mark=mark,
        watermark=watermark,
    )
    items = colorize_photos(
        tasks,
        rendering.load,
        settings,
        batch_size=rendering.batch_size(batch_size),
        overwrite=overwrite,
    )
    return _collect(items, len(tasks), on_item)


def colorize_video(
    inputs: str | Path | Sequence[str | Path],
    out: str | Path | None = None,
    *,
    rendering: Rendering | None = None,
    steadiness: float | None = None,
    recolor_all: bool = False,
    deinterlace: bool = False,
    batch_size: int | None = None,
    start_s: float | None = None,
    end_s: float | None = None,
    encoding: Encoding | None = None,
    overwrite: bool = False,
    on_item: OnItem | None = None,
    on_frames: "Progress | None" = None,
) -> list[Item]:
    """Colorize films: files, or folders of them.

    Args:
        inputs: a film or folder, or several.
        out: where the results go; None for NAME-colorized beside each input.
        rendering: what `settle` gave; None for video mode as it comes.
        steadiness: 0 colours each frame alone, 1 holds colours for as long as motion can be followed; None
            for that of the mode.
        recolor_all: colorize also the shots that are in colour already.
        deinterlace: make a whole frame of every field of an interlaced film.
        batch_size: frames predicted at once; None for what suits the device.
        start_s, end_s: render only what lies between, in seconds of the film.
        encoding: codec, crf and pixel format; None for the container's usual ones.
        overwrite: render again what is done, and replace files that are not ours.
        on_item: called with each film as it is finished, and the number of films.
        on_frames: called with film, frames done, frames expected.

    Returns:
        What became of each film; one that failed is told of here, and stops no other.

    Raises:
        InputError: an input does not exist or holds no films.
        OptionError: a value makes no sense.
    """
    # With it comes the detector of shots, half a second that photos need not wait for.
    from deoldify_lite.film_jobs import colorize_films
    from deoldify_lite.film_stream import FilmSettings

    if (start_s or 0) < 0 or (end_s is not None and end_s <= (start_s or 0)):
        raise OptionError(f"start {start_s} s, end {end_s} s: the end must come after the start")
    if steadiness is not None and not 0 <= steadiness <= 1:
        raise OptionError(f"steadiness {steadiness}: choose a value from 0 to 1")
    rendering = rendering or settle("video")
    encoding = replace(encoding or Encoding(), on_gpu=rendering.device == "cuda")
    tasks = plan(
        _listed(inputs),
        None if out is None else Path(out),
        suffixes=FILM_SUFFIXES,
        suffix_of=lambda source: _film_suffix(source, encoding),
    )
    settings = FilmSettings(
        weights=rendering.sha256,
        render_factor=rendering.render_factor,
        saturation=rendering.saturation,
        precision=rendering.precision,
        steadiness=rendering.steadiness if steadiness is None else steadiness,
        recolor_all=recolor_all,
        deinterlace=deinterlace,
        start_s=start_s,
        end_s=end_s,
        encoding=encoding,
    )
    items = colorize_films(
        tasks,
        rendering.load,
        settings,
        batch_size=rendering.batch_size(batch_size),
        overwrite=overwrite,
        progress=on_frames,
    )
    return _collect(items, len(tasks), on_item)


def _listed(inputs: str | Path | Sequence[str | Path]) -> list[Path]:
    return [Path(inputs)] if isinstance(inputs, str | Path) else [Path(path) for path in inputs]


def _collect(items: Iterator[Item], total: int, on_item: OnItem | None) -> list[Item]:
    collected = []
    for item in items:
        collected.append(item)
        if on_item:
            on_item(item, total)
    return collected


def _film_suffix(source: Path, encoding: Encoding) -> str:
    if source.suffix.lower() not in CONTAINERS or source.suffix.lower() == ".mkv":
        return ".mkv"  # known without a look inside, which takes a while for whole shelves of films
    try:
        return default_container(probe_film(source), encoding)
    except Exception:
        return source.suffix  # what is wrong with it is told when its turn comes
