// Hints and key frames of shots. What is changed is kept here until it is saved; the server shows each change on
// the frame that is looked at. A shot is known by its first frame.
const editor = byId("editor");
const shots = new Map();
let shot = null; // the one in the dialog
let turn = 0; // of pictures that were asked for: only the last one is shown

function take(found) {
  const known = shots.get(found.first) || { past: [], at: found.telling, problems: {} };
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
  drawWalk();
  byId("marks").replaceChildren(...shot.now.hints.filter((hint) => hint.frame === shot.at).map((hint) => {
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
    item.append(`${key.label}, frame ${key.frame} `);
    if (key.frame !== shot.at && isIn(shot, key.frame)) item.append(goer("Go there", key.frame), " ");
    item.append(remove);
    if (shot.problems[key.name]) {
      const words = document.createElement("span");
      words.className = "failed";
      words.textContent = shot.problems[key.name];
      item.append(words);
    }
    return item;
  }));
}

// What is wrong with key frames is said beside their shot.
async function learnProblems(one, keys) {
  const names = keys.map((key) => key.name);
  one.problems = names.length ? await (await send(`problems/${one.first}`, names)).json() : {};
  sayBeside(one, Object.values(one.problems));
  if (one === shot) draw();
}
function sayBeside(one, sentences) {
  const place = tileOf(one).querySelector(".problems");
  place.hidden = !sentences.length;
  place.replaceChildren(...sentences.map((words) => {
    const item = document.createElement("li");
    item.textContent = words;
    return item;
  }));
}

const still = async ({ first, now }, frame) => URL.createObjectURL(await (await send(`try/${first}/${frame}`, {
  hints: now.hints.map((hint) => hint.text),
  keys: now.keys.map((key) => key.name),
})).blob());
function showTile(one, picture) {
  const small = tileOf(one).querySelector("img");
  small.src = small.dataset.src = picture;
  if (one.picture) URL.revokeObjectURL(one.picture);
  Object.assign(one, { picture, shown: one.now });
}
async function tryOut() {
  const mine = ++turn;
  const one = shot;
  const { at, now } = one;
  editor.classList.add("busy");
  try {
    const picture = await still(one, at);
    if (mine !== turn) return;
    const old = byId("still").src;
    byId("still").src = picture;
    if (at === one.telling) showTile(one, picture);
    if (old !== one.picture) URL.revokeObjectURL(old);
    Object.assign(byId("frame").dataset, { shows: turn, at });
    if (now.keys.length || Object.keys(one.problems).length) await learnProblems(one, now.keys);
  } finally {
    if (mine === turn) editor.classList.remove("busy");
  }
}

// A change that cannot be shown is taken back.
async function change(next) {
  const mine = shot;
  const before = mine.now;
  say("");
  mine.past.push({ now: before, at: mine.at });
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
  Object.assign(shot, shot.past.pop());
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
  byId("facts").textContent = shot.fixed && `This shot ${shot.fixed}.`;
  byId("tools").disabled = Boolean(shot.fixed);
  editor.classList.toggle("fixed", Boolean(shot.fixed));
  const small = tileOf(shot).querySelector("img");
  byId("frame").style.setProperty("--ratio", small.getAttribute("width") / small.getAttribute("height"));
  byId("still").removeAttribute("src");
  delete byId("frame").dataset.at;
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
  if (shot.fixed) return say(`This shot ${shot.fixed}.`, true);
  if (Number(byId("frame").dataset.at) !== shot.at) return say(`Wait until frame ${shot.at} is shown.`);
  const color = byId("keep").checked ? "keep" : colorOf(byId("hex").value);
  if (!color) return say(`“${byId("hex").value}” is not a colour: write #rrggbb, as #2f4a8c`, true);
  if (!byId("reach").validity.valid) return say("the reach is a number of percent, from 0.1 to 100, or empty", true);
  const box = event.target.getBoundingClientRect();
  const x = (event.clientX - box.left) / box.width;
  const y = (event.clientY - box.top) / box.height;
  const percent = (share) => `${Math.min(Math.max(100 * share, 0), 100).toFixed(2)}%`;
  const reach = byId("reach").value && `,${Number(byId("reach").value)}%`;
  const text = `f${shot.at},${percent(x)},${percent(y)},${color}${reach}`;
  const hints = shot.now.hints.filter((hint) => hint.text !== text);
  return change({ ...shot.now, hints: [...hints, { text, frame: shot.at, x, y, color }] });
});

async function takeKey(file) {
  if (shot.fixed) return say(`This shot ${shot.fixed}.`, true);
  const mine = shot;
  say("The key frame is being laid on its frame …");
  const key = await trying(async () => (await upload(`keys/${mine.first}/${mine.at}`, file)).json());
  if (!key || mine !== shot) return;
  mine.at = key.frame;
  const other = mine.now.keys.find((one) => one.frame === key.frame);
  await change({ ...mine.now, keys: [...mine.now.keys.filter((one) => one !== other), key] });
  if (other && mine.now.keys.includes(key)) say(`${key.label} takes the place of ${other.label}.`);
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
editor.addEventListener("close", () => {
  const one = shot;
  shot = null;
  if (byId("still").src !== one.picture) URL.revokeObjectURL(byId("still").src);
  // The tile shows the telling frame, also after changes on another one.
  if (one.shown !== one.now) trying(async () => showTile(one, await still(one, one.telling)));
});
// A tile is asked for when it comes near the screen; what is wrong with it is found out then.
for (const one of shots.values()) {
  const small = tileOf(one).querySelector("img");
  const learn = () => one.shown || trying(() => learnProblems(one, one.now.keys));
  small.addEventListener("load", learn, { once: true });
  small.addEventListener("error", async () => {
    const response = await fetch(small.dataset.src).catch(() => null);
    const found = response && !response.ok && await response.json().catch(() => null);
    if (found) sayBeside(one, [found.error]);
  });
}
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
