/** What both pages have around them: the model's name and what it is, the way to the other page, and what is said when loading fails. */
import { elementCount } from "../runtime/tensors/array.js";
import type { PageManifest } from "../runtime/web/page-manifest.js";
import type { NormalLayer } from "../schema/normal/index.js";
import { element } from "./dom.js";
import { loadModel, type Model } from "./load-model.js";

const typeDescriptions: { readonly [K in PageManifest["metadata"]["type"]]: string } = {
  text: "writes text",
  table: "looks ahead in a series",
  sequences: "reads sequences",
  pairs: "turns one sequence into another",
  images: "tells images apart",
  arrays: "reads numbers",
};

const pages = [
  { file: "index.html", name: "Try it" },
  { file: "fine-tune.html", name: "Teach it" },
] as const;

/** Loads the model and shows it by `build`. */
export async function openPage(
  current: (typeof pages)[number]["file"],
  render: (model: Model) => readonly HTMLElement[],
): Promise<void> {
  const main = document.getElementById("main");
  const header = document.getElementById("header");
  if (main === null || header === null) return;
  try {
    const model = await loadModel();
    const { page } = model;
    document.title = `${page.name} · ${pages.find(({ file }) => file === current)?.name}`;
    header.replaceChildren(...heading(page, current));
    main.replaceChildren(...render(model));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    main.replaceChildren(element("p", { class: "message", role: "alert" }, `The model cannot be shown. ${reason}`));
    throw error;
  }
}

function heading(page: PageManifest, current: string): readonly HTMLElement[] {
  const links = pages.map(({ file, name }) =>
    element("a", { href: file, ...(file === current && { "aria-current": "page" }) }, name),
  );
  return [
    element("div", {}, element("h1", {}, page.name), element("p", { class: "facts" }, modelFacts(page).join(" · "))),
    element("nav", { "aria-label": "Pages" }, ...links),
  ];
}

function modelFacts(page: PageManifest): readonly string[] {
  const { metadata, manifest, model, step, metrics } = page;
  const count = manifest.parameters.reduce((sum, { shape }) => sum + elementCount(shape), 0);
  const splitsWithAccuracy =
    metrics === null ? [] : Object.entries(metrics).filter(([, values]) => "accuracy" in values);
  const [split, values] = splitsWithAccuracy.at(-1) ?? [];
  return [
    typeDescriptions[metadata.type],
    ...new Set(model.flatMap(layerNames)),
    `${count.toLocaleString("en")} weights`,
    `${step.toLocaleString("en")} training steps`,
    ...(values === undefined ? [] : [`${(Number(values.accuracy) * 100).toFixed(1)} % right in ${split}`]),
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
