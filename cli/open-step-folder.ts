/** Opens a folder of `rnnx grad` for training: its loss and optimizer, with the settings of the command line. */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Manifest } from "../compiler/artifact.js";
import { fail, ok, type Result } from "../runtime/result.js";
import { runFiles } from "../runtime/run/layout.js";
import { readRunFile } from "../runtime/run/validate-files.js";
import { portsWithRole } from "../runtime/sessions/ports.js";
import type { PortColumns } from "../runtime/training/fine-tune/port-table.js";
import type { TrainRequest } from "../runtime/training/request.js";
import { isObject, type JsonObject } from "../schema/json-pointer.js";
import type { Override } from "../schema/parse/overrides.js";
import { reportInvalidInput } from "./errors.js";
import { reportProblems } from "./open-run.js";
import { type OpenedSpec, readSpecText } from "./open-spec.js";
import type { Output } from "./output.js";

export interface OpenedStep extends OpenedSpec {
  readonly step: NonNullable<TrainRequest["step"]>;
}

/** Keys of `train` that the folder's step has compiled. */
const compiledKeys = ["precision", "accumulate", "memory", "distributed", "sample"];
/** Keys that a training of the folder may set. */
const settable = ["name", "seed", "train", "data.split"];

/** The spec, with one layer in place of the model; undefined after reporting an error. */
export async function openStepSpec(
  output: Output,
  folder: string,
  data: string | undefined,
  overrides: readonly Override[],
  columns: PortColumns,
): Promise<OpenedStep | undefined> {
  const { isDataBlock, readTrainingRecord } = await import("../runtime/training/fine-tune/step-folder.js");
  const record = readTrainingRecord(folder);
  if (!record.ok) {
    reportProblems(output, record.error);
    return undefined;
  }
  const mistake =
    data === undefined ? noData(folder) : overrides.map(settingMistake).find((each) => each !== undefined);
  if (data === undefined || mistake !== undefined) {
    reportInvalidInput(output, "usage", ...(mistake ?? noData(folder)));
    return undefined;
  }
  const { name, settings } = record.value;
  const isBlock = isDataBlock(data);
  const block = isBlock ? readBlock(data, columns) : ok({ type: "arrays", inputs: data, targets: data });
  if (!block.ok) {
    reportInvalidInput(output, "usage", ...block.error);
    return undefined;
  }
  const model = isBlock ? standIn(folder) : [{ layer: "projection", size: 1 }];
  const spec: JsonObject = { name, data: block.value, model, ...settings, train: {} };
  const read = await readSpecText(JSON.stringify(spec), join(folder, "training.json"), overrides);
  if (read.ok) return { ...read.value, ...(isBlock && { folder: dirname(data) }), step: { folder, data, columns } };
  for (const { code, message, hint } of read.error.diagnostics)
    reportInvalidInput(output, code, message.replace(/\.$/, ""), hint);
  return undefined;
}

/** The data block of a JSON file. */
function readBlock(file: string, columns: PortColumns): Result<JsonObject, Mistake> {
  if (columns.size > 0) return fail([`"${file}" names its columns`, "Remove --columns."]);
  try {
    const value: unknown = JSON.parse(readFileSync(file, "utf8"));
    if (isObject(value) && typeof value.type === "string") return ok(value);
    return fail([`"${file}" is no data block`, 'Write the data of a spec: { "type": "table", "file": … }.']);
  } catch (error) {
    const reason = error instanceof SyntaxError ? "is not JSON" : "cannot be read";
    return fail([`"${file}" ${reason}`, "Write the data block of a spec into it."]);
  }
}

/** Layers that read and write what the model does: ids or numbers, steps or rows. They name no size, and nothing runs them. */
function standIn(folder: string): readonly JsonObject[] {
  const manifest = readRunFile<Manifest>(folder, runFiles.manifest);
  const ports = manifest.ok ? portsWithRole(manifest.value.train.inputs, "data") : [];
  const readsIds = ports.find(({ name }) => name !== "targets")?.dtype.startsWith("int") === true;
  const targets = ports.find(({ name }) => name === "targets");
  const isPerStep = (targets?.shape.length ?? 0) > (targets?.dtype === "float32" ? 3 : 2);
  return [
    ...(readsIds ? [{ layer: "embedding", size: 1 }] : []),
    ...(isPerStep ? [] : [{ layer: "pool", mode: "mean" }]),
    { layer: "projection", size: 1 },
  ];
}

type Mistake = readonly [message: string, hint: string];

function noData(folder: string): Mistake {
  return [
    `"${folder}" is a training step, and --data is missing`,
    "Name a file of arrays or columns by the names of its inputs: --data rows.npz (.safetensors, .csv, .jsonl, .parquet), or of the data block of a spec (.json).",
  ];
}

function settingMistake({ path, flag }: Override): Mistake | undefined {
  const [first, key = ""] = path.split(".");
  if (first === "train" && compiledKeys.includes(key))
    return [`${flag}: the step of the folder is compiled without train.${key}`, "Remove the setting."];
  if (settable.some((name) => path === name || path.startsWith(`${name}.`))) return undefined;
  const isCompiled = ["loss", "losses", "optimizer", "optimizers", "schedules"].includes(first ?? "");
  return isCompiled
    ? [`${flag}: the step of the folder is compiled with its own ${first}`, "Write the folder again: rnnx grad --set."]
    : [`${flag} is no setting of a training step`, `The keys of --set begin with ${settable.join(", ")}.`];
}
