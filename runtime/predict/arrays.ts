/** Reads arrays, and formats the outputs: classes with probabilities, decoded labels, or numbers. */

import { blankClassOf } from "../../schema/kinds/losses.js";
import type { ModelOutput } from "../../schema/kinds/outputs.js";
import type { NormalCtc } from "../../schema/normal/index.js";
import { idLimits } from "../data/id-limits.js";
import { usesOf } from "../data/source.js";
import { mergeInOrder } from "../ordered-json.js";
import { ok } from "../result.js";
import { portsWithRole } from "../sessions/ports.js";
import { gatherRows } from "../tensors/rows.js";
import { readArrayInputs } from "./array-inputs.js";
import { ctcDecode, describeDecoding } from "./ctc-decoder.js";
import {
  describeClass,
  describeTags,
  describeValues,
  type Prediction,
  predictionKeys,
  type Scores,
  toProbabilities,
} from "./format-predictions.js";
import type { OpenInputs } from "./inputs.js";

export const arrays: OpenInputs = async ({ run, file, folder, beam }) => {
  const { spec, signature, manifest } = run;
  const ports = new Set(portsWithRole(manifest.model.inputs, "data").map(({ name }) => name));
  const result = await readArrayInputs(signature, ports, idLimits(spec, signature), file, folder);
  if (!result.ok) return result;
  const arraysByPort = result.value;
  const [examples = 0, time = 1] = arraysByPort.get("inputs")?.shape ?? [];
  const steps = arraysByPort.get("lengths")?.data;
  return ok({
    lengths: Uint32Array.from({ length: examples }, (_, example) => Number(steps?.[example] ?? time)),
    // All rows of an array have the same length, including masked steps.
    hasLengths: true,
    batch: (indices) => new Map([...arraysByPort].map(([name, array]) => [name, gatherRows(array, indices)])),
    formatOf: (output) => {
      const { loss } = output;
      const { outputs } = usesOf(spec, output);
      return {
        postprocess: (scores) => toProbabilities(output, outputs, scores),
        describe(_, scores) {
          if (outputs !== "classes") return { [predictionKeys(output, "output").value]: describeValues(scores) };
          if (loss.type === "ctc") return describeLabels(output, loss, scores, beam);
          const keys = predictionKeys(output, "class");
          return scores.shape.length === 1 ? describeClass(keys, scores, null) : describeTags(keys, scores, null);
        },
      };
    },
    identify: (index, prediction) => mergeInOrder({ index }, prediction),
  });
};

/** The labels that a ctc model decodes, by the names of the output's members. */
function describeLabels({ name, prefix }: ModelOutput, loss: NormalCtc, scores: Scores, beam: number): Prediction {
  const decoding = describeDecoding(ctcDecode(scores, blankClassOf(loss, scores.shape.at(-1) ?? 1), beam));
  if (prefix === "") return decoding;
  return Object.fromEntries(
    Object.entries(decoding).map(([key, value]) => [key === "labels" ? name : `${name}_${key}`, value]),
  );
}
