/** The sequence form: batches of whole sequences of any length. */
import { forwardProgram } from "../pipeline/forward.js";
import { type ModelInterface, wrapProgram } from "./interface.js";
import { processingOf, scalingOf } from "./options.js";
import { predictionOutputs, scaleInputs } from "./pre-post-processing.js";
import { type FormRequest, inputDoc } from "./request.js";

export function sequenceForm({ spec, signature, options: { boundary }, recurrences }: FormRequest): ModelInterface {
  const program = forwardProgram(spec, signature, "inference", ["prediction", "state"], { recurrences });
  return wrapProgram(program, {
    adaptInput: ({ name, role }, type) => ({
      type,
      doc: inputDoc(name, role, type, boundary),
      convert(b, input) {
        const scaling = scalingOf(boundary, name);
        return scaling === null ? input : scaleInputs(b, input, scaling);
      },
    }),
    adaptOutput: (b, { name, role }, value) =>
      role === "prediction"
        ? predictionOutputs(b, value, processingOf(boundary, name))
        : [{ name: `final/${name}`, role, doc: `Final state ${name} of each sequence.`, value }],
  });
}
