/** The spec language as types. Written by generate-types.mjs from spec.schema.json and cell.schema.json. */

/**
 * With `unit` bpe: a tokenizer.json of Hugging Face's tokenizers with a WordPiece (BERT), Unigram (T5) or byte-level BPE model, relative to the spec. Its ids are those of the model; in pairs, three more tokens come first. Default (null): merges are learned from the training split (of text, from its first words; of a shuffled split, from all of it), and stored with the run as tokenizer.json.
 */
export type Tokenizer = string | null;
/**
 * Fraction of the examples that is held out from training.
 */
export type HeldOutPart = number;
/**
 * A column's name, or its number from 1.
 */
export type Column = string | number;
export type TableColumn = ("number" | "category" | "boolean" | "date" | "text") | KindOfAColumn;
/**
 * The kind of a column of a table, with its options. A kind without options is written as its name.
 */
export type KindOfAColumn = ColumnOfNumbers | ColumnOfCategories | ColumnOfBooleans | ColumnOfDates | ColumnOfText;
/**
 * Decimal mark of the numbers of the table.
 */
export type Decimal = "." | ",";
/**
 * Separator of groups of three digits; a space is also a no-break space. Null: numbers have none.
 */
export type Thousands = null | "." | "," | " " | "'";
/**
 * @minItems 1
 * @maxItems 10000
 */
export type TargetColumns = Column[];
/**
 * Fraction of the examples that is held out from training; or, of windows in the order of time, a number of rows to be predicted: those at the end of each series, the test split last. The last window then ends with the last row, for any stride.
 */
export type HeldOutRows = number;
/**
 * Separator of the fields in a row of a file with columns. Default (null): a comma in a .csv file, a tab in others; or another one that the first rows have, which a notice names.
 */
export type Delimiter = string | null;
export type ArraySource = string | NestedNumbers[];
/**
 * A number, or a list of nested numbers.
 */
export type NestedNumbers = number | NestedNumbers[];
export type CellOption = number | boolean | string;
export type SizeExpression = number | string;
/**
 * The size of a vector, or the sizes of the axes; the batch is none of them.
 */
export type ShapeOfAState = SizeExpression | SizeExpression[];
/**
 * Sizes of the axes; an empty list for a scalar.
 *
 * @maxItems 8
 */
export type Shape = SizeExpression[];
/**
 * A value for the whole tensor, or for slices of its last axis; the rest is 0. An expression reads numeric options, sizes and `index`, the position along the last axis or the slice from 0; it calls exp, log, sqrt, min, max, uniform(low, high) and normal(mean, deviation).
 */
export type Initializer = InitialValue | InitializerSlice[];
export type InitialValue = string | number;
/**
 * A name and the expression that sets it, or the names of the parts of a `split`. Operators: + - * / ^ @ and comparisons. Functions of all equations: tanh, sigmoid, relu, softplus, erf, exp, log, sqrt, lgamma, abs, sin, cos, sign, floor, min, max, pow, clip, where, softmax, log_softmax, layer_norm, concat, shift_in, split, unsqueeze, squeeze, sum, mean, amax, logsumexp, l2_norm, argmax, gather, cumsum, cummax, outer, transpose, einsum, split_heads, merge_heads, one_hot, shift, elu, gelu, gelu_tanh, glu, hard_sigmoid, hard_swish, leaky_relu, mish, selu, silu, softsign, swiglu; `shift` in layers only. `rnnx inspect SPEC --explain FUNCTION` prints the equations and the derivative of one.
 */
export type Equation = string;
/**
 * @minItems 1
 * @maxItems 1000
 */
export type Equations = Equation[];
export type Output = string;
export type Name = string;
/**
 * @maxItems 8
 */
export type OnnxBlocks = string[];
/**
 * Number by the name of the option.
 */
export type ActivationOption = number;
/**
 * The initial value of the entries of a slot, alone or with a shape.
 */
export type Slot = SlotValue | SlotWithAShape;
export type SlotValue = number | string;
export type ModelEntry = Block | Layer;
export type CellName = string;
/**
 * @minItems 1
 * @maxItems 1000
 */
export type BlockBody = ModelEntry[];
export type LayerName = string;
/**
 * Name of the layer, or of the input of the data (`inputs`, `decoder_inputs`), that this layer reads; a list where the cell of an rnn layer, or a layer of `layers`, has more inputs than x. Default: the layer before.
 */
export type From = LayerName | LayerName[];
/**
 * One layer of the model.
 */
export type Layer =
  | OneHotLayer
  | CycleLayer
  | EmbeddingLayer
  | RnnLayer
  | DenseLayer
  | ProjectionLayer
  | ActivationLayer
  | LayerNormLayer
  | RmsNormLayer
  | GroupNormLayer
  | BatchNormLayer
  | DropoutLayer
  | SpecAugmentLayer
  | Conv1DLayer
  | LogMelLayer
  | PoolLayer
  | ConcatLayer
  | AddLayer
  | MultiplyLayer
  | PositionLayer
  | AttentionLayer
  | CustomLayer
  | OnnxLayer;
export type Size = number | ("vocabulary" | "target_vocabulary" | "classes" | "features");
/**
 * Name of an earlier layer of the same kind whose weights this layer uses, with biases and learned initial states. Default (null): its own weights. A dense or projection layer can use an embedding's table, transposed, with a bias of its own.
 */
export type Weights = LayerName | null;
/**
 * Train the layer's weights. With false they keep their initial values, from the seed or from --init. A layer with shared weights follows their owner.
 */
export type Trainable = boolean;
/**
 * Width of the state.
 */
export type HiddenSize = number;
/**
 * Train the cell's weights. With false they keep their initial values, from the seed or from --init. On a layer: the default of its cells.
 */
export type Trainable1 = boolean;
/**
 * Add the cell's input to its output. The state is unchanged. On a layer: the default of its cells.
 */
export type Residual = boolean;
/**
 * Run a second copy of the cell backward in time, and combine both outputs by this operation. On a layer: the default of its cells.
 */
export type Bidirectional = "none" | "concat" | "sum" | "mean" | "mul";
export type Rate = number;
export type StateRates =
  | Rate
  | {
      [k: string]: Rate;
    };
/**
 * Probability that an entry of the state keeps its previous value for a step, in training; evaluation and inference use the expected value (D. Krueger et al., 2017). A number applies to every state; an object has a number for each state. On a layer: the default of its cells.
 */
export type Zoneout =
  | Rate
  | {
      [k: string]: Rate;
    };
/**
 * Normalize the cell's output over its units, then scale and shift it by `layer_norm/gain` and `layer_norm/shift`. The state is unchanged. On a layer: the default of its cells.
 */
export type LayerNorm = boolean;
/**
 * Option of the cells `rnn`, `layer_norm_rnn`, `ran` (default tanh) and `indrnn` (default relu): an activation, built-in or one of `activations`.
 */
export type ActivationOption1 = number | boolean | string;
/**
 * Option of the cell `cfc`: units of the layer that reads the input and the state. Default: 64.
 */
export type BackboneSizeOption = number | boolean | string;
/**
 * Option of the cell `lstm`: bound of the absolute memory c. Default: 0, no bound.
 */
export type CellClipOption = number | boolean | string;
/**
 * Option of the cell `mamba`: number of steps that its convolution reads. Default: 4.
 */
export type ConvolutionSizeOption = number | boolean | string;
/**
 * Option of the cells `mamba` and `s4d`: largest initial step of the memory. Default: 0.1.
 */
export type LargestStepOption = number | boolean | string;
/**
 * Option of the cells `mamba` and `s4d`: smallest initial step of the memory. Default: 0.001.
 */
export type SmallestStepOption = number | boolean | string;
/**
 * Option of the cell `mamba`: rank of the product that gives the steps. Default: 4.
 */
export type StepRankOption = number | boolean | string;
/**
 * Option of the cell `mamba`: units inside the cell, in multiples of hidden_size. Default: 2.
 */
export type ExpandOption = number | boolean | string;
/**
 * Option of the cells `lstm`, `layer_norm_lstm`, `minlstm` (default 1), `mlstm` and `slstm` (default 3): initial value of the forget gate's bias or shift.
 */
export type ForgetBiasOption = number | boolean | string;
/**
 * Option of the cell `slstm`: function of the forget gate, `sigmoid` or `exp`. Default: sigmoid.
 */
export type ForgetGateOption = number | boolean | string;
/**
 * Option of the cell `gla`: rank of the product that gives the gates. Default: 16.
 */
export type GateRankOption = number | boolean | string;
/**
 * Option of the cells `delta_net`, `gla`, `mlstm` and `slstm`: number of heads, which divides hidden_size. Default: 1.
 */
export type HeadsOption = number | boolean | string;
/**
 * Option of the cell `sru`: initial bias of the gate of the highway. Default: 0.
 */
export type HighwayBiasOption = number | boolean | string;
/**
 * Option of the cell `lru`: largest initial angle of the factors, in radians. Default: 6.28.
 */
export type LargestPhaseOption = number | boolean | string;
/**
 * Option of the cell `lstm`: the gates also read the memory c, unit by unit, with the weight vectors pi, pf and po. Default: false.
 */
export type PeepholesOption = number | boolean | string;
/**
 * Option of the cell `lstm`: width of the output and of the state h after a product with the matrix P. Default: 0, no projection.
 */
export type ProjectionSizeOption = number | boolean | string;
/**
 * Option of the cell `lru`: largest initial modulus of the factors. Default: 0.99.
 */
export type LargestModulusOption = number | boolean | string;
/**
 * Option of the cell `lru`: smallest initial modulus of the factors. Default: 0.5.
 */
export type SmallestModulusOption = number | boolean | string;
/**
 * Option of the cell `indrnn`: initial value of the recurrent weights u, one for each unit. Default: 1.
 */
export type RecurrentWeightOption = number | boolean | string;
/**
 * Option of the cell `gru`: apply the reset gate after the product with U, as cuDNN and ONNX do (true, the default), or before it.
 */
export type ResetAfterOption = number | boolean | string;
/**
 * Option of the cells `mamba` (default 16) and `s4d` (default 32): numbers in the memory of each unit.
 */
export type StateSizeOption = number | boolean | string;
/**
 * Option of the cell `gla`: the gates are sigmoids to the power of 1 / temperature. Default: 16.
 */
export type TemperatureOption = number | boolean | string;
/**
 * Activation of the output by its name, or an object of its name as `type` and its options. Before the loss, softmax and sigmoid are computed inside the loss in training, and applied in inference. glu and swiglu multiply one half of the features with a gate, the other half: a layer with weights has twice as many columns for them. The page of the equation language has their equations and options.
 */
export type Activation = ActivationName | ActivationWithOptions;
/**
 * A built-in activation, or one of `activations`.
 */
export type ActivationName =
  | (
      | "none"
      | "softmax"
      | "sigmoid"
      | "tanh"
      | "relu"
      | "leaky_relu"
      | "elu"
      | "selu"
      | "gelu"
      | "gelu_tanh"
      | "silu"
      | "mish"
      | "softplus"
      | "softsign"
      | "hard_sigmoid"
      | "hard_swish"
      | "glu"
      | "swiglu"
    )
  | string;
/**
 * Train the direction and the length of each output unit's weights by themselves: W = g v / ‖v‖, with the parameters `<name>/v`, of the shape of W, and `<name>/g` [size] in its place, where ‖v‖ is the norm over all axes but the last (T. Salimans and D. P. Kingma, Weight Normalization, 2016). g is ‖v‖ at first, so that W starts as v. Exported models contain W.
 */
export type WeightNorm = boolean;
/**
 * Distribution of the initial weights; biases start as 0. A layer with shared weights follows their owner. `pytorch_uniform` is the default of PyTorch's layers. The page of cells has the equations.
 */
export type Initializer1 =
  | "glorot_uniform"
  | "glorot_normal"
  | "he_uniform"
  | "he_normal"
  | "lecun_uniform"
  | "lecun_normal"
  | "pytorch_uniform";
/**
 * Small constant ε that is added to the variance or the mean square.
 */
export type VarianceEpsilon = number;
/**
 * Multiply each feature by a trained factor, 1 at first.
 */
export type Gain = boolean;
/**
 * Add a trained number to each feature, 0 at first.
 */
export type Shift = boolean;
export type Adapt = {
  /**
   * Columns of A and rows of B.
   */
  rank?: number;
  /**
   * The product of the factors is multiplied by alpha / rank. Default (null): the rank.
   */
  alpha?: number | null;
  /**
   * Names of layers or weights, with * for any characters. Default: all.
   *
   * @minItems 1
   * @maxItems 1000
   */
  layers?: string[];
} | null;
/**
 * A loss with its options.
 */
export type Loss =
  | SequenceLoss
  | CrossEntropyLoss
  | SampledSoftmaxLoss
  | BinaryCrossEntropyLoss
  | SquaredErrorLoss
  | AbsoluteErrorLoss
  | HuberLoss
  | CTCLoss
  | LogCoshLoss
  | QuantileLoss
  | GaussianLikelihoodLoss
  | StudentTLikelihoodLoss
  | PoissonLikelihoodLoss
  | NegativeBinomialLikelihoodLoss
  | MixtureDensityLoss
  | FocalLoss
  | SoftF1Loss
  | ContrastiveLoss
  | CustomLoss;
/**
 * One weight for each output.
 *
 * @minItems 1
 * @maxItems 10000
 */
export type ListOfWeights = number[];
/**
 * Name of the layer whose output the loss reads. Default: the last layer. Each loss of a list reads another layer.
 */
export type From1 = string;
/**
 * Name of the target in the data that the output is compared with. Data with one target without a name has the default.
 */
export type Target = string;
/**
 * Factor of the loss in the sum that training minimizes. The loss in the metrics of its output is without it.
 */
export type Weight = number;
/**
 * Mean or sum over all entries. An evaluation reports the mean or the sum over all its examples.
 */
export type Reduction = "mean" | "sum";
/**
 * mean or sum: over all entries. mean_of_sums: the sum over the entries of a time step (or of an example without time steps), and the mean of these sums. An evaluation reports the same over all its examples.
 */
export type Reduction1 = "mean" | "sum" | "mean_of_sums";
/**
 * A number, a list of numbers, true or false, or a string.
 */
export type LossOption = number | boolean | string | number[];
/**
 * @minItems 1
 * @maxItems 100
 */
export type ListOfLosses = Loss[];
/**
 * A metric by name, or as an object.
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
      | "smape"
      | "mape"
      | "wape"
      | "mase"
      | "pinball"
      | "crps"
      | "coverage"
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
  | MAEMetric
  | SMAPEMetric
  | MAPEMetric
  | WAPEMetric
  | MASEMetric
  | PinballMetric
  | CRPSMetric
  | CoverageMetric
  | CustomMetric;
/**
 * Name of the output that the metric is of: the layer of one of the losses. Needed where the model has several outputs, and reported as `<output>/<metric>`.
 */
