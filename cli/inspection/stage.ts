/** The graph after a stage of the compiler, as text, DOT or SVG. */
import type { Graph } from "../../compiler/ir/types.js";
import { exit } from "../exit.js";
import { refuse } from "../failures.js";
import type { Output } from "../output.js";
import type { Described } from "../signature.js";
import { refuseSpec } from "../spec.js";
import type { PlacementDevice } from "./placement.js";

export const stageFormats = ["text", "dot", "svg"] as const;

/** What of a spec is looked at: its layers and their work, its graph after a stage, one of its cells, or where it runs. */
export type Aspect =
  /** `timed`: with the share of time of each layer, measured. */
  | { readonly aspect: "layers"; readonly timed: boolean }
  | ({ readonly aspect: "stage" } & StageChoice)
  | { readonly aspect: "cell"; readonly name: string }
  | { readonly aspect: "placement"; readonly device: PlacementDevice };

export interface StageChoice {
  readonly name: string;
  readonly format: (typeof stageFormats)[number];
}

export async function printStage(output: Output, described: Described, { name, format }: StageChoice): Promise<number> {
  const { compile, stages } = await import("../../compiler/compile.js");
  const stage = stages.find((one) => one === name);
  if (stage === undefined) {
    refuse(output, "unknown-stage", `there is no stage "${name}"`, `The stages are ${stages.join(", ")}.`);
    return exit.wrongInput;
  }
  let graph: Graph | undefined;
  const compiled = await compile(described.spec, described.signature, {
    origins: described.origins,
    shared: stage === "shard" || stage === "update",
    onStage: (made, result) => {
      if (made === stage) graph = result;
    },
  });
  if (!compiled.ok) {
    await refuseSpec(output, described.place(compiled.problems), described.source);
    return exit.wrongInput;
  }
  if (graph === undefined) {
    const hint =
      stage === "mixed"
        ? 'It is made where "precision" in train is "float16".'
        : "It is made of sequences that can be run piece by piece.";
    refuse(output, "unknown-stage", `this spec has no stage "${stage}"`, hint);
    return exit.wrongInput;
  }
  const text = await render(graph, format);
  output.record({ event: "result", stage: name, format, text });
  output.print(text.trimEnd());
  return exit.done;
}

async function render(graph: Graph, format: StageChoice["format"]): Promise<string> {
  if (format === "text") return (await import("../../compiler/ir/print.js")).printGraph(graph);
  const dot = (await import("../../compiler/ir/dot.js")).toDot(graph);
  return format === "dot" ? dot : (await import("../../compiler/ir/svg.js")).toSvg(dot);
}
