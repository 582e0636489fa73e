"""How Sphinx builds the site; tools/publish/site.py prepares what it reads."""

project = "Neural Networks and Keras"
author = "the authors of the course"
extensions = ["myst_nb", "sphinx.ext.mathjax"]
nb_execution_mode = "off"  # the pages show the outputs that are stored in the notebooks
nb_merge_streams = True
myst_enable_extensions = ["dollarmath", "amsmath", "html_image"]
myst_links_external_new_tab = False
mathjax_path = "mathjax.js"

templates_path = ["_templates"]
html_theme = "pydata_sphinx_theme"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_extra_path = ["extra"]
html_title = project
html_copy_source = False
html_show_sourcelink = False
html_show_sphinx = False
html_show_search_summary = False  # a browser does not let a page that is opened from a file read others
html_show_copyright = False
html_sidebars = {"**": ["course"]}
html_context = {"default_mode": "auto"}  # dark where the reader's system is
html_theme_options = {
    "navigation_with_keys": True,
    "show_toc_level": 2,
    "navbar_center": [],
    "navbar_persistent": ["search-button"],
    "footer_start": [],
    "footer_end": [],
    "secondary_sidebar_items": {"**": ["page-toc"], "index": [], "on_the_slide": []},
    "back_to_top_button": True,
}
