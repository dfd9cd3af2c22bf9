/**
 * Labels that ctc cannot align: labels after a blank, which is their padding, and sequences that are too short for their
 * labels, so that their loss is infinite for any weights.
 */
import type { Manifest } from "../../compiler/artifact.js";
import { blankClassOf } from "../../schema/kinds/losses.js";
import { outputsOf, targetPort } from "../../schema/kinds/outputs.js";
import { outputSteps } from "../../schema/kinds/windows.js";
import type { NormalCtc, NormalLayer, NormalSpec } from "../../schema/normal/index.js";
import { formatCount } from "../format.js";
import type { RunProblem } from "../problem.js";
import type { NumericArray } from "../tensors/array.js";
import { readExamples } from "./batching/read-examples.js";
import type { DataSource } from "./source.js";
import { examplesOf } from "./splits.js";

/**
 * The first example of the splits with a label after a blank, and the first one whose labels do not fit its steps; none
 * of the latter where `zero_infinity` leaves such examples out. Labels need one step each, and one more between two equal
 * ones.
 */
export function checkAlignments(
  spec: NormalSpec,
  manifest: Manifest,
  source: Pick<DataSource, "splits" | "batch">,
): readonly RunProblem[] {
  return outputsOf(spec).flatMap((output) => {
    if (output.loss.type !== "ctc") return [];
    const classes = Number(manifest.eval.outputs.find(({ name }) => name === output.port)?.shape.at(-1));
    return alignmentProblems(spec, output.loss, output.model, blankClassOf(output.loss, classes), source);
  });
}

function alignmentProblems(
  { data, losses }: NormalSpec,
  loss: NormalCtc,
  model: readonly NormalLayer[],
  blank: number,
  source: Pick<DataSource, "splits" | "batch">,
): readonly RunProblem[] {
  const [interrupted, misfits]: [string[], string[]] = [[], []];
  for (const { examples, batch } of readExamples(source, examplesOf(source.splits))) {
    const [inputs, targets, lengths] = [batch.get("inputs"), batch.get(targetPort(loss.target)), batch.get("lengths")];
    if (inputs === undefined || targets === undefined) return [];
    examples.forEach((example, row) => {
      const steps = outputSteps(model, Number(lengths?.data[row] ?? inputs.shape[1]));
      const { labels, repeats, labelAfterBlank } = countLabels(targets, row, blank);
      if (labelAfterBlank !== undefined) {
        interrupted.push(`Example ${example} has label ${labelAfterBlank} after ${blank}, the blank`);
        return;
      }
      if (loss.zero_infinity || labels + repeats <= steps) return;
      const separators =
        repeats === 0 ? "" : ` and ${repeats} ${repeats === 1 ? "blank" : "blanks"} between equal ones`;
      misfits.push(
        `Example ${example} has ${formatCount(steps, "step")} for ${formatCount(labels, "label")}${separators}`,
      );
    });
  }
  const path = data.type === "arrays" ? "/data/targets" : `/losses/${losses.indexOf(loss)}`;
  const shiftIds = blank === 0 ? "number the labels from 1" : "leave its id out of the labels";
  return [
    ...summarize(interrupted, "with a label after a blank").map((summary) => ({
      code: "ctc-blank",
      path,
      message: `${summary}. The blank is only the padding at the end of the labels.`,
      hint:
        loss.blank === "last"
          ? "The blank is the last class: give the last layer one class more than there are labels, and pad with its id."
          : `If ${blank} is a label, set "blank": "last" in loss, or ${shiftIds}. Move padding to the end.`,
    })),
    ...summarize(misfits, "also too short").map((summary) => ({
      code: "ctc-alignment",
      path,
      message: `${summary}. The ctc loss is infinite for any weights.`,
      hint: 'Set "zero_infinity": true in loss, which leaves such examples out, or provide more steps or fewer labels.',
    })),
  ];
}

/** The first finding, and the number of the others. */
function summarize(findings: readonly string[], what: string): readonly string[] {
  const [first] = findings;
  if (first === undefined) return [];
  const others = findings.length === 1 ? "" : `; ${formatCount(findings.length - 1, "other example")} ${what}`;
  return [`${first} (examples count from 0)${others}`];
}

/** The labels of a row, the equal neighbors among them, which need a blank between them, and a label after a blank. */
function countLabels({ data, shape }: NumericArray, row: number, blank: number) {
  const width = shape[1] ?? 1;
  const ids = Array.from(data.subarray(row * width, (row + 1) * width), Number);
  const labels = ids.filter((id) => id !== blank);
  return {
    labels: labels.length,
    repeats: labels.filter((label, index) => label === labels[index - 1]).length,
    labelAfterBlank: ids.find((id, index) => id !== blank && ids[index - 1] === blank),
  };
}
