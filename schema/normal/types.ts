/** A spec after `normalize`, as types. Written by generate-types.mjs from spec.schema.json. */
import type { CellOption, NormalCellDefinition } from "./cells.js";

/** What the model learns from. */
export type NormalData =
  | NormalTextData
  | NormalTableData
  | NormalSequencesData
  | NormalPairsData
  | NormalImagesData
  | NormalArraysData;

/** Windows of a text; the target of each unit is the unit after it. */
export interface NormalTextData {
  readonly type: "text";
  /** The text itself. Give either this or `file`. */
  readonly text: string | null;
  /** A text file in UTF-8, relative to the spec. Give either this or `text`. */
  readonly file: string | null;
  /** What one time step is. */
  readonly unit: "char" | "word" | "byte";
  /** Units in one training sequence. */
  readonly window: number;
  /** Units from the start of one window to the start of the next. By default 1, with stateful layers the window. */
  readonly stride: number;
  readonly vocabulary: NormalVocabulary;
  readonly split: NormalSeriesSplit;
}

/** Which units have an id of their own: those that the training part holds. All others share one, the unknown. */
export interface NormalVocabulary {
  /** The most entries, the unknown included; the most frequent units are kept. null: no limit. */
  readonly size: number | null;
  /** How often the training part must hold a unit. */
  readonly min_count: number;
}

/** Parts of the series to train on, to watch while training, and to test with; their targets do not overlap. */
export interface NormalSeriesSplit {
  /** Part of the examples to train on. By default what the other parts leave. */
  readonly train: number;
  readonly validation: number;
  readonly test: number;
  /** Whether the parts follow each other as the data does, or are drawn by the seed. */
  readonly order: "time" | "shuffled";
}

/**
 * Windows over the rows of a CSV file, for example a series of prices. The target is the row after a window, or, where
 * the model says something at every step, the row after each step.
 */
export interface NormalTableData {
  readonly type: "table";
  /** A CSV file in UTF-8, relative to the spec. */
  readonly file: string;
  /**
   * Where the columns' names are: true for the first row, "comment" for the last comment before it, false for nowhere.
   * "auto" takes a first row that is not all numbers, then a comment with as many fields.
   */
  readonly header: true | false | "comment" | "auto";
  /** Lines that begin with this are skipped. With "" none are. */
  readonly comment: string;
  /** What separates the fields of a row. null: a tab in .tsv files, else a comma. */
  readonly delimiter: string | null;
  /** Columns to read as inputs, by name, or by number from 1. null: all that hold numbers. */
  readonly columns: readonly Column[] | null;
  /**
   * Columns to predict, by name, or by number from 1. null: those that are inputs. A loss over classes takes one column
   * of labels.
   */
  readonly target: readonly Column[] | null;
  /** Rows in one training sequence. */
  readonly window: number;
  /**
   * Rows from the last row of a window to its target. With 0 they are the same row, whose target columns are then no
   * inputs.
   */
  readonly horizon: number;
  /** Rows from the start of one window to the start of the next. By default 1, with stateful layers the window. */
  readonly stride: number;
  /** Whether the file has the newest row first. */
  readonly reverse: boolean;
  /**
   * Bring each column to the range from 0 to 1, or to mean 0 and deviation 1, as it is in the training part.
   * Predictions are scaled back.
   */
  readonly scale: "none" | "min_max" | "standard";
  /**
   * What a missing value (nothing, NA, NaN, null) means: an error, to drop its row, or the value of the previous row.
   */
  readonly missing: "error" | "drop" | "previous";
  readonly split: NormalSeriesSplit;
}

/** A column's name, or its number from 1. */
export type Column = string | number;

/**
 * Sequences of any length, one a line: JSON lines with `text`, `tokens` (a list) or `inputs` (a list of vectors), and
 * one `label` or a list of `tags`, one for each step; or a CSV file with columns of these names. Layers know the
 * lengths by themselves.
 */
export interface NormalSequencesData {
  readonly type: "sequences";
  /** A .jsonl, .csv or .tsv file in UTF-8, relative to the spec. */
  readonly file: string;
  /** What one time step of `text` is: a word (what white space parts) or a character. */
  readonly unit: "word" | "char";
  readonly vocabulary: NormalVocabulary;
  /** Steps after which a sequence, and its tags, are cut. null: none is. */
  readonly max_length: number | null;
  /** Groups of similar length. A batch holds sequences of one group and is padded to the longest of the group. */
  readonly buckets: number;
  readonly split: NormalSplit;
}

/** Parts of the examples to train on, to watch while training, and to test with. */
export interface NormalSplit {
  /** Part of the examples to train on. By default what the other parts leave. */
  readonly train: number;
  readonly validation: number;
  readonly test: number;
  /** Whether the parts follow each other as the data does, or are drawn by the seed. */
  readonly order: "time" | "shuffled";
}

