// What the pages do beyond forms and links: keys of the review, counts of ticks, progress of jobs, missing thumbnails.
"use strict";

const all = (selector) => [...document.querySelectorAll(selector)];
const isTyping = (target) => target.matches("input:not([type=checkbox]):not([type=range]), textarea, select");

// a thumbnail that cannot be had leaves its empty box
const empty = (image) => { image.parentElement.classList.add("empty"); image.remove(); };
document.addEventListener("error", (event) => { if (event.target.matches?.(".thumb img")) empty(event.target); }, true);
for (const image of all(".thumb img")) if (image.complete && !image.naturalWidth) empty(image);

// keys: by their place on the keyboard, so that they are the same in every layout
const codes = { Digit1: "1", Digit2: "2", Digit3: "3", Digit4: "4", Numpad1: "1", Numpad2: "2", Numpad3: "3", Numpad4: "4", KeyZ: "z" };
let isSent = false;
document.addEventListener("keydown", (event) => {
  const field = document.querySelector("[data-other-form] input[type=text]");
  if (event.key === "Escape" && event.target === field) return close();
  const key = codes[event.code];
  const isUndo = key === "z" && (event.ctrlKey || event.metaKey);
  if (!key || event.altKey || event.repeat || isTyping(event.target) || ((event.ctrlKey || event.metaKey) && !isUndo)) return;
  const button = document.querySelector(`[data-key="${key}"]`) ?? (key === "1" ? document.getElementById("next") : null);
  if (!button) return;
  event.preventDefault();
  if (!isSent) button.click();
});
document.addEventListener("submit", (event) => {
  // a second press while the page is on its way would label the next clip unseen
  if (isSent) event.preventDefault();
  isSent = true;
});
addEventListener("pageshow", () => { isSent = false; });

// the review: focus begins at the clip; the form for another project opens by its key
document.querySelector("[data-focus]")?.focus({ preventScroll: true });
const opener = document.querySelector("[data-opens]");
const form = document.querySelector("[data-other-form]");
function close() {
  form.hidden = true;
  opener.setAttribute("aria-expanded", "false");
  opener.focus();
}
if (opener && form) {
  form.hidden = true;
  opener.addEventListener("click", () => {
    form.hidden = false;
    opener.setAttribute("aria-expanded", "true");
    form.querySelector("input[type=text]").focus();
  });
}

// ticks: how many there are; the slider ticks all that are as near as it says
const counter = document.querySelector("[data-count]");
const ticks = () => all("input[name=ids], input[name=itself]");
function count() {
  if (counter) counter.textContent = counter.dataset.count.replace("#", String(ticks().filter((tick) => tick.checked).length));
}
if (counter) {
  document.addEventListener("change", count);
  count();
}
const slide = document.querySelector("[data-least]");
if (slide) {
  const number = document.getElementById("least");
  const project = document.getElementById("project");
  const tickFrom = (least) => {
    for (const row of all("[data-similarity]")) {
      const tick = row.querySelector("input");
      const isNear = Number(row.dataset.similarity) >= least;
      row.hidden = !isNear;
      // a clip that has another project already is ticked by hand alone
      tick.checked = isNear && !("other" in tick.dataset);
    }
    count();
  };
  slide.hidden = false;
  slide.addEventListener("input", () => { number.value = Number(slide.value).toFixed(2); tickFrom(Number(slide.value)); });
  number.addEventListener("input", () => { slide.value = number.value; tickFrom(Number(number.value)); });
}

// jobs: asked for their state until they are done
const job = document.querySelector("[data-job]");
if (job) {
  const ask = async () => {
    try {
      const state = await (await fetch(job.dataset.job)).json();
      if (!state.running) return location.reload();
      if (state.share !== null) job.querySelector("progress").value = state.share;
      if (state.told) job.querySelector("[data-told]").textContent = state.told;
    } catch { /* the service does not answer just now: asked again */ }
    setTimeout(ask, 500);
  };
  setTimeout(ask, 300);
}
