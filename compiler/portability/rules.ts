/** Rules of a runtime as data: the first rule that matches a node determines its outcome. */

/**
 * `host`: the node computes shapes, which ONNX Runtime does on the CPU by choice. `cpu`: the node runs on the CPU, as
 * the device has no kernel. `wrong`: it runs with wrong results. `unknown`: not tested.
 */
export type Outcome = "runs" | "host" | "cpu" | "wrong" | "fails" | "unknown";

/** All given members must hold. */
export interface Condition {
  /** The version of the standard operators is above this. */
  readonly opsetAbove?: number;
  /** The element type of an input is (not) one of these. */
  readonly type?: { readonly input: number; readonly in?: readonly string[]; readonly notIn?: readonly string[] };
  /** An attribute is present: with one of the values `is`, or with another value than `not`. */
  readonly attribute?: {
    readonly name: string;
    readonly is?: readonly (number | string)[];
    readonly not?: number;
    /** A list of strings other than this one, which may be repeated for each direction, ignoring case. */
    readonly otherThan?: readonly string[];
  };
  readonly inputPresent?: number;
  /** An output that the node does not declare. */
  readonly outputMissing?: number;
  readonly outputsAbove?: number;
  readonly inLoop?: boolean;
  /** The node computes shapes: `shapeArithmetic` has it. */
  readonly shapes?: true;
}

export interface Rule {
  /** Operators of the standard domain. Default: all operators. */
  readonly operators?: readonly string[];
  /** Domains that the rule does not apply to. */
  readonly domainsOtherThan?: readonly string[];
  readonly when?: Condition;
  readonly outcome: Outcome;
  /** Predicate after the operator's name: "has no kernel". */
  readonly reason: string;
}

/** A rule about a whole model: its inputs and versions. */
export interface ModelRule {
  readonly inputRankAbove?: number;
  readonly opsetAbove?: number;
  readonly irAbove?: number;
  readonly outcome: Outcome;
  readonly reason: string;
}

export interface Runtime {
  readonly name: string;
  /** Versions, and the source of the rules. */
  readonly source: string;
  readonly model: readonly ModelRule[];
  readonly rules: readonly Rule[];
  /** Outcome of a node without a matching rule. */
  readonly fallback: Outcome;
}
