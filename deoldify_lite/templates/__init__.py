"""HTML templates, styles and scripts of the report, the evaluation page and the web page."""
