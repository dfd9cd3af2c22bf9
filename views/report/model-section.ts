/** The model in the report: a diagram and a table of its layers, and the equations of its cells. */
import type { Analysis } from "../../compiler/compile.js";
import { formatBytes, formatCount, formatInteger, formatSI } from "../../runtime/format.js";
import type { NormalSpec } from "../../schema/normal/index.js";
import { lightPalette } from "../palette.js";
import { type Html, html, section, table, trusted } from "./html.js";

export async function modelSection(spec: NormalSpec, analysis: Analysis): Promise<Html> {
  const { instance } = await import("@viz-js/viz");
  const svg = (await instance()).renderString(layersDot(spec, analysis), { format: "svg", engine: "dot" });
  const rightAligned = { align: "right" as const };
  const { parameters, layers, flops, memory } = analysis;
  return section(
    "Model",
    html`<div class="drawing">${trusted(svg.slice(svg.indexOf("<svg")))}</div>`,
    table(
      [
        { title: "name" },
        { title: "layer" },
        { title: "output" },
        { title: "parameters", ...rightAligned },
        { title: "FLOPs", ...rightAligned },
      ],
      layers.map((layer) => [
        layer.name,
        layer.layer,
        shapeText(layer.output),
        formatInteger(layer.parameters),
        formatSI(layer.flops),
      ]),
    ),
    html`<p class="muted">${formatCount(parameters.total, "parameter")}, ${formatSI(flops.step)}FLOPs per training step, about
${formatBytes(memory.total)} of memory for training.</p>`,
    html`<details><summary>Tensors</summary>${table(
      [{ title: "tensor" }, { title: "shape" }, { title: "parameters", ...rightAligned }],
      parameters.tensors.map((tensor) => [tensor.name, shapeText(tensor.shape), formatInteger(tensor.count)]),
    )}</details>`,
    ...cellEquations(spec),
  );
}

function shapeText(dims: readonly (number | string)[]): string {
  return `[${dims.join(", ")}]`;
}

function cellEquations({ cells, model }: NormalSpec): readonly Html[] {
  const used = new Set(model.flatMap((layer) => (layer.layer === "rnn" ? layer.cells.map(({ cell }) => cell) : [])));
  return Object.entries(cells)
    .filter(([name]) => used.has(name))
    .map(([name, { equations }]) => {
      return html`<details open><summary>Equations of ${name}</summary><pre>${equations.join("\n")}</pre></details>`;
    });
}

/** The layers as a DOT graph, from left to right. */
export function layersDot({ model }: NormalSpec, { layers }: Analysis): string {
  const { tint, step, text, mutedText } = lightPalette;
  const quote = (value: string) => `"${value.replace(/[\\"]/g, "\\$&")}"`;
  const layerNames = new Set(model.map(({ name }) => name));
  const inputs = [...new Set(model.flatMap(({ from }) => from))].filter((name) => !layerNames.has(name));
  const lines = model.flatMap((layer) => {
    const { output = [], parameters = 0 } = layers.find(({ name }) => name === layer.name) ?? {};
    const kind =
      layer.layer === "rnn"
        ? layer.cells.map(({ cell, hidden_size }) => `${cell} ${hidden_size}`).join(", ")
        : layer.layer;
    const label = [
      layer.name,
      ...(kind === layer.name ? [] : [kind]),
      `[${output.join(", ")}]`,
      ...(parameters > 0 ? [formatCount(parameters, "parameter")] : []),
    ];
    const initialStates = layer.layer === "rnn" && layerNames.has(layer.initial_state) ? [layer.initial_state] : [];
    return [
      `${quote(layer.name)} [label=${quote(label.join("\n"))}];`,
      ...layer.from.map((from) => `${quote(from)} -> ${quote(layer.name)};`),
      ...initialStates.map((from) => `${quote(from)} -> ${quote(layer.name)} [style=dashed, label=" state "];`),
    ];
  });
  return [
    "digraph model {",
    'rankdir=LR; bgcolor="transparent"; nodesep=0.3; ranksep=0.35;',
    `node [shape=box, style="rounded,filled", fillcolor="${tint}", color="${step}", fontcolor="${text}"];`,
    'node [fontname="Helvetica", fontsize=10, margin="0.14,0.08"];',
    `edge [color="${mutedText}", fontname="Helvetica", fontsize=9, fontcolor="${mutedText}", arrowsize=0.7];`,
    ...inputs.map((name) => `${quote(name)} [shape=plaintext, style="", fontcolor="${mutedText}"];`),
    ...lines,
    "}",
  ].join("\n");
}
