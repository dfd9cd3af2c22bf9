/** The Python program of a forecaster: from the rows of a CSV file to the forecast of each of its series. */
import { hasPointForecast, isProbabilistic } from "../../../schema/kinds/forecasts.js";
import { predictsOwnRow } from "../../../schema/kinds/horizon.js";
import type { NormalLoss, NormalSpec, NormalTableData } from "../../../schema/normal/index.js";
import { packageVersion } from "../../../schema/package-root.js";
import { forecastSuffixes } from "../forecast-names.js";
import type { TrainedModel } from "../source-run.js";
import { pythonDates } from "./python-dates.js";
import { pythonGaps } from "./python-gaps.js";

/** Null for a model of other data, of several outputs, or without a forecast of numbers. @param model its file's name. */
export function forecasterSnippet(trained: TrainedModel, model: string): string | null {
  const forecaster = forecasterOf(trained);
  if (forecaster === null || !hasNamedColumns(forecaster.data)) return null;
  return program(trained.spec, forecaster.loss, model);
}

/** The notice of a forecaster without a program. */
export function forecasterNotices(trained: TrainedModel): readonly string[] {
  const forecaster = forecasterOf(trained);
  if (forecaster === null || hasNamedColumns(forecaster.data)) return [];
  return ["No program .forecast.py is written: it finds columns by the names in the first row of a file."];
}

function forecasterOf({ spec: { data, losses }, metadata }: TrainedModel) {
  const [loss, ...others] = losses;
  if (data.type !== "table" || metadata.type !== "table" || loss === undefined || others.length > 0) return null;
  const isForecast = isProbabilistic(loss) || hasPointForecast(loss);
  return data.window === null || predictsOwnRow(data) || !isForecast ? null : { data, loss };
}

/** True for a file whose first row has the names of all columns that the program reads. */
function hasNamedColumns({ header, columns, group, time, target }: NormalTableData): boolean {
  const named = [columns, group, target].every((list) => (Array.isArray(list) ? list : []).every(isText));
  return header !== false && header !== "comment" && named && (time === null || isText(time.column));
}

function isText(name: unknown): boolean {
  return typeof name === "string";
}