export type Output1 = string;
/**
 * A number, or a list of numbers.
 */
export type MetricOption = number | number[];
export type Penalty = number;
/**
 * Step size of the updates. The schedule multiplies it.
 */
export type LearningRate = number;
/**
 * Limit of the gradient before the update: of the norm over all parameters, or of each element.
 */
export type GradientClip = {
  /**
   * Maximum norm of all gradients together.
   */
  global_norm?: number;
  /**
   * Maximum absolute value of each element.
   */
  value?: number;
} | null;
/**
 * Factor of the learning rate over time. Update N has n = N - 1. With warmup_steps the rate first rises linearly, and n counts from the end of the rise.
 */
export type Schedule =
  | ConstantSchedule
  | ExponentialDecaySchedule
  | CosineDecaySchedule
  | LinearWarmupSchedule
  | StepDecaySchedule
  | PolynomialDecaySchedule
  | InverseSquareRootSchedule
  | OneCycleSchedule
  | PlateauSchedule
  | CustomSchedule;
export type ScheduleSteps = number;
/**
 * Updates of a linear rise at the start: (n + 1) / warmup_steps.
 */
export type WarmupSteps = number;
/**
 * Final rate, as a fraction of the learning rate.
 */
export type MinimumRatio = number;
/**
 * Average of the weights: exponential with decay, or without it the mean of the weights at intervals from an update on (stochastic weight averaging). Evaluation, samples, checkpoints' weights and exported models use it; updates continue from the weights themselves. Running statistics of batch_norm are not averaged.
 */
export type AverageOfTheWeights = {
  /**
   * Decay of the average: average = decay * average + (1 - decay) * weights. Default (null): a mean with equal weights, which needs start.
   */
  decay?: number | null;
  /**
   * Update whose weights are the first of the average. With 0 it starts at the initial weights.
   */
  start?: number;
  /**
   * Updates between the weights that are averaged.
   */
  every?: number;
} | null;
/**
 * The name of a parameter, or a pattern: * matches any characters, slashes too, and ? one; * / at the beginning also matches nothing. In a pattern, a kind of layer matches its numbered names too (layer_norm: layer_norm_2), and b at the end every bias named b or b and a letter (bq of attention). rnnx inspect lists the parameters that each pattern matches.
 */
export type PatternOfParameterNames = string;
/**
 * Learning rates of some parameters, as factors of the learning rate. A parameter may match one entry only.
 *
 * @maxItems 100
 */
export type LearningRatesOfParameterGroups = LearningRateOfAParameterGroup[];
export type Fraction = number;
export type Epsilon = number;
export type WeightDecay = number;
/**
 * Patterns of the names of parameters to which weight_decay does not apply, such as biases (* /b, also bq, bk, bv and bo of attention; * /c of gru) and norms (* /layer_norm/*).
 *
 * @maxItems 100
 */
export type ParametersWithoutWeightDecay = PatternOfParameterNames[];
/**
 * Library whose arithmetic is used: epsilon is added to the root before its correction (tensorflow; keras with other defaults) or after it (torch).
 */
export type Variant = "tensorflow" | "torch" | "keras";
/**
 * Text generated during training with the current weights. For text data and models that read forward only.
 */
export type SamplesWhileTraining = {
  /**
   * Updates between samples.
   */
  every?: number;
  /**
   * Start of the text. Default: the first unit of the training text.
   */
  prompt?: string;
  /**
   * Units to generate after the prompt.
   */
  length?: number;
  /**
   * Divisor of the logits. Below 1 likely units become likelier; 0 always takes the most likely one.
   */
  temperature?: number;
} | null;
/**
 * Metric of the validation split: "loss", or a metric of the model such as "accuracy" or "rmse".
 */
export type Metric1 = string;
/**
 * Direction of improvement: smaller (min) or larger (max) values. Default: the direction of the metric, max for accuracy or F1.
 */
export type Mode = "min" | "max";

/**
 * A model, its data and its training.
 */
export interface Spec {
  /**
   * Path of this schema, or of `composed-spec.schema.json` for a spec with `extends` or `variables`. Editors then complete keys and show these texts.
   */
  $schema?: string;
  /**
   * Name of the model and of its run directory, `runs/<name>`. Default: the name of the spec's file.
   */
  name?: string;
  /**
   * Seed of the initial weights, of shuffling and of dropout. The same spec and seed give the same losses.
   */
  seed?: number;
  /**
   * A spec file whose values are inherited, or several, of which a later one goes before an earlier one. Objects are merged key by key; lists, other values and objects of another `type` replace the inherited ones. File names are relative to the file that has them; `name` is not inherited.
   */
  extends?: string | string[];
  /**
   * Values by name. `"$width"` in place of any value of the spec is the value of the variable `width`; `"lstm-${width}"` has it in a text, and `$$` is a dollar sign. A spec that extends another may change its variables, and `--set variables.width=128` and `rnnx sweep --grid variables.width=64,128` do.
   */
  variables?: {
    [k: string]: unknown;
  };
  /**
   * The data that the model trains on.
   */
  data: TextData | TableData | SequencesData | PairsData | AudioData | ImagesData | ArraysData;
  /**
   * Your own cells by name, as equations. A cell with the name of a built-in one replaces it.
   */
  cells?: {
    [k: string]: CellDefinition;
  };
  /**
   * Your own layers by name, as equations. A use of a layer has that name as `layer`, and its options next to it. The kinds of built-in layers are taken.
   */
  layers?: {
    [k: string]: LayerDefinition;
  };
  /**
   * Your own activations by name, as equations: for the key `activation` of layers, the option of that name of a cell, and as functions in the equations of others. The names of the equation language are taken.
   */
  activations?: {
    [k: string]: ActivationDefinition;
  };
  /**
   * Your own optimizers by name, as equations. `optimizer` uses one by that name as its `type`, with its options as keys. The types of built-in optimizers are taken.
   */
  optimizers?: {
    [k: string]: OptimizerDefinition;
  };
  /**
   * Your own schedules of the learning rate by name, as equations of its factor after n updates. The `schedule` of an optimizer uses one by that name as its `type`, with its options as keys. The types of built-in schedules are taken.
   */
  schedules?: {
    [k: string]: ScheduleDefinition;
  };
  /**
   * The layers and blocks in order. Each reads the output of the one before it, unless `from` names others.
   *
   * @minItems 1
   * @maxItems 1000
   */
  model: ModelEntry[];
  /**
   * Lists of layers and blocks by name, for use as `"block": "name"` in the model.
   */
  blocks?: {
    [k: string]: BlockBody;
  };
  loss?: ListOfLosses | Loss;
  losses?:
    | ListOfLosses
    | {
        [k: string]: LossDefinition;
      };
  /**
   * Metrics that evaluations report in addition to the loss, over valid steps. An object has the metrics by name: an entry with `equations` is a metric of your own, an entry without is the built-in one of that name with its options. Default (null): the metrics of the loss and of the data, listed with each.
   */
  metrics?:
    | MetricEntry[]
    | {
        [k: string]: MetricByName;
      }
    | null;
  adapt?: Adapt;
  /**
   * Penalties that are added to the loss in training and in evaluation: on the trained weights (parameters of two or more axes) and on the outputs of rnn layers.
   */
  regularization?: {
    l2?: Penalty;
    l1?: Penalty;
    activity?: Penalty;
    /**
     * Include parameters of a single axis in l1 and l2: biases, gains, trained initial states.
     */
    biases?: boolean;
  } | null;
  /**
   * The update rule of the weights.
   */
  optimizer:
    | GradientDescentOptimizer
    | MomentumOptimizer
    | RMSPropOptimizer
    | AdagradOptimizer
    | AdadeltaOptimizer
    | AdamOptimizer
    | AdamWOptimizer
    | AdaMaxOptimizer
    | NAdamOptimizer
    | RAdamOptimizer
    | LionOptimizer
    | LAMBOptimizer
    | AdafactorOptimizer
    | MuonOptimizer
    | CustomOptimizer;
  train?: TrainingSettings;
}
/**
 * Windows of a text. The target of each unit is the next unit.
 */
export interface TextData {
  /**
   * Text.
   */
  type: "text";
  /**
   * The text itself. Give either `text` or `file`.
   */
  text?: string | null;
  /**
   * A UTF-8 text file, gzipped or not, relative to the spec. Give either `file` or `text`.
   */
  file?: string | null;
  /**
   * The unit of one time step: a character, a word between white space, a byte, or a token of a part of a word (bpe): of byte-level byte-pair encoding, or of the model of `tokenizer`.
   */
  unit?: "char" | "word" | "byte" | "bpe";
  tokenizer?: Tokenizer;
  normalization?: TextNormalization;
  /**
   * Length of a training sequence, in units.
   */
  window: number;
  /**
   * Units between the starts of two consecutive windows. Default: 1, or the window with stateful layers.
   */
  stride?: number;
  /**
   * Least distance between the starts of two windows of the validation and test splits. Default (null): the stride of the data. With the window, an evaluation reads each target once.
   */
  evaluation_stride?: number | null;
  vocabulary?: Vocabulary;
  split?: SplitOfASeries;
}
/**
 * Changes of a text before it is divided into units, the same in training, predictions and exported programs: Unicode normalization, lower case, then punctuation.
 */
export interface TextNormalization {
  /**
   * Unicode normalization form: NFC composes accents, NFKC also replaces compatibility characters such as ligatures and full-width letters.
   */
  normalize?: "none" | "NFC" | "NFKC";
  /**
   * Write every character in lower case, by itself, in no language's own way.
   */
  lowercase?: boolean;
  /**
   * Punctuation and symbols (Unicode categories P and S): kept as they are; each split from words, as a word of its own; or dropped, which also ends a word. split needs words.
   */
  punctuation?: "keep" | "split" | "drop";
}
/**
 * Limits of the vocabulary, which is built from the training split. All units outside it share one id, the unknown unit; byte-level tokens (bpe) have none outside.
 */
export interface Vocabulary {
  /**
   * A file with one word or character on each line, gzipped or not, relative to the spec: the vocabulary, with ids in the order of the lines, in sequences after the unknown unit, in pairs after the tokens that are no text. Where units are characters, a line feed is written \n. Default (null): the vocabulary is built from the training split.
   */
  file?: string | null;
  /**
   * Maximum number of entries, the unknown unit included; the most frequent units are kept. Default (null): no limit, or 8,000 with `unit` bpe, whose vocabulary has the 256 bytes and the results of the most frequent merges.
   */
  size?: number | null;
  /**
   * Minimum number of occurrences of a unit in the training split; of a pair that is merged (bpe) it is at least 2.
   */
  min_count?: number;
}
/**
 * Fractions of a series for training, validation and test. Targets of different splits do not overlap.
 */
export interface SplitOfASeries {
  /**
   * Fraction of the examples for training. Default: the rest.
   */
  train?: number;
  validation?: HeldOutPart;
  test?: HeldOutPart;
  /**
   * Order of the splits: time keeps the order of the data, shuffled draws examples by the seed.
   */
  order?: "time" | "shuffled";
}
/**
 * Rows of a CSV file. With a window, windows of consecutive rows, such as a series of prices: the target is the row after the window; for a model with one output per step, the row after each step. Without a window each row is an example of its own, and its target is in the same row.
 */
export interface TableData {
  /**
   * A table.
   */
  type: "table";
  /**
   * A file of rows, relative to the spec: CSV or TSV in UTF-8 (gzipped or not), lines of JSON (`.jsonl`, the keys of the first lines are the columns), Parquet (`.parquet`) or Arrow (`.arrow`, `.feather` of version 2; needs the package apache-arrow). The types of the columns of Parquet and Arrow are read: no value is a missing one, a date is 2024-05-01, a time 2024-05-01 09:30:00. A list of files, or a name with `*`, `?` or `{a,b}`, is the rows of several files with equal columns: those of a list in its order, those of a pattern by name.
   */
  file: string | string[];
  /**
   * Source of the column names: true for the first row, "comment" for the last comment line before the data, false for no names. "auto" uses the first row if a field of it is not a number, else a comment with one name for each field.
   */
  header?: true | false | "comment" | "auto";
  /**
   * Prefix of comment lines, which are skipped. "" turns comments off.
   */
  comment?: string;
  /**
   * Separator of the fields in a row. Default (null): a tab in .tsv files, a comma in others.
   */
  delimiter?: string | null;
  /**
   * Input columns: a list of columns of numbers, by name or by number from 1; or an object of the kinds of columns (`number`, `category`, `boolean`, `date`, `text`) by name. Default (null): all numeric columns.
   */
  columns?:
    | Column[]
    | {
        [k: string]: TableColumn;
      }
    | null;
  decimal?: Decimal;
  thousands?: Thousands;
  /**
   * Columns to predict, by name or by number from 1; or an object of such lists by the names that losses use in `target`. Default (null): the input columns. A loss over classes needs one column of labels. Labels that are integers from 0 are class ids, where they are below 100 or at least half of the ids occur; others are numbered in their sorted order, numbers by value before texts.
   */
  target?:
    | TargetColumns
    | {
        [k: string]: TargetColumns;
      }
    | null;
  /**
   * Length of a training sequence, in rows. Default (null): none. Rows are then independent: the model reads [batch, features] and no layer over time, the horizon is [0], and the order of the split is shuffled by default.
   */
  window?: number | null;
  /**
   * Rows to be predicted: a number of rows after a window, or a list of single rows. 24 is the next 24 rows, [12] the twelfth alone, [0] the window's own last row: its targets are not inputs, so they are named in target, and left out of columns. The model has an output for each row and target, row by row: 24 rows of 2 columns are 48 numbers. Without a window: [0]. A target of classes is of one row.
   */
  horizon?: number | number[];
  /**
   * Way to several rows. direct: the model outputs all rows of the horizon at once. autoregressive: the model predicts one row, and is trained on the first row after each window; evaluations, predictions and the exported model feed each predicted row back as the last row of the window, up to the last row of the horizon. Each input column is then a target or in `known_future`; dates are read in the rows to be predicted. Of quantiles the median is fed back, of a distribution its mean.
   */
  decode?: "direct" | "autoregressive";
  /**
   * Rows between the starts of two consecutive windows. Default: 1, or the window with stateful layers.
   */
  stride?: number;
  /**
   * Least distance between the starts of two windows of the validation and test splits. Default (null): the stride of the data. With the window, an evaluation reads each target once.
   */
  evaluation_stride?: number | null;
  /**
   * Columns whose values name the series of a row, in a file of several series. Windows are of one series, whose rows are in the order of the file, or of `time`; each series is split by itself. Default (null): one series.
   */
  group?: TargetColumns | null;
  /**
   * Column of the time of each row: the rows of a series are sorted by it, and the splits are in its order. Its step is found (a number, a span, calendar months), rows that it skips are stated once, and predictions have the time of the predicted row. The column is no input unless `columns` lists it. Default (null): the order of the file.
   */
  time?: Column | TimeColumn | null;
  /**
   * Rows of a season, such as 24 of hourly data: of the seasonal naive forecast that an evaluation compares with, and of the metric mase. Default (null): by the step of `time`, if there is one (a day of shorter steps, 7 days, 52 weeks, 12 months, 4 quarters).
   */
  season?: number | null;
  /**
   * Input columns whose values are known ahead, such as promotions: the input `future`, [batch, rows of the horizon, columns], has them in the rows to be predicted, scaled as in `inputs`. A column of categories is the input `future.<column>` of ids, and dates are `future.<column>.<feature>` without being listed. Layers read them by `from`. A file for predictions ends with the rows to be predicted of each series, whose other columns may be empty. An empty list: dates alone. Default (null): none; with autoregressive decoding dates, where `columns` has some.
   */
  known_future?: string[] | null;
  /**
   * Input columns with one value in each series, such as the size of a shop: the input `static`, [batch, columns], has them once for each window, scaled per column as in `inputs` (a scale per series or window leaves them as they are); a column of categories is the input `static.<column>` of one id. Layers read them by `from`; `inputs` has them in each row too. With autoregressive decoding they are those of the next rows. A column that changes within a series is an error. Default (null): none.
   */
  static?: string[] | null;
  /**
   * Reverse the rows, for a file whose newest row is first.
   */
  reverse?: boolean;
  /**
   * Scaling of each column of numbers, fitted on the training split: min_max to the range from 0 to 1, standard to mean 0 and standard deviation 1, mean_abs by the mean absolute value. With `"per": "window"` each window is scaled by its own rows, inside the model, so that series of any size are alike; log, per window or series, makes errors relative. Predictions are scaled back; losses and metrics are in scaled units.
   */
  scale?: ("none" | "min_max" | "standard" | "mean_abs" | "log") | Scaling | null;
  /**
   * Treatment of a missing value (an empty field; of numbers also NA, N/A, NaN, null, none) of a column without a treatment of its own: report an error, drop the row, repeat the value of the previous row, interpolate between the values before and after it (linear in time; after the last one it is repeated), or read zero, or the mean of the training split. With previous and interpolate the rows that `time` skips are added. Targets are never made up: with zero and mean they are an error in a series. A label is missing only if its field is empty, and is never repeated. Windows whose targets the file lacks, and without a window rows without a target, are left out of training and evaluation, and counted. Interpolated inputs depend on later rows, which predictions do not have; previous reads earlier rows alone. Predictions read rows without a target.
   */
  missing?: "error" | "drop" | "previous" | "interpolate" | "zero" | "mean";
  split?: SplitOfATable;
}
/**
 * Numbers, one feature. `data.scale` scales it.
 */
