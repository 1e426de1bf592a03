// Colours taken from any picture, on the page on which shots are edited (editing.js).
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
