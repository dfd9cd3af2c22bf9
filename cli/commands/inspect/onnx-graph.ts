/** The graph of an ONNX file, as text, DOT or SVG. */
import type { NamedGraph, NamedNode } from "../../../compiler/onnx/read/graph.js";
import { formatInteger } from "../../../runtime/format.js";
import { reportInvalidInput } from "../../errors.js";
import { exitCodes } from "../../exit-codes.js";
import type { Output } from "../../output.js";
import type { StageChoice } from "./stage.js";

/** Maximum number of nodes in a drawing: larger layouts take minutes and are unreadable. */
const MAX_NODES = 3000;

/** @param bytes an ONNX file that has been read successfully. */
export async function printModelGraph(
  output: Output,
  bytes: Uint8Array,
  format: StageChoice["format"],
): Promise<number> {
  const { countNodes, readGraph } = await import("../../../compiler/onnx/read/graph.js");
  const graph = readGraph(bytes);
  const nodes = countNodes(graph);
  if (format !== "text" && nodes > MAX_NODES) {
    const message = `the graph has ${formatInteger(nodes)} nodes; drawings are limited to ${formatInteger(MAX_NODES)}`;
    reportInvalidInput(output, "model-too-large", message, "Use --format text.");
    return exitCodes.invalidInput;
  }
  const source = format === "text" ? graphText(graph) : graphDot(graph);
  const text = format === "svg" ? await (await import("../../../views/graph-svg.js")).toSvg(source) : source;
  output.record({ event: "result", format, text });
  output.write(`${text.trimEnd()}\n`);
  return exitCodes.success;
}

const valueText = ({ name, dtype, shape }: NamedGraph["inputs"][number]) =>
  `${name}: ${dtype}${shape === undefined ? "" : `[${shape.join(", ")}]`}`;

function graphText(graph: NamedGraph, indent = ""): string {
  const inner = `${indent}  `;
  const node = ({ operator, inputs, outputs, attributes, bodies }: NamedNode): readonly string[] => [
    `${inner}${outputs.filter((name) => name !== "").join(", ")} = ${[operator, ...attributes].join(" ")}(${inputs.map((name) => name || "·").join(", ")})`,
    ...bodies.map(
      ({ attribute, graph: body }) => `${inner}  ${attribute}: ${graphText(body, `${inner}  `).trimStart()}`,
    ),
  ];
  return [
    `${indent}graph ${graph.name}(${graph.inputs.map(valueText).join(", ")})`,
    ...graph.initializers.map((tensor) => `${inner}weight ${valueText(tensor)}`),
    ...graph.nodes.flatMap(node),
    `${inner}→ ${graph.outputs.map(valueText).join(", ")}`,
  ].join("\n");
}

const styles = {
  operator: 'shape=box, style="rounded,filled", fillcolor="#f4f4f4"',
  weight: 'shape=box, style=filled, fillcolor="#cfe3ff"',
  input: 'shape=parallelogram, style=filled, fillcolor="#d9f2d9"',
  output: 'shape=ellipse, style=filled, fillcolor="#eadcf7"',
} as const;

/** A quoted DOT string: control characters, quotes and backslashes of the file are escaped. */
function quote(...lines: readonly string[]): string {
  const safe = lines.map((text) =>
    text
      .replace(/\p{Cc}/gu, " ")
      .slice(0, 200)
      .replace(/[\\"]/g, "\\$&"),
  );
  return `"${safe.join("\\n")}"`;
}

function graphDot(graph: NamedGraph): string {
  const lines: string[] = [];
  const edges: string[] = [];
  let nextId = 0;
  const addNode = (indent: string, style: string, ...label: readonly string[]): string => {
    const id = `n${nextId++}`;
    lines.push(`${indent}${id} [label=${quote(...label)}, ${style}];`);
    return id;
  };
  const addGraph = (subgraph: NamedGraph, outerSources: ReadonlyMap<string, string>, indent: string): void => {
    const sources = new Map(outerSources);
    const connect = (name: string, target: string) => {
      const source = sources.get(name);
      if (source !== undefined) edges.push(`  ${source} -> ${target} [label=${quote(name)}];`);
    };
    for (const input of subgraph.inputs)
      sources.set(input.name, addNode(indent, styles.input, ...valueText(input).split(": ")));
    for (const weight of subgraph.initializers)
      sources.set(weight.name, addNode(indent, styles.weight, ...valueText(weight).split(": ")));
    for (const { operator, inputs, outputs, attributes, bodies } of subgraph.nodes) {
      const id = addNode(indent, styles.operator, operator, ...attributes);
      for (const name of inputs) connect(name, id);
      for (const { attribute, graph: body } of bodies) {
        lines.push(
          `${indent}subgraph cluster_${nextId++} {`,
          `${indent}  label=${quote(`${operator} ${attribute}`)}; color="#888888";`,
        );
        addGraph(body, sources, `${indent}  `);
        lines.push(`${indent}}`);
      }
      for (const name of outputs) sources.set(name, id);
    }
    for (const result of subgraph.outputs)
      connect(result.name, addNode(indent, styles.output, ...valueText(result).split(": ")));
  };
  addGraph(graph, new Map(), "  ");
  const fonts = ['  node [fontname="Helvetica", fontsize=10];', '  edge [fontname="Helvetica", fontsize=8];'];
  return `${[`digraph ${quote(graph.name)} {`, ...fonts, ...lines, ...edges, "}"].join("\n")}\n`;
}