export interface ColumnOfNumbers {
  /**
   * Numbers.
   */
  type: "number";
  /**
   * Decimal mark. Default (null): that of the table.
   */
  decimal?: null | "." | ",";
  /**
   * Separator of groups of three digits; "" for none. Default (null): that of the table.
   */
  thousands?: null | "" | "." | "," | " " | "'";
  /**
   * Text before or after every number, such as a currency or a percent sign, which is removed: 12.5% is 12.5. A value without it is an error. Default (null): none.
   */
  unit?: string | null;
  /**
   * Treatment of a missing value, as for the table. Default (null): that of the table.
   */
  missing?: null | "error" | "drop" | "previous" | "interpolate" | "zero" | "mean";
  /**
   * Add a feature that is 1 where the value is missing, and 0 elsewhere. It needs the treatment zero or mean.
   */
  indicator?: boolean;
}
/**
 * Texts of which each is a category: an input of ids by the vocabulary of the training split, in sorted order. Empty fields have an id of their own, and values that the training split lacks share another one.
 */
export interface ColumnOfCategories {
  /**
   * Categories.
   */
  type: "category";
  /**
   * Encoding of the ids: rows of a trained table, one-hot vectors, or none: layers of the model read the ids by the name of the column.
   */
  encode?: "embedding" | "one_hot" | "none";
  /**
   * Width of the rows of an embedding.
   */
  size?: number;
  /**
   * Rows of the training split that a category needs for an id of its own; rarer ones share the id of unknown values.
   */
  min_count?: number;
}
/**
 * One feature, 0 or 1. Spellings in any case: true, yes, y, t, on, 1 and false, no, n, f, off, 0; or those of the column.
 */
export interface ColumnOfBooleans {
  /**
   * Booleans.
   */
  type: "boolean";
  /**
   * Spellings of true. Default (null): the usual ones.
   *
   * @minItems 1
   * @maxItems 100
   */
  true?: string[] | null;
  /**
   * Spellings of false. Default (null): the usual ones.
   *
   * @minItems 1
   * @maxItems 100
   */
  false?: string[] | null;
  /**
   * Treatment of a missing value, as for the table. Default (null): that of the table.
   */
  missing?: null | "error" | "drop" | "previous" | "zero" | "mean";
  /**
   * Add a feature that is 1 where the value is missing, and 0 elsewhere. It needs the treatment zero or mean.
   */
  indicator?: boolean;
}
/**
 * Dates and times as written, without a change of time zone. Each of the features is an input of ids, `<column>.<feature>`.
 */
export interface ColumnOfDates {
  /**
   * Dates.
   */
  type: "date";
  /**
   * Format as in strftime: %Y, %y (1969 to 2068), %m, %b, %B, %q (quarter), %G-W%V (week of ISO 8601), %d, %j, %H, %I, %p, %M, %S, %f, %z, %s (seconds since 1970) and literal text. Default (null): ISO 8601, such as 2024-12-31 or 2024-12-31 23:00.
   */
  format?: string | null;
  /**
   * Calendar features, ids from 0: minute, hour, weekday (Monday is 0), day of the month, day of the year, month, quarter. An empty list: none.
   *
   * @maxItems 7
   */
  features?: ("minute" | "hour" | "weekday" | "day" | "day_of_year" | "month" | "quarter")[];
  /**
   * Encoding of the ids: sine and cosine of their angle in the period (a cycle layer), one-hot vectors, rows of a trained table, or none: layers of the model read the ids by `<column>.<feature>`.
   */
  encode?: "cycle" | "one_hot" | "embedding" | "none";
  /**
   * Width of the rows of an embedding.
   */
  size?: number;
}
/**
 * Texts as tokens: an input of ids [batch, steps] by the column's name, and the lengths of the texts, `<name>.lengths`. `encode` makes one vector of a text, which is joined with the other columns. A text without tokens, such as an empty field, is one unknown token (of bpe: a space). For single rows, without a window.
 */
export interface ColumnOfText {
  /**
   * Texts.
   */
  type: "text";
  /**
   * The unit of one time step: a word (separated by white space), a character, or a token of a part of a word (bpe): of byte-level byte-pair encoding, or of the model of `tokenizer`.
   */
  unit?: "word" | "char" | "bpe";
  /**
   * The vector of a text: the mean of the rows of a trained table (`mean`), the last state of a GRU over them (`gru`), or none of its own: layers of the model read the ids by the name of the column (`none`).
   */
  encode?: "mean" | "gru" | "none";
  /**
   * Width of the rows of the table, and of the state of the GRU.
   */
  size?: number;
  /**
   * Maximum number of units; longer texts are truncated. Default (null): no limit.
   */
  max_length?: number | null;
  normalization?: TextNormalization;
  vocabulary?: Vocabulary;
  tokenizer?: Tokenizer;
}
/**
 * The column of the times of the rows, and their format.
 */
export interface TimeColumn {
  column: Column;
  /**
   * Format of the dates as in strftime, such as %d.%m.%Y. Default (null): that of the column in `columns`; else ISO 8601, or numbers.
   */
  format?: string | null;
}
/**
 * The scaling of the columns of a table, and the rows that it is computed from.
 */
export interface Scaling {
  /**
   * min_max: (x - min) / (max - min). standard: (x - mean) / standard deviation. mean_abs: x / mean |x|. log, per window or series and for numbers above 0: log x - mean of log x, so that differences are relative ones; predictions are positive, and losses of values or quantiles are of logarithms.
   */
  type: "min_max" | "standard" | "mean_abs" | "log";
  /**
   * column: the rows of the training split. series: the rows of the training split of each series of `group`; the model has a table of the scales by the input `series_id`, and predicts series of the training data alone. window: the rows of each window, whose targets and predictions have the same scale; the columns to predict are then inputs. Columns of booleans are not scaled. A window that varies by less than 1e-4 of its mean absolute value has that as its scale, one of zeros 1.
   */
  per?: "column" | "series" | "window";
}
/**
 * Fractions of the examples of a table for training, validation and test, the numbers of rows that are held out at the end of each series, or folds of single rows. In a series, targets of different splits do not overlap.
 */
export interface SplitOfATable {
  /**
   * Fraction of the examples for training; next to numbers of rows of the other splits, of the rows that these leave. Default: the rest.
   */
  train?: number;
  validation?: HeldOutRows;
  test?: HeldOutRows;
  /**
   * Order of the splits: time keeps the order of the data, shuffled draws examples by the seed. Default: time with a window, shuffled for single rows.
   */
  order?: "time" | "shuffled";
  /**
   * Give every split the same share of each class, up to one example. For single rows with one label each.
   */
  stratify?: boolean;
  /**
   * Number of folds for cross-validation of single rows: the test split is one of them, and `validation` is a fraction of the others. Folds have the same share of each class where examples have one label each. `rnnx sweep` trains all folds, `rnnx train --fold` one. Default (null): none.
   */
  folds?: number | null;
  /**
   * The fold that is the test split, from 1.
   */
  fold?: number;
  /**
   * The column of the group of each single row, by name or by number from 1. All rows of a group are in one split, such as those of one customer; with `folds` in one fold, and as many folds as groups leave one out at a time. Default (null): none.
   */
  group?: Column | null;
}
/**
 * Sequences of variable length, one per line: JSON Lines with `text`, `tokens` (a list) or `inputs` (a list of vectors), and one `label` or a list of `tags`, one for each step; or a CSV file with columns of these names (`columns` maps other names); or time series in the .ts format of sktime and the UCR archive, whose values are `inputs`, with a label each. Labels that are integers from 0 are class ids, where they are below 100 or at least half of the ids occur; others are numbered in their sorted order, numbers by value before texts. All layers, losses and metrics respect the lengths.
 */
export interface SequencesData {
  /**
   * Sequences.
   */
  type: "sequences";
  /**
   * A .jsonl, .csv, .tsv or .ts file in UTF-8, gzipped (.jsonl.gz) or not, or a .parquet or .arrow file of texts and labels, relative to the spec.
   */
  file: string;
  columns?: ColumnsOfSequences;
  /**
   * Columns (or keys of the lines) of several targets by the names that losses use in `target`: a tag for each step where the output has one, else a label. Default (null): one target, `label` or `tags`.
   */
  targets?: {
    [k: string]: Column;
  } | null;
  /**
   * Of a .csv or .tsv file: the first row has the names of the columns. With false, `columns` has their numbers.
   */
  header?: boolean;
  delimiter?: Delimiter;
  /**
   * The unit of one time step of `text`: a word (separated by white space), a character, a byte of UTF-8, whose id is its value, or a token of a part of a word (bpe): of byte-level byte-pair encoding, or of the model of `tokenizer`.
   */
  unit?: "word" | "char" | "byte" | "bpe";
  tokenizer?: Tokenizer;
  text?: TextNormalization;
  vocabulary?: Vocabulary;
  /**
   * Maximum number of steps; longer sequences and their tags are truncated. Default (null): no limit.
   */
  max_length?: number | null;
  /**
   * Number of groups of similar length. A batch has sequences of one group, padded to the longest of the group.
   */
  buckets?: number;
  split?: SplitOfLines;
}
/**
 * The columns of a .csv or .tsv file, or the keys of JSON Lines: by name, or columns by number from 1. Default (null): the column or key of the same name as here.
 */
export interface ColumnsOfSequences {
  /**
   * Text, divided into units.
   */
  text?: Column | null;
  /**
   * Tokens: a list, or in a CSV file names separated by white space.
   */
  tokens?: Column | null;
  /**
   * Vectors, one for each step; in JSON Lines only.
   */
  inputs?: Column | null;
  /**
   * The label of the sequence.
   */
  label?: Column | null;
  /**
   * One tag for each step: a list, or in a CSV file names separated by white space.
   */
  tags?: Column | null;
}
/**
 * Fractions of the examples for training, validation and test; or the splits that a column or files define.
 */
export interface SplitOfLines {
  /**
   * Fraction of the examples for training. Default: the rest.
   */
  train?: number;
  validation?: HeldOutPart;
  test?: HeldOutPart;
  /**
   * Order of the splits: time keeps the order of the data, shuffled draws examples by the seed.
   */
  order?: "time" | "shuffled";
  /**
   * Give every split the same share of each class, up to one example. For data with one label per example.
   */
  stratify?: boolean;
  /**
   * Number of folds for cross-validation: the test split is one of them, and `validation` is a fraction of the others. Folds have the same share of each class where examples have one label each. `rnnx sweep` trains all folds, `rnnx train --fold` one. Default (null): none.
   */
  folds?: number | null;
  /**
   * The fold that is the test split, from 1.
   */
  fold?: number;
  /**
   * The column or key of the group of each line, by name, or a column by number from 1. All lines of a group are in one split, such as those of one speaker: the groups of `test` and `validation` are drawn by the seed until they have their fractions, and the others are for training. With `folds` all lines of a group are in one fold; as many folds as groups leave one out at a time. Default (null): none.
   */
  group?: Column | null;
  /**
   * Source of the splits: fractions of the examples, a column with train, validation or test in each line (also training, val, valid, dev, testing), or files of their own.
   */
  by?: "fraction" | "column" | "files";
  /**
   * With `by` column: the column or key of the split, by name, or a column by number from 1. Default (null): split.
   */
  column?: Column | null;
  /**
   * With `by` files: the files of the held-out splits, in the format of `file`, which is the training split.
   */
  files?: {
    /**
     * The file of the validation split. Default (null): none.
     */
    validation?: string | null;
    /**
     * The file of the test split. Default (null): none.
     */
    test?: string | null;
  };
}
/**
 * Pairs of a source sequence and a target sequence. Layers read the source as `inputs`, and the target, shifted by a start token, as `decoder_inputs`; targets end with an end token. Sizes: "vocabulary" (source), "target_vocabulary".
 */
