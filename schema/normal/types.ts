/** A spec after `normalize`, as types. Written by generate-types.mjs from spec.schema.json. */
import type { CellOption, NormalCellDefinition, NormalLayerDefinition, SizeExpression } from "./cells.js";

/** The data that the model trains on. */
export type NormalData =
  | NormalTextData
  | NormalTableData
  | NormalSequencesData
  | NormalPairsData
  | NormalAudioData
  | NormalImagesData
  | NormalArraysData;

/** Windows of a text. The target of each unit is the next unit. */
export interface NormalTextData {
  readonly type: "text";
  /** The text itself. Give either `text` or `file`. */
  readonly text: string | null;
  /** A UTF-8 text file, gzipped or not, relative to the spec. Give either `file` or `text`. */
  readonly file: string | null;
  /**
   * The unit of one time step: a character, a word between white space, a byte, or a token of a part of a word (bpe):
   * of byte-level byte-pair encoding, or of the model of `tokenizer`.
   */
  readonly unit: "char" | "word" | "byte" | "bpe";
  readonly tokenizer: string | null;
  readonly normalization: NormalTextNormalization;
  /** Length of a training sequence, in units. */
  readonly window: number;
  /** Units between the starts of two consecutive windows. Default: 1, or the window with stateful layers. */
  readonly stride: number;
  /**
   * Least distance between the starts of two windows of the validation and test splits. Default (null): the stride of
   * the data. With the window, an evaluation reads each target once.
   */
  readonly evaluation_stride: number | null;
  readonly vocabulary: NormalVocabulary;
  readonly split: NormalSeriesSplit;
}

/**
 * Changes of a text before it is divided into units, the same in training, predictions and exported programs: Unicode
 * normalization, lower case, then punctuation.
 */
export interface NormalTextNormalization {
  /**
   * Unicode normalization form: NFC composes accents, NFKC also replaces compatibility characters such as ligatures and
   * full-width letters.
   */
  readonly normalize: "none" | "NFC" | "NFKC";
  /** Write every character in lower case, by itself, in no language's own way. */
  readonly lowercase: boolean;
  /**
   * Punctuation and symbols (Unicode categories P and S): kept as they are; each split from words, as a word of its
   * own; or dropped, which also ends a word. split needs words.
   */
  readonly punctuation: "keep" | "split" | "drop";
}

/**
 * Limits of the vocabulary, which is built from the training split. All units outside it share one id, the unknown
 * unit; byte-level tokens (bpe) have none outside.
 */
export interface NormalVocabulary {
  /**
   * A file with one word or character on each line, gzipped or not, relative to the spec: the vocabulary, with ids in
   * the order of the lines, in sequences after the unknown unit, in pairs after the tokens that are no text. Where
   * units are characters, a line feed is written \n. Default (null): the vocabulary is built from the training split.
   */
  readonly file: string | null;
  /**
   * Maximum number of entries, the unknown unit included; the most frequent units are kept. Default (null): no limit,
   * or 8,000 with `unit` bpe, whose vocabulary has the 256 bytes and the results of the most frequent merges.
   */
  readonly size: number | null;
  /** Minimum number of occurrences of a unit in the training split; of a pair that is merged (bpe) it is at least 2. */
  readonly min_count: number;
}

/** Fractions of a series for training, validation and test. Targets of different splits do not overlap. */
export interface NormalSeriesSplit {
  /** Fraction of the examples for training. Default: the rest. */
  readonly train: number;
  readonly validation: number;
  readonly test: number;
  /** Order of the splits: time keeps the order of the data, shuffled draws examples by the seed. */
  readonly order: "time" | "shuffled";
}

/**
 * Rows of a CSV file. With a window, windows of consecutive rows, such as a series of prices: the target is the row
 * after the window; for a model with one output per step, the row after each step. Without a window each row is an
 * example of its own, and its target is in the same row.
 */
export interface NormalTableData {
  readonly type: "table";
  /**
   * A file of rows, relative to the spec: CSV or TSV in UTF-8 (gzipped or not), lines of JSON (`.jsonl`, the keys of
   * the first lines are the columns), Parquet (`.parquet`) or Arrow (`.arrow`, `.feather` of version 2; needs the
   * package apache-arrow). The types of the columns of Parquet and Arrow are read: no value is a missing one, a date is
   * 2024-05-01, a time 2024-05-01 09:30:00. A list of files, or a name with `*`, `?` or `{a,b}`, is the rows of several
   * files with equal columns: those of a list in its order, those of a pattern by name.
   */
  readonly file: string;
  /**
   * Source of the column names: true for the first row, "comment" for the last comment line before the data, false for
   * no names. "auto" uses the first row if a field of it is not a number, else a comment with one name for each field.
   */
  readonly header: true | false | "comment" | "auto";
  /** Prefix of comment lines, which are skipped. "" turns comments off. */
  readonly comment: string;
  /** Separator of the fields in a row. Default (null): a tab in .tsv files, a comma in others. */
  readonly delimiter: string | null;
  /**
   * Input columns: a list of columns of numbers, by name or by number from 1; or an object of the kinds of columns
   * (`number`, `category`, `boolean`, `date`, `text`) by name. Default (null): all numeric columns.
   */
  readonly columns: readonly Column[] | Readonly<Record<string, NormalColumnKind>> | null;
  readonly decimal: Decimal;
  readonly thousands: Thousands;
  /**
   * Columns to predict, by name or by number from 1; or an object of such lists by the names that losses use in
   * `target`. Default (null): the input columns. A loss over classes needs one column of labels. Labels that are
   * integers from 0 are class ids, where they are below 100 or at least half of the ids occur; others are numbered in
   * their sorted order, numbers by value before texts.
   */
  readonly target: readonly Column[] | Readonly<Record<string, readonly Column[]>> | null;
  /**
   * Length of a training sequence, in rows. Default (null): none. Rows are then independent: the model reads [batch,
   * features] and no layer over time, the horizon is [0], and the order of the split is shuffled by default.
   */
  readonly window: number | null;
  /**
   * Rows to be predicted: a number of rows after a window, or a list of single rows. 24 is the next 24 rows, [12] the
   * twelfth alone, [0] the window's own last row: its targets are not inputs, so they are named in target, and left out
   * of columns. The model has an output for each row and target, row by row: 24 rows of 2 columns are 48 numbers.
   * Without a window: [0]. A target of classes is of one row.
   */
  readonly horizon: readonly number[];
  /**
   * Way to several rows. direct: the model outputs all rows of the horizon at once. autoregressive: the model predicts
   * one row, and is trained on the first row after each window; evaluations, predictions and the exported model feed
   * each predicted row back as the last row of the window, up to the last row of the horizon. Each input column is then
   * a target or in `known_future`; dates are read in the rows to be predicted. Of quantiles the median is fed back, of
   * a distribution its mean.
   */
  readonly decode: "direct" | "autoregressive";
  /** Rows between the starts of two consecutive windows. Default: 1, or the window with stateful layers. */
  readonly stride: number;
  /**
   * Least distance between the starts of two windows of the validation and test splits. Default (null): the stride of
   * the data. With the window, an evaluation reads each target once.
   */
  readonly evaluation_stride: number | null;
  /**
   * Columns whose values name the series of a row, in a file of several series. Windows are of one series, whose rows
   * are in the order of the file, or of `time`; each series is split by itself. Default (null): one series.
   */
  readonly group: readonly Column[] | null;
  /**
   * Column of the time of each row: the rows of a series are sorted by it, and the splits are in its order. Its step is
   * found (a number, a span, calendar months), rows that it skips are stated once, and predictions have the time of the
   * predicted row. The column is no input unless `columns` lists it. Default (null): the order of the file.
   */
  readonly time: NormalTimeColumn | null;
  /**
   * Rows of a season, such as 24 of hourly data: of the seasonal naive forecast that an evaluation compares with, and
   * of the metric mase. Default (null): by the step of `time`, if there is one (a day of shorter steps, 7 days, 52
   * weeks, 12 months, 4 quarters).
   */
  readonly season: number | null;
  /**
   * Input columns whose values are known ahead, such as promotions: the input `future`, [batch, rows of the horizon,
   * columns], has them in the rows to be predicted, scaled as in `inputs`. A column of categories is the input
   * `future.<column>` of ids, and dates are `future.<column>.<feature>` without being listed. Layers read them by
   * `from`. A file for predictions ends with the rows to be predicted of each series, whose other columns may be empty.
   * An empty list: dates alone. Default (null): none; with autoregressive decoding dates, where `columns` has some.
   */
  readonly known_future: readonly string[] | null;
  /**
   * Input columns with one value in each series, such as the size of a shop: the input `static`, [batch, columns], has
   * them once for each window, scaled per column as in `inputs` (a scale per series or window leaves them as they are);
   * a column of categories is the input `static.<column>` of one id. Layers read them by `from`; `inputs` has them in
   * each row too. With autoregressive decoding they are those of the next rows. A column that changes within a series
   * is an error. Default (null): none.
   */
  readonly static: readonly string[] | null;
  /** Reverse the rows, for a file whose newest row is first. */
  readonly reverse: boolean;
  /**
   * Scaling of each column of numbers, fitted on the training split: min_max to the range from 0 to 1, standard to mean
   * 0 and standard deviation 1, mean_abs by the mean absolute value. With `"per": "window"` each window is scaled by
   * its own rows, inside the model, so that series of any size are alike; log, per window or series, makes errors
   * relative. Predictions are scaled back; losses and metrics are in scaled units.
   */
  readonly scale: NormalScaleOptions | null;
  /**
   * Treatment of a missing value (an empty field; of numbers also NA, N/A, NaN, null, none) of a column without a
   * treatment of its own: report an error, drop the row, repeat the value of the previous row, interpolate between the
   * values before and after it (linear in time; after the last one it is repeated), or read zero, or the mean of the
   * training split. With previous and interpolate the rows that `time` skips are added. Targets are never made up: with
   * zero and mean they are an error in a series. A label is missing only if its field is empty, and is never repeated.
   * Windows whose targets the file lacks, and without a window rows without a target, are left out of training and
   * evaluation, and counted. Interpolated inputs depend on later rows, which predictions do not have; previous reads
   * earlier rows alone. Predictions read rows without a target.
   */
  readonly missing: "error" | "drop" | "previous" | "interpolate" | "zero" | "mean";
  readonly split: NormalTableSplit;
}

/** A column's name, or its number from 1. */
export type Column = string | number;

/** The kind of a column of a table, with its options. A kind without options is written as its name. */
export type NormalColumnKind =
  | NormalNumberColumn
  | NormalCategoryColumn
  | NormalBooleanColumn
  | NormalDateColumn
  | NormalTextColumn;

/** Numbers, one feature. `data.scale` scales it. */
export interface NormalNumberColumn {
  readonly type: "number";
  /** Decimal mark. Default (null): that of the table. */
  readonly decimal: null | "." | ",";
  /** Separator of groups of three digits; "" for none. Default (null): that of the table. */
  readonly thousands: null | "" | "." | "," | " " | "'";
  /**
   * Text before or after every number, such as a currency or a percent sign, which is removed: 12.5% is 12.5. A value
   * without it is an error. Default (null): none.
   */
  readonly unit: string | null;
  /** Treatment of a missing value, as for the table. Default (null): that of the table. */
  readonly missing: null | "error" | "drop" | "previous" | "interpolate" | "zero" | "mean";
  /** Add a feature that is 1 where the value is missing, and 0 elsewhere. It needs the treatment zero or mean. */
  readonly indicator: boolean;
}

/**
 * Texts of which each is a category: an input of ids by the vocabulary of the training split, in sorted order. Empty
 * fields have an id of their own, and values that the training split lacks share another one.
 */
export interface NormalCategoryColumn {
  readonly type: "category";
  /**
   * Encoding of the ids: rows of a trained table, one-hot vectors, or none: layers of the model read the ids by the
   * name of the column.
   */
  readonly encode: "embedding" | "one_hot" | "none";
  /** Width of the rows of an embedding. */
  readonly size: number;
  /**
   * Rows of the training split that a category needs for an id of its own; rarer ones share the id of unknown values.
   */
  readonly min_count: number;
}

/**
 * One feature, 0 or 1. Spellings in any case: true, yes, y, t, on, 1 and false, no, n, f, off, 0; or those of the
 * column.
 */
export interface NormalBooleanColumn {
  readonly type: "boolean";
  /** Spellings of true. Default (null): the usual ones. */
  readonly true: readonly string[] | null;
  /** Spellings of false. Default (null): the usual ones. */
  readonly false: readonly string[] | null;
  /** Treatment of a missing value, as for the table. Default (null): that of the table. */
  readonly missing: null | "error" | "drop" | "previous" | "zero" | "mean";
  /** Add a feature that is 1 where the value is missing, and 0 elsewhere. It needs the treatment zero or mean. */
  readonly indicator: boolean;
}

/**
 * Dates and times as written, without a change of time zone. Each of the features is an input of ids,
 * `<column>.<feature>`.
 */
