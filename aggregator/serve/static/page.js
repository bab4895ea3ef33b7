// Keys, and word of what is new. Everything works without: this is all that runs on these pages.
"use strict";

const KEYS = "keys";
const NEWS_EVERY = 120_000;

const byId = (id) => document.getElementById(id);

const say = (words) => {
  byId("said").textContent = words;
};

// ---- single keys, which can be switched off (WCAG 2.1.4) ----

const remembered = () => {
  try {
    return localStorage.getItem(KEYS);
  } catch {
    return null;
  }
};

const remember = (value) => {
  try {
    localStorage.setItem(KEYS, value);
  } catch {
    // Without storage the choice holds for this page.
  }
};

let keysOn = remembered() !== "off";

const headlines = () => [...document.querySelectorAll(".story")].map(
  (story) => story.querySelector("h2 a, h3 a") ?? story.querySelector("a"),
).filter(Boolean);

const current = () => document.activeElement?.closest(".story, .whole");

const step = (by) => {
  const all = headlines();
  const at = all.findIndex((link) => link.closest(".story") === current());
  const next = all[at < 0 ? (by > 0 ? 0 : all.length - 1) : Math.min(Math.max(at + by, 0), all.length - 1)];
  next?.focus();
  next?.closest(".story").scrollIntoView({ block: "nearest" });
};

const search = () => {
  const field = byId("q");
  if (field) {
    field.focus();
    field.select();
    return;
  }
  document.querySelector('nav a[href$="search"]')?.click();
};

const actions = {
  j: () => step(1),
  k: () => step(-1),
  o: () => current()?.querySelector(".here, .button")?.click(),
  n: () => document.querySelector(".new a")?.click(),
  "/": search,
  "?": () => byId("keys").showModal(),
};

const typing = (target) => target instanceof Element && target.closest("input, select, textarea, [contenteditable]");

document.addEventListener("keydown", (event) => {
  const taken = event.ctrlKey || event.metaKey || event.altKey || event.isComposing || byId("keys").open;
  if (!keysOn || taken || typing(event.target) || !Object.hasOwn(actions, event.key)) {
    return;
  }
  event.preventDefault();
  actions[event.key]();
});

const offerKeys = () => {
  const dialog = byId("keys");
  const box = byId("keys-on");
  const open = byId("keys-open");
  box.checked = keysOn;
  open.hidden = false;
  open.addEventListener("click", () => dialog.showModal());
  byId("keys-close").addEventListener("click", () => dialog.close());
  box.addEventListener("change", () => {
    keysOn = box.checked;
    remember(keysOn ? "on" : "off");
  });
};

// ---- "5 new", without reloading ----

const known = () => new Set([...document.querySelectorAll("[data-story]")].map((story) => story.dataset.story));

const tellNew = (count) => {
  const river = byId("river");
  const words = `${count} new`;
  let line = document.querySelector(".new");
  if (!line) {
    line = document.createElement("p");
    line.className = "new";
    line.append(document.createElement("a"));
    line.firstChild.href = location.href;
    river.before(line);
  }
  if (line.firstChild.textContent !== words) {
    line.firstChild.textContent = words;
    document.title = `(${count}) ${document.title.replace(/^\(\d+\) /, "")}`;
    say(`${count} new ${count === 1 ? "story" : "stories"}`);
  }
};

const look = async () => {
  if (document.hidden) {
    return;
  }
  const answer = await fetch(location.href, { cache: "no-cache", credentials: "omit" });
  if (!answer.ok) {
    return;
  }
  const here = known();
  const there = [...(await answer.text()).matchAll(/data-story="([0-9a-f]+)"/g)].map((found) => found[1]);
  const oldest = there.findIndex((story) => here.has(story));
  const count = (oldest < 0 ? there : there.slice(0, oldest)).length;
  if (count) {
    tellNew(count);
  }
};

const watch = () => {
  if (byId("river")?.dataset.newest === undefined) {
    return;
  }
  const patiently = () => look().catch(() => {});
  setInterval(patiently, NEWS_EVERY);
  document.addEventListener("visibilitychange", patiently);
};

// ---- copying addresses ----

const copy = async (field, button) => {
  field.select();
  try {
    await navigator.clipboard.writeText(field.value);
  } catch {
    document.execCommand("copy");
  }
  button.textContent = "Copied";
  say("Copied");
  setTimeout(() => {
    button.textContent = "Copy";
  }, 2_000);
};

const offerCopies = () => {
  for (const field of document.querySelectorAll("[data-copy]")) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = "Copy";
    button.setAttribute("aria-label", `Copy: ${field.getAttribute("aria-label")}`);
    button.addEventListener("click", () => copy(field, button));
    field.addEventListener("focus", () => field.select());
    field.after(button);
  }
};

offerKeys();
offerCopies();
watch();