export interface PairsData {
  /**
   * Pairs.
   */
  type: "pairs";
  /**
   * The pairs themselves: a source (text or a list of numbers) and a target. Give either `pairs` or `file`.
   *
   * @minItems 1
   * @maxItems 100000
   */
  pairs?: unknown[][] | null;
  /**
   * A file with one pair per line, gzipped or not, relative to the spec: source and target separated by a tab; a .csv, .parquet or .arrow file; or a `.jsonl` file with {"source": text or numbers, "target": text}. Give either `file` or `pairs`.
   */
  file?: string | null;
  columns?: ColumnsOfPairs;
  /**
   * The first row has the names of the columns. Default: true for a .csv file and with `columns`, else false. With false, `columns` has numbers.
   */
  header?: boolean;
  delimiter?: Delimiter;
  /**
   * The unit of one time step, in sources and targets: a character, a word, a byte of UTF-8, whose id is its value + 3 (after the start, the end and the unknown token), or a token of a part of a word (bpe): of byte-level byte-pair encoding that is learned from both, or of the model of `tokenizer`.
   */
  unit?: "char" | "word" | "byte" | "bpe";
  tokenizer?: Tokenizer;
  text?: TextNormalization;
  vocabulary?: Vocabulary;
  split?: SplitOfLines;
}
/**
 * The columns of a .csv, .tsv or .txt file (separated by tabs, except in .csv), or the keys of JSON Lines: by name, or columns by number from 1. Default (null): `source` and `target`; of two columns with other names, the first and the second.
 */
export interface ColumnsOfPairs {
  /**
   * The source of a pair.
   */
  source?: Column | null;
  /**
   * The target of a pair.
   */
  target?: Column | null;
}
/**
 * Sound files (.wav) of different lengths with a label each. The samples, from -1 to 1, are the steps: inputs [batch, samples, 1] with lengths; a `log_mel` layer makes frames of them. Files are PCM of 8, 16, 24 or 32 bits or floats of 32 or 64 bits; several channels are averaged. Labels that are integers from 0 are class ids, where they are below 100 or at least half of the ids occur; others are numbered in their sorted order.
 */
export interface AudioData {
  /**
   * Audio.
   */
  type: "audio";
  /**
   * A pattern of .wav files (`*` and `?` in names, `{a,b}` for a list), whose names have the labels; or a list of .wav files with labels, a .csv, .tsv or .jsonl file, in which paths start from its folder. Relative to the spec.
   */
  file: string;
  /**
   * The names of the sound files of a pattern: {label} and other fields in braces, such as a speaker, by which `split.group` makes groups; `*` is any text. The end of each path has this form. Default (null): {label}/*.wav, where the folder of a file is its label.
   */
  names?: string | null;
  /**
   * The columns of a list of sound files, by name or by number from 1.
   */
  columns?: {
    /**
     * The path of the sound file. Default (null): the column path.
     */
    path?: Column | null;
    /**
     * The label. Default (null): the column label.
     */
    label?: Column | null;
  };
  /**
   * Samples per second of the sounds that the model reads. A file of another rate is an error without `resample`.
   */
  sample_rate: number;
  /**
   * Files of another rate are resampled to `sample_rate` as they are read, in training and in `rnnx predict`: by a sinc under Hann's window over 6 zeros to each side, cut off at 0.99 of half the lower rate, as by torchaudio. Default (false): they are an error.
   */
  resample?: boolean;
  /**
   * Number of groups of similar length. A batch has sounds of one group, padded to the longest of the group.
   */
  buckets?: number;
  split?: SplitOfLines;
}
/**
 * Images of one size in IDX files, as in MNIST, optionally gzipped. The rows of an image are its time steps, with values from 0 (black) to 1.
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
   * An IDX file of bytes [images] with the class of each image, relative to the spec.
   */
  labels: string;
  /**
   * Number of images to use, from the first. Default (null): all.
   */
  limit?: number | null;
  split?: Split;
}
/**
 * Fractions of the examples for training, validation and test.
 */
export interface Split {
  /**
   * Fraction of the examples for training. Default: the rest.
   */
  train?: number;
  validation?: HeldOutPart;
  test?: HeldOutPart;
  /**
   * Order of the splits: time keeps the order of the data, shuffled draws examples by the seed.
   */
  order?: "time" | "shuffled";
  /**
   * Give every split the same share of each class, up to one example. For data with one label per example.
   */
  stratify?: boolean;
  /**
   * Number of folds for cross-validation: the test split is one of them, and `validation` is a fraction of the others. Folds have the same share of each class where examples have one label each. `rnnx sweep` trains all folds, `rnnx train --fold` one. Default (null): none.
   */
  folds?: number | null;
  /**
   * The fold that is the test split, from 1.
   */
  fold?: number;
}
/**
 * Numeric arrays. Each role is a `.npy`, `.npz` or `.json` file relative to the spec, or nested lists. The first axis is the example.
 */
export interface ArraysData {
  /**
   * Arrays of numbers.
   */
  type: "arrays";
  /**
   * Token ids [batch, time], features [batch, time, features] or rows [batch, features]; or an object of such arrays by the names that layers use in `from`. The first of them is also named `inputs`.
   */
  inputs:
    | ArraySource
    | {
        [k: string]: ArraySource;
      };
  /**
   * Targets of the loss: class ids (integers), or numbers of the output's shape; or an object of such arrays by the names that losses use in `target`.
   */
  targets:
    | ArraySource
    | {
        [k: string]: ArraySource;
      };
  /**
   * Number of valid steps of each sequence, [batch]. All layers, losses and metrics respect them.
   */
  lengths?: ArraySource | null;
  /**
   * Weight of each step in the loss, [batch, time].
   */
  weights?: ArraySource | null;
  /**
   * Initial states by public name, each [batch, size], or [batch, …] with all axes of the state. States that are not listed start at zero.
   */
  initial_states?: {
    [k: string]: ArraySource;
  };
  split?: Split;
}
/**
 * A recurrent cell as equations: names and shapes of its states and parameters, and one step of the recurrence. The compiler derives the gradient.
 */
