"""What a report's page is made of, apart from its photos: style, script, and the frame around them.

All that the page shows comes from the file itself: its content security policy forbids requests of any kind,
and runs no script but the one here, whatever the name of a photo holds.
"""

import base64
import hashlib

STYLE = """
  :root { --ink: #1c1c1a; --soft: #63625d; --line: #d9d7d0; --paper: #f4f3ef; --card: #fff;
          --bad: #a4261d; --warn: #7d5700; --accent: #1d5fa8; color-scheme: light dark; }
  @media (prefers-color-scheme: dark) {
    :root { --ink: #eceae4; --soft: #a3a19a; --line: #3a3935; --paper: #191917; --card: #242421;
            --bad: #ff9488; --warn: #f0c064; --accent: #8dbcf5; }
  }
  * { box-sizing: border-box; }
  body { margin: 0; background: var(--paper); color: var(--ink); font: 15px/1.45 system-ui, sans-serif; }
  header, main, footer { max-width: 100rem; margin: 0 auto; padding: 0 1.25rem; }
  header { padding-top: 1.25rem; }
  h1 { margin: 0; font-size: 1.4rem; }
  .counts { margin: .15rem 0 .5rem; color: var(--soft); }
  details { margin: 0 0 .75rem; color: var(--soft); }
  summary { cursor: pointer; width: fit-content; }
  dl { display: grid; grid-template-columns: max-content 1fr; gap: .1rem 1rem; margin: .5rem 0 0; }
  dt { color: var(--soft); } dd { margin: 0; color: var(--ink); overflow-wrap: anywhere; }
  nav { position: sticky; top: 0; z-index: 3; background: var(--paper); border-block: 1px solid var(--line); }
  nav form { display: flex; flex-wrap: wrap; gap: .5rem; align-items: center; max-width: 100rem;
             margin: 0 auto; padding: .6rem 1.25rem; }
  fieldset { display: flex; flex-wrap: wrap; gap: .35rem; margin: 0; padding: 0; border: 0; min-width: 0; }
  .pick { position: relative; }
  .pick input { position: absolute; inset: 0; margin: 0; opacity: 0; cursor: pointer; }
  .pick span { display: block; padding: .25rem .75rem; border: 1px solid var(--line); border-radius: 2rem;
               background: var(--card); white-space: nowrap; }
  .pick input:checked + span { background: var(--ink); color: var(--paper); border-color: var(--ink); }
  .pick[hidden] { display: none; }
  .pick input:focus-visible + span { outline: 2px solid var(--accent); outline-offset: 2px; }
  select, input[type=search] { font: inherit; color: inherit; padding: .25rem .6rem; background: var(--card);
             border: 1px solid var(--line); border-radius: .4rem; min-width: 0; }
  input[type=search] { flex: 1 1 9rem; max-width: 20rem; }
  output { color: var(--soft); margin-left: auto; white-space: nowrap; }
  main { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 20rem), 1fr)); gap: 1rem;
         padding-top: 1rem; padding-bottom: 2rem; align-items: start; }
  article { content-visibility: auto; contain-intrinsic-size: auto 22rem; background: var(--card);
            border: 1px solid var(--line); border-radius: .5rem; overflow: hidden; }
  article[hidden] { display: none; }
  .pair { position: relative; display: grid; place-items: center; height: 17rem; background: #6d6d6a;
          touch-action: pan-y; overflow: hidden; }
  .stack { position: relative; display: block; line-height: 0; max-width: 100%; }
  .stack img { display: block; max-width: 100%; max-height: 17rem; width: auto; height: auto; }
  .stack img + img { position: absolute; inset: 0; width: 100%; height: 100%;
                     clip-path: inset(0 calc(100% - var(--split, 50%)) 0 0); }
  .stack::after { content: ""; position: absolute; top: 0; bottom: 0; left: var(--split, 50%); width: 2px;
                  margin-left: -1px; background: #fff; box-shadow: 0 0 4px #0009; }
  .alone::after { display: none; }
  .knob { position: absolute; top: 50%; left: var(--split, 50%); width: 1.9rem; height: 1.9rem;
          margin: -.95rem 0 0 -.95rem; border-radius: 50%; background: #fff; box-shadow: 0 0 4px #0009;
          color: #333; font: 700 .8rem/1.9rem system-ui, sans-serif; text-align: center; z-index: 1; }
  .stack input { position: absolute; inset: 0; width: 100%; height: 100%; margin: 0; opacity: 0; z-index: 2;
                 cursor: ew-resize; touch-action: pan-y; appearance: none; }
  .stack input::-webkit-slider-thumb { appearance: none; width: 2px; height: 17rem; }
  .stack input::-moz-range-thumb { width: 2px; height: 17rem; border: 0; }
  .stack:focus-within { outline: 3px solid var(--accent); outline-offset: 1px; }
  .word { position: absolute; bottom: .4rem; padding: .1rem .45rem; border-radius: .25rem; line-height: 1.3;
          background: #000a; color: #fff; font-size: .72rem; z-index: 1; pointer-events: none; }
  .word.before { left: .4rem; } .word.after { right: .4rem; }
  .pair:has(.none) { height: 4rem; }
  .none { color: #fff; padding: 1rem; text-align: center; }
  .text { padding: .55rem .75rem .7rem; }
  h2 { margin: 0; font-size: .95rem; font-weight: 600; overflow-wrap: anywhere; unicode-bidi: isolate; }
  .facts { margin: .1rem 0 0; color: var(--soft); font-size: .85rem; }
  .facts a { color: var(--accent); }
  .failed, .warned { margin: .35rem 0 0; font-size: .85rem; overflow-wrap: anywhere; white-space: pre-line; }
  .place { font-weight: 600; }
  .failed { color: var(--bad); } .warned { color: var(--warn); }
  footer { padding-bottom: 2rem; color: var(--soft); font-size: .85rem; max-width: 100rem; }
  footer p { max-width: 48rem; margin: .3rem 0; }
  @media (max-width: 40rem) {
    nav form { padding: .5rem .75rem; } header, main, footer { padding-inline: .75rem; }
    nav { position: static; }
  }
  @media print { nav { position: static; } .knob { display: none; } }
"""

