import { LinkClosedError, ProtocolError } from '../errors.ts';
import type { PeerId } from '../ids.ts';
import type { FilePiece } from '../session/state.ts';
import type { Digest } from './digest.ts';
import type { PieceExchange } from './exchange.ts';
import type { Shelf } from './shelf.ts';

/** What is cut of a file that the leader gives away: one is enough for most. */
const PIECE_BYTES = 4 * 1024 ** 2;

/** A piece with its bytes, as it is laid on a shelf. */
export interface LaidPiece extends FilePiece {
  readonly blob: Blob;
}

/** Cuts a small file into pieces that any device can ask for and verify. */
export async function cutFile(bytes: Uint8Array<ArrayBuffer>, digest: Digest): Promise<LaidPiece[]> {
  const pieces: LaidPiece[] = [];
  for (let at = 0; at < bytes.byteLength; at += PIECE_BYTES) {
    const piece = bytes.slice(at, at + PIECE_BYTES);
    pieces.push({ hash: await digest(piece), length: piece.byteLength, blob: new Blob([piece]) });
  }
  return pieces;
}

/** Lays a small file out on a shelf, from where other devices ask for it. */
export async function layFile(
  shelf: Shelf,
  owner: string,
  bytes: Uint8Array<ArrayBuffer>,
): Promise<FilePiece[]> {
  const pieces = await cutFile(bytes, (piece) => shelf.digest(piece));
  for (const { hash, blob } of pieces) shelf.lay(owner, hash, blob);
  return pieces.map(({ hash, length }) => ({ hash, length }));
}

export interface FetchFileOptions {
  readonly shelf: Shelf;
  readonly exchange: PieceExchange;
  /** Whom to ask for what is not here, one after the other. */
  readonly owners: readonly PeerId[];
  /** What it is kept under. */
  readonly label: string;
  readonly signal: AbortSignal;
}

/**
 * A file from its pieces: from this device's shelf, else from its owners, verified.
 * @throws LinkClosedError when no owner has it any more; ProtocolError for other bytes; the signal's reason.
 */
export async function fetchFile(pieces: readonly FilePiece[], options: FetchFileOptions): Promise<Blob> {
  const blobs: Blob[] = [];
  for (const piece of pieces) {
    blobs.push((await options.shelf.find(piece.hash)) ?? (await fetchPiece(piece, options)));
  }
  return new Blob(blobs);
}

const STEP = 'fetch a file of the model';
/** What arrived damaged may do so by accident, but not each time. */
const TRIES = 3;

async function fetchPiece(piece: FilePiece, options: FetchFileOptions): Promise<Blob> {
  let last: unknown = new LinkClosedError('No device has this file.', { step: STEP });
  for (const owner of options.owners) {
    try {
      return await fetchFrom(owner, piece, options);
    } catch (error) {
      options.signal.throwIfAborted();
      last = error;
    }
  }
  throw last;
}

async function fetchFrom(
  owner: PeerId,
  { hash, length }: FilePiece,
  { shelf, exchange, label, signal }: FetchFileOptions,
): Promise<Blob> {
  const step = STEP;
  for (let left = TRIES - 1; ; left--) {
    const answer = await exchange.ask(owner, hash, length, signal);
    if (answer.kind === 'refused') {
      throw new LinkClosedError(`A device has this file no more: ${answer.reason}`, { step });
    }
    const actual = await shelf.digest(answer.bytes);
    // It comes again next time where nothing can be stored.
    if (actual === hash) return shelf.keep(label, hash, answer.bytes).catch(() => new Blob([answer.bytes]));
    if (left === 0) {
      throw new ProtocolError('A file of the model arrived damaged.', { step, expected: hash, actual });
    }
  }
}
