/** Sampling of images at computed places, grids of affine maps, sums of blocks of an image, cumulative products. */
import type { Builder } from "../../ir/builder.js";
import { at } from "../../ir/expect.js";
import { tensor } from "../../ir/tensor.js";
import type { Value } from "../../ir/types.js";
import { type Lowering, single } from "../lowering.js";
import { type ModelNode, staticDim } from "../node.js";
import { refuse } from "../refusal.js";
import { round } from "./elementwise.js";
import { expectFloat, greaterOrEqual, lessOrEqual, rankOf } from "./values.js";

/** Entries along an axis of a size near each place, with their weights. Their positions are float32 and may be outside. */
type Neighbors = readonly { readonly position: Value; readonly weight: Value | undefined }[];

/** R. Keys, Cubic Convolution Interpolation for Digital Image Processing (1981), with a = -0.75: near 0 up to 1, far from 1 to 2. */
function cubicWeight(b: Builder, distance: Value, isNear: boolean): Value {
  const a = -0.75;
  const coefficients = isNear ? [a + 2, -(a + 3), 0, 1] : [a, -5 * a, 8 * a, -4 * a];
  return coefficients
    .slice(1)
    .reduce<Value>((sum, c) => b.add(b.mul(sum, distance), c), b.expand(coefficients[0] ?? 0, distance.type.shape));
}

function neighborsOf(b: Builder, mode: string, place: Value): Neighbors {
  if (mode === "nearest") return [{ position: round(b, place), weight: undefined }];
  const first = b.floor(place);
  const fraction = b.sub(place, first);
  if (mode === "linear" || mode === "bilinear")
    return [
      { position: first, weight: b.sub(1, fraction) },
      { position: b.add(first, 1), weight: fraction },
    ];
  if (mode !== "cubic" && mode !== "bicubic") return refuse(`interpolates by ${mode}`);
  return [-1, 0, 1, 2].map((offset) => {
    const distance = offset < 1 ? b.sub(fraction, offset) : b.sub(offset, fraction);
    return { position: b.add(first, offset), weight: cubicWeight(b, distance, offset === 0 || offset === 1) };
  });
}

/** The distance from the lower end of a range, of a position that its ends reflect. */
function reflected(b: Builder, fromLow: Value, range: number): Value {
  if (range === 0) return b.mul(fromLow, 0);
  const period = b.sub(fromLow, b.mul(b.floor(b.div(fromLow, 2 * range)), 2 * range));
  return b.sub(range, b.abs(b.sub(period, range)));
}

function gridSample(node: ModelNode, b: Builder): Value {
  const [x, grid] = [expectFloat(node.x(0)), expectFloat(node.x(1))];
  const [batch = 1, channels = 1, ...spatial] = x.type.shape;
  const sizes = spatial.map((dim) => staticDim(dim, "an axis"));
  const places = grid.type.shape.slice(1, -1).map((dim) => staticDim(dim, "an axis of its grid"));
  const count = places.reduce((product, size) => product * size, 1);
  const mode = node.text("mode") ?? (node.opset < 20 ? "bilinear" : "linear");
  const padding = node.text("padding_mode") ?? "zeros";
  const aligned = node.int("align_corners") === 1;
  const rows = b.reshape(x, [batch, channels, sizes.reduce((product, size) => product * size, 1)]);
  // The last axis of the grid has the coordinates from the last spatial axis to the first, from -1 to 1.
  const coordinates = b.split(
    b.reshape(grid, [batch, count, sizes.length]),
    sizes.map(() => 1),
    2,
  );
  let corners: readonly { readonly index: Value | undefined; readonly weight: Value | undefined }[] = [
    { index: undefined, weight: undefined },
  ];
  for (const [axis, size] of sizes.entries()) {
    const coordinate = b.squeeze(at(coordinates, sizes.length - 1 - axis), [2]);
    const place = aligned
      ? b.mul(b.add(coordinate, 1), (size - 1) / 2)
      : b.sub(b.mul(b.add(coordinate, 1), size / 2), 0.5);
    const neighbors = neighborsOf(b, mode, place).map(({ position, weight }) => {
      const [low, range] = aligned ? [0, size - 1] : [-0.5, size];
      const kept = padding === "reflection" ? b.add(reflected(b, b.sub(position, low), range), low) : position;
      const isInside = b.and(greaterOrEqual(b, position, 0), lessOrEqual(b, position, size - 1));
      const inside = padding === "zeros" ? b.cast(isInside, "float32") : undefined;
      return { index: b.cast(b.min(b.max(kept, 0), size - 1), "int64"), weight: product(b, weight, inside) };
    });
    corners = corners.flatMap((corner) =>
      neighbors.map(({ index, weight }) => ({
        index: corner.index === undefined ? index : b.add(b.mul(corner.index, size), index),
        weight: product(b, corner.weight, weight),
      })),
    );
  }
  const terms = corners.map(({ index, weight }) => {
    const indices = b.expand(b.unsqueeze(index as Value, [1]), [batch, channels, count]);
    const entries = b.gatherElements(rows, indices, 2);
    return weight === undefined ? entries : b.mul(entries, b.unsqueeze(weight, [1]));
  });
  return b.reshape(
    terms.reduce((sum, term) => b.add(sum, term)),
    [batch, channels, ...places],
  );
}

