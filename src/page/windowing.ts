/** Which rows of a list are in the document: those in view and some around them. */
interface RowWindow {
  readonly first: number;
  /** Behind the last. */
  readonly end: number;
}

/** Rows before and behind what is in view: what one turn of a wheel shows. */
const MARGIN = 8;

export function rowsInView(
  count: number,
  { rowHeight, scrollTop, height }: { rowHeight: number; scrollTop: number; height: number },
): RowWindow {
  const inView = Math.ceil(height / rowHeight) + 1;
  // A list that has become shorter keeps its place for a moment.
  const top = Math.min(Math.max(0, Math.floor(scrollTop / rowHeight)), Math.max(0, count - inView));
  return { first: Math.max(0, top - MARGIN), end: Math.min(count, top + inView + MARGIN) };
}

/** Where to scroll to so that row `index` is in view; the same place when it is. */
export function scrollTo(
  index: number,
  { rowHeight, scrollTop, height }: { rowHeight: number; scrollTop: number; height: number },
): number {
  const top = index * rowHeight;
  if (top < scrollTop) return top;
  return top + rowHeight > scrollTop + height ? top + rowHeight - height : scrollTop;
}

/** Which row a key leads to; `undefined`: this key means nothing here. */
export function rowAfter(key: string, index: number, count: number, page: number): number | undefined {
  const wanted: Readonly<Record<string, number>> = {
    ArrowDown: index + 1,
    ArrowUp: index - 1,
    PageDown: index + page,
    PageUp: index - page,
    Home: 0,
    End: count - 1,
  };
  const to = Object.hasOwn(wanted, key) ? wanted[key] : undefined;
  return to === undefined || count === 0 ? undefined : Math.min(count - 1, Math.max(0, to));
}
