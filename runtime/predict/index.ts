/** The readers of inputs, by `data.type`. The sources of pairs are read by their decoder. */
import type { NormalData } from "../../schema/normal/index.js";
import { arrays } from "./arrays.js";
import { audio } from "./audio.js";
import { images } from "./images.js";
import type { OpenInputs } from "./inputs.js";
import { sequences } from "./sequences.js";
import { table } from "./table.js";
import { text } from "./text.js";

export const readers: { readonly [K in Exclude<NormalData["type"], "pairs">]: OpenInputs } = {
  text,
  table,
  sequences,
  images,
  audio,
  arrays,
};
