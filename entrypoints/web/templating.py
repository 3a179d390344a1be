"""Templates: where they are, and what they may call."""

import re
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from litestar.plugins.jinja import JinjaTemplateEngine
from litestar.template import TemplateConfig
from markupsafe import Markup, escape

from entrypoints.web.assets import assets
from entrypoints.web.user_agents import device
from entrypoints.web.wording import day, moment, words

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