# A photo's pictures wait in attributes, and become images only near the screen: thousands of decoded pictures
# would fill the memory, and lazy loading of the browser's own does not hold for data.
SCRIPT = """
  "use strict";
  const byId = (id) => document.getElementById(id);
  const list = byId("photos");
  const all = [...list.children];
  const doubt = (card) => card.dataset.doubt === undefined ? -1 : Number(card.dataset.doubt);
  const doubted = all.filter((card) => doubt(card) >= 0).sort((a, b) => doubt(b) - doubt(a));
  // A tenth of them, but of few photos no fewer than five or a half.
  const some = Math.max(Math.ceil(doubted.length / 10), Math.min(5, Math.ceil(doubted.length / 2)));
  const least = new Set(doubted.slice(0, some));
  doubted.forEach((card, i) => {
    const place = card.querySelector(".place");
    place.textContent = least.has(card) ? "· least certain no. " + (i + 1) : "";
  });
  const kinds = {
    all: () => true,
    done: (card) => card.dataset.status === "done",
    skipped: (card) => card.dataset.status === "skipped",
    failed: (card) => card.dataset.status === "failed",
    warned: (card) => "warned" in card.dataset,
    doubtful: (card) => least.has(card),
  };
  const text = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });
  const orders = {
    run: (a, b) => a.dataset.number - b.dataset.number,
    name: (a, b) => text.compare(a.dataset.name, b.dataset.name),
    doubt: (a, b) => doubt(b) - doubt(a),
    seconds: (a, b) => b.dataset.seconds - a.dataset.seconds,
  };
  for (const input of document.querySelectorAll("nav input[type=radio]")) {
    const count = all.filter(kinds[input.value]).length;
    input.nextElementSibling.append(" " + count);
    input.parentElement.hidden = !count && input.value !== "all";
  }
  if (!doubted.length) document.querySelector("option[value=doubt]").disabled = true;
  let order = "run";
  function show() {
    const wanted = byId("search").value.trim().toLocaleLowerCase();
    const kind = kinds[document.querySelector("nav input[type=radio]:checked").value];
    let count = 0;
    for (const card of all) {
      card.hidden = !(kind(card) && card.dataset.name.toLocaleLowerCase().includes(wanted));
      count += !card.hidden;
    }
    byId("shown").value = count + " of " + all.length + " shown";
    byId("nothing").hidden = count > 0;
  }
  function sort() {
    const chosen = byId("order").value;
    if (chosen === order) return;
    order = chosen;
    list.append(...[...all].sort(orders[chosen]));
  }
  const near = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      for (const image of target.querySelectorAll("img")) {
        if (isIntersecting) image.src = image.dataset.src;
        else image.removeAttribute("src");
      }
    }
  }, { rootMargin: "1200px 0px" });
  for (const card of all) if (card.querySelector("img")) near.observe(card);
  list.addEventListener("input", ({ target }) => {
    target.closest(".stack").style.setProperty("--split", target.value + "%");
  });
  list.addEventListener("dblclick", ({ target }) => {
    if (target.type !== "range") return;
    target.value = 50;
    target.dispatchEvent(new Event("input", { bubbles: true }));
  });
  byId("search").addEventListener("input", show);
  byId("order").addEventListener("change", sort);
  for (const input of document.querySelectorAll("nav input[type=radio]")) {
    input.addEventListener("change", () => {
      if (input.value === "doubtful") { byId("order").value = "doubt"; sort(); }
      show();
    });
  }
  document.querySelector("nav form").addEventListener("submit", (event) => event.preventDefault());
  sort();
  show();
"""

# By it we know our own pages again, and replace no others.
GENERATOR = '<meta name="generator" content="deoldify_lite report">'


def _hash(text: str) -> str:
    return "'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'"


def head(title: str) -> str:
    """The page up to its body; `title` is escaped already."""
    policy = f"default-src 'none'; img-src data:; style-src {_hash(STYLE)}; script-src {_hash(SCRIPT)}"
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n{GENERATOR}\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<link rel="icon" href="data:,">\n<title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n'
    )


NAVIGATION = """<nav><form role="search">
<fieldset aria-label="Which photos">
<label class="pick"><input type="radio" name="kind" value="all" checked><span>All</span></label>
<label class="pick"><input type="radio" name="kind" value="done"><span>New</span></label>
<label class="pick"><input type="radio" name="kind" value="skipped"><span>Done earlier</span></label>
<label class="pick"><input type="radio" name="kind" value="failed"><span>Failed</span></label>
<label class="pick"><input type="radio" name="kind" value="warned"><span>Warned</span></label>
<label class="pick"><input type="radio" name="kind" value="doubtful"><span>Least certain</span></label>
</fieldset>
<select id="order" aria-label="Order" autocomplete="off">
<option value="run">in order of the run</option>
<option value="name">by name</option>
<option value="doubt">least certain first</option>
<option value="seconds">slowest first</option>
</select>
<input type="search" id="search" placeholder="Search names" aria-label="Search names" autocomplete="off">
<output id="shown" aria-live="polite"></output>
</form></nav>
<noscript><p>The pictures and filters of this page need JavaScript; it is in the page itself.</p></noscript>
"""
