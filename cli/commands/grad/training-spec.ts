/** The spec of a loss and an optimizer that flags name, and the problems in those flags. */
import { basename } from "node:path";
import type { TrainingRecord } from "../../../runtime/training/fine-tune/step-folder.js";
import type { JsonObject } from "../../../schema/json-pointer.js";
import type { NormalSpec } from "../../../schema/normal/index.js";
import type { Override } from "../../../schema/parse/overrides.js";
import { reportInvalidInput } from "../../errors.js";
import { readSpecText } from "../../open-spec.js";
import type { Output } from "../../output.js";

/** The loss that is the output of the model itself. */
export const OUTPUT_LOSS = "output";

/** Keys of a spec that a training step of a model has. */
export const trainingSettings = ["loss", "losses", "optimizer", "optimizers", "schedules"];

export interface TrainingFlags {
  readonly loss: string;
  readonly optimizer: string;
  readonly learningRate?: number;
  readonly set?: readonly Override[];
}

export interface TrainingSettings {
  readonly spec: NormalSpec;
  readonly record: TrainingRecord;
}

/** The loss and the optimizer, in the terms of every other spec; undefined after a reported error. */
export async function trainingSpec(
  output: Output,
  file: string,
  flags: TrainingFlags,
): Promise<TrainingSettings | undefined> {
  const { loss, optimizer, learningRate, set = [] } = flags;
  const name = basename(file)
    .replace(/\.onnx$/, "")
    .replace(/[^A-Za-z0-9._-]+/g, "-")
    .replace(/^[^A-Za-z0-9]+/, "");
  const spec = {
    name: name === "" ? "model" : name.slice(0, 100),
    data: { type: "arrays", inputs: "inputs.npy", targets: "targets.npy" },
    model: [{ layer: "projection", size: 1 }],
    loss: { type: loss === OUTPUT_LOSS ? "squared_error" : loss },
    optimizer: { type: optimizer, ...(learningRate !== undefined && { learning_rate: learningRate }) },
    train: { steps: 1 },
  };
  const read = await readSpecText(JSON.stringify(spec), "options", set);
  if (read.ok) {
    const { spec: normal, resolved } = read.value;
    const members = Object.entries(resolved).filter(([key]) => trainingSettings.includes(key));
    const settings: JsonObject = Object.fromEntries(members);
    return { spec: normal, record: { format: 1, name: normal.name, settings } };
  }
  for (const { code, path, message, hint } of read.error.diagnostics)
    reportInvalidInput(output, code, flagMessage(flags, path, message), flagHint(keyPath(path, message, set), hint));
  return undefined;
}

/** A message about a key of the spec as one about the flag that sets it. */
function flagMessage({ loss, optimizer, learningRate, set = [] }: TrainingFlags, path: string, text: string): string {
  const message = text.replace(/\.$/, "");
  const isSet = set.some(({ flag }) => message.includes(flag));
  const flag = new Map([
    ["/loss/type", `--loss ${loss}`],
    ["/optimizer/type", `--optimizer ${optimizer}`],
    ["/optimizer/learning_rate", `--learning-rate ${learningRate}`],
  ]).get(path);
  return isSet || flag === undefined ? message : `${flag}: ${message}`;
}

/** The path of the object of a missing key: `--set optimizer.schedule.type=constant` makes one that the text lacks. */
function keyPath(path: string, message: string, set: readonly Override[]): string {
  const names = (type: string) => message.includes(` the ${type.replaceAll("_", " ")} `);
  const owner = set.find(({ path: key, flag }) => key.endsWith(".type") && names(flag.slice(flag.indexOf("=") + 1)));
  return owner === undefined ? path : `/${owner.path.replace(/\.type$/, "").replaceAll(".", "/")}`;
}

/** The hint of a missing key as a flag. */
function flagHint(path: string, hint: string): string {
  return hint.replace(/^For example "(\w+)": (.*)\.$/, (_, key: string, value: string) => {
    const flag = key === "learning_rate" ? "--learning-rate " : `--set ${path.slice(1).replaceAll("/", ".")}.${key}=`;
    return `For example ${flag}${value}.`;
  });
}