export interface CellDefinition {
  /**
   * Path of this schema. Editors then complete keys and show these texts.
   */
  $schema?: string;
  /**
   * One sentence about the cell.
   */
  description?: string;
  /**
   * The cell's own options with their defaults: numbers, true or false, or strings. A use of the cell gives them next to `cell`. Sizes, equations and initializers can use numeric options; the legal values of a string are the keys of its `variants`, and with a variant `otherwise` the names of activations: equations call the activation by the name of the option.
   */
  options?: {
    [k: string]: CellOption;
  };
  /**
   * Name and size of each input in addition to `x`, such as the time since the last step. The layer reads them from the layers or inputs that `from` names after the first, in this order.
   */
  inputs?: {
    [k: string]: SizeExpression;
  };
  /**
   * Name and size of each state, or the sizes of its axes. In equations `h` is the state before the step, and `h'` the state after it. With an option `heads`, `head_size` is hidden_size / heads.
   */
  state: {
    [k: string]: ShapeOfAState;
  };
  /**
   * Name and shape of each trainable tensor. Kernels are [in, out].
   */
  parameters: {
    [k: string]: Shape;
  };
  /**
   * Initial values of parameters. Default: glorot_uniform for matrices, 0 for others.
   */
  initializers?: {
    [k: string]: Initializer;
  };
  equations: Equations;
  output: Output;
  /**
   * The ONNX recurrent operator that is equivalent to the cell, and its weights. Exported models use the operator in place of a loop where the results are equal, which each export checks. Default (null): export as a loop.
   */
  onnx?: ONNXMapping | null;
  /**
   * Changes of the cell for each option and each value of it, as text (`"true"`, `"relu"`, `"0"`; `"otherwise"` for all numbers, or all activations, that are not listed). Variants apply in the order in which they are listed.
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
 * An operator and its operands. Each operand is a list of column blocks, gate by gate in ONNX's order (LSTM: input, output, forget, cell; GRU: update, reset, hidden). A block is a parameter, or `U[1]`, the second of its slices of `hidden_size` columns; a minus sign negates it. An empty list is zeros.
 */
export interface ONNXMapping {
  /**
   * The operator.
   */
  operator: "RNN" | "GRU" | "LSTM";
  /**
   * Activations in the operator's order. Default: those of the operator.
   *
   * @maxItems 3
   */
  activations?: ("Sigmoid" | "Tanh" | "Relu")[];
  /**
   * GRU: the reset gate multiplies the recurrent sum, not the state.
   */
  linear_before_reset?: boolean;
  /**
   * The cell's states in the operator's order: h, and c for LSTM. Default: in the cell's order.
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
 * Changes of a cell. State, parameters and initializers are added to the cell's, or replace those of the same name; equations and output replace the cell's.
 */
export interface CellVariant {
  /**
   * States that this variant adds or replaces.
   */
  state?: {
    [k: string]: ShapeOfAState;
  };
  /**
   * Parameters that this variant adds or replaces.
   */
  parameters?: {
    [k: string]: Shape;
  };
  /**
   * Initializers that this variant adds or replaces.
   */
  initializers?: {
    [k: string]: Initializer;
  };
  /**
   * A list replaces all equations of the cell. An object replaces single equations: its keys are names that equations assign, its values the new line or lines.
   */
  equations?: Equations | ReplacedEquations | null;
  /**
   * Members that replace those of the cell's mapping. null: this variant has no equivalent ONNX operator.
   */
  onnx?: ChangedONNXMapping | null;
  /**
   * Output that replaces the cell's.
   */
  output?: Output | null;
}
/**
 * Replacements by the name that an equation assigns: the line, or lines, that replace that equation.
 */
export interface ReplacedEquations {
  [k: string]: string | Equations;
}
/**
 * Members that replace those of the cell's mapping.
 */
export interface ChangedONNXMapping {
  /**
   * The operator.
   */
  operator?: "RNN" | "GRU" | "LSTM";
  /**
   * Activations in the operator's order. Default: those of the operator.
   *
   * @maxItems 3
   */
  activations?: ("Sigmoid" | "Tanh" | "Relu")[];
  /**
   * GRU: the reset gate multiplies the recurrent sum, not the state.
   */
  linear_before_reset?: boolean;
  /**
   * The cell's states in the operator's order: h, and c for LSTM. Default: in the cell's order.
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
 * A layer as equations: names and shapes of its parameters, and its output from its input x, a row of `input_size` features. The compiler derives the gradient.
 */
export interface LayerDefinition {
  /**
   * One sentence about the layer.
   */
  description?: string;
  /**
   * The layer's own options with their defaults, as those of a cell: numbers, true or false, or strings. A use of the layer gives them next to `layer`.
   */
  options?: {
    [k: string]: CellOption;
  };
  /**
   * Further inputs of the equations, next to `x`, each with its number of features. A new name is that of the size, for shapes and equations; a number or a known size is one that the input must have. A use names the layers in `from`: that of `x`, then those of the inputs in order. An input without time steps is the same at each step of `x`.
   */
  inputs?: {
    [k: string]: SizeExpression;
  };
  /**
   * Name and shape of each trained tensor: sizes, and arithmetic over `input_size` and numeric options. Kernels are [in, out].
   */
  parameters?: {
    [k: string]: Shape;
  };
  /**
   * Initial values of parameters. Default: glorot_uniform for matrices, 0 for others.
   */
  initializers?: {
    [k: string]: Initializer;
  };
  equations: Equations;
  output?: Name;
  /**
   * Changes of the layer for each option and each value of it, as those of a cell.
   */
  variants?: {
    [k: string]: {
      [k: string]: LayerVariant;
    };
  };
}
/**
 * Changes of a layer. Parameters and initializers are added to the layer's, or replace those of the same name; equations and output replace the layer's.
 */
export interface LayerVariant {
  /**
   * Parameters that this variant adds or replaces.
   */
  parameters?: {
    [k: string]: Shape;
  };
  /**
   * Initializers that this variant adds or replaces.
   */
  initializers?: {
    [k: string]: Initializer;
  };
  /**
   * A list replaces all equations of the layer. An object replaces single equations: its keys are names that equations assign, its values the new line or lines.
   */
  equations?: Equations | ReplacedEquations | null;
  /**
   * Output that replaces the layer's.
   */
  output?: Name | null;
}
/**
 * An activation as equations of its input x, whose last axis is that of the features. The compiler derives the gradient. An activation that reads k features for each feature of its output, such as a gate of two halves, gives a layer with weights k times as many columns.
 */
export interface ActivationDefinition {
  /**
   * Path of this schema. Editors then complete keys and show these texts.
   */
  $schema?: string;
  /**
   * One sentence about the activation.
   */
  description?: string;
  /**
   * The activation's own options, numbers, with their defaults. A layer gives others next to `type`, an equation after x, in this order: `leaky(x, 0.2)`. Equations read them by name.
   */
  options?: {
    [k: string]: ActivationOption;
  };
  equations: Equations;
  output?: Name;
}
/**
 * An optimizer as equations of one update of a parameter: p the parameter, g its gradient (after clipping), rate the learning rate at this update, t the number of the update from 1. For each slot s and for p, equations set the next value: s', p'. The numbers rank and size of p may be read, and of one with two axes or more rows and columns: its last two axes.
 */
export interface OptimizerDefinition {
  /**
   * Path of this schema. Editors then complete keys and show these texts.
   */
  $schema?: string;
  /**
   * One sentence about the optimizer.
   */
  description?: string;
  /**
   * The optimizer's own options with their defaults: numbers, true or false, or strings, whose legal values are the keys of their variants. A use gives them next to `type`. A schedule of the momentum changes `momentum` or `beta1`; `no_decay` makes `weight_decay` 0 for some parameters.
   */
  options?: {
    [k: string]: CellOption;
  };
  /**
   * Tensors that each parameter carries from update to update, with the initial value of their entries: a number or the name of a numeric option. A slot has the shape of the parameter, or one of its own.
   */
  slots?: {
    [k: string]: Slot;
  };
  equations: Equations;
  /**
   * Changes for each option and each value of it, as those of a cell, and under `rank` for each number of axes of the parameter.
   */
  variants?: {
    [k: string]: {
      [k: string]: OptimizerVariant;
    };
  };
}
/**
 * A slot whose shape is not that of the parameter.
 */
export interface SlotWithAShape {
  initial?: SlotValue;
  /**
   * Sizes of the axes: arithmetic over rows, columns, size and numeric options; an empty list for a scalar. For a parameter of more than two axes its other axes come before two sizes.
   *
   * @maxItems 8
   */
  shape: SizeExpression[];
}
/**
 * Changes of an optimizer. Slots are added, or replace those of the same name; equations replace the optimizer's.
 */
export interface OptimizerVariant {
  /**
   * Slots that this variant adds or replaces.
   */
  slots?: {
    [k: string]: Slot;
  };
  /**
   * A list replaces all equations. An object replaces single equations: its keys are names that equations assign, its values the new line or lines.
   */
  equations?: Equations | ReplacedEquations | null;
}
/**
 * A schedule as equations: the factor of the learning rate after n updates, counted from the end of the warmup. `pi` may be read, and `total_steps`, the updates of the run after the warmup, where `train` has `steps`.
 */
export interface ScheduleDefinition {
  /**
   * Path of this schema. Editors then complete keys and show these texts.
   */
  $schema?: string;
  /**
   * One sentence about the schedule.
   */
  description?: string;
  /**
   * The schedule's own options with their defaults: numbers, true or false, or strings, whose legal values are the keys of their variants. A use gives them next to `type`.
   */
  options?: {
    [k: string]: CellOption;
  };
  equations: Equations;
  /**
   * Changes for each option and each value of it, as those of a cell.
   */
  variants?: {
    [k: string]: {
      [k: string]: ScheduleVariant;
    };
  };
}
/**
 * Equations that replace those of a schedule.
 */
export interface ScheduleVariant {
  /**
   * A list replaces all equations. An object replaces single equations: its keys are names that equations assign, its values the new line or lines.
   */
  equations?: Equations | ReplacedEquations | null;
}
/**
 * Layers and blocks that run in order. The compiler replaces a block by its layers, named `<block>/<layer>`, with `repeat` `<block>/<copy>/<layer>`. The layers of a block without a name and without `repeat` have names as if they were outside it. A name in `from`, `weights` and `initial_state` refers to the same block first, then to those around it; `block_input` is the block's own input.
 */
export interface Block {
  /**
   * The layers and blocks, or the name of an entry of `blocks`. The first reads the block's input; the output of the last is the output of the block.
   */
  block: CellName | BlockBody;
  name?: LayerName;
  from?: From;
  /**
   * Number of copies. Each reads the output of the one before it and has its own weights.
   */
  repeat?: number;
  /**
   * Add the block's input to its output, for each copy. Both need the same shape; of several inputs the first is added.
   */
  residual?: boolean;
  /**
   * One set of weights for all copies: that of the first, `<block>/0/<layer>`.
   */
  share_weights?: boolean;
}
/**
 * Token ids to one-hot vectors.
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
 * Token ids, such as hours, to the sine and cosine of their angle in a period.
 */
export interface CycleLayer {
  /**
   * Cycle.
   */
  layer: "cycle";
  name?: LayerName;
  from?: From;
  period?: Size;
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
  /**
   * A text file of pre-trained vectors in the format of GloVe, word2vec or fastText (a word and its numbers on each line), gzipped or not, relative to the spec: the initial rows of the words and characters of the vocabulary that it has. Default (null): none.
   */
  vectors?: string | null;
  size: Size;
  trainable?: Trainable;
}
/**
 * A recurrent cell, or a stack of cells, that runs over time. Give `cell` and `hidden_size` with the cell's own options (and `layers` for a stack of equal cells), or `cells`.
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
   * Number of cells in the stack. Each reads the output of the one before it.
   */
  layers?: number;
  /**
   * The stack of cells. Each reads the output of the one before it.
   *
   * @minItems 1
   * @maxItems 1000
   */
  cells?: Cell[];
  /**
   * Use one set of weights for all cells of the stack, named after the first.
   */
  share_weights?: boolean;
  weights?: Weights;
  initial_state?: LayerName;
  /**
   * Carry the final states of a batch to the next batch (truncated backpropagation through time). Each row of a batch continues the same row of the batch before. An evaluation reads each split as batch_size streams of consecutive windows, whose states start at zero, so its metrics depend on the batch size. Predictions for a table continue from row to row.
   */
  stateful?: boolean;
  /**
   * Unroll the loop over time where the number of steps is known. The results are the same.
   */
  unroll?: boolean;
  /**
   * Output of the layer: every step, the last valid step, or the final state of the last cell, if that is a vector. If the cell is bidirectional, "last" is the forward output of the last valid step and the backward output of the first: each direction after the whole sequence. A pool layer with mode "last" takes both directions at the last valid step.
   */
  return?: "sequence" | "last" | "state";
  trainable?: Trainable1;
  residual?: Residual;
  bidirectional?: Bidirectional;
  dropout?: CellDropout;
  zoneout?: Zoneout;
  layer_norm?: LayerNorm;
  activation?: ActivationOption1;
  backbone_size?: BackboneSizeOption;
  cell_clip?: CellClipOption;
  conv_size?: ConvolutionSizeOption;
  dt_max?: LargestStepOption;
  dt_min?: SmallestStepOption;
  dt_rank?: StepRankOption;
  expand?: ExpandOption;
  forget_bias?: ForgetBiasOption;
  forget_gate?: ForgetGateOption;
  gate_rank?: GateRankOption;
  heads?: HeadsOption;
  highway_bias?: HighwayBiasOption;
  max_phase?: LargestPhaseOption;
  peepholes?: PeepholesOption;
  projection_size?: ProjectionSizeOption;
  r_max?: LargestModulusOption;
  r_min?: SmallestModulusOption;
  recurrent_weight?: RecurrentWeightOption;
  reset_after?: ResetAfterOption;
  state_size?: StateSizeOption;
  temperature?: TemperatureOption;
  [k: string]: unknown;
}
/**
 * One cell of a stack, with these keys and the cell's own options.
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
  activation?: ActivationOption1;
  backbone_size?: BackboneSizeOption;
  cell_clip?: CellClipOption;
  conv_size?: ConvolutionSizeOption;
  dt_max?: LargestStepOption;
  dt_min?: SmallestStepOption;
  dt_rank?: StepRankOption;
  expand?: ExpandOption;
  forget_bias?: ForgetBiasOption;
  forget_gate?: ForgetGateOption;
  gate_rank?: GateRankOption;
  heads?: HeadsOption;
  highway_bias?: HighwayBiasOption;
  max_phase?: LargestPhaseOption;
  peepholes?: PeepholesOption;
  projection_size?: ProjectionSizeOption;
  r_max?: LargestModulusOption;
  r_min?: SmallestModulusOption;
  recurrent_weight?: RecurrentWeightOption;
  reset_after?: ResetAfterOption;
  state_size?: StateSizeOption;
  temperature?: TemperatureOption;
  [k: string]: unknown;
}
/**
 * Dropout around the cell: in training entries are set to 0 with a probability, and the others are scaled so that the mean is unchanged. On a layer: the default of its cells.
 */
export interface CellDropout {
  input?: Rate;
  output?: Rate;
  state?: StateRates;
  /**
   * Drop the same entries at every step of a sequence, in place of new ones at each step (Y. Gal and Z. Ghahramani, 2016).
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
   * Add the bias b.
   */
  bias?: boolean;
  weight_norm?: WeightNorm;
  initializer?: Initializer1;
  trainable?: Trainable;
}
export interface ActivationWithOptions {
  /**
   * Name of the activation.
   */
  type: ActivationName;
  [k: string]: ActivationOption | ActivationName;
}
/**
 * A dense layer that computes the logits: x @ W + b on the last axis.
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
   * Add the bias b.
   */
  bias?: boolean;
  weight_norm?: WeightNorm;
  initializer?: Initializer1;
  trainable?: Trainable;
}
/**
 * An activation of the input. glu and swiglu halve the number of features, which must be even. Padding is not read. The page of the equation language has the equations.
 */
export interface ActivationLayer {
  /**
   * Activation.
   */
  layer: "activation";
  name?: LayerName;
  from?: From;
  activation: Activation;
}
/**
 * Normalizes the features of each step, or of each row, then scales and shifts them by trained vectors, `gain` and `shift`.
 */
export interface LayerNormLayer {
  /**
   * Layer norm.
   */
  layer: "layer_norm";
  name?: LayerName;
  from?: From;
  weights?: Weights;
  epsilon?: VarianceEpsilon;
  gain?: Gain;
  shift?: Shift;
  trainable?: Trainable;
}
/**
 * Divides the features of each step, or of each row, by the root of their mean square, then scales them by a trained vector, `gain`.
 */
export interface RmsNormLayer {
  /**
   * Rms norm.
   */
  layer: "rms_norm";
  name?: LayerName;
  from?: From;
  weights?: Weights;
  epsilon?: VarianceEpsilon;
  gain?: Gain;
  trainable?: Trainable;
}
/**
 * Normalizes groups of consecutive features, then scales and shifts each feature by trained vectors, `gain` and `shift`. The statistics of a group are those of one sequence, over its features and its valid steps, padding left out: PyTorch's GroupNorm of [batch, features, time]. One step then depends on all steps, later ones included.
 */
export interface GroupNormLayer {
  /**
   * Group norm.
   */
  layer: "group_norm";
  name?: LayerName;
  from?: From;
  weights?: Weights;
  /**
   * Number of groups, a divisor of the number of features. 1 normalizes all features together; as many as there are features normalize each by itself (instance normalization).
   */
  groups: number;
  epsilon?: VarianceEpsilon;
  gain?: Gain;
  shift?: Shift;
  trainable?: Trainable;
}
/**
 * Normalizes each feature over the batch and its valid steps, padding left out, then scales and shifts it by trained vectors, `gain` and `shift`. Training also averages the statistics, in the buffers `running_mean` and `running_variance`; evaluation and inference use these. With "trainable": false the layer uses and keeps its running statistics in training too. Micro-batches (`accumulate`) and processes that share a batch do not know its statistics: both are refused. A bias of the layer before has no effect: its "bias" may be false.
 */
export interface BatchNormLayer {
  /**
   * Batch norm.
   */
  layer: "batch_norm";
  name?: LayerName;
  from?: From;
  /**
   * Name of an earlier batch_norm layer whose gain and shift this layer uses. Running statistics are each layer's own. Default (null): its own weights.
   */
  weights?: LayerName | null;
  epsilon?: VarianceEpsilon;
  /**
   * Weight of a batch in the running statistics, as in PyTorch. Keras's momentum is 1 minus this.
   */
  momentum?: number;
  gain?: Gain;
  shift?: Shift;
  trainable?: Trainable;
}
/**
 * Sets each entry to 0 with a probability in training, and scales the others so that the mean is unchanged. Identity in evaluation and inference.
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
 * In training random spans of steps and of features of each sequence are 0, the mean behind `group_norm`: the model cannot depend on any one of them. Positions follow from the seed, the update and the row. Identity in evaluation, inference and exports.
 */
export interface SpecAugmentLayer {
  /**
   * SpecAugment.
   */
  layer: "spec_augment";
  name?: LayerName;
  from?: From;
  /**
   * Number of spans of steps.
   */
  time_masks?: number;
  /**
   * The largest width of a span, as a share of the steps of the sequence; each width is uniform from 0 to it.
   */
  time_width?: number;
  /**
   * Number of spans of features, such as bands.
   */
  feature_masks?: number;
  /**
   * The largest width of a span, as a share of the features; each width is uniform from 0 to it.
   */
  feature_width?: number;
}
/**
 * A convolution over time. Each output step is a product of `kernel_size` input steps with the weights `<name>/W` [kernel_size, in / groups, size], plus the bias `<name>/b` [size]. Steps past the length of a sequence are zeros, so that a sequence has the same output in any batch. A sequence of n steps has floor((n + p - dilation (kernel_size - 1) - 1) / stride) + 1 output steps, where p is the number of steps of padding.
 */
export interface Conv1DLayer {
  /**
   * Convolution over time.
   */
  layer: "conv1d";
  name?: LayerName;
  from?: From;
  weights?: Weights;
  size: Size;
  /**
   * Number of input steps that an output step reads.
   */
  kernel_size: number;
  /**
   * Input steps between output steps.
   */
  stride?: number;
  /**
   * Input steps between the steps that an output step reads.
   */
  dilation?: number;
  /**
   * Number of groups of input and output channels. A group of output channels reads the group of input channels of its index. Both widths are multiples of it.
   */
  groups?: number;
  /**
   * Zeros around the sequence. same: dilation (kernel_size - 1) zeros, half of them before it and one more after it if their number is odd, so that the output has as many steps as the input with stride 1 (with a longer stride, every stride-th of those); valid: none; causal: all of them before it, so that an output step reads no later step.
   */
  padding?: "same" | "valid" | "causal";
  activation?: Activation;
  /**
   * Add the bias b.
   */
  bias?: boolean;
  weight_norm?: WeightNorm;
  initializer?: Initializer1;
  trainable?: Trainable;
}
/**
 * The spectrum of a sound: each output step is the logarithm of the power of a frame of samples in `bands` bands of the mel scale. It reads sequences of samples [batch, samples, 1]. A frame is multiplied by Hann's window and with a fixed matrix of cosines and sines; n samples have floor((n - window) / hop) + 1 frames, where window and hop are in samples, and samples after the last whole frame are dropped. It has no weights, and an exported model contains it. `group_norm` with a group for each band normalizes an utterance.
 */
export interface LogMelLayer {
  /**
   * Log-mel spectrum.
   */
  layer: "log_mel";
  name?: LayerName;
  from?: From;
  /**
   * Samples per second. Default: that of audio data; other data needs it.
   */
  sample_rate?: number;
  /**
   * Number of bands: the width of the output.
   */
  bands?: number;
  /**
   * Length of a frame in seconds, rounded to samples.
   */
  window?: number;
  /**
   * Seconds from the start of a frame to the start of the next one, rounded to samples.
   */
  hop?: number;
  /**
   * Samples of the Fourier transform, a frame and zeros after it; it has fft_size / 2 + 1 frequencies. Default (null): the smallest power of two with at least the samples of a frame.
   */
  fft_size?: number | null;
  /**
   * The mel scale. htk: 2595 log10(1 + f / 700), triangles of height 1; slaney: linear below 1000 Hz and logarithmic above, triangles of area 1, as in librosa.
   */
  scale?: "htk" | "slaney";
  /**
   * The lower end of the first band in Hz.
   */
  low?: number;
  /**
   * The upper end of the last band in Hz. Default (null): half the sample rate.
   */
  high?: number | null;
  /**
   * In training the frequencies of each sound are scaled by a random factor, from 1 - warp to 1 + warp in 9 steps, as by the length of a vocal tract (N. Jaitly and G. Hinton, 2013): speakers that the training lacks become less foreign. The upper end of the bands stays.
   */
  warp?: number;
  /**
   * The smallest power of a band, which silence has. Samples are from -1 to 1.
   */
  floor?: number;
  /**
   * Decibels below the largest power in the bands of each sound: smaller powers become this limit, so that the noise of a recording and its loudness matter less (top_db of librosa). It reads all steps of the sound. Default (null): no limit but the floor.
   */
  range?: number | null;
  /**
   * Decibels below the loudest frame of each sound: each band is reduced by its mean over the frames above that level, so that the microphone and the timbre of a speaker are less of a feature (cepstral mean normalization over the frames of speech). 200 has the mean of all frames. What is steady in a sound, such as the pitch of a hum, is lost. It reads all steps of the sound. Default (null): no means.
   */
  mean_normalization?: number | null;
  /**
   * Features of change next to the bands, the width of the output being bands * (1 + deltas). 1: the slope of each band over five frames, sum of n (c[t + n] - c[t - n]) / 10 for n = 1 and 2, where frames beyond the ends of the sound are its first or last one, as torchaudio's compute_deltas. 2: the slopes of these slopes too.
   */
  deltas?: number;
}
/**
 * Reduces a sequence to one vector, over its valid steps; with `size` each window of it, without padding: a sequence of n steps has floor((n - size) / stride) + 1 windows, and steps after the last whole window are dropped.
 */
export interface PoolLayer {
  /**
   * Pool.
   */
  layer: "pool";
  name?: LayerName;
  from?: From;
  /**
   * Reduction over time: maximum, mean, sum, or the last valid step (of a window its last step). Behind a bidirectional cell, "last" has one step of the backward direction; "return": "last" has all.
   */
  mode?: "max" | "mean" | "sum" | "last";
  /**
   * Steps of a window. Default (null): the whole sequence, whose result has no time axis.
   */
  size?: number | null;
  /**
   * Steps between the starts of windows. Default (null): their size.
   */
  stride?: number | null;
}
/**
 * Concatenates the outputs of several layers along the last axis.
 */
export interface ConcatLayer {
  /**
   * Concat.
   */
  layer: "concat";
  name?: LayerName;
  /**
   * Names of the layers that this layer reads.
   *
   * @minItems 2
   * @maxItems 64
   */
  from: LayerName[];
}
/**
 * Adds the outputs of several layers, entry by entry.
 */
export interface AddLayer {
  /**
   * Add.
   */
  layer: "add";
  name?: LayerName;
  /**
   * Names of the layers that this layer reads.
   *
   * @minItems 2
   * @maxItems 64
   */
  from: LayerName[];
}
/**
 * Multiplies the outputs of several layers, entry by entry.
 */
export interface MultiplyLayer {
  /**
   * Multiply.
   */
  layer: "multiply";
  name?: LayerName;
  /**
   * Names of the layers that this layer reads.
   *
   * @minItems 2
   * @maxItems 64
   */
  from: LayerName[];
}
/**
 * Adds a vector to each step of a sequence that depends on the number of steps before it: a trained row of a table, or sines and cosines.
 */
export interface PositionLayer {
  /**
   * Positions.
   */
  layer: "position";
  name?: LayerName;
  from?: From;
  weights?: Weights;
  /**
   * learned: a trained table W of shape [length, width]. sinusoidal: sines and cosines, without parameters.
   */
  type: "learned" | "sinusoidal";
  /**
   * Number of rows of the table: the largest number of steps of a sequence. Needed with learned. Default (null): sinusoidal positions have no limit.
   */
  length?: number | null;
  trainable?: Trainable;
}
/**
 * For each step of the query, the mean of the values of all memory steps, weighted by the softmax of a score. Of one layer in `from`: self-attention, where that layer is query and memory; of two: the query, then the memory. With `heads`, multi-head attention: the heads attend to projections of width head_size, and Wo projects their joined results to the width of the query. Padding has the weight 0. A step that sees no memory step has the weights 0.
 */
export interface AttentionLayer {
  /**
   * Attention.
   */
  layer: "attention";
  name?: LayerName;
  /**
   * Names of the layers that this layer reads: one for self-attention; or two, query and memory. Default: the layer before.
   */
  from?: LayerName | LayerName[];
  weights?: Weights;
  /**
   * Number of heads of multi-head attention, with the parameters Wq, Wk, Wv, Wo and the biases bq, bk, bv, bo. Default (null): none, the memory itself is weighted by `score`.
   */
  heads?: number | null;
  /**
   * Width of the query, keys and values of one head. Default (null): the width of the query divided by the number of heads.
   */
  head_size?: number | null;
  /**
   * Number of heads of the keys and values, a divisor of `heads`: each serves heads / key_value_heads consecutive heads (grouped-query attention; 1 is multi-query attention). Default (null): as many as `heads`.
   */
  key_value_heads?: number | null;
  /**
   * Step i sees the memory steps j ≤ i only. A causal layer can process a sequence step by step: it keeps keys and values as states.
   */
  causal?: boolean;
  /**
   * Step i sees the memory steps j with |i - j| ≤ window only: itself and that many steps before it, and after it unless `causal`. Default (null): no limit.
   */
  window?: number | null;
  /**
   * Rotary position embedding of self-attention with heads: entries i and i + head_size / 2 of each query and key (half rotation, as in LLaMA and GPT-NeoX) turn by the angle step · 10000^(-2i / head_size).
   */
  rotary?: boolean;
  /**
   * Linear biases of self-attention with heads: the score of query step i and memory step j loses slope · |i - j|, with the slopes 2^(-8 h / n), h from 1, for the largest power of two n ≤ heads, then those of 2n with odd h.
   */
  alibi?: boolean;
  /**
   * Add the biases bq, bk, bv and bo of attention with heads.
   */
  bias?: boolean;
  dropout?: Rate;
  /**
   * Score of a query q and a memory step k, without `heads`. dot: q·k, with equal widths; general: (q W)·k; additive: v·tanh(q Wq + k Wk).
   */
  score?: "dot" | "general" | "additive";
  /**
   * Divide dot and general scores by the square root of the width. Heads always divide by the square root of head_size.
   */
  scale?: boolean;
  /**
   * Width of the additive score's hidden layer. Default (null): the width of the memory.
   */
  size?: number | null;
  trainable?: Trainable;
}
/**
 * A layer of `layers`. Short form: its name as `layer`, with its options as keys: `{ "layer": "highway" }`. Its equations hold for each row and each time step; `shift(x)` in them is the step before. Padding is not read.
 */
export interface CustomLayer {
  /**
   * Custom.
   */
  layer: "custom";
  type: CellName;
  name?: LayerName;
  from?: From;
  weights?: Weights;
  trainable?: Trainable;
  /**
   * Options of the layer by name; those of its definition are the defaults.
   */
  options?: {
    [k: string]: CellOption;
  };
}
/**
 * A model of another program as a layer: its nodes become primitives, its weights the tensors `<name>/<initializer>`. With "trainable": false they stay as they are; an exported model has them either way. The model reads the outputs of the layers in `from`, in the order of its inputs. An output of [batch, …] has one row for each sequence, and axes after the second are joined; "return": "sequence" needs one step for each step of the input. Padding: the model is given the lengths or a mask, or "padding": "zeros" accepts that it reads zeros; otherwise sequences of several lengths are refused. The output keeps the lengths of its first input.
 */
export interface OnnxLayer {
  /**
   * ONNX model.
   */
  layer: "onnx";
  name?: LayerName;
  from?: From;
  /**
   * An ONNX model, relative to the spec, with its files of external data in the same folder or below it. A run keeps a copy, `layer-…`, for predictions, evaluations, exports and `--resume`.
   */
  file: string;
  /**
   * SHA-256 of the file, followed by its files of external data in the order of their names: another content is refused. Default (null): that of the file as it is; a run that is resumed needs the same content.
   */
  sha256?: string | null;
  weights?: Weights;
  trainable?: Trainable;
  /**
   * The output of the model that the layer has. Default (null): the only one of floats.
   */
  output?: string | null;
  /**
   * Inputs of the model, one for each layer in `from`. Default (null): all but those of `lengths` and `mask`, in the model's order.
   *
   * @minItems 1
   */
  inputs?: string[] | null;
  /**
   * Number of token ids, for a model that reads ids: larger ones in the data are refused, and integers of arrays are ids. Default (null): the model reads numbers, or ids of data that has them.
   */
  vocabulary_size?: Size | null;
  /**
   * The input of the model that is given the number of steps of each sequence, [batch].
   */
  lengths?: string | null;
  /**
   * The input of the model that is given 1 at valid steps and 0 at padding, [batch, time].
   */
  mask?: string | null;
  /**
   * Zeros: a model without lengths and mask reads zeros (ids of 0) past the end of a shorter sequence, and its values there are not read. Default (null): such data is refused.
   */
  padding?: "zeros" | null;
  /**
   * The axes of the model's inputs and output: [batch, time, features], [time, batch, features], or [batch, features, time]; of images [batch, height, width, channels], or with channels first [batch, channels, height, width].
   */
  layout?: "batch_first" | "time_first" | "channels_first";
  /**
   * The axes that the model has in place of the features of a row, or of the steps and features of an image, in the order of the numbers. The output has one row for each. Default (null): those of the array, where it has more than three axes, or the fixed sizes of the model.
   *
   * @minItems 1
   * @maxItems 8
   */
  shape?: number[] | null;
  /**
   * Sequence: one row for each step of the input, where the input has steps. Vector: one row for each sequence or image.
   */
  return?: "sequence" | "vector";
  /**
   * Names of stored tensors, with * for any characters: each node that reads one of them trains a weight of its own. Exporters store equal tensors of different layers once.
   */
  untie?: string[];
  adapt?: Adapt;
  /**
   * Inference: batch normalizations of the model use its stored statistics. Training: those of the batch, and the stored ones follow; they are buffers of the layer.
   */
  batch_norm?: "inference" | "training";
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
   * Divide by the total weight of the steps.
   */
  average_across_timesteps?: boolean;
  /**
   * Divide by the total weight of the examples. With false here and true for the time steps there is one loss for each example, as in TensorFlow's sequence_loss_by_example, and training minimizes their sum.
   */
  average_across_batch?: boolean;
  /**
   * Weight of each class: a list in the order of the classes (of labels that are names, the sorted one: train --dry-run lists them), an object by class name (1 for classes that it leaves out), or "balanced": n / (classes × count), n being the number of targets in the training split and count that of the class. The weight of a step's target class multiplies the weight of the step, also in the average.
   */
  class_weights?: ListOfWeights | WeightsByClass | "balanced" | null;
  from?: From1;
  target?: Target;
  weight?: Weight;
}
/**
 * Weights by the name of the class, or by its id where classes have no names.
 */
export interface WeightsByClass {
  [k: string]: number;
}
/**
 * Cross-entropy of logits. Targets are class ids (integers), or rows of probabilities, each of the sum 1.
 */
export interface CrossEntropyLoss {
  /**
   * Cross-entropy.
   */
  type: "cross_entropy";
  reduction?: Reduction;
  /**
   * Fraction of each target that is spread evenly over all classes.
   */
  label_smoothing?: number;
  /**
   * Weight of each class: a list in the order of the classes (of labels that are names, the sorted one: train --dry-run lists them), an object by class name (1 for classes that it leaves out), or "balanced": n / (classes × count), n being the number of targets in the training split and count that of the class. The weight is a factor of its terms in the loss. The mean divides by the number of entries, not by their weights.
   */
  class_weights?: ListOfWeights | WeightsByClass | "balanced" | null;
  from?: From1;
  target?: Target;
  weight?: Weight;
}
/**
 * Cross-entropy for a large vocabulary. In training each target is compared with a few sampled classes, and only their columns of the last layer (dense or projection) are computed. Evaluation uses all classes. Targets are class ids (integers).
 */
export interface SampledSoftmaxLoss {
  /**
   * Cross-entropy among sampled classes.
   */
  type: "sampled_softmax";
  /**
   * Number of sampled classes, drawn anew for each update.
   */
  samples: number;
  /**
   * Distribution of the samples. log_uniform suits class ids in order of decreasing frequency (Zipf's law). The logits are corrected for the distribution.
   */
  distribution?: "log_uniform" | "uniform";
  reduction?: Reduction;
  from?: From1;
  target?: Target;
  weight?: Weight;
}
/**
 * Cross-entropy of logits of independent binary outputs. Targets are from 0 to 1; others are refused.
 */
export interface BinaryCrossEntropyLoss {
  /**
   * Binary cross-entropy.
   */
  type: "binary_cross_entropy";
  reduction?: Reduction1;
  /**
   * Factor of the loss of targets that are 1: one number, or one for each output.
   */
  positive_weight?: number | ListOfWeights;
  from?: From1;
  target?: Target;
  weight?: Weight;
}
/**
 * Squared difference of output and target.
 */
export interface SquaredErrorLoss {
  /**
   * Squared error.
   */
  type: "squared_error";
  reduction?: Reduction1;
  from?: From1;
  target?: Target;
  weight?: Weight;
}
/**
 * Absolute difference of output and target.
 */
export interface AbsoluteErrorLoss {
  /**
   * Absolute error.
   */
  type: "absolute_error";
  reduction?: Reduction1;
  from?: From1;
  target?: Target;
  weight?: Weight;
}
/**
 * Half the squared difference up to `delta`, linear beyond it.
 */
export interface HuberLoss {
  /**
   * Huber loss.
   */
  type: "huber";
  reduction?: Reduction1;
  /**
   * Absolute difference above which the loss is linear.
   */
  delta?: number;
  from?: From1;
  target?: Target;
  weight?: Weight;
}
/**
 * Connectionist temporal classification: the negative log-probability of the labels, summed over all alignments with the outputs. Targets are labels [batch, labels] (integers), padded at the end with the blank.
 */
export interface CTCLoss {
  /**
   * Connectionist temporal classification.
   */
  type: "ctc";
  /**
   * Mean or sum over sequences, in an evaluation over all its examples. The loss of a sequence is not divided by its number of labels.
   */
  reduction?: "mean" | "sum";
  /**
   * Class id of the blank: 0 as in PyTorch and Keras, or "last" as in TensorFlow 1.
   */
  blank?: number | "last";
  /**
   * Set the loss and the gradient of a sequence with fewer steps than its labels need to 0. Such a loss is infinite with false.
   */
  zero_infinity?: boolean;
  from?: From1;
  target?: Target;
  weight?: Weight;
}
/**
 * Logarithm of the hyperbolic cosine of the difference: half its square near 0, its absolute value far from it.
 */
export interface LogCoshLoss {
  /**
   * Log-cosh.
   */
  type: "log_cosh";
  reduction?: Reduction1;
  from?: From1;
  target?: Target;
  weight?: Weight;
}
/**
 * Quantile regression, with the pinball loss: for each target one output for each level, the outputs of a target next to each other. Half of the targets are below an output of the level 0.5. Outputs of different levels may cross: predictions sort them.
 */
export interface QuantileLoss {
  /**
   * Quantile.
   */
  type: "quantile";
  reduction?: Reduction1;
  /**
   * Fraction of the targets below each output.
   *
   * @minItems 1
   * @maxItems 100
   */
  levels?: number[];
  from?: From1;
  target?: Target;
  weight?: Weight;
}
/**
 * Negative log-likelihood of a normal distribution of each target, without the constant log(2π) / 2. The first half of the outputs are the means, the second half the logarithms of the variances.
 */
export interface GaussianLikelihoodLoss {
  /**
   * Gaussian likelihood.
   */
  type: "gaussian_nll";
  reduction?: Reduction1;
  from?: From1;
  target?: Target;
  weight?: Weight;
}
/**
 * Negative log-likelihood of a Student t distribution of each target, whose tails are heavier than those of a normal one. The first third of the outputs are the centers, the second third the logarithms of the scales, the last third d of the degrees of freedom 2 + softplus(d), which are above 2, so that the variance is finite.
 */
export interface StudentTLikelihoodLoss {
  /**
   * Student t likelihood.
   */
  type: "student_t_nll";
  reduction?: Reduction1;
  from?: From1;
  target?: Target;
  weight?: Weight;
}
/**
 * Negative log-likelihood of a Poisson distribution of counts, without the constant log(t!). Each output is the logarithm of a mean. Counts are integers from 0, and are never scaled.
 */
export interface PoissonLikelihoodLoss {
  /**
   * Poisson likelihood.
   */
  type: "poisson_nll";
  reduction?: Reduction1;
  from?: From1;
  target?: Target;
  weight?: Weight;
}
/**
 * Negative log-likelihood of a negative binomial distribution of counts, whose variance may be above the mean: mean + mean² / r. The first half of the outputs are the logarithms of the means, the second half those of r. Counts are integers from 0, and are never scaled.
 */
export interface NegativeBinomialLikelihoodLoss {
  /**
   * Negative binomial likelihood.
   */
  type: "negative_binomial_nll";
  reduction?: Reduction1;
  from?: From1;
  target?: Target;
  weight?: Weight;
}
/**
 * Negative log-likelihood of a mixture of normal distributions of each target. The first third of the outputs are the logits of the components, target by target, the second third their means, the last third the logarithms of their standard deviations.
 */
export interface MixtureDensityLoss {
  /**
   * Mixture density.
   */
  type: "mixture_density";
  reduction?: Reduction1;
  /**
   * Number of normal distributions for each target.
   */
  components?: number;
  from?: From1;
  target?: Target;
  weight?: Weight;
}
/**
 * Cross-entropy of logits, times a power of the probability of the other classes: rows with a probability near 1 hardly change it. Targets are class ids.
 */
export interface FocalLoss {
  /**
   * Focal.
   */
  type: "focal";
  reduction?: Reduction1;
  /**
   * Power; 0 is the cross-entropy.
   */
  gamma?: number;
  /**
   * Weight of each class, as that of cross_entropy: a factor of the loss of the rows of that class. The mean divides by the number of entries, not by their weights.
   */
  class_weights?: ListOfWeights | WeightsByClass | "balanced" | null;
  from?: From1;
  target?: Target;
  weight?: Weight;
}
/**
 * 1 minus the mean over the outputs of F1, with probabilities in place of predictions, so that it has a gradient. It is computed over all rows of a batch at once: an output without a positive target in the batch has F1 0, so batches should be large. An evaluation reports the mean over its batches.
 */
export interface SoftF1Loss {
  /**
   * Soft F1.
   */
  type: "soft_f1";
  from?: From1;
  target?: Target;
  weight?: Weight;
}
/**
 * Supervised contrastive loss: the outputs are an embedding, in which rows of the same class of a batch are to have the same direction and others another. Targets are class ids. A row without another of its class in the batch does not count. An evaluation reports the mean over its batches.
 */
export interface ContrastiveLoss {
  /**
   * Contrastive.
   */
  type: "contrastive";
  /**
   * Divisor of the similarities, which are cosines.
   */
  temperature?: number;
  from?: From1;
  target?: Target;
  weight?: Weight;
}
/**
 * A loss of your own. Short form: its name in `losses` as `type`, with its options as keys: `{ "type": "focal", "gamma": 3 }`.
 */
export interface CustomLoss {
  /**
   * Custom.
   */
  type: "custom";
  name?: CellName;
  definition: LossDefinition;
  /**
   * Options of the loss by name; those of its definition are the defaults.
   */
  options?: {
    [k: string]: LossOption;
  };
  reduction?: Reduction1;
  /**
   * Weight of each class of a loss over classes, as that of cross_entropy: a factor of the loss of the rows of that class. The mean divides by the number of entries, not by their weights.
   */
  class_weights?: ListOfWeights | WeightsByClass | "balanced" | null;
  from?: From1;
  target?: Target;
  weight?: Weight;
}
/**
 * A loss as equations of y, the outputs of a row, and t, its targets. The compiler derives the gradient. The reduction of a use is over all entries of `loss` at valid time steps; weights of the data are factors of them.
 */
export interface LossDefinition {
  /**
   * Path of this schema. Editors then complete keys and show these texts.
   */
  $schema?: string;
  /**
   * One sentence about the loss.
   */
  description?: string;
  /**
   * The loss's own options with their defaults: numbers, lists of numbers, true or false, or strings. A use of the loss gives them next to `type`. Equations read a number by its name, and a list as a vector.
   */
  options?: {
    [k: string]: LossOption;
  };
  /**
   * Kind of the targets. numbers: t is [target_size], y the outputs. counts: the same of integers from 0, which are never scaled. probabilities: t is [target_size], from 0 to 1, y the logits, before a final sigmoid. class: t is [1], a class from 0, y the logits of the classes, before a final softmax; with `output_size` the outputs as they are.
   */
  target?: "numbers" | "counts" | "probabilities" | "class";
  /**
   * Number of outputs that are no predictions of the targets, such as quantiles, the parameters of a distribution or an embedding: a size, arithmetic over `target_size`, numeric options and the sizes of lists (`levels_size` of the option `levels`), or "any". Predictions report them as they are. Default (null): one output for each target; of class targets one for each class.
   */
  output_size?: SizeExpression | null;
  /**
   * row: the equations hold for each row of the batch, of sequences for each time step. batch: y, t, index and valid are matrices with one row for each of those, and `loss` is one number. valid is 1 for a row, and 0 for a step past the length of its sequence; index counts the rows.
   */
  scope?: "row" | "batch";
  equations: Equations;
  /**
   * Other equations for each option and each value of it, as those of a cell.
   */
  variants?: {
    [k: string]: {
      [k: string]: LossVariant;
    };
  };
}
/**
 * Changes of a loss.
 */
export interface LossVariant {
  /**
   * A list replaces all equations of the loss. An object replaces single equations: its keys are names that equations assign, its values the new line or lines.
   */
  equations?: Equations | ReplacedEquations | null;
}
/**
 * Fraction of entries whose largest output is the target class.
 */
export interface AccuracyMetric {
  /**
   * Accuracy.
   */
  type: "accuracy";
  output?: Output1;
}
/**
 * Fraction of entries whose target class is among the k largest outputs, as TensorFlow's in_top_k: classes that tie with the k-th are among them. Reported as top_<k>_accuracy.
 */
export interface TopKAccuracyMetric {
  /**
   * Top-k accuracy.
   */
  type: "top_k";
  /**
   * Number of largest outputs to consider.
   */
  k?: number;
  output?: Output1;
}
/**
 * Fraction of outputs on the same side of 0.5 as the target.
 */
export interface BinaryAccuracyMetric {
  /**
   * Binary accuracy.
   */
  type: "binary_accuracy";
  output?: Output1;
}
/**
 * Harmonic mean of precision and recall of each class, averaged over the classes that occur (macro F1).
 */
export interface F1Metric {
  /**
   * Macro F1.
   */
  type: "f1";
  output?: Output1;
}
/**
 * Fraction of the predictions of a class that are correct, averaged over the classes that occur.
 */
export interface PrecisionMetric {
  /**
   * Macro precision.
   */
  type: "precision";
  output?: Output1;
}
/**
 * Fraction of the targets of a class that are predicted, averaged over the classes that occur.
 */
export interface RecallMetric {
  /**
   * Macro recall.
   */
  type: "recall";
  output?: Output1;
}
/**
 * Fraction of sequences that are correct at every valid step. With ctc: of sequences whose greedy decoding equals the labels.
 */
export interface ExactSequenceMetric {
  /**
   * Exact sequences.
   */
  type: "exact_sequence";
  output?: Output1;
}
/**
 * Edit distance (insertions, deletions, substitutions) from the greedy ctc decoding to the labels, divided by the number of labels.
 */
export interface LabelErrorRateMetric {
  /**
   * Label error rate.
   */
  type: "label_error_rate";
  output?: Output1;
}
/**
 * Exponential of the mean cross-entropy, weighted by the data's weights; without label smoothing, class weights and penalties.
 */
export interface PerplexityMetric {
  /**
   * Perplexity.
   */
  type: "perplexity";
  output?: Output1;
}
/**
 * Mean cross-entropy per step in bits; otherwise as perplexity.
 */
export interface BitsPerCharacterMetric {
  /**
   * Bits per character.
   */
  type: "bits_per_character";
  output?: Output1;
}
/**
 * Square root of the mean squared error. In the units of the loss: with a scale those of the scaled targets. Of quantiles the median is the forecast, of a distribution the mean.
 */
export interface RMSEMetric {
  /**
   * Root mean squared error.
   */
  type: "rmse";
  output?: Output1;
}
/**
 * Mean absolute error. In the units of the loss: with a scale those of the scaled targets. Of quantiles the median is the forecast, of a distribution the mean.
 */
export interface MAEMetric {
  /**
   * Mean absolute error.
   */
  type: "mae";
  output?: Output1;
}
/**
 * Symmetric relative error in percent, 0 where the forecast and the target are 0. In the units of the data, without scaling. Of quantiles the median is the forecast, of a distribution the mean.
 */
export interface SMAPEMetric {
  /**
   * SMAPE.
   */
  type: "smape";
  output?: Output1;
}
/**
 * Relative error in percent. Targets of 0 are left out. In the units of the data, without scaling. Of quantiles the median is the forecast, of a distribution the mean.
 */
export interface MAPEMetric {
  /**
   * MAPE.
   */
  type: "mape";
  output?: Output1;
}
/**
 * Sum of the absolute errors in percent of that of the targets. In the units of the data, without scaling. Of quantiles the median is the forecast, of a distribution the mean.
 */
export interface WAPEMetric {
  /**
   * WAPE.
   */
  type: "wape";
  output?: Output1;
}
/**
 * Absolute error, divided by that of the seasonal naive forecast on the rows of the training split of its series: below 1 is better than the value one season before. Values that the file lacks, and that are filled, are left out. A series without a season of such rows, or without a change in them, is left out. For other data than that of the training, all rows of a series count as its training split. Of quantiles the median is the forecast, of a distribution the mean.
 */
export interface MASEMetric {
  /**
   * MASE.
   */
  type: "mase";
  /**
   * Rows of a season. Default (null): that of the data; 1 compares with the last value.
   */
  season?: number | null;
  output?: Output1;
}
/**
 * Mean of the quantile loss over the levels. In the units of the data, without scaling.
 */
export interface PinballMetric {
  /**
   * Pinball.
   */
  type: "pinball";
  output?: Output1;
}
/**
 * Continuous ranked probability score: the absolute error of a forecast that is a distribution. Of quantiles twice the mean of the quantile loss, of gaussian_nll and mixture_density the integral. In the units of the data, without scaling.
 */
export interface CRPSMetric {
  /**
   * CRPS.
   */
  type: "crps";
  output?: Output1;
}
/**
 * Fraction of the targets within the central interval of a forecast, ends included: the interval 0.8 is from the level 0.1 to 0.9. A calibrated forecast has the interval itself.
 */
export interface CoverageMetric {
  /**
   * Coverage.
   */
  type: "coverage";
  /**
   * Probability of the interval. The levels of a quantile loss have its two ends.
   */
  interval?: number;
  output?: Output1;
}
/**
 * A metric of your own as equations of y, the outputs of a row, and t, its targets, as those of a loss: y is what the loss of the output reads, logits for classes and probabilities. An evaluation reports the mean of all entries of `metric` at valid time steps. Short form: an entry of `metrics` as an object, whose key is the name.
 */
export interface CustomMetric {
  /**
   * Custom.
   */
  type: "custom";
  name: Name;
  /**
   * One sentence about the metric.
   */
  description?: string;
  /**
   * Numbers, which equations read by their names, and lists of numbers, which are vectors; the number `levels_size` is the length of a list `levels`.
   */
  options?: {
    [k: string]: MetricOption;
  };
  equations: Equations;
  /**
   * Value of all entries: their mean, the square root of the mean, or its exponential.
   */
  reduce?: "mean" | "root_mean" | "exp_mean";
  /**
   * Better values: smaller or larger ones, for early stopping, the best weights and schedules.
   */
  mode?: "min" | "max";
  output?: Output1;
}
/**
 * Options of a built-in metric, or the equations of your own.
 */
export interface MetricByName {
  [k: string]: unknown;
}
/**
 * Gradient descent.
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
  rates?: LearningRatesOfParameterGroups;
}
/**
 * A constant learning rate.
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
   * Factor of the rate over decay_steps updates.
   */
  decay_rate: number;
  /**
   * Decay in jumps: n / decay_steps is rounded down.
   */
  staircase?: boolean;
  warmup_steps?: WarmupSteps;
}
/**
 * Half a cosine from 1 to minimum_ratio over decay_steps, after a linear rise over warmup_steps.
 */
