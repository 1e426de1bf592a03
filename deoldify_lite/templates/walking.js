// Going through the frames of a shot, on the page on which shots are edited (editing.js).
let walking = false; // a picture is on its way: one at a time

const isIn = (one, frame) => one.begin <= frame && frame < one.end;
function goer(words, frame) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = words;
  button.addEventListener("click", () => go(frame));
  return button;
}
function drawWalk() {
  const { number, at, begin, end, telling } = shot;
  byId("shot").textContent = `Shot ${number}, frame ${at}${at === telling ? " (telling)" : ""}`;
  const counts = new Map();
  for (const { frame } of shot.now.hints) counts.set(frame, (counts.get(frame) || 0) + 1);
  const others = [...counts].filter(([frame]) => frame !== at).sort(([a], [b]) => a - b);
  byId("marked").replaceChildren(...(others.length ? ["Hints on other frames:"] : []),
    ...others.map(([frame, count]) => goer(`${frame}${count > 1 ? ` (${count})` : ""}`, frame)));
  Object.assign(byId("at"), { min: begin, max: end - 1, value: at });
  byId("back").disabled = byId("to-first").disabled = at === begin;
  byId("forth").disabled = byId("to-last").disabled = at === end - 1;
  byId("to-telling").disabled = at === telling;
}

// Go to a frame of the shot. A slider that is drawn asks for many: those that are passed meanwhile are left out.
async function go(frame) {
  if (!shot) return;
  shot.at = Math.min(Math.max(frame, shot.begin), shot.end - 1);
  draw();
  if (walking) return;
  walking = true;
  try {
    for (let at = null; shot && at !== shot.at;) {
      at = shot.at;
      await trying(tryOut);
    }
  } finally {
    walking = false;
  }
}

byId("at").addEventListener("input", () => go(Number(byId("at").value)));
byId("back").addEventListener("click", () => go(shot.at - 1));
byId("forth").addEventListener("click", () => go(shot.at + 1));
byId("to-first").addEventListener("click", () => go(shot.begin));
byId("to-last").addEventListener("click", () => go(shot.end - 1));
byId("to-telling").addEventListener("click", () => go(shot.telling));
