/** The output of an onnx layer: a sequence with the steps of its input, or one row for each sequence. */

import { returnsSequence } from "../../../../schema/kinds/layers.js";
import type { NormalOnnx } from "../../../../schema/normal/index.js";
import { printShape } from "../../../ir/dims.js";
import { at } from "../../../ir/expect.js";
import { staticShape } from "../../../ir/tensor.js";
import type { Value } from "../../../ir/types.js";
import type { Context } from "../../context.js";
import type { Wire } from "../../wire.js";
import { elementsAfterBatch, timeMajor } from "./inputs.js";

export function outputWire(
  layer: NormalOnnx,
  { name, value }: { readonly name: string; readonly value: Value },
  input: Wire,
  context: Context,
): Wire | undefined {
  const { b } = context;
  const { shape } = value.type;
  const reject = (reason: string, hint: string) =>
    context.problem({
      part: layer,
      key: layer.output === null ? "file" : "output",
      code: "model-output",
      message: `The output ${name} of ${layer.file} is ${printShape(shape)}, ${reason}.`,
      hint,
    });
  if (input.sequence && returnsSequence(layer)) {
    if (shape.length !== 3)
      return reject("which has no steps with features", 'Write "return": "vector" for one row for each sequence.');
    const steps = timeMajor(layer, value, context);
    const [time, batch] = [at(input.value.type.shape, 0), at(input.value.type.shape, 1)];
    const ofModel = at(steps.type.shape, 0);
    const isFixed = ofModel !== time && typeof ofModel === "number" && context.stepsOf(time) === ofModel;
    if ((ofModel !== time && !isFixed) || at(steps.type.shape, 1) !== batch)
      return reject(
        `but ${layer.name} reads [${batch}, ${time}, …]: it has other steps`,
        'Name another "output", or write "return": "vector" to join its axes.',
      );
    const kept = isFixed ? b.slice(steps, 0, 0, time) : steps;
    const masked = input.mask === null ? kept : b.where(input.mask, kept, 0);
    return { value: b.withName(masked, layer.name), sequence: true, mask: input.mask, padding: "zeros", logits: null };
  }
  const batch = at(input.value.type.shape, input.sequence ? 1 : 0);
  if (shape[0] !== batch)
    return reject(`which has no row for each of the ${batch} of its input`, 'Name another "output".');
  const columns = elementsAfterBatch(shape);
  if (staticShape(shape.slice(1)) === undefined)
    return reject(
      "which has no fixed number of features",
      'Write "return": "sequence", and a pool layer after it, or name another "output".',
    );
  const rows = shape.length === 2 ? value : b.reshape(value, [batch, columns]);
  return { value: b.withName(rows, layer.name), sequence: false, mask: null, padding: "zeros", logits: null };
}
