/** What a gateway's log must not say: Node's warnings, rejections that nobody handled. */

const COMPLAINT =
  /^\(node:\d+\) (?!ExperimentalWarning)|unhandled (promise )?rejection|uncaught exception|suppressed AbortError/i;
const STACK_LINE = /^\s+at /;

/** Each with its stack. */
export function complaintsIn(log: string): string[] {
  const lines = log.split("\n");
  return lines.flatMap((line, index) => {
    if (!COMPLAINT.test(line)) return [];
    const stack = lines.slice(index + 1);
    const end = stack.findIndex((next) => !STACK_LINE.test(next));
    return [[line, ...stack.slice(0, end === -1 ? undefined : end)].join("\n")];
  });
}