export interface CosineDecaySchedule {
  /**
   * Cosine decay.
   */
  type: "cosine_decay";
  decay_steps: ScheduleSteps;
  /**
   * Final rate, as a fraction of the learning rate.
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
 * Multiplies the rate by a factor at fixed intervals, or at boundaries.
 */
export interface StepDecaySchedule {
  /**
   * Step decay.
   */
  type: "step_decay";
  /**
   * Updates between two jumps. Give either `every` or `boundaries`.
   */
  every?: number | null;
  /**
   * Updates after which the rate jumps: with 1000, update 1001 is the first at the new rate. Give either `boundaries` or `every`.
   *
   * @minItems 1
   * @maxItems 1000
   */
  boundaries?: number[] | null;
  /**
   * Factor of each jump: one number, or with `boundaries` a list of one for each.
   */
  factor?: number | ListOfWeights;
  warmup_steps?: WarmupSteps;
}
/**
 * (1 - n / decay_steps) ^ power, from 1 to minimum_ratio. Linear with power 1.
 */
export interface PolynomialDecaySchedule {
  /**
   * Polynomial decay.
   */
  type: "polynomial_decay";
  decay_steps: ScheduleSteps;
  minimum_ratio?: MinimumRatio;
  /**
   * Exponent. Above 1 the rate falls fastest at the start, below 1 at the end.
   */
  power?: number;
  warmup_steps?: WarmupSteps;
}
/**
 * 1 / sqrt(1 + n / decay_steps). With warmup_steps of the same value it is the schedule of the Transformer.
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
 * The rate rises from initial_ratio to 1 and falls to minimum_ratio, in total_steps; after them it stays there. Arithmetic of PyTorch's OneCycleLR with two phases, whose cycled momentum is minimum_momentum.
 */
export interface OneCycleSchedule {
  /**
   * One cycle.
   */
  type: "one_cycle";
  /**
   * Updates of the cycle, usually those of the run.
   */
  total_steps: number;
  /**
   * Fraction of the cycle in which the rate rises.
   */
  warmup_fraction?: number;
  /**
   * First rate, as a fraction of the learning rate: 1 / div_factor of PyTorch.
   */
  initial_ratio?: number;
  minimum_ratio?: MinimumRatio;
  /**
   * Form of the rise and of the fall: half a cosine, or a line.
   */
  anneal?: "cosine" | "linear";
  /**
   * Momentum, or beta1, at the highest rate: it falls from the optimizer's to this value while the rate rises, and rises as the rate falls. Default (null): the momentum is constant. PyTorch cycles by default, from 0.95 to 0.85.
   */
  minimum_momentum?: number | null;
}
/**
 * Reduces the rate when a metric of the validation split (of the training split if there is no other) stops improving. Evaluations are every train.evaluate_every updates.
 */
export interface PlateauSchedule {
  /**
   * Plateau.
   */
  type: "plateau";
  /**
   * The watched metric.
   */
  metric?: string;
  /**
   * Direction of improvement: smaller (min) or larger (max) values. Default: the direction of the metric, max for accuracy or F1.
   */
  mode?: "min" | "max";
  /**
   * Factor of each reduction.
   */
  factor?: number;
  /**
   * Consecutive evaluations without improvement before a reduction.
   */
  patience?: number;
  /**
   * Minimum change that counts as an improvement.
   */
  minimum_delta?: number;
  /**
   * Evaluations after a reduction that are not counted.
   */
  cooldown?: number;
  minimum_ratio?: MinimumRatio;
  warmup_steps?: WarmupSteps;
}
/**
 * A schedule of `schedules`. Short form: its name as `type`, with its options as keys: `{ "type": "triangle", "period": 50 }`.
 */
export interface CustomSchedule {
  /**
   * Custom.
   */
  type: "custom";
  name: CellName;
  /**
   * Options of the schedule by name; those of its definition are the defaults.
   */
  options?: {
    [k: string]: CellOption;
  };
  warmup_steps?: WarmupSteps;
}
/**
 * A factor of the learning rate for the parameters of some patterns.
 */
export interface LearningRateOfAParameterGroup {
  /**
   * Patterns of the names of the group's parameters.
   *
   * @minItems 1
   * @maxItems 100
   */
  parameters: PatternOfParameterNames[];
  /**
   * Factor of the learning rate.
   */
  factor: number;
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
   * Use Nesterov momentum.
   */
  nesterov?: boolean;
  clip?: GradientClip;
  schedule?: Schedule;
  average?: AverageOfTheWeights;
  rates?: LearningRatesOfParameterGroups;
}
/**
 * Gradient divided by the root of its mean square.
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
   * Library whose arithmetic is used. tensorflow: the mean square starts at 1, epsilon inside the root; torch: starts at 0, epsilon outside; keras: starts at 0, epsilon inside.
   */
  variant?: "tensorflow" | "torch" | "keras";
  clip?: GradientClip;
  schedule?: Schedule;
  average?: AverageOfTheWeights;
  rates?: LearningRatesOfParameterGroups;
}
/**
 * Gradient divided by the root of the sum of its squares.
 */
