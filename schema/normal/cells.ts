/** Definitions of cells and layers after `normalize`. */

export type CellOption = number | boolean | string;
/** An integer, or arithmetic over `hidden_size`, `input_size` and numeric options: "4*hidden_size". */
export type SizeExpression = number | string;
/** The size of a vector, or the sizes of the axes; the batch is none of them. */
export type StateShape = SizeExpression | readonly SizeExpression[];

/** A layer as equations: a cell without states. */
export interface NormalLayerDefinition extends Omit<NormalCellDefinition, "state" | "onnx" | "variants"> {
  readonly variants: Readonly<Record<string, Readonly<Record<string, LayerVariant>>>>;
}

export type LayerVariant = Omit<CellVariant, "state" | "onnx">;

/** The definition of a cell, or of a layer, which has no states and no equivalent operator. */
export type EquationDefinition = Omit<NormalLayerDefinition, "inputs" | "variants"> &
  Partial<Pick<NormalCellDefinition, "inputs" | "state" | "onnx">> & {
    readonly variants: Readonly<Record<string, Readonly<Record<string, EquationVariant>>>>;
  };

export type EquationVariant = LayerVariant & Partial<Pick<CellVariant, "state" | "onnx">>;

export interface NormalCellDefinition {
  readonly description: string;
  /** Defaults. A string option's legal values are the keys of its variants; with "otherwise" activations too. */
  readonly options: Readonly<Record<string, CellOption>>;
  /** Sizes of the inputs in addition to x. */
  readonly inputs: Readonly<Record<string, SizeExpression>>;
  readonly state: Readonly<Record<string, StateShape>>;
  readonly parameters: Readonly<Record<string, readonly SizeExpression[]>>;
  readonly initializers: Readonly<Record<string, CellInitializer>>;
  readonly equations: readonly string[];
  readonly output: string;
  /** The equivalent ONNX operator, or null. */
  readonly onnx: OnnxMapping | null;
  /**
   * Changes of the cell for each option and each of its values (as text: "true", "relu"; "otherwise" for all other
   * numbers, or activations).
   */
  readonly variants: Readonly<Record<string, Readonly<Record<string, CellVariant>>>>;
}

/**
 * `parameters`, `state` and `initializers` are added to the cell's, or replace those of the same name. A list of
 * `equations`, and `output`, replace the cell's unless they are null. Equations by name replace the equations that
 * assign those names.
 */
export interface CellVariant {
  readonly state: Readonly<Record<string, StateShape>>;
  readonly parameters: Readonly<Record<string, readonly SizeExpression[]>>;
  readonly initializers: Readonly<Record<string, CellInitializer>>;
  readonly equations: readonly string[] | Readonly<Record<string, string | readonly string[]>> | null;
  readonly output: string | null;
  /** Members that change. null: the cell has no equivalent ONNX operator. */
  readonly onnx: Partial<OnnxMapping> | null;
}

/**
 * An ONNX operator and its operands by ONNX's names. An operand is a list of column blocks, gate by gate in ONNX's
 * order: a parameter `U`, or its slice `U[1]`, optionally with a minus sign. An empty list is zeros.
 */
export interface OnnxMapping {
  readonly operator: "RNN" | "GRU" | "LSTM";
  /** Empty: the operator's defaults. */
  readonly activations: readonly ("Sigmoid" | "Tanh" | "Relu")[];
  readonly linear_before_reset: boolean;
  /** Empty: the cell's states in order. */
  readonly states: readonly string[];
  readonly W: readonly string[];
  readonly R: readonly string[];
  readonly Wb: readonly string[];
  readonly Rb: readonly string[];
  readonly P: readonly string[];
}

/** Distributions of initial parameters. */
export const distributionNames = [
  ...(["glorot_uniform", "glorot_normal", "he_uniform", "he_normal", "lecun_uniform", "lecun_normal"] as const),
  ...(["pytorch_uniform", "orthogonal"] as const),
] as const;
export type DistributionName = (typeof distributionNames)[number];

/** A named distribution, a constant, a numeric option's name, or slices of the last axis over zeros. */
export type CellInitializer = DistributionName | (string & {}) | number | readonly CellInitializerSlice[];

export interface CellInitializerSlice {
  /** [from, to) of the last axis. */
  readonly from: SizeExpression;
  readonly to: SizeExpression;
  readonly value: DistributionName | (string & {}) | number;
}