/**
 * A source and the sequence that it becomes. Layers read the source as `inputs`, and the target after a start token as
 * `decoder_inputs`; the targets end in an end token. Sizes: "vocabulary" (source), "target_vocabulary".
 */
export interface NormalPairsData {
  readonly type: "pairs";
  /** The pairs themselves: a source (text, or a list of numbers) and a target. Give either this or `file`. */
  readonly pairs: readonly (readonly [string | readonly number[], string])[] | null;
  /**
   * One pair a line, relative to the spec: source and target separated by a tab, or in a `.jsonl` file {"source": text
   * or numbers, "target": text}. Give either this or `pairs`.
   */
  readonly file: string | null;
  /** What one time step is, on both sides. */
  readonly unit: "char" | "word";
  readonly split: NormalSplit;
}

/**
 * Images of one size in IDX files, gzipped or not, as MNIST has them. The rows of an image are its time steps, from 0
 * (black) to 1.
 */
export interface NormalImagesData {
  readonly type: "images";
  /** An IDX file of bytes [images, rows, columns], relative to the spec. */
  readonly file: string;
  /** An IDX file of bytes [images], relative to the spec: the class of each image. */
  readonly labels: string;
  /** Use only that many images, the first. null: all. */
  readonly limit: number | null;
  readonly split: NormalSplit;
}

/**
 * Numbers: each role is a `.npy`, `.npz` or `.json` file relative to the spec, or nested lists. The first axis is the
 * example.
 */
export interface NormalArraysData {
  readonly type: "arrays";
  /**
   * Token ids [batch, time], features [batch, time, features] or rows [batch, features]; or several such arrays by the
   * names that layers give in `from`, the first of which is also called `inputs`.
   */
  readonly inputs: ArraySource | Readonly<Record<string, ArraySource>>;
  /** What the model should say: classes as whole numbers, or numbers of the output's shape. */
  readonly targets: ArraySource;
  /** Live steps of each sequence, [batch]. They reach every layer, loss and metric by themselves. */
  readonly lengths: ArraySource | null;
  /** Weight of each step in the loss, [batch, time]. */
  readonly weights: ArraySource | null;
  /** First states by public name, each [batch, size]; others start at zero. */
  readonly initial_states: Readonly<Record<string, ArraySource>>;
  readonly split: NormalSplit;
}

export type ArraySource = string | readonly Numbers[];

/** A number, or a list of such. */
export type Numbers = number | readonly Numbers[];

/** What training makes small. */
export type NormalLoss =
  | NormalSequenceLoss
  | NormalCrossEntropy
  | NormalSampledSoftmax
  | NormalBinaryCrossEntropy
  | NormalSquaredError
  | NormalAbsoluteError
  | NormalHuber
  | NormalCtc;

/** Weighted cross-entropy of logits over time, as TensorFlow's sequence_loss. */
export interface NormalSequenceLoss {
  readonly type: "sequence_loss";
  /** Divide by the weight of the steps. */
  readonly average_across_timesteps: boolean;
  /**
   * Divide by the weight of the examples. Off, with the average across timesteps on: one loss per example, as
   * TensorFlow's sequence_loss_by_example, and training makes their sum small.
   */
  readonly average_across_batch: boolean;
  /** A weight for each class. The weight of a step's target class multiplies the step's weight, also in the average. */
  readonly class_weights: readonly number[] | null;
}

/** Cross-entropy of logits: targets are classes as whole numbers, or rows of probabilities. */
export interface NormalCrossEntropy {
  readonly type: "cross_entropy";
  readonly reduction: Reduction;
  /** The share of each target that is spread over all classes. */
  readonly label_smoothing: number;
  /**
   * A weight for each class, which multiplies its part of the loss. The mean is over the number of elements, not over
   * their weights.
   */
  readonly class_weights: readonly number[] | null;
}

/** The mean over all elements, or their sum. */
export type Reduction = "mean" | "sum";

/**
 * Cross-entropy for a large vocabulary: in training each target is held against a few sampled classes, and only their
 * columns of the last layer, a dense or projection layer, are multiplied. Evaluation reads all classes. Targets are
 * classes as whole numbers.
 */
export interface NormalSampledSoftmax {
  readonly type: "sampled_softmax";
  /** The number of sampled classes, drawn anew for each update. */
  readonly samples: number;
  /**
   * What classes are sampled by: "log_uniform", for classes that are numbered from the frequent to the rare (by Zipf's
   * law), or "uniform". Logits are corrected for it.
   */
  readonly distribution: "log_uniform" | "uniform";
  readonly reduction: Reduction;
}

