/** The loss of a model's output: its operand, the signature of its targets, and its program in the sizes of the model. */
import { formatCount } from "../../schema/counts.js";
import type { Problem } from "../../schema/diagnostics/index.js";
import { lossName, targetKindOf } from "../../schema/kinds/losses.js";
import type { NormalSpec } from "../../schema/normal/index.js";
import { elaborateLossOfOutput } from "../elaborate/loss-of-output.js";
import { targetSizeOf } from "../elaborate/losses/equations.js";
import type { Program } from "../elaborate/program.js";
import { producersOf } from "../graph/def-use.js";
import { substituteDims } from "../graph/substitute-dims.js";
import { elementCount, printShape, sameShape } from "../ir/dims.js";
import { at } from "../ir/expect.js";
import type { Dim, Graph, Node, Shape, Value } from "../ir/types.js";
import type { Signature } from "../signature.js";

/** The operand of a loss in the graph of a model. */
export interface LossOperand {
  /** The output, or the operand of its softmax or sigmoid, which the loss includes. */
  readonly value: Value;
  /** Nodes of one operand after the softmax or sigmoid, which move its entries. */
  readonly moves: readonly Node[];
  /** The shape that the loss reads: its last axis has the classes or features. */
  readonly shape: Shape;
  readonly targets: { readonly dtype: "int64" | "float32"; readonly shape: Shape };
  readonly notices: readonly string[];
}

export type LossOperandResult =
  | { readonly ok: true; readonly operand: LossOperand }
  | { readonly ok: false; readonly problem: Problem };

const problem = (code: string, message: string, hint: string): LossOperandResult => ({
  ok: false,
  problem: { code, path: "", message, hint },
});

/** @param name of the output, for messages. */
export function lossOperandOf(graph: Graph, output: Value, name: string, spec: NormalSpec): LossOperandResult {
  const loss = at(spec.losses, 0);
  const kind = targetKindOf(loss);
  const { dtype, shape } = output.type;
  const subject = `The output ${name}, ${dtype}${printShape(shape)},`;
  if (dtype !== "float32")
    return problem("loss-output", `${subject} has no numbers to train.`, "Name another output with --output.");
  if (kind === "labels")
    return problem(
      "loss",
      `${lossName(loss)} compares sequences with lengths, which a model's outputs do not have.`,
      "Choose another loss.",
    );
  if (shape.length === 0)
    return problem("loss-output", `${subject} is one number for all rows.`, "Train on it as it is: --loss output.");
  const notices: string[] = [];
  const link = kind === "classes" ? "Softmax" : kind === "probabilities" ? "Sigmoid" : undefined;
  const last = link === undefined ? undefined : linkBehind(graph, output);
  let [value, moves]: [Value, readonly Node[]] = [output, []];
  if (link !== undefined && last !== undefined) {
    if (last.node.op !== link)
      return problem(
        "activation",
        `${lossName(loss)} includes a ${link.toLowerCase()}, but the output ${name} is a ${last.node.op.toLowerCase()}.`,
        kind === "classes" ? "Use binary_cross_entropy." : "Use cross_entropy.",
      );
    if (link === "Softmax" && last.axis !== shape.length - 1)
      return problem(
        "activation",
        `${lossName(loss)} reads classes along the last axis, but the softmax of ${name} is along another one.`,
        "Move the classes to the last axis of the output.",
      );
    [value, moves] = [at(last.node.inputs, 0), last.moves];
    notices.push(
      `The output ${name} is a ${link.toLowerCase()}: ${lossName(loss)} includes it, and reads its operand.`,
    );
  }
  if (kind === "classes") {
    if (shape.length < 2 || shape.length > 3)
      return problem(
        "loss-output",
        `${subject} is not [batch, classes] or [batch, time, classes].`,
        "Name another output with --output.",
      );
    if (typeof shape.at(-1) !== "number")
      return problem("loss-output", `${subject} has no fixed number of classes.`, "Name another output with --output.");
    if (shape.at(-1) === 1)
      return problem(
        "single-class",
        `${subject} has one number for each row, but ${lossName(loss)} reads one for each class.`,
        "For one probability use binary_cross_entropy.",
      );
    return {
      ok: true,
      operand: { value, moves, shape, targets: { dtype: "int64", shape: shape.slice(0, -1) }, notices },
    };
  }
  // Numbers of any shape: the axes after the batch are features.
  const [batch = 1, ...features] = shape;
  const isRows = shape.length === 2 || shape.length === 3;
  const rows: Shape = isRows ? shape : [batch, elementCount(features)];
  const size = rows.at(-1);
  if (typeof size !== "number")
    return problem("loss-output", `${subject} has no fixed number of features.`, "Name another output with --output.");
  const targetSize = targetSizeOf(loss, size);
  if (targetSize === undefined)
    return problem(
      "loss-output",
      `${lossName(loss)} reads several outputs for each target, and the ${formatCount(size, "output")} of ${name} are no multiple of them.`,
      "Choose another loss, or an output of another size with --output.",
    );
  const targets = { dtype: "float32", shape: [...rows.slice(0, -1), targetSize] } as const;
  if (targetSize !== size)
    notices.push(`${lossName(loss)} reads ${formatCount(size / targetSize, "output")} for each target.`);
  return { ok: true, operand: { value, moves, shape: rows, targets, notices } };
}