function product(b: Builder, x: Value | undefined, y: Value | undefined): Value | undefined {
  return x === undefined || y === undefined ? (x ?? y) : b.mul(x, y);
}

/** The places that an affine map of each example gives to the entries of an image or a volume. */
function affineGrid(node: ModelNode, b: Builder): Value {
  const theta = expectFloat(node.x(0));
  const [, , ...dims] = node.knownDims(1, "its size");
  const sizes = dims.map((dim) => staticDim(dim, "an axis"));
  const aligned = node.int("align_corners") === 1;
  const coordinate = (index: number, size: number) =>
    aligned ? (size === 1 ? 0 : (2 * index) / (size - 1) - 1) : (2 * index + 1) / size - 1;
  const places = sizes.reduce<readonly (readonly number[])[]>(
    (all, size) =>
      all.flatMap((place) => Array.from({ length: size }, (_, index) => [coordinate(index, size), ...place])),
    [[1]],
  );
  const base = b.constant(tensor("float32", [places.length, sizes.length + 1], places.flat()));
  const moved = b.matmul(base, b.transpose(theta, [0, 2, 1]));
  return b.reshape(moved, [at(theta.type.shape, 0), ...sizes, sizes.length]);
}

/** Adds the entries of overlapping blocks at their places in an image; those of its padding are dropped. */
function columnsToImage(node: ModelNode, b: Builder): Value {
  const x = expectFloat(node.x(0));
  const [image, block] = [node.integers(1, "the shape of its image"), node.integers(2, "the shape of its blocks")];
  const rank = image.length;
  const each = (name: string, value: number) => node.ints(name) ?? Array<number>(rank).fill(value);
  const [strides, dilations] = [each("strides", 1), each("dilations", 1)];
  const pads = node.ints("pads") ?? Array<number>(2 * rank).fill(0);
  const counts = image.map((size, axis) => {
    const span = at(dilations, axis) * (at(block, axis) - 1) + 1;
    return Math.floor((size + at(pads, axis) + at(pads, axis + rank) - span) / at(strides, axis)) + 1;
  });
  const [size, offsets, places] = [image, block, counts].map((sizes) => sizes.reduce((all, n) => all * n, 1));
  const pixels = size ?? 0;
  /** The positions along each axis of an entry by its number. */
  const positions = (index: number, sizes: readonly number[]) =>
    sizes.map((own, axis) => Math.floor(index / sizes.slice(axis + 1).reduce((all, n) => all * n, 1)) % own);
  const indices = Array.from({ length: (offsets ?? 0) * (places ?? 0) }, (_, index) => {
    const offset = positions(Math.floor(index / (places ?? 1)), block);
    const place = positions(index % (places ?? 1), counts);
    const pixel = image.map(
      (_, axis) => at(place, axis) * at(strides, axis) + at(offset, axis) * at(dilations, axis) - at(pads, axis),
    );
    const isInside = pixel.every((position, axis) => position >= 0 && position < at(image, axis));
    return isInside ? pixel.reduce((sum, position, axis) => sum * at(image, axis) + position, 0) : pixels;
  });
  if (x.type.shape[2] !== places) return refuse(`reads ${x.type.shape[2]} blocks, but its image has ${places}`);
  const batch = at(x.type.shape, 0);
  const channels = staticDim(x.type.shape[1], "the channels") / (offsets ?? 1);
  const updates = b.reshape(x, [batch, channels, indices.length]);
  const targets = b.expand(b.constant(tensor("int64", [1, 1, indices.length], indices)), updates.type.shape);
  // The last entry takes those of the padding.
  const sums = b.scatterElements(b.expand(0, [batch, channels, pixels + 1]), targets, updates, 2);
  return b.reshape(b.slice(sums, 2, 0, pixels), [batch, channels, ...image]);
}

/** Products of all entries up to each, by log2(size) products with shifted entries: exact where an entry is 0, too. */
function cumulativeProduct(node: ModelNode, b: Builder): Value {
  const x = expectFloat(node.x(0));
  const axis = node.axis(at(node.integers(1, "its axis"), 0), rankOf(x));
  const size = staticDim(x.type.shape[axis], "the axis");
  const reverse = node.int("reverse") === 1;
  /** The entries after or before as many ones. */
  const shifted = (value: Value, by: number): Value => {
    const ones = b.expand(1, x.type.shape.with(axis, by));
    return reverse
      ? b.concat([b.slice(value, axis, by, size), ones], axis)
      : b.concat([ones, b.slice(value, axis, 0, size - by)], axis);
  };
  let products = node.int("exclusive") === 1 ? shifted(x, 1) : b.identity(x);
  for (let by = 1; by < size; by *= 2) products = b.mul(products, shifted(products, by));
  return products;
}

export const samplingOperators: readonly Lowering[] = [
  single("GridSample", gridSample, { opsets: [16, 26] }),
  single("AffineGrid", affineGrid, { opsets: [20, 26] }),
  single("Col2Im", columnsToImage, { opsets: [18, 26] }),
  single("CumProd", cumulativeProduct, { opsets: [26, 26] }),
];
