"""What is wrong with the outcome of a run."""

import json
from collections.abc import Iterator
from pathlib import Path

from deoldify_lite.run.manifest import NAME
from deoldify_lite.run.verify import verify


def complaints(report: Path, source: Path, out: Path, good: list[str]) -> Iterator[str]:
    """What is not as it should be after a run: every file told of, the good ones done, nothing half there."""
    items = {Path(item["source"]).name: item for item in json.loads(report.read_text())["items"]}
    for path in source.iterdir():
        if path.name not in items:
            yield f"{path.name}: nothing was told of it"
    for name, item in items.items():
        if item["status"] not in ("done", "failed"):
            yield f"{name}: {item['status']}"
        if "unexpected error" in item["reason"]:
            yield f"{name}: {item['reason']}"
        if item["status"] == "failed" and (
            name not in item["reason"] or len(item["reason"]) < len(name) + 10
        ):
            yield f"{name}: failed without a reason: {item['reason']!r}"
        if item["status"] == "done" and not Path(item["output"]).is_file():
            yield f"{name}: done, but there is no {item['output']}"
    for name in good:
        if items.get(name, {}).get("status") != "done":
            yield f"{name}: is good, but {items.get(name)}"
    if out.is_dir():
        yield from (f"{path}: was left over" for path in out.rglob(".*") if path.name != NAME)
    if any(item["status"] == "done" for item in items.values()):
        yield from (f"{found.output}: {found.reason}" for found in verify(out) if not found.sound)
