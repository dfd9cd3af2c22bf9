/** Sequences: the label of each line, or a tag for each of its steps. */
import { readSequences } from "../data/sequence-examples.js";
import { gatherRuns, type HeldSeries } from "../data/windows.js";
import { refuse } from "../problem.js";
import { classified, probabilities, quantities, tagged } from "./answers.js";
import type { OpenInputs } from "./inputs.js";

export const sequences: OpenInputs = async ({ run, file, folder, uses }) => {
  const { metadata, spec } = run;
  if (metadata.type !== "sequences" || spec.data.type !== "sequences") throw new Error("The run has no sequences.");
  const read = await readSequences({ ...spec.data, file }, folder, uses, false);
  if (!read.ok) return read;
  const { examples, tokens, features } = read.sequences;
  const width = run.signature.inputs.shape[2];
  if (metadata.vocabulary === undefined && features !== width) {
    const message = `"${file}" has vectors of ${features}, and the model reads vectors of ${width}.`;
    return refuse({ code: "data-shape", path: "", file, message, hint: "" });
  }
  const known = new Map(metadata.vocabulary?.map((token, id) => [token, id]));
  const idOf = tokens.map((token) => known.get(token) ?? metadata.unknown ?? 0);
  const steps: HeldSeries =
    metadata.vocabulary === undefined
      ? { dtype: "float32", width: features, data: Float32Array.from(examples.flatMap(({ vectors }) => vectors)) }
      : {
          dtype: "int32",
          width: 1,
          data: Int32Array.from(examples.flatMap(({ ids }) => ids.map((id) => idOf[id] ?? 0))),
        };
  const starts = new Uint32Array(examples.length + 1);
  for (const [index, { length }] of examples.entries()) starts[index + 1] = (starts[index] ?? 0) + length;
  const lengths = examples.map(({ length }) => length);
  const names = metadata.classes ?? null;
  return {
    ok: true,
    inputs: {
      lengths,
      padded: true,
      batch(chosen) {
        const time = chosen.reduce((longest, example) => Math.max(longest, lengths[example] ?? 0), 0);
        const vector = steps.dtype === "float32" ? [features] : [];
        const live = BigInt64Array.from(chosen, (example) => BigInt(lengths[example] ?? 0));
        return new Map([
          ["inputs", gatherRuns(steps, starts, chosen, time, [chosen.length, time, ...vector])],
          ["lengths", { dtype: "int64", shape: [chosen.length], data: live }],
        ]);
      },
      finish: (scores) => probabilities(spec, uses.targets, scores),
      describe(example, finished) {
        const { line } = examples[example] ?? { line: 0 };
        const perStep = finished.shape.length > 1;
        if (uses.targets === "classes")
          return { line, ...(perStep ? tagged("tags", finished, names) : classified("label", finished, names)) };
        return { line, [perStep ? "tags" : "label"]: quantities(finished) };
      },
    },
  };
};
