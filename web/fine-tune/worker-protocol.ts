/** What the page and its trainer, which runs beside it, say to each other. */
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
      /** A share of the learning rate that the model was trained with. */
      readonly learningRateScale: number;
    }
  /** Ends with the weights of the moment. */
  | { readonly type: "stop" };

export type TrainerEvent =
  | { readonly type: "refused"; readonly message: string }
  /** Losses of the steps that end with `step`. */
  | { readonly type: "steps"; readonly step: number; readonly losses: readonly number[] }
  | { readonly type: "done"; readonly step: number; readonly parameters: Tensors }
  | { readonly type: "failed"; readonly message: string };
