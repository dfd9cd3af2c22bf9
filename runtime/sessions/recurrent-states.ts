/** The states of a model that reads a sequence in chunks: each chunk starts from the final states of the one before. */
import type { InferenceSession, Tensor } from "onnxruntime-common";
import type { Port, Ports } from "../../compiler/artifact.js";
import { elementCount } from "../tensors/array.js";
import { floatsOf, tensorOf } from "../tensors/ort.js";
import type { Tensors } from "../tensors/safetensors.js";

export interface RecurrentStates {
  /**
   * The initial states of the next chunk, by port. A chunk with fewer rows than the one before continues its first
   * ones.
   */
  feeds(rows: number): Readonly<Record<string, Tensor>>;
  /** Takes the final states from a session's outputs. */
  update(outputs: InferenceSession.OnnxValueMapType): void;
}

interface Latest {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/**
 * The states before the first chunk.
 *
 * @param initial values [size] of learned initial states, by public name; the others start at zero.
 */
export function createRecurrentStates(
  { inputs, outputs }: Ports,
  initial: ReadonlyMap<string, Float32Array> = new Map(),
): RecurrentStates {
  const ports = inputs.filter(({ role }) => role === "state");
  const finalPorts = new Map(ports.map(({ name }) => [name, findFinalPort(outputs, name)]));
  const latest = new Map<string, Latest>();
  return {
    feeds(rows) {
      const feeds = ports.map((port) => {
        const { shape, data } = latest.get(port.name) ?? initialState(port, rows, initial.get(port.name));
        const rowsShape = shape.with(0, rows);
        const rowsData = data.subarray(0, elementCount(rowsShape));
        return [port.name, tensorOf({ dtype: "float32", shape: rowsShape, data: rowsData })] as const;
      });
      return Object.fromEntries(feeds);
    },
    update(results) {
      for (const { name } of ports) {
        const finalPort = finalPorts.get(name);
        if (finalPort === undefined) continue;
        latest.set(name, { shape: results[finalPort.name]?.dims ?? [], data: floatsOf(results, finalPort) });
      }
    },
  };
}

/** Initial states that are zero. */
export function zeroStates(ports: readonly Port[], rows: number): Tensors {
  return new Map(ports.map((port) => [port.name, initialState(port, rows, undefined)] as const));
}

function findFinalPort(outputs: readonly Port[], state: string): Port {
  const port = outputs.find(({ role, name }) => role === "state" && name === `final/${state}`);
  if (port === undefined) throw new Error(`The graph has no final value of ${state}.`);
  return port;
}

/** [rows, size]; a growing state has no steps yet: the size 0 along their axis. */
function initialState({ shape }: Port, rows: number, row: Float32Array | undefined): Latest {
  const sizes = shape.map((dim) => (typeof dim === "number" ? dim : dim === "batch" ? rows : 0));
  const values = new Float32Array(elementCount(sizes));
  if (row !== undefined) for (let offset = 0; offset < values.length; offset += row.length) values.set(row, offset);
  return { shape: sizes, data: values };
}
