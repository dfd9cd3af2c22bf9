/** The spec language as types. Made by generate-types.mjs from spec.schema.json and cell.schema.json. */

/**
 * Part of the examples that is kept from training.
 */
export type HeldOutPart = number;
/**
 * A column's name, or its number from 1.
 */
export type Column = string | number;
export type ArraySource = string | NestedNumbers[];
/**
 * A number, or a list of such.
 */
export type NestedNumbers = number | NestedNumbers[];
export type CellOption = number | boolean | string;
export type SizeExpression = number | string;
/**
 * Sizes of the axes; none for a scalar.
 *
 * @maxItems 8
 */
export type Shape = SizeExpression[];
/**
 * A value for the whole tensor, or for slices of its last axis over zeros.
 */
export type Initializer = InitialValue | InitializerSlice[];
export type InitialValue = string | number;
/**
 * @minItems 1
 * @maxItems 1000
 */
export type Equations = string[];
export type Output = string;
export type Name = string;
/**
 * @maxItems 8
 */
export type OnnxBlocks = string[];
/**
 * One layer of the model.
 */
export type Layer =
  | OneHotLayer
  | EmbeddingLayer
  | RnnLayer
  | DenseLayer
  | ProjectionLayer
  | DropoutLayer
  | PoolLayer
  | ConcatLayer
  | AddLayer
  | MultiplyLayer
  | AttentionLayer;
export type LayerName = string;
/**
 * What the layer reads: the name of an earlier layer, or of an input of the data (`inputs`, `decoder_inputs`). By default the layer before.
 */
export type From = LayerName | LayerName[];
export type Size = number | ("vocabulary" | "target_vocabulary" | "classes" | "features");
/**
 * Name of the earlier layer whose weights this one uses in place of its own; null for its own. A dense or projection layer may use an embedding's table, turned around.
 */
export type Weights = LayerName | null;
/**
 * With false the layer's weights stay as they are: drawn from the seed, or given with --init. A layer that uses another's weights leaves it to that one.
 */
export type Trainable = boolean;
export type CellName = string;
/**
 * Width of the state.
 */
export type HiddenSize = number;
/**
 * With false the cell's weights stay as they are: drawn from the seed, or given with --init. On a layer: for every cell that does not say otherwise.
 */
export type Trainable1 = boolean;
/**
 * The cell's input is added to its output; the state is not changed. On a layer: for every cell that does not say otherwise.
 */
export type Residual = boolean;
/**
 * The cell also runs from the end to the start, and this joins both outputs. On a layer: for every cell that does not say otherwise.
 */
export type Bidirectional = "none" | "concat" | "sum" | "mean" | "mul";
export type Rate = number;
export type StateRates =
  | Rate
  | {
      [k: string]: Rate;
    };
/**
 * In training, the probability that an entry of the state stays what it was for a step; evaluation and inference take the mean of both values by that probability. A number is for every state, an object has a number by state. On a layer: for every cell that does not say otherwise.
 */
export type Zoneout =
  | Rate
  | {
      [k: string]: Rate;
    };
/**
 * The cell's output is normalized over its units, then scaled and shifted by `layer_norm/gain` and `layer_norm/shift`; the state is not changed. On a layer: for every cell that does not say otherwise.
 */
export type LayerNorm = boolean;
/**
 * Option of the cells `rnn` and `layer_norm_rnn` (tanh by default) and `indrnn` (relu by default): tanh or relu.
 */
export type ActivationOption = number | boolean | string;
/**
 * Option of the cell `lstm`: the memory c stays within plus and minus this number; 0, the default, is no limit.
 */
export type CellClipOption = number | boolean | string;
/**
 * Option of the cells `lstm`, `layer_norm_lstm` and `minlstm`: first value of the forget gate's bias (or shift), 1 by default.
 */
export type ForgetBiasOption = number | boolean | string;
/**
 * Option of the cell `lstm`: the gates also see the memory c, each unit its own, through the vectors pi, pf and po. False by default.
 */
export type PeepholesOption = number | boolean | string;
/**
 * Option of the cell `lstm`: the output, and the state h, are a product with the matrix P, this wide; 0, the default, is none.
 */
export type ProjectionSizeOption = number | boolean | string;
/**
 * Option of the cell `indrnn`: first value of the weights u of each unit's own past, 1 by default.
 */
export type RecurrentWeightOption = number | boolean | string;
/**
 * Option of the cell `gru`: the reset gate acts after the product with U (true, the default, as cuDNN and ONNX have it) or before it.
 */
export type ResetAfterOption = number | boolean | string;
/**
 * Applied to the layer's output. Softmax or sigmoid on the layer that feeds the loss belongs to the loss in training, and is applied in inference.
 */
export type Activation = "none" | "softmax" | "sigmoid" | "tanh" | "relu";
/**
 * A weight for each output.
 *
 * @minItems 1
 * @maxItems 10000
 */
export type ListOfWeights = number[];
/**
 * The mean over all elements, or their sum.
 */
export type Reduction = "mean" | "sum";
/**
 * A metric by its name, or as an object.
 */
export type MetricEntry =
  | (
      | "accuracy"
      | "top_k"
      | "binary_accuracy"
      | "f1"
      | "precision"
      | "recall"
      | "exact_sequence"
      | "label_error_rate"
      | "perplexity"
      | "bits_per_character"
      | "rmse"
      | "mae"
    )
  | Metric;
/**
 * A metric with its options.
 */
export type Metric =
  | AccuracyMetric
  | TopKAccuracyMetric
  | BinaryAccuracyMetric
  | F1Metric
  | PrecisionMetric
  | RecallMetric
  | ExactSequenceMetric
  | LabelErrorRateMetric
  | PerplexityMetric
  | BitsPerCharacterMetric
  | RMSEMetric
  | MAEMetric;
export type Penalty = number;
/**
 * Size of the updates; the schedule multiplies it.
 */
export type LearningRate = number;
/**
 * Limits the gradient before the update: by the norm over all parameters together, or each element by value.
 */
