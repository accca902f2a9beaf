import type { PeerId } from '../ids.ts';
import type { Network } from '../mesh/network.ts';
import type { Inheritance } from '../protocol/inheritance.ts';
import type { Legacy } from '../protocol/messages.ts';
import { encodeInheritance } from '../protocol/parse-inheritance.ts';
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
  #spared = new Map<PeerId, string>();

  constructor(network: Network, shelf: Shelf) {
    this.#network = network;
    this.#shelf = shelf;
  }

  /** Lays out what another device would need, and tells everybody. Once for each key. */
  async leave(key: string, make: () => Inheritance): Promise<void> {
    if (this.#legacy.key === key) return;
    this.#legacy = { ...NOTHING, key };
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

  /** Has `heir` keep the pieces that fewer than two devices have and no origin does. */
  spare(heir: PeerId, model: string, label: string, ledger: PieceLedger): void {
    const pieces = ledger.scarce(heir);
    const wish = `${model} ${pieces.map(({ id }) => id).join()}`;
    if (pieces.length === 0 || this.#spared.get(heir) === wish) return;
    this.#spared.set(heir, wish);
    this.#network.sendControl(heir, { type: 'spare-pieces', model, label, pieces });
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
    this.#spared = new Map();
    const had = this.#legacy.pieces.length > 0;
    this.#legacy = NOTHING;
    if (had) for (const peer of this.#network.peers()) this.#network.sendControl(peer, NOTHING);
  }
}