export interface AdagradOptimizer {
  /**
   * Adagrad.
   */
  type: "adagrad";
  learning_rate?: LearningRate;
  /**
   * Initial value of the sum of squares. Default: 0.1 for the variant tensorflow, 0 for torch.
   */
  initial_accumulator_value?: number;
  epsilon?: Epsilon;
  /**
   * Library whose arithmetic is used: epsilon inside the root (tensorflow) or outside (torch).
   */
  variant?: "tensorflow" | "torch";
  clip?: GradientClip;
  schedule?: Schedule;
  average?: AverageOfTheWeights;
  rates?: LearningRatesOfParameterGroups;
}
/**
 * Gradient scaled by the root of the mean squared updates, divided by the root of the mean squared gradients.
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
  rates?: LearningRatesOfParameterGroups;
}
/**
 * Mean gradient divided by the root of its mean square, both corrected for their start at zero.
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
  no_decay?: ParametersWithoutWeightDecay;
  variant?: Variant;
  clip?: GradientClip;
  schedule?: Schedule;
  average?: AverageOfTheWeights;
  rates?: LearningRatesOfParameterGroups;
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
  no_decay?: ParametersWithoutWeightDecay;
  variant?: Variant;
  clip?: GradientClip;
  schedule?: Schedule;
  average?: AverageOfTheWeights;
  rates?: LearningRatesOfParameterGroups;
}
/**
 * Mean gradient divided by a decaying maximum of its absolute values. Arithmetic of PyTorch; its weight decay is decoupled, as Keras's.
 */
