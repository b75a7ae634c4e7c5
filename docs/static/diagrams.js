// Draws every diagram of the page, and again when the reader switches between light and dark.
const diagrams = [...document.querySelectorAll("div.mermaid pre")].map((pre) => {
  const place = pre.closest("div.mermaid");
  return { place, source: pre.textContent };
});

async function draw() {
  const dark = document.documentElement.dataset.theme === "dark";
  mermaid.initialize({ startOnLoad: false, theme: dark ? "dark" : "neutral" });
  for (const [n, { place, source }] of diagrams.entries()) {
    const { svg } = await mermaid.render(`diagram-${n}`, source);
    place.innerHTML = svg;
    place.classList.add("drawn");
  }
}

document.fonts.ready.then(draw).then(() => {
  new MutationObserver(draw).observe(document.documentElement, { attributeFilter: ["data-theme"] });
});
