/** The hatchings of bars: never is something told by its colour alone. */
export function Patterns() {
  return (
    <svg class="unseen" width="0" height="0" aria-hidden="true">
      <defs>
        {(["danger", "warn", "violet", "grey"] as const).map((colour) => (
          <>
            <pattern id={`rising-${colour}`} width="6" height="6" patternUnits="userSpaceOnUse">
              <path d="M-1 1L1 -1M-1 7L7 -1M5 7L7 5" class={`line ${colour}`} />
            </pattern>
            <pattern id={`falling-${colour}`} width="6" height="6" patternUnits="userSpaceOnUse">
              <path d="M-1 5L1 7M-1 -1L7 7M5 -1L7 1" class={`line ${colour}`} />
            </pattern>
            <pattern id={`dots-${colour}`} width="5" height="5" patternUnits="userSpaceOnUse">
              <circle cx="2.5" cy="2.5" r="1.4" class={`dot ${colour}`} />
            </pattern>
            <pattern id={`lines-${colour}`} width="5" height="4" patternUnits="userSpaceOnUse">
              <path d="M0 2H5" class={`line ${colour}`} />
            </pattern>
          </>
        ))}
      </defs>
    </svg>
  );
}

/** A sample of how a bar is drawn, for a legend. */
export function Swatch({ kind }: { readonly kind: string }) {
  return (
    <svg class="swatch" width="22" height="14" aria-hidden="true">
      <rect x="1" y="1" width="20" height="12" class={`fill-${kind}`} />
    </svg>
  );
}
