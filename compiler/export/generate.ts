/** The generate form: from a prompt to generated ids, with the sampling loop inside the graph. */
import { holdsWeights, type Role } from "../artifact.js";
import { GROWING_STEPS } from "../elaborate/context.js";
import type { Program } from "../elaborate/program.js";
import { graphBuilder } from "../graph/builder.js";
import { inline } from "../graph/rewrite.js";
import { scan } from "../graph/scan.js";
import { substituteDims } from "../graph/substitute-dims.js";
import type { Builder } from "../ir/builder.js";
import { addDims } from "../ir/dims.js";
import { at } from "../ir/expect.js";
import type { Shape, Type, Value } from "../ir/types.js";
import { forwardProgram } from "../pipeline/forward.js";
import { type FoldedModel, type FoldedTensor, type FoldedTensors, foldWeights, type Tensors } from "./fold-weights.js";
import type { InterfacePort, ModelInterface } from "./interface.js";
import { type FormRequest, optimizeForExport } from "./request.js";
import { logitsOf, sampleToken } from "./sampling.js";
import { withSingleTimeStep } from "./step.js";

const generateInputs: Readonly<Record<string, { readonly type: Type; readonly doc: string }>> = {
  prompt: {
    type: { dtype: "int32", shape: ["batch", "time"] },
    doc: "Token ids of the prompt, at least one, by the vocabulary in the metadata.",
  },
  length: { type: { dtype: "int64", shape: [] }, doc: "Number of ids to generate, at least 1." },
  temperature: {
    type: { dtype: "float32", shape: [] },
    doc: "Divisor of the logits. 0 always takes the most likely id.",
  },
  seed: { type: { dtype: "int64", shape: [] }, doc: "Seed of the sampling. The same seed gives the same ids." },
};

export function generateForm(request: FormRequest): ModelInterface {
  const { spec, signature, options, recurrences, parameters } = request;
  const { boundary } = options;
  const streamProgram = (dataSignature: typeof signature, programOptions: Parameters<typeof forwardProgram>[4]) =>
    forwardProgram(spec, dataSignature, "stream", ["prediction", "state"], programOptions);
  // The states of a loop have one shape: they hold the steps of the prompt and of what follows.
  const capacity = addDims("time", "length");
  // Only the step program reports the forms of its cells, so that each is reported once.
  const stepProgram = streamProgram(withSingleTimeStep(signature), { recurrences, cacheSteps: capacity });
  const promptProgram = streamProgram(signature, { recurrences: { ...recurrences, onCell: () => {} } });
  const noSteps = new Map([[GROWING_STEPS, 0]]);
  const promptModel = optimizeProgram(
    { ...promptProgram, graph: substituteDims(promptProgram.graph, noSteps) },
    parameters,
  );
  const stepModel = optimizeProgram(stepProgram, parameters);
  const initial = stateInitializers(request, stepProgram);
  const merged = mergeWeights([promptModel.weights, stepModel.weights, initial.learned]);
  const { weights } = merged;
  const [promptWeights = [], stepWeights = [], initialWeights = []] = merged.names;

  const b = graphBuilder(spec.name);
  const inputValues = new Map(Object.entries(generateInputs).map(([name, { type }]) => [name, b.input(name, type)]));
  const weightValues = new Map(
    [...weights].map(([name, { dtype = "float32", shape }]) => [name, b.input(name, { dtype, shape })] as const),
  );
  const input = (name: string) => inputValues.get(name) as Value;
  const weight = (name: string) => weightValues.get(name) as Value;
  const runModel = (
    inner: Builder,
    model: OptimizedProgram,
    weightNames: readonly string[],
    ids: Value,
    states: readonly Value[],
  ) => {
    const operands = [...operandsOf(model, ids, states), ...weightNames.map(weight)];
    const [output, ...next] = inline(inner, model.graph, operands);
    return { logits: logitsOf(inner, output as Value, boundary), states: next };
  };
  const learnedNames = [...initial.learned.keys()];
  const isGrowing = (shape: Shape) => shape.includes(capacity);
  const initialStates = initial.states.map(({ shape, learned }) => {
    const value = learned === undefined ? b.scalar(0) : weight(at(initialWeights, learnedNames.indexOf(learned)));
    return b.expand(value, isGrowing(shape) ? shape.map((dim) => (dim === capacity ? 0 : dim)) : shape);
  });
  const promptResult = runModel(b, promptModel, promptWeights, input("prompt"), initialStates);
  const positions = b.rangeOf(input("length"), "length");
  const promptStates = promptResult.states.map((state, index) => {
    const { shape } = at(initial.states, index);
    return isGrowing(shape) ? b.pad(state, shape.indexOf(capacity), "length", 0) : state;
  });
  const lastLogits = b.squeeze(b.slice(promptResult.logits, 1, addDims("time", -1), "time"), [1]);
  const loop = scan(
    b,
    "generate",
    { initial: [lastLogits, ...promptStates], scans: [positions] },
    (inner, [logits, ...states], [position]) => {
      const sampling = { temperature: input("temperature"), seed: input("seed"), position: position as Value };
      const id = sampleToken(inner, logits as Value, sampling);
      const next = runModel(inner, stepModel, stepWeights, inner.cast(inner.unsqueeze(id, [1]), "int32"), states);
      return { next: [inner.squeeze(next.logits, [1]), ...next.states], scanOutputs: [id] };
    },
  );
  const tokens = b.cast(b.transpose(at(loop.scanOutputs, 0), [1, 0]), "int32");
  const port = (name: string, role: Role, doc: string): InterfacePort => ({ name, role, doc });
  return {
    graph: b.finish([tokens]),
    isOptimized: true,
    weights,
    inputs: [
      ...Object.entries(generateInputs).map(([name, { doc }]) => port(name, "data", doc)),
      ...[...weights.keys()].map((name) => port(name, "parameter", "")),
    ],
    outputs: [port("tokens", "prediction", "Generated token ids, without the prompt.")],
  };
}

