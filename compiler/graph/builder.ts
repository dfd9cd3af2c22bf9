/** The builder: the only constructor of nodes. Each node's types are inferred as it is created. */
import type { Builder, Operand, OpMethods } from "../ir/builder.js";
import { sameShape } from "../ir/dims.js";
import { at } from "../ir/expect.js";
import { scalarTensor } from "../ir/tensor.js";
import {
  binaryOps,
  type DType,
  type Graph,
  type Node,
  type NodeOf,
  type OpAttributes,
  type OpName,
  type Type,
  unaryOps,
  type Value,
} from "../ir/types.js";
import { rules } from "../ops/index.js";
import type { Rule } from "../ops/rule.js";

/** The rule of one primitive, typed by its name. */
export function ruleOf<K extends OpName>(op: K): Rule<K> {
  return rules[op];
}

function sameType(type: Type, other: Type | undefined): boolean {
  if (type === other) return true;
  return other !== undefined && type.dtype === other.dtype && sameShape(type.shape, other.shape);
}

/** A value whose name may be set once. */
interface Nameable {
  name: string | undefined;
  readonly type: Type;
}

/** Infers the types of a node's outputs. An error names the node and its operands. */
export function inferTypes<K extends OpName>(
  op: K,
  inputs: readonly Value[],
  attributes: OpAttributes[K],
): readonly Type[] {
  try {
    return ruleOf(op).infer(
      inputs.map((input) => input.type),
      attributes,
    );
  } catch (error) {
    const operands = inputs.map((input) => `${input.name ?? "·"}[${input.type.shape.join(", ")}]`).join(", ");
    throw new Error(`${op}(${operands}): ${error instanceof Error ? error.message : error}`);
  }
}

/** A node created by a builder, never mutated: its output types are the inferred ones. A spread copy is no instance. */
class InferredNode<K extends OpName> implements NodeOf<K> {
  constructor(
    readonly op: K,
    readonly inputs: readonly Value[],
    readonly outputs: readonly Value[],
    readonly attributes: OpAttributes[K],
  ) {}
}

/** True if a node's output types are known to be the inferred ones. */
export function hasInferredTypes(node: Node): boolean {
  return node instanceof InferredNode;
}

/** The source of a foreign value in a loop body: a slice of an outer value, an outer value, or a value of the body. */
export type OuterSource = { readonly slice: Value } | { readonly capture: Value } | { readonly own: Value };

/** A loop body under construction: outer values that its nodes read become scanned inputs or captures. */
export interface BodyBuilder extends Builder {
  /** Outer values whose slices the body reads, in the order of its inputs (after those added with `input`). */
  readonly scanned: readonly Value[];
  /** Outer values in the order of the body's trailing inputs. */
  readonly captured: readonly Value[];
}

/** A builder of a closed graph: reading a value of another graph throws. */
export function graphBuilder(name: string): Builder {
  return makeBuilder(name, (value) => {
    throw new Error(`${name} uses ${value.name ?? "a value"} that is not its own`);
  });
}

/** A builder of a loop body. `source` resolves values of other graphs; by default they are captured. */
export function bodyBuilder(
  name: string,
  source: (value: Value) => OuterSource = (capture) => ({ capture }),
): BodyBuilder {
  const scanned: Value[] = [];
  const captured: Value[] = [];
  const slices: Value[] = [];
  const captures: Value[] = [];
  const innerValues = new Map<Value, Value>();
  const resolve = (foreign: Value, own: (value: Value) => void): Value => {
    const existing = innerValues.get(foreign);
    if (existing !== undefined) return existing;
    const origin = source(foreign);
    let value: Value;
    if ("own" in origin) {
      value = origin.own;
    } else if ("slice" in origin) {
      const { name, type } = origin.slice;
      value = { name: foreign.name ?? name, type: { dtype: type.dtype, shape: type.shape.slice(1) } };
      scanned.push(origin.slice);
      slices.push(value);
      own(value);
    } else {
      const index = captured.indexOf(origin.capture);
      value = captures[index] ?? { name: origin.capture.name, type: origin.capture.type };
      if (index < 0) {
        captured.push(origin.capture);
        captures.push(value);
        own(value);
      }
    }
    innerValues.set(foreign, value);
    return value;
  };
  return Object.assign(
    makeBuilder(name, resolve, () => [...slices, ...captures]),
    { scanned, captured },
  );
}

