/** Safetensors files as tensors of onnxruntime-web, and back. */
import { Tensor } from "onnxruntime-web";

const arrays = { F32: Float32Array, I32: Int32Array, I64: BigInt64Array };
const types = /** @type {const} */ ({ F32: "float32", I32: "int32", I64: "int64" });

/** @param {ArrayBuffer} bytes of a file. */
export function readSafetensors(bytes) {
  const start = 8 + Number(new DataView(bytes).getBigUint64(0, true));
  const { __metadata__: metadata = {}, ...header } = JSON.parse(new TextDecoder().decode(bytes.slice(8, start)));
  /** @type {Map<string, Tensor>} */
  const tensors = new Map();
  for (const [name, { dtype, shape, data_offsets: range }] of Object.entries(header)) {
    const key = /** @type {keyof typeof arrays} */ (dtype);
    const data = new arrays[key](bytes.slice(start + range[0], start + range[1]));
    tensors.set(name, new Tensor(types[key], data, shape));
  }
  return { tensors, metadata };
}

/**
 * @param {ReadonlyMap<string, Tensor>} tensors of float32.
 * @returns {Blob} a file.
 */
export function writeSafetensors(tensors) {
  let end = 0;
  const entries = [...tensors].map(([name, { dims, data }]) => {
    const begin = end;
    end += 4 * data.length;
    return [name, { dtype: "F32", shape: dims, data_offsets: [begin, end] }];
  });
  const text = new TextEncoder().encode(JSON.stringify(Object.fromEntries(entries)));
  // The format aligns the data to 8 bytes.
  const header = new Uint8Array(8 * Math.ceil(text.length / 8)).fill(0x20);
  header.set(text);
  const length = new DataView(new ArrayBuffer(8));
  length.setBigUint64(0, BigInt(header.length), true);
  const parts = [...tensors.values()].map(({ data }) => Float32Array.from(/** @type {Float32Array} */ (data)));
  return new Blob([length, header, ...parts]);
}
