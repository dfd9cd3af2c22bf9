/** Rows in order of time and values in place of missing ones in Python, as a table has them. */

/**
 * The Python function `with_all_rows(series)`: by name of a series, its rows in order of time with those that it skips, and
 * with repeated or interpolated values. It needs the names of the forecaster's program.
 */
export function pythonGaps(): string {
  return `def steps_between(before, after):
    """Steps of the training between two times."""
    unit, count = time["step"]["unit"], time["step"]["count"]
    if unit in ("month", "month_end"):
        return (12 * (after.year - before.year) + after.month - before.month) / count
    return (after - before) / (timedelta(milliseconds=count) if unit == "time" else count)


def later(moment, steps):
    """The time some steps of the training later."""
    unit, count = time["step"]["unit"], steps * time["step"]["count"]
    if unit not in ("month", "month_end"):
        return moment + (timedelta(milliseconds=count) if unit == "time" else count)
    month = 12 * moment.year + moment.month - 1 + count
    end = (datetime((month + 1) // 12, (month + 1) % 12 + 1, 1) - timedelta(days=1)).day
    day = end if unit == "month_end" else min(moment.day, end)
    return moment.replace(year=month // 12, month=month % 12 + 1, day=day)


def fill_values(own, moments, added):
    """Replaces missing values by those of the row before, or by values between those of the neighbors in time."""
    for name in [name for name in {*columns, *known} if name in own[0]]:
        kind = kinds.get(name, {})
        values = [number(row, name) for row in own]
        present = [place for place, value in enumerate(values) if not np.isnan(value)]
        for place, row in enumerate(own):
            policy = kind.get("missing") or data["missing"]
            if place in added and policy in ("error", "drop"):
                policy = data["missing"]
            value, at = values[place], int(np.searchsorted(present, place))
            row[f"{name} (missing)"] = float(np.isnan(value))
            if np.isnan(value) and policy in ("previous", "interpolate") and at > 0:
                before = present[at - 1]
                value = values[before]
                if policy == "interpolate" and kind.get("type", "number") == "number" and at < len(present):
                    after = present[at]
                    share = (moments[place] - moments[before]) / (moments[after] - moments[before])
                    value += share * (values[after] - value)
            row[name] = value


def with_all_rows(series):
    """The rows of each series in order of time, with those that it skips where the model was trained with them."""
    moments = {name: list(range(len(own))) for name, own in series.items()}
    if time is not None:
        read = (lambda field: date(field, time["notation"]["format"])) if time["notation"]["isDate"] else float
        for name, own in series.items():
            own.sort(key=lambda row: read(row[time["column"]]))
            moments[name] = [read(row[time["column"]]) for row in own]
            if len({*moments[name]}) < len(own):
                raise SystemExit(f"A series has two rows of one time{': ' if name else ''}{', '.join(name)}.")
    is_filled = time is not None and time["step"] is not None and data["missing"] in ("previous", "interpolate")
    steps = [steps_between(*pair) for own in moments.values() for pair in zip(own, own[1:])] if is_filled else []
    others = sum(step != 1 for step in steps)
    # Rows with times off the step, or mostly of another step, are counted as they are.
    is_filled = is_filled and all(abs(step - round(step)) < 1e-6 for step in steps) and (len(steps) < 3 or 2 * others <= len(steps))
    result = {}
    for name, own in series.items():
        rows, times, added = [], [], set()
        for row, moment in zip(own, moments[name]):
            skipped = round(steps_between(times[-1], moment)) - 1 if is_filled and times else 0
            for before, step in [(times[-1], step) for step in range(1, skipped + 1)] if times else []:
                added.add(len(rows))
                times.append(later(before, step))
                rows.append({**rows[-1], **{key: "" for key in {*columns, *known} if key in row}, time["column"]: times[-1]})
            rows.append(row)
            times.append(moment)
        fill_values(rows, times, added)
        result[name] = rows
    return result`;
}