/** Cross-entropy of logits of independent yes-or-no answers; targets from 0 to 1. */
export interface NormalBinaryCrossEntropy {
  readonly type: "binary_cross_entropy";
  readonly reduction: Reduction;
  /** Multiplies the loss of targets that are 1: one number, or one for each output. */
  readonly positive_weight: number | readonly number[];
}

/** The squared difference to the target. */
export interface NormalSquaredError {
  readonly type: "squared_error";
  readonly reduction: Reduction;
}

/** The absolute difference to the target. */
export interface NormalAbsoluteError {
  readonly type: "absolute_error";
  readonly reduction: Reduction;
}

/** Half the squared difference up to `delta`, linear beyond. */
export interface NormalHuber {
  readonly type: "huber";
  readonly reduction: Reduction;
  /** Where the loss becomes linear. */
  readonly delta: number;
}

/**
 * Connectionist temporal classification: how unlikely it is that the outputs, one per step, spell the labels, over
 * every way to align the two. Targets are labels [batch, labels] as whole numbers, rows padded at their ends with the
 * blank.
 */
export interface NormalCtc {
  readonly type: "ctc";
  /** The mean over sequences, or their sum. A sequence's loss is not divided by its number of labels. */
  readonly reduction: "mean" | "sum";
  /** The class that stands for no label: 0 as in PyTorch and Keras, or "last" as in TensorFlow 1. */
  readonly blank: number | "last";
  /**
   * A sequence with too few steps for its labels has an infinite loss; with true it counts as 0 and has no gradient.
   */
  readonly zero_infinity: boolean;
}

/** How the gradient moves the weights. */
export type NormalOptimizer =
  | NormalSgd
  | NormalMomentum
  | NormalRmsprop
  | NormalAdagrad
  | NormalAdadelta
  | NormalAdam
  | NormalAdamw
  | NormalNadam
  | NormalLion;

/** Plain gradient descent. */
export interface NormalSgd {
  readonly type: "sgd";
  readonly learning_rate: number;
  readonly clip: { readonly global_norm: number } | { readonly value: number } | null;
  readonly schedule: NormalSchedule;
  readonly average: NormalAverage | null;
}

/**
 * What multiplies the learning rate. Update N uses n = N - 1; with warmup_steps the rate first rises to its full
 * height, and n counts from there.
 */
export type NormalSchedule =
  | NormalConstant
  | NormalExponentialDecay
  | NormalCosineDecay
  | NormalLinearWarmup
  | NormalStepDecay
  | NormalPolynomialDecay
  | NormalInverseSqrt
  | NormalPlateau;

/** The learning rate stays as it is. */
export interface NormalConstant {
  readonly type: "constant";
}

/** decay_rate ^ (n / decay_steps). */
export interface NormalExponentialDecay {
  readonly type: "exponential_decay";
  /** Updates for one factor of decay_rate. */
  readonly decay_steps: number;
  /** The factor. */
  readonly decay_rate: number;
  /** Decay in jumps: n / decay_steps is rounded down. */
  readonly staircase: boolean;
  readonly warmup_steps: number;
}

/** Half a cosine from 1 down to minimum_ratio over decay_steps, after a linear rise over warmup_steps. */
export interface NormalCosineDecay {
  readonly type: "cosine_decay";
  /** Updates from the top to the bottom. */
  readonly decay_steps: number;
  /** Where it ends and stays, as a part of the learning rate. */
  readonly minimum_ratio: number;
  readonly warmup_steps: number;
}

/** min(1, (n + 1) / warmup_steps). */
export interface NormalLinearWarmup {
  readonly type: "linear_warmup";
  /** Updates of the rise. */
  readonly warmup_steps: number;
}

/** The rate falls in jumps: every so many updates, or at boundaries. */
export interface NormalStepDecay {
  readonly type: "step_decay";
  /** Updates from jump to jump. Give either this or `boundaries`. */
  readonly every: number | null;
  /**
   * Updates after which the rate jumps: the one after so many others is the first with the new rate. Give either this
   * or `every`.
   */
  readonly boundaries: readonly number[] | null;
  /** What a jump multiplies the rate by; with `boundaries` it may be a list, one for each. */
  readonly factor: number | readonly number[];
  readonly warmup_steps: number;
}

/** (1 - n / decay_steps) ^ power from 1 down to minimum_ratio: a straight line with power 1. */
export interface NormalPolynomialDecay {
  readonly type: "polynomial_decay";
  /** Updates from the top to the bottom. */
  readonly decay_steps: number;
  readonly minimum_ratio: number;
  /** Above 1 it falls fast at first, below 1 at the end. */
  readonly power: number;
  readonly warmup_steps: number;
}