export type GradientClip = {
  /**
   * Largest norm of all gradients together.
   */
  global_norm?: number;
  /**
   * Largest magnitude of one element.
   */
  value?: number;
} | null;
/**
 * What multiplies the learning rate. Update N uses n = N - 1; with warmup_steps the rate first rises to its full height, and n counts from there.
 */
export type Schedule =
  | ConstantSchedule
  | ExponentialDecaySchedule
  | CosineDecaySchedule
  | LinearWarmupSchedule
  | StepDecaySchedule
  | PolynomialDecaySchedule
  | InverseSquareRootSchedule
  | PlateauSchedule;
export type ScheduleSteps = number;
/**
 * Updates of a linear rise before it: (n + 1) / warmup_steps.
 */
export type WarmupSteps = number;
/**
 * Where it ends and stays, as a part of the learning rate.
 */
export type MinimumRatio = number;
/**
 * A moving average of the weights, which evaluation, samples, checkpoints' weights and exported models then use; the updates go on from the weights themselves.
 */
export type AverageOfTheWeights = {
  decay: Fraction;
} | null;
export type Fraction = number;
export type Epsilon = number;
export type WeightDecay = number;
/**
 * Whose arithmetic: epsilon beside the root before its correction (tensorflow, and keras with defaults of its own) or after it (torch).
 */
export type Variant = "tensorflow" | "torch" | "keras";
/**
 * Text that the model writes while it trains, with the weights of the moment. For text data and models that read forward only.
 */
export type SamplesWhileTraining = {
  /**
   * Updates between samples.
   */
  every?: number;
  /**
   * What the text begins with; without one, the first unit of the training text.
   */
  prompt?: string;
  /**
   * Units to write after the prompt.
   */
  length?: number;
  /**
   * Divides the logits: below 1 likely units become likelier, and 0 always takes the likeliest.
   */
  temperature?: number;
} | null;
/**
 * Which metric of the validation part: "loss", or one that the loss brings with it, such as "accuracy" or "rmse".
 */
export type Metric1 = string;
/**
 * Whether a smaller value is better, or a larger. By default "max" for metrics such as accuracy and f1, else "min".
 */
export type Mode = "min" | "max";

/**
 * A model, its data and its training, as rnnx compiles them.
 */
export interface Spec {
  /**
   * Path of this schema: editors then complete and explain keys.
   */
  $schema?: string;
  /**
   * Name of the model, and of the run directory `runs/<name>`. By default the name of the spec's file.
   */
  name?: string;
  /**
   * Chooses the first weights and the order of the data. The same spec and seed give the same losses.
   */
  seed?: number;
  /**
   * What the model learns from.
   */
  data: TextData | TableData | SequencesData | PairsData | ImagesData | ArraysData;
  /**
   * Cells of your own, by name, as equations. A cell named like a built-in one takes its place.
   */
  cells?: {
    [k: string]: CellDefinition;
  };
  /**
   * The layers, in order: each reads what the one before it makes.
   *
   * @minItems 1
   * @maxItems 1000
   */
  model: Layer[];
  /**
   * What training makes small.
   */
  loss:
    | SequenceLoss
    | CrossEntropyLoss
    | SampledSoftmaxLoss
    | BinaryCrossEntropyLoss
    | SquaredErrorLoss
    | AbsoluteErrorLoss
    | HuberLoss
    | CTCLoss;
  /**
   * What evaluations report beside the loss, over live steps. Where left out: accuracy and perplexity for sequence_loss, accuracy and perplexity for sampled_softmax, accuracy for cross_entropy, binary_accuracy for binary_cross_entropy, rmse for squared_error, mae for absolute_error and huber, exact_sequence and label_error_rate for ctc.
   */
  metrics?: MetricEntry[] | null;
  /**
   * Penalties that are added to the loss, in training and in evaluation: on the trained weights, which are the parameters with two axes or more, and on what rnn layers put out.
   */
  regularization?: {
    l2?: Penalty;
    l1?: Penalty;
    activity?: Penalty;
    /**
     * Whether l1 and l2 also count parameters with a single axis: biases, gains, learned first states.
     */
    biases?: boolean;
  } | null;
  /**
   * How the gradient moves the weights.
   */
  optimizer:
    | GradientDescentOptimizer
    | MomentumOptimizer
    | RMSPropOptimizer
    | AdagradOptimizer
    | AdadeltaOptimizer
    | AdamOptimizer
    | AdamWOptimizer
    | NAdamOptimizer
    | LionOptimizer;
  train?: TrainingSettings;
}
/**
 * Windows of a text; the target of each unit is the unit after it.
 */
export interface TextData {
  /**
   * Text.
   */
  type: "text";
  /**
   * The text itself. Give either this or `file`.
   */
  text?: string | null;
  /**
   * A text file in UTF-8, relative to the spec. Give either this or `text`.
   */
  file?: string | null;
  /**
   * What one time step is.
   */
  unit?: "char" | "word" | "byte";
  /**
   * Units in one training sequence.
   */
  window: number;
  /**
   * Units from the start of one window to the start of the next. By default 1, with stateful layers the window.
   */
  stride?: number;
  vocabulary?: Vocabulary;
  split?: SplitOfASeries;
}
/**
 * Which units have an id of their own: those that the training part holds. All others share one, the unknown.
 */
export interface Vocabulary {
  /**
   * The most entries, the unknown included; the most frequent units are kept. null: no limit.
   */
  size?: number | null;
  /**
   * How often the training part must hold a unit.
   */
  min_count?: number;
}
/**
 * Parts of the series to train on, to watch while training, and to test with; their targets do not overlap.
 */
export interface SplitOfASeries {
  /**
   * Part of the examples to train on. By default what the other parts leave.
   */
  train?: number;
  validation?: HeldOutPart;
  test?: HeldOutPart;
  /**
   * Whether the parts follow each other as the data does, or are drawn by the seed.
   */
  order?: "time" | "shuffled";
}
/**
 * Windows over the rows of a CSV file, for example a series of prices. The target is the row after a window, or, where the model says something at every step, the row after each step.
 */
