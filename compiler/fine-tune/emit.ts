/** The files of a training step of another program's model, from its programs. */
import { createHash } from "node:crypto";
import { packageVersion } from "../../schema/package-root.js";
import type { Ports } from "../artifact.js";
import { differentiate } from "../autodiff/reverse.js";
import { isParameter, type Program } from "../elaborate/program.js";
import type { ImportedModel } from "../importer/index.js";
import { at, expectDefined } from "../ir/expect.js";
import { isFloat } from "../ir/float16.js";
import { staticShape } from "../ir/tensor.js";
import type { Graph } from "../ir/types.js";
import { withWeights } from "../onnx/splice/weights.js";
import { IR_VERSION, TRAINING_OPSET } from "../onnx/versions.js";
import { forwardPasses, stepLoopPasses, stepPasses } from "../optimize/pipeline.js";
import { forwardPorts, trainingPorts } from "../pipeline/manifest.js";
import { stageRunner } from "../pipeline/stages.js";
import { resolveOptimizer } from "../training/resolve-optimizer.js";
import { buildStepGraph } from "../training/step-graph.js";
import { trainingGraph } from "../training/step-loop.js";
import { publicName, TARGETS } from "./names.js";
import type { FineTuneArtifact, FineTuneRequest } from "./request.js";

export async function emit(
  training: Program,
  evaluation: Program,
  imported: ImportedModel,
  request: Pick<FineTuneRequest, "spec" | "inputGradient">,
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
    train: write("train", train, ports.train),
    eval: write("eval", evaluationGraph, ports.eval),
    inputGradient:
      saliency === null
        ? null
        : withWeights(
            write("input-gradient", runner.run("gradient", saliency.graph, stepPasses), saliency.ports, [
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
      if (!isRead.has(publicName(name))) return [];
      return [[publicName(name), { shape: shape as readonly number[], data: Float32Array.from(values()) }] as const];
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
