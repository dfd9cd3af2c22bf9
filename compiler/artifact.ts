/** What `compile` makes: ONNX models, and a manifest that says how to feed them. All that the runtime ever sees. */

/** How a tensor starts. `fans` are [fan in, fan out]; `seed` and the tensor's name choose the random stream. */
export type Initializer =
  | { readonly type: "constant"; readonly value: number }
  | { readonly type: "uniform"; readonly minimum: number; readonly maximum: number }
  | { readonly type: "normal"; readonly mean: number; readonly deviation: number }
  | { readonly type: "orthogonal"; readonly gain: number }
  /** Slices of the last axis, [from, to), laid over a base. */
  | { readonly type: "slices"; readonly base: Initializer; readonly slices: readonly InitializerSlice[] };

export interface InitializerSlice {
  readonly from: number;
  readonly to: number;
  readonly initializer: Initializer;
}

export interface StoredTensor {
  /** Public name: `rnn/0/W`; a slot's is its parameter's name and its own: `rnn/0/W/m`. */
  readonly name: string;
  readonly shape: readonly number[];
  readonly initializer: Initializer;
}

export interface StoredParameter extends StoredTensor {
  readonly trainable: boolean;
}

export type Role =
  /** A tensor of weights. In the training graph both an input and an output. */
  | "parameter"
  /** One that is not trained: in the training graph only an input. */
  | "frozen"
  /** Optimizer state of one parameter, or a number of the whole update's (`loss_scale/scale`). */
  | "slot"
  /** Updates made so far, int64 scalar. */
  | "step"
  /** Multiplies the learning rate of all updates of a call, float32 scalar: falls when a plateau is reached. */
  | "rate_scale"
  /**
   * Where the rows that are fed stand in their batch, which several processes share: the first row, and the rows of the whole
   * batch; int64 [2].
   */
  | "shard"
  /** Sums over the rows that were fed, float32 [parameters + 2]: of all gradients, entry by entry, of the loss, and of its count. */
  | "gradient"
  /** `inputs`, `targets`, `lengths`, `weights`, and first states by public name. */
  | "data"
  /** Loss before each update: float32 [steps]. In evaluation: a scalar. */
  | "loss"
  /** Global norm of the gradient before clipping, 0 where the update was left out: float32 [steps]. */
  | "gradient_norm"
  /** Learning rate of each update, its schedule and the plateau's scale in it: float32 [steps]. */
  | "learning_rate"
  /** Where the loss is scaled for gradients of 16 bits, and the scale fitted to them: that of each update, float32 [steps]. */
  | "loss_scale"
  /** There, too: 1 for an update that was left out since its gradient was not finite, else 0; float32 [steps]. */
  | "skipped"
  /** One metric's tallies over the batch, float32: they add up over batches, and its `finish` makes the metric of the sum. */
  | "metric"
  /** What the model says: probabilities, or numbers, batch first. */
  | "prediction"
  /** States of recurrent layers, [batch, size], as inputs and as outputs: each goes on from the other. */
  | "state";

export interface Port {
  readonly name: string;
  readonly role: Role;
  readonly dtype: "float32" | "int64" | "int32" | "bool";
  readonly shape: readonly (number | string)[];
}

/**
 * What is made of a metric's tallies: of [sum, count] their mean, e to it, or its root; of [hits, answers, targets] for each
 * class, [3, classes], the mean over the classes that occur of F1, precision or recall.
 */
export type MetricFinalizer = "mean" | "exp_mean" | "root_mean" | "macro_f1" | "macro_precision" | "macro_recall";

export interface Ports {
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
}

export interface Manifest {
  /** Version of this format. */
  readonly format: 1;
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
  /** Null where a sequence cannot be run piece by piece. */
  readonly stream: Ports | null;
  /** Null where steps are not shared by several processes. */
  readonly shard: DataParallelPorts | null;
}

/** The two halves of a step that several processes share; between them their gradients are added up. */
export interface DataParallelPorts {
  readonly gradient: Ports;
  readonly update: Ports;
}

export interface Artifact {
  /**
   * The K-step training graph. Inputs: parameters, states of stateful layers, slots, step, then `rate_scale` where the schedule
   * has one, frozen parameters, and data with a leading `steps` axis; outputs: the next parameters, states, slots and step (`next/<name>`), then `loss`, `gradient_norm` and `learning_rate`
   * (in float16 `loss_scale` and `skipped` too), one number per step. K is the run-time dimension `steps`.
   */
  readonly train: Uint8Array;
  /**
   * Loss, metrics (ports `metrics/<name>`, `loss` among them) and predictions of one batch. Inputs: parameters, states of
   * stateful layers, then data.
   */
  readonly eval: Uint8Array;
  /** Inference. Parameters are initializers that `withWeights` appends: without them the model is incomplete. */
  readonly model: Uint8Array;
  /**
   * The same, with every state as an input and its last value as an output, for running a sequence piece by piece; null where
   * a layer reads the sequence backwards or as a whole.
   */
  readonly stream: Uint8Array | null;
  /** `stream` with parameters as inputs, for samples while they change; null where the spec asks for none. */
  readonly sampler: Uint8Array | null;
  /**
   * One training step in two halves, for several processes that share a batch: `gradient` gives the sums over some rows of it
   * (and the last states of stateful layers), `update` makes the next parameters, slots and step from the sums over all rows.
   * Null where it was not asked for.
   */
  readonly shard: { readonly gradient: Uint8Array; readonly update: Uint8Array } | null;
  readonly manifest: Manifest;
}

/** The roles of what a training carries from call to call: on WebGPU it stays on the device. */
export const carriedRoles = ["parameter", "slot", "state"] as const satisfies readonly Role[];

/** The output of a model for WebGPU that holds everything for the host, one after the other. */
export const HOST_OUTPUT = "report";

/** The output that gives an input again, of a model that reads what lies on the device. */
export const readbackName = (input: string): string => `copy/${input}`;

/** What a model for WebGPU that makes new parameters gives besides: of each the sum of its entries' magnitudes, [parameters]. */
export const PARAMETER_L1 = "magnitudes";
