"""How Sphinx makes the book: `python3 course.py site` calls it, from a folder it fills itself."""

import os
import sys
from pathlib import Path

SITE = Path(__file__).resolve().parent
sys.path[:0] = [str(SITE), str(SITE.parent)]

# Where the course is published. The launch buttons for Colab point there; change this line, or set
# the variable, as the workflow for GitHub Pages does.
REPOSITORY = os.environ.get("COURSE_REPOSITORY") or "https://github.com/OWNER/REPOSITORY"

project = "Backpropagation by hand"
author = "the course's authors"
copyright = "the course's authors. Text and pictures CC BY 4.0, code MIT"  # noqa: A001
language = "en"
extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx_copybutton",
              "sphinx_design", "extension"]

# Notebooks are shown with the outputs that are stored in them.
nb_execution_mode = "off"
nb_ipywidgets_js = {}  # a figure that moves has a picture that stands for it
nb_merge_streams = True
myst_enable_extensions = ["dollarmath", "amsmath", "deflist", "colon_fence", "attrs_block",
                          "attrs_inline"]
myst_heading_anchors = 3
suppress_warnings = ["myst.header"]  # a folded answer may hold a smaller heading

autodoc_default_options = {"members": True, "member-order": "bysource"}
autodoc_typehints = "none"
add_module_names = False
default_role = "code"
napoleon_google_docstring = False
napoleon_use_rtype = False
napoleon_use_ivar = True

html_theme = "sphinx_book_theme"
html_title = "Backpropagation by hand, checked by the machine"
html_static_path = [str(SITE / "_static")]
html_css_files = ["source-sans-3/index.css", "source-sans-3/wght-italic.css",
                  "source-serif-4/index.css", "source-code-pro/index.css", "site.css"]
html_context = {"default_mode": "auto"}
html_js_files = ["site.js"]
templates_path = [str(SITE / "_templates")]
html_copy_source = False
html_use_index = False
html_domain_indices = False
html_favicon = str(SITE / "_static" / "icon.svg")
html_logo = str(SITE / "_static" / "icon.svg")
html_theme_options = {
    **{f"navbar_{part}": [] for part in ("start", "center", "end", "persistent")},
    "logo": {"text": "Backpropagation<br>by hand", "alt_text": "Home"},
    "home_page_in_toc": False,
    "show_navbar_depth": 1,
    "show_toc_level": 1,
    "use_download_button": False,
    "use_fullscreen_button": False,
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
    "footer_content_items": ["copyright.html"],
    "search_bar_text": "Search the course",
}

# Formulas: MathJax, its fonts and all else come from the site itself.
mathjax_path = "mathjax/tex-chtml.js"
mathjax_config_path = "mathjax.js"
