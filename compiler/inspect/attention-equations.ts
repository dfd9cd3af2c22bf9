/** The equations of attention: i counts the steps of the query, j those of the memory, h the heads, all from 0. */
import type { NormalAttention } from "../../schema/normal/index.js";
import { alibiSlopes } from "../elaborate/layers/attention/weights.js";
import { at } from "../ir/expect.js";
import type { Shape } from "../ir/types.js";
import { type LayerEquations, type LayerShapes, line, plus, widthOf } from "./equation-lines.js";

/** `[h, i, j]` of the axes that a value has. */
const indexed = (name: string, ...axes: readonly string[]): string => {
  const present = axes.filter((axis) => axis !== "");
  return present.length === 0 ? name : `${name}[${present.join(", ")}]`;
};

/** Names and sizes of the axes. */
interface Axes {
  readonly batch: Shape[number];
  /** `i`; empty for a query that is no sequence. */
  readonly i: "i" | "";
  /** The number of the query's steps; empty for a query that is no sequence. */
  readonly steps: Shape;
  readonly memorySteps: Shape[number];
  /** The name of the memory. */
  readonly m: "x" | "m";
}

export function attentionEquations(layer: NormalAttention, shapes: LayerShapes): LayerEquations {
  const query = at(shapes.inputs, 0);
  const isSequence = query.length === 3;
  const axes: Axes = {
    batch: at(query, 0),
    i: isSequence ? "i" : "",
    steps: isSequence ? [at(query, 1)] : [],
    memorySteps: at(shapes.inputs[1] ?? query, 1),
    m: shapes.inputs.length > 1 ? "m" : "x",
  };
  const { equations, notes } =
    layer.heads === null ? scoreEquations(layer, shapes, axes) : headEquations(layer, layer.heads, shapes, axes);
  return { equations, notes: [seenSteps(layer, axes), ...notes, ...dropoutNote(layer)] };
}

function seenSteps({ causal, window }: NormalAttention, { m }: Axes): string {
  const conditions = [
    ...(causal ? ["j ≤ i"] : []),
    ...(window === null ? [] : [`${causal ? "i - j" : "|i - j|"} ≤ ${window}`]),
  ];
  const where = conditions.length === 0 ? "" : ` where ${conditions.join(" and ")}`;
  return `j runs over the valid steps of ${m}${where}.`;
}

function dropoutNote({ dropout }: NormalAttention): readonly string[] {
  const kept = Number((1 - dropout).toPrecision(12));
  return dropout === 0 ? [] : [`In training each a is 0 with probability ${dropout}, else a / ${kept}.`];
}

function scoreEquations(layer: NormalAttention, shapes: LayerShapes, axes: Axes): LayerEquations {
  const { batch, i, steps, memorySteps, m } = axes;
  const q = indexed("x", i);
  const score = {
    dot: `${q} · ${m}[j]`,
    general: `(${q} @ W) · ${m}[j]`,
    additive: `tanh(${q} @ Wq + ${m}[j] @ Wk) @ v`,
  }[layer.score];
  const memory = shapes.inputs[1] ?? at(shapes.inputs, 0);
  const scale = layer.scale && layer.score !== "additive" ? ` / √${widthOf(memory)}` : "";
  const [s, a] = [indexed("s", i, "j"), indexed("a", i, "j")];
  const weights = [batch, ...steps, memorySteps];
  return {
    equations: [
      line(`${s} = ${score}${scale}`, weights),
      line(`${a} = softmax over j of ${s}`, weights),
      line(`${indexed("y", i)} = Σ_j ${a} ${m}[j]`, shapes.output),
    ],
    notes: [],
  };
}

function headEquations(layer: NormalAttention, heads: number, shapes: LayerShapes, axes: Axes): LayerEquations {
  const { batch, i, steps, memorySteps, m } = axes;
  const keyHeads = layer.key_value_heads ?? heads;
  const group = heads / keyHeads;
  const size = Number(widthOf(shapes.parameters.get("Wq") ?? [0])) / heads;
  const projected = (x: string, letter: string) => plus(`${x} @ W${letter}`, layer.bias ? `b${letter}` : undefined);
  const rotated = (text: string) => (layer.rotary ? `rotate(${text})` : text);
  const [s, a] = [indexed("s", "h", i, "j"), indexed("a", "h", i, "j")];
  const g = group === 1 ? "h" : "g";
  const bias = layer.alibi ? " - slope[h] |i - j|" : "";
  const weights = [batch, heads, ...steps, memorySteps];
  const slopes = alibiSlopes(heads).map((slope) => Number(slope.toPrecision(4)));
  return {
    equations: [
      line(`q = ${rotated(projected("x", "q"))}`, [batch, ...steps, heads, size]),
      line(`k = ${rotated(projected(m, "k"))}`, [batch, memorySteps, keyHeads, size]),
      line(`v = ${projected(m, "v")}`, [batch, memorySteps, keyHeads, size]),
      line(`${s} = ${indexed("q", i, "h")} · k[j, ${g}] / √${size}${bias}`, weights),
      line(`${a} = softmax over j of ${s}`, weights),
      line(`${indexed("o", i, "h")} = Σ_j ${a} v[j, ${g}]`, [batch, ...steps, heads, size]),
      line(`y = ${projected("(all heads of o)", "o")}`, shapes.output),
    ],
    notes: [
      ...(group === 1 ? [] : [`Head h reads the keys and values of g = floor(h / ${group}).`]),
      ...(layer.rotary
        ? [
            `rotate turns entries e and e + ${size / 2} of a head as a pair by the angle t / 10000^(2 e / ${size}) at step t.`,
          ]
        : []),
      ...(layer.alibi ? [`slope: ${slopes.join(", ")}.`] : []),
    ],
  };
}