type ResolveForeign = (value: Value, own: (value: Value) => void) => Value;

function makeBuilder(name: string, foreign: ResolveForeign, trailing: () => readonly Value[] = () => []): Builder {
  const inputs: Value[] = [];
  const nodes: Node[] = [];
  const owned = new Set<Value>();
  const scalars = new Map<string, Value>();
  const own = (value: Value): void => {
    owned.add(value);
  };
  const local = (value: Value): Value => (owned.has(value) ? value : foreign(value, own));

  function apply<K extends OpName>(op: K, operands: readonly Value[], attributes: OpAttributes[K]): readonly Value[] {
    const localOperands = operands.map(local);
    return add(op, localOperands, attributes, inferTypes(op, localOperands, attributes));
  }

  function add<K extends OpName>(
    op: K,
    operands: readonly Value[],
    attributes: OpAttributes[K],
    types: readonly Type[],
  ): readonly Value[] {
    const outputs = types.map((type): Value => ({ name: undefined, type }));
    nodes.push(new InferredNode(op, operands, outputs, attributes) as NodeOf<K> as Node);
    outputs.forEach(own);
    return outputs;
  }

  /** Operands of the same types give outputs of the same types: nothing is inferred. */
  function copy(node: Node, operands: readonly Value[]): readonly Value[] {
    const { op, attributes } = node;
    const localOperands = operands.map(local);
    const hasSameTypes =
      hasInferredTypes(node) && localOperands.every(({ type }, index) => sameType(type, node.inputs[index]?.type));
    const types = hasSameTypes ? node.outputs.map(({ type }) => type) : inferTypes(op, localOperands, attributes);
    return add(op, localOperands, attributes, types);
  }

  function scalar(value: number, dtype: DType = "float32"): Value {
    const key = `${dtype} ${Object.is(value, -0) ? "-0" : value}`;
    const existing = scalars.get(key) ?? at(apply("Constant", [], { value: scalarTensor(value, dtype) }), 0);
    scalars.set(key, existing);
    return existing;
  }

  return Object.assign(lazyOpMethods(apply, scalar, local), {
    input(label: string | undefined, type: Type): Value {
      const value: Value = { name: label === "" ? undefined : label, type };
      own(value);
      inputs.push(value);
      return value;
    },
    apply,
    copy,
    withName(value: Value, label: string): Value {
      const nameable: Nameable = value;
      nameable.name ??= label;
      return value;
    },
    nodes,
    finish: (outputs: readonly Value[]): Graph => {
      const results = outputs.map(local);
      return { name, inputs: [...inputs, ...trailing()], nodes, outputs: results };
    },
  });
}

/** The methods of `opMethods`, created at the first use of one: a pass makes a builder for every loop body, mostly to copy nodes. */
class LazyOpMethods {
  methods: OpMethods | undefined;
  constructor(readonly create: () => OpMethods) {}
}

for (const name of Object.keys(
  opMethods(
    () => [],
    () => ({}) as Value,
    (value) => value,
  ),
) as (keyof OpMethods)[]) {
  Object.defineProperty(LazyOpMethods.prototype, name, {
    get(this: LazyOpMethods) {
      this.methods ??= this.create();
      return this.methods[name];
    },
  });
}

function lazyOpMethods(...parameters: Parameters<typeof opMethods>): OpMethods {
  return new LazyOpMethods(() => opMethods(...parameters)) as unknown as OpMethods;
}

type Apply = <K extends OpName>(op: K, inputs: readonly Value[], attributes: OpAttributes[K]) => readonly Value[];

/** Non-negative axes; undefined means all axes. */
function frontAxes(x: Value, axes: readonly number[] | undefined): readonly number[] {
  const rank = x.type.shape.length;
  return axes?.map((axis) => (axis < 0 ? axis + rank : axis)) ?? x.type.shape.map((_, axis) => axis);
}

/** The methods of `ops` by name: `add` for Add. */
function methodsOf<K extends OpName, Method>(
  ops: readonly K[],
  f: (op: K) => Method,
): { readonly [P in K as Uncapitalize<P>]: Method } {
  const entries = ops.map((op) => [op.charAt(0).toLowerCase() + op.slice(1), f(op)]);
  return Object.fromEntries(entries);
}

