import type { PeerId, Sha256 } from '../ids.ts';
import type { Network } from '../mesh/network.ts';
import type { Inheritance } from '../protocol/inheritance.ts';
import type { Legacy, SparePiece } from '../protocol/messages.ts';
import { layFile } from '../weights/file-pieces.ts';
import type { PieceLedger } from '../weights/ledger.ts';
import type { Shelf } from '../weights/shelf.ts';

/** Owner of the legacy on the leader's shelf. */
const LEGACY = 'legacy';
const NOTHING: Legacy = { type: 'legacy', key: '', label: '', pieces: [] };

/** The leader's care for the time after it: everybody can fetch what it takes to lead, and no weights are here alone. */
export class Bequest {
  readonly #network: Network;
  readonly #shelf: Shelf;
  #legacy: Legacy = NOTHING;
  /** What each device was asked to keep, and who has it. */
  readonly #spared = new Map<PeerId, Map<Sha256, string>>();

  constructor(network: Network, shelf: Shelf) {
    this.#network = network;
    this.#shelf = shelf;
  }

  /** Lays out what another device would need, and tells everybody. Once for each key. */
  async leave(key: string, make: () => Inheritance): Promise<void> {
    if (this.#legacy.key === key) return;
    this.#legacy = { ...NOTHING, key };
    const { encodeInheritance } = await import('../protocol/parse-inheritance.ts');
    const inheritance = make();
    const bytes = encodeInheritance(inheritance);
    // Too large to be kept by everybody: the room ends with its leader, as it would without all this.
    if (!bytes) return;
    this.#shelf.clear(LEGACY);
    const pieces = await layFile(this.#shelf, LEGACY, bytes);
    if (this.#legacy.key !== key) return;
    this.#legacy = { type: 'legacy', key, label: inheritance.card.name, pieces };
    for (const peer of this.#network.peers()) this.tell(peer);
  }

  tell(peer: PeerId): void {
    if (this.#legacy.pieces.length > 0) this.#network.sendControl(peer, this.#legacy);
  }

  /** The key of what is laid out; null while there is nothing. */
  get key(): string | null {
    return this.#legacy.pieces.length > 0 ? this.#legacy.key : null;
  }

  /**
   * Has `heir` keep the pieces that fewer than two devices have and no origin does; true when there are none. Until
   * then this device keeps its own, for the case that it comes back itself.
   */
  spare(heir: PeerId, model: string, label: string, ledger: PieceLedger): boolean {
    const pieces = ledger.scarce(heir);
    const asked = this.#spared.get(heir) ?? new Map<Sha256, string>();
    this.#spared.set(heir, asked);
    const wished = pieces.filter(
      ({ hash, holders }) => holders.length > 0 && asked.get(hash) !== holders.join(),
    );
    for (const { hash, holders } of wished) asked.set(hash, holders.join());
    if (wished.length > 0) {
      // Those asked for before, too: the new wish takes the place of the one before.
      this.#network.sendControl(heir, { type: 'spare-pieces', model, label, pieces });
      void this.#keepHere(label, pieces);
    }
    return pieces.length === 0;
  }

  async #keepHere(label: string, pieces: readonly SparePiece[]): Promise<void> {
    const { store } = this.#shelf;
    try {
      for (const { hash } of pieces) {
        if (await store.get(hash)) continue;
        const blob = await this.#shelf.peek(hash);
        if (blob) await this.#shelf.keep(label, hash, new Uint8Array(await blob.arrayBuffer()));
      }
    } catch {
      // Where nothing more can be stored, the others' copies have to do.
    }
  }

  gone(peer: PeerId): void {
    this.#spared.delete(peer);
  }

  /** This device leads no more: whoever does leaves something of its own. */
  close(): void {
    this.#shelf.clear(LEGACY);
  }

  /** There is nothing to leave any more. */
  clear(): void {
    this.close();
    this.#spared.clear();
    const had = this.#legacy.pieces.length > 0;
    this.#legacy = NOTHING;
    if (had) for (const peer of this.#network.peers()) this.#network.sendControl(peer, NOTHING);
  }
}
