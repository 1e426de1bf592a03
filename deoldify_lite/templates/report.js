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
  if (least.has(card)) card.querySelector(".place").textContent = "· least certain no. " + (i + 1);
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
const picks = document.querySelectorAll("nav input[type=radio]");
for (const input of picks) {
  const count = all.filter(kinds[input.value]).length;
  input.nextElementSibling.append(" " + count);
  input.parentElement.hidden = !count && input.value !== "all";
}
document.querySelector("option[value=doubt]").disabled = !doubted.length;
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
byId("search").addEventListener("input", show);
byId("order").addEventListener("change", sort);
for (const input of picks) {
  input.addEventListener("change", () => {
    if (input.value === "doubtful") { byId("order").value = "doubt"; sort(); }
    show();
  });
}
document.querySelector("nav form").addEventListener("submit", (event) => event.preventDefault());
sort();
show();
