// Sliders between before and after: their value moves the border, a double click puts it back.
document.addEventListener("input", ({ target }) => {
  target.closest(".stack")?.style.setProperty("--split", target.value + "%");
});
document.addEventListener("dblclick", ({ target }) => {
  if (!target.matches(".stack input")) return;
  target.value = target.defaultValue;
  target.dispatchEvent(new Event("input", { bubbles: true }));
});
