/** The rules of all primitives: total over the closed set. */
import type { Node, OpName } from "../ir/types.js";
import { composites } from "./composite.js";
import { constants } from "./constants.js";
import { contraction } from "./contraction.js";
import { elementwise } from "./elementwise.js";
import { indexing } from "./indexing.js";
import { loop } from "./loop.js";
import { movement } from "./movement.js";
import { normalizations } from "./normalization.js";
import { recurrent } from "./recurrent.js";
import { reductions } from "./reduction.js";
import type { Rule, Traits } from "./rule.js";

export const rules: { readonly [K in OpName]: Rule<K> } = {
  ...constants,
  ...elementwise,
  ...contraction,
  ...reductions,
  ...normalizations,
  ...movement,
  ...indexing,
  ...loop,
  ...composites,
  ...recurrent,
};

export function traitsOf({ op }: Node): Traits {
  return rules[op].traits;
}
