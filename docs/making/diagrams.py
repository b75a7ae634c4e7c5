"""Sphinx extension: a fenced `mermaid` block becomes a diagram, drawn in the reader's browser."""

from __future__ import annotations

from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective


class Mermaid(SphinxDirective):
    has_content = True

    def run(self) -> list[nodes.Node]:
        text = "\n".join(self.content)
        # Where no script runs, the source is still readable.
        return [nodes.literal_block(text, text, language="text", classes=["mermaid"])]


def only_where_needed(
    app: Sphinx, page: str, template: str, context: dict[str, Any], tree: nodes.document | None
) -> None:
    """Mermaid is large: only pages with a diagram load it."""
    if tree is not None and any(
        "mermaid" in n["classes"] for n in tree.findall(nodes.literal_block)
    ):
        app.add_js_file("mermaid.js")
        app.add_js_file("diagrams.js", loading_method="defer")


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_directive("mermaid", Mermaid)
    app.connect("html-page-context", only_where_needed)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