export interface NormalDateColumn {
  readonly type: "date";
  /**
   * Format as in strftime: %Y, %y (1969 to 2068), %m, %b, %B, %q (quarter), %G-W%V (week of ISO 8601), %d, %j, %H, %I,
   * %p, %M, %S, %f, %z, %s (seconds since 1970) and literal text. Default (null): ISO 8601, such as 2024-12-31 or
   * 2024-12-31 23:00.
   */
  readonly format: string | null;
  /**
   * Calendar features, ids from 0: minute, hour, weekday (Monday is 0), day of the month, day of the year, month,
   * quarter. An empty list: none.
   */
  readonly features: readonly ("minute" | "hour" | "weekday" | "day" | "day_of_year" | "month" | "quarter")[];
  /**
   * Encoding of the ids: sine and cosine of their angle in the period (a cycle layer), one-hot vectors, rows of a
   * trained table, or none: layers of the model read the ids by `<column>.<feature>`.
   */
  readonly encode: "cycle" | "one_hot" | "embedding" | "none";
  /** Width of the rows of an embedding. */
  readonly size: number;
}

/**
 * Texts as tokens: an input of ids [batch, steps] by the column's name, and the lengths of the texts, `<name>.lengths`.
 * `encode` makes one vector of a text, which is joined with the other columns. A text without tokens, such as an empty
 * field, is one unknown token (of bpe: a space). For single rows, without a window.
 */
export interface NormalTextColumn {
  readonly type: "text";
  /**
   * The unit of one time step: a word (separated by white space), a character, or a token of a part of a word (bpe): of
   * byte-level byte-pair encoding, or of the model of `tokenizer`.
   */
  readonly unit: "word" | "char" | "bpe";
  /**
   * The vector of a text: the mean of the rows of a trained table (`mean`), the last state of a GRU over them (`gru`),
   * or none of its own: layers of the model read the ids by the name of the column (`none`).
   */
  readonly encode: "mean" | "gru" | "none";
  /** Width of the rows of the table, and of the state of the GRU. */
  readonly size: number;
  /** Maximum number of units; longer texts are truncated. Default (null): no limit. */
  readonly max_length: number | null;
  readonly normalization: NormalTextNormalization;
  readonly vocabulary: NormalVocabulary;
  readonly tokenizer: string | null;
}

/** Decimal mark of the numbers of the table. */
export type Decimal = "." | ",";

/** Separator of groups of three digits; a space is also a no-break space. Null: numbers have none. */
export type Thousands = null | "." | "," | " " | "'";

/** The column of the times of the rows, and their format. */
export interface NormalTimeColumn {
  readonly column: Column;
  /**
   * Format of the dates as in strftime, such as %d.%m.%Y. Default (null): that of the column in `columns`; else ISO
   * 8601, or numbers.
   */
  readonly format: string | null;
}

/** The scaling of the columns of a table, and the rows that it is computed from. */
export interface NormalScaleOptions {
  /**
   * min_max: (x - min) / (max - min). standard: (x - mean) / standard deviation. mean_abs: x / mean |x|. log, per
   * window or series and for numbers above 0: log x - mean of log x, so that differences are relative ones; predictions
   * are positive, and losses of values or quantiles are of logarithms.
   */
  readonly type: "min_max" | "standard" | "mean_abs" | "log";
  /**
   * column: the rows of the training split. series: the rows of the training split of each series of `group`; the model
   * has a table of the scales by the input `series_id`, and predicts series of the training data alone. window: the
   * rows of each window, whose targets and predictions have the same scale; the columns to predict are then inputs.
   * Columns of booleans are not scaled. A window that varies by less than 1e-4 of its mean absolute value has that as
   * its scale, one of zeros 1.
   */
  readonly per: "column" | "series" | "window";
}

/**
 * Fractions of the examples of a table for training, validation and test, the numbers of rows that are held out at the
 * end of each series, or folds of single rows. In a series, targets of different splits do not overlap.
 */
export interface NormalTableSplit {
  /**
   * Fraction of the examples for training; next to numbers of rows of the other splits, of the rows that these leave.
   * Default: the rest.
   */
  readonly train: number;
  readonly validation: HeldOutRows;
  readonly test: HeldOutRows;
  /**
   * Order of the splits: time keeps the order of the data, shuffled draws examples by the seed. Default: time with a
   * window, shuffled for single rows.
   */
  readonly order: "time" | "shuffled";
  /** Give every split the same share of each class, up to one example. For single rows with one label each. */
  readonly stratify: boolean;
  /**
   * Number of folds for cross-validation of single rows: the test split is one of them, and `validation` is a fraction
   * of the others. Folds have the same share of each class where examples have one label each. `rnnx sweep` trains all
   * folds, `rnnx train --fold` one. Default (null): none.
   */
  readonly folds: number | null;
  /** The fold that is the test split, from 1. */
  readonly fold: number;
  /**
   * The column of the group of each single row, by name or by number from 1. All rows of a group are in one split, such
   * as those of one customer; with `folds` in one fold, and as many folds as groups leave one out at a time. Default
   * (null): none.
   */
  readonly group: Column | null;
}

/**
 * Fraction of the examples that is held out from training; or, of windows in the order of time, a number of rows to be
 * predicted: those at the end of each series, the test split last. The last window then ends with the last row, for any
 * stride.
 */
export type HeldOutRows = number;

/**
 * Sequences of variable length, one per line: JSON Lines with `text`, `tokens` (a list) or `inputs` (a list of
 * vectors), and one `label` or a list of `tags`, one for each step; or a CSV file with columns of these names
 * (`columns` maps other names); or time series in the .ts format of sktime and the UCR archive, whose values are
 * `inputs`, with a label each. Labels that are integers from 0 are class ids, where they are below 100 or at least half
 * of the ids occur; others are numbered in their sorted order, numbers by value before texts. All layers, losses and
 * metrics respect the lengths.
 */
export interface NormalSequencesData {
  readonly type: "sequences";
  /**
   * A .jsonl, .csv, .tsv or .ts file in UTF-8, gzipped (.jsonl.gz) or not, or a .parquet or .arrow file of texts and
   * labels, relative to the spec.
   */
  readonly file: string;
  readonly columns: NormalSequenceColumns;
  /**
   * Columns (or keys of the lines) of several targets by the names that losses use in `target`: a tag for each step
   * where the output has one, else a label. Default (null): one target, `label` or `tags`.
   */
  readonly targets: Readonly<Record<string, Column>> | null;
  /** Of a .csv or .tsv file: the first row has the names of the columns. With false, `columns` has their numbers. */
  readonly header: boolean;
  readonly delimiter: string | null;
  /**
   * The unit of one time step of `text`: a word (separated by white space), a character, a byte of UTF-8, whose id is
   * its value, or a token of a part of a word (bpe): of byte-level byte-pair encoding, or of the model of `tokenizer`.
   */
  readonly unit: "word" | "char" | "byte" | "bpe";
  readonly tokenizer: string | null;
  readonly text: NormalTextNormalization;
  readonly vocabulary: NormalVocabulary;
  /** Maximum number of steps; longer sequences and their tags are truncated. Default (null): no limit. */
  readonly max_length: number | null;
  /** Number of groups of similar length. A batch has sequences of one group, padded to the longest of the group. */
  readonly buckets: number;
  readonly split: NormalLinesSplit;
}

/**
 * The columns of a .csv or .tsv file, or the keys of JSON Lines: by name, or columns by number from 1. Default (null):
 * the column or key of the same name as here.
 */
export interface NormalSequenceColumns {
  /** Text, divided into units. */
  readonly text: Column | null;
  /** Tokens: a list, or in a CSV file names separated by white space. */
  readonly tokens: Column | null;
  /** Vectors, one for each step; in JSON Lines only. */
  readonly inputs: Column | null;
  /** The label of the sequence. */
  readonly label: Column | null;
  /** One tag for each step: a list, or in a CSV file names separated by white space. */
  readonly tags: Column | null;
}

/** Fractions of the examples for training, validation and test; or the splits that a column or files define. */
export interface NormalLinesSplit {
  /** Fraction of the examples for training. Default: the rest. */
  readonly train: number;
  readonly validation: number;
  readonly test: number;
  /** Order of the splits: time keeps the order of the data, shuffled draws examples by the seed. */
  readonly order: "time" | "shuffled";
  /** Give every split the same share of each class, up to one example. For data with one label per example. */
  readonly stratify: boolean;
  /**
   * Number of folds for cross-validation: the test split is one of them, and `validation` is a fraction of the others.
   * Folds have the same share of each class where examples have one label each. `rnnx sweep` trains all folds, `rnnx
   * train --fold` one. Default (null): none.
   */
  readonly folds: number | null;
  /** The fold that is the test split, from 1. */
  readonly fold: number;
  /**
   * The column or key of the group of each line, by name, or a column by number from 1. All lines of a group are in one
   * split, such as those of one speaker: the groups of `test` and `validation` are drawn by the seed until they have
   * their fractions, and the others are for training. With `folds` all lines of a group are in one fold; as many folds
   * as groups leave one out at a time. Default (null): none.
   */
  readonly group: Column | null;
  /**
   * Source of the splits: fractions of the examples, a column with train, validation or test in each line (also
   * training, val, valid, dev, testing), or files of their own.
   */
  readonly by: "fraction" | "column" | "files";
  /** With `by` column: the column or key of the split, by name, or a column by number from 1. Default (null): split. */
  readonly column: Column | null;
  /** With `by` files: the files of the held-out splits, in the format of `file`, which is the training split. */
  readonly files: {
    /** The file of the validation split. Default (null): none. */
    readonly validation: string | null;
    /** The file of the test split. Default (null): none. */
    readonly test: string | null;
  };
}

/**
 * Pairs of a source sequence and a target sequence. Layers read the source as `inputs`, and the target, shifted by a
 * start token, as `decoder_inputs`; targets end with an end token. Sizes: "vocabulary" (source), "target_vocabulary".
 */
export interface NormalPairsData {
  readonly type: "pairs";
  /** The pairs themselves: a source (text or a list of numbers) and a target. Give either `pairs` or `file`. */
  readonly pairs: readonly (readonly [string | readonly number[], string])[] | null;
  /**
   * A file with one pair per line, gzipped or not, relative to the spec: source and target separated by a tab; a .csv,
   * .parquet or .arrow file; or a `.jsonl` file with {"source": text or numbers, "target": text}. Give either `file` or
   * `pairs`.
   */
  readonly file: string | null;
  readonly columns: NormalPairColumns;
  /**
   * The first row has the names of the columns. Default: true for a .csv file and with `columns`, else false. With
   * false, `columns` has numbers.
   */
  readonly header: boolean;
  readonly delimiter: string | null;
  /**
   * The unit of one time step, in sources and targets: a character, a word, a byte of UTF-8, whose id is its value + 3
   * (after the start, the end and the unknown token), or a token of a part of a word (bpe): of byte-level byte-pair
   * encoding that is learned from both, or of the model of `tokenizer`.
   */
  readonly unit: "char" | "word" | "byte" | "bpe";
  readonly tokenizer: string | null;
  readonly text: NormalTextNormalization;
  readonly vocabulary: NormalVocabulary;
  readonly split: NormalLinesSplit;
}

/**
 * The columns of a .csv, .tsv or .txt file (separated by tabs, except in .csv), or the keys of JSON Lines: by name, or
 * columns by number from 1. Default (null): `source` and `target`; of two columns with other names, the first and the
 * second.
 */
export interface NormalPairColumns {
  /** The source of a pair. */
  readonly source: Column | null;
  /** The target of a pair. */
  readonly target: Column | null;
}

/**
 * Sound files (.wav) of different lengths with a label each. The samples, from -1 to 1, are the steps: inputs [batch,
 * samples, 1] with lengths; a `log_mel` layer makes frames of them. Files are PCM of 8, 16, 24 or 32 bits or floats of
 * 32 or 64 bits; several channels are averaged. Labels that are integers from 0 are class ids, where they are below 100
 * or at least half of the ids occur; others are numbered in their sorted order.
 */
export interface NormalAudioData {
  readonly type: "audio";
  /**
   * A pattern of .wav files (`*` and `?` in names, `{a,b}` for a list), whose names have the labels; or a list of .wav
   * files with labels, a .csv, .tsv or .jsonl file, in which paths start from its folder. Relative to the spec.
   */
  readonly file: string;
  /**
   * The names of the sound files of a pattern: {label} and other fields in braces, such as a speaker, by which
   * `split.group` makes groups; `*` is any text. The end of each path has this form. Default (null): {label}/*.wav,
   * where the folder of a file is its label.
   */
  readonly names: string | null;
  /** The columns of a list of sound files, by name or by number from 1. */
  readonly columns: {
    /** The path of the sound file. Default (null): the column path. */
    readonly path: Column | null;
    /** The label. Default (null): the column label. */
    readonly label: Column | null;
  };
  /** Samples per second of the sounds that the model reads. A file of another rate is an error without `resample`. */
  readonly sample_rate: number;
  /**
   * Files of another rate are resampled to `sample_rate` as they are read, in training and in `rnnx predict`: by a sinc
   * under Hann's window over 6 zeros to each side, cut off at 0.99 of half the lower rate, as by torchaudio. Default
   * (false): they are an error.
   */
  readonly resample: boolean;
  /** Number of groups of similar length. A batch has sounds of one group, padded to the longest of the group. */
  readonly buckets: number;
  readonly split: NormalLinesSplit;
}

/**
 * Images of one size in IDX files, as in MNIST, optionally gzipped. The rows of an image are its time steps, with
 * values from 0 (black) to 1.
 */
export interface NormalImagesData {
  readonly type: "images";
  /** An IDX file of bytes [images, rows, columns], relative to the spec. */
  readonly file: string;
  /** An IDX file of bytes [images] with the class of each image, relative to the spec. */
  readonly labels: string;
  /** Number of images to use, from the first. Default (null): all. */
  readonly limit: number | null;
  readonly split: NormalSplit;
}

