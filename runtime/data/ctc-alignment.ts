/** Sequences that are too short for their ctc labels: no alignment exists, so their loss is infinite for any weights. */
import type { Manifest } from "../../compiler/artifact.js";
import { blankClassOf } from "../../schema/kinds/losses.js";
import { outputSteps } from "../../schema/kinds/windows.js";
import type { NormalSpec } from "../../schema/normal/index.js";
import type { RunProblem } from "../problem.js";
import type { NumericArray } from "../tensors/array.js";
import type { DataSource } from "./source.js";

/** Examples that are read at a time. */
const CHUNK = 256;

/**
 * The first example of the splits whose labels do not fit its steps; none where `zero_infinity` leaves such examples
 * out. Labels need one step each, and one more between two equal ones.
 */
export function checkAlignments(
  { loss, data, model }: NormalSpec,
  manifest: Manifest,
  source: Pick<DataSource, "splits" | "batch">,
): readonly RunProblem[] {
  if (loss.type !== "ctc" || loss.zero_infinity) return [];
  const classes = Number(manifest.eval.outputs.find(({ role }) => role === "prediction")?.shape.at(-1));
  const blank = blankClassOf(loss, classes);
  const { train, validation, test } = source.splits;
  const examples = Uint32Array.from([...train, ...validation, ...test]).sort();
  const misfits: string[] = [];
  for (let start = 0; start < examples.length; start += CHUNK) {
    const chunk = examples.subarray(start, start + CHUNK);
    const batch = source.batch(chunk);
    const [inputs, targets, lengths] = [batch.get("inputs"), batch.get("targets"), batch.get("lengths")];
    if (inputs === undefined || targets === undefined) return [];
    chunk.forEach((example, row) => {
      const steps = outputSteps(model, Number(lengths?.data[row] ?? inputs.shape[1]));
      const { labels, repeats } = countLabels(targets, row, blank);
      if (labels + repeats <= steps) return;
      const separators =
        repeats === 0 ? "" : ` and ${repeats} ${repeats === 1 ? "blank" : "blanks"} between equal ones`;
      misfits.push(`Example ${example} has ${count(steps, "step")} for ${count(labels, "label")}${separators}`);
    });
  }
  const [first] = misfits;
  if (first === undefined) return [];
  const others = misfits.length === 1 ? "" : `; ${count(misfits.length - 1, "other example")} also too short`;
  return [
    {
      code: "ctc-alignment",
      path: data.type === "arrays" ? "/data/targets" : "/loss",
      message: `${first} (examples count from 0)${others}. The ctc loss is infinite for any weights.`,
      hint: 'Set "zero_infinity": true in loss, which leaves such examples out, or provide more steps or fewer labels.',
    },
  ];
}

/** The labels of a row, and the equal neighbors among them, which need a blank between them. */
function countLabels({ data, shape }: NumericArray, row: number, blank: number) {
  const width = shape[1] ?? 1;
  const labels = Array.from(data.subarray(row * width, (row + 1) * width), Number).filter((label) => label !== blank);
  return { labels: labels.length, repeats: labels.filter((label, index) => label === labels[index - 1]).length };
}

function count(amount: number, noun: string): string {
  return `${amount} ${noun}${amount === 1 ? "" : "s"}`;
}
