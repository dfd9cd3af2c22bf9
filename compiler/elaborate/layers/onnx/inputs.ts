/** The inputs of an onnx layer: outputs of other layers in the axes and the element type that its model declares. */
import type { NormalOnnx } from "../../../../schema/normal/index.js";
import { elementType } from "../../../importer/operand.js";
import { mulDims } from "../../../ir/dims.js";
import { at } from "../../../ir/expect.js";
import { tensor } from "../../../ir/tensor.js";
import type { Dim, Shape, Value } from "../../../ir/types.js";
import type { ModelTensor } from "../../../onnx/read/tensors.js";
import type { Context } from "../../context.js";
import { describeWire, isIds, swapBatchAndTime, type Wire, width } from "../../wire.js";

/** The operand of one input of the model, with the name of that input. */
export interface ModelInput {
  readonly name: string;
  readonly value: Value;
}

export const isFixed = (dim: number | string | undefined): dim is number => typeof dim === "number" && dim > 0;

/**
 * The wire as the model reads it; undefined after a reported problem, or where sizes depend on the data.
 *
 * @param declared an input of the model.
 */
export function modelInput(
  layer: NormalOnnx,
  declared: ModelTensor,
  wire: Wire,
  context: Context,
): ModelInput | undefined {
  const { b } = context;
  const rank = declared.shape?.length;
  const reject = (code: string, reason: string, hint: string) =>
    context.problem({
      part: layer,
      code,
      message: `The input ${declared.name} of ${layer.file} is ${describeInput(declared)}, but ${reason}.`,
      hint,
    });
  const reads = `${layer.name} reads ${describeWire(wire)}`;
  const type = elementType(declared.dtype)?.dtype;
  if (isIds(wire) && type !== "int32" && type !== "int64")
    return reject("needs-numbers", reads, `Put a one_hot or an embedding layer before ${layer.name}.`);
  if (type === undefined || (!isIds(wire) && type !== "float32"))
    return reject("needs-ids", reads, 'Name a layer or an input of token ids in "from".');
  if (!isIds(wire) && typeof width(wire) !== "number") return undefined;
  const cleared = b.cast(wire.mask === null ? wire.value : clearPadding(wire, context), type);
  if (!wire.sequence) return rowsInput(layer, declared, wire, cleared, context, reject);
  if (layer.shape !== null) return imageInput(layer, declared, wire, cleared, context, reject);
  const axes = axesOfLayout(layer, isIds(wire) ? 2 : rank === 4 ? 4 : 3);
  if (rank !== undefined && rank !== axes.length)
    return reject("model-input", reads, `A layer of this input reads ${axes.join(", ")}.`);
  const sizeOf = (axis: string) => declared.shape?.[axes.indexOf(axis)];
  const features = Number(width(wire));
  const layoutHint = otherLayout(layer, declared, features, context.stepsOf(at(wire.value.type.shape, 0)));
  const rejectSteps: Reject = (code, reason, hint) => reject(code, reason, layoutHint ?? hint);
  const steps = fixedSteps(layer, declared, cleared, sizeOf(rank === 4 ? "height" : "time"), rejectSteps, context);
  if (steps === undefined) return undefined;
  const batchMajor = swapBatchAndTime(b, steps);
  if (isIds(wire)) return { name: declared.name, value: ordered(layer, batchMajor, ["batch", "time"], context) };
  if (rank === 4) {
    const channels = sizeOf("channels");
    const columns = sizeOf("width");
    const depth = isFixed(channels) ? channels : isFixed(columns) ? features / columns : 1;
    if (features % depth !== 0 || (isFixed(columns) && columns * depth !== features))
      return reject("model-input", `${reads}, rows of ${features} numbers`, sizesHint);
    const [batch, height] = batchMajor.type.shape as readonly [Dim, Dim];
    const image = b.reshape(batchMajor, [batch, height, features / depth, depth]);
    return { name: declared.name, value: ordered(layer, image, ["batch", "height", "width", "channels"], context) };
  }
  const wanted = sizeOf("features");
  if (isFixed(wanted) && wanted !== features)
    return reject("model-input", reads, layoutHint ?? "Put a dense layer of that size before it.");
  return { name: declared.name, value: ordered(layer, batchMajor, ["batch", "time", "features"], context) };
}

type Reject = (code: string, reason: string, hint: string) => undefined;

/** Zeros, and ids of 0, past the lengths. */
function clearPadding({ value, mask }: Wire, { b }: Context): Value {
  if (mask === null) return value;
  const isValid = value.type.shape.length === 2 ? b.squeeze(mask, [2]) : mask;
  return b.where(isValid, value, b.scalar(0, value.type.dtype));
}

const sizesHint = "Make the sizes agree.";

/** A sequence of a fixed number of steps, such as an image of rows, in the axes of `shape`. */
function imageInput(
  layer: NormalOnnx,
  declared: ModelTensor,
  wire: Wire,
  value: Value,
  context: Context,
  reject: Reject,
): ModelInput | undefined {
  const { b, stepsOf } = context;
  const known = stepsOf(at(wire.value.type.shape, 0));
  if (isIds(wire) || wire.mask !== null || known === undefined) {
    const reason = isIds(wire) ? "ids" : "sequences of several lengths";
    return reject("model-input", `${layer.name} reads ${reason}, which have no fixed "shape"`, 'Remove "shape".');
  }
  const steps = fixedSteps(layer, declared, value, known, reject, context);
  if (steps === undefined) return undefined;
  const batchMajor = swapBatchAndTime(b, steps);
  const rows = b.reshape(batchMajor, [at(batchMajor.type.shape, 0), known * Number(width(wire))]);
  return rowsInput(layer, declared, wire, rows, context, reject);
}

