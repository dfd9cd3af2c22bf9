/** Forward graphs for data of any batch size and length: evaluation, inference and streaming. */
import type { NormalSpec } from "../../schema/normal/index.js";
import type { ElaborationOptions, Mode } from "../elaborate/context.js";
import { elaborate } from "../elaborate/index.js";
import { type OutputPort, type Program, restrictToOutputs } from "../elaborate/program.js";
import { stepPasses } from "../optimize/pipeline.js";
import { type Signature, withDynamicShapes } from "../signature.js";
import { forwardPorts, type GraphWithPorts } from "./manifest.js";
import { type CompileOptions, type Stage, stageRunner } from "./stages.js";

interface ForwardStage {
  readonly mode: Exclude<Mode, "training">;
  readonly roles: readonly OutputPort["role"][];
  /** Null: those of training. */
  readonly expected: Signature["expected"] | null;
}

const forwardStages = {
  eval: { mode: "evaluation", roles: ["loss", "metric", "prediction", "state"], expected: null },
  model: { mode: "inference", roles: ["prediction", "state"], expected: null },
  // A stream mostly advances by one step.
  stream: { mode: "stream", roles: ["prediction", "state"], expected: { batch: 1, time: 1 } },
} as const satisfies Partial<Record<Stage, ForwardStage>>;

/** One optimized forward graph. The spec has no problems: otherwise this throws. */
export function forwardGraph(
  stage: keyof typeof forwardStages,
  spec: NormalSpec,
  signature: Signature,
  options: CompileOptions,
): GraphWithPorts {
  const { mode, roles, expected }: ForwardStage = forwardStages[stage];
  const program = forwardProgram(spec, withDynamicShapes(signature), mode, roles);
  const { run } = stageRunner({ ...signature, expected: expected ?? signature.expected }, options);
  const graph = run(stage, program.graph, stepPasses);
  return { graph, ports: forwardPorts(program, graph) };
}

/**
 * The forward program of a spec, restricted to outputs of some roles. Evaluation returns only the states that are
 * carried from batch to batch. The spec has no problems: otherwise this throws.
 */
export function forwardProgram(
  spec: NormalSpec,
  signature: Signature,
  mode: ForwardStage["mode"],
  roles: ForwardStage["roles"],
  options: Partial<Pick<ElaborationOptions, "recurrences" | "cacheSteps" | "blockSteps">> = {},
): Program {
  const elaborated = elaborate(spec, signature, mode, undefined, options);
  if (!elaborated.ok) throw new Error(elaborated.problems.map(({ message }) => message).join(" "));
  const { program } = elaborated;
  const inputStates = new Set(program.inputs.filter(({ role }) => role === "state").map(({ name }) => name));
  const isKept = ({ role, name }: OutputPort) => mode !== "evaluation" || role !== "state" || inputStates.has(name);
  return restrictToOutputs(program, (port) => roles.includes(port.role) && isKept(port));
}
