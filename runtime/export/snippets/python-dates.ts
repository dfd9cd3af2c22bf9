/** The dates of fields in Python, by the formats of specs. */
import { composedDirectives } from "../../../schema/kinds/date-format.js";
import { directivePatterns } from "../../data/formats/date-values.js";

/** The Python function `date(field, format)`; it needs re, datetime and timedelta. */
export function pythonDates(): string {
  return `directives = ${JSON.stringify(directivePatterns)}


def date(field, format):
    """The date and time of a field, as it is written; ISO 8601 without a format."""
    if isinstance(field, datetime):
        return field
    if format is None:
        return datetime.fromisoformat(field)
    for letter, long in ${JSON.stringify(composedDirectives)}.items():
        format = format.replace("%" + letter, long)
    pattern = ""
    for piece in re.findall(r"%.|[^%]+", format):
        if piece[0] == "%" and piece != "%%":
            pattern += f"(?P<{piece[1]}>{directives[piece[1]]})"
        else:
            pattern += r"\\s+".join(map(re.escape, re.split(r"\\s+", piece.replace("%%", "%"))))
    found = re.fullmatch(pattern, field, re.A | re.I)
    if found is None:
        raise SystemExit(f"{field!r} is no date of the format {format}.")
    parts = found.groupdict()
    if "s" in parts:
        return datetime(1970, 1, 1) + timedelta(seconds=float(parts["s"]))
    short = int(parts.get("y", 70))
    year = int(parts.get("Y", short + (2000 if short < 69 else 1900)))
    month = int(parts.get("m", 3 * int(parts.get("q", 1)) - 2))
    name = parts.get("b") or parts.get("B")
    if name is not None:
        month = "jan feb mar apr may jun jul aug sep oct nov dec".split().index(name[:3].lower()) + 1
    if "V" in parts:
        day = datetime.fromisocalendar(int(parts["G"]), int(parts["V"]), 1)  # A week is its Monday.
    elif "j" in parts:
        day = datetime(year, 1, 1) + timedelta(days=int(parts["j"]) - 1)
        if day.year != year:
            raise SystemExit(f"{field!r} is no date of the format {format}.")
    else:
        day = datetime(year, month, int(parts.get("d", 1)))
    hour = int(parts.get("H", 0))
    if "I" in parts:
        hour = int(parts["I"]) % 12 + 12 * parts["p"].lower().startswith("p")
    day = day.replace(hour=hour, minute=int(parts.get("M", 0)), second=int(parts.get("S", 0)))
    if "z" in parts:
        day = day.replace(tzinfo=datetime.strptime(parts["z"].upper(), "%z").tzinfo)
    return day + timedelta(seconds=float("0." + parts.get("f", "0")))`;
}
