// What the browser has to do itself; everything else is decided on the server.
window.playground = {
  click(event, emit) {
    const hit = event.target.closest("button");
    const act = hit && hit.closest("[data-do]");
    if (!act) return;
    document.documentElement.classList.remove("nav");
    emit({
      ...act.dataset, ...hit.dataset,
      id: hit.closest("[data-id]")?.dataset.id ?? "",
      composer: hit.closest("[data-composer]")?.dataset.composer ?? "",
    });
  },
  area: (name) => document.querySelector(`[data-composer=${name}] textarea`),
  state: (area) => ({ value: area.value, at: area.selectionStart }),
  typed(event, emit) { emit(this.state(event.target)); },
  key(event, emit) {
    const shown = !!event.target.closest(".composer").querySelector("[role=option]");
    const open = shown && event.target.value !== this.written; // what was just chosen is done with
    const keys = open ? ["ArrowUp", "ArrowDown", "Tab", "Enter", "Escape"] : ["Enter"];
    if (!keys.includes(event.key) || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    if (event.key === "Escape") event.stopPropagation();
    const choosing = open && ["Tab", "Enter"].includes(event.key);
    if (this.chosen && ["Tab", "Enter"].includes(event.key)) { // the first Enter is still on its way: this one sends what it brings
      if (event.key === "Enter") this.chosen.then = emit;
      return;
    }
    if (choosing) {
      const chosen = this.chosen = { then: null };
      setTimeout(() => { if (this.chosen === chosen) this.chosen = null; }, 2000);
    }
    emit({ ...this.state(event.target), key: event.key, open });
  },
  written: null, // the text as a chosen suggestion left it
  chosen: null, // a suggestion that was chosen and has not come back as text yet
  write(name, text, at) {
    const area = this.area(name);
    area.value = text;
    area.focus();
    area.setSelectionRange(at, at);
    this.written = text;
    const then = this.chosen?.then;
    this.chosen = null;
    if (then) then({ ...this.state(area), key: "Enter", open: false });
  },
  sent(name, text) { // what was typed on in the meantime stays
    const area = this.area(name);
    if (area.value.startsWith(text)) area.value = area.value.slice(text.length);
  },
  focus(name) { setTimeout(() => this.area(name)?.focus(), 50); },
  escape(event, emit) {
    if (event.key !== "Escape" || event.target.closest("dialog")) return;
    const menus = document.querySelectorAll("details.menu[open]");
    menus.forEach((menu) => { menu.open = false; menu.firstElementChild.focus(); });
    if (!menus.length && document.querySelector(".thread:not(.hidden)")) emit();
  },
  values(form) {
    const data = new FormData(form), found = {};
    for (const key of new Set(data.keys())) {
      const all = data.getAll(key);
      found[key] = all.length > 1 ? all : all[0];
    }
    return found;
  },
  dialog(id, open) {
    setTimeout(() => {
      const dialog = document.getElementById("c" + id);
      if (open && !dialog.open) dialog.showModal();
      if (!open && dialog.open) dialog.close();
      if (open) (dialog.querySelector("[aria-invalid], .fields input, .fields textarea, .fields select"))?.focus();
    }, 30);
  },
  theme(dark) {
    document.documentElement.style.colorScheme = dark ? "dark" : "light";
  },
};
const kept = localStorage.getItem("theme");
if (kept) playground.theme(kept === "dark");
document.addEventListener("click", (event) => {
  document.querySelectorAll("details.menu[open]").forEach((menu) => {
    if (!menu.contains(event.target) || event.target.closest(".pop button")) menu.open = false;
  });
  const js = event.target.closest("[data-js]")?.dataset.js;
  if (js === "nav") document.documentElement.classList.toggle("nav");
  else if (!event.target.closest(".sidebar")) document.documentElement.classList.remove("nav");
  if (js === "theme") {
    const now = document.documentElement.style.colorScheme;
    const dark = now ? now === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    localStorage.setItem("theme", dark ? "light" : "dark");
    playground.theme(!dark);
  }
});
