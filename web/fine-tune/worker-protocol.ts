/** Messages between the fine-tune page and its training worker. */
import type { Tensors } from "../../runtime/tensors/safetensors.js";
import type { PageManifest } from "../../runtime/web/page-manifest.js";
import type { ExampleInput } from "../examples/training-set.js";

export type TrainerCommand =
  | {
      readonly type: "train";
      readonly page: PageManifest;
      readonly parameters: Tensors;
      readonly input: ExampleInput;
      readonly steps: number;
      /** Factor on the learning rate of the run. */
      readonly learningRateScale: number;
    }
  /** Stops training and returns the current weights. */
  | { readonly type: "stop" };

export type TrainerEvent =
  | { readonly type: "rejected"; readonly message: string }
  /** Losses of the latest steps, up to `step`. */
  | { readonly type: "steps"; readonly step: number; readonly losses: readonly number[] }
  | { readonly type: "done"; readonly step: number; readonly parameters: Tensors }
  | { readonly type: "failed"; readonly message: string };
