import { FetchError, PotluckError } from '../errors.ts';
import type { Sha256 } from '../ids.ts';
import type { Clock } from '../mesh/clock.ts';
import type { OriginCard } from '../protocol/origin-card.ts';
import type { Origin } from './origin.ts';
import { cutRun, firstRun, type OriginRange, type OriginRun, runBytes } from './origin-run.ts';
import type { PieceState, StagePieces } from './stage-pieces.ts';

/** Requests at a time: one waits for its first byte while the other fills the line. */
const LANES = 2;
/** Failures without a single new piece between them before the origin is given up: 48 s of pauses. */
const TRIES = 10;
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 8000;
/** A server that asks for more patience than this is asked again sooner. */
const LONGEST_ASKED_PAUSE_MS = 60_000;
/** The step of the error that says that the origin's files are others than before. */
export const VERIFY = 'verify the weights';

type PieceAtOrigin = PieceState & OriginRange;

export interface OriginLanesOptions {
  readonly pieces: StagePieces;
  readonly origin: Origin;
  readonly card: OriginCard;
  readonly clock: Clock;
  readonly digest: (bytes: Uint8Array<ArrayBuffer>) => Promise<Sha256>;
  /** Takes a piece that is what it should be, as far as anybody knows. */
  readonly take: (piece: PieceState, hash: Sha256, bytes: Uint8Array<ArrayBuffer>) => Promise<void>;
  /** Pieces that come from elsewhere. */
  readonly spare: (piece: PieceState) => boolean;
  /** A lane is free again, or a pause is over. */
  readonly freed: () => void;
  readonly signal: AbortSignal;
}

/** Fetches pieces from where the model was published; after a break, from the first one that is not here. */
export class OriginLanes {
  readonly #options: OriginLanesOptions;
  readonly #inOrder: readonly PieceAtOrigin[];
  readonly #mismatched = new Set<PieceState>();
  #busy = 0;
  #failures = 0;
  #error: unknown = null;
  #pause: number | undefined;

  constructor(options: OriginLanesOptions) {
    this.#options = options;
    this.#inOrder = options.pieces.all
      .filter((piece): piece is PieceAtOrigin => piece.at !== null)
      .sort((a, b) => a.at.file - b.at.file || a.at.offset - b.at.offset);
    options.signal.addEventListener('abort', () => this.#rest());
  }

  /** Sends something, or will try again. */
  get isBusy(): boolean {
    return this.#busy > 0 || this.#pause !== undefined;
  }

  /** Why the origin was given up; null as long as it was not. */
  get error(): unknown {
    return this.#error;
  }

  /** Makes as many requests as may be made now. */
  start(): void {
    const { spare } = this.#options;
    while (!this.#error && this.#pause === undefined && this.#busy < LANES) {
      const run = firstRun(this.#inOrder.filter((piece) => piece.phase === 'open' && !spare(piece)));
      if (!run) return;
      void this.#fetch(run);
    }
  }

  async #fetch(run: OriginRun<PieceAtOrigin>): Promise<void> {
    const { pieces, freed, signal } = this.#options;
    const coming = new Set<PieceAtOrigin>(run);
    for (const piece of run) piece.phase = 'busy';
    this.#busy += 1;
    try {
      await this.#read(run, coming);
    } catch (error) {
      if (!signal.aborted) this.#failed(error);
    } finally {
      this.#busy -= 1;
      for (const piece of coming) pieces.reopen(piece);
      freed();
    }
  }

  /** Takes out of `coming` what is here. */
  async #read(run: OriginRun<PieceAtOrigin>, coming: Set<PieceAtOrigin>): Promise<void> {
    const { origin, card, pieces, digest, take, signal } = this.#options;
    const { file, offset } = run[0].at;
    const stream = origin.read(card.files[file]?.name ?? '', offset, runBytes(run), signal);
    let cut = 0;
    for await (const { piece, bytes } of cutRun(run, stream, (of, count) => pieces.grew(of, count))) {
      cut += 1;
      const hash = await digest(bytes);
      if (signal.aborted) return;
      // It may have been agreed on while the bytes were on their way.
      if (piece.hash && piece.hash !== hash) {
        this.#mismatch(piece, piece.hash, hash);
        continue;
      }
      this.#failures = 0;
      await take(piece, hash, bytes);
      if (signal.aborted) return;
      coming.delete(piece);
    }
    if (cut < run.length) throw brokeOff(card, `${run.length} pieces`, `${cut}`);
  }

  /** Bytes are damaged on their way now and then; the same piece twice is another file. */
  #mismatch(piece: PieceState, expected: Sha256, actual: Sha256): void {
    if (this.#mismatched.has(piece)) throw changed(this.#options.card, expected, actual);
    this.#mismatched.add(piece);
  }

  #failed(error: unknown): void {
    const isPassing = error instanceof PotluckError && error.data.retry === true;
    // One outage breaks all requests, and is one failure.
    if (isPassing && this.#pause !== undefined) return;
    this.#failures += 1;
    if (!isPassing || this.#failures >= TRIES) {
      this.#rest();
      this.#error = error;
      return;
    }
    const { clock, freed } = this.#options;
    const asked = Math.min(Number(error.data.retryAfterMs ?? 0), LONGEST_ASKED_PAUSE_MS);
    const pause = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (this.#failures - 1));
    this.#pause = clock.setTimeout(
      () => {
        this.#pause = undefined;
        freed();
      },
      Math.max(asked, pause),
    );
  }

  #rest(): void {
    if (this.#pause !== undefined) this.#options.clock.clearTimeout(this.#pause);
    this.#pause = undefined;
  }
}

function brokeOff(card: OriginCard, expected: string, actual: string): FetchError {
  return new FetchError(`${new URL(card.url).host} sent less than was asked for.`, {
    step: 'fetch weights from the origin',
    expected,
    actual,
    retry: true,
  });
}

function changed(card: OriginCard, expected: string, actual: string): FetchError {
  return new FetchError(
    `${new URL(card.url).host} sends other bytes than before: the model there was changed, or is damaged.`,
    { step: VERIFY, expected: `SHA-256 ${expected}`, actual, retry: false },
  );
}