export interface TableData {
  /**
   * A table.
   */
  type: "table";
  /**
   * A CSV file in UTF-8, relative to the spec.
   */
  file: string;
  /**
   * Where the columns' names are: true for the first row, "comment" for the last comment before it, false for nowhere. "auto" takes a first row that is not all numbers, then a comment with as many fields.
   */
  header?: true | false | "comment" | "auto";
  /**
   * Lines that begin with this are skipped. With "" none are.
   */
  comment?: string;
  /**
   * What separates the fields of a row. null: a tab in .tsv files, else a comma.
   */
  delimiter?: string | null;
  /**
   * Columns to read as inputs, by name, or by number from 1. null: all that hold numbers.
   *
   * @minItems 1
   * @maxItems 10000
   */
  columns?: Column[] | null;
  /**
   * Columns to predict, by name, or by number from 1. null: those that are inputs. A loss over classes takes one column of labels.
   *
   * @minItems 1
   * @maxItems 10000
   */
  target?: Column[] | null;
  /**
   * Rows in one training sequence.
   */
  window: number;
  /**
   * Rows from the last row of a window to its target. With 0 they are the same row, whose target columns are then no inputs.
   */
  horizon?: number;
  /**
   * Rows from the start of one window to the start of the next. By default 1, with stateful layers the window.
   */
  stride?: number;
  /**
   * Whether the file has the newest row first.
   */
  reverse?: boolean;
  /**
   * Bring each column to the range from 0 to 1, or to mean 0 and deviation 1, as it is in the training part. Predictions are scaled back.
   */
  scale?: "none" | "min_max" | "standard";
  /**
   * What a missing value (nothing, NA, NaN, null) means: an error, to drop its row, or the value of the previous row.
   */
  missing?: "error" | "drop" | "previous";
  split?: SplitOfASeries;
}
/**
 * Sequences of any length, one a line: JSON lines with `text`, `tokens` (a list) or `inputs` (a list of vectors), and one `label` or a list of `tags`, one for each step; or a CSV file with columns of these names. Layers know the lengths by themselves.
 */
export interface SequencesData {
  /**
   * Sequences.
   */
  type: "sequences";
  /**
   * A .jsonl, .csv or .tsv file in UTF-8, relative to the spec.
   */
  file: string;
  /**
   * What one time step of `text` is: a word (what white space parts) or a character.
   */
  unit?: "word" | "char";
  vocabulary?: Vocabulary;
  /**
   * Steps after which a sequence, and its tags, are cut. null: none is.
   */
  max_length?: number | null;
  /**
   * Groups of similar length. A batch holds sequences of one group and is padded to the longest of the group.
   */
  buckets?: number;
  split?: Split;
}
/**
 * Parts of the examples to train on, to watch while training, and to test with.
 */
export interface Split {
  /**
   * Part of the examples to train on. By default what the other parts leave.
   */
  train?: number;
  validation?: HeldOutPart;
  test?: HeldOutPart;
  /**
   * Whether the parts follow each other as the data does, or are drawn by the seed.
   */
  order?: "time" | "shuffled";
}
/**
 * A source and the sequence that it becomes. Layers read the source as `inputs`, and the target after a start token as `decoder_inputs`; the targets end in an end token. Sizes: "vocabulary" (source), "target_vocabulary".
 */
export interface PairsData {
  /**
   * Pairs.
   */
  type: "pairs";
  /**
   * The pairs themselves: a source (text, or a list of numbers) and a target. Give either this or `file`.
   *
   * @minItems 1
   * @maxItems 100000
   */
  pairs?: unknown[][] | null;
  /**
   * One pair a line, relative to the spec: source and target separated by a tab, or in a `.jsonl` file {"source": text or numbers, "target": text}. Give either this or `pairs`.
   */
  file?: string | null;
  /**
   * What one time step is, on both sides.
   */
  unit?: "char" | "word";
  split?: Split;
}
/**
 * Images of one size in IDX files, gzipped or not, as MNIST has them. The rows of an image are its time steps, from 0 (black) to 1.
 */
export interface ImagesData {
  /**
   * Images.
   */
  type: "images";
  /**
   * An IDX file of bytes [images, rows, columns], relative to the spec.
   */
  file: string;
  /**
   * An IDX file of bytes [images], relative to the spec: the class of each image.
   */
  labels: string;
  /**
   * Use only that many images, the first. null: all.
   */
  limit?: number | null;
  split?: Split;
}
/**
 * Numbers: each role is a `.npy`, `.npz` or `.json` file relative to the spec, or nested lists. The first axis is the example.
 */
export interface ArraysData {
  /**
   * Arrays of numbers.
   */
  type: "arrays";
  /**
   * Token ids [batch, time], features [batch, time, features] or rows [batch, features]; or several such arrays by the names that layers give in `from`, the first of which is also called `inputs`.
   */
  inputs:
    | ArraySource
    | {
        [k: string]: ArraySource;
      };
  targets: ArraySource;
  /**
   * Live steps of each sequence, [batch]. They reach every layer, loss and metric by themselves.
   */
  lengths?: ArraySource | null;
  /**
   * Weight of each step in the loss, [batch, time].
   */
  weights?: ArraySource | null;
  /**
   * First states by public name, each [batch, size]; others start at zero.
   */
  initial_states?: {
    [k: string]: ArraySource;
  };
  split?: Split;
}
/**
 * A recurrent cell as equations: the names and shapes of its state and parameters, and one step of the recurrence. The gradient is made by the compiler.
 */
