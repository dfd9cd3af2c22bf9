/** The graph of an ONNX file, as text, DOT or SVG. */
import type { NamedGraph, NamedNode } from "../../compiler/emit/read-graph.js";
import { exit } from "../exit.js";
import { refuse } from "../failures.js";
import { count } from "../numbers.js";
import type { Output } from "../output.js";
import type { StageChoice } from "./stage.js";

/** Nodes of a drawing: beyond them it takes minutes, and nobody sees anything. */
const most = 3000;

/** @param bytes of a model that has been read. */
export async function printModelGraph(
  output: Output,
  bytes: Uint8Array,
  format: StageChoice["format"],
): Promise<number> {
  const { nodesIn, readGraph } = await import("../../compiler/emit/read-graph.js");
  const graph = readGraph(bytes);
  const nodes = nodesIn(graph);
  if (format !== "text" && nodes > most) {
    const message = `the graph has ${count(nodes)} nodes, and drawings have at most ${count(most)}`;
    refuse(output, "model-too-large", message, "--format text prints it.");
    return exit.wrongInput;
  }
  const drawn = format === "text" ? graphText(graph) : graphDot(graph);
  const text = format === "svg" ? await (await import("../../compiler/ir/svg.js")).toSvg(drawn) : drawn;
  output.record({ event: "result", format, text });
  output.print(text.trimEnd());
  return exit.done;
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

/** Text of a file in DOT's quotes: no character of it can end them. */
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
  let made = 0;
  const box = (indent: string, style: string, ...label: readonly string[]): string => {
    const id = `n${made++}`;
    lines.push(`${indent}${id} [label=${quote(...label)}, ${style}];`);
    return id;
  };
  const draw = (part: NamedGraph, outside: ReadonlyMap<string, string>, indent: string): void => {
    const sources = new Map(outside);
    const connect = (name: string, target: string) => {
      const source = sources.get(name);
      if (source !== undefined) edges.push(`  ${source} -> ${target} [label=${quote(name)}];`);
    };
    for (const input of part.inputs)
      sources.set(input.name, box(indent, styles.input, ...valueText(input).split(": ")));
    for (const weight of part.initializers)
      sources.set(weight.name, box(indent, styles.weight, ...valueText(weight).split(": ")));
    for (const { operator, inputs, outputs, attributes, bodies } of part.nodes) {
      const id = box(indent, styles.operator, operator, ...attributes);
      for (const name of inputs) connect(name, id);
      for (const { attribute, graph: body } of bodies) {
        lines.push(
          `${indent}subgraph cluster_${made++} {`,
          `${indent}  label=${quote(`${operator} ${attribute}`)}; color="#888888";`,
        );
        draw(body, sources, `${indent}  `);
        lines.push(`${indent}}`);
      }
      for (const name of outputs) sources.set(name, id);
    }
    for (const result of part.outputs)
      connect(result.name, box(indent, styles.output, ...valueText(result).split(": ")));
  };
  draw(graph, new Map(), "  ");
  const fonts = ['  node [fontname="Helvetica", fontsize=10];', '  edge [fontname="Helvetica", fontsize=8];'];
  return `${[`digraph ${quote(graph.name)} {`, ...fonts, ...lines, ...edges, "}"].join("\n")}\n`;
}
