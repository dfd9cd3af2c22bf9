/** `rnnx train --dry-run`: what a training would be, and the first batch as the model would read it; writes nothing. */
import type { TrainRequest } from "../../runtime/events.js";
import type { Origins } from "../../schema/origins.js";
import { exit } from "../exit.js";
import { count } from "../numbers.js";
import type { Output } from "../output.js";
import { endUnfinished } from "../run.js";
import type { OpenedSpec } from "../spec.js";
import { laidOut } from "../terminal.js";

export async function dryRun(output: Output, opened: OpenedSpec, request: TrainRequest): Promise<number> {
  const [{ planTraining }, { placeOutcome }, { glanceAt }, { analyze }, { analysisText }] = await Promise.all([
    import("../../runtime/prepare.js"),
    import("../../runtime/places.js"),
    import("../../runtime/glance.js"),
    import("../../compiler/compile.js"),
    import("../inspection/analysis.js"),
  ]);
  const planning = await planTraining(request);
  if (!planning.ok) {
    const origins: Origins = opened.origins;
    const outcome = placeOutcome(request.spec, origins, planning.outcome);
    if (outcome.ok) throw new Error("A plan that failed has no outcome.");
    return endUnfinished(output, outcome, opened);
  }
  const { spec, source, signature, plan, notices } = planning.planned;
  const analyzed = analyze(spec, signature);
  if (!analyzed.ok) throw new Error("What was compiled is refused.");
  const { analysis } = analyzed;
  const { train, validation, test } = source.splits;
  const examples = { train: train.length, validation: validation.length, test: test.length };
  const { steps, batchSize, batchesPerEpoch } = plan;
  const batch = glanceAt(spec, source, plan.batchesAt(1, 1));
  const record = { steps, batch_size: batchSize, batches_per_epoch: batchesPerEpoch, examples };
  for (const notice of notices) output.note(notice);
  output.record({ event: "result", name: spec.name, run: request.out, ...record, ...analysis, batch });

  const { bold, dim } = output.colors.print;
  const parts = Object.entries(examples).filter(([, number]) => number > 0);
  const epochs = steps / batchesPerEpoch;
  output.print(bold(spec.name));
  output.print(`\n${analysisText(analysis, output.colors.print)}`);
  output.print(
    `\n${count(steps)} updates of ${count(batchSize)} ${batchSize === 1 ? "example" : "examples"}, ${epochs >= 1 ? count(epochs) : "less than one"} ${epochs < 2 ? "epoch" : "epochs"}; examples: ${parts.map(([part, number]) => `${count(number)} ${part}`).join(", ")}`,
  );
  output.print(
    `\n${bold("the first batch")}  ${dim(batch.arrays.map(({ name, shape }) => `${name} [${shape.join(", ")}]`).join("  "))}`,
  );
  const width = Math.max(...batch.arrays.map(({ name }) => name.length));
  for (const example of batch.examples) {
    output.print("");
    for (const [name, text] of Object.entries(example)) {
      const [first = "", ...rest] = laidOut(text).split("\n");
      output.print(`${dim(name.padEnd(width))}  ${first}`);
      for (const line of rest) output.print(`${" ".repeat(width)}  ${line}`);
    }
  }
  output.print(`\n${dim("Nothing was written. Without --dry-run the training starts.")}`);
  return exit.done;
}
