/** `page.json`: the description of a page's model, without paths of the run. */
import type { Manifest, Ports } from "../../compiler/artifact.js";
import type {
  NormalColumnKind,
  NormalLayer,
  NormalLoss,
  NormalTableData,
  NormalTrain,
} from "../../schema/normal/index.js";
import type { Metadata } from "../data/metadata.js";
import type { Uses } from "../data/source.js";
import type { Splits } from "../data/splits.js";

export interface PageManifest {
  readonly format: 1;
  readonly rnnx: string;
  readonly name: string;
  readonly seed: number;
  /** Training step of the weights. */
  readonly step: number;
  /** Metrics of the weights, if known. */
  readonly metrics: Readonly<Record<"train" | "validation" | "test", Readonly<Record<string, number>>>> | null;
  readonly model: readonly NormalLayer[];
  /** In the order of the losses. */
  readonly outputs: readonly [PageOutput, ...PageOutput[]];
  /** Of the inputs, and of the target of the first output. */
  readonly uses: PageOutput["uses"];
  readonly metadata: Metadata;
  /** Of single rows of a table with kinds; null for other data. */
  readonly form: TableForm | null;
  /** Of windows of a table with kinds, groups, times or distributions; null for other data. */
  readonly series: SeriesTable | null;
  /** True where the page can train: the model has one output, and its target no name. */
  readonly can_train: boolean;
  /** The number of token ids of each input that has some, and the number of classes of `targets`. */
  readonly id_limits: Readonly<Record<string, number>>;
  readonly manifest: Pick<Manifest, "parameters" | "slots" | "train" | "model" | "stream"> & {
    /** Of a stateful model, whose states continue between windows; null for other models. */
    readonly eval: Ports | null;
  };
  readonly training: {
    readonly train: NormalTrain;
    readonly optimizer: string;
    readonly learning_rate: number;
    /** Window length and stride in steps, if examples are windows over a series. */
    readonly window: number | null;
    readonly stride: number;
    /** The rows to be predicted after a window; 0 is its own last row. */
    readonly horizon: readonly number[];
    /** Limit of the steps of a sequence, or null. */
    readonly max_length: number | null;
  };
  /** Some of the data, or null. */
  readonly samples: SampleData | null;
}

/** An output of the model, and its use. */
export interface PageOutput {
  /** The name of its layer; null for the only output. */
  readonly name: string | null;
  /** The name of the output in the models. */
  readonly port: string;
  /** The layers behind it. */
  readonly model: readonly NormalLayer[];
  readonly loss: NormalLoss;
  readonly uses: Pick<Uses, "inputs" | "everyStep"> & { readonly targets: Exclude<Uses["targets"], "counts"> };
}

/** The input columns of a table with their kinds, and its notation of numbers. */
export interface TableForm extends Pick<NormalTableData, "decimal" | "thousands"> {
  readonly columns: readonly { readonly name: string; readonly kind: NormalColumnKind }[];
}

/** The columns of a forecaster, and the form of its files. */
export interface SeriesTable
  extends Pick<
    NormalTableData,
    "decimal" | "thousands" | "known_future" | "static" | "reverse" | "comment" | "missing"
  > {
  /** Inputs, with their kinds; null for a number in the notation of the table. */
  readonly columns: readonly { readonly name: string; readonly kind: NormalColumnKind | null }[];
  /** The columns that name the series of a row; none for one series. */
  readonly group: readonly string[];
  /** Rows of a window. */
  readonly window: number;
  /** Rows to be predicted at the end of each series, of which some columns are known; 0 for none. */
  readonly ahead: number;
  readonly delimiter: string;
  /** True where the model reads the id of the series of a window. */
  readonly scales_series: boolean;
  /** Limits of the forecasts, such as intervals that are too narrow. */
  readonly notices: readonly string[];
}

export type SampleData =
  | { readonly type: "text"; readonly text: string }
  | {
      readonly type: "table";
      /** Inputs, then targets that are not inputs. */
      readonly columns: readonly string[];
      /** In order of time, unscaled; labels are strings. */
      readonly rows: readonly (readonly (number | string)[])[];
    }
  /** Fields of rows as the file has them, in the order of the form. */
  | { readonly type: "form"; readonly rows: readonly (readonly string[])[] }
  /** Rows of a file with the names of the columns. */
  | { readonly type: "series"; readonly text: string }
  | { readonly type: "sequences"; readonly split: SampleSplit; readonly examples: readonly SampleSequence[] }
  | {
      readonly type: "pairs";
      readonly split: SampleSplit;
      readonly pairs: readonly (readonly [string | readonly number[], string])[];
    }
  | { readonly type: "images"; readonly images: readonly SampleImage[] }
  | { readonly type: "audio"; readonly split: SampleSplit; readonly sounds: readonly SampleSound[] }
  | {
      readonly type: "arrays";
      readonly split: SampleSplit;
      readonly examples: readonly Readonly<Record<string, unknown>>[];
    };

/** The split of the run that the samples are from. */
type SampleSplit = keyof Splits;

export interface SampleSequence {
  /** Text, or a vector per step. */
  readonly steps: string | readonly (readonly number[])[];
  /** A label or quantities; with tags a list of them. */
  readonly target: unknown;
}

export interface SampleImage {
  /** Gray levels from 0 to 255, row-major, in base64. */
  readonly pixels: string;
  readonly label: number;
}

export interface SampleSound {
  /** Samples of 16 bits, the low byte first, in base64. */
  readonly samples: string;
  /** The id of the class. */
  readonly label: number;
}

/** The files of a page in addition to its code. */
export const pageFiles = {
  page: "page.json",
  weights: "weights.safetensors",
  model: "model.onnx",
  stream: "stream.onnx",
  eval: "eval.onnx",
  train: "train.onnx",
} as const;
