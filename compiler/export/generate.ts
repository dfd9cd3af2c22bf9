/** The generate form: from a prompt to generated ids, with the sampling loop inside the graph. */
import { holdsWeights, type Role } from "../artifact.js";
import { GROWING_STEPS } from "../elaborate/context.js";
import { STEPS_OF_BLOCK } from "../elaborate/layers/attention/weights.js";
import { PAST_STEPS } from "../elaborate/positions.js";
import type { Program } from "../elaborate/program.js";
import { graphBuilder } from "../graph/builder.js";
import { inline } from "../graph/rewrite.js";
import { scan } from "../graph/scan.js";
import { substituteDims } from "../graph/substitute-dims.js";
import type { Builder } from "../ir/builder.js";
import { addDims } from "../ir/dims.js";
import { at, expectDefined } from "../ir/expect.js";
import type { Shape, Type, Value } from "../ir/types.js";
import { forwardProgram } from "../pipeline/forward.js";
import { type FoldedModel, type FoldedTensor, type FoldedTensors, foldWeights, type Tensors } from "./fold-weights.js";
import { BLOCK, type Generate, generateBlocks, type States } from "./generate-blocks.js";
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
  const stepProgram = streamProgram(withSingleTimeStep(signature), {
    recurrences,
    cacheSteps: capacity,
    blockSteps: BLOCK,
  });
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
    states: States,
  ) => {
    const operands = [...operandsOf(model, ids, states), ...weightNames.map(weight)];
    const [output, ...next] = inline(inner, model.graph, operands);
    const names = model.nextStates;
    return {
      logits: logitsOf(inner, output as Value, boundary),
      states: new Map(names.map((name, index) => [name, at(next, index)])),
    };
  };
  const learnedNames = [...initial.learned.keys()];
  const isGrowing = (shape: Shape) => shape.includes(capacity);
  const initialStates = initial.states.map(({ name, shape, learned }) => {
    const value = learned === undefined ? b.scalar(0) : weight(at(initialWeights, learnedNames.indexOf(learned)));
    return [
      name,
      b.expand(value, isGrowing(shape) ? shape.map((dim) => (dim === capacity ? 0 : dim)) : shape),
    ] as const;
  });
  const promptResult = runModel(b, promptModel, promptWeights, input("prompt"), new Map(initialStates));
  const positions = b.rangeOf(input("length"), "length");
  const promptStates = initial.states.map(({ name, shape }) => {
    const state = expectDefined(promptResult.states.get(name), name);
    return isGrowing(shape) ? b.pad(state, shape.indexOf(capacity), "length", 0) : state;
  });
  const lastLogits = b.squeeze(b.slice(promptResult.logits, 1, addDims("time", -1), "time"), [1]);
  const names = initial.states.map(({ name }) => name);
  // Steps of a block after the last id have no position of their own, which a table may lack.
  const lastPosition = b.cast(b.sub(b.size(b.range(capacity)), 1), "float32");
  const generate: Generate = (outer, steps, logits, states) => {
    const carried = stepModel.nextStates;
    const fixed = new Map([...states].filter(([name]) => !carried.includes(name)));
    const loop = scan(
      outer,
      "generate",
      { initial: [logits, ...carried.map((name) => expectDefined(states.get(name), name))], scans: [steps] },
      (inner, [last, ...own], [position]) => {
        const sampling = { temperature: input("temperature"), seed: input("seed"), position: position as Value };
        const id = sampleToken(inner, last as Value, sampling);
        const all = new Map([...fixed, ...carried.map((name, index) => [name, at(own, index)] as const)]);
        const next = runModel(inner, stepModel, stepWeights, inner.cast(inner.unsqueeze(id, [1]), "int32"), all);
        const nextStates = carried.map((name) => {
          const state = expectDefined(next.states.get(name), name);
          return name === PAST_STEPS ? inner.min(state, lastPosition) : state;
        });
        return { next: [inner.squeeze(next.logits, [1]), ...nextStates], scanOutputs: [id] };
      },
    );
    const [lastOfAll, ...final] = loop.final;
    return {
      ids: at(loop.scanOutputs, 0),
      logits: lastOfAll as Value,
      states: new Map(carried.map((name, index) => [name, at(final, index)])),
    };
  };
  const startStates = new Map(names.map((name, index) => [name, at(promptStates, index)]));
  const ids =
    initial.ofBlock.length === 0
      ? generate(b, positions, lastLogits, startStates).ids
      : generateBlocks(b, { length: input("length"), positions }, lastLogits, startStates, initial, generate);
  const tokens = b.cast(b.transpose(ids, [1, 0]), "int32");
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
  /** For each input that is not a weight: the name of a state, null for ids. */
  readonly states: readonly (string | null)[];
  /** The names of the states after the prediction among the outputs. */
  readonly nextStates: readonly string[];
}

function optimizeProgram(program: Program, parameters: Tensors): OptimizedProgram {
  const isWeight = (index: number) => holdsWeights(at(program.inputs, index));
  const folded = foldWeights(optimizeForExport(program.graph), (_, index) => isWeight(index), parameters);
  const dataInputs = program.inputs.filter((_, index) => !isWeight(index));
  return {
    ...folded,
    states: dataInputs.map(({ role, name }) => (role === "state" ? name : null)),
    nextStates: program.outputs.flatMap(({ role, name }) => (role === "state" ? [name] : [])),
  };
}

function operandsOf({ states: names }: OptimizedProgram, ids: Value, states: States): readonly Value[] {
  return names.map((name) => (name === null ? ids : expectDefined(states.get(name), name)));
}

/** The states of a program in order, those that start with zeros in each block, and their trained initial values. */
function stateInitializers({ spec, signature, parameters }: FormRequest, { inputs: ports, graph }: Program) {
  const allInputs = forwardProgram(spec, signature, "inference", ["prediction"]).inputs.map(({ name }) => name);
  const all = ports.flatMap(({ name, role }, index) => {
    if (role !== "state") return [];
    const learned = allInputs.find((other) => other === `${name}/initial`);
    return [{ name, shape: at(graph.inputs, index).type.shape, learned }];
  });
  const isOfBlock = ({ name, shape }: (typeof all)[number]) => shape.includes(BLOCK) || name === STEPS_OF_BLOCK;
  const [states, ofBlock] = [all.filter((state) => !isOfBlock(state)), all.filter(isOfBlock)];
  const learned = states.flatMap(({ learned }) => {
    const tensor = learned === undefined ? undefined : parameters.get(learned);
    return learned === undefined || tensor === undefined ? [] : [[learned, tensor] as const];
  });
  return { states, ofBlock, learned: new Map(learned) };
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
