/** `rnnx inspect --passes`: the phases and passes of the compiler, and the passes that change the graphs of a spec. */
import type { Stage } from "../../../compiler/compile.js";
import type { Graph } from "../../../compiler/ir/types.js";
import type { PassSelection } from "../../../compiler/optimize/pipeline.js";
import { exitCodes } from "../../exit-codes.js";
import { reportSpecErrors } from "../../open-spec.js";
import type { SpecWithSignature } from "../../open-spec-with-data.js";
import type { Output } from "../../output.js";
import { tableText } from "../../table.js";

/** Prints every pipeline with its phases, and every pass with its description. */
export async function listPasses(output: Output): Promise<number> {
  const { passesOf, pipelines } = await import("../../../compiler/optimize/pipeline.js");
  const phasesOf = pipelines.map(({ name, stages, phases }) => ({
    name,
    stages,
    phases: phases.map((phase) => ({
      name: phase.name,
      until: phase.until,
      passes: phase.passes.map((pass) => pass.name),
      cleanup: phase.cleanup.map((pass) => pass.name),
      legality: phase.legality.map(({ description }) => description),
    })),
  }));
  const passes = [...new Set(pipelines.flatMap(({ phases }) => passesOf(phases)))].map(
    ({ name, description, after = [] }) => ({ name, description, after }),
  );
  output.record({ event: "result", pipelines: phasesOf, passes });
  const colors = output.colors.print;
  for (const { name, stages, phases } of phasesOf) {
    output.print(`${colors.bold(name)}  ${colors.dim(`stages: ${stages}`)}`);
    const rows = phases.map((phase) => [
      phase.name,
      phase.until,
      phase.passes.join(", "),
      phase.cleanup.length > 0 ? "canonicalize" : "",
    ]);
    const columns = [{ title: "phase" }, { title: "until" }, { title: "passes" }, { title: "cleanup" }];
    output.print(`${tableText(colors, columns, rows)}\n`);
  }
  const rows = passes.map(({ name, description, after }) => [name, after.join(", "), description]);
  output.print(tableText(colors, [{ title: "pass" }, { title: "after" }, { title: "description" }], rows));
  return exitCodes.success;
}

interface Change {
  readonly stage: Stage;
  readonly phase: string;
  readonly pass: string;
  /** Nodes of the graph and its loop bodies, constants aside. */
  readonly before: number;
  readonly after: number;
}

/** Compiles a spec and prints each run of a pass that changed a graph, in order. */
export async function printPassRuns(
  output: Output,
  { spec, signature, origins, locate, source }: SpecWithSignature,
  passSelection: PassSelection,
): Promise<number> {
  const { compile } = await import("../../../compiler/compile.js");
  const changes: Change[] = [];
  const compiled = await compile(spec, signature, {
    ...passSelection,
    origins,
    onPass(stage, { phase, pass, before, after }) {
      if (before !== after) changes.push({ stage, phase, pass, before: nodeCount(before), after: nodeCount(after) });
    },
  });
  if (!compiled.ok) {
    await reportSpecErrors(output, locate(compiled.problems), source);
    return exitCodes.invalidInput;
  }
  output.record({ event: "result", name: spec.name, changes });
  output.print(
    tableText(
      output.colors.print,
      [
        { title: "stage" },
        { title: "phase" },
        { title: "pass" },
        { title: "nodes before", align: "right" },
        { title: "after", align: "right" },
      ],
      changes.map(({ stage, phase, pass, before, after }) => [stage, phase, pass, String(before), String(after)]),
    ),
  );
  return exitCodes.success;
}

function nodeCount({ nodes }: Graph): number {
  return nodes
    .filter(({ op }) => op !== "Constant")
    .reduce((count, node) => count + 1 + (node.op === "Scan" ? nodeCount(node.attributes.body) : 0), 0);
}
