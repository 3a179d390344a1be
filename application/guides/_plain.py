"""Markdown made readable as plain text: what is left is what a quotation should show. Code stays in backticks."""

import html
import re

_CODE = re.compile(r"(?<!`)(`+)(?!`)(.{1,2000}?)(?<!`)\1(?!`)", re.DOTALL)
_IMAGE = re.compile(r"!\[([^\]\n]{0,500})\](?:\((?:[^()\n]|\([^()\n]*\))*\)|\[[^\]\n]*\])")
_LINK = re.compile(r"\[((?:[^\[\]\n]|\[[^\[\]\n]*\])*)\](?:\((?:[^()\n]|\([^()\n]*\))*\)|\[[^\]\n]*\])")
_EMBED = re.compile(r"!\[\[([^\]\n|]{1,300})(?:\|[^\]\n]{0,300})?\]\]")
_WIKI_LINK = re.compile(r"\[\[(?:[^\]\n|]{0,300}\|)?([^\]\n|]{1,300})\]\]")
_FOOTNOTE = re.compile(r"\[\^[^\]\n]{1,100}\]:?")
_AUTOLINK = re.compile(r"<((?:https?|mailto):[^<>\s]+)>", re.IGNORECASE)
_HIDDEN = re.compile(r"<(script|style|svg)\b.{0,2000}?</\1\s*>|<!--.{0,2000}?-->", re.IGNORECASE | re.DOTALL)
_BREAK = re.compile(r"<(?:br|/p|/div|/li|/tr|/h[1-6])\b[^<>]{0,200}>", re.IGNORECASE)
_TAG = re.compile(r"</?[a-zA-Z][\w:-]{0,40}(?:\s[^<>]{0,2000})?/?>|<!--|-->")
_TEMPLATE = re.compile(r"\{\{[^{}]{0,400}\}\}|\{%[^{}]{0,400}%\}|\{[:#.][^{}\n]{1,120}\}")
_STRONG = re.compile(r"(?<![\w*_])(\*{1,3}|_{1,3})(?=[^\s*_])(.{1,500}?)(?<=[^\s*_])\1(?![\w*_])", re.DOTALL)
_STARS = re.compile(r"(\*{1,3})(?=[^\s*])([^*\n]{1,500}?)(?<=[^\s*])\1")
_STRUCK = re.compile(r"(~~|==)(?=\S)(.{1,500}?)(?<=\S)\1")
_ESCAPE = re.compile(r"\\([!-/:-@\[-`{-~])")
_EMOJI_CODE = re.compile(r"(?<![\w:]):[a-z][a-z0-9_+-]{2,40}:(?![\w:])")
_SPACES = re.compile(r"[ \t\u00a0]+")
_HELD = re.compile("\ue010(\\d+)\ue011")
_PRIVATE = re.compile("[\ue000-\ue011]")


def plain(text: str, *, code_marks: bool = True) -> str:
    """One paragraph's text without markup, on one line; without `code_marks`, code has no backticks either."""
    mark = "`" if code_marks else ""
    held: list[str] = []

    def hold(kept: str) -> str:
        held.append(kept)
        return f"\ue010{len(held) - 1}\ue011"

    text = _PRIVATE.sub("", text)
    text = _CODE.sub(lambda code: hold(f"{mark}{' '.join(code.group(2).split())}{mark}"), text)
    text = _ESCAPE.sub(lambda escape: hold(escape.group(1)), text)
    text = _HIDDEN.sub(" ", text)
    text = _AUTOLINK.sub(r"\1", text)
    text = _EMBED.sub(" ", text)
    text = _IMAGE.sub(r"\1", text)
    text = _FOOTNOTE.sub("", text)
    text = _LINK.sub(r"\1", _LINK.sub(r"\1", text))
    text = _WIKI_LINK.sub(lambda link: link.group(1).replace("#", ", ").strip(" ,"), text)
    text = _TAG.sub("", _BREAK.sub(" ", text))
    text = _TEMPLATE.sub("", text)
    for emphasis in (_STRONG, _STRONG, _STARS):
        text = emphasis.sub(r"\2", text)
    text = _EMOJI_CODE.sub("", _STRUCK.sub(r"\2", text))
    text = _HELD.sub(lambda kept: held[int(kept.group(1))], html.unescape(text))
    return _SPACES.sub(" ", " ".join(_PRIVATE.sub("", text).split())).strip()
