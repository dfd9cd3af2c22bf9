/** What the page and its trainer, which runs beside it, say to each other. */
import type { Tensors } from "../../runtime/safetensors.js";
import type { Page } from "../../runtime/web/page.js";
import type { Material } from "./lesson.js";

export type Order =
  | {
      readonly type: "train";
      readonly page: Page;
      readonly parameters: Tensors;
      readonly material: Material;
      readonly steps: number;
      /** A share of the learning rate that the model was trained with. */
      readonly rate: number;
    }
  /** Ends with the weights of the moment. */
  | { readonly type: "stop" };

export type Report =
  | { readonly type: "refused"; readonly message: string }
  /** Losses of the steps that end with `step`. */
  | { readonly type: "steps"; readonly step: number; readonly losses: readonly number[] }
  | { readonly type: "done"; readonly step: number; readonly parameters: Tensors }
  | { readonly type: "failed"; readonly message: string };
