/** The description of an ONNX file: inputs, outputs, operators, weights and metadata. */
import { readFileSync } from "node:fs";
import type { ModelInfo } from "../../../compiler/onnx/read/model.js";
import { formatInteger } from "../../../runtime/format.js";
import { unreadableFile } from "../../../runtime/storage/system-errors.js";
import { reportInvalidInput } from "../../errors.js";
import { exitCodes } from "../../exit-codes.js";
import { reportProblems } from "../../open-run.js";
import type { Colors, Output } from "../../output.js";
import { tableText } from "../../table.js";
import { portabilityOf, portabilityText } from "./compatibility.js";
import { printModelGraph } from "./onnx-graph.js";
import type { TimedInputs } from "./onnx-times.js";
import { trainingOf, trainingText } from "./onnx-training.js";
import type { StageChoice } from "./stage.js";
import { shapeText } from "./summary.js";

/**
 * @param format prints the graph in this format; undefined: describes the model.
 * @param timed prints the times of its nodes with these inputs; undefined: describes the model.
 */
export async function inspectModel(
  output: Output,
  file: string,
  format: StageChoice["format"] | undefined,
  timed?: TimedInputs,
): Promise<number> {
  const { readModel } = await import("../../../compiler/onnx/read/model.js");
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    const { code, message, hint = "" } = unreadableFile("", file, error);
    reportInvalidInput(output, code, message, hint);
    return exitCodes.invalidInput;
  }
  const read = readModel(bytes);
  if (!read.ok) {
    reportInvalidInput(output, read.problem.code, `${file}: ${read.problem.message}`, read.problem.hint ?? "");
    return exitCodes.invalidInput;
  }
  const { model } = read;
  const { checkExternalData } = await import("../../../runtime/import/external-data.js");
  const unsafe = checkExternalData(file, model.initializers);
  if (unsafe.length > 0) {
    reportProblems(output, unsafe);
    return exitCodes.invalidInput;
  }
  if (timed !== undefined) return (await import("./onnx-times.js")).printModelTimes(output, file, bytes, model, timed);
  if (format !== undefined) return printModelGraph(output, bytes, format);
  const portability = await portabilityOf(bytes, model);
  const training = await trainingOf(bytes, file);
  output.record({ event: "result", ...model, parameters: parameterSummary(model), portability, training });
  output.print(modelText(model, output.colors.print));
  if (training !== undefined) output.print(`\n${trainingText(training, output.colors.print)}`);
  output.print(`\n${portabilityText(portability, output.colors.print)}`);
  return exitCodes.success;
}

function parameterSummary({ initializers }: ModelInfo) {
  const tensors = initializers.map(({ name, dtype, shape = [] }) => ({
    name,
    dtype,
    shape,
    count: shape.reduce<number>((product, size) => product * Number(size), 1),
  }));
  return { total: tensors.reduce((sum, tensor) => sum + tensor.count, 0), tensors };
}

/** Metadata values can be as long as a whole spec. */
const maxMetadataLength = 300;

function truncateMetadata(value: string): string {
  const overflow = value.length - maxMetadataLength;
  return overflow <= 0
    ? value
    : `${value.slice(0, maxMetadataLength)}… (${formatInteger(overflow)} more characters with --json)`;
}

function modelText(model: ModelInfo, colors: Colors): string {
  const opsets = Object.entries(model.opsets).map(([domain, version]) => `${domain} ${version}`);
  const parameters = parameterSummary(model);
  const ports = [
    ...model.inputs.map((tensor) => ({ kind: "input", ...tensor })),
    ...model.outputs.map((tensor) => ({ kind: "output", ...tensor })),
  ];
  return [
    `${colors.bold(model.name)}  ${opsets.join(", ")}, IR ${model.irVersion}, by ${model.producer || "an unknown producer"}`,
    tableText(
      colors,
      [{ title: "" }, { title: "name" }, { title: "type" }, { title: "shape" }],
      ports.map(({ kind, name, dtype, shape }) => [kind, name, dtype, shape === undefined ? "?" : shapeText(shape)]),
    ),
    tableText(
      colors,
      [{ title: "tensor" }, { title: "type" }, { title: "shape" }, { title: "elements", align: "right" }],
      parameters.tensors.map(({ name, dtype, shape, count }) => [name, dtype, shapeText(shape), formatInteger(count)]),
    ),
    tableText(
      colors,
      [{ title: "operator" }, { title: "nodes", align: "right" }],
      model.operators.map(({ domain, operator, count }) => [
        domain === "ai.onnx" ? operator : `${domain}.${operator}`,
        formatInteger(count),
      ]),
    ),
    ...(model.doc === "" ? [] : [model.doc]),
    ...Object.entries(model.metadata).map(([key, value]) => `${colors.dim(key)} ${truncateMetadata(value)}`),
  ].join("\n\n");
}
