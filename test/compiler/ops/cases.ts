/** Cases of every primitive, and the graph of a case. */
import { graphBuilder } from "../../../compiler/graph/builder.js";
import { verify } from "../../../compiler/graph/verify.js";
import type { Graph, OpName, Tensor } from "../../../compiler/ir/types.js";
import { randomStream } from "../../../runtime/tensors/random.js";
import type { CaseOf, Cases } from "./case.js";
import { composite } from "./composite.cases.js";
import { constants } from "./constants.cases.js";
import { contraction } from "./contraction.cases.js";
import { elementwise } from "./elementwise.cases.js";
import { indexing } from "./indexing.cases.js";
import { loop } from "./loop.cases.js";
import { movement } from "./movement.cases.js";
import { recurrent } from "./recurrent.cases.js";
import { reduction } from "./reduction.cases.js";

export const cases: Cases<OpName> = {
  ...constants,
  ...elementwise,
  ...contraction,
  ...reduction,
  ...movement,
  ...indexing,
  ...loop,
  ...composite,
  ...recurrent,
};

export const ops = Object.keys(cases) as readonly OpName[];

/** A graph of one node with all its outputs. */
export function graphOf<K extends OpName>(op: K, { operands, attributes }: CaseOf<K>): Graph {
  const b = graphBuilder(op);
  const inputs = operands.map(({ type }, index) => b.input(`operand.${index}`, type));
  return verify(b.finish(b.apply(op, inputs, attributes)), op);
}

/** Random operands of a case, different for each `copy`. */
export function drawOperands<K extends OpName>(op: K, { title, operands }: CaseOf<K>, copy = 0): readonly Tensor[] {
  const random = randomStream(1, op, title, copy);
  return operands.map((operand) => operand.draw(random));
}
