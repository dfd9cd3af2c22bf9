/** The training step of a model that another program made: read, differentiated, written in standard operators. */
import { createHash } from "node:crypto";
import { formatCount } from "../../schema/counts.js";
import type { Problem } from "../../schema/diagnostics/index.js";
import { suggestion } from "../../schema/diagnostics/suggest.js";
import { matchesAny, matchesPattern } from "../../schema/kinds/parameter-patterns.js";
import type { NormalSpec } from "../../schema/normal/index.js";
import { packageVersion } from "../../schema/package-root.js";
import type { Manifest, Ports } from "../artifact.js";
import { differentiate } from "../autodiff/reverse.js";
import { isParameter, type Program, restrictToOutputs } from "../elaborate/program.js";
import { importForBatches } from "../importer/batch-axis.js";
import type { ImportedModel, ImportOptions, WeightInput } from "../importer/index.js";
import { printShape } from "../ir/dims.js";
import { at, expectDefined } from "../ir/expect.js";
import { isFloat } from "../ir/float16.js";
import { staticShape } from "../ir/tensor.js";
import type { Graph, Value } from "../ir/types.js";
import { withWeights } from "../onnx/splice/weights.js";
import { IR_VERSION, TRAINING_OPSET } from "../onnx/versions.js";
import { forwardPasses, stepLoopPasses, stepPasses } from "../optimize/pipeline.js";
import { forwardPorts, trainingPorts } from "../pipeline/manifest.js";
import { stageRunner } from "../pipeline/stages.js";
import { resolveOptimizer } from "../training/resolve-optimizer.js";
import { buildStepGraph } from "../training/step-graph.js";
import { trainingGraph } from "../training/step-loop.js";
import { type Composition, composeProgram, PREDICTIONS, TARGETS } from "./compose.js";
import { lossOperandOf, lossProgramOf } from "./loss.js";

export interface FineTuneRequest {
  /** A normalized spec: its loss, optimizer and seed. Its layers and data are not read. */
  readonly spec: NormalSpec;
  /** True where the output is the loss itself. */
  readonly isOutputLoss: boolean;
  /** The trained output; by default the only one of floats. */
  readonly output: string | undefined;
  /** Patterns of the trained parameters; by default all. */
  readonly parameters: readonly string[];
  readonly inputGradient: boolean;
  readonly batchNorm: NonNullable<ImportOptions["batchNorm"]>;
  readonly external: NonNullable<ImportOptions["external"]>;
}

export interface FineTuneArtifact {
  readonly train: Uint8Array;
  readonly eval: Uint8Array;
  /** The loss and its derivative for each input of floats; null without the option. Weights are initializers. */
  readonly inputGradient: Uint8Array | null;
  readonly manifest: Manifest;
  /** Float32 tensors by public name: parameters, frozen, buffers. */
  readonly weights: ReadonlyMap<string, { readonly shape: readonly number[]; readonly data: Float32Array }>;
}

export type FineTuneResult =
  | { readonly ok: true; readonly artifact: FineTuneArtifact; readonly notices: readonly string[] }
  | { readonly ok: false; readonly problems: readonly Problem[] };

const failure = (code: string, message: string, hint: string): FineTuneResult => ({
  ok: false,
  problems: [{ code, path: "", message, hint }],
});

/** @param bytes of an .onnx file. */
export async function fineTune(bytes: Uint8Array, request: FineTuneRequest): Promise<FineTuneResult> {
  const { spec, external } = request;
  const imported = importForBatches(bytes, { external, batchNorm: request.batchNorm });
  if (!imported.ok) return { ok: false, problems: [{ ...imported.problem, path: "" }] };
  const { model } = imported;
  const chosen = chooseOutput(model, request.output);
  if ("problem" in chosen) return { ok: false, problems: [chosen.problem] };
  const unmatched = unmatchedPattern(model, request.parameters);
  if (unmatched !== undefined) return { ok: false, problems: [unmatched] };
  const { output, name } = chosen;
  const operand = request.isOutputLoss ? null : lossOperandOf(model.graph, output, name, spec);
  if (operand !== null && !operand.ok) return { ok: false, problems: [operand.problem] };
  const programs = { training: null as Program | null, evaluation: null as Program | null };
  for (const mode of ["training", "evaluation"] as const) {
    const loss = operand === null ? null : lossProgramOf(spec, operand.operand, mode);
    if (loss !== null && !loss.ok) return { ok: false, problems: loss.problems };
    programs[mode] = composeProgram(
      compositionOf(model, output, operand?.operand ?? null, loss?.program ?? null, request),
      mode,
    );
  }
  const training = restrictToOutputs(
    expectDefined(programs.training, "the program"),
    ({ name: port, role }) => role === "buffer" || port === "loss",
  );
  if (!training.inputs.some(isParameter))
    return failure(
      "nothing-to-train",
      `The output ${name} depends on no trained parameter.`,
      "Name others with --parameters or --output.",
    );
  const evaluation = expectDefined(programs.evaluation, "the program");
  const artifact = await emit(training, evaluation, model, request, name);
  const ofLoss = operand === null ? meanNotice(output, name) : operand.operand.notices;
  return { ok: true, artifact, notices: [...model.notices, ...ofLoss] };
}