/** [batch, features] as it is, or with the features in the axes of `shape`, of the array, or of the model. */
function rowsInput(
  layer: NormalOnnx,
  { name, shape }: ModelTensor,
  wire: Wire,
  value: Value,
  { b }: Context,
  reject: Reject,
): ModelInput | undefined {
  const declared = shape?.slice(1);
  const features = Number(at(value.type.shape, 1));
  const given = layer.shape ?? (declared?.length === 1 ? undefined : wire.axes);
  if (isIds(wire) || (declared === undefined && given === undefined)) return { name, value };
  const ofModel = declared?.map((size) => (declared.length === 1 && !isFixed(size) ? features : size)) ?? [];
  const axes = given ?? ofModel;
  const sizes = axes.filter(isFixed);
  const [reads, list] = [`${layer.name} reads ${describeWire(wire)}`, `[${axes.join(", ")}]`];
  if (sizes.length !== axes.length)
    return reject("model-input", reads, 'Write the sizes of a row, such as "shape": [3, 32, 32].');
  if (wire.axes !== undefined && sizes.length > 1 && sizes.join() !== wire.axes.join())
    return reject(
      "model-input",
      `the array has rows [${wire.axes.join(", ")}]${layer.shape === null ? "" : ` and "shape" is ${list}`}`,
      "Transpose the array: its axes are those of the model, such as channels, height and width.",
    );
  const fits = ofModel.length === sizes.length && ofModel.every((size, axis) => !isFixed(size) || size === sizes[axis]);
  if (declared !== undefined && !fits)
    return reject("model-input", `${layer.shape === null ? "the array has rows" : '"shape" is'} ${list}`, sizesHint);
  const product = sizes.reduce((total, size) => total * size, 1);
  if (product !== features)
    return given === undefined
      ? reject("model-input", reads, `The model needs rows of ${product} numbers.`)
      : reject("model-input", `${reads}, and ${list} has ${product} numbers`, sizesHint);
  return { name, value: sizes.length === 1 ? value : b.reshape(value, [at(value.type.shape, 0), ...sizes]) };
}

/** The axes of an input or output of sequences in the model's order. */
function axesOfLayout({ layout }: NormalOnnx, rank: 2 | 3 | 4): readonly string[] {
  if (rank === 2) return layout === "time_first" ? ["time", "batch"] : ["batch", "time"];
  if (rank === 4)
    return layout === "channels_first"
      ? ["batch", "channels", "height", "width"]
      : ["batch", "height", "width", "channels"];
  if (layout === "time_first") return ["time", "batch", "features"];
  return layout === "channels_first" ? ["batch", "features", "time"] : ["batch", "time", "features"];
}

/** A value with named axes in the order of the layout. */
function ordered(layer: NormalOnnx, value: Value, axes: readonly string[], { b }: Context): Value {
  const wanted = axesOfLayout(layer, axes.length as 2 | 3 | 4);
  return b.transpose(
    value,
    wanted.map((axis) => axes.indexOf(axis)),
  );
}

/** A value of the model, [batch, time, features] in the order of the layout, time-major. */
export function timeMajor(layer: NormalOnnx, value: Value, { b }: Context): Value {
  const axes = axesOfLayout(layer, 3);
  return b.transpose(
    value,
    ["time", "batch", "features"].map((axis) => axes.indexOf(axis)),
  );
}

/**
 * Steps of a fixed number, where the model has one. Every runtime refuses other numbers: the zeros that are added do not
 * fit a longer sequence, and a shorter one lacks steps that are gathered.
 */
function fixedSteps(
  layer: NormalOnnx,
  { name }: ModelTensor,
  value: Value,
  wanted: number | string | undefined,
  reject: Reject,
  { b, stepsOf }: Context,
): Value | undefined {
  const time = at(value.type.shape, 0);
  if (!isFixed(wanted) || time === wanted) return value;
  const known = stepsOf(time);
  if (known === undefined)
    return reject(
      "model-input",
      "the sequences of the data have several lengths",
      `Export the model with a symbolic axis of steps (dynamic_axes or dynamic_shapes in PyTorch).`,
    );
  if (known !== wanted)
    return reject(
      "model-input",
      `${layer.name} reads sequences of ${known} steps`,
      `Use sequences of ${wanted} steps, or export the model with a symbolic axis of steps for ${name}.`,
    );
  const shape = [wanted, ...value.type.shape.slice(1).map(() => 1)];
  const zeros = b.constant(tensor(value.type.dtype, shape, new Float64Array(wanted)));
  const steps = Float64Array.from({ length: wanted }, (_, step) => step);
  const indices = b.constant(tensor("int64", [wanted], steps));
  return b.gather(b.add(value, b.slice(zeros, 0, 0, time)), indices, 0);
}

/** The hint of another layout whose fixed sizes the sequence has; undefined without one. */
function otherLayout(
  layer: NormalOnnx,
  { shape = [] }: ModelTensor,
  features: number,
  steps: number | undefined,
): string | undefined {
  const layouts = ["batch_first", "time_first", "channels_first"] as const;
  const found = layouts.find((layout) => {
    const axes = axesOfLayout({ ...layer, layout }, 3);
    const sizeOf = (axis: string) => shape[axes.indexOf(axis)];
    const [width, time] = [sizeOf("features"), sizeOf("time")];
    return layout !== layer.layout && width === features && (!isFixed(time) || time === steps);
  });
  return shape.length === 3 && found !== undefined ? `Write "layout": "${found}".` : undefined;
}

export function describeInput({ dtype, shape }: ModelTensor): string {
  return shape === undefined ? dtype : `${dtype} [${shape.join(", ")}]`;
}

/** The number of elements of all axes but the first. */
export const elementsAfterBatch = (shape: Shape): Dim => shape.slice(1).reduce(mulDims, 1);
