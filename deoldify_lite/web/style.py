"""How the page looks. Its fonts are the system's: nothing is fetched from elsewhere."""

import gradio as gr

HEADER = """
<header class="head">
  <h1>Colour for old photos and films</h1>
  <p>Drop a photo, a whole pile of them, or a film. Press <b>Colorize</b>, compare, download.</p>
  <p class="hint">Nothing goes to the internet, and what you drop here is deleted when you close this page.
  </p>
</header>
"""

CSS = """
.gradio-container { max-width: 880px !important; margin: 0 auto !important; font-size: 17px; }
.head h1 { font-size: 1.8rem; font-weight: 650; margin: 1.2rem 0 .4rem; }
.head p { font-size: 1.1rem; margin: 0; }
.hint { color: var(--body-text-color-subdued); font-size: .95rem !important; margin: .3rem 0 0 !important; }
#drop { border: 2px dashed var(--color-accent); }
/* A refused file is told of in a message of its own, and the box stays open for another one. */
#drop .wrap:has(.error) { display: none; }
#mode .wrap { flex-direction: column; align-items: stretch; }
#go, #download { font-size: 1.25rem; min-height: 3.2rem; }
.gradio-container input[type="range"]::-webkit-slider-thumb { border: 2px solid var(--color-accent); }

#status { min-height: 4.5rem; }
#status .wrap * { font-family: var(--font) !important; }
.counts { font-size: 1.1rem; margin: 0; }
.outcomes { list-style: none; padding: 0; margin: .4rem 0 0; }
.outcomes li { padding: .5rem .8rem; margin: .3rem 0; border-left: 4px solid var(--color-accent);
  border-radius: 4px; background: var(--background-fill-secondary); overflow-wrap: anywhere; }
.outcomes li.failed { border-color: #c2410c; }

.compare { position: relative; display: grid; width: fit-content; max-width: 100%; margin: 0 auto;
  border-radius: 10px; overflow: hidden; touch-action: pan-y; }
.compare:focus-within { outline: 3px solid var(--color-accent); outline-offset: 3px; }
.compare img { grid-area: 1 / 1; display: block; max-width: 100%; max-height: 72vh; margin: 0;
  border-radius: 0; }
.compare .before { clip-path: inset(0 calc(100% - var(--at)) 0 0); }
/* the border, and a handle on it */
.compare::after { content: ""; position: absolute; top: 0; bottom: 0; left: calc(var(--at) - 1.5px);
  width: 3px; background: #fff; box-shadow: 0 0 6px #0009; pointer-events: none; }
.compare::before { content: "\\2194"; position: absolute; z-index: 1; top: 50%; left: var(--at);
  width: 2.4rem; height: 2.4rem; line-height: 2.3rem; margin: -1.2rem 0 0 -1.2rem; border-radius: 50%;
  text-align: center; color: #222; background: #fff; box-shadow: 0 0 6px #0009; pointer-events: none;
  font-size: 1.3rem; }
/* the slider itself lies unseen over the picture, with a thumb so thin that the border is where one clicks */
.compare input { position: absolute; inset: 0; z-index: 2; width: 100%; height: 100%; margin: 0; opacity: 0;
  cursor: ew-resize; -webkit-appearance: none; appearance: none; touch-action: pan-y; }
.compare input::-webkit-slider-thumb { -webkit-appearance: none; width: 2px; height: 100%;
  border: 0 !important; }
.compare input::-moz-range-thumb { width: 2px; height: 100%; border: 0; }
.compare .tag { position: absolute; bottom: .6rem; padding: .1rem .6rem; border-radius: 99px; color: #fff;
  background: #0008; font-size: .85rem; pointer-events: none; }
.compare .left { left: .6rem; }
.compare .right { right: .6rem; }
.player { display: block; width: 100%; max-height: 72vh; border-radius: 10px; background: #000; }

#thumbs:not(:has(.cell)), #player:not(:has(video, p)) { display: none; }
.cells { display: grid; grid-template-columns: repeat(auto-fill, minmax(8.5rem, 1fr)); gap: .6rem;
  margin: .6rem 0; }
#sheet .cells { grid-template-columns: repeat(3, 1fr); }
@media (max-width: 600px) { #sheet .cells { grid-template-columns: repeat(2, 1fr); } }
.cells span { font-size: 1rem; font-weight: 500; }
.cell { padding: .3rem; border: 2px solid var(--border-color-primary); border-radius: 8px; cursor: pointer;
  background: var(--background-fill-primary); color: var(--body-text-color); overflow-wrap: anywhere; }
.cell:hover, .cell:focus-visible, .cell[aria-pressed="true"] { border-color: var(--color-accent); }
.cell[aria-pressed="true"] { box-shadow: 0 0 0 2px var(--color-accent); }
.cell:focus-visible { outline: 3px solid var(--color-accent); }
.cell img { width: 100%; aspect-ratio: 1; object-fit: contain; margin: 0 0 .2rem; }
"""

# Gradio's words for its own parts, in English; it brings those of other languages.
WORDS = {
    "upload_text.drop_file": "Drop photos or a film here",
    "upload_text.click_to_upload": "click to choose",
}

# A choice of pictures tells which one was clicked.
TELL_CLICKS = """
element.addEventListener('click', event => {
  const cell = event.target.closest('.cell');
  if (!cell) return;
  element.querySelectorAll('.cell').forEach(one => one.setAttribute('aria-pressed', one === cell));
  trigger('select', {index: Number(cell.dataset.index), value: null});
});
"""

SHOW_RESULTS = "() => document.querySelector('#status').scrollIntoView()"


def theme() -> gr.themes.Base:
    """Calm colours, dark enough to be read, and the system's fonts."""
    soft = gr.themes.Soft(
        primary_hue="teal",
        secondary_hue="teal",
        neutral_hue="stone",
        text_size="lg",
        radius_size="lg",
        font=["system-ui", "-apple-system", "Segoe UI", "Roboto", "Noto Sans", "sans-serif"],
        font_mono=["ui-monospace", "Consolas", "monospace"],
    )
    return soft.set(
        body_background_fill="*neutral_100",
        body_background_fill_dark="*neutral_950",
        block_background_fill="white",
        block_background_fill_dark="*neutral_900",
        body_text_color_subdued="*neutral_600",
        body_text_color_subdued_dark="*neutral_300",
        block_info_text_color="*neutral_600",
        block_info_text_color_dark="*neutral_300",
        block_label_text_color="*primary_800",
        block_title_text_color="*primary_800",
        button_primary_background_fill="*primary_700",
        button_primary_background_fill_hover="*primary_800",
        button_primary_background_fill_dark="*primary_700",
        button_primary_background_fill_hover_dark="*primary_600",
        checkbox_label_background_fill_selected="*primary_700",
        checkbox_label_background_fill_selected_dark="*primary_700",
        checkbox_border_color="*neutral_400",
        checkbox_border_color_dark="*neutral_400",
        slider_color="*primary_700",
        link_text_color="*primary_700",
    )