/** 1 / sqrt(1 + n / decay_steps). With warmup_steps of the same number it is the schedule of the Transformer. */
export interface NormalInverseSqrt {
  readonly type: "inverse_sqrt";
  /** After three times as many updates the rate is half of what it was. */
  readonly decay_steps: number;
  readonly warmup_steps: number;
}

/**
 * The rate falls when a metric has stopped getting better: that of the validation part, or of the part to train on
 * where there is no other. Evaluations are every train.evaluate_every updates.
 */
export interface NormalPlateau {
  readonly type: "plateau";
  /** The metric that is watched. */
  readonly metric: string;
  /**
   * Whether a smaller value is better, or a larger one. By default larger for shares such as accuracy and F1, smaller
   * for others.
   */
  readonly mode: "min" | "max";
  /** What the rate is then multiplied by. */
  readonly factor: number;
  /** Evaluations in a row that must not be better than the best before them by more than minimum_delta. */
  readonly patience: number;
  /** How much better counts as better. */
  readonly minimum_delta: number;
  /** Evaluations after a fall that are not counted. */
  readonly cooldown: number;
  readonly minimum_ratio: number;
  readonly warmup_steps: number;
}

/**
 * A moving average of the weights, which evaluation, samples, checkpoints' weights and exported models then use; the
 * updates go on from the weights themselves.
 */
export interface NormalAverage {
  /** How much of the average stays in each update: average = decay * average + (1 - decay) * weights. */
  readonly decay: number;
}

/** Gradient descent with momentum. */
export interface NormalMomentum {
  readonly type: "momentum";
  readonly learning_rate: number;
  /** How much of the last update stays. */
  readonly momentum: number;
  /** Look ahead along the momentum. */
  readonly nesterov: boolean;
  readonly clip: { readonly global_norm: number } | { readonly value: number } | null;
  readonly schedule: NormalSchedule;
  readonly average: NormalAverage | null;
}

/** The gradient over the root of its mean square. */
export interface NormalRmsprop {
  readonly type: "rmsprop";
  readonly learning_rate: number;
  /** How much of the mean square stays. */
  readonly decay: number;
  /** How much of the last update stays. */
  readonly momentum: number;
  /** Keeps the division from a zero. By default 1e-10 for the variant tensorflow, 1e-8 for torch, 1e-7 for keras. */
  readonly epsilon: number;
  /**
   * Whose arithmetic: the mean square starts at 1 with epsilon inside the root (tensorflow), at 0 with epsilon outside
   * (torch), at 0 with epsilon inside (keras).
   */
  readonly variant: "tensorflow" | "torch" | "keras";
  readonly clip: { readonly global_norm: number } | { readonly value: number } | null;
  readonly schedule: NormalSchedule;
  readonly average: NormalAverage | null;
}

/** The gradient over the root of the sum of its squares. */
export interface NormalAdagrad {
  readonly type: "adagrad";
  readonly learning_rate: number;
  /** Where the sum of squares starts. By default 0.1 for the variant tensorflow, 0 for torch. */
  readonly initial_accumulator_value: number;
  /** Keeps the division from a zero. By default 0 for the variant tensorflow, 1e-10 for torch. */
  readonly epsilon: number;
  /** Whose arithmetic: epsilon inside the root (tensorflow) or outside (torch). */
  readonly variant: "tensorflow" | "torch";
  readonly clip: { readonly global_norm: number } | { readonly value: number } | null;
  readonly schedule: NormalSchedule;
  readonly average: NormalAverage | null;
}

/** The gradient scaled by the root of mean squared updates over that of mean squared gradients. */
export interface NormalAdadelta {
  readonly type: "adadelta";
  readonly learning_rate: number;
  /** How much of the mean squares stays. */
  readonly decay: number;
  /** Keeps the division from a zero. */
  readonly epsilon: number;
  readonly clip: { readonly global_norm: number } | { readonly value: number } | null;
  readonly schedule: NormalSchedule;
  readonly average: NormalAverage | null;
}

/** The mean gradient over the root of its mean square, both corrected for their start at zero. */
export interface NormalAdam {
  readonly type: "adam";
  readonly learning_rate: number;
  /** How much of the mean stays. */
  readonly beta1: number;
  /** How much of the mean square stays. */
  readonly beta2: number;
  /** Keeps the division from a zero. By default 1e-7 for the variant keras, else 1e-8. */
  readonly epsilon: number;
  /** Decoupled: every parameter, biases too, shrinks by learning_rate * weight_decay in each update. */
  readonly weight_decay: number;
  readonly variant: AdamVariant;
  readonly clip: { readonly global_norm: number } | { readonly value: number } | null;
  readonly schedule: NormalSchedule;
  readonly average: NormalAverage | null;
}

/**
 * Whose arithmetic: epsilon beside the root before its correction (tensorflow, and keras with defaults of its own) or
 * after it (torch).
 */