export interface CellDefinition {
  /**
   * Path of this schema, for editors.
   */
  $schema?: string;
  /**
   * What the cell is, in a sentence.
   */
  description?: string;
  /**
   * The cell's own options with their defaults: numbers, true or false, or words. They are given beside `cell` where the cell is used. Numbers may be used in sizes, equations and initializers; the legal values of a word are the keys of its `variants`.
   */
  options?: {
    [k: string]: CellOption;
  };
  /**
   * Name and size of each state. In equations the plain name is the state before the step, and the primed name the state after it.
   */
  state: {
    [k: string]: SizeExpression;
  };
  /**
   * Name and shape of each trainable tensor. Kernels are [in, out].
   */
  parameters: {
    [k: string]: Shape;
  };
  /**
   * How parameters start. Those that are not named: glorot_uniform for matrices, 0 for the others.
   */
  initializers?: {
    [k: string]: Initializer;
  };
  equations: Equations;
  output: Output;
  /**
   * The recurrent operator of ONNX whose equations are the cell's, and the weights that it reads. Exported models have the operator in place of a loop wherever it gives the same numbers, which is tried at every export. null: the cell is exported as a loop.
   */
  onnx?: ONNXMapping | null;
  /**
   * For each option, for each of its values as text (`"true"`, `"relu"`, `"0"`; `"otherwise"` for all numbers that have none of their own): what the cell has besides, or instead. Variants apply in the order in which they stand.
   */
  variants?: {
    [k: string]: {
      [k: string]: CellVariant;
    };
  };
}
/**
 * A range of the last axis and its value.
 */
export interface InitializerSlice {
  /**
   * First index of the range.
   */
  from: number | SizeExpression;
  to: SizeExpression;
  value: InitialValue;
}
/**
 * An operator and its operands. Each operand is a list of blocks of columns, gate by gate in ONNX's order (LSTM: input, output, forget, cell; GRU: update, reset, hidden). A block is a parameter, or `U[1]`, the second of its pieces that are `hidden_size` wide; a minus sign before it turns its sign. No blocks: zeros.
 */
export interface ONNXMapping {
  /**
   * The operator.
   */
  operator: "RNN" | "GRU" | "LSTM";
  /**
   * The operator's activations in its own order; none are its usual ones.
   *
   * @maxItems 3
   */
  activations?: ("Sigmoid" | "Tanh" | "Relu")[];
  /**
   * GRU: the reset gate multiplies the recurrent sum rather than the state.
   */
  linear_before_reset?: boolean;
  /**
   * The cell's states that are the operator's: h, and for LSTM c. None: in the order in which the cell has them.
   *
   * @maxItems 2
   */
  states?: Name[];
  W: OnnxBlocks;
  R: OnnxBlocks;
  Wb?: OnnxBlocks;
  Rb?: OnnxBlocks;
  P?: OnnxBlocks;
}
/**
 * State, parameters and initializers are added to the cell's own, or take the place of those of the same name; equations and output take the place of the cell's own.
 */
export interface CellVariant {
  /**
   * States that this variant adds.
   */
  state?: {
    [k: string]: SizeExpression;
  };
  /**
   * Parameters that this variant adds.
   */
  parameters?: {
    [k: string]: Shape;
  };
  /**
   * Initializers that this variant adds.
   */
  initializers?: {
    [k: string]: Initializer;
  };
  /**
   * A list takes the place of all of the cell's equations. An object takes the place of single ones: under a name that an equation sets stands what the cell has in place of that equation, one line or several.
   */
  equations?: Equations | ReplacedEquations | null;
  /**
   * Members that take the place of those of the cell's mapping; null: with this variant the cell is no operator of ONNX.
   */
  onnx?: ChangedONNXMapping | null;
  /**
   * Output that takes the place of the cell's own.
   */
  output?: Output | null;
}
/**
 * By a name that an equation of the cell sets: the line, or the lines, in the place of that equation.
 */
export interface ReplacedEquations {
  [k: string]: string | Equations;
}
/**
 * What this variant has in place of members of the cell's mapping.
 */
export interface ChangedONNXMapping {
  /**
   * The operator.
   */
  operator?: "RNN" | "GRU" | "LSTM";
  /**
   * The operator's activations in its own order; none are its usual ones.
   *
   * @maxItems 3
   */
  activations?: ("Sigmoid" | "Tanh" | "Relu")[];
  /**
   * GRU: the reset gate multiplies the recurrent sum rather than the state.
   */
  linear_before_reset?: boolean;
  /**
   * The cell's states that are the operator's: h, and for LSTM c. None: in the order in which the cell has them.
   *
   * @maxItems 2
   */
  states?: Name[];
  W?: OnnxBlocks;
  R?: OnnxBlocks;
  Wb?: OnnxBlocks;
  Rb?: OnnxBlocks;
  P?: OnnxBlocks;
}
/**
 * Token ids to rows with a single 1.
 */
export interface OneHotLayer {
  /**
   * One-hot.
   */
  layer: "one_hot";
  name?: LayerName;
  from?: From;
  size?: Size;
}
/**
 * Token ids to rows of a trained table.
 */
export interface EmbeddingLayer {
  /**
   * Embedding.
   */
  layer: "embedding";
  name?: LayerName;
  from?: From;
  vocabulary_size?: Size;
  weights?: Weights;
  size: Size;
  trainable?: Trainable;
}
/**
 * One recurrent cell or a stack of them, run over time. Either `cell` with `hidden_size` and the cell's own options (and `layers` for a stack of that cell), or `cells`.
 */