export interface AdaMaxOptimizer {
  /**
   * AdaMax.
   */
  type: "adamax";
  learning_rate?: LearningRate;
  beta1?: Fraction;
  beta2?: Fraction;
  epsilon?: Epsilon;
  weight_decay?: WeightDecay;
  no_decay?: ParametersWithoutWeightDecay;
  clip?: GradientClip;
  schedule?: Schedule;
  average?: AverageOfTheWeights;
  rates?: LearningRatesOfParameterGroups;
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
   * Decay of the momentum schedule 0.96^(t * momentum_decay). Default: 0.004 for the variant torch, 1 for keras.
   */
  momentum_decay?: number;
  /**
   * Library whose defaults of momentum_decay and epsilon are used.
   */
  variant?: "torch" | "keras";
  clip?: GradientClip;
  schedule?: Schedule;
  average?: AverageOfTheWeights;
  rates?: LearningRatesOfParameterGroups;
}
/**
 * Adam whose adaptive rate is rectified for its variance in the first updates, in place of a warm-up. Arithmetic of PyTorch with decoupled weight decay.
 */
export interface RAdamOptimizer {
  /**
   * RAdam.
   */
  type: "radam";
  learning_rate?: LearningRate;
  beta1?: Fraction;
  beta2?: Fraction;
  epsilon?: Epsilon;
  weight_decay?: WeightDecay;
  no_decay?: ParametersWithoutWeightDecay;
  clip?: GradientClip;
  schedule?: Schedule;
  average?: AverageOfTheWeights;
  rates?: LearningRatesOfParameterGroups;
}
/**
 * Sign of a moving mean of the gradients.
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
  no_decay?: ParametersWithoutWeightDecay;
  clip?: GradientClip;
  schedule?: Schedule;
  average?: AverageOfTheWeights;
  rates?: LearningRatesOfParameterGroups;
}
/**
 * Adam for large batches: the step of each parameter tensor is scaled to the norm of the tensor.
 */
export interface LAMBOptimizer {
  /**
   * LAMB.
   */
  type: "lamb";
  learning_rate?: LearningRate;
  beta1?: Fraction;
  beta2?: Fraction;
  epsilon?: Epsilon;
  weight_decay?: WeightDecay;
  no_decay?: ParametersWithoutWeightDecay;
  clip?: GradientClip;
  schedule?: Schedule;
  average?: AverageOfTheWeights;
  rates?: LearningRatesOfParameterGroups;
}
/**
 * Adaptive rates in little memory: of a matrix only the mean squares of its rows and columns are kept. Steps are relative to the root mean square (RMS) of each parameter tensor. Arithmetic of PyTorch.
 */
export interface AdafactorOptimizer {
  /**
   * Adafactor.
   */
  type: "adafactor";
  learning_rate?: LearningRate;
  /**
   * Exponent of the decay of the mean squares: update t weighs the new square by t^-beta2_decay. PyTorch writes it with the opposite sign.
   */
  beta2_decay?: number;
  epsilon?: Epsilon;
  /**
   * Lower limit of the RMS of a parameter tensor, so that one that starts at zero can move.
   */
  minimum_scale?: number;
  /**
   * Largest RMS of a step, relative to the rate.
   */
  clip_threshold?: number;
  weight_decay?: WeightDecay;
  no_decay?: ParametersWithoutWeightDecay;
  clip?: GradientClip;
  schedule?: Schedule;
  average?: AverageOfTheWeights;
  rates?: LearningRatesOfParameterGroups;
}
/**
 * Orthogonalized momentum, for parameters of two axes; the others are updated by Adam. Embeddings and the last layer are better left to Adam too: see exclude. Arithmetic of PyTorch, with the iterations in float32 in place of bfloat16.
 */
export interface MuonOptimizer {
  /**
   * Muon.
   */
  type: "muon";
  learning_rate?: LearningRate;
  momentum?: Fraction;
  /**
   * Use Nesterov momentum.
   */
  nesterov?: boolean;
  /**
   * Iterations that orthogonalize the momentum.
   */
  newton_schulz_steps?: number;
  epsilon?: Epsilon;
  /**
   * Factor s of the step of a matrix [inputs, outputs]: original, √max(1, outputs / inputs); match_rms_adamw, 0.2 √max(inputs, outputs), for learning rates as of AdamW (J. Liu et al., 2025).
   */
  scale?: "original" | "match_rms_adamw";
  /**
   * Patterns of the names of matrices that Adam updates too.
   *
   * @maxItems 100
   */
  exclude?: PatternOfParameterNames[];
  adam?: AdamOfMuon;
  weight_decay?: WeightDecay;
  no_decay?: ParametersWithoutWeightDecay;
  clip?: GradientClip;
  schedule?: Schedule;
  average?: AverageOfTheWeights;
  rates?: LearningRatesOfParameterGroups;
}
/**
 * Options of Adam for the parameters that Muon does not update. The schedule and the rates of muon apply to it too.
 */
export interface AdamOfMuon {
  learning_rate?: LearningRate;
  beta1?: Fraction;
  beta2?: Fraction;
  epsilon?: Epsilon;
}
/**
 * An optimizer of `optimizers`. Short form: its name as `type`, with its options as keys: `{ "type": "sign_momentum", "learning_rate": 0.01 }`.
 */
export interface CustomOptimizer {
  /**
   * Custom.
   */
  type: "custom";
  name: CellName;
  learning_rate: LearningRate;
  /**
   * Options of the optimizer by name; those of its definition are the defaults.
   */
  options?: {
    [k: string]: CellOption;
  };
  no_decay?: ParametersWithoutWeightDecay;
  clip?: GradientClip;
  schedule?: Schedule;
  average?: AverageOfTheWeights;
  rates?: LearningRatesOfParameterGroups;
}
/**
 * Length of the training, batches, checkpoints and evaluations. Give `steps` or `epochs`; default: 10 epochs.
 */
export interface TrainingSettings {
  /**
   * Number of updates; 0 writes the model of the initial weights, such as those of `--init`.
   */
  steps?: number | null;
  /**
   * Number of passes through the data. Default: 10 if `steps` is not given either.
   */
  epochs?: number | null;
  /**
   * Examples in one update; "all"; or "largest", which is all examples or the largest power of two that fits into memory. The size found for "largest" is recorded with the run and kept on --resume.
   */
  batch_size?: number | ("all" | "largest");
  /**
   * "low" uses gradient checkpointing (T. Chen et al., 2016): recurrent layers store the states of every √steps-th step only, and recompute the steps between them in the backward pass. It needs a fraction of the memory for long sequences and about a third more time; results are equal up to rounding. For sequences of one length.
   */
  memory?: "normal" | "low";
  /**
   * "float16" computes the training step in float16 where that is safe, for GPUs with fast float16 products, in half the memory. Parameters, optimizer state, loss and metrics stay float32, as do evaluation and exported models. An object sets the scale of the loss.
   */
  precision?: ("float32" | "float16") | MixedPrecision;
  /**
   * Number of micro-batches whose gradients are accumulated for one update: the same update with the memory of one micro-batch. batch_size is the number of examples of an update, a multiple of this. "auto" uses the fewest micro-batches that fit into memory.
   */
  accumulate?: number | "auto";
  /**
   * Shuffle the examples in each epoch. Default: true, or false with stateful layers.
   */
  shuffle?: boolean;
  /**
   * Updates in one call of the session; "auto" measures the best number. The results do not depend on it.
   */
  steps_per_call?: number | "auto";
  /**
   * Data parallelism across the processes that an MPI launcher starts (`mpirun -n 4 rnnx train …`). No effect with one process.
   */
  distributed?: {
    /**
     * "step": the processes split each batch and compute every step together. The results are those of one process.
     */
    sync?: "step";
    /**
     * Updates between averages. Each process trains on its share of each batch; parameters and optimizer state are averaged at this interval, at evaluations and at checkpoints. Less communication, but results differ from those of one process.
     */
    average_every?: number;
  };
  /**
   * Updates between checkpoints. With 0 only the last is saved.
   */
  checkpoint_every?: number;
  /**
   * Number of recent checkpoints to keep. The best one is kept too (keep_best).
   */
  keep_last?: number;
  /**
   * Updates between checkpoints that are never deleted, in addition to those of checkpoint_every. With 0 none are.
   */
  keep_every?: number;
  sample?: SamplesWhileTraining;
  /**
   * Updates between evaluations. Default (null): one epoch in a run of epochs; in a run of steps about 20 evaluations, at least 100 updates apart and at ends of epochs.
   */
  evaluate_every?: number | null;
  /**
   * Stop training when a metric of the validation split has stopped improving.
   */
  early_stopping?: {
    metric?: Metric1;
    /**
     * Consecutive evaluations without improvement before the run stops.
     */
    patience?: number;
    /**
     * Minimum change that counts as an improvement.
     */
    minimum_delta?: number;
    mode?: Mode;
  } | null;
  /**
   * Restore the weights of the best evaluation on the validation split at the end, and keep their checkpoint. Default: on if there is a validation split, with the metric of early_stopping, else the loss. null: keep the last weights.
   */
  keep_best?: {
    metric?: Metric1;
    mode?: Mode;
  } | null;
}
/**
 * Mixed precision of float16 and float32, with a scale for the loss.
 */
export interface MixedPrecision {
  /**
   * float16 where that is safe.
   */
  type: "float16";
  /**
   * Factor of the loss before differentiation, which keeps small gradients from underflow in float16; the gradients are divided by it. A number is constant; an object is the start of a dynamic scale.
   */
  loss_scale?: number | DynamicLossScale;
}
/**
 * A scale that is halved when a gradient is not finite (that update is skipped), and doubled after a number of finite updates.
 */
export interface DynamicLossScale {
  /**
   * Scale of the first update. Powers of two cause no rounding.
   */
  initial?: number;
  /**
   * Consecutive updates with finite gradients before the scale doubles.
   */
  growth_interval?: number;
}