export type AdamVariant = "tensorflow" | "torch" | "keras";

/** Adam with decoupled weight decay. */
export interface NormalAdamw {
  readonly type: "adamw";
  readonly learning_rate: number;
  /** How much of the mean stays. */
  readonly beta1: number;
  /** How much of the mean square stays. */
  readonly beta2: number;
  /** Keeps the division from a zero. By default 1e-7 for the variant keras, else 1e-8. */
  readonly epsilon: number;
  /**
   * Decoupled: every parameter, biases too, shrinks by learning_rate * weight_decay in each update. By default 0.004
   * for the variant keras, else 0.01.
   */
  readonly weight_decay: number;
  readonly variant: AdamVariant;
  readonly clip: { readonly global_norm: number } | { readonly value: number } | null;
  readonly schedule: NormalSchedule;
  readonly average: NormalAverage | null;
}

/** Adam with Nesterov momentum. */
export interface NormalNadam {
  readonly type: "nadam";
  readonly learning_rate: number;
  /** How much of the mean stays. */
  readonly beta1: number;
  /** How much of the mean square stays. */
  readonly beta2: number;
  /** Keeps the division from a zero. By default 1e-7 for the variant keras, else 1e-8. */
  readonly epsilon: number;
  /**
   * How fast the momentum schedule 0.96^(t * momentum_decay) falls. By default 0.004 for the variant torch, 1 for
   * keras.
   */
  readonly momentum_decay: number;
  /** Whose defaults: of momentum_decay and epsilon. */
  readonly variant: "torch" | "keras";
  readonly clip: { readonly global_norm: number } | { readonly value: number } | null;
  readonly schedule: NormalSchedule;
  readonly average: NormalAverage | null;
}

/** The sign of a mean of gradients. */
export interface NormalLion {
  readonly type: "lion";
  readonly learning_rate: number;
  /** How much the mean counts in the update. */
  readonly beta1: number;
  /** How much of the mean stays. */
  readonly beta2: number;
  /** Decoupled: every parameter, biases too, shrinks by learning_rate * weight_decay in each update. */
  readonly weight_decay: number;
  readonly clip: { readonly global_norm: number } | { readonly value: number } | null;
  readonly schedule: NormalSchedule;
  readonly average: NormalAverage | null;
}

/** A model, its data and its training, as rnnx compiles them. */
export interface NormalSpec {
  /** Name of the model, and of the run directory `runs/<name>`. By default the name of the spec's file. */
  readonly name: string;
  /** Chooses the first weights and the order of the data. The same spec and seed give the same losses. */
  readonly seed: number;
  /** What the model learns from. */
  readonly data: NormalData;
  /** Cells of your own, by name, as equations. A cell named like a built-in one takes its place. */
  readonly cells: Readonly<Record<string, NormalCellDefinition>>;
  /** The layers, in order: each reads what the one before it makes. */
  readonly model: readonly NormalLayer[];
  /** What training makes small. */
  readonly loss: NormalLoss;
  /**
   * What evaluations report beside the loss, over live steps. Where left out: accuracy and perplexity for
   * sequence_loss, accuracy and perplexity for sampled_softmax, accuracy for cross_entropy, binary_accuracy for
   * binary_cross_entropy, rmse for squared_error, mae for absolute_error and huber, exact_sequence and label_error_rate
   * for ctc.
   */
  readonly metrics: readonly NormalMetric[] | null;
  /**
   * Penalties that are added to the loss, in training and in evaluation: on the trained weights, which are the
   * parameters with two axes or more, and on what rnn layers put out.
   */
  readonly regularization: {
    /** Times the sum of all squared weights. */
    readonly l2: number;
    /** Times the sum of all weights' magnitudes. */
    readonly l1: number;
    /** Times the mean square of what each rnn layer puts out at live steps. */
    readonly activity: number;
    /** Whether l1 and l2 also count parameters with a single axis: biases, gains, learned first states. */
    readonly biases: boolean;
  } | null;
  /** How the gradient moves the weights. */
  readonly optimizer: NormalOptimizer;
  readonly train: NormalTrain;
}

/** One layer of the model. */
export type NormalLayer =
  | NormalOneHot
  | NormalEmbedding
  | NormalRnn
  | NormalDense
  | NormalProjection
  | NormalDropout
  | NormalPool
  | NormalConcat
  | NormalAdd
  | NormalMultiply
  | NormalAttention;

/** Token ids to rows with a single 1. */
export interface NormalOneHot {
  readonly layer: "one_hot";
  /** Name of the layer; by default its kind, numbered from the second on. */
  readonly name: string;
  readonly from: readonly string[];
  /** Width of a row. */
  readonly size: Size;
}

