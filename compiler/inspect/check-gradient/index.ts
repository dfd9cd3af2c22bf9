/**
 * The gradient of a training step, as it is computed after all passes, against central differences of the loss by the
 * reference evaluator. Both are in float64: a right gradient agrees to about 9 digits.
 */
import type { NormalSpec } from "../../../schema/normal/index.js";
import { differentiate } from "../../autodiff/reverse.js";
import type { InputPort, Program } from "../../elaborate/program.js";
import { flops } from "../../graph/cost.js";
import { evaluate } from "../../graph/evaluate.js";
import { restrictGraph } from "../../graph/extract-subgraph.js";
import { evaluateDim, symbolsOf } from "../../ir/dims.js";
import { at } from "../../ir/expect.js";
import { tabulate } from "../../ir/tensor.js";
import type { DType, Graph, Tensor } from "../../ir/types.js";
import { stepPasses } from "../../optimize/pipeline.js";
import { type CompileFailure, stageRunner } from "../../pipeline/stages.js";
import { differentiateLoss, elaborateTraining } from "../../pipeline/training-step.js";
import type { Signature } from "../../signature.js";
import type { NonFiniteValue } from "../probed-values.js";
import { findNonFinite, findOverflow, isNotFinite, type Overflow } from "./non-finite.js";
import { type Suspect, suspectOperators } from "./suspects.js";
import { compareEntries, type EntryComparison } from "./tensors.js";

export { TOLERANCE } from "./compare.js";
export type { EntryComparison, Suspect };

/** A row-major array of a batch or of weights. */
export interface GivenArray {
  readonly shape: readonly number[];
  readonly data: ArrayLike<number> | ArrayLike<bigint>;
}

export interface GradientCheckInput {
  readonly spec: NormalSpec;
  /** Of the arrays: `steps` is their number of time steps. */
  readonly signature: Signature;
  /** Parameters, buffers and the arrays of a batch, by port. States of stateful layers start at zero. */
  readonly arrays: ReadonlyMap<string, GivenArray>;
  /** The most entries of each tensor, in addition to one random direction over all of them. */
  readonly entries: number;
  /** Uniform in [0, 1): chooses entries and directions. */
  readonly random: () => number;
}

export interface TensorCheck {
  readonly name: string;
  readonly role: "parameter" | "input";
  readonly shape: readonly number[];
  /** The compared entries, then the direction where they are not all. */
  readonly comparisons: readonly EntryComparison[];
  /** True where the whole gradient is zero. */
  readonly isZero: boolean;
}

export type GradientCheck =
  | {
      readonly kind: "compared";
      readonly loss: number;
      readonly tensors: readonly TensorCheck[];
      /** The entries of a large tensor: the most that `MAX_WORK` allows. */
      readonly entries: number;
      /** Operators with a wrong derivative of their own; empty where all gradients are right. */
      readonly suspects: readonly Suspect[];
      /** A value that float32 rounds to infinity, which the loss and the gradients hide; null without one. */
      readonly overflow: Overflow | null;
    }
  | { readonly kind: "non-finite"; readonly loss: number; readonly value: NonFiniteValue | null };

/** Floating-point operations of all evaluations: some seconds. */
const MAX_WORK = 4e9;
/** Evaluations of the loss for one entry whose gradient is right. */
const EVALUATIONS = 3;

/** Compares the gradients of all trained parameters and of the inputs of numbers. Random numbers are those of step 1. */
export function checkGradient(
  input: GradientCheckInput,
): { readonly ok: true; readonly check: GradientCheck } | CompileFailure {
  const { signature, random } = input;
  // The gradient of a batch is that of its micro-batches, and float16 has too few digits to compare.
  const train = { ...input.spec.train, precision: "float32", accumulate: 1 } as const;
  const compileInput = { spec: { ...input.spec, train }, signature, options: {} };
  const elaborated = elaborateTraining(compileInput);
  if (!elaborated.ok) return elaborated;
  const { program } = elaborated;
  const { lossProgram } = program;
  const operands = operandsOf(lossProgram, input.arrays);
  const compared = lossProgram.inputs.flatMap((port, index) =>
    isCompared(port, at(operands, index), signature) ? [index] : [],
  );
  const { prepared } = differentiateLoss(program, compileInput);
  const { optimize } = stageRunner(signature, {});
  const graph = optimize("gradient", differentiate(prepared, 0, compared), stepPasses);
  const results = evaluate(graph, operands);
  const loss = at(at(results, 0).data, 0);
  const gradients = results.slice(-compared.length);
  if (isNotFinite(loss) || gradients.some(({ data }) => data.some(isNotFinite)))
    return { ok: true, check: { kind: "non-finite", loss, value: findNonFinite(lossProgram, operands) ?? null } };

  const { graph: forward } = restrictGraph(lossProgram.graph, lossProgram.graph.outputs.slice(0, 1));
  const sizes = sizesOf(lossProgram, operands);
  const lossAfter = partialEvaluation(forward, operands, sizes);
  const functions = compared.map((position) => lossAfter(position));
  const work = functions.reduce((sum, { graph: rest }) => sum + flops(rest, sizes), 0) * EVALUATIONS;
  const entries = Math.min(input.entries, Math.max(1, Math.floor(MAX_WORK / work) - 1));
  const tensors = compared.map((position, index): TensorCheck => {
    const { name, role } = at(lossProgram.inputs, position);
    const [tensor, gradient] = [at(operands, position), at(gradients, index)];
    const { lossOf } = at(functions, index);
    return {
      name,
      role: role === "parameter" ? "parameter" : "input",
      shape: tensor.shape,
      comparisons: compareEntries({ tensor, gradient, lossOf }, entries, random),
      isZero: gradient.data.every((value) => value === 0),
    };
  });
  const isWrong = tensors.some(({ comparisons }) => comparisons.some(({ verdict }) => verdict === "wrong"));
  const suspects = isWrong ? suspectsOf(compileInput, input) : [];
  const overflow = findOverflow(lossProgram, operands) ?? null;
  return { ok: true, check: { kind: "compared", loss, tensors, entries, suspects, overflow } };
}

