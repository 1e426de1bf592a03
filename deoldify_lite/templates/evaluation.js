"use strict";
const rankings = JSON.parse(document.getElementById("rankings").textContent);
const order = document.getElementById("order");
const cards = new Map();
for (const card of document.querySelectorAll("article")) {
  cards.set(Number(card.dataset.number), card);
  const truth = card.querySelector("img.truth");
  for (const image of card.querySelectorAll("img.after")) image.dataset.src = truth.dataset.src;
}
// A picture is in one of the lists at most, so that each card is needed once.
function show() {
  const ranking = rankings[order.value];
  for (const end of ["worst", "best"]) {
    const section = document.getElementById(end);
    section.hidden = !ranking[end].length;
    section.querySelector(".cards").replaceChildren(...ranking[end].map(([number, value]) => {
      const card = cards.get(number);
      card.querySelector(".facts").textContent = ranking.name + ": " + value;
      return card;
    }));
  }
}
order.addEventListener("change", show);
show();
