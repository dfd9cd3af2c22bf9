/** Reads arrays, and formats the outputs: classes with probabilities, decoded labels, or numbers. */

import { blankClassOf } from "../../schema/kinds/losses.js";
import type { NormalLoss } from "../../schema/normal/index.js";
import { idLimits } from "../data/id-limits.js";
import { ok } from "../result.js";
import { portsWithRole } from "../sessions/ports.js";
import { gatherRows } from "../tensors/rows.js";
import { readArrayInputs } from "./array-inputs.js";
import { ctcDecode, describeDecoding } from "./ctc-decoder.js";
import { describeClass, describeValues, toProbabilities, topClasses } from "./format-predictions.js";
import type { OpenInputs } from "./inputs.js";

export const arrays: OpenInputs = async ({ run, file, folder, uses, beam }) => {
  const { spec, signature, manifest } = run;
  const [loss] = spec.losses as readonly [NormalLoss, ...NormalLoss[]];
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
    postprocess: (scores) => toProbabilities(spec, uses.targets, scores),
    describe(index, scores) {
      if (uses.targets !== "classes") return { index, output: describeValues(scores) };
      if (loss.type === "ctc")
        return { index, ...describeDecoding(ctcDecode(scores, blankClassOf(loss, scores.shape.at(-1) ?? 1), beam)) };
      if (scores.shape.length === 1) return { index, ...describeClass("class", scores, null) };
      const topPerStep = topClasses(scores, null);
      return {
        index,
        class: topPerStep.map(({ id }) => id),
        probability: topPerStep.map(({ probability }) => probability),
      };
    },
  });
};