function opMethods(apply: Apply, scalar: OpMethods["scalar"], local: (value: Value) => Value): OpMethods {
  type WithoutAttributes = { [K in OpName]: Record<never, never> extends OpAttributes[K] ? K : never }[OpName];
  const applyOne = <K extends OpName>(op: K, inputs: readonly Value[], attributes: OpAttributes[K]) =>
    at(apply(op, inputs, attributes), 0);
  const unary =
    <K extends WithoutAttributes>(op: K) =>
    (x: Value) =>
      applyOne(op, [x], {} as OpAttributes[K]);
  /** Numbers become constants of the dtype of the other operands. */
  const values = (operands: readonly Operand[]): readonly Value[] => {
    const dtype = operands.find((operand) => typeof operand !== "number")?.type.dtype;
    return operands.map((operand) => (typeof operand === "number" ? scalar(operand, dtype) : operand));
  };
  const binary =
    <K extends WithoutAttributes>(op: K) =>
    (x: Operand, y: Operand) =>
      applyOne(op, values([x, y]), {} as OpAttributes[K]);
  const reduce =
    (op: "ReduceSum" | "ReduceMean" | "ReduceMax") =>
    (x: Value, axes?: readonly number[], keep = false) =>
      applyOne(op, [x], { axes: frontAxes(x, axes), keep });
  const axisOf = (x: Value, axis: number) => at(frontAxes(x, [axis]), 0);

  return {
    ...methodsOf([...unaryOps, "Softmax", "LogSoftmax", "Size"], unary),
    ...methodsOf(binaryOps, binary),
    where: (condition, x, y) => applyOne("Where", [condition, ...values([x, y])], {}),
    matmul: (x, y) => applyOne("MatMul", [x, y], {}),
    gemm: (x, y, c, transA = false, transB = false) =>
      applyOne("Gemm", c === undefined ? [x, y] : [x, y, c], { transA, transB }),
    sum: reduce("ReduceSum"),
    mean: reduce("ReduceMean"),
    reduceMax: reduce("ReduceMax"),
    layerNormalization: (x, scale, shift, epsilon) => {
      const ones = () => applyOne("Expand", [scalar(1, x.type.dtype)], { shape: x.type.shape.slice(-1) });
      const scales = scale === 1 ? ones() : scale;
      return applyOne("LayerNormalization", shift === undefined ? [x, scales] : [x, scales, shift], { epsilon });
    },
    argmax: (x, axis) => applyOne("ArgMax", [x], { axis: axisOf(x, axis) }),
    reshape: (x, shape) => applyOne("Reshape", [x], { shape }),
    expand: (x, shape) => applyOne("Expand", values([x]), { shape }),
    transpose: (x, perm) => applyOne("Transpose", [x], { perm }),
    unsqueeze: (x, axes) => applyOne("Unsqueeze", [x], { axes }),
    squeeze: (x, axes) => applyOne("Squeeze", [x], { axes: frontAxes(x, axes) }),
    concat: (xs, axis) => applyOne("Concat", xs, { axis: axisOf(at(xs, 0), axis) }),
    split: (x, sizes, axis) => apply("Split", [x], { axis: axisOf(x, axis), sizes }),
    slice: (x, axis, start, end) => applyOne("Slice", [x], { axis: axisOf(x, axis), start, end }),
    pad: (x, axis, before, after) => applyOne("Pad", [x], { axis: axisOf(x, axis), before, after }),
    gather: (data, indices, axis) => applyOne("Gather", [data, indices], { axis: axisOf(data, axis) }),
    gatherElements: (data, indices, axis) => applyOne("GatherElements", [data, indices], { axis: axisOf(data, axis) }),
    scatterElements: (data, indices, updates, axis) =>
      applyOne("ScatterElements", [data, indices, updates], { axis: axisOf(data, axis) }),
    oneHot: (indices, depth, dtype = "float32") => applyOne("OneHot", [indices], { depth, dtype }),
    range: (limit) => applyOne("Range", [], { limit }),
    rangeOf: (count, symbol) => applyOne("Range", [count], { limit: symbol }),
    cast: (x, to) => (x.type.dtype === to ? local(x) : applyOne("Cast", [x], { to })),
    constant: (value) => applyOne("Constant", [], { value }),
    scalar,
  };
}
