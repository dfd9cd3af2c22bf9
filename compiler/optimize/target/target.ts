/**
 * The description of a device that cost decisions read: sizes in elements, times in microseconds. Results never depend
 * on it.
 */
export interface Target {
  readonly name: "cpu" | "cuda" | "webgpu";
  /** Elements of one step's slice from which a kernel call per step costs less than leaving the cache; see `isWide`. */
  readonly wideSliceElements: number;
  /** Elements up to which a result may be computed for all K steps of a call at once. */
  readonly smallResultElements: number;
  /**
   * Lanes of the widest vector loop: a transcendental function of a scalar, replicated to this many lanes, takes the
   * same code path in every batch size and so rounds the same way. Undefined where that is not known.
   */
  readonly vectorLanes: number | undefined;
  /** A weight gradient is accumulated in the loop instead of one product over all steps from these sizes on. */
  readonly accumulateInLoop: {
    /** Elements of one stacked operand, which would not stay in the cache. */
    readonly minStackedElements: number;
    /** Rows of the product of one step, for the full rate of the kernel. */
    readonly minRows: number;
    /** Elements of the accumulated matrix, which has to stay in the cache. */
    readonly maxResultElements: number;
  };
  /** A left operand is transposed before its product, and not by the kernel, from these sizes on. */
  readonly transposeBeforeGemm: { readonly minElements: number; readonly minColumns: number };
  /** Elements of a transposed one-hot matrix from which comparing is faster than transposing. */
  readonly oneHotByComparisonElements: number;
  /** Elements of a product over all steps from which flattening it pays for fusing its bias. */
  readonly batchedBiasElements: number;
  /** Rows of V per column from which the row sums of a softmax gradient are taken over the columns. */
  readonly softmaxGradientRatio: number;
  /** A captured weight is transposed once before its loop from these sizes on. */
  readonly prepackWeights: {
    readonly minTimeSteps: number;
    readonly minElements: number;
    /** Rows up to which the product with the weight as the left operand is the faster one. */
    readonly maxRowsWeightLeft: number;
  };
  /** Rows up to `maxNumbers` of values from `minElements` on are repeated and summed by products with ones. */
  readonly shortRows: { readonly maxNumbers: number; readonly minElements: number };
  /** A loop is unrolled into at most this number of nodes, each of which writes at most this number of elements. */
  readonly unrollLoops: { readonly maxNodes: number; readonly maxElements: number };
  /** Costs that decide between a sequential loop and a prefix scan. */
  readonly kernelCallMicroseconds: number;
  readonly loopIterationMicroseconds: number;
  readonly elementMicroseconds: number;
  /** The same for values that stay in the cache, of which the cache has `cacheElements`. */
  readonly cachedElementMicroseconds: number;
  readonly cacheElements: number;
  /** One multiply-add of a product of matrices. */
  readonly multiplyAddMicroseconds: number;
  /** Results that one kernel may write, or read as one of many operands of the same kind. */
  readonly maxKernelOutputs: number;
  /** True where one kernel that splits a sequence into its steps is cheaper than a kernel for each step. */
  readonly splitsSteps: boolean;
}
