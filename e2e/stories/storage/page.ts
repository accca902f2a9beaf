import { openPieceStore } from '../../../app/session/storage/open-piece-store.ts';
import type { Sha256 } from '../../../core/ids.ts';
import { subtleDigest } from '../../../core/weights/digest.ts';
import type { PieceStore } from '../../../core/weights/piece-store.ts';

/** Pieces told by their numbers, made in the page so that no driver has to carry them. */
export interface Numbered {
  readonly from: number;
  readonly to: number;
  readonly bytes: number;
}

/** What the stories call; everything a driver carries is plain JSON. */
export interface StorageLab {
  /** The store as the product opens it. */
  readonly store: Promise<PieceStore>;
  /** Puts pieces, at most `atOnce` at a time; answers the milliseconds that took without making them. */
  put(pieces: Numbered, label: string, atOnce: number): Promise<number>;
  /** The numbers of those that are here with the right bytes. @throws when one has wrong bytes. */
  whole(pieces: Numbered): Promise<number[]>;
}

declare global {
  interface Window {
    lab: StorageLab;
  }
}

const digest = subtleDigest(crypto.subtle);

function make(seed: number, length: number): Uint8Array<ArrayBuffer> {
  const words = new Uint32Array(length / 4);
  for (let i = 0; i < words.length; i++) words[i] = Math.imul(i ^ seed, 2654435761);
  return new Uint8Array(words.buffer);
}

const numbers = ({ from, to }: Numbered): number[] => Array.from({ length: to - from }, (_, i) => from + i);

class Lab implements StorageLab {
  readonly store: Promise<PieceStore> = openPieceStore();
  readonly #names: Map<string, Promise<Sha256>> = new Map();

  async put(pieces: Numbered, label: string, atOnce: number): Promise<number> {
    const store = await this.store;
    const waiting = numbers(pieces);
    let ms = 0;
    while (waiting.length > 0) {
      const batch = waiting.splice(0, atOnce).map(async (n) => ({
        hash: await this.#nameOf(n, pieces.bytes),
        bytes: make(n, pieces.bytes),
      }));
      const made = await Promise.all(batch);
      const startedAt = performance.now();
      await Promise.all(made.map(({ hash, bytes }) => store.put(hash, bytes, { label })));
      ms += performance.now() - startedAt;
    }
    return ms;
  }

  async whole(pieces: Numbered): Promise<number[]> {
    const store = await this.store;
    const here: number[] = [];
    for (const n of numbers(pieces)) {
      const hash = await this.#nameOf(n, pieces.bytes);
      const blob = await store.get(hash);
      if (!blob) continue;
      if ((await digest(new Uint8Array(await blob.arrayBuffer()))) !== hash)
        throw new Error(`piece ${n} is wrong`);
      here.push(n);
    }
    return here;
  }

  #nameOf(seed: number, bytes: number): Promise<Sha256> {
    const key = `${seed} ${bytes}`;
    const name = this.#names.get(key) ?? digest(make(seed, bytes));
    this.#names.set(key, name);
    return name;
  }
}

window.lab = new Lab();
