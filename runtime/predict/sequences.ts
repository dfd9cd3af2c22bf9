/** Reads sequences, and formats a label for each, or a tag for each of its time steps. */

import { gatherSequences, type InMemorySeries } from "../data/batching/windows.js";
import { metadataOf } from "../data/metadata.js";
import { targetUsesOf, usesOf } from "../data/source.js";
import { readSequences } from "../data/sources/sequence-examples.js";
import { unitNames, unknownUnitsNotices } from "../data/vocabulary/tokens.js";
import { formatCount } from "../format.js";
import { fail, ok } from "../result.js";
import { describeClass, describeTags, describeValues, predictionKeys, toProbabilities } from "./format-predictions.js";
import { emptyNotices, predictionName, withInput } from "./input-members.js";
import type { OpenInputs } from "./inputs.js";

export const sequences: OpenInputs = async ({ run, file, folder }) => {
  const { metadata, spec } = run;
  if (metadata.type !== "sequences" || spec.data.type !== "sequences")
    throw new Error("The run was not trained on sequences.");
  const { columns } = spec.data;
  const result = await readSequences({ ...spec.data, file }, folder, targetUsesOf(spec), false, metadata);
  if (!result.ok) return result;
  const { examples, tokens, features } = result.value;
  const emptyLines = examples.filter(({ length }) => length === 0).map(({ line }) => line);
  if (emptyLines.length === examples.length) {
    const message = `"${file}" has empty sequences only.`;
    return fail([{ code: "input-empty", path: "", file, message, hint: "" }]);
  }
  const width = run.signature.inputs.shape[2];
  if (metadata.vocabulary === undefined && features !== width) {
    const message = `"${file}" has vectors of ${formatCount(features, "number")}, but the model reads vectors of ${width}.`;
    return fail([{ code: "data-shape", path: "", file, message, hint: "" }]);
  }
  const idByToken = new Map(metadata.vocabulary?.map((token, id) => [token, id]));
  const unknownTokens = metadata.vocabulary === undefined ? [] : tokens.filter((token) => !idByToken.has(token));
  const idOf = tokens.map((token) => idByToken.get(token) ?? metadata.unknown ?? 0);
  const steps: InMemorySeries =
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
  return ok({
    lengths,
    hasLengths: true,
    notices: [
      ...result.value.notices,
      ...emptyNotices(emptyLines, "sequence"),
      ...unknownUnitsNotices(unknownTokens, unitNames[metadata.unit]),
    ],
    batch(indices) {
      const time = indices.reduce((maximum, example) => Math.max(maximum, lengths[example] ?? 0), 0);
      const vectorShape = steps.dtype === "float32" ? [features] : [];
      const batchLengths = BigInt64Array.from(indices, (example) => BigInt(lengths[example] ?? 0));
      return new Map([
        ["inputs", gatherSequences(steps, starts, indices, time, [indices.length, time, ...vectorShape])],
        ["lengths", { dtype: "int64", shape: [indices.length], data: batchLengths }],
      ]);
    },
    formatOf(output) {
      const { outputs } = usesOf(spec, output);
      const own = metadataOf(metadata, output.loss.target);
      const names = ("classes" in own ? own.classes : null) ?? null;
      return {
        postprocess: (scores) => toProbabilities(output, outputs, scores),
        describe(example, scores) {
          const isEmpty = lengths[example] === 0;
          const perStep = scores.shape.length > 1;
          const role = perStep ? "tags" : "label";
          const keys = predictionKeys(output, outputs === "features" ? "output" : predictionName(columns[role], role));
          if (outputs !== "classes") return { [keys.value]: isEmpty ? null : describeValues(scores) };
          if (isEmpty) {
            const nothing = perStep ? [] : null;
            return { [keys.value]: nothing, [`${keys.prefix}probability`]: nothing };
          }
          return perStep ? describeTags(keys, scores, names) : describeClass(keys, scores, names);
        },
      };
    },
    identify(example, prediction) {
      const { line = 0, members = {} } = examples[example] ?? {};
      return withInput(line, members, prediction);
    },
  });
};
