"""Front matter: YAML between two `---` lines before a Markdown text."""

import re
from collections.abc import Mapping

import yaml

from application.ports.guides import GuideFormat
from domain.errors import Invalid

MAX_FRONT_MATTER = 20_000
_MARK = "---"
_CLOSING = re.compile(r"^(?:---|\.\.\.)[ \t]*$", re.MULTILINE)
_FIELD = re.compile(r"^[ \t]*(?:[\w\"'][^:\n]*:(?:\s|$)|#|- |[{}\[\]&*!%|>])", re.MULTILINE)


class FrontMatterFormat(GuideFormat):
    """Any YAML mapping, dates read as text, no aliases: other people's files hold fields of every shape."""

    def read(self, text: str) -> tuple[Mapping[str, object], str]:
        """Front matter (empty when there is none) and body; raises `Invalid` that names the line when it is broken."""
        text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
        first, _, rest = text.partition("\n")
        closing = _CLOSING.search(rest) if first.rstrip() == _MARK else None
        if closing is None:
            return {}, text
        source, body = rest[: closing.start()], rest[closing.end() :]
        if source.strip() and not _FIELD.search(source):
            # A thematic break, some prose, and another thematic break.
            return {}, text
        return self._fields(source), body.removeprefix("\n").removeprefix("\n")

    def write(self, front_matter: Mapping[str, object], body: str) -> str:
        """The text that `read` turns back into the same two."""
        if not front_matter:
            return body if self.read(body) == ({}, body) else f"{_MARK}\n{_MARK}\n\n{body}"
        fields = yaml.safe_dump(dict(front_matter), allow_unicode=True, sort_keys=False, width=10_000)
        return f"{_MARK}\n{fields}{_MARK}\n\n{body}"

    def _fields(self, source: str) -> dict[str, object]:
        if len(source) > MAX_FRONT_MATTER:
            raise _broken(1, f"it is longer than {MAX_FRONT_MATTER} characters")
        try:
            if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(source, Loader=_Loader)):
                raise _broken(1, "aliases (*name) are not allowed")
            fields = yaml.load(source, Loader=_Loader)  # noqa: S506 (a SafeLoader without dates)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            raise _broken(mark.line + 2 if mark else 2, error.problem or "it is not YAML") from error
        except (yaml.YAMLError, ValueError, RecursionError) as error:
            raise _broken(2, str(error).splitlines()[0] if str(error) else "it is not YAML") from error
        if fields is None:
            return {}
        if not isinstance(fields, dict):
            raise _broken(2, "expected fields like `title: …`")
        return {str(name): value for name, value in fields.items()}


class _Loader(yaml.SafeLoader):
    """Safe YAML in which dates stay text."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def _broken(line: int, why: str) -> Invalid:
    return Invalid.of("front_matter", f"line {line}: {' '.join(why.split())[:200]}")
