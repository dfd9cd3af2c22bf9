/** The step form: one step of each sequence, with every state as an input and its next value as an output. */

import { outputsOf } from "../../schema/kinds/outputs.js";
import type { Type } from "../ir/types.js";
import { forwardProgram } from "../pipeline/forward.js";
import { type Signature, timeAxesOf, withoutLengths, withStaticTime } from "../signature.js";
import { type ModelInterface, wrapProgram } from "./interface.js";
import { processingOf } from "./options.js";
import { predictionOutputs, scaleInputs } from "./pre-post-processing.js";
import { type FormRequest, inputDoc } from "./request.js";

/** The output name of a state's next value. */
const nextStateName = (name: string): string => `next/${name}`;

/** The same data with one valid step in every sequence. */
export function withSingleTimeStep(signature: Signature): Signature {
  const axes = new Set(timeAxesOf(signature).values());
  return withStaticTime({ ...withoutLengths(signature), steps: 1 }, axes);
}

/** A sequence's type without the axis of its one step. */
function withoutTimeAxis({ dtype, shape }: Type): Type {
  return { dtype, shape: shape.filter((_, axis) => axis !== 1) };
}

export function stepForm({ spec, signature, options: { boundary }, recurrences }: FormRequest): ModelInterface {
  const program = forwardProgram(spec, withSingleTimeStep(signature), "stream", ["prediction", "state"], {
    recurrences,
  });
  const sequences = timeAxesOf(signature);
  const sequenceLayers = new Set(program.layers.flatMap(({ name, sequence }) => (sequence ? [name] : [])));
  const sequencePorts = new Set(outputsOf(spec).flatMap(({ name, port }) => (sequenceLayers.has(name) ? [port] : [])));
  return wrapProgram(program, {
    adaptInput: ({ name, role }, type) => {
      const stepType = sequences.has(name) && role === "data" ? withoutTimeAxis(type) : type;
      return {
        type: stepType,
        doc: inputDoc(name, role, stepType, boundary),
        convert(b, input) {
          const scaled = name === "inputs" && boundary.inputs !== null ? scaleInputs(b, input, boundary.inputs) : input;
          return stepType === type ? scaled : b.unsqueeze(scaled, [1]);
        },
      };
    },
    adaptOutput: (b, { name, role }, value) =>
      role === "prediction"
        ? predictionOutputs(b, sequencePorts.has(name) ? b.squeeze(value, [1]) : value, processingOf(boundary, name))
        : [{ name: nextStateName(name), role, doc: `State ${name} after the step.`, value }],
  });
}
