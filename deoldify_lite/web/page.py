"""The page: its parts, and which function each of them calls."""

from typing import Any

import gradio as gr

from deoldify_lite.render.modes import MODES, RENDER_FACTORS
from deoldify_lite.templates.environment import read_asset
from deoldify_lite.web.desk import Desk
from deoldify_lite.web.events import Events
from deoldify_lite.web.html import header_html
from deoldify_lite.web.outcome import RECOLOR

# Pieces of work that may wait; whoever comes later is asked to try again.
MOST_WAITING = 50


def build_page(desk: Desk) -> gr.Blocks:
    """Build the page; its buttons hand work to the desk, one piece at a time."""
    usual, events = desk.usual("artistic"), Events(desk)
    choice = read_asset("cells.js")
    with gr.Blocks(title="Colour for old photos and films", analytics_enabled=False) as page:
        gr.HTML(header_html())
        files = gr.File(label="Photos and films", file_count="multiple", elem_id="drop")
        mode = gr.Radio(
            [(f"{name.capitalize()}: {mode.about}", name) for name, mode in MODES.items()],
            value="artistic",
            label="Mode",
            elem_id="mode",
        )
        with gr.Accordion("More options", open=False, elem_id="more"):
            factor = gr.Slider(
                *(RENDER_FACTORS[0], RENDER_FACTORS[-1], usual.render_factor),
                step=1,
                label="Render factor",
                info="Lower is faster and bolder, higher is finer and calmer.",
                elem_id="factor",
            )
            sheet_button = gr.Button("Compare render factors", size="sm", elem_id="show-sheet")
            sheet = gr.HTML(js_on_load=choice, elem_id="sheet")
            saturation = gr.Slider(
                *(0.05, 4, usual.saturation),
                step=0.05,
                label="Saturation",
                info="Lower is paler, higher is stronger.",
                elem_id="saturation",
            )
            steadiness = gr.Slider(
                *(0, 1, usual.steadiness),
                step=0.05,
                label="Steadiness of films",
                info="0 colours each frame on its own; 1 keeps colours as long as motion can be tracked.",
                elem_id="steadiness",
            )
            recolor_all = gr.Checkbox(
                label=RECOLOR,
                info="Otherwise, shots of a film that are in colour stay unchanged.",
                elem_id="recolor",
            )
        with gr.Group(visible=False, elem_id="film") as film_box:
            with gr.Row():
                start = gr.Slider(0, 1, 0, step=0.1, label="Preview from (seconds)", elem_id="start")
                length = gr.Slider(1, 15, 4, step=1, label="Length (seconds)", elem_id="length")
            preview_button = gr.Button("Preview this part", elem_id="preview")
        go = gr.Button("Colorize", variant="primary", size="lg", elem_id="go")
        stop = gr.Button("Stop", variant="stop", visible=False, elem_id="stop-work")
        status = gr.HTML(elem_id="status")
        with gr.Column(visible=False, elem_id="results") as results:
            compare = gr.HTML(js_on_load=read_asset("slider.js"), elem_id="compare")
            thumbs = gr.HTML(js_on_load=choice, elem_id="thumbs")
            player = gr.HTML(elem_id="player")
            download = gr.DownloadButton("Download", variant="primary", size="lg", elem_id="download")
        work, factors = gr.State(), gr.State()

        wish: list[Any] = [files, mode, factor, saturation, steadiness, recolor_all, start, length]
        shown: list[Any] = [status, results, compare, thumbs, player, download, work]
        buttons: list[Any] = [go, preview_button, sheet_button, stop]
        quick: dict[str, Any] = {"queue": False, "show_progress": "hidden", "api_visibility": "private"}
        queued: dict[str, Any] = {
            "concurrency_id": "work",
            "concurrency_limit": 1,
            "show_progress_on": status,
            "api_visibility": "private",
        }
        brought: list[Any] = [status, mode, factor, saturation, steadiness, film_box, start, sheet]
        files.change(events.bring, [files, mode], brought, **quick)
        mode.input(events.choose_mode, mode, [status, factor, saturation, steadiness], **quick)
        sheet.select(events.choose_factor, factors, factor, **quick)
        thumbs.select(events.choose_photo, work, [status, compare], **quick)
        stop.click(events.stop, **quick)
        page.unload(events.leave)
        jobs: list[tuple[Any, Any, list[Any]]] = [
            (go, events.colorize, shown),
            (preview_button, events.preview, shown),
            (sheet_button, events.sheet, [status, sheet, factors]),
        ]
        for button, function, outputs in jobs:
            begun = button.click(events.begin, None, [status, *buttons], **quick)
            done = begun.then(function, wish, outputs, **queued).then(events.end, None, buttons, **quick)
            if outputs is shown:
                done.then(None, js="() => document.querySelector('#status').scrollIntoView()")
    return page.queue(max_size=MOST_WAITING)
