import type { PeerId, Sha256 } from '../ids.ts';
import type { Clock } from '../mesh/clock.ts';
import type { Inheritance } from '../protocol/inheritance.ts';
import type { Legacy, SparePiece } from '../protocol/messages.ts';
import type { DeviceCard, FilePiece, Seat } from '../session/state.ts';
import type { LaidPiece } from '../weights/file-pieces.ts';

/** What this device has in hand in case that it must lead. */
export interface Inherited {
  readonly inheritance: Inheritance;
  /** The files that the model's card names. */
  readonly beside: readonly LaidPiece[];
}

/** What could not be had is asked for again after so long, this often: links come back within seconds. */
const AGAIN_MS = 1000;
const TRIES = 20;
/** Pieces on their way at once: enough to fill a link from end to end. */
const AT_ONCE = 4;

export interface HeirOptions {
  readonly clock: Clock;
  /** From this device's shelf, else from the leader, or from `owners`. */
  readonly fetch: (
    pieces: readonly FilePiece[],
    label: string,
    signal: AbortSignal,
    owners?: readonly PeerId[],
  ) => Promise<Blob>;
  /** Whether the shelf gives this piece back. */
  readonly has: (hash: Sha256) => Promise<boolean>;
  /** Everything of the legacy of this key is here; null: there is none any more. */
  readonly ready: (key: string | null) => void;
  readonly keeps: (model: string, piece: SparePiece) => void;
}

/** Fetches what it takes to lead in the leader's place, and spare copies of weights that would be lost with it. */
export class Heir {
  readonly #options: HeirOptions;
  #legacy: AbortController | undefined;
  #spares: AbortController | undefined;
  #keeping: Promise<void> = Promise.resolve();
  #key = '';
  #inherited: Inherited | undefined;

  constructor(options: HeirOptions) {
    this.#options = options;
  }

  /** Of the last model that ran in the room; undefined while it is not all here. */
  get inherited(): Inherited | undefined {
    return this.#inherited;
  }

  /** Which legacy that is. */
  get key(): string {
    return this.#key;
  }

  /** A leader that says something else ends it. */
  async told(legacy: Legacy): Promise<void> {
    const { key, pieces } = legacy;
    this.#legacy?.abort(new Error('the leader left something else'));
    if (key === this.#key && this.#inherited) {
      this.#options.ready(key);
      return;
    }
    const control = new AbortController();
    this.#legacy = control;
    // What was left before serves until this is all here.
    if (pieces.length === 0) {
      this.#key = '';
      this.#inherited = undefined;
      this.#options.ready(null);
      return;
    }
    const { signal } = control;
    await this.#untilDone(signal, () => this.#take(legacy, signal));
  }

  /** Some at a time; none is begun any more after the first that this device cannot keep. */
  keep(model: string, label: string, pieces: readonly SparePiece[]): Promise<void> {
    this.#spares?.abort(new Error('the leader asked for others'));
    const control = new AbortController();
    this.#spares = control;
    const { signal } = control;
    this.#keeping = this.#untilDone(signal, () => this.#keep(model, label, pieces, signal));
    return this.#keeping;
  }

  async #take({ key, label, pieces }: Legacy, signal: AbortSignal): Promise<boolean> {
    const { fetch, ready } = this.#options;
    // All that it takes to lead must be here before the server, too, may be gone.
    const [blob, { decodeInheritance }] = await Promise.all([
      fetch(pieces, label, signal),
      import('../protocol/parse-inheritance.ts'),
      import('./inheritance.ts'),
    ]);
    const inheritance = decodeInheritance(new Uint8Array(await blob.arrayBuffer()));
    const beside: LaidPiece[] = [];
    const { language, encoder } = inheritance.card;
    for (const piece of (language ?? encoder)?.files.flatMap((file) => file.pieces) ?? []) {
      beside.push({ ...piece, blob: await fetch([piece], label, signal) });
    }
    // Without the weights there would be nothing to lead; a later wish takes the place of the one that is waited for.
    let kept: Promise<void> | undefined;
    while (kept !== this.#keeping) {
      kept = this.#keeping;
      await kept;
    }
    if (signal.aborted) return true;
    this.#key = key;
    this.#inherited = { inheritance, beside };
    ready(key);
    return true;
  }

  async #keep(
    model: string,
    label: string,
    pieces: readonly SparePiece[],
    signal: AbortSignal,
  ): Promise<boolean> {
    const { fetch, has, keeps } = this.#options;
    let [all, full] = [true, false];
    const left = pieces.values();
    const some = async (): Promise<void> => {
      for (const piece of left) {
        if (full) return;
        const came = await fetch([piece], label, signal, piece.holders).catch(() => null);
        const kept = came !== null && (await has(piece.hash));
        if (signal.aborted) return;
        if (kept) keeps(model, piece);
        else if (came) full = true;
        else all = false;
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, some));
    return full || all;
  }

  /** A source that goes away, or a link that breaks, is tried again. */
  async #untilDone(signal: AbortSignal, work: () => Promise<boolean>): Promise<void> {
    const { clock } = this.#options;
    for (let tries = 0; tries < TRIES && !signal.aborted; tries++) {
      if (await work().catch(() => false)) return;
      await new Promise<void>((resolve) => clock.setTimeout(resolve, AGAIN_MS));
    }
  }

  stop(): void {
    this.#legacy?.abort(new Error('the session ended'));
    this.#spares?.abort(new Error('the session ended'));
  }
}

const FORMS: readonly DeviceCard['form'][] = ['server', 'computer', 'tablet', 'phone'];

/**
 * The devices in the order in which they would lead: those that have the legacy, that are in front and measured, that
 * are likely to stay, that came first. Everybody who has the same cards comes to the same.
 */
export function inOrderOfSuccession(
  among: readonly PeerId[],
  cards: ReadonlyMap<PeerId, DeviceCard>,
  seats: readonly Seat[],
  key: string,
): readonly PeerId[] {
  const rank = (peer: PeerId): readonly number[] => {
    const card = cards.get(peer);
    const seat = seats.findIndex((each) => each.peer === peer);
    return [
      key !== '' && card?.heir === key ? 0 : 1,
      card && !card.hidden ? 0 : 1,
      card?.status === 'ready' ? 0 : 1,
      card ? FORMS.indexOf(card.form) : FORMS.length,
      seat < 0 ? seats.length : seat,
    ];
  };
  const ranks = new Map(among.map((peer) => [peer, rank(peer)]));
  const compare = (a: PeerId, b: PeerId): number => {
    const [ofA = [], ofB = []] = [ranks.get(a), ranks.get(b)];
    const at = ofA.findIndex((value, index) => value !== ofB[index]);
    return at < 0 ? (a < b ? -1 : 1) : (ofA[at] ?? 0) - (ofB[at] ?? 0);
  };
  return [...among].sort(compare);
}