/** Fractions of the examples for training, validation and test. */
export interface NormalSplit {
  /** Fraction of the examples for training. Default: the rest. */
  readonly train: number;
  readonly validation: number;
  readonly test: number;
  /** Order of the splits: time keeps the order of the data, shuffled draws examples by the seed. */
  readonly order: "time" | "shuffled";
  /** Give every split the same share of each class, up to one example. For data with one label per example. */
  readonly stratify: boolean;
  /**
   * Number of folds for cross-validation: the test split is one of them, and `validation` is a fraction of the others.
   * Folds have the same share of each class where examples have one label each. `rnnx sweep` trains all folds, `rnnx
   * train --fold` one. Default (null): none.
   */
  readonly folds: number | null;
  /** The fold that is the test split, from 1. */
  readonly fold: number;
}

/**
 * Numeric arrays. Each role is a `.npy`, `.npz` or `.json` file relative to the spec, or nested lists. The first axis
 * is the example.
 */
export interface NormalArraysData {
  readonly type: "arrays";
  /**
   * Token ids [batch, time], features [batch, time, features] or rows [batch, features]; or an object of such arrays by
   * the names that layers use in `from`. The first of them is also named `inputs`.
   */
  readonly inputs: ArraySource | Readonly<Record<string, ArraySource>>;
  /**
   * Targets of the loss: class ids (integers), or numbers of the output's shape; or an object of such arrays by the
   * names that losses use in `target`.
   */
  readonly targets: ArraySource | Readonly<Record<string, ArraySource>>;
  /** Number of valid steps of each sequence, [batch]. All layers, losses and metrics respect them. */
  readonly lengths: ArraySource | null;
  /** Weight of each step in the loss, [batch, time]. */
  readonly weights: ArraySource | null;
  /**
   * Initial states by public name, each [batch, size], or [batch, …] with all axes of the state. States that are not
   * listed start at zero.
   */
  readonly initial_states: Readonly<Record<string, ArraySource>>;
  readonly split: NormalSplit;
}

export type ArraySource = string | readonly Numbers[];

/** A number, or a list of nested numbers. */
export type Numbers = number | readonly Numbers[];

/** The update rule of the weights. */
export type NormalOptimizer =
  | NormalSgd
  | NormalMomentum
  | NormalRmsprop
  | NormalAdagrad
  | NormalAdadelta
  | NormalAdam
  | NormalAdamw
  | NormalAdamax
  | NormalNadam
  | NormalRadam
  | NormalLion
  | NormalLamb
  | NormalAdafactor
  | NormalMuon
  | NormalCustomOptimizer;

/** Gradient descent. */
export interface NormalSgd {
  readonly type: "sgd";
  readonly learning_rate: number;
  readonly clip: { readonly global_norm: number } | { readonly value: number } | null;
  readonly schedule: NormalSchedule;
  readonly average: NormalAverage | null;
  readonly rates: readonly NormalRateGroup[];
}

/**
 * Factor of the learning rate over time. Update N has n = N - 1. With warmup_steps the rate first rises linearly, and n
 * counts from the end of the rise.
 */
export type NormalSchedule =
  | NormalConstant
  | NormalExponentialDecay
  | NormalCosineDecay
  | NormalLinearWarmup
  | NormalStepDecay
  | NormalPolynomialDecay
  | NormalInverseSqrt
  | NormalOneCycle
  | NormalPlateau
  | NormalCustomSchedule;

/** A constant learning rate. */
export interface NormalConstant {
  readonly type: "constant";
}

/** decay_rate ^ (n / decay_steps). */
export interface NormalExponentialDecay {
  readonly type: "exponential_decay";
  /** Updates after which the rate is multiplied by decay_rate. */
  readonly decay_steps: number;
  /** Factor of the rate over decay_steps updates. */
  readonly decay_rate: number;
  /** Decay in jumps: n / decay_steps is rounded down. */
  readonly staircase: boolean;
  readonly warmup_steps: number;
}

/** Half a cosine from 1 to minimum_ratio over decay_steps, after a linear rise over warmup_steps. */
export interface NormalCosineDecay {
  readonly type: "cosine_decay";
  /** Updates from the full rate to the minimum. */
  readonly decay_steps: number;
  /** Final rate, as a fraction of the learning rate. */
  readonly minimum_ratio: number;
  readonly warmup_steps: number;
}

/** min(1, (n + 1) / warmup_steps). */
export interface NormalLinearWarmup {
  readonly type: "linear_warmup";
  /** Updates of the linear rise. */
  readonly warmup_steps: number;
}

/** Multiplies the rate by a factor at fixed intervals, or at boundaries. */
export interface NormalStepDecay {
  readonly type: "step_decay";
  /** Updates between two jumps. Give either `every` or `boundaries`. */
  readonly every: number | null;
  /**
   * Updates after which the rate jumps: with 1000, update 1001 is the first at the new rate. Give either `boundaries`
   * or `every`.
   */
  readonly boundaries: readonly number[] | null;
  /** Factor of each jump: one number, or with `boundaries` a list of one for each. */
  readonly factor: number | readonly number[];
  readonly warmup_steps: number;
}

/** (1 - n / decay_steps) ^ power, from 1 to minimum_ratio. Linear with power 1. */
export interface NormalPolynomialDecay {
  readonly type: "polynomial_decay";
  /** Updates from the full rate to the minimum. */
  readonly decay_steps: number;
  readonly minimum_ratio: number;
  /** Exponent. Above 1 the rate falls fastest at the start, below 1 at the end. */
  readonly power: number;
  readonly warmup_steps: number;
}

/** 1 / sqrt(1 + n / decay_steps). With warmup_steps of the same value it is the schedule of the Transformer. */
export interface NormalInverseSqrt {
  readonly type: "inverse_sqrt";
  /** Time scale in updates: after three times as many the rate is half. */
  readonly decay_steps: number;
  readonly warmup_steps: number;
}

/**
 * The rate rises from initial_ratio to 1 and falls to minimum_ratio, in total_steps; after them it stays there.
 * Arithmetic of PyTorch's OneCycleLR with two phases, whose cycled momentum is minimum_momentum.
 */
export interface NormalOneCycle {
  readonly type: "one_cycle";
  /** Updates of the cycle, usually those of the run. */
  readonly total_steps: number;
  /** Fraction of the cycle in which the rate rises. */
  readonly warmup_fraction: number;
  /** First rate, as a fraction of the learning rate: 1 / div_factor of PyTorch. */
  readonly initial_ratio: number;
  readonly minimum_ratio: number;
  /** Form of the rise and of the fall: half a cosine, or a line. */
  readonly anneal: "cosine" | "linear";
  /**
   * Momentum, or beta1, at the highest rate: it falls from the optimizer's to this value while the rate rises, and
   * rises as the rate falls. Default (null): the momentum is constant. PyTorch cycles by default, from 0.95 to 0.85.
   */
  readonly minimum_momentum: number | null;
}

/**
 * Reduces the rate when a metric of the validation split (of the training split if there is no other) stops improving.
 * Evaluations are every train.evaluate_every updates.
 */
export interface NormalPlateau {
  readonly type: "plateau";
  /** The watched metric. */
  readonly metric: string;
  /**
   * Direction of improvement: smaller (min) or larger (max) values. Default: the direction of the metric, max for
   * accuracy or F1.
   */
  readonly mode: "min" | "max";
  /** Factor of each reduction. */
  readonly factor: number;
  /** Consecutive evaluations without improvement before a reduction. */
  readonly patience: number;
  /** Minimum change that counts as an improvement. */
  readonly minimum_delta: number;
  /** Evaluations after a reduction that are not counted. */
  readonly cooldown: number;
  readonly minimum_ratio: number;
  readonly warmup_steps: number;
}

/**
 * A schedule of `schedules`. Short form: its name as `type`, with its options as keys: `{ "type": "triangle", "period":
 * 50 }`.
 */
export interface NormalCustomSchedule {
  readonly type: "custom";
  /** Name of an entry of `schedules`. */
  readonly name: string;
  /** Options of the schedule by name; those of its definition are the defaults. */
  readonly options: Readonly<Record<string, CellOption>>;
  readonly warmup_steps: number;
}

/**
 * Average of the weights: exponential with decay, or without it the mean of the weights at intervals from an update on
 * (stochastic weight averaging). Evaluation, samples, checkpoints' weights and exported models use it; updates continue
 * from the weights themselves. Running statistics of batch_norm are not averaged.
 */
export interface NormalAverage {
  /**
   * Decay of the average: average = decay * average + (1 - decay) * weights. Default (null): a mean with equal weights,
   * which needs start.
   */
  readonly decay: number | null;
  /** Update whose weights are the first of the average. With 0 it starts at the initial weights. */
  readonly start: number;
  /** Updates between the weights that are averaged. */
  readonly every: number;
}

/** A factor of the learning rate for the parameters of some patterns. */
export interface NormalRateGroup {
  /** Patterns of the names of the group's parameters. */
  readonly parameters: readonly string[];
  /** Factor of the learning rate. */
  readonly factor: number;
}

/** Gradient descent with momentum. */
export interface NormalMomentum {
  readonly type: "momentum";
  readonly learning_rate: number;
  /** Decay of the velocity. */
  readonly momentum: number;
  /** Use Nesterov momentum. */
  readonly nesterov: boolean;
  readonly clip: { readonly global_norm: number } | { readonly value: number } | null;
  readonly schedule: NormalSchedule;
  readonly average: NormalAverage | null;
  readonly rates: readonly NormalRateGroup[];
}

/** Gradient divided by the root of its mean square. */
export interface NormalRmsprop {
  readonly type: "rmsprop";
  readonly learning_rate: number;
  /** Decay of the mean square. */
  readonly decay: number;
  /** Decay of the velocity. */
  readonly momentum: number;
  /**
   * Constant that keeps the divisor from zero. Default: 1e-10 for the variant tensorflow, 1e-8 for torch, 1e-7 for
   * keras.
   */
  readonly epsilon: number;
  /**
   * Library whose arithmetic is used. tensorflow: the mean square starts at 1, epsilon inside the root; torch: starts
   * at 0, epsilon outside; keras: starts at 0, epsilon inside.
   */
  readonly variant: "tensorflow" | "torch" | "keras";
  readonly clip: { readonly global_norm: number } | { readonly value: number } | null;
  readonly schedule: NormalSchedule;
  readonly average: NormalAverage | null;
  readonly rates: readonly NormalRateGroup[];
}

/** Gradient divided by the root of the sum of its squares. */
export interface NormalAdagrad {
  readonly type: "adagrad";
  readonly learning_rate: number;
  /** Initial value of the sum of squares. Default: 0.1 for the variant tensorflow, 0 for torch. */
  readonly initial_accumulator_value: number;
  /** Constant that keeps the divisor from zero. Default: 0 for the variant tensorflow, 1e-10 for torch. */
  readonly epsilon: number;
  /** Library whose arithmetic is used: epsilon inside the root (tensorflow) or outside (torch). */
  readonly variant: "tensorflow" | "torch";
  readonly clip: { readonly global_norm: number } | { readonly value: number } | null;
  readonly schedule: NormalSchedule;
  readonly average: NormalAverage | null;
  readonly rates: readonly NormalRateGroup[];
}

/** Gradient scaled by the root of the mean squared updates, divided by the root of the mean squared gradients. */
export interface NormalAdadelta {
  readonly type: "adadelta";
  readonly learning_rate: number;
  /** Decay of both mean squares. */
  readonly decay: number;
  /** Constant that keeps the divisor from zero. */
  readonly epsilon: number;
  readonly clip: { readonly global_norm: number } | { readonly value: number } | null;
  readonly schedule: NormalSchedule;
  readonly average: NormalAverage | null;
  readonly rates: readonly NormalRateGroup[];
}

/** Mean gradient divided by the root of its mean square, both corrected for their start at zero. */
export interface NormalAdam {
  readonly type: "adam";
  readonly learning_rate: number;
  /** Decay of the mean gradient. */
  readonly beta1: number;
  /** Decay of the mean square. */
  readonly beta2: number;
  /** Constant that keeps the divisor from zero. Default: 1e-7 for the variant keras, else 1e-8. */
  readonly epsilon: number;
  /** Decoupled weight decay: each update subtracts learning_rate * weight_decay * parameter. */
  readonly weight_decay: number;
  readonly no_decay: readonly string[];
  readonly variant: AdamVariant;
  readonly clip: { readonly global_norm: number } | { readonly value: number } | null;
  readonly schedule: NormalSchedule;
  readonly average: NormalAverage | null;
  readonly rates: readonly NormalRateGroup[];
}

/**
 * Library whose arithmetic is used: epsilon is added to the root before its correction (tensorflow; keras with other
 * defaults) or after it (torch).
 */
export type AdamVariant = "tensorflow" | "torch" | "keras";

/** Adam with decoupled weight decay. */
export interface NormalAdamw {
  readonly type: "adamw";
  readonly learning_rate: number;
  /** Decay of the mean gradient. */
  readonly beta1: number;
  /** Decay of the mean square. */
  readonly beta2: number;
  /** Constant that keeps the divisor from zero. Default: 1e-7 for the variant keras, else 1e-8. */
  readonly epsilon: number;
  /**
   * Decoupled weight decay: each update subtracts learning_rate * weight_decay * parameter. Default: 0.004 for the
   * variant keras, else 0.01.
   */
  readonly weight_decay: number;
  readonly no_decay: readonly string[];
  readonly variant: AdamVariant;
  readonly clip: { readonly global_norm: number } | { readonly value: number } | null;
  readonly schedule: NormalSchedule;
  readonly average: NormalAverage | null;
  readonly rates: readonly NormalRateGroup[];
}

