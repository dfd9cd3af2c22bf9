/** Definitions of cells after `normalize`. */

export type CellOption = number | boolean | string;
/** An integer, or arithmetic over `hidden_size`, `input_size` and the cell's numeric options: "4*hidden_size". */
export type SizeExpression = number | string;

export interface NormalCellDefinition {
  readonly description: string;
  /** Defaults. A string option's legal values are the keys of its variants. */
  readonly options: Readonly<Record<string, CellOption>>;
  readonly state: Readonly<Record<string, SizeExpression>>;
  readonly parameters: Readonly<Record<string, readonly SizeExpression[]>>;
  readonly initializers: Readonly<Record<string, CellInitializer>>;
  readonly equations: readonly string[];
  readonly output: string;
  /** The operator of ONNX that the cell is; null: none. */
  readonly onnx: OnnxMapping | null;
  /**
   * For each option, for each of its values (as text: "true", "relu"; "otherwise" for all other numbers): what the cell has
   * instead or besides.
   */
  readonly variants: Readonly<Record<string, Readonly<Record<string, CellVariant>>>>;
}

/**
 * `parameters`, `state` and `initializers` are added to the cell's own, or take the place of those of the same name; a list of
 * `equations` and `output` replace the cell's own when not null. Equations by name take the place of the equation that sets
 * the name.
 */
export interface CellVariant {
  readonly state: Readonly<Record<string, SizeExpression>>;
  readonly parameters: Readonly<Record<string, readonly SizeExpression[]>>;
  readonly initializers: Readonly<Record<string, CellInitializer>>;
  readonly equations: readonly string[] | Readonly<Record<string, string | readonly string[]>> | null;
  readonly output: string | null;
  /** Members that change; null: the cell is no operator of ONNX. */
  readonly onnx: Partial<OnnxMapping> | null;
}

/**
 * An operator of ONNX and its operands by ONNX's names. An operand is a list of blocks of columns, gate by gate in ONNX's
 * order: a parameter `U`, or its piece `U[1]`, perhaps with a minus sign. No blocks: zeros.
 */
export interface OnnxMapping {
  readonly operator: "RNN" | "GRU" | "LSTM";
  /** None: the operator's usual ones. */
  readonly activations: readonly ("Sigmoid" | "Tanh" | "Relu")[];
  readonly linear_before_reset: boolean;
  /** None: the cell's states in order. */
  readonly states: readonly string[];
  readonly W: readonly string[];
  readonly R: readonly string[];
  readonly Wb: readonly string[];
  readonly Rb: readonly string[];
  readonly P: readonly string[];
}

/** A named distribution, a constant, an option's name (its value is the constant), or slices of the last axis over zeros. */
export type CellInitializer =
  | "glorot_uniform"
  | "glorot_normal"
  | "orthogonal"
  | (string & {})
  | number
  | readonly CellInitializerSlice[];

export interface CellInitializerSlice {
  /** [from, to) of the last axis. */
  readonly from: SizeExpression;
  readonly to: SizeExpression;
  readonly value: "glorot_uniform" | "glorot_normal" | "orthogonal" | (string & {}) | number;
}
