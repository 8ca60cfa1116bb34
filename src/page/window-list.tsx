import type { ComponentChildren, TargetedKeyboardEvent } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { useOwnId } from "./hooks.ts";
import { rowAfter, rowsInView, scrollTo } from "./windowing.ts";

/** As in the style sheet. */
const ROW_HEIGHT = 52;
const MOST_ROWS = 9;

interface WindowListProps {
  readonly label: string;
  readonly count: number;
  readonly keyOf: (index: number) => string;
  readonly row: (index: number) => ComponentChildren;
  /** -1: none. */
  readonly selected: number;
  readonly onSelect: (index: number, isPointedAt: boolean) => void;
}

/** A list of any length of which only what is in view is in the document; one row is selected. */
export function WindowList({ label, count, keyOf, row, selected, onSelect }: WindowListProps) {
  const id = useOwnId();
  const box = useRef<HTMLDivElement>(null);
  // A row, not a pixel: the list is drawn anew only when other rows come into view.
  const [topRow, setTopRow] = useState(0);
  const height = Math.min(count, MOST_ROWS) * ROW_HEIGHT;
  const { first, end } = rowsInView(count, { rowHeight: ROW_HEIGHT, scrollTop: topRow * ROW_HEIGHT, height });
  const follow = () => setTopRow(Math.floor((box.current?.scrollTop ?? 0) / ROW_HEIGHT));
  // A list that became shorter has been scrolled by the browser.
  useEffect(follow, [count]);

  const onKeyDown = (event: TargetedKeyboardEvent<HTMLDivElement>) => {
    const { key, ctrlKey, altKey, metaKey } = event;
    const to = ctrlKey || altKey || metaKey ? undefined : rowAfter(key, selected, count, MOST_ROWS - 1);
    if (to === undefined) return;
    event.preventDefault();
    const { currentTarget } = event;
    const { scrollTop, clientHeight } = currentTarget;
    currentTarget.scrollTop = scrollTo(to, { rowHeight: ROW_HEIGHT, scrollTop, height: clientHeight });
    follow();
    onSelect(to, false);
  };

  const isDrawn = selected >= first && selected < end;
  return (
    <div
      ref={box}
      class="list"
      role="listbox"
      aria-label={label}
      tabIndex={0}
      aria-activedescendant={isDrawn ? `${id}-${selected}` : undefined}
      style={{ height: `${height}px` }}
      onScroll={follow}
      onKeyDown={onKeyDown}
    >
      <div role="presentation" style={{ height: `${count * ROW_HEIGHT}px` }}>
        <div role="presentation" style={{ transform: `translateY(${first * ROW_HEIGHT}px)` }}>
          {Array.from({ length: end - first }, (_, offset) => {
            const index = first + offset;
            return (
              <div
                key={keyOf(index)}
                id={`${id}-${index}`}
                class="row"
                role="option"
                aria-selected={index === selected}
                aria-setsize={count}
                aria-posinset={index + 1}
                onClick={() => onSelect(index, true)}
              >
                {row(index)}
              </div>
            );
          })}
        </div>
      </div>
    </div>
  );
}
