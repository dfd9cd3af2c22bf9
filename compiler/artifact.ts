/**
 * The artifact of `compile`: ONNX models, and a manifest of their ports. The runtime reads nothing else of the
 * compiler.
 */

/** The initial value of a tensor. */
export type Initializer =
  | DrawnInitializer
  /** The value of a model that another program made, in the file of initial weights. */
  | { readonly type: "stored" }
  /** The Euclidean norms of the initial values of an earlier tensor, over all axes but the last. */
  | { readonly type: "norms"; readonly of: StoredTensor<DrawnInitializer> };

/** An initial value by itself. The spec's seed and the tensor's name choose the random stream. */
export type DrawnInitializer =
  | { readonly type: "constant"; readonly value: number }
  | { readonly type: "uniform"; readonly minimum: number; readonly maximum: number }
  | { readonly type: "normal"; readonly mean: number; readonly deviation: number }
  | { readonly type: "orthogonal"; readonly gain: number }
  /** Each entry is the value of the expression. */
  | { readonly type: "expression"; readonly expression: InitialExpression }
  /** Slices [from, to) of the last axis that replace those of a base. */
  | { readonly type: "slices"; readonly base: DrawnInitializer; readonly slices: readonly InitializerSlice[] };

export type InitialExpression =
  | number
  /** The position along the last axis, from 0. */
  | { readonly op: "index" }
  /** A random number of its own for each entry: from a to b, or with mean a and standard deviation b. */
  | { readonly op: "uniform" | "normal"; readonly a: number; readonly b: number }
  | {
      readonly op: "exp" | "log" | "sqrt" | "negate" | "+" | "-" | "*" | "/" | "^" | "min" | "max";
      readonly args: readonly InitialExpression[];
    };

export interface InitializerSlice {
  readonly from: number;
  readonly to: number;
  readonly initializer: DrawnInitializer;
}

export interface StoredTensor<I extends Initializer = Initializer> {
  /** Public name: `rnn/0/W`; a slot's is `<parameter>/<slot>`: `rnn/0/W/m`. */
  readonly name: string;
  readonly shape: readonly number[];
  readonly initializer: I;
}

export interface StoredParameter extends StoredTensor {
  readonly trainable: boolean;
}

export type Role =
  /** A trained parameter. In the training graph both an input and an output. */
  | "parameter"
  /** A frozen parameter: in the training graph only an input. */
  | "frozen"
  /**
   * A tensor that training changes without a gradient: running statistics. In the training graph both an input and an
   * output, which the forward pass computes.
   */
  | "buffer"
  /** Optimizer state of one parameter, or a scalar of the update (`loss_scale/scale`). */
  | "slot"
  /** Number of updates so far, int64 scalar. */
  | "step"
  /** Factor of the learning rate of all updates of a call, float32 scalar: reduced on a plateau. */
  | "rate_scale"
  /**
   * Position of the rows of this process in the batch of all processes: first row, and rows of the batch; int64 [2].
   */
  | "shard"
  /** The counts of several losses over the whole batch of micro-batches, float32 [losses]: inside the training graph. */
  | "count"
  /** Sums over the rows of this process, float32 [entries of all parameters + 2]: gradients, loss, count. */
  | "gradient"
  /** `inputs`, `targets` (by name `targets/<name>`), `lengths`, `weights`, and initial states by public name. */
  | "data"
  /** Loss before each update: float32 [steps]. In evaluation: a scalar. */
  | "loss"
  /** Global norm of the gradient before clipping, 0 for a skipped update: float32 [steps]. */
  | "gradient_norm"
  /** Learning rate of each update, with its schedule and `rate_scale`: float32 [steps]. */
  | "learning_rate"
  /** Dynamic loss scale of each update, with mixed precision: float32 [steps]. */
  | "loss_scale"
  /**
   * 1 for an update skipped because its gradient was not finite, else 0, with a dynamic loss scale: float32 [steps].
   */
  | "skipped"
  /** Accumulators of one metric over the batch, float32: the finalizer of their sum over batches is the metric. */
  | "metric"
  /** Predictions of the model: probabilities, or numbers, batch axis first. */
  | "prediction"
  /** States of recurrent layers, [batch, size]: an output is the next value of the input of the same state. */
  | "state";