/** An optimized program. Inputs are states and ids, then weights. */
interface OptimizedProgram extends FoldedModel {
  /** For each input that is not a weight: true for a state, false for ids. */
  readonly isState: readonly boolean[];
}

function optimizeProgram(program: Program, parameters: Tensors): OptimizedProgram {
  const isWeight = (index: number) => holdsWeights(at(program.inputs, index));
  const folded = foldWeights(optimizeForExport(program.graph), (_, index) => isWeight(index), parameters);
  const dataInputs = program.inputs.filter((_, index) => !isWeight(index));
  return { ...folded, isState: dataInputs.map(({ role }) => role === "state") };
}

function operandsOf({ isState }: OptimizedProgram, ids: Value, states: readonly Value[]): readonly Value[] {
  const remaining = [...states];
  return isState.map((state) => (state ? (remaining.shift() as Value) : ids));
}

/** The states of a program in order, and their trained initial values. */
function stateInitializers({ spec, signature, parameters }: FormRequest, { inputs: ports, graph }: Program) {
  const allInputs = forwardProgram(spec, signature, "inference", ["prediction"]).inputs.map(({ name }) => name);
  const states = ports.flatMap(({ name, role }, index) => {
    if (role !== "state") return [];
    const learned = allInputs.find((other) => other === `${name}/initial`);
    return [{ shape: at(graph.inputs, index).type.shape, learned }];
  });
  const learned = states.flatMap(({ learned }) => {
    const tensor = learned === undefined ? undefined : parameters.get(learned);
    return learned === undefined || tensor === undefined ? [] : [[learned, tensor] as const];
  });
  return { states, learned: new Map(learned) };
}

interface MergedWeights {
  readonly weights: FoldedTensors;
  /** For each set the names of its weights in the union, in its order. */
  readonly names: readonly (readonly string[])[];
}

/** The union of weights. Weights of equal names and different values are renamed. */
function mergeWeights(weightSets: readonly FoldedTensors[]): MergedWeights {
  const weights = new Map<string, FoldedTensor>();
  const addWeight = (name: string, tensor: FoldedTensor): string => {
    let uniqueName = name;
    for (let suffix = 2; !isSameTensor(weights.get(uniqueName) ?? tensor, tensor); suffix++)
      uniqueName = `${name}_${suffix}`;
    if (!weights.has(uniqueName)) weights.set(uniqueName, tensor);
    return uniqueName;
  };
  return { names: weightSets.map((set) => [...set].map(([name, tensor]) => addWeight(name, tensor))), weights };
}

function isSameTensor(a: FoldedTensor, b: FoldedTensor): boolean {
  if (a === b) return true;
  const isSameType = (a.dtype ?? "float32") === (b.dtype ?? "float32") && a.shape.join() === b.shape.join();
  return isSameType && a.data.every((value, index) => Object.is(value, b.data[index]));
}
