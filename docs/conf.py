"""How Sphinx builds these pages: `make docs`."""

import sys
import tomllib
from pathlib import Path

from sphinx.application import Sphinx

_ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(_ROOT))

project = "Guildhall"
author = "The Guildhall authors"
copyright = author
release = version = tomllib.loads((_ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]

extensions = ["myst_parser", "sphinx.ext.autodoc"]
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = "Guildhall"

myst_enable_extensions = ["deflist"]
myst_heading_anchors = 3

# Docstrings say what a thing is for; the signature beside them says the types.
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_preserve_defaults = True
python_maximum_signature_line_length = 100


def _settings_table() -> str:
    from entrypoints.settings.reference import reference

    rows = [("in the environment", "in `guildhall.toml`", "type", "default", "meaning"), ("---",) * 5]
    rows += [(f"`{row.env}`", f"`{row.toml}`", row.type, row.default, row.meaning) for row in reference()]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |" for row in rows)


def _fill(_app: Sphinx, _page: str, source: list[str]) -> None:
    if "<!-- settings -->" in source[0]:
        source[0] = source[0].replace("<!-- settings -->", _settings_table())


def setup(app: Sphinx) -> None:
    """The reference of settings is made from their declarations."""
    app.connect("source-read", _fill)
