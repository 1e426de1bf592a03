"""The page as a site for the server."""

import gradio as gr
from fastapi import FastAPI

from deoldify_lite.templates.environment import read_asset
from deoldify_lite.web.desk import Desk
from deoldify_lite.web.page import build_page
from deoldify_lite.web.theme import WORDS, theme


def site(desk: Desk, *, max_upload_mib: int) -> FastAPI:
    """Build the site.

    Args:
        desk: does the work.
        max_upload_mib: of each file, in MiB.
    """
    app = FastAPI(openapi_url=None)
    gr.mount_gradio_app(
        app,
        build_page(desk),
        path="/",
        max_file_size=max_upload_mib << 20,
        theme=theme(),
        css=read_asset("shared.css") + read_asset("web.css"),
        i18n=gr.I18n(en=WORDS),
        footer_links=[],
        run_history=False,
        enable_monitoring=False,
        ssr_mode=False,
        pwa=False,
        mcp_server=False,
    )
    return app