function meanNotice({ type: { shape } }: Value, name: string): readonly string[] {
  return shape.length === 0 ? [] : [`The loss is the mean of the output ${name}, ${printShape(shape)}.`];
}

function compositionOf(
  imported: ImportedModel,
  output: Value,
  operand: Composition["operand"],
  loss: Composition["loss"],
  { parameters }: FineTuneRequest,
): Composition {
  return {
    imported,
    output,
    operand,
    loss,
    isTrained: (weight) => isTrainable(weight) && (parameters.length === 0 || matchesAny(parameters, weight.name)),
    publicName: (name) => (isReserved(name) ? `model/${name}` : name),
  };
}

const isTrainable = ({ isFrozen }: WeightInput): boolean => !isFrozen;

/** Names of the ports of a training step. */
const reservedNames = new Set([
  ...[TARGETS, PREDICTIONS, "step", "rate_scale", "loss", "gradient_norm", "learning_rate", "loss_scale", "skipped"],
]);

function isReserved(name: string): boolean {
  return reservedNames.has(name) || /^(next|gradient|metrics|model|loss_scale)\//.test(name);
}

function chooseOutput(
  { outputs, refused }: ImportedModel,
  wanted: string | undefined,
): { readonly output: Value; readonly name: string } | { readonly problem: Problem } {
  const names = outputs.map(({ name }) => name);
  const problem = (code: string, message: string, hint: string) => ({ problem: { code, path: "", message, hint } });
  const floats = outputs.filter(({ value }) => value === undefined || isFloat(value.type.dtype));
  const found =
    wanted === undefined ? (floats.length === 1 ? floats[0] : undefined) : outputs.find(({ name }) => name === wanted);
  if (wanted === undefined && floats.length === 0) {
    const text = names.length === 0 ? "no output" : `no output of floating-point numbers: ${names.join(", ")}`;
    return problem("output", `The model has ${text}.`, "Only such an output has a gradient.");
  }
  if (found === undefined)
    return wanted === undefined
      ? problem(
          "output",
          `The model has several outputs: ${names.join(", ")}.`,
          `Name one: --output ${floats[0]?.name ?? "NAME"}.`,
        )
      : problem("output", `The model has no output ${wanted}.`, suggestion(wanted, names, "Its outputs"));
  if (found.value !== undefined) return { output: found.value, name: found.name };
  const [first, ...others] = refused;
  const more =
    others.length === 0
      ? ""
      : ` ${formatCount(others.length, "more node")} ${others.length === 1 ? "is" : "are"} refused.`;
  return problem(
    "operator",
    `The output ${found.name} depends on ${first?.node} (${first?.operator}), which ${first?.reason}.${more}`,
    first?.hint || "rnnx inspect lists the nodes without a rule.",
  );
}

/** The problem of a pattern that no stored tensor has. */
function unmatchedPattern({ weights }: ImportedModel, patterns: readonly string[]): Problem | undefined {
  const names = weights.filter(isTrainable).map(({ name }) => name);
  const unmatched = patterns.find((pattern) => !names.some((name) => matchesPattern(pattern, name)));
  if (unmatched === undefined) return undefined;
  return {
    code: "parameter-pattern",
    path: "",
    message: `No parameter of the model is named "${unmatched}".`,
    hint: suggestion(unmatched, names, "Its parameters"),
  };
}

