/** Follows the theme of the Control UI and, until it says one, that of the browser. */
export function followTheme(): void {
  const root = document.documentElement;
  const dark = matchMedia("(prefers-color-scheme: dark)");
  let isSaid = false;
  const set = (mode: "light" | "dark") => root.setAttribute("data-theme", mode);
  const byBrowser = () => {
    if (!isSaid) set(dark.matches ? "dark" : "light");
  };
  byBrowser();
  dark.addEventListener("change", byBrowser);
  addEventListener("message", ({ source, data }: MessageEvent<unknown>) => {
    const mode = source === window.parent ? modeOf(data) : undefined;
    if (mode === undefined) return;
    isSaid = true;
    set(mode);
  });
}

function modeOf(data: unknown): "light" | "dark" | undefined {
  if (typeof data !== "object" || data === null || !("type" in data) || !("mode" in data)) return undefined;
  if (data.type !== "openclaw:widget-theme") return undefined;
  return data.mode === "light" || data.mode === "dark" ? data.mode : undefined;
}
