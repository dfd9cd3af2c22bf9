/**
 * Running statistics as tensors of their own: exporters store equal tensors once, so a fresh batch normalization may
 * share one initializer between its gain and its variance. Training changes them in different ways.
 */
import type { NodeFields } from "../read/node-proto.js";
import { type Separation, separateTensors, type TensorReads } from "./separate-tensors.js";

/** Inputs of BatchNormalization that are statistics. */
const statistics = [
  { input: 3, name: "mean" },
  { input: 4, name: "variance" },
] as const;

/**
 * The model with a copy of each initializer that a running mean or variance shares with another input. The copy has the
 * name of the Identity output that the node reads, or `<initializer>/<first output>/<mean|variance>`. A model without such
 * initializers is returned as it is.
 *
 * @param model the bytes of an .onnx file.
 */
export function separateStatistics(model: Uint8Array): Uint8Array {
  return separateTensors(model, separationOf, isBatchNormalization);
}

const isBatchNormalization = ({ operator, domain }: NodeFields): boolean =>
  operator === "BatchNormalization" && domain === "ai.onnx";

function separationOf({ initializers, reads: all, results, initializerOf }: TensorReads): Separation {
  const reads = all.map((read) => ({
    ...read,
    output: read.node.outputs[0] ?? "",
    statistic: isBatchNormalization(read.node) ? statistics.find((each) => each.input === read.input) : undefined,
  }));
  const isRead = (name: string) => results.some((result) => initializerOf(result) === name);
  const copies = new Map<string, string>();
  const replaced = new Set<string>();
  const inputs = new Map<number, Map<number, string>>();
  // A module that is applied twice has one mean and one variance.
  const kept = new Map<string, string>();
  for (const { name, initializer, statistic, position, output } of reads) {
    if (statistic === undefined || !initializers.has(initializer)) continue;
    const others = reads.filter((other) => other.initializer === initializer && !other.isIdentity);
    if (others.length === 1 && !isRead(initializer)) continue;
    const isOfStatistics = others.every((other) => other.statistic !== undefined) && !isRead(initializer);
    if (isOfStatistics && name === initializer && (kept.get(name) ?? statistic.name) === statistic.name) {
      kept.set(name, statistic.name);
      continue;
    }
    if (name !== initializer && reads.filter((other) => other.name === name).length === 1 && !results.includes(name)) {
      copies.set(name, initializer);
      replaced.add(name);
      continue;
    }
    const copy = `${initializer}/${output}/${statistic.name}`;
    copies.set(copy, initializer);
    inputs.set(position, (inputs.get(position) ?? new Map<number, string>()).set(statistic.input, copy));
  }
  return { copies, replaced, inputs };
}
