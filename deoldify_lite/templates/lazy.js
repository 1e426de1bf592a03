// Pictures wait in attributes and become images only near the screen: thousands of decoded ones would fill the
// memory, and the browser's own lazy loading does not apply to data inside the page.
const near = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) {
    for (const image of target.querySelectorAll("img")) {
      if (isIntersecting) image.src = image.dataset.src;
      else image.removeAttribute("src");
    }
  }
}, { rootMargin: "1200px 0px" });
for (const card of document.querySelectorAll("article")) if (card.querySelector("img")) near.observe(card);