/**
 * Mean gradient divided by a decaying maximum of its absolute values. Arithmetic of PyTorch; its weight decay is
 * decoupled, as Keras's.
 */
export interface NormalAdamax {
  readonly type: "adamax";
  readonly learning_rate: number;
  /** Decay of the mean gradient. */
  readonly beta1: number;
  /** Decay of the maximum. */
  readonly beta2: number;
  /** Constant that keeps the divisor from zero. */
  readonly epsilon: number;
  /** Decoupled weight decay: each update subtracts learning_rate * weight_decay * parameter. */
  readonly weight_decay: number;
  readonly no_decay: readonly string[];
  readonly clip: { readonly global_norm: number } | { readonly value: number } | null;
  readonly schedule: NormalSchedule;
  readonly average: NormalAverage | null;
  readonly rates: readonly NormalRateGroup[];
}

/** Adam with Nesterov momentum. */
export interface NormalNadam {
  readonly type: "nadam";
  readonly learning_rate: number;
  /** Decay of the mean gradient. */
  readonly beta1: number;
  /** Decay of the mean square. */
  readonly beta2: number;
  /** Constant that keeps the divisor from zero. Default: 1e-7 for the variant keras, else 1e-8. */
  readonly epsilon: number;
  /** Decay of the momentum schedule 0.96^(t * momentum_decay). Default: 0.004 for the variant torch, 1 for keras. */
  readonly momentum_decay: number;
  /** Library whose defaults of momentum_decay and epsilon are used. */
  readonly variant: "torch" | "keras";
  readonly clip: { readonly global_norm: number } | { readonly value: number } | null;
  readonly schedule: NormalSchedule;
  readonly average: NormalAverage | null;
  readonly rates: readonly NormalRateGroup[];
}

/**
 * Adam whose adaptive rate is rectified for its variance in the first updates, in place of a warm-up. Arithmetic of
 * PyTorch with decoupled weight decay.
 */
export interface NormalRadam {
  readonly type: "radam";
  readonly learning_rate: number;
  /** Decay of the mean gradient. */
  readonly beta1: number;
  /** Decay of the mean square. */
  readonly beta2: number;
  /** Constant that keeps the divisor from zero. */
  readonly epsilon: number;
  /** Decoupled weight decay: each update subtracts learning_rate * weight_decay * parameter. */
  readonly weight_decay: number;
  readonly no_decay: readonly string[];
  readonly clip: { readonly global_norm: number } | { readonly value: number } | null;
  readonly schedule: NormalSchedule;
  readonly average: NormalAverage | null;
  readonly rates: readonly NormalRateGroup[];
}

/** Sign of a moving mean of the gradients. */
export interface NormalLion {
  readonly type: "lion";
  readonly learning_rate: number;
  /** Weight of the mean in the update. */
  readonly beta1: number;
  /** Decay of the mean. */
  readonly beta2: number;
  /** Decoupled weight decay: each update subtracts learning_rate * weight_decay * parameter. */
  readonly weight_decay: number;
  readonly no_decay: readonly string[];
  readonly clip: { readonly global_norm: number } | { readonly value: number } | null;
  readonly schedule: NormalSchedule;
  readonly average: NormalAverage | null;
  readonly rates: readonly NormalRateGroup[];
}

/** Adam for large batches: the step of each parameter tensor is scaled to the norm of the tensor. */
export interface NormalLamb {
  readonly type: "lamb";
  readonly learning_rate: number;
  /** Decay of the mean gradient. */
  readonly beta1: number;
  /** Decay of the mean square. */
  readonly beta2: number;
  /** Constant that keeps the divisor from zero. */
  readonly epsilon: number;
  /** Weight decay in the direction u, before its norm: it is scaled with it. */
  readonly weight_decay: number;
  readonly no_decay: readonly string[];
  readonly clip: { readonly global_norm: number } | { readonly value: number } | null;
  readonly schedule: NormalSchedule;
  readonly average: NormalAverage | null;
  readonly rates: readonly NormalRateGroup[];
}

/**
 * Adaptive rates in little memory: of a matrix only the mean squares of its rows and columns are kept. Steps are
 * relative to the root mean square (RMS) of each parameter tensor. Arithmetic of PyTorch.
 */
export interface NormalAdafactor {
  readonly type: "adafactor";
  readonly learning_rate: number;
  /**
   * Exponent of the decay of the mean squares: update t weighs the new square by t^-beta2_decay. PyTorch writes it with
   * the opposite sign.
   */
  readonly beta2_decay: number;
  /** Lower limit of the root of the mean square: the resolution of float32 by default. */
  readonly epsilon: number;
  /** Lower limit of the RMS of a parameter tensor, so that one that starts at zero can move. */
  readonly minimum_scale: number;
  /** Largest RMS of a step, relative to the rate. */
  readonly clip_threshold: number;
  /** Decoupled weight decay: each update subtracts learning_rate * weight_decay * parameter. */
  readonly weight_decay: number;
  readonly no_decay: readonly string[];
  readonly clip: { readonly global_norm: number } | { readonly value: number } | null;
  readonly schedule: NormalSchedule;
  readonly average: NormalAverage | null;
  readonly rates: readonly NormalRateGroup[];
}

/**
 * Orthogonalized momentum, for parameters of two axes; the others are updated by Adam. Embeddings and the last layer
 * are better left to Adam too: see exclude. Arithmetic of PyTorch, with the iterations in float32 in place of bfloat16.
 */
export interface NormalMuon {
  readonly type: "muon";
  readonly learning_rate: number;
  /** Decay of the mean gradient. */
  readonly momentum: number;
  /** Use Nesterov momentum. */
  readonly nesterov: boolean;
  /** Iterations that orthogonalize the momentum. */
  readonly newton_schulz_steps: number;
  /** Lower limit of the norm that the momentum is divided by. */
  readonly epsilon: number;
  /**
   * Factor s of the step of a matrix [inputs, outputs]: original, √max(1, outputs / inputs); match_rms_adamw, 0.2
   * √max(inputs, outputs), for learning rates as of AdamW (J. Liu et al., 2025).
   */
  readonly scale: "original" | "match_rms_adamw";
  /** Patterns of the names of matrices that Adam updates too. */
  readonly exclude: readonly string[];
  readonly adam: NormalMuonAdam;
  /** Decoupled weight decay of all parameters: each update subtracts learning_rate * weight_decay * parameter. */
  readonly weight_decay: number;
  readonly no_decay: readonly string[];
  readonly clip: { readonly global_norm: number } | { readonly value: number } | null;
  readonly schedule: NormalSchedule;
  readonly average: NormalAverage | null;
  readonly rates: readonly NormalRateGroup[];
}

/** Options of Adam for the parameters that Muon does not update. The schedule and the rates of muon apply to it too. */
export interface NormalMuonAdam {
  readonly learning_rate: number;
  /** Decay of the mean gradient. */
  readonly beta1: number;
  /** Decay of the mean square. */
  readonly beta2: number;
  /** Constant that keeps the divisor from zero. */
  readonly epsilon: number;
}

/**
 * An optimizer of `optimizers`. Short form: its name as `type`, with its options as keys: `{ "type": "sign_momentum",
 * "learning_rate": 0.01 }`.
 */
export interface NormalCustomOptimizer {
  readonly type: "custom";
  /** Name of an entry of `optimizers`. */
  readonly name: string;
  readonly learning_rate: number;
  /** Options of the optimizer by name; those of its definition are the defaults. */
  readonly options: Readonly<Record<string, CellOption>>;
  readonly no_decay: readonly string[];
  readonly clip: { readonly global_norm: number } | { readonly value: number } | null;
  readonly schedule: NormalSchedule;
  readonly average: NormalAverage | null;
  readonly rates: readonly NormalRateGroup[];
}

/** A model, its data and its training. */
export interface NormalSpec {
  /** Name of the model and of its run directory, `runs/<name>`. Default: the name of the spec's file. */
  readonly name: string;
  /** Seed of the initial weights, of shuffling and of dropout. The same spec and seed give the same losses. */
  readonly seed: number;
  /** The data that the model trains on. */
  readonly data: NormalData;
  /** Your own cells by name, as equations. A cell with the name of a built-in one replaces it. */
  readonly cells: Readonly<Record<string, NormalCellDefinition>>;
  /**
   * Your own layers by name, as equations. A use of a layer has that name as `layer`, and its options next to it. The
   * kinds of built-in layers are taken.
   */
  readonly layers: Readonly<Record<string, NormalLayerDefinition>>;
  /**
   * Your own activations by name, as equations: for the key `activation` of layers, the option of that name of a cell,
   * and as functions in the equations of others. The names of the equation language are taken.
   */
  readonly activations: Readonly<Record<string, NormalActivationDefinition>>;
  /**
   * Your own optimizers by name, as equations. `optimizer` uses one by that name as its `type`, with its options as
   * keys. The types of built-in optimizers are taken.
   */
  readonly optimizers: Readonly<Record<string, NormalOptimizerDefinition>>;
  /**
   * Your own schedules of the learning rate by name, as equations of its factor after n updates. The `schedule` of an
   * optimizer uses one by that name as its `type`, with its options as keys. The types of built-in schedules are taken.
   */
  readonly schedules: Readonly<Record<string, NormalScheduleDefinition>>;
  /** The layers and blocks in order. Each reads the output of the one before it, unless `from` names others. */
  readonly model: readonly NormalLayer[];
  /**
   * An object: your own losses by name, as equations. A use of a loss has that name as `type`, and its options next to
   * it. The types of built-in losses are taken. A list: the losses of a model with several outputs, as a list in
   * `loss`, which then is left out.
   */
  readonly losses: readonly NormalLoss[];
  /**
   * Metrics that evaluations report in addition to the loss, over valid steps. An object has the metrics by name: an
   * entry with `equations` is a metric of your own, an entry without is the built-in one of that name with its options.
   * Default (null): the metrics of the loss and of the data, listed with each.
   */
  readonly metrics: readonly NormalMetric[] | null;
  /**
   * Low-rank adaptation (LoRA): weights that `layers` names are frozen, and each matrix W [in, out] among them becomes
   * W + alpha / rank · A @ B. Only the factors `<W>/lora_A` [in, rank], random, and `<W>/lora_B` [rank, out], zeros,
   * are trained, so that training starts from the model as it is. Exports have the sum in place of W. Weights start
   * from `--init`, or from the file of an onnx layer.
   */
  readonly adapt: NormalAdapt | null;
  /**
   * Penalties that are added to the loss in training and in evaluation: on the trained weights (parameters of two or
   * more axes) and on the outputs of rnn layers.
   */
  readonly regularization: {
    /** Factor of the sum of all squared weights. */
    readonly l2: number;
    /** Factor of the sum of all absolute weights. */
    readonly l1: number;
    /**
     * Factor of the mean squared output of each rnn layer, over valid steps. With "accumulate" or several processes the
     * loss has to be a mean over the same steps; another one is refused.
     */
    readonly activity: number;
    /** Include parameters of a single axis in l1 and l2: biases, gains, trained initial states. */
    readonly biases: boolean;
  } | null;
  /** The update rule of the weights. */
  readonly optimizer: NormalOptimizer;
  readonly train: NormalTrain;
}

/**
 * An activation as equations of its input x, whose last axis is that of the features. The compiler derives the
 * gradient. An activation that reads k features for each feature of its output, such as a gate of two halves, gives a
 * layer with weights k times as many columns.
 */
export interface NormalActivationDefinition {
  /** One sentence about the activation. */
  readonly description: string;
  /**
   * The activation's own options, numbers, with their defaults. A layer gives others next to `type`, an equation after
   * x, in this order: `leaky(x, 0.2)`. Equations read them by name.
   */
  readonly options: Readonly<Record<string, number>>;
  /** Equations from top to bottom. Each line assigns a name, or several at once. */
  readonly equations: readonly string[];
  /** Name of the result. */
  readonly output: string;
}

/**
 * An optimizer as equations of one update of a parameter: p the parameter, g its gradient (after clipping), rate the
 * learning rate at this update, t the number of the update from 1. For each slot s and for p, equations set the next
 * value: s', p'. The numbers rank and size of p may be read, and of one with two axes or more rows and columns: its
 * last two axes.
 */
export interface NormalOptimizerDefinition {
  /** One sentence about the optimizer. */
  readonly description: string;
  /**
   * The optimizer's own options with their defaults: numbers, true or false, or strings, whose legal values are the
   * keys of their variants. A use gives them next to `type`. A schedule of the momentum changes `momentum` or `beta1`;
   * `no_decay` makes `weight_decay` 0 for some parameters.
   */
  readonly options: Readonly<Record<string, CellOption>>;
  /**
   * Tensors that each parameter carries from update to update, with the initial value of their entries: a number or the
   * name of a numeric option. A slot has the shape of the parameter, or one of its own.
   */
  readonly slots: Readonly<Record<string, Slot>>;
  /** Equations of an update from top to bottom. Each line assigns a name. */
  readonly equations: readonly string[];
  /**
   * Changes for each option and each value of it, as those of a cell, and under `rank` for each number of axes of the
   * parameter.
   */
  readonly variants: Readonly<Record<string, Readonly<Record<string, NormalOptimizerVariant>>>>;
}

