/** The analysis of a spec as text: layers, tensors, FLOPs and memory. */
import type { Analysis } from "../../../compiler/compile.js";
import { formatBytes, formatInteger, formatSI } from "../../../runtime/format.js";
import type { Colors } from "../../output.js";
import { tableText } from "../../table.js";

/** @param times share of the forward pass per layer, if measured. */
export function analysisText(analysis: Analysis, colors: Colors, times?: readonly number[]): string {
  const { parameters, layers, patterns, flops, memory } = analysis;
  const frozen = parameters.total - parameters.trainable;
  return [
    tableText(
      colors,
      [
        { title: "name" },
        { title: "layer" },
        { title: "output" },
        { title: "parameters", align: "right" },
        { title: "FLOPs", align: "right" },
        ...(times === undefined ? [] : [{ title: "time", align: "right" } as const]),
      ],
      layers.map((layer, index) => [
        layer.name,
        layer.layer,
        shapeText(layer.output),
        formatInteger(layer.parameters),
        formatSI(layer.flops),
        ...(times === undefined ? [] : [`${Math.round(100 * (times[index] ?? 0))} %`]),
      ]),
    ),
    tensorsText(parameters.tensors, colors),
    ...(patterns.length === 0 ? [] : [patternsText(patterns, colors)]),
    tableText(
      colors,
      [{ title: "total" }, { title: "" }],
      [
        [
          "parameters",
          `${formatInteger(parameters.total)}${frozen === 0 ? "" : `, ${formatInteger(frozen)} of them not trained`}`,
        ],
        [
          "FLOPs per training step",
          `${formatSI(flops.step)}: forward ${formatSI(flops.forward)}, backward ${formatSI(flops.backward)}, update ${formatSI(flops.update)}`,
        ],
        [
          "memory",
          `${formatBytes(memory.total)} at its peak: parameters ${formatBytes(memory.parameters)} and optimizer state ${formatBytes(memory.slots)}, several buffers of each; activations ${formatBytes(memory.activations)}, evaluation ${formatBytes(memory.evaluation)}, batches ${formatBytes(memory.data)}; Node and ONNX Runtime ${formatBytes(memory.program)}`,
        ],
      ],
    ),
  ].join("\n\n");
}

function tensorsText(tensors: Analysis["parameters"]["tensors"], colors: Colors): string {
  return tableText(
    colors,
    [{ title: "tensor" }, { title: "shape" }, { title: "parameters", align: "right" }],
    tensors.map((tensor) => [tensor.name, shapeText(tensor.shape), formatInteger(tensor.count)]),
  );
}

function patternsText(patterns: Analysis["patterns"], colors: Colors): string {
  const effects = { no_decay: "no weight decay", rates: "learning rate", exclude: "updated by Adam" };
  return tableText(
    colors,
    [{ title: "pattern" }, { title: "of the optimizer" }, { title: "parameters" }],
    patterns.map(({ key, pattern, factor, parameters }) => [
      pattern,
      factor === undefined ? effects[key] : `${effects[key]} × ${factor}`,
      parameters.join(", "),
    ]),
  );
}

export function shapeText(shape: readonly (number | string)[]): string {
  return `[${shape.join(", ")}]`;
}