export interface RnnLayer {
  /**
   * Recurrent.
   */
  layer: "rnn";
  name?: LayerName;
  from?: From;
  cell?: CellName;
  hidden_size?: HiddenSize;
  /**
   * How many of this cell are stacked, each reading the output of the one before it.
   */
  layers?: number;
  /**
   * The stack: each cell reads the output of the one before it.
   *
   * @minItems 1
   * @maxItems 1000
   */
  cells?: Cell[];
  /**
   * All cells of the stack use one set of weights, named after the first.
   */
  share_weights?: boolean;
  weights?: Weights;
  initial_state?: LayerName;
  /**
   * States go on from batch to batch (truncated backpropagation through time): each row of a batch continues the same row of the batch before.
   */
  stateful?: boolean;
  /**
   * Lay the steps out one after another where their number is known, in place of a loop. The numbers are the same.
   */
  unroll?: boolean;
  /**
   * The output of every step, of the last live step, or the last cell's final state.
   */
  return?: "sequence" | "last" | "state";
  trainable?: Trainable1;
  residual?: Residual;
  bidirectional?: Bidirectional;
  dropout?: CellDropout;
  zoneout?: Zoneout;
  layer_norm?: LayerNorm;
  activation?: ActivationOption;
  cell_clip?: CellClipOption;
  forget_bias?: ForgetBiasOption;
  peepholes?: PeepholesOption;
  projection_size?: ProjectionSizeOption;
  recurrent_weight?: RecurrentWeightOption;
  reset_after?: ResetAfterOption;
  [k: string]: unknown;
}
/**
 * One cell of a stack, with its own options beside these keys.
 */
export interface Cell {
  cell: CellName;
  hidden_size: HiddenSize;
  trainable?: Trainable1;
  residual?: Residual;
  bidirectional?: Bidirectional;
  dropout?: CellDropout;
  zoneout?: Zoneout;
  layer_norm?: LayerNorm;
  activation?: ActivationOption;
  cell_clip?: CellClipOption;
  forget_bias?: ForgetBiasOption;
  peepholes?: PeepholesOption;
  projection_size?: ProjectionSizeOption;
  recurrent_weight?: RecurrentWeightOption;
  reset_after?: ResetAfterOption;
  [k: string]: unknown;
}
/**
 * In training, entries around the cell are 0 with a probability, and the others are scaled so that the mean stays; evaluation and inference leave it out. On a layer: for every cell that does not say otherwise.
 */
export interface CellDropout {
  input?: Rate;
  output?: Rate;
  state?: StateRates;
  /**
   * Whether a sequence drops the same entries at every step, in place of others at each.
   */
  variational?: boolean;
}
/**
 * x @ W + b on the last axis.
 */
export interface DenseLayer {
  /**
   * Dense.
   */
  layer: "dense";
  name?: LayerName;
  from?: From;
  weights?: Weights;
  size: Size;
  activation?: Activation;
  /**
   * Whether b is added.
   */
  bias?: boolean;
  trainable?: Trainable;
}
/**
 * A dense layer that makes the logits: x @ W + b on the last axis.
 */
export interface ProjectionLayer {
  /**
   * Projection.
   */
  layer: "projection";
  name?: LayerName;
  from?: From;
  weights?: Weights;
  size?: Size;
  activation?: Activation;
  /**
   * Whether b is added.
   */
  bias?: boolean;
  trainable?: Trainable;
}
/**
 * In training each entry is 0 with a probability, and the others are scaled so that the mean stays. Evaluation and inference leave it out.
 */
export interface DropoutLayer {
  /**
   * Dropout.
   */
  layer: "dropout";
  name?: LayerName;
  from?: From;
  rate: Rate;
}
/**
 * One vector from a sequence, over its live steps: padding never counts.
 */
export interface PoolLayer {
  /**
   * Pool.
   */
  layer: "pool";
  name?: LayerName;
  from?: From;
  /**
   * The largest entry over time, the mean, the sum, or the last live step.
   */
  mode?: "max" | "mean" | "sum" | "last";
}
/**
 * Several layers' outputs side by side on the last axis.
 */
export interface ConcatLayer {
  /**
   * Concat.
   */
  layer: "concat";
  name?: LayerName;
  /**
   * The layers that this one reads, by name.
   *
   * @minItems 2
   * @maxItems 64
   */
  from: LayerName[];
}
/**
 * The sum of several layers' outputs, entry by entry.
 */
export interface AddLayer {
  /**
   * Add.
   */
  layer: "add";
  name?: LayerName;
  /**
   * The layers that this one reads, by name.
   *
   * @minItems 2
   * @maxItems 64
   */
  from: LayerName[];
}
/**
 * The product of several layers' outputs, entry by entry.
 */
export interface MultiplyLayer {
  /**
   * Multiply.
   */
  layer: "multiply";
  name?: LayerName;
  /**
   * The layers that this one reads, by name.
   *
   * @minItems 2
   * @maxItems 64
   */
  from: LayerName[];
}
/**
 * For each step of the first layer in `from` (the query), the steps of the second (the memory) weighted by softmax of a score.
 */
export interface AttentionLayer {
  /**
   * Attention.
   */
  layer: "attention";
  name?: LayerName;
  /**
   * The layers that this one reads, by name.
   *
   * @minItems 2
   * @maxItems 64
   */
  from: LayerName[];
  /**
   * dot: q·k (widths must be equal); general: (q W)·k; additive: v·tanh(q Wq + k Wk).
   */
  score?: "dot" | "general" | "additive";
  /**
   * Divide dot and general scores by the root of the width.
   */
  scale?: boolean;
  /**
   * Width of the additive score's hidden layer; null for the width of the memory.
   */
  size?: number | null;
  trainable?: Trainable;
}
/**
 * Weighted cross-entropy of logits over time, as TensorFlow's sequence_loss.
 */
export interface SequenceLoss {
  /**
   * Sequence loss.
   */
  type: "sequence_loss";
  /**
   * Divide by the weight of the steps.
   */
  average_across_timesteps?: boolean;
  /**
   * Divide by the weight of the examples. Off, with the average across timesteps on: one loss per example, as TensorFlow's sequence_loss_by_example, and training makes their sum small.
   */
  average_across_batch?: boolean;
  /**
   * A weight for each class. The weight of a step's target class multiplies the step's weight, also in the average.
   */
  class_weights?: ListOfWeights | null;
}
/**
 * Cross-entropy of logits: targets are classes as whole numbers, or rows of probabilities.
 */
