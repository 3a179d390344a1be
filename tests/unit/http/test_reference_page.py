"""The documentation page."""

from entrypoints.http.reference_page import reference_page

DOCUMENT = {
    "openapi": "3.1.0",
    "info": {"title": "A <b>", "version": "1"},
    "paths": {
        "/x": {
            "get": {
                "operationId": "x",
                "parameters": [
                    {"name": "limit", "in": "query", "schema": {"type": "integer", "minimum": 1, "maximum": 9}}
                ],
                "responses": {"200": {"description": "<script>alert(1)</script>"}},
            }
        }
    },
    "components": {
        "schemas": {
            "Thing": {
                "required": ["kind"],
                "properties": {
                    "kind": {"enum": ["a", "b"]},
                    "others": {"type": "array", "items": {"$ref": "#/components/schemas/Thing"}},
                    "either": {"oneOf": [{"type": ["string", "null"]}, {}]},
                },
            }
        }
    },
}


def test_reference_page_escapes_whatever_stands_in_the_document() -> None:
    page = reference_page(DOCUMENT)
    assert "<script" not in page
    assert "A &lt;b&gt;" in page


def test_reference_page_tells_types_and_bounds() -> None:
    page = reference_page(DOCUMENT)
    assert "integer from 1 to 9" in page
    assert 'list of <a href="#schema-Thing">Thing</a>' in page
    assert "string or null or any" in page
    assert "kind (required)" in page


def test_reference_page_shows_code_of_descriptions_as_code() -> None:
    info = {"title": "A", "version": "1", "description": "Send `<id>` and ` alone."}
    page = reference_page({**DOCUMENT, "info": info})
    assert "Send <code>&lt;id&gt;</code> and ` alone." in page
