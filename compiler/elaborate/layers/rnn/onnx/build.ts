/** The ONNX recurrent operator that a cell's `onnx` mapping names, with operands from the cell's parameters. */
import type { OnnxMapping } from "../../../../../schema/normal/index.js";
import type { Builder } from "../../../../ir/builder.js";
import { printShape, sameShape } from "../../../../ir/dims.js";
import { at } from "../../../../ir/expect.js";
import { tensor } from "../../../../ir/tensor.js";
import type { Shape, Value } from "../../../../ir/types.js";
import { type onnxOperands, parseBlock } from "../../../../language/onnx-mapping.js";
import { ownValue } from "../../../../language/resolve.js";
import { recurrentOperators } from "../../../../ops/recurrent.js";
import type { CellStates } from "../../../context.js";

export interface OperatorRun {
  /** Prefix of the names of the operands. */
  readonly prefix: string;
  /** [time, batch, input] */
  readonly x: Value;
  /** Initial states by name, [batch, size], in the cell's order. */
  readonly initial: CellStates;
  readonly parameters: Readonly<Record<string, Value>>;
  /** Lengths [batch]; null where every step is valid. */
  readonly lengths: Value | null;
  readonly reverse: boolean;
}

export interface OperatorResults {
  /** Every h, [time, batch, hidden]. */
  readonly outputs: Value;
  /** The final states in the cell's order, [batch, hidden]. */
  readonly final: readonly Value[];
}

/** The operator's results, or the reason why the cell cannot be that operator. */
export function buildOperator(b: Builder, mapping: OnnxMapping, run: OperatorRun): OperatorResults | string {
  const { operator } = mapping;
  const { gateCount: gates, stateCount, activations } = recurrentOperators[operator];
  const stateNames = Object.keys(run.initial);
  const names = mapping.states.length > 0 ? mapping.states : stateNames;
  const states = names.map((name) => run.initial[name]);
  if (stateNames.length !== stateCount || names.length !== stateCount || states.includes(undefined))
    return `${operator} has ${stateCount} ${stateCount === 1 ? "state" : "states"}, and the cell has ${stateNames.length}`;
  const hidden = states[0]?.type.shape[1];
  const [, , width] = run.x.type.shape;
  if (typeof hidden !== "number" || width === undefined || states.some((state) => state?.type.shape[1] !== hidden))
    return `the states of ${operator} have one size`;
  if (mapping.activations.length > 0 && mapping.activations.length !== activations.length)
    return `${operator} has ${activations.length} activations, and the mapping names ${mapping.activations.length}`;

  const columns = gates * hidden;
  const operands = {
    W: operandOf(b, mapping, "W", [width, columns], hidden, run),
    R: operandOf(b, mapping, "R", [hidden, columns], hidden, run),
    Wb: operandOf(b, mapping, "Wb", [columns], hidden, run),
    Rb: operandOf(b, mapping, "Rb", [columns], hidden, run),
    P: operandOf(b, mapping, "P", [3 * hidden], hidden, run),
  };
  const failure = Object.values(operands).find((operand) => typeof operand === "string");
  if (typeof failure === "string") return failure;
  const { W, R, Wb, Rb, P } = operands as Readonly<Record<keyof typeof operands, Value>>;
  const matrix = (value: Value) => b.unsqueeze(b.transpose(value, [1, 0]), [0]);
  const row = (value: Value) => b.unsqueeze(value, [0]);
  const named = (value: Value, name: string) => b.withName(value, `${run.prefix}/onnx/${name}`);
  const peepholes = operator === "LSTM" && mapping.P.length > 0;
  const inputs = [
    run.x,
    named(matrix(W), "W"),
    named(matrix(R), "R"),
    named(row(b.concat([Wb, Rb], 0)), "B"),
    ...(run.lengths === null ? [] : [b.cast(run.lengths, "int32")]),
    ...states.map((state) => row(state as Value)),
    ...(peepholes ? [named(row(P), "P")] : []),
  ];
  const attributes = {
    hidden,
    reverse: run.reverse,
    activations: mapping.activations.length > 0 ? mapping.activations : activations,
    lengths: run.lengths !== null,
    initial: true,
  };
  const results =
    operator === "RNN"
      ? b.apply("RNN", inputs, attributes)
      : operator === "GRU"
        ? b.apply("GRU", inputs, { ...attributes, linearBeforeReset: mapping.linear_before_reset })
        : b.apply("LSTM", inputs, { ...attributes, peepholes });
  const finalByName = new Map(names.map((name, index) => [name, b.squeeze(at(results, index + 1), [0])]));
  return {
    outputs: b.squeeze(at(results, 0), [1]),
    final: stateNames.map((name) => finalByName.get(name) as Value),
  };
}

/** The concatenated blocks of an operand, or zeros; or the reason why the mapping does not fit. */
function operandOf(
  b: Builder,
  mapping: OnnxMapping,
  operand: (typeof onnxOperands)[number],
  shape: Shape,
  hidden: number,
  { parameters }: OperatorRun,
): Value | string {
  const blocks: Value[] = [];
  for (const text of mapping[operand]) {
    const { parameter, blockIndex, isNegated } = parseBlock(text);
    const parameterValue = ownValue(parameters, parameter);
    if (parameterValue === undefined)
      return `${operand} needs the parameter ${parameter}, which this variant of the cell does not have`;
    const last = parameterValue.type.shape.at(-1);
    if (parameterValue.type.shape.length !== shape.length)
      return `${parameter} has shape ${printShape(parameterValue.type.shape)}, which is no block of ${operand}`;
    if (blockIndex !== undefined && (typeof last !== "number" || (blockIndex + 1) * hidden > last))
      return `${parameter} has no block ${blockIndex} of ${hidden} columns`;
    const block =
      blockIndex === undefined
        ? parameterValue
        : b.slice(parameterValue, shape.length - 1, blockIndex * hidden, (blockIndex + 1) * hidden);
    blocks.push(isNegated ? b.neg(block) : block);
  }
  if (blocks.length === 0) {
    const sizes = shape.map(Number);
    return b.constant(tensor("float32", sizes, new Float64Array(sizes.reduce((product, size) => product * size, 1))));
  }
  const [first] = blocks;
  const concatenated = blocks.length === 1 && first !== undefined ? first : b.concat(blocks, shape.length - 1);
  return sameShape(concatenated.type.shape, shape)
    ? concatenated
    : `${operand} has shape ${printShape(concatenated.type.shape)}, but ${mapping.operator} reads ${printShape(shape)}`;
}
