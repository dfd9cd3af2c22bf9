/** The sequence form: whole sequences, any number of any length. */
import { forwardPart } from "../forward.js";
import { answersOf, scaledInputs } from "./boundary.js";
import { docOf } from "./docs.js";
import { dress, type Face } from "./face.js";
import type { FormRequest } from "./form.js";

export function sequenceForm({ spec, signature, options: { boundary }, recurrences }: FormRequest): Face {
  const program = forwardPart(spec, signature, "inference", ["prediction", "state"], recurrences);
  return dress(program, {
    open: ({ name, role }, type) => ({
      type,
      doc: docOf(name, role, type, boundary),
      enter: (b, given) =>
        name === "inputs" && boundary.inputs !== null ? scaledInputs(b, given, boundary.inputs) : given,
    }),
    give: (b, { name, role }, value) =>
      role === "prediction"
        ? answersOf(b, value, boundary)
        : [{ name: `final/${name}`, role, doc: `The state ${name} after each sequence's last step.`, value }],
  });
}
