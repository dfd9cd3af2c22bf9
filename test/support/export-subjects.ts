/** Specs of the gallery with drawn weights: what an export needs, without a training. */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { holdsWeights } from "../../compiler/artifact.js";
import { elaborate } from "../../compiler/elaborate/index.js";
import { openData } from "../../runtime/data/index.js";
import type { TrainedModel } from "../../runtime/export/source-run.js";
import { randomStream } from "../../runtime/tensors/random.js";
import type { Tensors } from "../../runtime/tensors/safetensors.js";
import { resolveClassWeights } from "../../runtime/training/class-weights.js";
import type { NormalSpec } from "../../schema/normal/index.js";
import { readSpec, readSpecFile } from "../../schema/read.js";
import { isVariance } from "./artifacts.js";

const specs = fileURLToPath(new URL("../../specs", import.meta.url));

export async function gallerySubject(name: string): Promise<TrainedModel> {
  const file = join(specs, `${name}.json`);
  const read = await readSpecFile(file);
  if (!read.ok) throw new Error(read.diagnostics.map(({ message }) => message).join("\n"));
  return subjectOf(read.spec, dirname(file));
}

/**
 * The same with layers of at most 32 units: what is tried is the form, and large layers only take longer. Sizes that are
 * multiples of a horizon are those of outputs, and stay.
 */
export async function smallGallerySubject(name: string): Promise<TrainedModel> {
  const text = readFileSync(join(specs, `${name}.json`), "utf8");
  const horizon = Number(/"horizon": (\d+)/.exec(text)?.[1] ?? 1);
  const isOutput = (size: number) => horizon > 1 && size > horizon && size % horizon === 0;
  const small = text.replace(/"(hidden_size|size)": (\d+)/g, (_, key, digits) => {
    const size = Number(digits);
    return `"${key}": ${isOutput(size) ? size : Math.min(32, size)}`;
  });
  const read = await readSpec(small, { folder: specs });
  if (!read.ok) throw new Error(read.diagnostics.map(({ message }) => message).join("\n"));
  return subjectOf(read.spec, specs);
}

/** A spec whose data is written into it. */
export async function subject(text: object): Promise<TrainedModel> {
  const read = await readSpec(
    JSON.stringify({ optimizer: { type: "sgd", learning_rate: 0.1 }, train: { steps: 1 }, name: "model", ...text }),
  );
  if (!read.ok) throw new Error(read.diagnostics.map(({ message }) => message).join("\n"));
  return subjectOf(read.spec, ".");
}

async function subjectOf(spec: NormalSpec, folder: string): Promise<TrainedModel> {
  const opened = await openData(spec, folder);
  if (!opened.ok) throw new Error(opened.error.map(({ message }) => message).join("\n"));
  const source = opened.value;
  const weighted = resolveClassWeights(spec, source);
  if (!weighted.ok) throw new Error(weighted.error.map(({ message }) => message).join("\n"));
  const signature = source.signature(spec.train);
  const parameters = weightsOf(spec, signature);
  return {
    spec: weighted.value.spec,
    signature,
    metadata: source.metadata,
    parameters,
    step: 0,
    hash: "0".repeat(64),
    metrics: null,
  };
}

/** Numbers of a usual size for every parameter, biases too. */
function weightsOf(spec: NormalSpec, signature: TrainedModel["signature"]): Tensors {
  const elaborated = elaborate(spec, signature, "inference");
  if (!elaborated.ok) throw new Error(elaborated.problems.map(({ message }) => message).join("\n"));
  const { inputs, graph } = elaborated.program;
  return new Map(
    inputs.flatMap((port, index) => {
      if (!holdsWeights(port)) return [];
      const shape = (graph.inputs[index]?.type.shape ?? []).map(Number);
      const random = randomStream(1, port.name);
      const width = shape.length > 1 ? Math.sqrt(shape[0] ?? 1) : 2;
      const count = shape.reduce((product, size) => product * size, 1);
      const draw = isVariance(port.name) ? () => Math.abs(random.normal()) : () => random.normal();
      const data = Float32Array.from({ length: count }, () => draw() / width);
      return [[port.name, { shape, data }] as const];
    }),
  );
}