export interface CrossEntropyLoss {
  /**
   * Cross-entropy.
   */
  type: "cross_entropy";
  reduction?: Reduction;
  /**
   * The share of each target that is spread over all classes.
   */
  label_smoothing?: number;
  /**
   * A weight for each class, which multiplies its part of the loss. The mean is over the number of elements, not over their weights.
   */
  class_weights?: ListOfWeights | null;
}
/**
 * Cross-entropy for a large vocabulary: in training each target is held against a few sampled classes, and only their columns of the last layer, a dense or projection layer, are multiplied. Evaluation reads all classes. Targets are classes as whole numbers.
 */
export interface SampledSoftmaxLoss {
  /**
   * Cross-entropy among sampled classes.
   */
  type: "sampled_softmax";
  /**
   * The number of sampled classes, drawn anew for each update.
   */
  samples: number;
  /**
   * What classes are sampled by: "log_uniform", for classes that are numbered from the frequent to the rare (by Zipf's law), or "uniform". Logits are corrected for it.
   */
  distribution?: "log_uniform" | "uniform";
  reduction?: Reduction;
}
/**
 * Cross-entropy of logits of independent yes-or-no answers; targets from 0 to 1.
 */
export interface BinaryCrossEntropyLoss {
  /**
   * Binary cross-entropy.
   */
  type: "binary_cross_entropy";
  reduction?: Reduction;
  /**
   * Multiplies the loss of targets that are 1: one number, or one for each output.
   */
  positive_weight?: number | ListOfWeights;
}
/**
 * The squared difference to the target.
 */
export interface SquaredErrorLoss {
  /**
   * Squared error.
   */
  type: "squared_error";
  reduction?: Reduction;
}
/**
 * The absolute difference to the target.
 */
export interface AbsoluteErrorLoss {
  /**
   * Absolute error.
   */
  type: "absolute_error";
  reduction?: Reduction;
}
/**
 * Half the squared difference up to `delta`, linear beyond.
 */
export interface HuberLoss {
  /**
   * Huber loss.
   */
  type: "huber";
  reduction?: Reduction;
  /**
   * Where the loss becomes linear.
   */
  delta?: number;
}
/**
 * Connectionist temporal classification: how unlikely it is that the outputs, one per step, spell the labels, over every way to align the two. Targets are labels [batch, labels] as whole numbers, rows padded at their ends with the blank.
 */
export interface CTCLoss {
  /**
   * Connectionist temporal classification.
   */
  type: "ctc";
  /**
   * The mean over sequences, or their sum. A sequence's loss is not divided by its number of labels.
   */
  reduction?: "mean" | "sum";
  /**
   * The class that stands for no label: 0 as in PyTorch and Keras, or "last" as in TensorFlow 1.
   */
  blank?: number | "last";
  /**
   * A sequence with too few steps for its labels has an infinite loss; with true it counts as 0 and has no gradient.
   */
  zero_infinity?: boolean;
}
/**
 * The share of entries whose largest output is the target class.
 */
export interface AccuracyMetric {
  /**
   * The share of entries whose largest output is the target class.
   */
  type: "accuracy";
}
/**
 * The share of entries whose target class is among the k largest outputs, as TensorFlow's in_top_k: classes that tie with the k-th count as among them. Reported as top_<k>_accuracy.
 */
export interface TopKAccuracyMetric {
  /**
   * The share of entries whose target class is among the k largest outputs, as TensorFlow's in_top_k: classes that tie with the k-th count as among them. Reported as top_<k>_accuracy.
   */
  type: "top_k";
  /**
   * How many of the largest outputs.
   */
  k?: number;
}
/**
 * The share of answers on the target's side of one half.
 */
export interface BinaryAccuracyMetric {
  /**
   * The share of answers on the target's side of one half.
   */
  type: "binary_accuracy";
}
/**
 * The harmonic mean of precision and recall of each class, averaged over the classes that occur (macro F1).
 */
export interface F1Metric {
  /**
   * The harmonic mean of precision and recall of each class, averaged over the classes that occur (macro F1).
   */
  type: "f1";
}
/**
 * The share of a class's answers that are right, averaged over the classes that occur.
 */
export interface PrecisionMetric {
  /**
   * The share of a class's answers that are right, averaged over the classes that occur.
   */
  type: "precision";
}
/**
 * The share of a class's targets that are found, averaged over the classes that occur.
 */
export interface RecallMetric {
  /**
   * The share of a class's targets that are found, averaged over the classes that occur.
   */
  type: "recall";
}
/**
 * The share of sequences that are right at every live step; with ctc, those whose most likely outputs spell the labels.
 */
export interface ExactSequenceMetric {
  /**
   * The share of sequences that are right at every live step; with ctc, those whose most likely outputs spell the labels.
   */
  type: "exact_sequence";
}
/**
 * Insertions, deletions and substitutions that turn what a ctc model's most likely outputs spell into the labels, for each label.
 */
export interface LabelErrorRateMetric {
  /**
   * The edits of what ctc spells, for each label.
   */
  type: "label_error_rate";
}
/**
 * e to the mean cross-entropy, weighted by the data's weights; without smoothing, class weights or penalties.
 */
export interface PerplexityMetric {
  /**
   * e to the mean cross-entropy, weighted by the data's weights; without smoothing, class weights or penalties.
   */
  type: "perplexity";
}
/**
 * The mean cross-entropy in bits per step; otherwise as perplexity.
 */
export interface BitsPerCharacterMetric {
  /**
   * The mean cross-entropy in bits per step; otherwise as perplexity.
   */
  type: "bits_per_character";
}
/**
 * The root of the mean squared error.
 */
export interface RMSEMetric {
  /**
   * The root of the mean squared error.
   */
  type: "rmse";
}
/**
 * The mean absolute error.
 */
export interface MAEMetric {
  /**
   * The mean absolute error.
   */
  type: "mae";
}
/**
 * Plain gradient descent.
 */
export interface GradientDescentOptimizer {
  /**
   * Gradient descent.
   */
  type: "sgd";
  learning_rate: LearningRate;
  clip?: GradientClip;
  schedule?: Schedule;
  average?: AverageOfTheWeights;
}
/**
 * The learning rate stays as it is.
 */
