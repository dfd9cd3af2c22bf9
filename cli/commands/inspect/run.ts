/** The description of a run directory: its state, and the analysis of its spec. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Manifest } from "../../../compiler/artifact.js";
import { type ClassNames, classesRecord, classNamesOf, describeClasses } from "../../../runtime/data/metadata.js";
import { type DataRecord, readRunResult, runFiles } from "../../../runtime/run/layout.js";
import { readRunFile } from "../../../runtime/run/validate-files.js";
import { reportInvalidInput } from "../../errors.js";
import { escapeLine } from "../../escape-controls.js";
import { exitCodes } from "../../exit-codes.js";
import type { Output } from "../../output.js";
import { inspectSpec } from "./spec.js";
import type { InspectAspect } from "./stage.js";

export async function inspectRun(output: Output, folder: string, aspect: InspectAspect): Promise<number> {
  const pathOf = (name: string) => join(folder, name);
  if (existsSync(pathOf(runFiles.training))) return inspectImported(output, folder, aspect);
  const missing = [runFiles.manifest, runFiles.spec].filter((name) => !existsSync(pathOf(name)));
  if (missing.length > 0) {
    const hint = "Name a run directory, a spec or an .onnx file.";
    reportInvalidInput(
      output,
      "not-a-run",
      `${folder} is not a run directory: it has no ${missing.join(" and no ")}`,
      hint,
    );
    return exitCodes.invalidInput;
  }
  const manifest: Manifest = JSON.parse(readFileSync(pathOf(runFiles.manifest), "utf8"));
  const finished = readRunResult(folder)?.finished === true;
  const data = readRunFile<DataRecord>(folder, runFiles.data);
  const classes: ClassNames = data.ok ? classNamesOf(data.value.metadata) : new Map();
  const run = {
    path: folder,
    rnnx: manifest.rnnx,
    hash: manifest.hash,
    finished,
    ...classesRecord(classes),
  };
  output.print(
    `run ${folder}, by rnnx ${manifest.rnnx}, ${finished ? `finished: ${pathOf(runFiles.model)}` : "not finished"}\n`,
  );
  if (classes.size > 0) output.print(`classes: ${escapeLine(describeClasses(classes))}\n`);
  return inspectSpec(output, pathOf(runFiles.spec), [], aspect, { run });
}

/** The description of a training step of another program's model, or of a run of it: that of the model. */
async function inspectImported(output: Output, folder: string, { aspect }: InspectAspect): Promise<number> {
  const model = join(folder, runFiles.model);
  const [message, hint] =
    aspect !== "layers"
      ? [`${folder} is the training of another program's model, which has no spec`, "Remove the options."]
      : [`${folder} has no ${runFiles.model}`, "Read the model itself: rnnx inspect MODEL.onnx."];
  if (aspect === "layers" && existsSync(model))
    return (await import("./onnx-model.js")).inspectModel(output, model, undefined);
  reportInvalidInput(output, "not-a-run", message, hint);
  return exitCodes.invalidInput;
}
