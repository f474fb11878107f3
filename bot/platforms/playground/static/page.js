// What the browser has to do itself; everything else is decided on the server.
window.playground = {
  click(event, emit) {
    const hit = event.target.closest("button");
    const act = hit && hit.closest("[data-do]");
    if (!act) return;
    if (act.dataset.do === "complete") return this.choose(act);
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
    const area = event.target, options = this.options(area);
    const keys = options.length ? ["ArrowUp", "ArrowDown", "Tab", "Enter", "Escape"] : ["Enter"];
    if (!keys.includes(event.key) || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    const picked = options.findIndex((option) => option.ariaSelected === "true");
    if (event.key === "Escape") {
      event.stopPropagation();
      options[0].parentElement.remove();
    } else if (event.key.startsWith("Arrow")) {
      options[picked].ariaSelected = "false";
      const next = picked + (event.key === "ArrowDown" ? 1 : options.length - 1);
      options[next % options.length].ariaSelected = "true";
    } else if (options.length) this.choose(options[picked]);
    else emit(this.state(area));
  },
  // Suggestions come from the server and may be a letter behind: they hold as long as the same word goes on.
  options(area) {
    const list = area.closest(".composer").querySelector("[role=listbox]");
    const { value, at } = this.state(area), begun = value.slice(0, at);
    const more = list && begun.startsWith(list.dataset.begun) && begun.slice(list.dataset.begun.length);
    return typeof more === "string" && !/[\s@#]/.test(more) ? [...list.children] : [];
  },
  // At once and here: a round trip would lose what is typed meanwhile.
  choose(option) {
    const list = option.parentElement, area = option.closest(".composer").querySelector("textarea");
    const head = area.value.slice(0, Number(list.dataset.start)) + option.dataset.insert + " ";
    const tail = area.value.slice(area.selectionStart).replace(/^ +/, "");
    area.value = head + tail;
    area.focus();
    area.setSelectionRange(head.length, head.length);
    list.remove();
    area.dispatchEvent(new Event("input"));
  },
  sent(name, text) { // what was typed on in the meantime stays
    const area = this.area(name);
    if (area.value.startsWith(text)) area.value = area.value.slice(text.length);
  },
  bring(id) { // what is taller than what can be seen is read from its beginning
    setTimeout(() => {
      const said = document.querySelector(`.app [data-id="${id}"]`), pane = said?.closest(".scroll");
      if (!pane) return;
      pane.scrollTop = 0;
      if (said.offsetHeight > pane.clientHeight) said.scrollIntoView({ block: "start" });
    }, 60);
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
document.addEventListener("keydown", (event) => {
  // A button that went with what it was pressed for leaves the focus on the page itself, outside of all that listens.
  if (event.key === "Escape" && event.target === document.body)
    document.querySelector(".app")?.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape" }));
});
