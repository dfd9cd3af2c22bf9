/** The frame of both pages: header with the facts of the model, navigation, and the error if loading fails. */
import { formatCount } from "../runtime/format.js";
import { elementCount } from "../runtime/tensors/array.js";
import type { PageManifest } from "../runtime/web/page-manifest.js";
import type { NormalLayer } from "../schema/normal/index.js";
import { element } from "./dom.js";
import { loadModel, type Model } from "./load-model.js";

const typeDescriptions: {
  readonly [K in PageManifest["metadata"]["type"]]: (uses: PageManifest["uses"], page: PageManifest) => string;
} = {
  text: () => "text generation",
  table: (_, { training }) => (training.window === null ? "rows of a table" : "time series"),
  sequences: ({ targets, everyStep }) =>
    targets === "numbers" ? "sequence regression" : everyStep ? "sequence labeling" : "sequence classification",
  pairs: () => "sequence to sequence",
  images: () => "image classification",
  audio: () => "sound classification",
  arrays: () => "arrays",
};

const pages = [
  { file: "index.html", name: "Playground" },
  { file: "fine-tune.html", name: "Fine-tune" },
] as const;

/** Loads the model and renders the page. */
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
    main.replaceChildren(element("p", { class: "message", role: "alert" }, `The model cannot be loaded. ${reason}`));
    throw error;
  }
}

function heading(page: PageManifest, current: string): readonly HTMLElement[] {
  const links = (page.can_train ? pages : pages.slice(0, 1)).map(({ file, name }) =>
    element("a", { href: file, ...(file === current && { "aria-current": "page" }) }, name),
  );
  return [
    element("div", {}, element("h1", {}, page.name), element("p", { class: "facts" }, modelFacts(page).join(" · "))),
    ...(links.length > 1 ? [element("nav", { "aria-label": "Pages" }, ...links)] : []),
  ];
}

function modelFacts(page: PageManifest): readonly string[] {
  const { metadata, manifest, model, step, metrics, uses } = page;
  const count = manifest.parameters.reduce((sum, { shape }) => sum + elementCount(shape), 0);
  const splitsWithAccuracy =
    metrics === null ? [] : Object.entries(metrics).filter(([, values]) => "accuracy" in values);
  const [split, values] = splitsWithAccuracy.at(-1) ?? [];
  return [
    typeDescriptions[metadata.type](uses, page),
    ...new Set(model.flatMap(layerNames)),
    formatCount(count, "parameter"),
    formatCount(step, "training step"),
    ...(values === undefined ? [] : [`${(Number(values.accuracy) * 100).toFixed(1)} % accuracy (${split})`]),
  ];
}

function layerNames(layer: NormalLayer): readonly string[] {
  if (layer.layer === "rnn") {
    return layer.cells.map(
      ({ cell, hidden_size, bidirectional }) =>
        `${bidirectional === "none" ? "" : "bidirectional "}${/^(rnn|lstm|gru)$/.test(cell) ? cell.toUpperCase() : cell} ${hidden_size}`,
    );
  }
  if (layer.layer === "conv1d") return ["convolution"];
  if (layer.layer === "log_mel") return [`log-mel spectrum of ${layer.bands} bands`];
  return layer.layer === "attention" ? ["attention"] : [];
}
