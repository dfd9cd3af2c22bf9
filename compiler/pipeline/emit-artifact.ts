/** Emission: the compiled graphs as ONNX models with their manifest, and models specialized to static shapes. */
import { createHash } from "node:crypto";
import type { NormalSpec } from "../../schema/normal/index.js";
import { packageVersion } from "../../schema/package-root.js";
import { type Artifact, carriedRoles, holdsWeights, type Role } from "../artifact.js";
import { INFERENCE_OPSET, IR_VERSION, TRAINING_OPSET } from "../onnx/versions.js";
import type { StaticTarget } from "../optimize/target/index.js";
import type { Signature } from "../signature.js";
import { type GraphWithPorts, makeManifest } from "./manifest.js";
import { float16Probe, type HostOutput, readbackGraph, type SpecializedGraph, specialize } from "./specialize.js";
import type { TrainingStep } from "./training-step.js";

/** The models of an artifact: name after the spec's, opset, and whether parameters are initializers or inputs. */
const emissions = {
  train: { suffix: "/train", opset: TRAINING_OPSET, parameters: "inputs" },
  eval: { suffix: "/eval", opset: TRAINING_OPSET, parameters: "inputs" },
  gradient: { suffix: "/gradient", opset: TRAINING_OPSET, parameters: "inputs" },
  update: { suffix: "/update", opset: TRAINING_OPSET, parameters: "inputs" },
  model: { suffix: "", opset: INFERENCE_OPSET, parameters: "initializers" },
  stream: { suffix: "", opset: INFERENCE_OPSET, parameters: "initializers" },
  sampler: { suffix: "", opset: INFERENCE_OPSET, parameters: "inputs" },
} as const;

/** The optimized graphs of an artifact. */
export interface ArtifactGraphs {
  readonly train: GraphWithPorts;
  readonly eval: GraphWithPorts;
  readonly model: GraphWithPorts;
  readonly stream: GraphWithPorts | null;
  readonly shard: { readonly gradient: GraphWithPorts; readonly update: GraphWithPorts } | null;
}

/** The models of a compilation, without weights, and their manifest. */
export async function emitArtifact(
  spec: NormalSpec,
  signature: Signature,
  { lossProgram, step }: TrainingStep,
  graphs: ArtifactGraphs,
): Promise<Artifact> {
  const { emitModel } = await import("../onnx/write/model.js");
  const emit = (model: keyof typeof emissions, { graph, ports }: GraphWithPorts) => {
    const { suffix, opset, parameters } = emissions[model];
    const isInitializer = ({ role }: { readonly role: Role }) =>
      parameters === "initializers" && holdsWeights({ role });
    return emitModel(graph, {
      name: `${spec.name}${suffix}`,
      opset,
      irVersion: IR_VERSION,
      inputs: ports.inputs.map(({ name }) => name),
      outputs: ports.outputs.map(({ name }) => name),
      initializers: ports.inputs.filter(isInitializer).map(({ name }) => name),
    });
  };
  const { train, eval: evaluation, model, stream, shard } = graphs;
  return {
    train: emit("train", train),
    eval: emit("eval", evaluation),
    model: emit("model", model),
    stream: stream && emit("stream", stream),
    shard: shard && { gradient: emit("gradient", shard.gradient), update: emit("update", shard.update) },
    sampler: spec.train.sample && stream && emit("sampler", stream),
    manifest: makeManifest(
      lossProgram,
      step,
      {
        train: train.ports,
        eval: evaluation.ports,
        model: model.ports,
        stream: stream?.ports ?? null,
        shard: shard && { gradient: shard.gradient.ports, update: shard.update.ports },
      },
      {
        name: spec.name,
        rnnx: packageVersion(),
        hash: createHash("sha256")
          .update(JSON.stringify([spec, signature]))
          .digest("hex"),
        opset: { training: TRAINING_OPSET, inference: INFERENCE_OPSET },
      },
    ),
  };
}

/**
 * Models specialized to static shapes, for CUDA or WebGPU. Their ports are those of the artifact's models; `sizes` maps the
 * symbols `steps`, `batch`, `time` and the data's other symbols to sizes. A symbol without a size stays dynamic.
 */
export interface SpecializedModels {
  readonly train: (sizes: ReadonlyMap<string, number>) => Promise<SpecializedModel>;
  readonly eval: (sizes: ReadonlyMap<string, number>) => Promise<SpecializedModel>;
  /** Copies inputs of some roles to outputs `copy/<name>`, to read them back from a device. */
  readonly readback: (roles: readonly Role[], sizes: ReadonlyMap<string, number>) => Promise<SpecializedModel>;
  /**
   * A model from `x`, float32 [1], to `y` by way of float16, which fails on devices without float16; null when training
   * is float32.
   */
  readonly float16Probe: (() => Promise<SpecializedModel>) | null;
}

export interface SpecializedModel {
  readonly model: Uint8Array;
  /** The tensors that the output `report` concatenates, in order. */
  readonly hostOutputs: readonly HostOutput[];
  /** True for a model that the CUDA provider can capture: it has no loop, and copies nothing from the host. */
  readonly isCapturable: boolean;
}

export function specializedModels(
  { train }: NormalSpec,
  graphs: Pick<ArtifactGraphs, "train" | "eval">,
  target: StaticTarget,
): SpecializedModels {
  const emit = async ({ graph, inputs, outputs, ...facts }: SpecializedGraph): Promise<SpecializedModel> => {
    const { emitModel } = await import("../onnx/write/model.js");
    const options = { name: graph.name, opset: TRAINING_OPSET, irVersion: IR_VERSION, inputs, outputs };
    return { model: emitModel(graph, options), ...facts };
  };
  const { inputs } = graphs.train.ports;
  return {
    train: (sizes) => emit(specialize(graphs.train, sizes, target, carriedRoles)),
    eval: (sizes) => emit(specialize(graphs.eval, sizes, target)),
    readback: (roles, sizes) =>
      emit(
        readbackGraph(
          inputs.filter(({ role }) => roles.includes(role)),
          sizes,
        ),
      ),
    float16Probe: train.precision === "float32" ? null : () => emit(float16Probe()),
  };
}