/** The initial value of the entries of a slot, alone or with a shape. */
export type Slot = SlotValue | NormalShapedSlot;

export type SlotValue = number | string;

/** A slot whose shape is not that of the parameter. */
export interface NormalShapedSlot {
  /** Initial value of the entries. */
  readonly initial: SlotValue;
  /**
   * Sizes of the axes: arithmetic over rows, columns, size and numeric options; an empty list for a scalar. For a
   * parameter of more than two axes its other axes come before two sizes.
   */
  readonly shape: readonly SizeExpression[];
}

/** Changes of an optimizer. Slots are added, or replace those of the same name; equations replace the optimizer's. */
export interface NormalOptimizerVariant {
  /** Slots that this variant adds or replaces. */
  readonly slots: Readonly<Record<string, Slot>>;
  /**
   * A list replaces all equations. An object replaces single equations: its keys are names that equations assign, its
   * values the new line or lines.
   */
  readonly equations: readonly string[] | Readonly<Record<string, string | readonly string[]>> | null;
}

/**
 * A schedule as equations: the factor of the learning rate after n updates, counted from the end of the warmup. `pi`
 * may be read, and `total_steps`, the updates of the run after the warmup, where `train` has `steps`.
 */
export interface NormalScheduleDefinition {
  /** One sentence about the schedule. */
  readonly description: string;
  /**
   * The schedule's own options with their defaults: numbers, true or false, or strings, whose legal values are the keys
   * of their variants. A use gives them next to `type`.
   */
  readonly options: Readonly<Record<string, CellOption>>;
  /** Equations from top to bottom. Each line assigns a name; one of them is factor. */
  readonly equations: readonly string[];
  /** Changes for each option and each value of it, as those of a cell. */
  readonly variants: Readonly<Record<string, Readonly<Record<string, NormalScheduleVariant>>>>;
}

/** Equations that replace those of a schedule. */
export interface NormalScheduleVariant {
  /**
   * A list replaces all equations. An object replaces single equations: its keys are names that equations assign, its
   * values the new line or lines.
   */
  readonly equations: readonly string[] | Readonly<Record<string, string | readonly string[]>> | null;
}

/** One layer of the model. */
export type NormalLayer =
  | NormalOneHot
  | NormalCycle
  | NormalEmbedding
  | NormalRnn
  | NormalDense
  | NormalProjection
  | NormalActivation
  | NormalLayerNorm
  | NormalRmsNorm
  | NormalGroupNorm
  | NormalBatchNorm
  | NormalDropout
  | NormalSpecAugment
  | NormalConv1d
  | NormalLogMel
  | NormalPool
  | NormalConcat
  | NormalAdd
  | NormalMultiply
  | NormalPosition
  | NormalAttention
  | NormalCustom
  | NormalOnnx;

/** Token ids to one-hot vectors. */
export interface NormalOneHot {
  readonly layer: "one_hot";
  /** Name of the layer. Default: its kind, numbered from the second (`one_hot_2`). */
  readonly name: string;
  readonly from: readonly string[];
  /** Width of the vectors. */
  readonly size: Size;
}

export type Size = number | "vocabulary" | "target_vocabulary" | "classes" | "features";

/** Token ids, such as hours, to the sine and cosine of their angle in a period. */
export interface NormalCycle {
  readonly layer: "cycle";
  /** Name of the layer. Default: its kind, numbered from the second (`cycle_2`). */
  readonly name: string;
  readonly from: readonly string[];
  /** Number of ids in the period. */
  readonly period: Size;
}

/** Token ids to rows of a trained table. */
export interface NormalEmbedding {
  readonly layer: "embedding";
  /** Name of the layer and prefix of its table, `<name>/W`. Default: its kind, numbered from the second. */
  readonly name: string;
  readonly from: readonly string[];
  /** Number of rows of the table. */
  readonly vocabulary_size: Size;
  readonly weights: SharedWeights;
  /**
   * A text file of pre-trained vectors in the format of GloVe, word2vec or fastText (a word and its numbers on each
   * line), gzipped or not, relative to the spec: the initial rows of the words and characters of the vocabulary that it
   * has. Default (null): none.
   */
  readonly vectors: string | null;
  /** Width of the vectors. */
  readonly size: Size;
  readonly trainable: boolean;
}

/**
 * Name of an earlier layer of the same kind whose weights this layer uses, with biases and learned initial states.
 * Default (null): its own weights. A dense or projection layer can use an embedding's table, transposed, with a bias of
 * its own.
 */
export type SharedWeights = string | null;

/**
 * A recurrent cell, or a stack of cells, that runs over time. Give `cell` and `hidden_size` with the cell's own options
 * (and `layers` for a stack of equal cells), or `cells`.
 */
export interface NormalRnn {
  readonly layer: "rnn";
  /** Name of the layer and prefix of its tensors' names. Default: its kind, numbered from the second. */
  readonly name: string;
  readonly from: readonly string[];
  /** The stack of cells. Each reads the output of the one before it. */
  readonly cells: readonly NormalCell[];
  /** Use one set of weights for all cells of the stack, named after the first. */
  readonly share_weights: boolean;
  readonly weights: SharedWeights;
  /**
   * Initial state: zeros, learned (one trained vector for each state), or the name of an earlier layer. From an rnn
   * layer all final states are taken; a vector of another layer is the first state.
   */
  readonly initial_state: string;
  /**
   * Carry the final states of a batch to the next batch (truncated backpropagation through time). Each row of a batch
   * continues the same row of the batch before. An evaluation reads each split as batch_size streams of consecutive
   * windows, whose states start at zero, so its metrics depend on the batch size. Predictions for a table continue from
   * row to row.
   */
  readonly stateful: boolean;
  /** Unroll the loop over time where the number of steps is known. The results are the same. */
  readonly unroll: boolean;
  /**
   * Output of the layer: every step, the last valid step, or the final state of the last cell, if that is a vector. If
   * the cell is bidirectional, "last" is the forward output of the last valid step and the backward output of the
   * first: each direction after the whole sequence. A pool layer with mode "last" takes both directions at the last
   * valid step.
   */
  readonly return: "sequence" | "last" | "state";
}

/** One cell of a stack, with these keys and the cell's own options. */
export interface NormalCell {
  /** A built-in cell or one of `cells`. */
  readonly cell: string;
  readonly hidden_size: number;
  readonly trainable: boolean;
  readonly residual: boolean;
  readonly bidirectional: Bidirectional;
  readonly dropout: NormalCellDropout;
  readonly zoneout: StateRates;
  readonly layer_norm: boolean;
  readonly [option: string]: CellOption | NormalCellDropout | StateRates;
}

/**
 * Run a second copy of the cell backward in time, and combine both outputs by this operation. On a layer: the default
 * of its cells.
 */
export type Bidirectional = "none" | "concat" | "sum" | "mean" | "mul";

/**
 * Dropout around the cell: in training entries are set to 0 with a probability, and the others are scaled so that the
 * mean is unchanged. On a layer: the default of its cells.
 */
export interface NormalCellDropout {
  /**
   * Probability of dropping an entry of the cell's input: 1 - input_keep_prob. A residual connection adds the input
   * without dropout.
   */
  readonly input: number;
  /** Probability of dropping an entry of the cell's output: 1 - output_keep_prob. The state is unchanged. */
  readonly output: number;
  /**
   * Probability of dropping an entry of the state that the next step reads: 1 - state_keep_prob. A number applies to
   * the cell's first state (h, not an LSTM's c); an object has a number for each state.
   */
  readonly state: StateRates;
  /**
   * Drop the same entries at every step of a sequence, in place of new ones at each step (Y. Gal and Z. Ghahramani,
   * 2016).
   */
  readonly variational: boolean;
}

export type StateRates = number | Readonly<Record<string, number>>;

/** x @ W + b on the last axis. */
export interface NormalDense {
  readonly layer: "dense";
  /** Name of the layer and prefix of its tensors' names. Default: its kind, numbered from the second. */
  readonly name: string;
  readonly from: readonly string[];
  readonly weights: SharedWeights;
  /** Width of the output. */
  readonly size: Size;
  readonly activation: ActivationUse;
  /** Add the bias b. */
  readonly bias: boolean;
  readonly weight_norm: boolean;
  readonly initializer: KernelInitializer;
  readonly trainable: boolean;
}

/**
 * Activation of the output by its name, or an object of its name as `type` and its options. Before the loss, softmax
 * and sigmoid are computed inside the loss in training, and applied in inference. glu and swiglu multiply one half of
 * the features with a gate, the other half: a layer with weights has twice as many columns for them. The page of the
 * equation language has their equations and options.
 */
export type ActivationUse =
  | ActivationName
  | {
  /** Name of the activation. */
  readonly type: ActivationName;
  readonly [key: string]: number
  | ActivationName;
};

/** A built-in activation, or one of `activations`. */
export type ActivationName =
  | "none"
  | "softmax"
  | "sigmoid"
  | "tanh"
  | "relu"
  | "leaky_relu"
  | "elu"
  | "selu"
  | "gelu"
  | "gelu_tanh"
  | "silu"
  | "mish"
  | "softplus"
  | "softsign"
  | "hard_sigmoid"
  | "hard_swish"
  | "glu"
  | "swiglu"
  | string;

/**
 * Distribution of the initial weights; biases start as 0. A layer with shared weights follows their owner.
 * `pytorch_uniform` is the default of PyTorch's layers. The page of cells has the equations.
 */
export type KernelInitializer =
  | "glorot_uniform"
  | "glorot_normal"
  | "he_uniform"
  | "he_normal"
  | "lecun_uniform"
  | "lecun_normal"
  | "pytorch_uniform";

/** A dense layer that computes the logits: x @ W + b on the last axis. */
export interface NormalProjection {
  readonly layer: "projection";
  /** Name of the layer and prefix of its tensors' names. Default: its kind, numbered from the second. */
  readonly name: string;
  readonly from: readonly string[];
  readonly weights: SharedWeights;
  /** Width of the output, the number of classes. Default for text data: "vocabulary". Required for other data. */
  readonly size: Size;
  readonly activation: ActivationUse;
  /** Add the bias b. */
  readonly bias: boolean;
  readonly weight_norm: boolean;
  readonly initializer: KernelInitializer;
  readonly trainable: boolean;
}

/**
 * An activation of the input. glu and swiglu halve the number of features, which must be even. Padding is not read. The
 * page of the equation language has the equations.
 */
export interface NormalActivation {
  readonly layer: "activation";
  /** Name of the layer. Default: its kind, numbered from the second. */
  readonly name: string;
  readonly from: readonly string[];
  readonly activation: ActivationUse;
}

/**
 * Normalizes the features of each step, or of each row, then scales and shifts them by trained vectors, `gain` and
 * `shift`.
 */
export interface NormalLayerNorm {
  readonly layer: "layer_norm";
  /** Name of the layer and prefix of its tensors' names. Default: its kind, numbered from the second. */
  readonly name: string;
  readonly from: readonly string[];
  readonly weights: SharedWeights;
  readonly epsilon: number;
  readonly gain: boolean;
  readonly shift: boolean;
  readonly trainable: boolean;
}

/**
 * Divides the features of each step, or of each row, by the root of their mean square, then scales them by a trained
 * vector, `gain`.
 */
export interface NormalRmsNorm {
  readonly layer: "rms_norm";
  /** Name of the layer and prefix of its tensors' names. Default: its kind, numbered from the second. */
  readonly name: string;
  readonly from: readonly string[];
  readonly weights: SharedWeights;
  readonly epsilon: number;
  readonly gain: boolean;
  readonly trainable: boolean;
}

/**
 * Normalizes groups of consecutive features, then scales and shifts each feature by trained vectors, `gain` and
 * `shift`. The statistics of a group are those of one sequence, over its features and its valid steps, padding left
 * out: PyTorch's GroupNorm of [batch, features, time]. One step then depends on all steps, later ones included.
 */
export interface NormalGroupNorm {
  readonly layer: "group_norm";
  /** Name of the layer and prefix of its tensors' names. Default: its kind, numbered from the second. */
  readonly name: string;
  readonly from: readonly string[];
  readonly weights: SharedWeights;
  /**
   * Number of groups, a divisor of the number of features. 1 normalizes all features together; as many as there are
   * features normalize each by itself (instance normalization).
   */
  readonly groups: number;
  readonly epsilon: number;
  readonly gain: boolean;
  readonly shift: boolean;
  readonly trainable: boolean;
}

/**
 * Normalizes each feature over the batch and its valid steps, padding left out, then scales and shifts it by trained
 * vectors, `gain` and `shift`. Training also averages the statistics, in the buffers `running_mean` and
 * `running_variance`; evaluation and inference use these. With "trainable": false the layer uses and keeps its running
 * statistics in training too. Micro-batches (`accumulate`) and processes that share a batch do not know its statistics:
 * both are refused. A bias of the layer before has no effect: its "bias" may be false.
 */
export interface NormalBatchNorm {
  readonly layer: "batch_norm";
  /** Name of the layer and prefix of its tensors' names. Default: its kind, numbered from the second. */
  readonly name: string;
  readonly from: readonly string[];
  /**
   * Name of an earlier batch_norm layer whose gain and shift this layer uses. Running statistics are each layer's own.
   * Default (null): its own weights.
   */
  readonly weights: string | null;
  readonly epsilon: number;
  /** Weight of a batch in the running statistics, as in PyTorch. Keras's momentum is 1 minus this. */
  readonly momentum: number;
  readonly gain: boolean;
  readonly shift: boolean;
  readonly trainable: boolean;
}

