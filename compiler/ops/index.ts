/** The table of primitives: total over the closed set. */
import type { OpName } from "../ir/operators.js";
import { constants } from "./constants.js";
import { contraction } from "./contraction.js";
import { elementwise } from "./elementwise.js";
import { indexing } from "./indexing.js";
import { loop } from "./loop.js";
import { movement } from "./movement.js";
import { recurrent } from "./recurrent.js";
import { reductions } from "./reduction.js";
import type { Rule } from "./rule.js";

export const rules: { readonly [K in OpName]: Rule<K> } = {
  ...constants,
  ...elementwise,
  ...contraction,
  ...reductions,
  ...movement,
  ...indexing,
  ...loop,
  ...recurrent,
};
