/**
 * Linear forms: a value of a loop's body as gate * S + Σ scale * (query · S) + Σ term, where S is one state, `·` sums
 * over one axis of the state, and gates, scales, queries and terms do not depend on S.
 */
import type { Layout, Product } from "./factor.js";

/** The state before the step or after it. */
export type Moment = "before" | "after";

/** scale * Σ over `axis` of query * S. */
export interface Read {
  readonly moment: Moment;
  readonly axis: number;
  readonly query: Product;
  readonly scale: Product;
}

export interface LinearForm {
  readonly layout: Layout;
  /** The coefficient of S; undefined where S occurs in reads only. */
  readonly gate: { readonly moment: Moment; readonly product: Product } | undefined;
  readonly reads: readonly Read[];
  readonly terms: readonly Product[];
}