export interface ConstantSchedule {
  /**
   * Constant.
   */
  type: "constant";
}
/**
 * decay_rate ^ (n / decay_steps).
 */
export interface ExponentialDecaySchedule {
  /**
   * Exponential decay.
   */
  type: "exponential_decay";
  decay_steps: ScheduleSteps;
  /**
   * The factor.
   */
  decay_rate: number;
  /**
   * Decay in jumps: n / decay_steps is rounded down.
   */
  staircase?: boolean;
  warmup_steps?: WarmupSteps;
}
/**
 * Half a cosine from 1 down to minimum_ratio over decay_steps, after a linear rise over warmup_steps.
 */
export interface CosineDecaySchedule {
  /**
   * Cosine decay.
   */
  type: "cosine_decay";
  decay_steps: ScheduleSteps;
  /**
   * Where it ends and stays, as a part of the learning rate.
   */
  minimum_ratio?: number;
  warmup_steps?: WarmupSteps;
}
/**
 * min(1, (n + 1) / warmup_steps).
 */
export interface LinearWarmupSchedule {
  /**
   * Linear warmup.
   */
  type: "linear_warmup";
  warmup_steps: ScheduleSteps;
}
/**
 * The rate falls in jumps: every so many updates, or at boundaries.
 */
export interface StepDecaySchedule {
  /**
   * Step decay.
   */
  type: "step_decay";
  /**
   * Updates from jump to jump. Give either this or `boundaries`.
   */
  every?: number | null;
  /**
   * Updates after which the rate jumps: the one after so many others is the first with the new rate. Give either this or `every`.
   *
   * @minItems 1
   * @maxItems 1000
   */
  boundaries?: number[] | null;
  /**
   * What a jump multiplies the rate by; with `boundaries` it may be a list, one for each.
   */
  factor?: number | ListOfWeights;
  warmup_steps?: WarmupSteps;
}
/**
 * (1 - n / decay_steps) ^ power from 1 down to minimum_ratio: a straight line with power 1.
 */
export interface PolynomialDecaySchedule {
  /**
   * Polynomial decay.
   */
  type: "polynomial_decay";
  decay_steps: ScheduleSteps;
  minimum_ratio?: MinimumRatio;
  /**
   * Above 1 it falls fast at first, below 1 at the end.
   */
  power?: number;
  warmup_steps?: WarmupSteps;
}
/**
 * 1 / sqrt(1 + n / decay_steps). With warmup_steps of the same number it is the schedule of the Transformer.
 */
export interface InverseSquareRootSchedule {
  /**
   * Inverse square root.
   */
  type: "inverse_sqrt";
  decay_steps: ScheduleSteps;
  warmup_steps?: WarmupSteps;
}
/**
 * The rate falls when a metric has stopped getting better: that of the validation part, or of the part to train on where there is no other. Evaluations are every train.evaluate_every updates.
 */
export interface PlateauSchedule {
  /**
   * Plateau.
   */
  type: "plateau";
  /**
   * The metric that is watched.
   */
  metric?: string;
  /**
   * Whether a smaller value is better, or a larger one. By default larger for shares such as accuracy and F1, smaller for others.
   */
  mode?: "min" | "max";
  /**
   * What the rate is then multiplied by.
   */
  factor?: number;
  /**
   * Evaluations in a row that must not be better than the best before them by more than minimum_delta.
   */
  patience?: number;
  /**
   * How much better counts as better.
   */
  minimum_delta?: number;
  /**
   * Evaluations after a fall that are not counted.
   */
  cooldown?: number;
  minimum_ratio?: MinimumRatio;
  warmup_steps?: WarmupSteps;
}
/**
 * Gradient descent with momentum.
 */
export interface MomentumOptimizer {
  /**
   * Momentum.
   */
  type: "momentum";
  learning_rate?: LearningRate;
  momentum?: Fraction;
  /**
   * Look ahead along the momentum.
   */
  nesterov?: boolean;
  clip?: GradientClip;
  schedule?: Schedule;
  average?: AverageOfTheWeights;
}
/**
 * The gradient over the root of its mean square.
 */
export interface RMSPropOptimizer {
  /**
   * RMSProp.
   */
  type: "rmsprop";
  learning_rate?: LearningRate;
  decay?: Fraction;
  momentum?: Fraction;
  epsilon?: Epsilon;
  /**
   * Whose arithmetic: the mean square starts at 1 with epsilon inside the root (tensorflow), at 0 with epsilon outside (torch), at 0 with epsilon inside (keras).
   */
  variant?: "tensorflow" | "torch" | "keras";
  clip?: GradientClip;
  schedule?: Schedule;
  average?: AverageOfTheWeights;
}
/**
 * The gradient over the root of the sum of its squares.
 */
export interface AdagradOptimizer {
  /**
   * Adagrad.
   */
  type: "adagrad";
  learning_rate?: LearningRate;
  /**
   * Where the sum of squares starts. By default 0.1 for the variant tensorflow, 0 for torch.
   */
  initial_accumulator_value?: number;
  epsilon?: Epsilon;
  /**
   * Whose arithmetic: epsilon inside the root (tensorflow) or outside (torch).
   */
  variant?: "tensorflow" | "torch";
  clip?: GradientClip;
  schedule?: Schedule;
  average?: AverageOfTheWeights;
}
/**
 * The gradient scaled by the root of mean squared updates over that of mean squared gradients.
 */
export interface AdadeltaOptimizer {
  /**
   * Adadelta.
   */
  type: "adadelta";
  learning_rate?: LearningRate;
  decay?: Fraction;
  epsilon?: Epsilon;
  clip?: GradientClip;
  schedule?: Schedule;
  average?: AverageOfTheWeights;
}
/**
 * The mean gradient over the root of its mean square, both corrected for their start at zero.
 */
