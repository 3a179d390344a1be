"""Templates: where they are, and what they may call."""

import re
from datetime import UTC, datetime
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from litestar.plugins.jinja import JinjaTemplateEngine
from litestar.template import TemplateConfig
from markupsafe import Markup, escape

from entrypoints.web.assets import assets
from entrypoints.web.user_agents import device

FOLDER = Path(__file__).parent / "templates"

_MARKED = re.compile("\ue000([^\ue000\ue001]*)\ue001")


def template_config() -> TemplateConfig[JinjaTemplateEngine]:
    """The engine: everything is escaped unless it was sanitised, and an unknown name is an error."""
    environment = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.globals["static"] = assets().url
    environment.filters["marked"] = marked
    environment.filters["day"] = day
    environment.filters["device"] = device
    environment.filters["moment"] = moment
    environment.filters["words"] = words
    return TemplateConfig(instance=JinjaTemplateEngine.from_environment(environment))


def marked(snippet: str) -> Markup:
    """A snippet's text with the words between U+E000 and U+E001 in `mark` elements."""
    pieces = _MARKED.split(snippet)
    return Markup("").join(
        Markup("<mark>{}</mark>").format(piece) if index % 2 else escape(piece) for index, piece in enumerate(pieces)
    )


def day(moment: datetime) -> str:
    """A date as people write it: 21 November 2026."""
    return f"{moment.day} {moment:%B %Y}"


def moment(time: datetime) -> str:
    """A date and time in a table: 2026-11-21 09:30:05 UTC."""
    return f"{time.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def words(name: str) -> str:
    """A category or role as a heading: `risk-control` is Risk control."""
    return name.replace("_", " ").replace("-", " ").capitalize()
