/** Tied weights as tensors of their own: an initializer that several nodes read is trained as one weight. */
import {
  type Separation,
  separateTensors,
  type TensorRead,
  type TensorReads,
  tensorReads,
} from "./separate-tensors.js";

/** An initializer of floats that several nodes read. */
export interface TiedWeight {
  readonly name: string;
  /** Other names of it: those of Identity outputs. */
  readonly aliases: readonly string[];
  readonly readers: readonly TensorRead[];
}

/** In the order of the initializers. @param model the bytes of an .onnx file. */
export function tiedWeights(model: Uint8Array): readonly TiedWeight[] {
  const reads = tensorReads(model);
  return reads === undefined ? [] : tiedAmong(reads);
}

/**
 * The model with a copy of each named initializer for each of its readers but the first. Where the initializer has several
 * names, each has one tensor: the readers of one name have one weight in the source, too. Other copies are named
 * `<initializer>/<first output>`.
 *
 * @param model the bytes of an .onnx file.
 * @param isNamed true for the name of an initializer, or of an Identity output of it, that is separated.
 */
export function separateWeights(model: Uint8Array, isNamed: (name: string) => boolean): Uint8Array {
  return separateTensors(model, (reads) => separationOf(reads, isNamed));
}

function separationOf(reads: TensorReads, isNamed: (name: string) => boolean): Separation {
  const copies = new Map<string, string>();
  const replaced = new Set<string>();
  const inputs = new Map<number, Map<number, string>>();
  for (const { name: initializer, aliases, readers } of tiedAmong(reads)) {
    if (![initializer, ...aliases].some(isNamed)) continue;
    for (const alias of aliases) {
      // An alias of an alias, or one that is an output of the model, keeps its Identity.
      if (reads.results.includes(alias)) continue;
      if (reads.reads.some(({ name, isIdentity }) => name === alias && isIdentity)) continue;
      copies.set(alias, initializer);
      replaced.add(alias);
    }
    if (aliases.length > 0) continue;
    for (const { node, position, input } of readers.slice(1)) {
      // Inputs of nested graphs stay.
      if (input >= node.inputs.length) continue;
      const stem = `${initializer}/${node.outputs[0] ?? ""}`;
      const copy = copies.has(stem) ? `${stem}/${input}` : stem;
      copies.set(copy, initializer);
      inputs.set(position, (inputs.get(position) ?? new Map<number, string>()).set(input, copy));
    }
  }
  return { copies, replaced, inputs };
}

const floats: ReadonlySet<string> = new Set(["float32", "float16", "bfloat16", "float64"]);

function tiedAmong({ initializers, reads }: TensorReads): readonly TiedWeight[] {
  const readersOf = new Map<string, TensorRead[]>();
  for (const read of reads) {
    if (read.isIdentity || !initializers.has(read.initializer)) continue;
    const readers = readersOf.get(read.initializer) ?? [];
    readersOf.set(read.initializer, readers);
    readers.push(read);
  }
  return [...initializers].flatMap(([name, { dtype, shape = [] }]): readonly TiedWeight[] => {
    const readers = readersOf.get(name) ?? [];
    if (readers.length < 2 || shape.length === 0 || !floats.has(dtype)) return [];
    const names = new Set(readers.map((reader) => reader.name));
    if (names.size === 1 && !names.has(name)) return [];
    return [{ name, aliases: [...names].filter((other) => other !== name), readers }];
  });
}

/** The most names that a notice lists. */
const MAX_LISTED = 5;

/** A notice of tied weights. @param setting the option or key that separates them. */
export function tiedNotice(tied: readonly TiedWeight[], setting: string): readonly string[] {
  if (tied.length === 0) return [];
  const listed = tied.slice(0, MAX_LISTED).map(({ name, readers }) => `${name} (${readers.length} nodes)`);
  const more = tied.length > MAX_LISTED ? `, and ${tied.length - MAX_LISTED} more` : "";
  return [
    `Tensors that several nodes read are trained as one weight each: ${listed.join(", ")}${more}. Exporters store equal weights of different layers once: ${setting} trains one for each node.`,
  ];
}
