/** The builder: the only constructor of nodes. Each node's types are inferred as it is created. */
import type { Builder } from "../ir/builder.js";
import { sameShape } from "../ir/dims.js";
import { at } from "../ir/expect.js";
import { scalarTensor } from "../ir/tensor.js";
import type { DType, Graph, Node, NodeOf, OpAttributes, OpName, Type, Value } from "../ir/types.js";
import { rules } from "../ops/index.js";
import type { Rule } from "../ops/rule.js";
import { opMethods } from "./op-methods.js";

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

  return Object.assign(opMethods({ apply, scalar, local }), {
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
