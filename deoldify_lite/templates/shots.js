"use strict";
const byId = (id) => document.getElementById(id);
const list = byId("shots");
const all = [...list.children];
const value = (card, name) => card.dataset[name] === undefined ? -1 : Number(card.dataset[name]);
const orders = {
  doubt: (a, b) => value(b, "doubt") - value(a, "doubt") || value(a, "number") - value(b, "number"),
  film: (a, b) => value(a, "number") - value(b, "number"),
  scene: (a, b) => value(a, "scene") - value(b, "scene") || value(a, "number") - value(b, "number"),
  frames: (a, b) => value(b, "frames") - value(a, "frames"),
};
function sort() {
  list.append(...[...all].sort(orders[byId("order").value]));
}
function show() {
  const wanted = byId("search").value.trim().toLocaleLowerCase();
  let count = 0;
  for (const card of all) {
    card.hidden = !card.textContent.replace(/\s+/g, " ").toLocaleLowerCase().includes(wanted);
    count += !card.hidden;
  }
  byId("shown").value = count + " of " + all.length + " shown";
  byId("nothing").hidden = count > 0;
}
byId("search").addEventListener("input", show);
byId("order").addEventListener("change", sort);
document.querySelector("nav form").addEventListener("submit", (event) => event.preventDefault());
sort();
show();