/** A softmax or sigmoid whose entries are those of the output, the nodes that move them, and the axis of the softmax. */
function linkBehind(
  graph: Graph,
  output: Value,
): { readonly node: Node; readonly moves: readonly Node[]; readonly axis: number } | undefined {
  const producers = producersOf(graph);
  const moves: Node[] = [];
  let node = producers.get(output);
  while (node !== undefined && ["Transpose", "Reshape", "Squeeze", "Unsqueeze", "Identity"].includes(node.op)) {
    moves.unshift(node);
    node = producers.get(at(node.inputs, 0));
  }
  if (node?.op !== "Softmax" && node?.op !== "Sigmoid") return undefined;
  const axis = moves.reduce((position, move) => axisAfter(move, position), at(node.outputs, 0).type.shape.length - 1);
  return { node, moves, axis };
}

/** The position of an axis after a node that moves entries; -1 where it is no axis of the result. */
function axisAfter(node: Node, axis: number): number {
  if (node.op === "Transpose") return node.attributes.perm.indexOf(axis);
  const [from, to] = [at(node.inputs, 0).type.shape, at(node.outputs, 0).type.shape];
  // Entries of the last axis stay together where its size does.
  return axis === from.length - 1 && from.at(-1) === to.at(-1) ? to.length - 1 : sameShape(from, to) ? axis : -1;
}

/** The program of a loss, in the sizes of its operand. Inputs are named `inputs` and `targets`. */
export function lossProgramOf(
  spec: NormalSpec,
  { shape, targets }: LossOperand,
  mode: "training" | "evaluation",
): { readonly ok: true; readonly program: Program } | { readonly ok: false; readonly problems: readonly Problem[] } {
  const symbols: Shape = shape.length === 3 ? ["batch", "time", at(shape, 2)] : ["batch", at(shape, 1)];
  // Numbers have an axis of targets, classes have none.
  const targetShape = [...symbols.slice(0, -1), ...targets.shape.slice(symbols.length - 1).map(Number)];
  const signature: Signature = {
    inputs: { dtype: "float32", shape: symbols },
    targets: { dtype: targets.dtype, shape: targetShape },
    sizes: { classes: Number(shape.at(-1)) },
    expected: { batch: 32, time: 32 },
  };
  const result = elaborateLossOfOutput(spec, signature, mode);
  if (!result.ok) return result;
  const sizes = new Map<string, Dim>([
    ["batch", at(shape, 0)],
    ["time", at(shape, 1)],
  ]);
  return { ok: true, program: { ...result.program, graph: substituteDims(result.program.graph, sizes) } };
}