/** The loss as a function of one input: only the nodes that depend on it are evaluated again. */
function partialEvaluation(graph: Graph, operands: readonly Tensor[], sizes: ReadonlyMap<string, number>) {
  const values = [...graph.inputs, ...graph.nodes.flatMap(({ outputs }) => outputs)];
  const results = evaluate({ ...graph, outputs: values }, operands);
  const known = new Map(values.map((value, index) => [value, at(results, index)]));
  return (position: number): { readonly graph: Graph; readonly lossOf: (changed: Tensor) => number } => {
    const input = at(graph.inputs, position);
    const dependent = new Set([input]);
    const nodes = graph.nodes.filter(({ inputs, outputs }) => {
      const depends = inputs.some((value) => dependent.has(value));
      if (depends) for (const output of outputs) dependent.add(output);
      return depends;
    });
    const read = new Set([...nodes.flatMap(({ inputs }) => inputs), ...graph.outputs]);
    const inputs = [input, ...[...read].filter((value) => !dependent.has(value))];
    const rest = { ...graph, inputs, nodes };
    const others = inputs.slice(1).map((value) => known.get(value) as Tensor);
    return {
      graph: rest,
      lossOf: (changed) => at(at(evaluate(rest, [changed, ...others], sizes), 0).data, 0),
    };
  };
}

/** Parameters, and numbers that the model reads: targets and weights are constants of the loss. */
function isCompared({ name, role }: InputPort, { dtype }: Tensor, { inputs, side_inputs }: Signature): boolean {
  if (role === "parameter") return true;
  const isInput = name === "inputs" ? inputs.dtype === "float32" : side_inputs?.[name]?.dtype === "float32";
  return role === "data" && dtype === "float32" && isInput;
}

/** The operators of the program with unrolled loops, where the number of steps allows it. */
function suspectsOf(
  { spec, signature }: { readonly spec: NormalSpec; readonly signature: Signature },
  { arrays, random }: GradientCheckInput,
): readonly Suspect[] {
  const model = spec.model.map((layer) => (layer.layer === "rnn" ? { ...layer, unroll: true } : layer));
  const unrolled = elaborateTraining({ spec: { ...spec, model }, signature, options: {} });
  if (!unrolled.ok) return [];
  const { lossProgram } = unrolled.program;
  const operands = operandsOf(lossProgram, arrays);
  return suspectOperators(lossProgram, operands, sizesOf(lossProgram, operands), random);
}

/** The sizes of the symbols that are axes of the inputs. */
function sizesOf({ graph }: Program, operands: readonly Tensor[]): ReadonlyMap<string, number> {
  return new Map(
    graph.inputs.flatMap(({ type }, index) =>
      type.shape.flatMap((dim, axis) =>
        symbolsOf(dim)[0] === dim ? [[dim, at(at(operands, index).shape, axis)] as const] : [],
      ),
    ),
  );
}

/** The inputs of a program. */
function operandsOf({ graph, inputs }: Program, arrays: ReadonlyMap<string, GivenArray>): readonly Tensor[] {
  const given = inputs.map(({ name }, index): Tensor | undefined => {
    const array = arrays.get(name);
    return array && { dtype: at(graph.inputs, index).type.dtype, shape: array.shape, data: float64(array) };
  });
  const sizes = new Map<string, number>();
  for (const [index, tensor] of given.entries()) {
    at(graph.inputs, index).type.shape.forEach((dim, axis) => {
      if (tensor !== undefined && symbolsOf(dim)[0] === dim) sizes.set(dim, at(tensor.shape, axis));
    });
  }
  return inputs.map(({ name, role }, index) => {
    const tensor = given[index];
    if (tensor !== undefined) return tensor;
    if (role !== "state" && role !== "step") throw new Error(`${name} has no value`);
    const { dtype, shape } = at(graph.inputs, index).type;
    return zeros(
      dtype,
      shape.map((dim) => evaluateDim(dim, sizes) ?? 1),
    );
  });
}

function zeros(dtype: DType, shape: readonly number[]): Tensor {
  return tabulate(dtype, shape, () => 0);
}

function float64({ data }: GivenArray): Float64Array {
  return Float64Array.from(data as ArrayLike<number>, Number);
}
