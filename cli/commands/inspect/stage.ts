/** `rnnx inspect --stage`: the graph after a compiler stage as text, DOT or SVG. */
import type { Graph } from "../../../compiler/ir/types.js";
import type { PassSelection } from "../../../compiler/optimize/pipeline.js";
import { reportInvalidInput } from "../../errors.js";
import { exitCodes } from "../../exit-codes.js";
import { reportSpecErrors } from "../../open-spec.js";
import type { SpecWithSignature } from "../../open-spec-with-data.js";
import type { Output } from "../../output.js";
import type { PlacementDevice } from "./device-placement.js";

export const stageFormats = ["text", "dot", "svg"] as const;

/** The requested description of a spec: layers, the graph after a stage, a cell, or device placement. */
export type InspectAspect =
  /** `timed`: with the measured share of time of each layer. */
  | { readonly aspect: "layers"; readonly timed: boolean }
  | ({ readonly aspect: "stage" } & StageChoice)
  /** The spec itself, with the values of the specs that it extends. */
  | { readonly aspect: "resolved" }
  | { readonly aspect: "passes"; readonly passSelection: PassSelection }
  | { readonly aspect: "explanation"; readonly name: string; readonly recurrence: PassSelection["recurrence"] }
  | { readonly aspect: "placement"; readonly device: PlacementDevice };

export interface StageChoice {
  readonly name: string;
  readonly format: (typeof stageFormats)[number];
  readonly passSelection: PassSelection;
}

export async function printStage(
  output: Output,
  opened: SpecWithSignature,
  { name, format, passSelection }: StageChoice,
): Promise<number> {
  const { compile, stages } = await import("../../../compiler/compile.js");
  const stage = stages.find((candidate) => candidate === name);
  if (stage === undefined) {
    reportInvalidInput(output, "unknown-stage", `unknown stage "${name}"`, `The stages are ${stages.join(", ")}.`);
    return exitCodes.invalidInput;
  }
  let graph: Graph | undefined;
  const compiled = await compile(opened.spec, opened.signature, {
    ...passSelection,
    origins: opened.origins,
    dataParallel: stage === "shard" || stage === "update",
    onStage: (current, result) => {
      if (current === stage) graph = result;
    },
  });
  if (!compiled.ok) {
    await reportSpecErrors(output, opened.locate(compiled.problems), opened.source);
    return exitCodes.invalidInput;
  }
  if (graph === undefined) {
    const hint =
      stage === "mixed"
        ? 'It exists with train.precision "float16" only.'
        : "It exists only for models that can run step by step.";
    reportInvalidInput(output, "unknown-stage", `this spec has no stage "${stage}"`, hint);
    return exitCodes.invalidInput;
  }
  const text = await renderGraph(graph, format);
  output.record({ event: "result", stage: name, format, text });
  output.write(`${text.trimEnd()}\n`);
  return exitCodes.success;
}

async function renderGraph(graph: Graph, format: StageChoice["format"]): Promise<string> {
  if (format === "text") return (await import("../../../compiler/ir/print/text.js")).printGraph(graph);
  const dot = (await import("../../../compiler/ir/print/dot.js")).toDot(graph);
  return format === "dot" ? dot : (await import("../../../views/graph-svg.js")).toSvg(dot);
}
