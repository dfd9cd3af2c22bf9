/** An ONNX file as a user reads it: inputs, outputs, operators, weights, metadata. */
import { readFileSync } from "node:fs";
import type { ModelFace } from "../../compiler/emit/read.js";
import { unreadable } from "../../runtime/data/file.js";
import { exit } from "../exit.js";
import { refuse } from "../failures.js";
import { count } from "../numbers.js";
import type { Colors, Output } from "../output.js";
import { refuseProblems } from "../run.js";
import { shapeText } from "./analysis.js";
import { printModelGraph } from "./model-graph.js";
import { portabilityOf, portabilityText } from "./portability.js";
import type { StageChoice } from "./stage.js";
import { tableText } from "./table.js";

/** @param format how to draw the graph; undefined: the model is described. */
export async function inspectModel(
  output: Output,
  file: string,
  format: StageChoice["format"] | undefined,
): Promise<number> {
  const { readModel } = await import("../../compiler/emit/read.js");
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    const { code, message } = unreadable("", file, error);
    refuse(output, code, message, "");
    return exit.wrongInput;
  }
  const read = readModel(bytes);
  if (!read.ok) {
    refuse(output, read.problem.code, `${file}: ${read.problem.message}`, read.problem.hint ?? "");
    return exit.wrongInput;
  }
  const { model } = read;
  const { externalProblems } = await import("../../runtime/external.js");
  const unsafe = externalProblems(file, model.initializers);
  if (unsafe.length > 0) {
    refuseProblems(output, unsafe);
    return exit.wrongInput;
  }
  if (format !== undefined) return printModelGraph(output, bytes, format);
  const portability = await portabilityOf(bytes, model);
  output.record({ event: "result", ...model, parameters: parametersOf(model), portability });
  output.print(modelText(model, output.colors.print));
  output.print(`\n${portabilityText(portability, output.colors.print)}`);
  return exit.done;
}

function parametersOf({ initializers }: ModelFace) {
  const tensors = initializers.map(({ name, dtype, shape = [] }) => ({
    name,
    dtype,
    shape,
    count: shape.reduce<number>((product, size) => product * Number(size), 1),
  }));
  return { total: tensors.reduce((sum, tensor) => sum + tensor.count, 0), tensors };
}

/** Whole specs travel in metadata. */
const longest = 300;

function shortened(value: string): string {
  const rest = value.length - longest;
  return rest <= 0 ? value : `${value.slice(0, longest)}… ${count(rest)} more characters, all of them with --json`;
}

function modelText(model: ModelFace, colors: Colors): string {
  const opsets = Object.entries(model.opsets).map(([domain, version]) => `${domain} ${version}`);
  const parameters = parametersOf(model);
  const ports = [
    ...model.inputs.map((tensor) => ({ kind: "input", ...tensor })),
    ...model.outputs.map((tensor) => ({ kind: "output", ...tensor })),
  ];
  return [
    `${colors.bold(model.name)}  ${opsets.join(", ")}, IR ${model.irVersion}, by ${model.producer || "an unnamed producer"}`,
    tableText(
      colors,
      [{ title: "" }, { title: "name" }, { title: "type" }, { title: "shape" }],
      ports.map(({ kind, name, dtype, shape }) => [kind, name, dtype, shape === undefined ? "?" : shapeText(shape)]),
    ),
    tableText(
      colors,
      [{ title: "tensor" }, { title: "type" }, { title: "shape" }, { title: "numbers", align: "right" }],
      parameters.tensors.map(({ name, dtype, shape, count: numbers }) => [
        name,
        dtype,
        shapeText(shape),
        count(numbers),
      ]),
    ),
    tableText(
      colors,
      [{ title: "operator" }, { title: "nodes", align: "right" }],
      model.operators.map(({ domain, operator, count: nodes }) => [
        domain === "ai.onnx" ? operator : `${domain}.${operator}`,
        count(nodes),
      ]),
    ),
    ...(model.doc === "" ? [] : [model.doc]),
    ...Object.entries(model.metadata).map(([key, value]) => `${colors.dim(key)} ${shortened(value)}`),
  ].join("\n\n");
}
