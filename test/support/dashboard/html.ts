/** Text and markup. */

/** Text as it stands in markup and in attributes. */
export function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}

/** A coordinate with as many digits as a screen shows. */
export const px = (value: number): string => String(Number(value.toFixed(1)));

export type Box = { width: number; height: number };

/** How wide a text of this font size will be, roughly: nobody measures it here. */
export const textWidth = (text: string, fontPx: number): number => text.length * fontPx * 0.56;
