// Pictures to choose from: Gradio gives this script `element`, their part of the page, and `trigger`.
element.addEventListener("click", (event) => {
  const cell = event.target.closest(".cell");
  if (!cell) return;
  element.querySelectorAll(".cell").forEach((one) => one.setAttribute("aria-pressed", one === cell));
  trigger("select", { index: Number(cell.dataset.index), value: null });
});
