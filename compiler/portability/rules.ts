/** What a runtime does with nodes, as data: rules that are tried in order, the first that fits says. */

/** `cpu`: the node is computed on the processor beside the device. `wrong`: it runs and gives other numbers. */
export type Outcome = "runs" | "cpu" | "wrong" | "fails" | "unknown";

/** All that is given must hold. */
export interface Condition {
  /** The version of the standard operators is above this. */
  readonly opsetAbove?: number;
  /** The element type of an input is (not) one of these. */
  readonly type?: { readonly input: number; readonly in?: readonly string[]; readonly notIn?: readonly string[] };
  /** An attribute is there, with this value or one of these where they are given, or with another than `not`. */
  readonly attribute?: {
    readonly name: string;
    readonly is?: readonly (number | string)[];
    readonly not?: number;
    /** A list with a text besides these; their case does not matter. */
    readonly beyond?: readonly string[];
  };
  readonly inputPresent?: number;
  /** An output that the node does not declare. */
  readonly outputMissing?: number;
  readonly outputsAbove?: number;
  readonly inLoop?: boolean;
}

export interface Rule {
  /** Of the standard domain; without them every operator. */
  readonly operators?: readonly string[];
  /** Every node of a domain other than these. */
  readonly domainsOtherThan?: readonly string[];
  readonly when?: Condition;
  readonly outcome: Outcome;
  /** After "it" or the operator's name. */
  readonly reason: string;
}

/** About a whole model: its inputs and versions. */
export interface ModelRule {
  readonly inputRankAbove?: number;
  readonly opsetAbove?: number;
  readonly irAbove?: number;
  readonly outcome: Outcome;
  readonly reason: string;
}

export interface Runtime {
  readonly name: string;
  /** Which versions this is about, and how it is known. */
  readonly source: string;
  readonly model: readonly ModelRule[];
  readonly rules: readonly Rule[];
  /** Of a node that no rule is about. */
  readonly fallback: Outcome;
}
