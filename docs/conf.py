"""How Sphinx makes the site of what `making/pages.py` has written. Built by `nox -s docs`."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "making"))

project = "TinyTorch"
copyright = "The TinyTorch founders. Code: MIT. Lessons: CC BY 4.0"
extensions = ["myst_nb", "sphinx_design", "sphinx.ext.mathjax", "diagrams"]
nitpicky = True

# Lessons were run when their pages were written.
nb_execution_mode = "off"
nb_merge_streams = True
nb_code_prompt_show = "The test"
nb_code_prompt_hide = "The test"
myst_enable_extensions = ["colon_fence", "dollarmath"]
myst_fence_as_directive = ["mermaid"]
myst_heading_anchors = 3
highlight_language = "text"
smartquotes = False  # quotes may belong to code

html_theme = "sphinx_book_theme"
html_title = "TinyTorch"
html_static_path = ["static", "../site/vendored"]
html_favicon = "static/favicon.svg"
html_css_files = ["site.css"]
html_copy_source = False
html_show_sphinx = False
mathjax_path = "mathjax.js"
html_context = {"default_mode": "auto"}
html_theme_options = {
    "navbar_persistent": [],
    "use_download_button": False,
    "use_fullscreen_button": False,
    "show_toc_level": 2,
    "footer_content_items": ["copyright.html"],
    "show_navbar_depth": 1,
}