export type Size = number | "vocabulary" | "target_vocabulary" | "classes" | "features";

/** Token ids to rows of a trained table. */
export interface NormalEmbedding {
  readonly layer: "embedding";
  /** Name of the layer, and of its table `<name>/W`; by default its kind, numbered from the second on. */
  readonly name: string;
  readonly from: readonly string[];
  /** Rows of the table. */
  readonly vocabulary_size: Size;
  readonly weights: SharedWeights;
  /** Width of a row. */
  readonly size: Size;
  readonly trainable: boolean;
}

/**
 * Name of the earlier layer whose weights this one uses in place of its own; null for its own. A dense or projection
 * layer may use an embedding's table, turned around.
 */
export type SharedWeights = string | null;

/**
 * One recurrent cell or a stack of them, run over time. Either `cell` with `hidden_size` and the cell's own options
 * (and `layers` for a stack of that cell), or `cells`.
 */
export interface NormalRnn {
  readonly layer: "rnn";
  /** Name of the layer, which its tensors' names start with; by default its kind, numbered from the second on. */
  readonly name: string;
  readonly from: readonly string[];
  /** The stack: each cell reads the output of the one before it. */
  readonly cells: readonly NormalCell[];
  /** All cells of the stack use one set of weights, named after the first. */
  readonly share_weights: boolean;
  readonly weights: SharedWeights;
  /**
   * Where the states start: zeros, learned (one trained vector per state), or the name of an earlier layer: an rnn
   * layer's last states, or a vector for the first state.
   */
  readonly initial_state: string;
  /**
   * States go on from batch to batch (truncated backpropagation through time): each row of a batch continues the same
   * row of the batch before.
   */
  readonly stateful: boolean;
  /** Lay the steps out one after another where their number is known, in place of a loop. The numbers are the same. */
  readonly unroll: boolean;
  /** The output of every step, of the last live step, or the last cell's final state. */
  readonly return: "sequence" | "last" | "state";
}

/** One cell of a stack, with its own options beside these keys. */
export interface NormalCell {
  /** A built-in cell or one of `cells`. */
  readonly cell: string;
  readonly hidden_size: number;
  readonly trainable: boolean;
  readonly residual: boolean;
  readonly bidirectional: Bidirectional;
  readonly dropout: NormalCellDropout;
  readonly zoneout: StateRates;
  readonly layer_norm: boolean;
  readonly [option: string]: CellOption | NormalCellDropout | StateRates;
}

/**
 * The cell also runs from the end to the start, and this joins both outputs. On a layer: for every cell that does not
 * say otherwise.
 */
export type Bidirectional = "none" | "concat" | "sum" | "mean" | "mul";

/**
 * In training, entries around the cell are 0 with a probability, and the others are scaled so that the mean stays;
 * evaluation and inference leave it out. On a layer: for every cell that does not say otherwise.
 */
export interface NormalCellDropout {
  /**
   * The probability that an entry of the cell's input is dropped: 1 less input_keep_prob. A residual connection adds
   * the input whole.
   */
  readonly input: number;
  /**
   * The probability that an entry of the cell's output is dropped: 1 less output_keep_prob. The state is not changed.
   */
  readonly output: number;
  /**
   * The probability that an entry of the state is dropped where the next step reads it: 1 less state_keep_prob. A
   * number is for the cell's first state (h, not an LSTM's c); an object has a number by state.
   */
  readonly state: StateRates;
  /** Whether a sequence drops the same entries at every step, in place of others at each. */
  readonly variational: boolean;
}

export type StateRates = number | Readonly<Record<string, number>>;

/** x @ W + b on the last axis. */
export interface NormalDense {
  readonly layer: "dense";
  /** Name of the layer, which its tensors' names start with; by default its kind, numbered from the second on. */
  readonly name: string;
  readonly from: readonly string[];
  readonly weights: SharedWeights;
  /** Width of the output. */
  readonly size: Size;
  readonly activation: Activation;
  /** Whether b is added. */
  readonly bias: boolean;
  readonly trainable: boolean;
}

/**
 * Applied to the layer's output. Softmax or sigmoid on the layer that feeds the loss belongs to the loss in training,
 * and is applied in inference.
 */
export type Activation = "none" | "softmax" | "sigmoid" | "tanh" | "relu";

/** A dense layer that makes the logits: x @ W + b on the last axis. */
export interface NormalProjection {
  readonly layer: "projection";
  /** Name of the layer, which its tensors' names start with; by default its kind, numbered from the second on. */
  readonly name: string;
  readonly from: readonly string[];
  readonly weights: SharedWeights;
  /**
   * Width of the output: the number of classes. For text data "vocabulary" by default, for other data it must be given.
   */
  readonly size: Size;
  readonly activation: Activation;
  /** Whether b is added. */
  readonly bias: boolean;
  readonly trainable: boolean;
}

