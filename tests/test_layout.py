"""The shape of the program: who may import whom, and what must not be loaded early."""

import ast
import subprocess
import sys

import pytest
from conftest import ROOT

PACKAGE = ROOT / "deoldify_lite"

# Level of each module: it imports only modules of lower levels.
LEVELS = {
    "errors": -1,
    "url": -1,
    "": 0,  # the package itself: its version
    "bt601": 0,
    "encoders": 0,
    "engine": 0,
    "evaluation": 0,
    "farm": 0,
    "film_chroma": 0,
    "frame_rate": 0,
    "hdr10": 0,
    "in_colour": 0,
    "limits": 0,
    "machine": 0,
    "models": 0,
    "motion": 0,
    "photo_exif": 0,
    "photo_iptc": 0,
    "photo_samples": 0,
    "photo_xmp": 0,
    "remote": 0,
    "report": 0,
    "report_template": 0,
    "timecode": 0,
    "watermark": 0,
    "web": 0,
    "evaluation.bootstrap": 0,
    "evaluation.film_flow": 0,
    "models.layers": 0,
    "remote.errors": 0,
    "remote.names": 0,
    "web.style": 0,
    "color": 1,
    "device": 1,
    "ffmpeg_process": 1,
    "files": 1,
    "film_colors": 1,
    "grade": 1,
    "guided": 1,
    "hints": 1,
    "merge": 1,
    "modes": 1,
    "original": 1,
    "photo": 1,
    "photo_colour": 1,
    "photo_jpeg": 1,
    "photo_limits": 1,
    "photo_png": 1,
    "scene_memory": 1,
    "shots": 1,
    "sole_run": 1,
    "torch_backend": 1,
    "evaluation.aligned": 1,
    "evaluation.film_metrics": 1,
    "evaluation.networks": 1,
    "models.baselines": 1,
    "models.checkpoint": 1,
    "models.zoo": 1,
    "film_rate": 2,
    "film_tone": 2,
    "hint_spread": 2,
    "key_frames": 2,
    "manifest": 2,
    "metrics": 2,
    "network_cli": 2,
    "openvino_backend": 2,
    "photo_formats": 2,
    "photo_tiff": 2,
    "photo_tiff_write": 2,
    "reference": 2,
    "evaluation.pairs": 2,
    "models.unet": 2,
    "models.weights": 2,
    "remote.store": 2,
    "web.session": 2,
    "colorizer": 3,
    "film": 3,
    "photo_decode": 3,
    "photo_encode": 3,
    "plan": 3,
    "unfinished": 3,
    "verify": 3,
    "evaluation.film_pairs": 3,
    "evaluation.populations": 3,
    "models.build": 3,
    "remote.staging": 3,
    "certainty": 4,
    "film_cut": 4,
    "film_fields": 4,
    "film_mux": 4,
    "photo_io": 4,
    "temporal": 4,
    "farm.message": 4,
    "remote.mirrors": 4,
    "remote.outbox": 4,
    "remote.verify": 4,
    "encoding": 5,
    "film_join": 5,
    "frame_reader": 5,
    "hinted_shots": 5,
    "photo_book": 5,
    "thumbnail": 5,
    "evaluation.film_frames": 5,
    "evaluation.measure": 5,
    "remote.jobs": 5,
    "film_merge": 6,
    "photo_jobs": 6,
    "preview": 6,
    "report_page": 6,
    "evaluation.table": 6,
    "preview_film": 7,
    "segment_encoder": 7,
    "evaluation.films": 7,
    "evaluation.page": 7,
    "web.show": 7,
    "chroma_writer": 8,
    "film_chain": 8,
    "evaluation.film_plot": 8,
    "evaluation.film_table": 8,
    "film_stream": 9,
    "rendering": 9,
    "farm.worker": 9,
    "film_jobs": 10,
    "weights_cli": 10,
    "farm.cluster": 10,
    "completion_cli": 11,
    "evaluate_cli": 11,
    "train_cli": 11,
    "verify_cli": 11,
    "farm.films": 11,
    "farm.photos": 11,
    "api": 12,
    "onnx_export": 13,
    "pictures": 13,
    "render_cli": 13,
    "web.network": 13,
    "export_cli": 14,
    "folder_cli": 14,
    "moving_pictures": 14,
    "video_cli": 14,
    "web.work": 14,
    "preview_cli": 15,
    "web.events": 15,
    "web.page": 16,
    "web_cli": 17,
    "cli": 18,
    "__main__": 19,
}
# Training stands beside: it may use the networks and colour maths, and nothing may use it.
TRAINING_MAY_USE = {
    "bt601",
    "color",
    "device",
    "errors",
    "files",
    "metrics",
    "models.baselines",
    "models.build",
    "models.checkpoint",
    "models.layers",
    "models.unet",
    "torch_backend",
    "training",
}
# Its command knows its settings, which import nothing, and the rest only once it runs.
TRAIN_COMMAND_MAY_USE = {"training.config", "training.recipes", "training.loop"}


def modules() -> dict[str, set[str]]:
    """Every module of ours, with those of ours that it imports."""
    found = {}
    for path in PACKAGE.rglob("*.py"):
        name = ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix("__init__").rstrip(".")
        imports: set[str] = set()
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "deoldify_lite":
                base = (node.module or "").removeprefix("deoldify_lite").lstrip(".")
                for alias in node.names:
                    full = f"{base}.{alias.name}".lstrip(".")
                    is_module = (PACKAGE / (full.replace(".", "/") + ".py")).exists()
                    imports.add(full if is_module or (PACKAGE / full / "__init__.py").exists() else base)
        found[name] = imports
    return found


def test_imports_point_one_way() -> None:
    for name, imports in modules().items():
        if not name:  # what the package hands on, it imports once it is asked for: see test_python
            continue
        if name.startswith("training"):
            assert {i if not i.startswith("training") else "training" for i in imports} <= TRAINING_MAY_USE
            continue
        for imported in imports - (TRAIN_COMMAND_MAY_USE if name == "train_cli" else set()):
            assert LEVELS[imported] < LEVELS[name], f"{name} imports {imported}"


@pytest.mark.parametrize(
    "module", ["cli", "modes", "manifest", "plan", "models.zoo", "models.weights", "film"]
)
def test_light_modules_do_not_load_torch(module: str) -> None:
    code = f"import sys, deoldify_lite.{module}; sys.exit('torch' in sys.modules or 'timm' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0


def test_importing_logs_and_configures_nothing() -> None:
    code = "import logging, deoldify_lite.cli; assert not logging.getLogger().handlers"
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
