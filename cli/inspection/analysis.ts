/** An analysis as a user reads it: layers, tensors, work and memory. */
import type { Analysis } from "../../compiler/compile.js";
import { bytes, count, magnitude } from "../numbers.js";
import type { Colors } from "../output.js";
import { tableText } from "./table.js";

/** @param times of the layers, as shares of their sum, where they were measured. */
export function analysisText(analysis: Analysis, colors: Colors, times?: readonly number[]): string {
  const { parameters, layers, flops, memory } = analysis;
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
        count(layer.parameters),
        magnitude(layer.flops),
        ...(times === undefined ? [] : [`${Math.round(100 * (times[index] ?? 0))} %`]),
      ]),
    ),
    tensorsText(parameters.tensors, colors),
    tableText(
      colors,
      [{ title: "total" }, { title: "" }],
      [
        ["parameters", `${count(parameters.total)}${frozen === 0 ? "" : `, ${count(frozen)} of them not trained`}`],
        [
          "FLOPs of a step",
          `${magnitude(flops.step)}: forward ${magnitude(flops.forward)}, backward ${magnitude(flops.backward)}, update ${magnitude(flops.update)}`,
        ],
        [
          "memory",
          `${bytes(memory.total)} at its peak: parameters ${bytes(memory.parameters)} and optimizer ${bytes(memory.slots)} in copies, activations ${bytes(memory.activations)}, evaluation ${bytes(memory.evaluation)}, data ${bytes(memory.data)}, the program ${bytes(memory.program)}`,
        ],
      ],
    ),
  ].join("\n\n");
}

export function tensorsText(tensors: Analysis["parameters"]["tensors"], colors: Colors): string {
  return tableText(
    colors,
    [{ title: "tensor" }, { title: "shape" }, { title: "parameters", align: "right" }],
    tensors.map((tensor) => [tensor.name, shapeText(tensor.shape), count(tensor.count)]),
  );
}

export function shapeText(shape: readonly (number | string)[]): string {
  return `[${shape.join(", ")}]`;
}
