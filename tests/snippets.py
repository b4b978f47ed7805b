"""The pieces of code on a page, as a reader would copy them."""

from __future__ import annotations

from html.parser import HTMLParser


class _Collector(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, str, str]] = []  # section, language, text
        self._section = ""
        self._language: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "section":
            self._section = given.get("id") or ""
        if tag == "pre":
            self._language = given.get("data-language")
            self.found.append((self._section, self._language or "", ""))

    def handle_endtag(self, tag: str) -> None:
        if tag == "pre":
            self._language = None

    def handle_data(self, data: str) -> None:
        if self._language is not None:
            section, language, text = self.found[-1]
            self.found[-1] = (section, language, text + data)


def snippets(page: str, language: str, *sections: str) -> str:
    """All code in a language in these sections, one piece behind the other."""
    collector = _Collector()
    collector.feed(page)
    return "\n".join(text for section, spoken, text in collector.found if spoken == language and section in sections)
