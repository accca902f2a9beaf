/** How a mirror misbehaves on a path. */
export type FaultKind =
  /** Answers 200 with the whole file, whatever part was asked for. */
  | { readonly kind: 'ignore-range' }
  /** 302 to another path of this mirror, or to another origin, as hubs send to their CDN. */
  | { readonly kind: 'redirect'; readonly to: string }
  /** No Access-Control-Allow-Origin: pages of other origins may not read the answer. */
  | { readonly kind: 'no-cors' }
  /** ETag and Content-Range stay hidden from pages of other origins. */
  | { readonly kind: 'expose-nothing' }
  /** HEAD is refused with 405. */
  | { readonly kind: 'no-head' }
  | { readonly kind: 'status'; readonly status: number; readonly retryAfterSeconds?: number }
  | { readonly kind: 'slow'; readonly bytesPerSecond: number }
  /** Sends nothing more after this many bytes of the body, and keeps the connection. */
  | { readonly kind: 'stall'; readonly afterBytes: number }
  /** Closes the connection after this many bytes of the body; before the head of the answer when negative. */
  | { readonly kind: 'close'; readonly afterBytes: number }
  /** Sends this many bytes more than were asked for, or fewer, with a Content-Length to match. */
  | { readonly kind: 'wrong-length'; readonly by: number }
  /** Sends another part of the file than was asked for, and says so. */
  | { readonly kind: 'shifted'; readonly by: number }
  /** Byte `at` of the file has all its bits inverted. */
  | { readonly kind: 'corrupt'; readonly at: number }
  /** The file is said to be of this version. */
  | { readonly kind: 'etag'; readonly value: string };

/** `times`: the fault passes after that many requests; without it, it stays. */
export type Fault = FaultKind & { readonly times?: number };

/** The faults of a mirror by path. A request meets all faults of its path. */
export class FaultPlan {
  readonly #faults = new Map<string, { fault: Fault; left: number }[]>();

  /** Replaces the faults of a path; none makes it well again. */
  set(path: string, faults: readonly Fault[]): void {
    this.#faults.set(
      path,
      faults.map((fault) => ({ fault, left: fault.times ?? Number.POSITIVE_INFINITY })),
    );
  }

  clear(): void {
    this.#faults.clear();
  }

  /** What the next request for a path meets. */
  take(path: string): Met {
    const met = (this.#faults.get(path) ?? []).filter(({ left }) => left > 0);
    for (const each of met) each.left -= 1;
    return new Met(met.map(({ fault }) => fault));
  }
}

/** The faults that one request meets. */
export class Met {
  readonly #faults: readonly Fault[];

  constructor(faults: readonly Fault[]) {
    this.#faults = faults;
  }

  find<K extends Fault['kind']>(kind: K): Extract<Fault, { kind: K }> | undefined {
    return this.#faults.find((fault): fault is Extract<Fault, { kind: K }> => fault.kind === kind);
  }
}
