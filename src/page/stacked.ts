export interface Part<Name extends string> {
  readonly name: Name;
  readonly count: number;
  readonly x: number;
  readonly width: number;
}

/** Narrower parts could not be seen. */
const NARROWEST = 4;

/** Counts as the parts of one bar that is `width` wide; none without counts. What occurred at all can be seen. */
export function stacked<Name extends string>(
  counts: readonly (readonly [Name, number])[],
  width: number,
): Part<Name>[] {
  const occurred = counts.filter(([, count]) => count > 0);
  const sum = occurred.reduce((total, [, count]) => total + count, 0);
  const spare = width - NARROWEST * occurred.length;
  if (occurred.length === 0 || spare < 0) return [];
  let x = 0;
  return occurred.map(([name, count]) => {
    const part = { name, count, x, width: NARROWEST + (spare * count) / sum };
    x += part.width;
    return part;
  });
}