/**
 * In training each entry is 0 with a probability, and the others are scaled so that the mean stays. Evaluation and
 * inference leave it out.
 */
export interface NormalDropout {
  readonly layer: "dropout";
  /**
   * Name of the layer; by default its kind, numbered from the second on. Layers of different names drop other entries.
   */
  readonly name: string;
  readonly from: readonly string[];
  /** The probability that an entry is dropped: 1 less keep_prob. */
  readonly rate: number;
}

/** One vector from a sequence, over its live steps: padding never counts. */
export interface NormalPool {
  readonly layer: "pool";
  /** Name of the layer; by default its kind, numbered from the second on. */
  readonly name: string;
  readonly from: readonly string[];
  /** The largest entry over time, the mean, the sum, or the last live step. */
  readonly mode: "max" | "mean" | "sum" | "last";
}

/** Several layers' outputs side by side on the last axis. */
export interface NormalConcat {
  readonly layer: "concat";
  /** Name of the layer; by default its kind, numbered from the second on. */
  readonly name: string;
  /** The layers that this one reads, by name. */
  readonly from: readonly string[];
}

/** The sum of several layers' outputs, entry by entry. */
export interface NormalAdd {
  readonly layer: "add";
  /** Name of the layer; by default its kind, numbered from the second on. */
  readonly name: string;
  /** The layers that this one reads, by name. */
  readonly from: readonly string[];
}

/** The product of several layers' outputs, entry by entry. */
export interface NormalMultiply {
  readonly layer: "multiply";
  /** Name of the layer; by default its kind, numbered from the second on. */
  readonly name: string;
  /** The layers that this one reads, by name. */
  readonly from: readonly string[];
}

/**
 * For each step of the first layer in `from` (the query), the steps of the second (the memory) weighted by softmax of a
 * score.
 */
export interface NormalAttention {
  readonly layer: "attention";
  /** Name of the layer; by default its kind, numbered from the second on. */
  readonly name: string;
  /** The layers that this one reads, by name. */
  readonly from: readonly string[];
  /** dot: q·k (widths must be equal); general: (q W)·k; additive: v·tanh(q Wq + k Wk). */
  readonly score: "dot" | "general" | "additive";
  /** Divide dot and general scores by the root of the width. */
  readonly scale: boolean;
  /** Width of the additive score's hidden layer; null for the width of the memory. */
  readonly size: number | null;
  readonly trainable: boolean;
}

/** A metric with its options. */
export type NormalMetric =
  | NormalMetricAccuracy
  | NormalMetricTopK
  | NormalMetricBinaryAccuracy
  | NormalMetricF1
  | NormalMetricPrecision
  | NormalMetricRecall
  | NormalMetricExactSequence
  | NormalMetricLabelErrorRate
  | NormalMetricPerplexity
  | NormalMetricBitsPerCharacter
  | NormalMetricRmse
  | NormalMetricMae;

/** The share of entries whose largest output is the target class. */
export interface NormalMetricAccuracy {
  readonly type: "accuracy";
}

/**
 * The share of entries whose target class is among the k largest outputs, as TensorFlow's in_top_k: classes that tie
 * with the k-th count as among them. Reported as top_<k>_accuracy.
 */
export interface NormalMetricTopK {
  readonly type: "top_k";
  /** How many of the largest outputs. */
  readonly k: number;
}

/** The share of answers on the target's side of one half. */
export interface NormalMetricBinaryAccuracy {
  readonly type: "binary_accuracy";
}

/** The harmonic mean of precision and recall of each class, averaged over the classes that occur (macro F1). */
export interface NormalMetricF1 {
  readonly type: "f1";
}

/** The share of a class's answers that are right, averaged over the classes that occur. */
export interface NormalMetricPrecision {
  readonly type: "precision";
}

/** The share of a class's targets that are found, averaged over the classes that occur. */
export interface NormalMetricRecall {
  readonly type: "recall";
}

/**
 * The share of sequences that are right at every live step; with ctc, those whose most likely outputs spell the labels.
 */
export interface NormalMetricExactSequence {
  readonly type: "exact_sequence";
}

/**
 * Insertions, deletions and substitutions that turn what a ctc model's most likely outputs spell into the labels, for
 * each label.
 */
export interface NormalMetricLabelErrorRate {
  readonly type: "label_error_rate";
}

/** e to the mean cross-entropy, weighted by the data's weights; without smoothing, class weights or penalties. */
export interface NormalMetricPerplexity {
  readonly type: "perplexity";
}

/** The mean cross-entropy in bits per step; otherwise as perplexity. */
export interface NormalMetricBitsPerCharacter {
  readonly type: "bits_per_character";
}

