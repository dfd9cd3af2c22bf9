/** `rnnx train --dry-run`: prints the model, the training plan and the first batch; writes nothing. */
import { classesRecord, classNamesOf, describeClasses } from "../../../runtime/data/metadata.js";
import type { DataSource } from "../../../runtime/data/source.js";
import { exampleCounts } from "../../../runtime/data/splits.js";
import { tokenize } from "../../../runtime/data/vocabulary/tokens.js";
import { formatCount, formatInteger } from "../../../runtime/format.js";
import type { TrainRequest } from "../../../runtime/training/request.js";
import { escapeLine, escapeText, visibleText } from "../../escape-controls.js";
import { exitCodes } from "../../exit-codes.js";
import { reportRunFailure } from "../../open-run.js";
import type { OpenedSpec } from "../../open-spec.js";
import type { Output } from "../../output.js";

export async function dryRun(output: Output, opened: OpenedSpec, request: TrainRequest): Promise<number> {
  const [{ planTraining }, { mapPathsToSource }, { previewBatch }, { analyze }, { analysisText }] = await Promise.all([
    import("../../../runtime/training/plan.js"),
    import("../../../runtime/training/spec-paths.js"),
    import("../../../runtime/data/preview.js"),
    import("../../../compiler/compile.js"),
    import("../inspect/summary.js"),
  ]);
  const planResult = mapPathsToSource(request.spec, opened.origins, await planTraining(request));
  if (!planResult.ok) return reportRunFailure(output, planResult.error, opened);
  const { spec, source, signature, batchSchedule, notices } = planResult.value;
  const analyzed = analyze(spec, signature);
  if (!analyzed.ok) throw new Error("The analysis of a compiled spec failed.");
  const { analysis } = analyzed;
  const examples = exampleCounts(source.splits);
  const { steps, batchSize, batchesPerEpoch } = batchSchedule;
  const classes = classNamesOf(source.metadata);
  const tokenized = tokenizeFirst(source);
  const batch = previewBatch(source, batchSchedule.indicesAt(1, 1));
  const record = { steps, batch_size: batchSize, batches_per_epoch: batchesPerEpoch, examples };
  for (const notice of notices) output.note(notice);
  output.record({
    event: "result",
    name: spec.name,
    run: request.out,
    ...record,
    ...classesRecord(classes),
    ...analysis,
    ...(tokenized !== null && { first_text: tokenized }),
    batch,
  });

  const { bold, dim } = output.colors.print;
  const splits = Object.entries(examples).filter(([, size]) => size > 0);
  const epochs = steps / batchesPerEpoch;
  output.print(bold(spec.name));
  output.print(`\n${analysisText(analysis, output.colors.print)}`);
  output.print(
    `\n${formatCount(steps, "step")} of ${formatCount(batchSize, "example")}, ${epochs >= 1 ? formatInteger(epochs) : "less than 1"} ${epochs < 2 ? "epoch" : "epochs"}; examples: ${splits.map(([split, size]) => `${formatInteger(size)} ${split}`).join(", ")}`,
  );
  if (classes.size > 0) output.print(`\n${bold("classes")}  ${escapeLine(describeClasses(classes))}`);
  if (tokenized !== null) {
    const shown = tokenized.tokens.slice(0, MAX_TOKENS).map((token) => visibleText(`${token}`));
    const tokens = [...shown, ...(tokenized.tokens.length > MAX_TOKENS ? ["…"] : [])].join("  ");
    output.print(`\n${bold("first text")}  ${visibleText(clip(tokenized.text))}`);
    output.print(`${bold("tokens")}      ${tokens}`);
  }
  output.print(
    `\n${bold("first batch")}  ${dim(batch.arrays.map(({ name, shape }) => `${name} [${shape.join(", ")}]`).join("  "))}`,
  );
  const width = Math.max(...batch.arrays.map(({ name }) => name.length));
  for (const example of batch.examples) {
    output.print("");
    for (const [name, text] of Object.entries(example)) {
      const [first = "", ...rest] = escapeText(text).split("\n");
      output.print(`${dim(name.padEnd(width))}  ${first}`);
      for (const line of rest) output.print(`${" ".repeat(width)}  ${line}`);
    }
  }
  output.print(`\n${dim("Nothing was written. Remove --dry-run to train.")}`);
  return exitCodes.success;
}

const MAX_TOKENS = 24;
const MAX_TEXT = 100;

function clip(text: string): string {
  return text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT - 1)}…` : text;
}

/** The first text and its units; null where inputs are no text. */
function tokenizeFirst({ firstText, metadata }: DataSource) {
  if (firstText === undefined) return null;
  if (metadata.type !== "text" && metadata.type !== "sequences" && metadata.type !== "pairs") return null;
  return { text: firstText, tokens: tokenize(firstText, metadata) };
}