export interface Port {
  readonly name: string;
  readonly role: Role;
  readonly dtype: "float32" | "int64" | "int32" | "bool";
  readonly shape: readonly (number | string)[];
}

/**
 * The metric from its accumulators: from [sum, count] the mean, its exponential or its root; from [true positives,
 * predictions, targets] per class, [3, classes], the mean of F1, precision or recall over the classes that occur. From
 * pairs of a sum and a count the sum of their means, where a pair of count 0 adds its sum.
 */
export type MetricFinalizer =
  | "mean"
  | "sum_of_means"
  | "exp_mean"
  | "root_mean"
  | "macro_f1"
  | "macro_precision"
  | "macro_recall";

export interface Ports {
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
}

export interface Manifest {
  /** Version of this format. */
  readonly format: 2;
  readonly name: string;
  readonly rnnx: string;
  /** SHA-256 of the normalized spec and the signature, hex. */
  readonly hash: string;
  readonly opset: { readonly training: number; readonly inference: number };
  readonly parameters: readonly StoredParameter[];
  readonly slots: readonly StoredTensor[];
  readonly metrics: Readonly<Record<string, MetricFinalizer>>;
  readonly train: Ports;
  readonly eval: Ports;
  readonly model: Ports;
  /** Null where the model cannot process a sequence in pieces. */
  readonly stream: Ports | null;
  /** Null without data parallelism. */
  readonly shard: DataParallelPorts | null;
}

/** Ports of the gradient step and the apply step of data parallelism. */
export interface DataParallelPorts {
  readonly gradient: Ports;
  readonly update: Ports;
}

export interface Artifact {
  /**
   * K training steps; K is the run-time dimension `steps`. Inputs: parameters, buffers, states of stateful layers,
   * slots, step, `rate_scale` (plateau schedule), frozen parameters, and data with a leading `steps` axis. Outputs: the
   * next parameters, buffers, states, slots and step (`next/<name>`), then per step `loss`, `gradient_norm`,
   * `learning_rate`, and with a dynamic loss scale `loss_scale` and `skipped`.
   */
  readonly train: Uint8Array;
  /**
   * Loss, metrics (ports `metrics/<name>`, `loss` among them) and predictions of one batch. Inputs: parameters, states
   * of stateful layers, then data.
   */
  readonly eval: Uint8Array;
  /** Inference. Parameters are initializers, which `withWeights` appends: without them the model is incomplete. */
  readonly model: Uint8Array;
  /**
   * Inference with every state as an input and its final value as an output, to process a sequence in pieces; null
   * where a layer reads the sequence backwards or as a whole.
   */
  readonly stream: Uint8Array | null;
  /** `stream` with parameters as inputs, to sample during training; null where the spec has no samples. */
  readonly sampler: Uint8Array | null;
  /**
   * One training step in two models, for data parallelism: `gradient` returns sums over the rows of a process (and the
   * next states of stateful layers), `update` the next parameters, slots and step from the sums over all rows. Null
   * without the option `dataParallel`.
   */
  readonly shard: { readonly gradient: Uint8Array; readonly update: Uint8Array } | null;
  readonly manifest: Manifest;
}

/** Roles of the tensors that training carries from call to call: on WebGPU they stay on the device. */
export const carriedRoles = ["parameter", "buffer", "slot", "state"] as const satisfies readonly Role[];

/** Roles of the weights of a model: tensors of `weights.safetensors`, and initializers of an exported model. */
const weightRoles: readonly Role[] = ["parameter", "frozen", "buffer"];

/** True for parameters, trained or frozen, and buffers. */
export function holdsWeights({ role }: { readonly role: Role }): boolean {
  return weightRoles.includes(role);
}

/** The output of a model for WebGPU that concatenates all tensors for the host. */
export const HOST_OUTPUT = "report";

/** The output that copies an input, of a model that reads tensors back from the device. */
export const readbackName = (input: string): string => `copy/${input}`;

/** The output with the L1 norm of each parameter, [parameters], of a training model for WebGPU. */
export const PARAMETER_L1 = "magnitudes";