function program({ name }: NormalSpec, loss: NormalLoss, model: string): string {
  const isForecast = isProbabilistic(loss);
  return `# Forecasts of ${model}, the model ${name} exported by rnnx ${packageVersion()}, for the series of a CSV file.
# Run: python ${model.replace(/\.onnx$/i, ".forecast.py")} history.csv
# Requires: pip install onnxruntime numpy
import csv
import json
import re
import sys
from datetime import datetime, timedelta
from itertools import chain
from pathlib import Path

import numpy as np
import onnxruntime as ort

# A fault is one line, with exit status 1.
sys.excepthook = lambda kind, fault, trace: print(f"{kind.__name__}: {fault}", file=sys.stderr)
session = ort.InferenceSession(Path(__file__).with_name(${JSON.stringify(model)}))
metadata = {key[5:]: value for key, value in session.get_modelmeta().custom_metadata_map.items()}
data = json.loads(metadata["spec"])["data"]
columns, target = json.loads(metadata["data.columns"]), json.loads(metadata["data.target"])
known, ids, fill = (json.loads(metadata.get("data." + key, "{}")) for key in ("known_future", "ids", "fill"))
kinds = data["columns"] if isinstance(data["columns"], dict) else {}
window, horizon = data["window"], data["horizon"]
time = None if data["time"] is None else json.loads(metadata["data.time"])
# The file ends with the rows to be predicted, if columns are known ahead.
ahead = 0 if data["known_future"] is None else max(horizon)


${pythonDates()}


def number(row, column):
    """The number of a field; NaN for a missing one."""
    kind, field = kinds.get(column, {}), row[column]
    if isinstance(field, float):
        return field
    if kind.get("type") == "boolean":
        spellings = dict.fromkeys("false no n f off 0".split(), 0.0) | dict.fromkeys("true yes y t on 1".split(), 1.0)
        for value in ("false", "true"):
            spellings |= {text.strip().lower(): float(value == "true") for text in kind[value] or []}
        if field.lower() in spellings:
            return spellings[field.lower()]
    field = field.replace(kind.get("unit") or "\\0", "").strip()
    if field.lower() in ("", "na", "n/a", "nan", "null", "none"):
        return float("nan")
    decimal, thousands = (data[mark] if kind.get(mark) is None else kind[mark] for mark in ("decimal", "thousands"))
    group = {" ": "[ \\u00a0\\u202f]", "'": "['’]"}.get(thousands, re.escape(thousands or ""))
    digits = rf"(?:[1-9]\\d{{0,2}}(?:{group}\\d{{3}})+|\\d+)" if thousands else r"\\d+"
    point = re.escape(decimal)
    if not re.fullmatch(rf"[+-]?(?:{digits}(?:{point}\\d*)?|{point}\\d+)(?:e[+-]?\\d+)?", field, re.A | re.I):
        raise SystemExit(f"Column {column} has {row[column]!r}, which is not a number with the marks of the model.")
    return float(re.sub(group, "", field).replace(decimal, "."))


def feature(row, name):
    """A column of the inputs: a number, or 1 where it is missing."""
    if name.endswith(" (missing)") and name not in row:
        return float(np.isnan(number(row, name[: -len(" (missing)")])))
    value = number(row, name)
    if np.isnan(value) and name not in fill:
        raise SystemExit(f"Column {name} has no value in {row}.")
    return fill[name] if np.isnan(value) else value


def id_of(row, name):
    """The id of a category, or of a calendar feature of a date."""
    column = ids[name]
    field = row[column["column"]]
    if "categories" in column:
        categories = [text.strip() for text in column["categories"]]
        # After the categories come the ids of an empty field and of other values.
        return categories.index(field) if field in categories else len(categories) + (field != "")
    day = date(field, kinds[column["column"]]["format"])
    features = {"minute": day.minute, "hour": day.hour, "weekday": day.weekday(), "day": day.day - 1}
    features |= {"day_of_year": day.timetuple().tm_yday - 1, "month": day.month - 1, "quarter": (day.month - 1) // 3}
    return features[column["feature"]]


${pythonGaps()}


if len(sys.argv) != 2:
    raise SystemExit(f"Usage: python {Path(__file__).name} FILE.csv")
path = Path(sys.argv[1])
with path.open(encoding="utf-8-sig", newline="") as file:
    lines = (line for line in file if not (data["comment"] and line.startswith(data["comment"])))
    delimiter = data["delimiter"] or ("\\t" if path.suffix == ".tsv" else ",")
    first = next(lines, "")
    separator = re.fullmatch(r'"?sep=(.)"?', first.rstrip("\\r\\n"), re.I)
    if separator and not data["delimiter"] and separator[1] != delimiter:
        raise SystemExit(f"{path} has fields separated by {separator[1]!r}, not by {delimiter!r}.")
    reader = csv.reader(lines if separator else chain([first], lines), delimiter=delimiter, skipinitialspace=True)
    header, *rows = ([field.strip() for field in row] for row in reader if len(row) > 1 or "".join(row).strip())
while len(header) > 1 and rows and not any(rows[-1]):
    rows.pop()  # A line of separators alone.
# Columns of one name have their places in their names.
header = [name if header.count(name) == 1 else f"{name} (column {place})" for place, name in enumerate(header, 1)]
wanted = {*columns, *known, *(data["group"] or []), *(column["column"] for column in ids.values())}
absent = [name for name in wanted if name not in header and name.removesuffix(" (missing)") not in header]
if absent:
    raise SystemExit(f"{path} has no column {', '.join(sorted(absent))}.")
rows = [dict(zip(header, row)) for row in rows]
if data["reverse"]:
    rows.reverse()
series = {}
for row in rows:
    series.setdefault(tuple(row[name] for name in data["group"] or []), []).append(row)
series = with_all_rows(series)
names, past, future = [], [], []
for name, own in series.items():
    last = len(own) - ahead
    if last >= window:
        names.append(name)
        past.append(own[last - window : last])
        future.append([own[last - 1 + step] for step in horizon] if ahead else [])

feeds = {"inputs": np.array([[[feature(row, name) for name in columns] for row in rows] for rows in past], np.float32)}
for name in ids:
    feeds[name] = np.array([[id_of(row, name) for row in rows] for rows in past], np.int32)
if ahead:
    feeds["future"] = np.array([[[feature(row, name) for name in known] for row in rows] for rows in future], np.float32)
    for name in ids:
        if "feature" in ids[name] or ids[name]["column"] in data["known_future"]:
            feeds["future." + name] = np.array([[id_of(row, name) for row in rows] for rows in future], np.int32)
if data["static"] is not None:
    names_of = json.loads(metadata["data.static"])
    feeds["static"] = np.array([[feature(rows[0], name) for name in names_of] for rows in past], np.float32)
    for name in (name for name in ids if ids[name]["column"] in data["static"]):
        feeds["static." + name] = np.array([id_of(rows[0], name) for rows in past], np.int32)
if data["scale"] is not None and data["scale"]["per"] == "series":
    known_series = [tuple(text.strip() for text in name) for name in json.loads(metadata["data.series"])["names"]]
    for name in names:
        if name not in known_series:
            raise SystemExit(f"The model was not trained on the series {', '.join(name)}.")
    feeds["series_id"] = np.array([known_series.index(name) for name in names], np.int32)
(values,) = session.run(["${isForecast ? "forecasts" : "outputs"}"], {port.name: feeds[port.name] for port in session.get_inputs()})
if values.ndim == ${isForecast ? 4 : 3}:
    values = values[:, -1]  # Those of the last step.
write = csv.writer(sys.stdout, lineterminator="\\n").writerow
write([*(data["group"] or []), "step", ${isForecast ? `*(name + suffix for name in target for suffix in ${JSON.stringify(forecastSuffixes(loss))})` : "*target"}])
for name, forecast in zip(names, values.reshape(len(names), len(horizon), -1).tolist()):
    for step, numbers in zip(horizon, forecast):
        write([*name, step, *numbers])
`;
}
