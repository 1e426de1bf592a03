"""Render the templates: whatever goes into them is escaped, and a missing value is an error."""

import base64
import hashlib
from collections.abc import Iterator
from importlib.resources import files
from typing import Any

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup


def read_asset(name: str) -> str:
    """A file of this folder as text; line ends are plain ones, as browsers see them too."""
    return files("deoldify_lite.templates").joinpath(name).read_text(encoding="utf-8")


def render(name: str, **values: Any) -> str:
    """A whole page or fragment."""
    return _ENVIRONMENT.get_template(name).render(values)


def render_pieces(name: str, **values: Any) -> Iterator[str]:
    """The same piece by piece, so that a long page is never in memory as a whole."""
    return _ENVIRONMENT.get_template(name).generate(values)


def call_macro(name: str, macro: str, *values: Any) -> str:
    """What a macro of a template makes of some values."""
    return str(getattr(_ENVIRONMENT.get_template(name).module, macro)(*values))


def _assets(names: list[str]) -> Markup:
    """Styles or scripts, one after another. They are our own, so they are not escaped."""
    return Markup("\n".join(map(read_asset, names)))


def _source_hash(text: str) -> str:
    """By which a content security policy allows one style or script."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


_ENVIRONMENT = Environment(
    loader=FunctionLoader(read_asset),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_ENVIRONMENT.globals["assets"] = _assets
_ENVIRONMENT.filters["source_hash"] = _source_hash
