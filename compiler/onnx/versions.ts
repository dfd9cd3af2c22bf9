/** ONNX versions of the compiled models. */

/** The highest opset for which the CUDA provider of ONNX Runtime has every operator. */
export const TRAINING_OPSET = 18;
/** The highest opset that other runtimes read. */
export const INFERENCE_OPSET = 17;
/** The version of the file format. */
export const IR_VERSION = 8;