/**
 * Sets each entry to 0 with a probability in training, and scales the others so that the mean is unchanged. Identity in
 * evaluation and inference.
 */
export interface NormalDropout {
  readonly layer: "dropout";
  /**
   * Name of the layer. Default: its kind, numbered from the second. Layers of different names drop different entries.
   */
  readonly name: string;
  readonly from: readonly string[];
  /** Probability of dropping an entry: 1 - keep_prob. */
  readonly rate: number;
}

/**
 * In training random spans of steps and of features of each sequence are 0, the mean behind `group_norm`: the model
 * cannot depend on any one of them. Positions follow from the seed, the update and the row. Identity in evaluation,
 * inference and exports.
 */
export interface NormalSpecAugment {
  readonly layer: "spec_augment";
  /** Name of the layer. Default: its kind, numbered from the second. Layers of different names have different spans. */
  readonly name: string;
  readonly from: readonly string[];
  /** Number of spans of steps. */
  readonly time_masks: number;
  /** The largest width of a span, as a share of the steps of the sequence; each width is uniform from 0 to it. */
  readonly time_width: number;
  /** Number of spans of features, such as bands. */
  readonly feature_masks: number;
  /** The largest width of a span, as a share of the features; each width is uniform from 0 to it. */
  readonly feature_width: number;
}

/**
 * A convolution over time. Each output step is a product of `kernel_size` input steps with the weights `<name>/W`
 * [kernel_size, in / groups, size], plus the bias `<name>/b` [size]. Steps past the length of a sequence are zeros, so
 * that a sequence has the same output in any batch. A sequence of n steps has floor((n + p - dilation (kernel_size - 1)
 * - 1) / stride) + 1 output steps, where p is the number of steps of padding.
 */
export interface NormalConv1d {
  readonly layer: "conv1d";
  /** Name of the layer and prefix of its tensors' names. Default: its kind, numbered from the second. */
  readonly name: string;
  readonly from: readonly string[];
  readonly weights: SharedWeights;
  /** Width of the output: its channels. */
  readonly size: Size;
  /** Number of input steps that an output step reads. */
  readonly kernel_size: number;
  /** Input steps between output steps. */
  readonly stride: number;
  /** Input steps between the steps that an output step reads. */
  readonly dilation: number;
  /**
   * Number of groups of input and output channels. A group of output channels reads the group of input channels of its
   * index. Both widths are multiples of it.
   */
  readonly groups: number;
  /**
   * Zeros around the sequence. same: dilation (kernel_size - 1) zeros, half of them before it and one more after it if
   * their number is odd, so that the output has as many steps as the input with stride 1 (with a longer stride, every
   * stride-th of those); valid: none; causal: all of them before it, so that an output step reads no later step.
   */
  readonly padding: "same" | "valid" | "causal";
  readonly activation: ActivationUse;
  /** Add the bias b. */
  readonly bias: boolean;
  readonly weight_norm: boolean;
  readonly initializer: KernelInitializer;
  readonly trainable: boolean;
}

/**
 * The spectrum of a sound: each output step is the logarithm of the power of a frame of samples in `bands` bands of the
 * mel scale. It reads sequences of samples [batch, samples, 1]. A frame is multiplied by Hann's window and with a fixed
 * matrix of cosines and sines; n samples have floor((n - window) / hop) + 1 frames, where window and hop are in
 * samples, and samples after the last whole frame are dropped. It has no weights, and an exported model contains it.
 * `group_norm` with a group for each band normalizes an utterance.
 */
export interface NormalLogMel {
  readonly layer: "log_mel";
  /** Name of the layer. Default: its kind, numbered from the second. */
  readonly name: string;
  readonly from: readonly string[];
  /** Samples per second. Default: that of audio data; other data needs it. */
  readonly sample_rate: number;
  /** Number of bands: the width of the output. */
  readonly bands: number;
  /** Length of a frame in seconds, rounded to samples. */
  readonly window: number;
  /** Seconds from the start of a frame to the start of the next one, rounded to samples. */
  readonly hop: number;
  /**
   * Samples of the Fourier transform, a frame and zeros after it; it has fft_size / 2 + 1 frequencies. Default (null):
   * the smallest power of two with at least the samples of a frame.
   */
  readonly fft_size: number | null;
  /**
   * The mel scale. htk: 2595 log10(1 + f / 700), triangles of height 1; slaney: linear below 1000 Hz and logarithmic
   * above, triangles of area 1, as in librosa.
   */
  readonly scale: "htk" | "slaney";
  /** The lower end of the first band in Hz. */
  readonly low: number;
  /** The upper end of the last band in Hz. Default (null): half the sample rate. */
  readonly high: number | null;
  /**
   * In training the frequencies of each sound are scaled by a random factor, from 1 - warp to 1 + warp in 9 steps, as
   * by the length of a vocal tract (N. Jaitly and G. Hinton, 2013): speakers that the training lacks become less
   * foreign. The upper end of the bands stays.
   */
  readonly warp: number;
  /** The smallest power of a band, which silence has. Samples are from -1 to 1. */
  readonly floor: number;
  /**
   * Decibels below the largest power in the bands of each sound: smaller powers become this limit, so that the noise of
   * a recording and its loudness matter less (top_db of librosa). It reads all steps of the sound. Default (null): no
   * limit but the floor.
   */
  readonly range: number | null;
  /**
   * Decibels below the loudest frame of each sound: each band is reduced by its mean over the frames above that level,
   * so that the microphone and the timbre of a speaker are less of a feature (cepstral mean normalization over the
   * frames of speech). 200 has the mean of all frames. What is steady in a sound, such as the pitch of a hum, is lost.
   * It reads all steps of the sound. Default (null): no means.
   */
  readonly mean_normalization: number | null;
  /**
   * Features of change next to the bands, the width of the output being bands * (1 + deltas). 1: the slope of each band
   * over five frames, sum of n (c[t + n] - c[t - n]) / 10 for n = 1 and 2, where frames beyond the ends of the sound
   * are its first or last one, as torchaudio's compute_deltas. 2: the slopes of these slopes too.
   */
  readonly deltas: number;
}

/**
 * Reduces a sequence to one vector, over its valid steps; with `size` each window of it, without padding: a sequence of
 * n steps has floor((n - size) / stride) + 1 windows, and steps after the last whole window are dropped.
 */
export interface NormalPool {
  readonly layer: "pool";
  /** Name of the layer. Default: its kind, numbered from the second. */
  readonly name: string;
  readonly from: readonly string[];
  /**
   * Reduction over time: maximum, mean, sum, or the last valid step (of a window its last step). Behind a bidirectional
   * cell, "last" has one step of the backward direction; "return": "last" has all.
   */
  readonly mode: "max" | "mean" | "sum" | "last";
  /** Steps of a window. Default (null): the whole sequence, whose result has no time axis. */
  readonly size: number | null;
  /** Steps between the starts of windows. Default (null): their size. */
  readonly stride: number | null;
}

/** Concatenates the outputs of several layers along the last axis. */
export interface NormalConcat {
  readonly layer: "concat";
  /** Name of the layer. Default: its kind, numbered from the second. */
  readonly name: string;
  /** Names of the layers that this layer reads. */
  readonly from: readonly string[];
}

/** Adds the outputs of several layers, entry by entry. */
export interface NormalAdd {
  readonly layer: "add";
  /** Name of the layer. Default: its kind, numbered from the second. */
  readonly name: string;
  /** Names of the layers that this layer reads. */
  readonly from: readonly string[];
}

/** Multiplies the outputs of several layers, entry by entry. */
export interface NormalMultiply {
  readonly layer: "multiply";
  /** Name of the layer. Default: its kind, numbered from the second. */
  readonly name: string;
  /** Names of the layers that this layer reads. */
  readonly from: readonly string[];
}

/**
 * Adds a vector to each step of a sequence that depends on the number of steps before it: a trained row of a table, or
 * sines and cosines.
 */
export interface NormalPosition {
  readonly layer: "position";
  /** Name of the layer. Default: its kind, numbered from the second. */
  readonly name: string;
  readonly from: readonly string[];
  readonly weights: SharedWeights;
  /** learned: a trained table W of shape [length, width]. sinusoidal: sines and cosines, without parameters. */
  readonly type: "learned" | "sinusoidal";
  /**
   * Number of rows of the table: the largest number of steps of a sequence. Needed with learned. Default (null):
   * sinusoidal positions have no limit.
   */
  readonly length: number | null;
  readonly trainable: boolean;
}

/**
 * For each step of the query, the mean of the values of all memory steps, weighted by the softmax of a score. Of one
 * layer in `from`: self-attention, where that layer is query and memory; of two: the query, then the memory. With
 * `heads`, multi-head attention: the heads attend to projections of width head_size, and Wo projects their joined
 * results to the width of the query. Padding has the weight 0. A step that sees no memory step has the weights 0.
 */
export interface NormalAttention {
  readonly layer: "attention";
  /** Name of the layer. Default: its kind, numbered from the second. */
  readonly name: string;
  /**
   * Names of the layers that this layer reads: one for self-attention; or two, query and memory. Default: the layer
   * before.
   */
  readonly from: readonly string[];
  readonly weights: SharedWeights;
  /**
   * Number of heads of multi-head attention, with the parameters Wq, Wk, Wv, Wo and the biases bq, bk, bv, bo. Default
   * (null): none, the memory itself is weighted by `score`.
   */
  readonly heads: number | null;
  /**
   * Width of the query, keys and values of one head. Default (null): the width of the query divided by the number of
   * heads.
   */
  readonly head_size: number | null;
  /**
   * Number of heads of the keys and values, a divisor of `heads`: each serves heads / key_value_heads consecutive heads
   * (grouped-query attention; 1 is multi-query attention). Default (null): as many as `heads`.
   */
  readonly key_value_heads: number | null;
  /**
   * Step i sees the memory steps j ≤ i only. A causal layer can process a sequence step by step: it keeps keys and
   * values as states.
   */
  readonly causal: boolean;
  /**
   * Step i sees the memory steps j with |i - j| ≤ window only: itself and that many steps before it, and after it
   * unless `causal`. Default (null): no limit.
   */
  readonly window: number | null;
  /**
   * Rotary position embedding of self-attention with heads: entries i and i + head_size / 2 of each query and key (half
   * rotation, as in LLaMA and GPT-NeoX) turn by the angle step · 10000^(-2i / head_size).
   */
  readonly rotary: boolean;
  /**
   * Linear biases of self-attention with heads: the score of query step i and memory step j loses slope · |i - j|, with
   * the slopes 2^(-8 h / n), h from 1, for the largest power of two n ≤ heads, then those of 2n with odd h.
   */
  readonly alibi: boolean;
  /** Add the biases bq, bk, bv and bo of attention with heads. */
  readonly bias: boolean;
  /** In training each weight is 0 at this rate, and the others are scaled to preserve their mean. */
  readonly dropout: number;
  /**
   * Score of a query q and a memory step k, without `heads`. dot: q·k, with equal widths; general: (q W)·k; additive:
   * v·tanh(q Wq + k Wk).
   */
  readonly score: "dot" | "general" | "additive";
  /**
   * Divide dot and general scores by the square root of the width. Heads always divide by the square root of head_size.
   */
  readonly scale: boolean;
  /** Width of the additive score's hidden layer. Default (null): the width of the memory. */
  readonly size: number | null;
  readonly trainable: boolean;
}

/**
 * A layer of `layers`. Short form: its name as `layer`, with its options as keys: `{ "layer": "highway" }`. Its
 * equations hold for each row and each time step; `shift(x)` in them is the step before. Padding is not read.
 */
export interface NormalCustom {
  readonly layer: "custom";
  /** Name of an entry of `layers`. */
  readonly type: string;
  /** Name of the layer and prefix of its tensors' names. Default: its type, numbered from the second. */
  readonly name: string;
  readonly from: readonly string[];
  readonly weights: SharedWeights;
  readonly trainable: boolean;
  /** Options of the layer by name; those of its definition are the defaults. */
  readonly options: Readonly<Record<string, CellOption>>;
}

/**
 * A model of another program as a layer: its nodes become primitives, its weights the tensors `<name>/<initializer>`.
 * With "trainable": false they stay as they are; an exported model has them either way. The model reads the outputs of
 * the layers in `from`, in the order of its inputs. An output of [batch, …] has one row for each sequence, and axes
 * after the second are joined; "return": "sequence" needs one step for each step of the input. Padding: the model is
 * given the lengths or a mask, or "padding": "zeros" accepts that it reads zeros; otherwise sequences of several
 * lengths are refused. The output keeps the lengths of its first input.
 */
