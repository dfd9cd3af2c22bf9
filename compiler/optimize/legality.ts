/** Legality: which operations and dtypes may occur in a graph after a phase. */
import type { DType, Graph, Node } from "../ir/types.js";

export interface LegalityRule {
  /** Completes "the graph has …": `no Identity`. */
  readonly description: string;
  allows(node: Node): boolean;
}

function withoutOps(...ops: readonly Node["op"][]): LegalityRule {
  return { description: `no ${ops.join(", ")}`, allows: ({ op }) => !ops.includes(op) };
}

const hasDType = ({ inputs, outputs }: Node, dtype: DType) =>
  [...inputs, ...outputs].some(({ type }) => type.dtype === dtype);

/** Operators without gradients belong to exported models. */
export const noExportedOperators = withoutOps("RNN", "GRU", "LSTM", "Gelu", "RMSNormalization", "Attention");

export const noIdentity = withoutOps("Identity");

/** A loop of unknown length is the only one that may remain. */
export const noStaticLoops: LegalityRule = {
  description: "no Scan of known length",
  allows: (node) => node.op !== "Scan" || typeof node.attributes.length !== "number" || node.attributes.length === 0,
};

/** Operations without an accurate kernel in the WebGPU provider of ONNX Runtime 1.30. */
export const webgpuOps = withoutOps("LogSoftmax", "LayerNormalization", "Sign", "Or");

/** ONNX fixes int64 for these operators; a Cast converts their operands and results. */
const int64Operators: ReadonlySet<string> = new Set(["Range", "Size", "ArgMax", "Cast"]);

export const noInt64: LegalityRule = {
  description: `no int64 except in ${[...int64Operators].join(", ")}`,
  allows: (node) => node.op === "Scan" || int64Operators.has(node.op) || !hasDType(node, "int64"),
};

/** @throws when a node of the graph, or of a loop body, breaks a rule. */
export function checkLegality(graph: Graph, rules: readonly LegalityRule[], stage: string): void {
  for (const node of graph.nodes) {
    for (const { description, allows } of rules)
      if (!allows(node)) throw new Error(`after ${stage}, in ${graph.name}: ${node.op} is illegal: ${description}`);
    if (node.op === "Scan") checkLegality(node.attributes.body, rules, stage);
  }
}
