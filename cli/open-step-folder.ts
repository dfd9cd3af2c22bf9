/** Opens a folder of `rnnx grad` for training: its loss and optimizer, with the settings of the command line. */
import { join } from "node:path";
import type { PortColumns } from "../runtime/training/fine-tune/port-table.js";
import type { TrainRequest } from "../runtime/training/request.js";
import type { JsonObject } from "../schema/json-pointer.js";
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
  const { readTrainingRecord } = await import("../runtime/training/fine-tune/step-folder.js");
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
  const spec: JsonObject = {
    name,
    data: { type: "arrays", inputs: data, targets: data },
    model: [{ layer: "projection", size: 1 }],
    ...settings,
    train: {},
  };
  const read = await readSpecText(JSON.stringify(spec), join(folder, "training.json"), overrides);
  if (read.ok) return { ...read.value, step: { folder, data, columns } };
  for (const { code, message, hint } of read.error.diagnostics)
    reportInvalidInput(output, code, message.replace(/\.$/, ""), hint);
  return undefined;
}

type Mistake = readonly [message: string, hint: string];

function noData(folder: string): Mistake {
  return [
    `"${folder}" is a training step, and --data is missing`,
    "Name a file of arrays or columns by the names of its inputs: --data rows.npz (.safetensors, .csv, .jsonl, .parquet).",
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
