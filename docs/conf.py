"""How Sphinx builds these pages: `make docs`."""

import sys
import tomllib
from pathlib import Path

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
