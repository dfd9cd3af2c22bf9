/** What both pages have around them: the model's name and what it is, the way to the other page, and what is said when loading fails. */
import type { Page } from "../runtime/web/page.js";
import type { NormalLayer } from "../schema/normal.js";
import { element } from "./elements.js";
import { loadModel, type Model } from "./model.js";

const kinds: { readonly [K in Page["metadata"]["type"]]: string } = {
  text: "writes text",
  table: "looks ahead in a series",
  sequences: "reads sequences",
  pairs: "turns one sequence into another",
  images: "tells images apart",
  arrays: "reads numbers",
};

const pages = [
  { file: "index.html", name: "Try it" },
  { file: "learn.html", name: "Teach it" },
] as const;

/** Loads the model and shows it by `build`. */
export async function openPage(
  current: (typeof pages)[number]["file"],
  build: (model: Model) => readonly HTMLElement[],
): Promise<void> {
  const main = document.getElementById("main");
  const header = document.getElementById("header");
  if (main === null || header === null) return;
  try {
    const model = await loadModel();
    const { page } = model;
    document.title = `${page.name} · ${pages.find(({ file }) => file === current)?.name}`;
    header.replaceChildren(...heading(page, current));
    main.replaceChildren(...build(model));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    main.replaceChildren(element("p", { class: "message", role: "alert" }, `The model cannot be shown. ${reason}`));
    throw error;
  }
}

function heading(page: Page, current: string): readonly HTMLElement[] {
  const links = pages.map(({ file, name }) =>
    element("a", { href: file, ...(file === current && { "aria-current": "page" }) }, name),
  );
  return [
    element("div", {}, element("h1", {}, page.name), element("p", { class: "facts" }, factsOf(page).join(" · "))),
    element("nav", { "aria-label": "Pages" }, ...links),
  ];
}

function factsOf(page: Page): readonly string[] {
  const { metadata, manifest, model, step, metrics } = page;
  const count = manifest.parameters.reduce(
    (sum, { shape }) => sum + shape.reduce((product, size) => product * size, 1),
    0,
  );
  const measured = metrics === null ? [] : Object.entries(metrics).filter(([, values]) => "accuracy" in values);
  const [part, values] = measured.at(-1) ?? [];
  return [
    kinds[metadata.type],
    ...new Set(model.flatMap(layerNames)),
    `${count.toLocaleString("en")} weights`,
    `${step.toLocaleString("en")} training steps`,
    ...(values === undefined ? [] : [`${(Number(values.accuracy) * 100).toFixed(1)} % right in ${part}`]),
  ];
}

function layerNames(layer: NormalLayer): readonly string[] {
  if (layer.layer === "rnn") {
    return layer.cells.map(
      ({ cell, hidden_size, bidirectional }) =>
        `${bidirectional === "none" ? "" : "bidirectional "}${/^(rnn|lstm|gru)$/.test(cell) ? cell.toUpperCase() : cell} ${hidden_size}`,
    );
  }
  return layer.layer === "attention" ? ["attention"] : [];
}