/** The root of the mean squared error. */
export interface NormalMetricRmse {
  readonly type: "rmse";
}

/** The mean absolute error. */
export interface NormalMetricMae {
  readonly type: "mae";
}

/** How long and in which portions. Give `steps` or `epochs`; with neither, 10 epochs. */
export interface NormalTrain {
  /** Updates to make. */
  readonly steps: number | null;
  /** Times through the data. 10 where neither steps nor epochs is given. */
  readonly epochs: number | null;
  /**
   * Examples in one update; "all" of them; or as many as fit into the memory, "largest": all, or else a power of two.
   * What "largest" came to is recorded with the run, and stays when it is resumed.
   */
  readonly batch_size: number | "all" | "largest";
  /**
   * "low": recurrent layers run in chunks of about √steps, keep only the states between chunks for the gradient, and
   * run the steps of a chunk again when it needs them (T. Chen et al., 2016). The memory for long sequences falls to a
   * fraction, and a training step takes about a third longer; its numbers are the same up to rounding. For data whose
   * sequences have one length.
   */
  readonly memory: "normal" | "low";
  /**
   * "float16": the training step computes in 16 bits where that is safe, for GPUs that multiply such matrices faster,
   * and in half the memory. Parameters, optimizer, loss and metrics stay float32; evaluation and exported models too.
   * An object says how the loss is scaled.
   */
  readonly precision: "float32" | NormalMixedPrecision;
  /**
   * Computes the gradient of a batch in so many portions, one after the other: the same update with the memory of one
   * portion. batch_size stays the number of examples of an update, and is a multiple of this. "auto" takes as few
   * portions as fit into the memory.
   */
  readonly accumulate: number | "auto";
  /** Take the examples of each epoch in a new order. By default true, with stateful layers false. */
  readonly shuffle: boolean;
  /** Updates in one call of the session; "auto" measures. The results are the same for any number. */
  readonly steps_per_call: number | "auto";
  /**
   * How processes that an MPI launcher started (`mpirun -n 4 rnnx train …`) share the training. Without one it has no
   * effect.
   */
  readonly distributed: { readonly sync: "step" } | { readonly average_every: number };
  /** Updates between checkpoints; with 0 only the last is kept. */
  readonly checkpoint_every: number;
  /** How many checkpoints stay, the newest and those before it. The best one stays as well (keep_best). */
  readonly keep_last: number;
  /** Updates between checkpoints that stay for good, beside those of checkpoint_every; with 0 there are none. */
  readonly keep_every: number;
  readonly sample: NormalSample | null;
  /**
   * Updates between evaluations. null: after each epoch of a run of epochs; in a run of steps about 20 times, at least
   * 100 updates apart and after whole epochs.
   */
  readonly evaluate_every: number | null;
  /** End the run when a metric of the validation part has stopped getting better. */
  readonly early_stopping: {
    readonly metric: string;
    /** Evaluations in a row that may bring nothing better. */
    readonly patience: number;
    /** By how much a value must be better than the best before it. */
    readonly minimum_delta: number;
    readonly mode: WatchedMode;
  } | null;
  /**
   * End with the weights of the evaluation that was best on the validation part; their checkpoint is kept. On by itself
   * where there is a validation part, watching what early_stopping watches, else the loss; with null the run ends with
   * its last weights.
   */
  readonly keep_best: {
    readonly metric: string;
    readonly mode: WatchedMode;
  } | null;
}

/** Training in float16 and float32, with the scale of its loss. */
export interface NormalMixedPrecision {
  readonly type: "float16";
  /**
   * What the loss is multiplied by before it is differentiated, so that small gradients do not vanish in float16; the
   * gradients are divided by it again. A number stays as it is; an object begins with one and fits it to the gradients.
   */
  readonly loss_scale: number | NormalDynamicLossScale;
}

/**
 * A scale that is halved where a gradient is not finite, whose update is then left out, and doubled where all are for a
 * while.
 */
export interface NormalDynamicLossScale {
  /** The scale of the first update. Powers of two round nothing. */
  readonly initial: number;
  /** Updates in a row with finite gradients after which the scale is doubled. */
  readonly growth_interval: number;
}

/**
 * Text that the model writes while it trains, with the weights of the moment. For text data and models that read
 * forward only.
 */
export interface NormalSample {
  /** Updates between samples. */
  readonly every: number;
  /** What the text begins with; without one, the first unit of the training text. */
  readonly prompt: string;
  /** Units to write after the prompt. */
  readonly length: number;
  /** Divides the logits: below 1 likely units become likelier, and 0 always takes the likeliest. */
  readonly temperature: number;
}

/** Whether a smaller value is better, or a larger. By default "max" for metrics such as accuracy and f1, else "min". */
export type WatchedMode = "min" | "max";
