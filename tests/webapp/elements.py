"""Finding elements of a page by their ids, for tests that must not depend on its words."""

from __future__ import annotations

from html.parser import HTMLParser

_VOID = {"br", "hr", "img", "input", "link", "meta"}


class _Text(HTMLParser):
    """The text in the element with an id."""

    def __init__(self, wanted: str) -> None:
        super().__init__()
        self.found: list[str] | None = None
        self._wanted = wanted
        self._depth = 0  # within the element

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        if self._depth:
            self._depth += tag not in _VOID
        elif ("id", self._wanted) in attributes:
            self.found, self._depth = [], 1

    def handle_endtag(self, tag: str) -> None:
        if self._depth and tag not in _VOID:
            self._depth -= 1

    def handle_data(self, data: str) -> None:
        if self._depth and self.found is not None:
            self.found.append(data)


def text_of(page: str, element: str) -> str | None:
    """The text of the element with this id, on one line; None where the page has none."""
    parser = _Text(element)
    parser.feed(page)
    return None if parser.found is None else " ".join("".join(parser.found).split())
