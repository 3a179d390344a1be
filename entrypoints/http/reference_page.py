"""The OpenAPI document as one plain HTML page."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from html import escape
from itertools import groupby
from typing import Any

Schema = Mapping[str, Any]

_CODE = re.compile(r"`([^`\n]+)`")
_METHODS = ("get", "post", "put", "patch", "delete")

STYLE = """
:root { color-scheme: light dark; --line: color-mix(in srgb, currentColor 20%, transparent); }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 0 auto; padding: 1rem; }
nav ul { columns: 26rem 2; column-gap: 2rem; padding: 0; list-style: none; }
nav li { break-inside: avoid; }
nav a { display: flex; }
nav .method { flex: none; }
nav a, h3 code { overflow-wrap: anywhere; }
article { border-top: 1px solid var(--line); padding: .5rem 0; }
code, .method { font-family: ui-monospace, monospace; font-size: .9em; }
.method { display: inline-block; min-width: 4.5em; font-weight: 700; text-transform: uppercase; }
table { border-collapse: collapse; width: 100%; display: block; overflow-x: auto; }
th, td { border-bottom: 1px solid var(--line); padding: .25rem .75rem .25rem 0; text-align: left; vertical-align: top; }
.description { white-space: pre-line; }
"""


def reference_page(document: Schema) -> str:
    """Every call by room, then every body."""
    calls = sorted(_calls(document), key=lambda call: call[0])
    rooms = [(room, [call[1:] for call in found]) for room, found in groupby(calls, key=lambda call: call[0])]
    schemas = document.get("components", {}).get("schemas", {})
    parts = (
        *_head(document),
        _contents(rooms),
        "<main>",
        *(_room(room, found) for room, found in rooms),
        "<h2>Bodies</h2>",
        *(_body(name, schema) for name, schema in sorted(schemas.items())),
        "</main></body></html>",
    )
    return "".join(parts)


def _head(document: Schema) -> Iterator[str]:
    info = document["info"]
    yield f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{_text(info["title"])} API</title>'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield '<link rel="stylesheet" href="/docs/reference.css"></head><body>'
    yield f"<h1>{_text(info['title'])} API {_text(info['version'])}</h1>"
    yield f'<p class="description">{_prose(info.get("description", ""))}</p>'
    yield f'<p>For programs: <a href="/openapi.json">openapi.json</a>, OpenAPI {_text(document["openapi"])}.</p>'


def _calls(document: Schema) -> Iterator[tuple[str, str, str, Schema]]:
    for path, item in document["paths"].items():
        for method in _METHODS:
            if operation := item.get(method):
                yield (operation.get("tags") or ["other"])[0], path, method, operation


def _contents(rooms: list[tuple[str, list[tuple[str, str, Schema]]]]) -> str:
    links = "".join(
        f'<li><a href="#{_text(call["operationId"])}"><span class="method">{method}</span>{_text(path)}</a></li>'
        for _, found in rooms
        for path, method, call in found
    )
    return f'<nav aria-label="Calls"><ul>{links}</ul></nav>'


def _room(room: str, calls: list[tuple[str, str, Schema]]) -> str:
    return f"<section><h2>{_text(room)}</h2>" + "".join(_call(*call) for call in calls) + "</section>"


def _call(path: str, method: str, call: Schema) -> str:
    return (
        f'<article id="{_text(call["operationId"])}"><h3><span class="method">{method}</span> '
        f"<code>{_text(path)}</code></h3>"
        f'<p class="description">{_prose(call.get("description", ""))}</p>'
        + _table("Parameters", ("name", "in", "type", "meaning"), map(_parameter, call.get("parameters", ())))
        + _table("Body", ("media type", "type"), _contents_of(call.get("requestBody", {})))
        + _table("Answers", ("status", "meaning", "type"), map(_answer, call.get("responses", {}).items()))
        + "</article>"
    )


def _parameter(parameter: Schema) -> tuple[str, ...]:
    name = parameter["name"] + (" (required)" if parameter.get("required") else "")
    meaning = parameter.get("description") or parameter["schema"].get("description", "")
    return _text(name), _text(parameter["in"]), _type(parameter["schema"]), _prose(meaning)


def _answer(answer: tuple[str, Schema]) -> tuple[str, ...]:
    status, response = answer
    kinds = ", ".join(kind for _, kind in _contents_of(response))
    return _text(status), _prose(response.get("description", "")), kinds


def _contents_of(holder: Schema) -> Iterator[tuple[str, str]]:
    for media_type, content in (holder.get("content") or {}).items():
        yield _text(media_type), _type(content.get("schema", {}))


def _body(name: str, schema: Schema) -> str:
    required = schema.get("required", ())
    rows = (
        (_text(field + (" (required)" if field in required else "")), _type(kind), _prose(kind.get("description", "")))
        for field, kind in schema.get("properties", {}).items()
    )
    title = f'<article id="schema-{_text(name)}"><h3>{_text(name)}</h3>'
    about = f'<p class="description">{_prose(schema.get("description", ""))}</p>'
    return f"{title}{about}{_table('Fields', ('field', 'type', 'meaning'), rows)}</article>"


def _table(caption: str, heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    if not body:
        return ""
    head = "".join(f"<th>{_text(name)}</th>" for name in heads)
    return f"<h4>{caption}</h4><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _type(schema: Schema) -> str:
    if reference := schema.get("$ref"):
        name = _text(reference.rpartition("/")[2])
        return f'<a href="#schema-{name}">{name}</a>'
    if either := schema.get("oneOf") or schema.get("anyOf"):
        return " or ".join(_type(kind) for kind in either)
    if "enum" in schema:
        return " or ".join(f"<code>{_text(json.dumps(value))}</code>" for value in schema["enum"])
    if "items" in schema:
        return f"list of {_type(schema['items'])}"
    kind = schema.get("type", "any")
    named = " or ".join(kind) if isinstance(kind, list) else kind
    bounds = [f"{word} {schema[key]}" for key, word in (("minimum", "from"), ("maximum", "to")) if key in schema]
    return _text(" ".join(part for part in (str(named), schema.get("format"), *bounds) if part))


def _text(value: object) -> str:
    return escape(str(value))


def _prose(value: object) -> str:
    """Text in which backticks mark code."""
    return _CODE.sub(r"<code>\1</code>", _text(value))
