/** What a primitive is tried on: operands, attributes, and where its batch rule is allowed to refuse. */
import type { OpAttributes, OpName } from "../../../compiler/ir/types.js";
import type { Sample } from "./sample.js";

export interface Case<Attributes> {
  readonly title: string;
  readonly operands: readonly Sample[];
  readonly attributes: Attributes;
  /** Positions of operands that cannot vary together along a new axis: each set is one refusal of the batch rule. */
  readonly refuses?: readonly (readonly number[])[];
}

export type CaseOf<K extends OpName> = Case<OpAttributes[K]>;

/** One case at least for every primitive of a family: a forgotten one does not type-check. */
export type Cases<K extends OpName> = { readonly [P in K]: readonly [CaseOf<P>, ...CaseOf<P>[]] };
