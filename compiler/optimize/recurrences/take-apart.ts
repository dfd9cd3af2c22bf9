/**
 * Loop fission by states: each group of states that depend on one another is solved for all time steps, or keeps a loop
 * of its own; all other nodes run once over all time steps.
 */
import { bodyBuilder } from "../../graph/builder.js";
import { producersOf } from "../../graph/def-use.js";
import { scanOperands } from "../../graph/rewrite.js";
import { createValueMap } from "../../graph/value-map.js";
import type { Builder } from "../../ir/builder.js";
import { at, expectDefined } from "../../ir/expect.js";
import type { Node, Value } from "../../ir/types.js";
import { applyOutside, type OuterValue, outerOperands, outerSource, overTime } from "../loops/outer-values.js";
import { applyLoop, canBatch, type Loop } from "../loops/rewrite-loop.js";
import { stateComponents, stateDependencies } from "./components.js";

/** The states of a loop, in groups in the order of their solution. */
export interface StateGroups {
  readonly components: readonly (readonly number[])[];
  readonly dependencies: ReadonlyMap<Value, ReadonlySet<number>>;
}

export function stateGroups(loop: Loop): StateGroups {
  const dependencies = stateDependencies(loop);
  return { components: stateComponents(loop, dependencies), dependencies };
}

/** A loop under fission. */
export interface Site {
  readonly b: Builder;
  readonly timeSteps: number;
  readonly reverse: boolean;
  /** The next value of a state, in the body. */
  nextOf(stateIndex: number): Value;
  /** The scanned operands of the loop. */
  readonly scans: readonly Value[];
  /** The first value of a state. */
  initial(stateIndex: number): Value;
  /** A value of the body for all time steps, once the states that it depends on are solved. */
  outerValueOf(value: Value): OuterValue;
}

/** The states of a group, solved. */
export interface Solution {
  /** The states after the last step. */
  readonly final: readonly Value[];
  /** The states before each step, [time, ...state]; undefined where they are not built. */
  readonly before?: readonly Value[];
  /** A value of the body for all time steps; undefined for one that follows from its operands. */
  readonly readOf?: (value: Value) => Value | undefined;
}

/** True where every node of a loop's body can run over all time steps at once. */
export function canTakeApart(loop: Loop): boolean {
  const { inner } = scanOperands(loop);
  const invariant = new Set<Value>(inner.captures);
  return loop.attributes.body.nodes.every((node) => {
    if (node.inputs.every((input) => invariant.has(input))) {
      for (const output of node.outputs) invariant.add(output);
      return true;
    }
    return canBatch(
      node,
      node.inputs.map((input) => !invariant.has(input)),
    );
  });
}

/** The nodes of a body that the next values of some states need and that depend on one of those states. */
export function nodesOfGroup(loop: Loop, { dependencies }: StateGroups, group: readonly number[]): readonly Node[] {
  const { body } = loop.attributes;
  const producers = producersOf(body);
  const isOwn = (value: Value) => group.some((index) => dependencies.get(value)?.has(index));
  const needed = new Set<Node>();
  const need = (value: Value): void => {
    const producer = producers.get(value);
    if (producer === undefined || !isOwn(value) || needed.has(producer)) return;
    needed.add(producer);
    producer.inputs.forEach(need);
  };
  for (const index of group) need(at(body.outputs, index));
  return body.nodes.filter((node) => needed.has(node));
}

/**
 * The outputs of a loop of static length without it.
 *
 * @param solve solves the states of a group; undefined for a loop of their own.
 */
export function takeApart(
  b: Builder,
  loop: Loop,
  operands: readonly Value[],
  groups: StateGroups,
  timeSteps: number,
  solve: (group: readonly number[], site: Site) => Solution | undefined,
): readonly Value[] {
  const { body, stateCount, reverse, length } = loop.attributes;
  const { inner } = scanOperands(loop);
  const { outer } = scanOperands({ inputs: operands, attributes: loop.attributes });
  const producers = producersOf(body);
  const outerValues = outerOperands(loop, operands);
  const finals = new Map<number, Value>();
  const solutions: Solution[] = [];

  const outerValueOf = (value: Value): OuterValue => {
    const known = outerValues.get(value);
    if (known !== undefined) return known;
    for (const { readOf } of solutions) {
      const solved = readOf?.(value);
      if (solved === undefined) continue;
      const outerValue = { value: solved, perStep: true };
      outerValues.set(value, outerValue);
      return outerValue;
    }
    const producer = expectDefined(producers.get(value), "a solved state");
    const outputs = applyOutside(b, producer, producer.inputs.map(outerValueOf), length);
    producer.outputs.forEach((output, index) => {
      outerValues.set(output, at(outputs, index));
    });
    return outerValueOf(value);
  };

  /** A loop of some states alone; it stacks the states before each step and all that it computes. */
  function separateLoop(group: readonly number[]): Solution {
    const states = group.map((index) => at(inner.states, index));
    const nodes = nodesOfGroup(loop, groups, group);
    const builder = bodyBuilder(body.name, (value) => outerSource(outerValueOf(value)));
    const map = createValueMap(builder, (old) => old);
    for (const state of states) map.set(state, builder.input(state.name, state.type));
    for (const node of nodes) map.record(node, builder.copy(node, node.inputs.map(map.get)));
    const next = group.map((index) => at(body.outputs, index));
    const stacked = [...states, ...nodes.flatMap(({ outputs }) => outputs)];
    const results = applyLoop(
      b,
      loop,
      group.map((index) => at(outer.states, index)),
      outer.scans,
      builder,
      [...next, ...stacked].map((value) => (map.has(value) ? map.get(value) : builder.identity(value))),
    );
    stacked.forEach((value, position) => {
      outerValues.set(value, { value: at(results, group.length + position), perStep: true });
    });
    return { final: results.slice(0, group.length) };
  }

  const site: Site = {
    b,
    timeSteps,
    reverse,
    scans: outer.scans,
    nextOf: (index) => at(body.outputs, index),
    initial: (index) => at(outer.states, index),
    outerValueOf,
  };
  for (const group of groups.components) {
    const solution = solve(group, site) ?? separateLoop(group);
    solutions.push(solution);
    group.forEach((index, position) => {
      finals.set(index, at(solution.final, position));
      const before = solution.before?.[position];
      if (before !== undefined) outerValues.set(at(inner.states, index), { value: before, perStep: true });
    });
  }
  return body.outputs.map((output, index) =>
    index < stateCount ? expectDefined(finals.get(index), "a final state") : overTime(b, outerValueOf(output), length),
  );
}
