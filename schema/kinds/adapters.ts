/** Weights with low-rank adapters: W + alpha / rank · A @ B, of which only the factors A and B are trained. */
import type { NormalAdapt, NormalSpec } from "../normal/index.js";
import { matchesPattern } from "./parameter-patterns.js";

/** Endings of the names of factors, after that of their weight. */
export const factors = { a: "/lora_A", b: "/lora_B" } as const;

type Adapted = Pick<NormalSpec, "model" | "adapt">;

/** One `adapt` of a spec: that of the whole model, or that of an onnx layer. */
export interface AdaptSection {
  readonly adapt: NormalAdapt;
  /** The start of the names of weights, which patterns leave out: empty, or that of the layer. */
  readonly prefix: string;
}

export function adaptSections({ model, adapt }: Adapted): readonly AdaptSection[] {
  const ofLayers = model.flatMap((layer) =>
    layer.layer === "onnx" && layer.adapt !== null ? [{ adapt: layer.adapt, prefix: `${layer.name}/` }] : [],
  );
  return adapt === null ? ofLayers : [...ofLayers, { adapt, prefix: "" }];
}

/** True where a pattern names a weight, or the layer that it belongs to. */
export function matchesAdapt(pattern: string, { prefix }: AdaptSection, name: string): boolean {
  if (!name.startsWith(prefix)) return false;
  const local = name.slice(prefix.length);
  return matchesPattern(pattern, local) || matchesPattern(`${pattern}/*`, local);
}

/** The section that a weight is adapted by; undefined for other weights. */
export function adaptOf(spec: Adapted, name: string): AdaptSection | undefined {
  return adaptSections(spec).find((section) =>
    section.adapt.layers.some((pattern) => matchesAdapt(pattern, section, name)),
  );
}

/** The factor of A @ B. */
export function adapterScale({ rank, alpha }: NormalAdapt): number {
  return (alpha ?? rank) / rank;
}
