// Hints and key frames of shots. What is changed is kept here until it is saved; the server shows each change on
// the frame. A shot is known by its first frame.
const editor = byId("editor");
const shots = new Map();
let shot = null; // the one in the dialog
let turn = 0; // of pictures that were asked for: only the last one is shown

function take(found) {
  const known = shots.get(found.first) || { past: [] };
  const now = { hints: found.hints, keys: found.keys };
  shots.set(found.first, Object.assign(known, found, { now, saved: now }));
}
JSON.parse(byId("state").textContent).forEach(take);
const tileOf = (one) => document.querySelector(`.open[data-first="${one.first}"]`).closest("article");

async function ask(path, body, type) {
  const response = await fetch(path, { method: "POST", body, headers: { "Content-Type": type } });
  if (response.ok) return response;
  const found = await response.json().catch(() => ({}));
  throw new Error(found.error || "unexpected error: see what the program has logged");
}
const send = (path, value) => ask(path, JSON.stringify(value), "application/json");
const upload = (path, file) =>
  ask(`${path}?name=${encodeURIComponent(file.name)}`, file, "application/octet-stream");

function say(words, bad) {
  byId("said").textContent = words;
  byId("said").classList.toggle("failed", Boolean(bad));
}
async function trying(work) {
  try {
    return await work();
  } catch (error) {
    say(error instanceof TypeError ? "the server gave no answer: is the program still running?" : error.message, true);
    return null;
  }
}

const without = (some, others, name) => some.filter((one) => !others.some((other) => other[name] === one[name]));
const changeOf = ({ first, saved, now }) => ({
  first,
  hints_removed: without(saved.hints, now.hints, "text").map((hint) => hint.text),
  hints_added: without(now.hints, saved.hints, "text").map((hint) => hint.text),
  keys_removed: without(saved.keys, now.keys, "name").map((key) => key.name),
  keys_added: without(now.keys, saved.keys, "name").map((key) => key.name),
});
const isChanged = (one) => Object.values(changeOf(one)).some((value) => value.length > 0);
const changed = () => [...shots.values()].filter(isChanged);

function draw() {
  const some = changed();
  for (const button of document.querySelectorAll(".save")) button.disabled = !some.length;
  for (const one of shots.values()) tileOf(one).classList.toggle("changed", some.includes(one));
  if (!shot) return;
  byId("undo").disabled = !shot.past.length;
  byId("marks").replaceChildren(...shot.now.hints.map((hint) => {
    const mark = document.createElement("button");
    mark.type = "button";
    mark.style.left = `${100 * hint.x}%`;
    mark.style.top = `${100 * hint.y}%`;
    mark.style.background = hint.color === "keep" ? "none" : hint.color;
    mark.title = `${hint.color}: click to remove this hint`;
    mark.setAttribute("aria-label", mark.title);
    mark.addEventListener("click", () => change({ ...shot.now, hints: shot.now.hints.filter((one) => one !== hint) }));
    return mark;
  }));
  byId("keys").replaceChildren(...shot.now.keys.map((key) => {
    const item = document.createElement("li");
    const remove = document.createElement("button");
    remove.type = "button";
    remove.textContent = "Remove";
    remove.addEventListener("click", () => change({ ...shot.now, keys: shot.now.keys.filter((one) => one !== key) }));
    const place = key.frame === shot.frame ? "" : `, for frame ${key.frame}, which is not shown here`;
    item.append(`${key.label}${place} `, remove);
    return item;
  }));
}

async function tryOut() {
  const mine = ++turn;
  const { first, now } = shot;
  editor.classList.add("busy");
  try {
    const response = await send(`try/${first}`, {
      hints: now.hints.map((hint) => hint.text),
      keys: now.keys.map((key) => key.name),
    });
    const picture = URL.createObjectURL(await response.blob());
    if (mine !== turn) return;
    byId("still").src = picture;
    const small = tileOf(shot).querySelector("img");
    small.src = small.dataset.src = picture;
    URL.revokeObjectURL(shot.picture);
    shot.picture = picture;
    byId("frame").dataset.shows = turn;
  } finally {
    if (mine === turn) editor.classList.remove("busy");
  }
}

// A change that cannot be shown is taken back.
async function change(next) {
  const mine = shot;
  const before = mine.now;
  say("");
  mine.past.push(before);
  mine.now = next;
  draw();
  const shown = await trying(async () => { await tryOut(); return true; });
  if (!shown && mine.now === next) {
    mine.now = before;
    mine.past.pop();
    draw();
  }
}
async function undo() {
  if (!shot || !shot.past.length) return;
  shot.now = shot.past.pop();
  say("");
  draw();
  await trying(tryOut);
}
async function save() {
  const some = changed();
  if (!some.length) return;
  await trying(async () => {
    const response = await send("save", some.map(changeOf));
    (await response.json()).forEach(take);
    draw();
    say("Saved.");
  });
}

function open(first) {
  shot = shots.get(first);
  byId("shot").textContent = `Shot ${shot.number}, frame ${shot.frame}`;
  const others = shot.others ? `Hints on other frames, which are not shown here: ${shot.others}. ` : "";
  byId("facts").textContent = others + (shot.fixed && `This shot ${shot.fixed}.`);
  byId("tools").disabled = Boolean(shot.fixed);
  editor.classList.toggle("fixed", Boolean(shot.fixed));
  const small = tileOf(shot).querySelector("img");
  byId("frame").style.setProperty("--ratio", small.getAttribute("width") / small.getAttribute("height"));
  byId("still").removeAttribute("src");
  say("");
  draw();
  if (!editor.open) editor.showModal();
  return trying(tryOut);
}