export interface NormalOnnx {
  readonly layer: "onnx";
  /** Name of the layer and prefix of its tensors' names. Default: its kind, numbered from the second. */
  readonly name: string;
  readonly from: readonly string[];
  /**
   * An ONNX model, relative to the spec, with its files of external data in the same folder or below it. A run keeps a
   * copy, `layer-…`, for predictions, evaluations, exports and `--resume`.
   */
  readonly file: string;
  /**
   * SHA-256 of the file, followed by its files of external data in the order of their names: another content is
   * refused. Default (null): that of the file as it is; a run that is resumed needs the same content.
   */
  readonly sha256: string | null;
  readonly weights: SharedWeights;
  readonly trainable: boolean;
  /** The output of the model that the layer has. Default (null): the only one of floats. */
  readonly output: string | null;
  /**
   * Inputs of the model, one for each layer in `from`. Default (null): all but those of `lengths` and `mask`, in the
   * model's order.
   */
  readonly inputs: readonly string[] | null;
  /**
   * Number of token ids, for a model that reads ids: larger ones in the data are refused, and integers of arrays are
   * ids. Default (null): the model reads numbers, or ids of data that has them.
   */
  readonly vocabulary_size: Size | null;
  /** The input of the model that is given the number of steps of each sequence, [batch]. */
  readonly lengths: string | null;
  /** The input of the model that is given 1 at valid steps and 0 at padding, [batch, time]. */
  readonly mask: string | null;
  /**
   * Zeros: a model without lengths and mask reads zeros (ids of 0) past the end of a shorter sequence, and its values
   * there are not read. Default (null): such data is refused.
   */
  readonly padding: "zeros" | null;
  /**
   * The axes of the model's inputs and output: [batch, time, features], [time, batch, features], or [batch, features,
   * time]; of images [batch, height, width, channels], or with channels first [batch, channels, height, width].
   */
  readonly layout: "batch_first" | "time_first" | "channels_first";
  /**
   * The axes that the model has in place of the features of a row, or of the steps and features of an image, in the
   * order of the numbers. The output has one row for each. Default (null): those of the array, where it has more than
   * three axes, or the fixed sizes of the model.
   */
  readonly shape: readonly number[] | null;
  /**
   * Sequence: one row for each step of the input, where the input has steps. Vector: one row for each sequence or
   * image.
   */
  readonly return: "sequence" | "vector";
  /**
   * Names of stored tensors, with * for any characters: each node that reads one of them trains a weight of its own.
   * Exporters store equal tensors of different layers once.
   */
  readonly untie: readonly string[];
  /**
   * Low-rank adaptation of the layer's matrices: all of its weights are frozen, and the factors of those that `layers`
   * names are trained. Names are those of the model.
   */
  readonly adapt: NormalAdapt | null;
  /**
   * Inference: batch normalizations of the model use its stored statistics. Training: those of the batch, and the
   * stored ones follow; they are buffers of the layer.
   */
  readonly batch_norm: "inference" | "training";
}

export interface NormalAdapt {
  /** Columns of A and rows of B. */
  readonly rank: number;
  /** The product of the factors is multiplied by alpha / rank. Default (null): the rank. */
  readonly alpha: number | null;
  /** Names of layers or weights, with * for any characters. Default: all. */
  readonly layers: readonly string[];
}

/** A loss with its options. */
export type NormalLoss =
  | NormalSequenceLoss
  | NormalCrossEntropy
  | NormalSampledSoftmax
  | NormalBinaryCrossEntropy
  | NormalSquaredError
  | NormalAbsoluteError
  | NormalHuber
  | NormalCtc
  | NormalLogCosh
  | NormalQuantile
  | NormalGaussianNll
  | NormalStudentTNll
  | NormalPoissonNll
  | NormalNegativeBinomialNll
  | NormalMixtureDensity
  | NormalFocal
  | NormalSoftF1
  | NormalContrastive
  | NormalCustomLoss;

/** Weighted cross-entropy of logits over time, as TensorFlow's sequence_loss. */
export interface NormalSequenceLoss {
  readonly type: "sequence_loss";
  /** Divide by the total weight of the steps. */
  readonly average_across_timesteps: boolean;
  /**
   * Divide by the total weight of the examples. With false here and true for the time steps there is one loss for each
   * example, as in TensorFlow's sequence_loss_by_example, and training minimizes their sum.
   */
  readonly average_across_batch: boolean;
  /**
   * Weight of each class: a list in the order of the classes (of labels that are names, the sorted one: train --dry-run
   * lists them), an object by class name (1 for classes that it leaves out), or "balanced": n / (classes × count), n
   * being the number of targets in the training split and count that of the class. The weight of a step's target class
   * multiplies the weight of the step, also in the average.
   */
  readonly class_weights: readonly number[] | Readonly<Record<string, number>> | "balanced" | null;
  readonly from: string;
  readonly target: string;
  readonly weight: number;
}

/** Cross-entropy of logits. Targets are class ids (integers), or rows of probabilities, each of the sum 1. */
export interface NormalCrossEntropy {
  readonly type: "cross_entropy";
  readonly reduction: Reduction;
  /** Fraction of each target that is spread evenly over all classes. */
  readonly label_smoothing: number;
  /**
   * Weight of each class: a list in the order of the classes (of labels that are names, the sorted one: train --dry-run
   * lists them), an object by class name (1 for classes that it leaves out), or "balanced": n / (classes × count), n
   * being the number of targets in the training split and count that of the class. The weight is a factor of its terms
   * in the loss. The mean divides by the number of entries, not by their weights.
   */
  readonly class_weights: readonly number[] | Readonly<Record<string, number>> | "balanced" | null;
  readonly from: string;
  readonly target: string;
  readonly weight: number;
}

/** Mean or sum over all entries. An evaluation reports the mean or the sum over all its examples. */
export type Reduction = "mean" | "sum";

/**
 * Cross-entropy for a large vocabulary. In training each target is compared with a few sampled classes, and only their
 * columns of the last layer (dense or projection) are computed. Evaluation uses all classes. Targets are class ids
 * (integers).
 */
export interface NormalSampledSoftmax {
  readonly type: "sampled_softmax";
  /** Number of sampled classes, drawn anew for each update. */
  readonly samples: number;
  /**
   * Distribution of the samples. log_uniform suits class ids in order of decreasing frequency (Zipf's law). The logits
   * are corrected for the distribution.
   */
  readonly distribution: "log_uniform" | "uniform";
  readonly reduction: Reduction;
  readonly from: string;
  readonly target: string;
  readonly weight: number;
}

/** Cross-entropy of logits of independent binary outputs. Targets are from 0 to 1; others are refused. */
export interface NormalBinaryCrossEntropy {
  readonly type: "binary_cross_entropy";
  readonly reduction: EntryReduction;
  /** Factor of the loss of targets that are 1: one number, or one for each output. */
  readonly positive_weight: number | readonly number[];
  readonly from: string;
  readonly target: string;
  readonly weight: number;
}

/**
 * mean or sum: over all entries. mean_of_sums: the sum over the entries of a time step (or of an example without time
 * steps), and the mean of these sums. An evaluation reports the same over all its examples.
 */
export type EntryReduction = "mean" | "sum" | "mean_of_sums";

/** Squared difference of output and target. */
export interface NormalSquaredError {
  readonly type: "squared_error";
  readonly reduction: EntryReduction;
  readonly from: string;
  readonly target: string;
  readonly weight: number;
}

/** Absolute difference of output and target. */
export interface NormalAbsoluteError {
  readonly type: "absolute_error";
  readonly reduction: EntryReduction;
  readonly from: string;
  readonly target: string;
  readonly weight: number;
}

/** Half the squared difference up to `delta`, linear beyond it. */
export interface NormalHuber {
  readonly type: "huber";
  readonly reduction: EntryReduction;
  /** Absolute difference above which the loss is linear. */
  readonly delta: number;
  readonly from: string;
  readonly target: string;
  readonly weight: number;
}

/**
 * Connectionist temporal classification: the negative log-probability of the labels, summed over all alignments with
 * the outputs. Targets are labels [batch, labels] (integers), padded at the end with the blank.
 */
export interface NormalCtc {
  readonly type: "ctc";
  /**
   * Mean or sum over sequences, in an evaluation over all its examples. The loss of a sequence is not divided by its
   * number of labels.
   */
  readonly reduction: "mean" | "sum";
  /** Class id of the blank: 0 as in PyTorch and Keras, or "last" as in TensorFlow 1. */
  readonly blank: number | "last";
  /**
   * Set the loss and the gradient of a sequence with fewer steps than its labels need to 0. Such a loss is infinite
   * with false.
   */
  readonly zero_infinity: boolean;
  readonly from: string;
  readonly target: string;
  readonly weight: number;
}

/** Logarithm of the hyperbolic cosine of the difference: half its square near 0, its absolute value far from it. */
export interface NormalLogCosh {
  readonly type: "log_cosh";
  readonly reduction: EntryReduction;
  readonly from: string;
  readonly target: string;
  readonly weight: number;
}

/**
 * Quantile regression, with the pinball loss: for each target one output for each level, the outputs of a target next
 * to each other. Half of the targets are below an output of the level 0.5. Outputs of different levels may cross:
 * predictions sort them.
 */
export interface NormalQuantile {
  readonly type: "quantile";
  readonly reduction: EntryReduction;
  /** Fraction of the targets below each output. */
  readonly levels: readonly number[];
  readonly from: string;
  readonly target: string;
  readonly weight: number;
}

/**
 * Negative log-likelihood of a normal distribution of each target, without the constant log(2π) / 2. The first half of
 * the outputs are the means, the second half the logarithms of the variances.
 */
export interface NormalGaussianNll {
  readonly type: "gaussian_nll";
  readonly reduction: EntryReduction;
  readonly from: string;
  readonly target: string;
  readonly weight: number;
}

/**
 * Negative log-likelihood of a Student t distribution of each target, whose tails are heavier than those of a normal
 * one. The first third of the outputs are the centers, the second third the logarithms of the scales, the last third d
 * of the degrees of freedom 2 + softplus(d), which are above 2, so that the variance is finite.
 */
export interface NormalStudentTNll {
  readonly type: "student_t_nll";
  readonly reduction: EntryReduction;
  readonly from: string;
  readonly target: string;
  readonly weight: number;
}

/**
 * Negative log-likelihood of a Poisson distribution of counts, without the constant log(t!). Each output is the
 * logarithm of a mean. Counts are integers from 0, and are never scaled.
 */
export interface NormalPoissonNll {
  readonly type: "poisson_nll";
  readonly reduction: EntryReduction;
  readonly from: string;
  readonly target: string;
  readonly weight: number;
}

/**
 * Negative log-likelihood of a negative binomial distribution of counts, whose variance may be above the mean: mean +
 * mean² / r. The first half of the outputs are the logarithms of the means, the second half those of r. Counts are
 * integers from 0, and are never scaled.
 */
export interface NormalNegativeBinomialNll {
  readonly type: "negative_binomial_nll";
  readonly reduction: EntryReduction;
  readonly from: string;
  readonly target: string;
  readonly weight: number;
}

/**
 * Negative log-likelihood of a mixture of normal distributions of each target. The first third of the outputs are the
 * logits of the components, target by target, the second third their means, the last third the logarithms of their
 * standard deviations.
 */
export interface NormalMixtureDensity {
  readonly type: "mixture_density";
  readonly reduction: EntryReduction;
  /** Number of normal distributions for each target. */
  readonly components: number;
  readonly from: string;
  readonly target: string;
  readonly weight: number;
}

/**
 * Cross-entropy of logits, times a power of the probability of the other classes: rows with a probability near 1 hardly
 * change it. Targets are class ids.
 */
export interface NormalFocal {
  readonly type: "focal";
  readonly reduction: EntryReduction;
  /** Power; 0 is the cross-entropy. */
  readonly gamma: number;
  /**
   * Weight of each class, as that of cross_entropy: a factor of the loss of the rows of that class. The mean divides by
   * the number of entries, not by their weights.
   */
  readonly class_weights: readonly number[] | Readonly<Record<string, number>> | "balanced" | null;
  readonly from: string;
  readonly target: string;
  readonly weight: number;
}

/**
 * 1 minus the mean over the outputs of F1, with probabilities in place of predictions, so that it has a gradient. It is
 * computed over all rows of a batch at once: an output without a positive target in the batch has F1 0, so batches
 * should be large. An evaluation reports the mean over its batches.
 */
export interface NormalSoftF1 {
  readonly type: "soft_f1";
  readonly from: string;
  readonly target: string;
  readonly weight: number;
}

/**
 * Supervised contrastive loss: the outputs are an embedding, in which rows of the same class of a batch are to have the
 * same direction and others another. Targets are class ids. A row without another of its class in the batch does not
 * count. An evaluation reports the mean over its batches.
 */
export interface NormalContrastive {
  readonly type: "contrastive";
  /** Divisor of the similarities, which are cosines. */
  readonly temperature: number;
  readonly from: string;
  readonly target: string;
  readonly weight: number;
}

/**
 * A loss of your own. Short form: its name in `losses` as `type`, with its options as keys: `{ "type": "focal",
 * "gamma": 3 }`.
 */
export interface NormalCustomLoss {
  readonly type: "custom";
  /** Name of the loss in messages and reports. */
  readonly name: string;
  readonly definition: NormalLossDefinition;
  /** Options of the loss by name; those of its definition are the defaults. */
  readonly options: Readonly<Record<string, LossOption>>;
  readonly reduction: EntryReduction;
  /**
   * Weight of each class of a loss over classes, as that of cross_entropy: a factor of the loss of the rows of that
   * class. The mean divides by the number of entries, not by their weights.
   */
  readonly class_weights: readonly number[] | Readonly<Record<string, number>> | "balanced" | null;
  readonly from: string;
  readonly target: string;
  readonly weight: number;
}

/**
 * A loss as equations of y, the outputs of a row, and t, its targets. The compiler derives the gradient. The reduction
 * of a use is over all entries of `loss` at valid time steps; weights of the data are factors of them.
 */
