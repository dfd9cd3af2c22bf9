/**
 * position: a sequence plus a vector of each position: rows of a table `<name>/W` [length, width] (J. Gehring et al.,
 * 2017), or sines and cosines (A. Vaswani et al., 2017). In code, because it reads the number of the step.
 */
import type { NormalPosition } from "../../../schema/normal/index.js";
import { mulDims } from "../../ir/dims.js";
import { at } from "../../ir/expect.js";
import type { Dim, Value } from "../../ir/types.js";
import type { Context, LayerDefinition } from "../context.js";
import { embeddingUniform } from "../initializers.js";
import { anglesOf, positionsOf } from "../positions.js";
import { type Wire, width } from "../wire.js";
import { checkNumericSequence } from "./numeric-input.js";

export const position: LayerDefinition<NormalPosition> = {
  elaborate(layer, input, context) {
    const { b } = context;
    if (!checkNumericSequence(layer, input, context)) return undefined;
    const vectors = layer.type === "learned" ? learnedRows(layer, input, context) : sinusoids(layer, input, context);
    return (
      vectors && {
        ...input,
        value: b.withName(b.add(input.value, vectors), layer.name),
        padding: "first step",
        logits: null,
      }
    );
  },
};

/** Rows of the table, [steps, 1 or batch, width]. */
function learnedRows(layer: NormalPosition, input: Wire, context: Context): Value | undefined {
  const { b, problem } = context;
  const { length, name } = layer;
  const fail = (code: string, message: string, hint: string) =>
    problem({ part: layer, key: "length", code, message, hint });
  if (length === null)
    return fail(
      "position-length",
      `The learned positions of ${name} need the length of their table.`,
      'Write "length", the largest number of steps of a sequence, or "type": "sinusoidal".',
    );
  const steps = at(input.value.type.shape, 0);
  const knownSteps = context.stepsOf(steps);
  if (knownSteps !== undefined && knownSteps > length)
    return fail(
      "position-length",
      `${name} has positions for ${length} steps, but the sequences have ${knownSteps}.`,
      `Write "length": ${knownSteps} or more, or "type": "sinusoidal".`,
    );
  const table = context.parameter(`${layer.weights ?? name}/W`, [length, width(input)], embeddingUniform);
  const positions = positionsOf(context, input.value);
  // A slice has no rows past the table, and so no shape that would broadcast.
  if (positions.type.shape[1] === 1) return b.reshape(b.slice(table, 0, 0, steps), [steps, 1, width(input)]);
  return b.gather(table, positions, 0);
}

/** sin and cos of the angles in turn, [steps, 1 or batch, width]. */
function sinusoids(layer: NormalPosition, input: Wire, context: Context): Value | undefined {
  const { b, problem } = context;
  if (layer.length !== null)
    return problem({
      part: layer,
      key: "length",
      code: "position-length",
      message: `The sinusoidal positions of ${layer.name} have no table and no limit.`,
      hint: 'Remove "length", or write "type": "learned".',
    });
  const columns = width(input);
  if (typeof columns !== "number") return undefined;
  const angles = anglesOf(b, positionsOf(context, input.value), columns);
  const lead: readonly Dim[] = angles.type.shape.slice(0, 2);
  const pairs = b.concat([b.unsqueeze(b.sin(angles), [3]), b.unsqueeze(b.cos(angles), [3])], 3);
  const joined = b.reshape(pairs, [...lead, mulDims(2, at(angles.type.shape, 2))]);
  return columns % 2 === 0 ? joined : b.slice(joined, 2, 0, columns);
}