const colorOf = (text) => (/^#[0-9a-f]{6}$/i.test(text.trim()) ? text.trim().toLowerCase() : null);
function choose(color) {
  byId("color").value = byId("hex").value = color;
  byId("keep").checked = false;
  byId("hex").setCustomValidity("");
}
byId("color").addEventListener("input", () => choose(byId("color").value));
byId("hex").addEventListener("input", () => {
  const color = colorOf(byId("hex").value);
  byId("keep").checked = false;
  if (color) choose(color);
  else byId("hex").setCustomValidity("write a colour as #2f4a8c");
});

byId("still").addEventListener("click", (event) => {
  if (shot.fixed) return;
  const color = byId("keep").checked ? "keep" : colorOf(byId("hex").value);
  if (!color) return say(`“${byId("hex").value}” is not a colour: write #rrggbb, as #2f4a8c`, true);
  if (!byId("reach").validity.valid) return say("the reach is a number of percent, from 0.1 to 100, or empty", true);
  const box = event.target.getBoundingClientRect();
  const x = (event.clientX - box.left) / box.width;
  const y = (event.clientY - box.top) / box.height;
  const percent = (share) => `${Math.min(Math.max(100 * share, 0), 100).toFixed(2)}%`;
  const reach = byId("reach").value && `,${Number(byId("reach").value)}%`;
  const text = `f${shot.frame},${percent(x)},${percent(y)},${color}${reach}`;
  return change({ ...shot.now, hints: [...shot.now.hints.filter((hint) => hint.text !== text), { text, x, y, color }] });
});

// The eyedropper: the mean of some pixels, since one alone may be grain.
const palette = byId("palette");
byId("palette-file").addEventListener("change", () => trying(async () => {
  const [file] = byId("palette-file").files;
  if (!file) return;
  const response = await upload("palette", file);
  const picture = await createImageBitmap(await response.blob());
  palette.width = picture.width;
  palette.height = picture.height;
  palette.getContext("2d", { willReadFrequently: true }).drawImage(picture, 0, 0);
  palette.hidden = false;
  say("Click a point of this picture to take its colour.");
}));
palette.addEventListener("click", (event) => {
  const box = palette.getBoundingClientRect();
  const x = Math.floor((event.clientX - box.left) / box.width * palette.width);
  const y = Math.floor((event.clientY - box.top) / box.height * palette.height);
  const left = Math.max(x - 2, 0);
  const top = Math.max(y - 2, 0);
  const right = Math.min(x + 3, palette.width);
  const bottom = Math.min(y + 3, palette.height);
  const { data } = palette.getContext("2d").getImageData(left, top, right - left, bottom - top);
  const mean = [0, 1, 2].map((channel) => {
    let sum = 0;
    for (let i = channel; i < data.length; i += 4) sum += data[i];
    return Math.round(sum / (data.length / 4));
  });
  choose("#" + mean.map((value) => value.toString(16).padStart(2, "0")).join(""));
  say("Now click the thing that has this colour.");
});

async function takeKey(file) {
  if (shot.fixed) return;
  const mine = shot;
  say("The key frame is being laid on its frame …");
  const key = await trying(async () => (await upload(`keys/${mine.first}`, file)).json());
  if (!key || mine !== shot) return;
  await change({ ...mine.now, keys: [...mine.now.keys.filter((one) => one.frame !== key.frame), key] });
}
byId("key-file").addEventListener("change", () => {
  const [file] = byId("key-file").files;
  byId("key-file").value = "";
  if (file) takeKey(file);
});
function dropsOn(place, getFirst) {
  place.addEventListener("dragover", () => place.classList.add("dropping"));
  place.addEventListener("dragleave", () => place.classList.remove("dropping"));
  place.addEventListener("drop", async (event) => {
    place.classList.remove("dropping");
    const [file] = event.dataTransfer.files;
    if (!file) return;
    const first = getFirst();
    if (!editor.open) await open(first);
    await takeKey(file);
  });
}
dropsOn(byId("stage"), () => shot.first);
for (const one of shots.values()) dropsOn(tileOf(one), () => one.first);
// What is dropped beside them must not replace the page.
for (const kind of ["dragover", "drop"]) document.addEventListener(kind, (event) => event.preventDefault());

list.addEventListener("click", (event) => {
  const tile = event.target.closest(".open");
  if (tile) open(Number(tile.dataset.first));
});
byId("undo").addEventListener("click", undo);
for (const button of document.querySelectorAll(".save")) button.addEventListener("click", save);
editor.addEventListener("close", () => { shot = null; });
// Enter in a field must not close the dialog.
editor.querySelector("form").addEventListener("submit", (event) => {
  if (event.submitter !== byId("close")) event.preventDefault();
});
document.addEventListener("keydown", (event) => {
  if (!(event.ctrlKey || event.metaKey)) return;
  if (event.key === "z" && event.target.tagName !== "INPUT") { event.preventDefault(); undo(); }
  if (event.key === "s") { event.preventDefault(); save(); }
});
window.addEventListener("beforeunload", (event) => {
  if (changed().length) event.preventDefault();
});
draw();
