/** Values in words, as Grafana's units do it. */

const KILO = ["", " K", " Mil", " Bil"];

/** A value with its unit; `decimals` left out: as many as it needs. */
export function formatValue(value: number, unit = "short", decimals?: number | null, nowMs = Date.now()): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "+Inf" : "-Inf";
  switch (unit) {
    case "s":
      return duration(value, decimals);
    case "ms":
      return duration(value / 1_000, decimals);
    case "percentunit":
      return `${rounded(value * 100, decimals)}%`;
    case "percent":
      return `${rounded(value, decimals)}%`;
    case "dateTimeFromNow":
      return value === 0 ? "never" : fromNow(value, nowMs);
    case "dateTimeAsIso":
    case "dateTimeAsSystem":
      return new Date(value).toISOString().replace("T", " ").slice(0, 19);
    case "none":
    case "string":
      return rounded(value, decimals);
    default:
      return scaled(value, unit, decimals);
  }
}

function duration(seconds: number, decimals?: number | null): string {
  const size = Math.abs(seconds);
  if (size === 0) return `${rounded(0, decimals)} s`;
  if (size < 0.001) return `${rounded(seconds * 1e6, decimals)} µs`;
  if (size < 1) return `${rounded(seconds * 1e3, decimals)} ms`;
  if (size < 60) return `${rounded(seconds, decimals)} s`;
  if (size < 3_600) return `${rounded(seconds / 60, decimals)} min`;
  if (size < 86_400) return `${rounded(seconds / 3_600, decimals)} hour`;
  return `${rounded(seconds / 86_400, decimals)} day`;
}

function fromNow(atMs: number, nowMs: number): string {
  const seconds = Math.round((nowMs - atMs) / 1_000);
  const size = Math.abs(seconds);
  const words =
    size < 45
      ? "a few seconds"
      : size < 90
        ? "a minute"
        : size < 2_700
          ? `${Math.round(size / 60)} minutes`
          : size < 5_400
            ? "an hour"
            : size < 79_200
              ? `${Math.round(size / 3_600)} hours`
              : `${Math.round(size / 86_400)} days`;
  return seconds < 0 ? `in ${words}` : `${words} ago`;
}

function scaled(value: number, unit: string, decimals?: number | null): string {
  let power = 0;
  let rest = value;
  while (Math.abs(rest) >= 1_000 && power < KILO.length - 1) {
    rest /= 1_000;
    power += 1;
  }
  // What Grafana does not know it writes behind the value.
  const suffix = unit === "short" ? "" : ` ${unit.replace(/^suffix:\s*/, "")}`;
  return `${rounded(rest, decimals)}${KILO[power]}${suffix}`;
}

/** Three significant digits, unless the number of decimals is given. */
function rounded(value: number, decimals?: number | null): string {
  if (decimals != null) return value.toFixed(decimals);
  const digits = value === 0 ? 0 : Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))));
  return String(Number(value.toFixed(Math.min(digits, 6))));
}