export interface NormalLossDefinition {
  /** One sentence about the loss. */
  readonly description: string;
  /**
   * The loss's own options with their defaults: numbers, lists of numbers, true or false, or strings. A use of the loss
   * gives them next to `type`. Equations read a number by its name, and a list as a vector.
   */
  readonly options: Readonly<Record<string, LossOption>>;
  /**
   * Kind of the targets. numbers: t is [target_size], y the outputs. counts: the same of integers from 0, which are
   * never scaled. probabilities: t is [target_size], from 0 to 1, y the logits, before a final sigmoid. class: t is
   * [1], a class from 0, y the logits of the classes, before a final softmax; with `output_size` the outputs as they
   * are.
   */
  readonly target: "numbers" | "counts" | "probabilities" | "class";
  /**
   * Number of outputs that are no predictions of the targets, such as quantiles, the parameters of a distribution or an
   * embedding: a size, arithmetic over `target_size`, numeric options and the sizes of lists (`levels_size` of the
   * option `levels`), or "any". Predictions report them as they are. Default (null): one output for each target; of
   * class targets one for each class.
   */
  readonly output_size: SizeExpression | null;
  /**
   * row: the equations hold for each row of the batch, of sequences for each time step. batch: y, t, index and valid
   * are matrices with one row for each of those, and `loss` is one number. valid is 1 for a row, and 0 for a step past
   * the length of its sequence; index counts the rows.
   */
  readonly scope: "row" | "batch";
  /**
   * Equations from top to bottom. Each line assigns a name, or several at once. One of them is `loss`. They read `y`,
   * `t`, numeric options and lists, and the numbers `output_size` and `target_size`.
   */
  readonly equations: readonly string[];
  /** Other equations for each option and each value of it, as those of a cell. */
  readonly variants: Readonly<Record<string, Readonly<Record<string, NormalLossVariant>>>>;
}

/** A number, a list of numbers, true or false, or a string. */
export type LossOption = number | boolean | string | readonly number[];

/** Changes of a loss. */
export interface NormalLossVariant {
  /**
   * A list replaces all equations of the loss. An object replaces single equations: its keys are names that equations
   * assign, its values the new line or lines.
   */
  readonly equations: readonly string[] | Readonly<Record<string, string | readonly string[]>> | null;
}

/** A metric with its options. */
export type NormalMetric =
  | NormalMetricAccuracy
  | NormalMetricTopK
  | NormalMetricBinaryAccuracy
  | NormalMetricF1
  | NormalMetricPrecision
  | NormalMetricRecall
  | NormalMetricExactSequence
  | NormalMetricLabelErrorRate
  | NormalMetricPerplexity
  | NormalMetricBitsPerCharacter
  | NormalMetricRmse
  | NormalMetricMae
  | NormalMetricSmape
  | NormalMetricMape
  | NormalMetricWape
  | NormalMetricMase
  | NormalMetricPinball
  | NormalMetricCrps
  | NormalMetricCoverage
  | NormalMetricCustom;

/** Fraction of entries whose largest output is the target class. */
export interface NormalMetricAccuracy {
  readonly type: "accuracy";
  readonly output: string;
}

/**
 * Fraction of entries whose target class is among the k largest outputs, as TensorFlow's in_top_k: classes that tie
 * with the k-th are among them. Reported as top_<k>_accuracy.
 */
export interface NormalMetricTopK {
  readonly type: "top_k";
  /** Number of largest outputs to consider. */
  readonly k: number;
  readonly output: string;
}

/** Fraction of outputs on the same side of 0.5 as the target. */
export interface NormalMetricBinaryAccuracy {
  readonly type: "binary_accuracy";
  readonly output: string;
}

/** Harmonic mean of precision and recall of each class, averaged over the classes that occur (macro F1). */
export interface NormalMetricF1 {
  readonly type: "f1";
  readonly output: string;
}

/** Fraction of the predictions of a class that are correct, averaged over the classes that occur. */
export interface NormalMetricPrecision {
  readonly type: "precision";
  readonly output: string;
}

/** Fraction of the targets of a class that are predicted, averaged over the classes that occur. */
export interface NormalMetricRecall {
  readonly type: "recall";
  readonly output: string;
}

/**
 * Fraction of sequences that are correct at every valid step. With ctc: of sequences whose greedy decoding equals the
 * labels.
 */
export interface NormalMetricExactSequence {
  readonly type: "exact_sequence";
  readonly output: string;
}

/**
 * Edit distance (insertions, deletions, substitutions) from the greedy ctc decoding to the labels, divided by the
 * number of labels.
 */
export interface NormalMetricLabelErrorRate {
  readonly type: "label_error_rate";
  readonly output: string;
}

/**
 * Exponential of the mean cross-entropy, weighted by the data's weights; without label smoothing, class weights and
 * penalties.
 */
export interface NormalMetricPerplexity {
  readonly type: "perplexity";
  readonly output: string;
}

/** Mean cross-entropy per step in bits; otherwise as perplexity. */
export interface NormalMetricBitsPerCharacter {
  readonly type: "bits_per_character";
  readonly output: string;
}

/**
 * Square root of the mean squared error. In the units of the loss: with a scale those of the scaled targets. Of
 * quantiles the median is the forecast, of a distribution the mean.
 */
export interface NormalMetricRmse {
  readonly type: "rmse";
  readonly output: string;
}

/**
 * Mean absolute error. In the units of the loss: with a scale those of the scaled targets. Of quantiles the median is
 * the forecast, of a distribution the mean.
 */
export interface NormalMetricMae {
  readonly type: "mae";
  readonly output: string;
}

/**
 * Symmetric relative error in percent, 0 where the forecast and the target are 0. In the units of the data, without
 * scaling. Of quantiles the median is the forecast, of a distribution the mean.
 */
export interface NormalMetricSmape {
  readonly type: "smape";
  readonly output: string;
}

/**
 * Relative error in percent. Targets of 0 are left out. In the units of the data, without scaling. Of quantiles the
 * median is the forecast, of a distribution the mean.
 */
export interface NormalMetricMape {
  readonly type: "mape";
  readonly output: string;
}

/**
 * Sum of the absolute errors in percent of that of the targets. In the units of the data, without scaling. Of quantiles
 * the median is the forecast, of a distribution the mean.
 */
export interface NormalMetricWape {
  readonly type: "wape";
  readonly output: string;
}

/**
 * Absolute error, divided by that of the seasonal naive forecast on the rows of the training split of its series: below
 * 1 is better than the value one season before. Values that the file lacks, and that are filled, are left out. A series
 * without a season of such rows, or without a change in them, is left out. For other data than that of the training,
 * all rows of a series count as its training split. Of quantiles the median is the forecast, of a distribution the
 * mean.
 */
export interface NormalMetricMase {
  readonly type: "mase";
  /** Rows of a season. Default (null): that of the data; 1 compares with the last value. */
  readonly season: number | null;
  readonly output: string;
}

/** Mean of the quantile loss over the levels. In the units of the data, without scaling. */
export interface NormalMetricPinball {
  readonly type: "pinball";
  readonly output: string;
}

/**
 * Continuous ranked probability score: the absolute error of a forecast that is a distribution. Of quantiles twice the
 * mean of the quantile loss, of gaussian_nll and mixture_density the integral. In the units of the data, without
 * scaling.
 */
export interface NormalMetricCrps {
  readonly type: "crps";
  readonly output: string;
}

/**
 * Fraction of the targets within the central interval of a forecast, ends included: the interval 0.8 is from the level
 * 0.1 to 0.9. A calibrated forecast has the interval itself.
 */
export interface NormalMetricCoverage {
  readonly type: "coverage";
  /** Probability of the interval. The levels of a quantile loss have its two ends. */
  readonly interval: number;
  readonly output: string;
}

/**
 * A metric of your own as equations of y, the outputs of a row, and t, its targets, as those of a loss: y is what the
 * loss of the output reads, logits for classes and probabilities. An evaluation reports the mean of all entries of
 * `metric` at valid time steps. Short form: an entry of `metrics` as an object, whose key is the name.
 */
export interface NormalMetricCustom {
  readonly type: "custom";
  /** Name under which the metric is reported. */
  readonly name: string;
  /** One sentence about the metric. */
  readonly description: string;
  /**
   * Numbers, which equations read by their names, and lists of numbers, which are vectors; the number `levels_size` is
   * the length of a list `levels`.
   */
  readonly options: Readonly<Record<string, MetricOption>>;
  /**
   * Equations from top to bottom. Each line assigns a name, or several at once. One of them is `metric`. They read `y`,
   * `t`, the options and the numbers `output_size` and `target_size`.
   */
  readonly equations: readonly string[];
  /** Value of all entries: their mean, the square root of the mean, or its exponential. */
  readonly reduce: "mean" | "root_mean" | "exp_mean";
  /** Better values: smaller or larger ones, for early stopping, the best weights and schedules. */
  readonly mode: "min" | "max";
  readonly output: string;
}

/** A number, or a list of numbers. */
export type MetricOption = number | readonly number[];

/** Length of the training, batches, checkpoints and evaluations. Give `steps` or `epochs`; default: 10 epochs. */
export interface NormalTrain {
  /** Number of updates; 0 writes the model of the initial weights, such as those of `--init`. */
  readonly steps: number | null;
  /** Number of passes through the data. Default: 10 if `steps` is not given either. */
  readonly epochs: number | null;
  /**
   * Examples in one update; "all"; or "largest", which is all examples or the largest power of two that fits into
   * memory. The size found for "largest" is recorded with the run and kept on --resume.
   */
  readonly batch_size: number | "all" | "largest";
  /**
   * "low" uses gradient checkpointing (T. Chen et al., 2016): recurrent layers store the states of every √steps-th step
   * only, and recompute the steps between them in the backward pass. It needs a fraction of the memory for long
   * sequences and about a third more time; results are equal up to rounding. For sequences of one length.
   */
  readonly memory: "normal" | "low";
  /**
   * "float16" computes the training step in float16 where that is safe, for GPUs with fast float16 products, in half
   * the memory. Parameters, optimizer state, loss and metrics stay float32, as do evaluation and exported models. An
   * object sets the scale of the loss.
   */
  readonly precision: "float32" | NormalMixedPrecision;
  /**
   * Number of micro-batches whose gradients are accumulated for one update: the same update with the memory of one
   * micro-batch. batch_size is the number of examples of an update, a multiple of this. "auto" uses the fewest
   * micro-batches that fit into memory.
   */
  readonly accumulate: number | "auto";
  /** Shuffle the examples in each epoch. Default: true, or false with stateful layers. */
  readonly shuffle: boolean;
  /** Updates in one call of the session; "auto" measures the best number. The results do not depend on it. */
  readonly steps_per_call: number | "auto";
  /**
   * Data parallelism across the processes that an MPI launcher starts (`mpirun -n 4 rnnx train …`). No effect with one
   * process.
   */
  readonly distributed: { readonly sync: "step" } | { readonly average_every: number };
  /** Updates between checkpoints. With 0 only the last is saved. */
  readonly checkpoint_every: number;
  /** Number of recent checkpoints to keep. The best one is kept too (keep_best). */
  readonly keep_last: number;
  /** Updates between checkpoints that are never deleted, in addition to those of checkpoint_every. With 0 none are. */
  readonly keep_every: number;
  readonly sample: NormalSample | null;
  /**
   * Updates between evaluations. Default (null): one epoch in a run of epochs; in a run of steps about 20 evaluations,
   * at least 100 updates apart and at ends of epochs.
   */
  readonly evaluate_every: number | null;
  /** Stop training when a metric of the validation split has stopped improving. */
  readonly early_stopping: {
    readonly metric: string;
    /** Consecutive evaluations without improvement before the run stops. */
    readonly patience: number;
    /** Minimum change that counts as an improvement. */
    readonly minimum_delta: number;
    readonly mode: WatchedMode;
  } | null;
  /**
   * Restore the weights of the best evaluation on the validation split at the end, and keep their checkpoint. Default:
   * on if there is a validation split, with the metric of early_stopping, else the loss. null: keep the last weights.
   */
  readonly keep_best: {
    readonly metric: string;
    readonly mode: WatchedMode;
  } | null;
}

/** Mixed precision of float16 and float32, with a scale for the loss. */
export interface NormalMixedPrecision {
  readonly type: "float16";
  /**
   * Factor of the loss before differentiation, which keeps small gradients from underflow in float16; the gradients are
   * divided by it. A number is constant; an object is the start of a dynamic scale.
   */
  readonly loss_scale: number | NormalDynamicLossScale;
}

/**
 * A scale that is halved when a gradient is not finite (that update is skipped), and doubled after a number of finite
 * updates.
 */
export interface NormalDynamicLossScale {
  /** Scale of the first update. Powers of two cause no rounding. */
  readonly initial: number;
  /** Consecutive updates with finite gradients before the scale doubles. */
  readonly growth_interval: number;
}

/** Text generated during training with the current weights. For text data and models that read forward only. */
export interface NormalSample {
  /** Updates between samples. */
  readonly every: number;
  /** Start of the text. Default: the first unit of the training text. */
  readonly prompt: string;
  /** Units to generate after the prompt. */
  readonly length: number;
  /** Divisor of the logits. Below 1 likely units become likelier; 0 always takes the most likely one. */
  readonly temperature: number;
}

/**
 * Direction of improvement: smaller (min) or larger (max) values. Default: the direction of the metric, max for
 * accuracy or F1.
 */
export type WatchedMode = "min" | "max";