export interface AdamOptimizer {
  /**
   * Adam.
   */
  type: "adam";
  learning_rate?: LearningRate;
  beta1?: Fraction;
  beta2?: Fraction;
  epsilon?: Epsilon;
  weight_decay?: WeightDecay;
  variant?: Variant;
  clip?: GradientClip;
  schedule?: Schedule;
  average?: AverageOfTheWeights;
}
/**
 * Adam with decoupled weight decay.
 */
export interface AdamWOptimizer {
  /**
   * AdamW.
   */
  type: "adamw";
  learning_rate?: LearningRate;
  beta1?: Fraction;
  beta2?: Fraction;
  epsilon?: Epsilon;
  weight_decay?: WeightDecay;
  variant?: Variant;
  clip?: GradientClip;
  schedule?: Schedule;
  average?: AverageOfTheWeights;
}
/**
 * Adam with Nesterov momentum.
 */
export interface NAdamOptimizer {
  /**
   * NAdam.
   */
  type: "nadam";
  learning_rate?: LearningRate;
  beta1?: Fraction;
  beta2?: Fraction;
  epsilon?: Epsilon;
  /**
   * How fast the momentum schedule 0.96^(t * momentum_decay) falls. By default 0.004 for the variant torch, 1 for keras.
   */
  momentum_decay?: number;
  /**
   * Whose defaults: of momentum_decay and epsilon.
   */
  variant?: "torch" | "keras";
  clip?: GradientClip;
  schedule?: Schedule;
  average?: AverageOfTheWeights;
}
/**
 * The sign of a mean of gradients.
 */
export interface LionOptimizer {
  /**
   * Lion.
   */
  type: "lion";
  learning_rate?: LearningRate;
  beta1?: Fraction;
  beta2?: Fraction;
  weight_decay?: WeightDecay;
  clip?: GradientClip;
  schedule?: Schedule;
  average?: AverageOfTheWeights;
}
/**
 * How long and in which portions. Give `steps` or `epochs`; with neither, 10 epochs.
 */
export interface TrainingSettings {
  /**
   * Updates to make.
   */
  steps?: number | null;
  /**
   * Times through the data. 10 where neither steps nor epochs is given.
   */
  epochs?: number | null;
  /**
   * Examples in one update; "all" of them; or as many as fit into the memory, "largest": all, or else a power of two. What "largest" came to is recorded with the run, and stays when it is resumed.
   */
  batch_size?: number | ("all" | "largest");
  /**
   * "low": recurrent layers run in chunks of about √steps, keep only the states between chunks for the gradient, and run the steps of a chunk again when it needs them (T. Chen et al., 2016). The memory for long sequences falls to a fraction, and a training step takes about a third longer; its numbers are the same up to rounding. For data whose sequences have one length.
   */
  memory?: "normal" | "low";
  /**
   * "float16": the training step computes in 16 bits where that is safe, for GPUs that multiply such matrices faster, and in half the memory. Parameters, optimizer, loss and metrics stay float32; evaluation and exported models too. An object says how the loss is scaled.
   */
  precision?: ("float32" | "float16") | MixedPrecision;
  /**
   * Computes the gradient of a batch in so many portions, one after the other: the same update with the memory of one portion. batch_size stays the number of examples of an update, and is a multiple of this. "auto" takes as few portions as fit into the memory.
   */
  accumulate?: number | "auto";
  /**
   * Take the examples of each epoch in a new order. By default true, with stateful layers false.
   */
  shuffle?: boolean;
  /**
   * Updates in one call of the session; "auto" measures. The results are the same for any number.
   */
  steps_per_call?: number | "auto";
  /**
   * How processes that an MPI launcher started (`mpirun -n 4 rnnx train …`) share the training. Without one it has no effect.
   */
  distributed?: {
    /**
     * "step": every step is made of the whole batch, whose examples the processes share. The numbers are those of one process.
     */
    sync?: "step";
    /**
     * Each process trains by itself with its part of each batch; parameters and optimizer state are averaged after so many updates, and at evaluations and checkpoints. Less communication, but not the numbers of one process.
     */
    average_every?: number;
  };
  /**
   * Updates between checkpoints; with 0 only the last is kept.
   */
  checkpoint_every?: number;
  /**
   * How many checkpoints stay, the newest and those before it. The best one stays as well (keep_best).
   */
  keep_last?: number;
  /**
   * Updates between checkpoints that stay for good, beside those of checkpoint_every; with 0 there are none.
   */
  keep_every?: number;
  sample?: SamplesWhileTraining;
  /**
   * Updates between evaluations. null: after each epoch of a run of epochs; in a run of steps about 20 times, at least 100 updates apart and after whole epochs.
   */
  evaluate_every?: number | null;
  /**
   * End the run when a metric of the validation part has stopped getting better.
   */
  early_stopping?: {
    metric?: Metric1;
    /**
     * Evaluations in a row that may bring nothing better.
     */
    patience?: number;
    /**
     * By how much a value must be better than the best before it.
     */
    minimum_delta?: number;
    mode?: Mode;
  } | null;
  /**
   * End with the weights of the evaluation that was best on the validation part; their checkpoint is kept. On by itself where there is a validation part, watching what early_stopping watches, else the loss; with null the run ends with its last weights.
   */
  keep_best?: {
    metric?: Metric1;
    mode?: Mode;
  } | null;
}
/**
 * Training in float16 and float32, with the scale of its loss.
 */
export interface MixedPrecision {
  /**
   * 16 bits where that is safe.
   */
  type: "float16";
  /**
   * What the loss is multiplied by before it is differentiated, so that small gradients do not vanish in float16; the gradients are divided by it again. A number stays as it is; an object begins with one and fits it to the gradients.
   */
  loss_scale?: number | DynamicLossScale;
}
/**
 * A scale that is halved where a gradient is not finite, whose update is then left out, and doubled where all are for a while.
 */
export interface DynamicLossScale {
  /**
   * The scale of the first update. Powers of two round nothing.
   */
  initial?: number;
  /**
   * Updates in a row with finite gradients after which the scale is doubled.
   */
  growth_interval?: number;
}