async function emit(
  training: Program,
  evaluation: Program,
  imported: ImportedModel,
  request: FineTuneRequest,
  outputName: string,
): Promise<FineTuneArtifact> {
  const { spec } = request;
  const { emitModel } = await import("../onnx/write/model.js");
  const runner = stageRunner({ expected: { batch: 32, time: 32 } }, {});
  const prepared = runner.run("prepared", training.graph, forwardPasses);
  const trained = training.inputs.flatMap((port, index) => (isParameter(port) ? [index] : []));
  const gradient = runner.run("gradient", differentiate(prepared, 0, trained));
  const step = buildStepGraph(gradient, training.inputs, resolveOptimizer(spec));
  const optimized = { ...step, graph: runner.run("optimized", step.graph, stepPasses) };
  const train = runner.run("train", trainingGraph(optimized), stepLoopPasses);
  const ports = { train: trainingPorts(training, optimized, train), eval: forwardPorts(evaluation, evaluation.graph) };
  const evaluationGraph = runner.run("eval", evaluation.graph, stepPasses);
  const write = (suffix: string, graph: Graph, { inputs, outputs }: Ports, initializers: readonly string[] = []) =>
    emitModel(graph, {
      name: `${spec.name}/${suffix}`,
      opset: TRAINING_OPSET,
      irVersion: IR_VERSION,
      inputs: inputs.map(({ name }) => name),
      outputs: outputs.map(({ name }) => name),
      initializers,
    });
  const weights = storedWeights(training, imported);
  const saliency = request.inputGradient ? inputGradientOf(training, prepared) : null;
  return {
    train: await write("train", train, ports.train),
    eval: await write("eval", evaluationGraph, ports.eval),
    inputGradient:
      saliency === null
        ? null
        : withWeights(
            await write("input-gradient", runner.run("gradient", saliency.graph, stepPasses), saliency.ports, [
              ...weights.keys(),
            ]),
            [...weights].map(([name, tensor]) => ({ name, dtype: "float32", ...tensor })),
          ),
    manifest: {
      format: 2,
      name: spec.name,
      rnnx: packageVersion(),
      hash: createHash("sha256")
        .update(JSON.stringify([spec, ports]))
        .digest("hex"),
      opset: { training: TRAINING_OPSET, inference: imported.opset },
      parameters: [...weights].map(([name, { shape }]) => ({
        name,
        shape,
        initializer: { type: "stored" },
        trainable: training.inputs.some((port) => port.name === name && isParameter(port)),
      })),
      slots: optimized.slots.map(({ name, initial, shape }) => ({
        name,
        shape: expectDefined(staticShape(shape), `a size of ${name}`),
        initializer: { type: "constant", value: initial },
      })),
      metrics: evaluation.metrics,
      ...ports,
      model: modelPorts(ports.eval, outputName),
      stream: null,
      shard: null,
    },
    weights,
  };
}

/** The ports of the model itself: its stored tensors, its inputs and the trained output. */
function modelPorts({ inputs, outputs }: Ports, name: string): Ports {
  return {
    inputs: inputs.filter((port) => port.name !== TARGETS && port.role !== "step"),
    outputs: outputs.flatMap((port) => (port.role === "prediction" ? [{ ...port, name }] : [])),
  };
}

/** The stored tensors that the training step reads. */
function storedWeights(training: Program, imported: ImportedModel): FineTuneArtifact["weights"] {
  const isRead = new Map(training.inputs.map(({ name }) => [name, true]));
  return new Map(
    imported.weights.flatMap(({ name, shape, values }) => {
      const publicName = isReserved(name) ? `model/${name}` : name;
      if (!isRead.has(publicName)) return [];
      return [[publicName, { shape: shape as readonly number[], data: Float32Array.from(values()) }] as const];
    }),
  );
}

/** The loss, and its derivative for each input of floats. */
function inputGradientOf(training: Program, prepared: Graph): { readonly graph: Graph; readonly ports: Ports } {
  const wrt = training.inputs.flatMap(({ role, name }, index) =>
    role === "data" && name !== TARGETS && isFloat(at(prepared.inputs, index).type.dtype) ? [index] : [],
  );
  const differentiated = differentiate(prepared, 0, wrt);
  const kept = [at(differentiated.outputs, 0), ...differentiated.outputs.slice(prepared.outputs.length)];
  const graph = { ...differentiated, outputs: kept };
  const names = ["loss", ...wrt.map((index) => `gradient/${at(training.inputs, index).name}`)];
  const program: Program = {
    ...training,
    graph,
    outputs: names.map((name) => ({ name, role: name === "loss" ? "loss" : "prediction" })),
  };
  return { graph, ports: forwardPorts(program, graph) };
}
