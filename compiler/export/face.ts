/** A model on its way out: a graph whose inputs and outputs have names, roles and words for people. */
import type { Port, Role } from "../artifact.js";
import type { Program } from "../elaborate/program.js";
import { graphBuilder } from "../graph/build.js";
import { inline } from "../graph/rewrite.js";
import type { Builder } from "../ir/builder.js";
import { portType } from "../ir/floats.js";
import { at } from "../ir/present.js";
import type { Graph, Type, Value } from "../ir/types.js";
import type { Tensors } from "./bake.js";

export interface FacePort {
  readonly name: string;
  readonly role: Role;
  readonly doc: string;
}

/** Ports stand at the positions of the graph's inputs and outputs. */
export interface Face {
  readonly graph: Graph;
  /** Whether the graph has been through the passes, in parts. */
  readonly optimized?: boolean;
  /** The weights that its inputs hold, where they are not the model's own parameters. */
  readonly weights?: Tensors;
  readonly inputs: readonly FacePort[];
  readonly outputs: readonly FacePort[];
}

/** An input as the model's user feeds it, and as the program inside reads it. */
export interface Opening {
  readonly type: Type;
  readonly doc: string;
  enter(b: Builder, given: Value): Value;
}

export interface Giving extends FacePort {
  readonly value: Value;
}

export interface Dressing {
  /** How the program's input is fed; parameters are as they are. */
  open(port: { readonly name: string; readonly role: Role }, type: Type): Opening;
  /** What stands for one of the program's outputs. */
  give(b: Builder, port: { readonly name: string; readonly role: Role }, value: Value): readonly Giving[];
}

/** A program with other inputs before its own and other outputs behind them. */
export function dress(program: Program, { open, give }: Dressing): Face {
  const { graph } = program;
  const b = graphBuilder(graph.name);
  const openings = program.inputs.map((port, index) => open(port, at(graph.inputs, index).type));
  // First all inputs, so that they stand in the program's order.
  const given = openings.map(({ type }, index) => b.input(program.inputs[index]?.name, type));
  const results = inline(
    b,
    graph,
    openings.map((opening, index) => opening.enter(b, at(given, index))),
  );
  const outputs = program.outputs.flatMap((port, index) => give(b, port, at(results, index)));
  return {
    graph: b.finish(outputs.map(({ value }) => value)),
    inputs: program.inputs.map(({ name, role }, index) => ({ name, role, doc: at(openings, index).doc })),
    outputs: outputs.map(({ name, role, doc }) => ({ name, role, doc })),
  };
}

/** The ports with the types that a graph of the face has by now. */
export function portsOf(ports: readonly FacePort[], values: readonly Value[]): readonly (Port & FacePort)[] {
  return ports.map((port, index) => {
    const { dtype, shape } = at(values, index).type;
    return { ...port, dtype: portType(dtype), shape };
  });
}
