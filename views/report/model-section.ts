/** The model in the report: a diagram and a table of its layers, and the equations of its cells, layers and activations. */
import type { Analysis } from "../../compiler/compile.js";
import { formatBytes, formatCount, formatInteger, formatSI } from "../../runtime/format.js";
import { kindName } from "../../schema/kinds/layers.js";
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
    ...equationLists(spec),
  );
}

function shapeText(dims: readonly (number | string)[]): string {
  return `[${dims.join(", ")}]`;
}

/**
 * The equations of the cells and of the spec's own layers that the model uses, of the spec's own activations, and of its own
 * optimizer and schedule.
 */
function equationLists(spec: NormalSpec): readonly Html[] {
  const { cells, layers, activations, model, optimizer } = spec;
  const used = new Set(
    model.flatMap((layer) => (layer.layer === "rnn" ? layer.cells.map(({ cell }) => cell) : [kindName(layer)])),
  );
  const definitions = [...Object.entries(cells), ...Object.entries(layers)].filter(([name]) => used.has(name));
  const { schedule } = optimizer;
  const updates = [
    ...(optimizer.type === "custom" ? Object.entries(spec.optimizers).filter(([name]) => name === optimizer.name) : []),
    ...(schedule.type === "custom" ? Object.entries(spec.schedules).filter(([name]) => name === schedule.name) : []),
  ];
  return [...definitions, ...Object.entries(activations), ...updates].map(([name, { equations }]) => {
    return html`<details open><summary>Equations of ${name}</summary><pre>${equations.join("\n")}</pre></details>`;
  });
}

/** Layers up to which each is a node of its own; in larger models each block is one. */
const MAX_LAYERS = 12;

/** Nodes up to which each has its shape and parameters; a wider diagram has them in the table alone. */
const MAX_DETAILED_NODES = 8;

/** A layer, or all layers of a block, as a node. */
interface DiagramNode {
  readonly name: string;
  readonly members: NormalSpec["model"];
}

function diagramNodes(model: NormalSpec["model"]): readonly DiagramNode[] {
  const nameOf = (name: string) =>
    model.length > MAX_LAYERS ? (/^.*?\/\d+(?=\/)|^[^/]+(?=\/)/.exec(name)?.[0] ?? name) : name;
  const names = new Set(model.map(({ name }) => nameOf(name)));
  return [...names].map((name) => ({ name, members: model.filter((layer) => nameOf(layer.name) === name) }));
}

function nodeLabel({ name, members }: DiagramNode, { layers }: Analysis, isDetailed: boolean): string {
  const summaries = members.flatMap((member) => layers.find((layer) => layer.name === member.name) ?? []);
  const [first] = members;
  const isBlock = first === undefined || first.name !== name;
  const kind = isBlock
    ? formatCount(members.length, "layer")
    : first.layer === "rnn"
      ? first.cells.map(({ cell, hidden_size }) => `${cell} ${hidden_size}`).join(", ")
      : kindName(first);
  const parameters = summaries.reduce((sum, summary) => sum + summary.parameters, 0);
  return [
    name,
    ...(kind === name ? [] : [kind]),
    ...(isDetailed ? [shapeText(summaries.at(-1)?.output ?? [])] : []),
    ...(isDetailed && parameters > 0 ? [formatCount(parameters, "parameter")] : []),
  ].join("\n");
}

/** The layers, or the blocks of a large model, as a DOT graph from left to right. */
export function layersDot({ model }: NormalSpec, analysis: Analysis): string {
  const { tint, step, text, mutedText } = lightPalette;
  const quote = (value: string) => `"${value.replace(/[\\"]/g, "\\$&")}"`;
  const nodes = diagramNodes(model);
  const nodeOf = (name: string) => nodes.find(({ members }) => members.some((member) => member.name === name))?.name;
  const inputs = [...new Set(model.flatMap(({ from }) => from))].filter((name) => nodeOf(name) === undefined);
  const edges = nodes.flatMap(({ name, members }) => {
    const edge = (from: string, attributes: string) =>
      nodeOf(from) === name ? [] : [`${quote(nodeOf(from) ?? from)} -> ${quote(name)}${attributes};`];
    return members.flatMap((member) => [
      ...member.from.flatMap((from) => edge(from, "")),
      ...(member.layer === "rnn" && nodeOf(member.initial_state) !== undefined
        ? edge(member.initial_state, ' [style=dashed, label=" state "]')
        : []),
    ]);
  });
  return [
    "digraph model {",
    'rankdir=LR; bgcolor="transparent"; nodesep=0.3; ranksep=0.35;',
    `node [shape=box, style="rounded,filled", fillcolor="${tint}", color="${step}", fontcolor="${text}"];`,
    'node [fontname="Helvetica", fontsize=10, margin="0.14,0.08"];',
    `edge [color="${mutedText}", fontname="Helvetica", fontsize=9, fontcolor="${mutedText}", arrowsize=0.7];`,
    ...inputs.map((name) => `${quote(name)} [shape=plaintext, style="", fontcolor="${mutedText}"];`),
    ...nodes.map(
      (node) => `${quote(node.name)} [label=${quote(nodeLabel(node, analysis, nodes.length <= MAX_DETAILED_NODES))}];`,
    ),
    ...new Set(edges),
    "}",
  ].join("\n");
}
