/** Test cases of a primitive: operands, attributes, and the operands that its batching rule may refuse. */
import type { OpAttributes, OpName } from "../../../compiler/ir/types.js";
import type { Sample } from "./sample.js";

export interface Case<Attributes> {
  readonly title: string;
  readonly operands: readonly Sample[];
  readonly attributes: Attributes;
  /** Sets of operand positions that cannot be batched together: the batching rule refuses each. */
  readonly refuses?: readonly (readonly number[])[];
}

export type CaseOf<K extends OpName> = Case<OpAttributes[K]>;

/** At least one case for every primitive of a family: a missing one does not type-check. */
export type Cases<K extends OpName> = { readonly [P in K]: readonly [CaseOf<P>, ...CaseOf<P>[]] };
