/** What a mirror has sent for one path, or for all. */
export interface Sent {
  readonly requests: number;
  /** Preflights of CORS; a simple Range needs none. */
  readonly preflights: number;
  /** Bytes of bodies handed to the network. */
  readonly bytes: number;
  /** Those among them that answered a Range. */
  readonly rangeBytes: number;
  /** Answers whose connection closed before all of their body was sent, by either side. */
  readonly cutOff: number;
  /** HEAD, or GET with its range: `GET 0-99`. */
  readonly log: readonly string[];
}

type Tally = { -readonly [Key in keyof Sent]: Sent[Key] } & { log: string[] };

/** Counts what a mirror sends: nothing that a browser caches can hide from it. */
export class Counts {
  readonly #paths = new Map<string, Tally>();

  request(path: string, what: string): void {
    const sent = this.#of(path);
    sent.requests += 1;
    sent.log.push(what);
  }

  preflight(path: string): void {
    this.#of(path).preflights += 1;
  }

  body(path: string, bytes: number, ranged: boolean): void {
    const sent = this.#of(path);
    sent.bytes += bytes;
    if (ranged) sent.rangeBytes += bytes;
  }

  cutOff(path: string): void {
    this.#of(path).cutOff += 1;
  }

  of(path: string): Sent {
    return { ...this.#of(path) };
  }

  get total(): Sent {
    const all = [...this.#paths.values()];
    const sum = (count: (sent: Sent) => number): number =>
      all.reduce((total, sent) => total + count(sent), 0);
    return {
      requests: sum(({ requests }) => requests),
      preflights: sum(({ preflights }) => preflights),
      bytes: sum(({ bytes }) => bytes),
      rangeBytes: sum(({ rangeBytes }) => rangeBytes),
      cutOff: sum(({ cutOff }) => cutOff),
      log: all.flatMap(({ log }) => log),
    };
  }

  clear(): void {
    this.#paths.clear();
  }

  #of(path: string): Tally {
    const known = this.#paths.get(path) ?? {
      requests: 0,
      preflights: 0,
      bytes: 0,
      rangeBytes: 0,
      cutOff: 0,
      log: [],
    };
    this.#paths.set(path, known);
    return known;
  }
}
