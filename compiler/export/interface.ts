/** The interface of an exported model: a graph whose inputs and outputs have names, roles and doc strings. */
import type { Port, Role } from "../artifact.js";
import type { Program } from "../elaborate/program.js";
import { graphBuilder } from "../graph/builder.js";
import { inline } from "../graph/rewrite.js";
import type { Builder } from "../ir/builder.js";
import { at } from "../ir/expect.js";
import { interfaceType } from "../ir/float16.js";
import type { Graph, Type, Value } from "../ir/types.js";
import type { FoldedTensors } from "./fold-weights.js";

export interface InterfacePort {
  readonly name: string;
  readonly role: Role;
  readonly doc: string;
}

/** Ports are in the order of the graph's inputs and outputs. */
export interface ModelInterface {
  readonly graph: Graph;
  /** True if parts of the graph are optimized already. */
  readonly isOptimized?: boolean;
  /** Values of the weight inputs, unless they are the model's parameters. */
  readonly weights?: FoldedTensors;
  readonly inputs: readonly InterfacePort[];
  readonly outputs: readonly InterfacePort[];
}

/** An input of the exported model, and its conversion to the input of the program. */
export interface InputAdapter {
  readonly type: Type;
  readonly doc: string;
  convert(b: Builder, value: Value): Value;
}

export interface AdaptedOutput extends InterfacePort {
  readonly value: Value;
}

export interface Adapters {
  /** The adapter of an input of the program. */
  adaptInput(port: { readonly name: string; readonly role: Role }, type: Type): InputAdapter;
  /** The outputs that replace one of the program's outputs. */
  adaptOutput(b: Builder, port: { readonly name: string; readonly role: Role }, value: Value): readonly AdaptedOutput[];
}

/** A program with converted inputs and outputs. */
export function wrapProgram(program: Program, { adaptInput, adaptOutput }: Adapters): ModelInterface {
  const { graph } = program;
  const b = graphBuilder(graph.name);
  const inputAdapters = program.inputs.map((port, index) => adaptInput(port, at(graph.inputs, index).type));
  // All inputs come first, in the program's order.
  const inputValues = inputAdapters.map(({ type }, index) => b.input(program.inputs[index]?.name, type));
  const results = inline(
    b,
    graph,
    inputAdapters.map((adapter, index) => adapter.convert(b, at(inputValues, index))),
  );
  const outputs = program.outputs.flatMap((port, index) => adaptOutput(b, port, at(results, index)));
  return {
    graph: b.finish(outputs.map(({ value }) => value)),
    inputs: program.inputs.map(({ name, role }, index) => ({ name, role, doc: at(inputAdapters, index).doc })),
    outputs: outputs.map(({ name, role, doc }) => ({ name, role, doc })),
  };
}

/** The ports with the types of the graph's values. */
export function typedPorts(
  ports: readonly InterfacePort[],
  values: readonly Value[],
): readonly (Port & InterfacePort)[] {
  return ports.map((port, index) => {
    const { dtype, shape } = at(values, index).type;
    return { ...port, dtype: interfaceType(dtype), shape };
  });
}
