"""Lines of `--progress json`, read as a program would."""

import json
from typing import Any

import jsonschema

from deoldify_lite.cli.events import VERSION
from helpers.places import ROOT

SCHEMA = json.loads((ROOT / "docs" / "progress.schema.json").read_text(encoding="utf-8"))


def read_events(text: str) -> list[dict[str, Any]]:
    """Read events, and check that they are as promised."""
    events: list[dict[str, Any]] = [json.loads(line) for line in text.splitlines()]
    for event in events:
        jsonschema.validate(event, SCHEMA)
    without_log = [event["event"] for event in events if event["event"] != "log"]
    assert without_log[0] == "started" and without_log[-1] == "done" and events[0]["version"] == VERSION
    return events


def of_kind(events: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    """Return the events of one kind."""
    return [event for event in events if event["event"] == kind]
