/** The step form: one step of each sequence, every state an input and its next value an output. */
import { forwardPart } from "../forward.js";
import type { Type } from "../ir/types.js";
import { type ArraySignature, isSequence, type Signature, withKnownSteps } from "../signature.js";
import { answersOf, scaledInputs } from "./boundary.js";
import { docOf } from "./docs.js";
import { dress, type Face } from "./face.js";
import type { FormRequest } from "./form.js";

/** A state's next value goes by this and the state's name. */
export const nextState = (name: string): string => `next/${name}`;

/** The same data where every sequence has one step, which is live. */
export function oneStep({ lengths, target_lengths, ...signature }: Signature): Signature {
  return withKnownSteps({ ...signature, steps: 1 });
}

function stepped(signature: Signature): ReadonlySet<string> {
  const arrays = Object.entries<ArraySignature>({ inputs: signature.inputs, ...signature.side_inputs });
  return new Set(arrays.flatMap(([name, array]) => (isSequence(array) ? [name] : [])));
}

/** A sequence's type without the axis of its one step. */
function withoutStep({ dtype, shape }: Type): Type {
  return { dtype, shape: shape.filter((_, axis) => axis !== 1) };
}

export function stepForm({ spec, signature, options: { boundary }, recurrences }: FormRequest): Face {
  const program = forwardPart(spec, oneStep(signature), "stream", ["prediction", "state"], recurrences);
  const sequences = stepped(signature);
  const everyStep = program.layers.at(-1)?.sequence === true;
  return dress(program, {
    open: ({ name, role }, type) => {
      const whole = sequences.has(name) && role === "data" ? withoutStep(type) : type;
      return {
        type: whole,
        doc: docOf(name, role, whole, boundary),
        enter(b, given) {
          const scaled =
            name === "inputs" && boundary.inputs !== null ? scaledInputs(b, given, boundary.inputs) : given;
          return whole === type ? scaled : b.unsqueeze(scaled, [1]);
        },
      };
    },
    give: (b, { name, role }, value) =>
      role === "prediction"
        ? answersOf(b, everyStep ? b.squeeze(value, [1]) : value, boundary)
        : [{ name: nextState(name), role, doc: `The state ${name} after the step.`, value }],
  });
}
