import { LinkClosedError } from '../errors.ts';
import type { PeerId } from '../ids.ts';
import type { Clock } from './clock.ts';
import { LOW_WATER_BYTES, PACKET_BYTES } from './flow.ts';
import type { Rendezvous } from './rendezvous.ts';
import type { Wire, WireListener } from './wire.ts';
import { WireInbox } from './wire-inbox.ts';

/** A relay packet begins with the session of the link it belongs to (u32, little-endian), then 4 zero bytes. */
const SESSION_BYTES = 8;

/** A WebSocket does not say when it drained, so we look: often enough that 256 KiB last at 10 MB/s. */
const LOOK_EVERY_MS = 20;

/** The session of a relay packet and the packet itself, or undefined when it is too short to be one. */
export function openRelayPacket(
  bytes: Uint8Array<ArrayBuffer>,
): { readonly session: number; readonly packet: Uint8Array<ArrayBuffer> } | undefined {
  if (bytes.byteLength < SESSION_BYTES) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, SESSION_BYTES);
  return { session: view.getUint32(0, true), packet: bytes.subarray(SESSION_BYTES) };
}

/** A wire through the server: for pairs of devices that cannot, or not yet, reach each other directly. */
export class RelayWire implements Wire {
  readonly kind = 'relayed';
  readonly maxPacketBytes: number = PACKET_BYTES;
  readonly #rendezvous: Rendezvous;
  readonly #clock: Clock;
  readonly #peer: PeerId;
  readonly #session: number;
  readonly #inbox = new WireInbox();
  #looking: number | undefined;

  /** `session` must be the same at both ends; packets of others are not for this wire. */
  constructor(rendezvous: Rendezvous, clock: Clock, peer: PeerId, session: number) {
    this.#rendezvous = rendezvous;
    this.#clock = clock;
    this.#peer = peer;
    this.#session = session;
  }

  bufferedBytes(): number {
    return this.#rendezvous.relayBufferedBytes();
  }

  listen(listener: WireListener): void {
    this.#inbox.listen(listener);
  }

  send(packet: Uint8Array<ArrayBuffer>): void {
    if (this.#inbox.isClosed) throw new LinkClosedError('The relay is closed.', { step: 'send a packet' });
    if (packet.byteLength > this.maxPacketBytes)
      throw new RangeError(`a packet of ${packet.byteLength} bytes`);
    const bytes = new Uint8Array(SESSION_BYTES + packet.byteLength);
    new DataView(bytes.buffer).setUint32(0, this.#session, true);
    bytes.set(packet, SESSION_BYTES);
    this.#rendezvous.relay(this.#peer, bytes);
    this.#look();
  }

  /** A packet of this session came out of the relay. */
  deliver(packet: Uint8Array<ArrayBuffer>): void {
    this.#inbox.packet(packet);
  }

  /** Closes this end only: the server knows nothing of wires, so the link or the mesh tells the other side. */
  close(reason: string): void {
    if (this.#looking !== undefined) this.#clock.clearTimeout(this.#looking);
    this.#inbox.close(reason);
  }

  #look(): void {
    if (this.#looking !== undefined || this.bufferedBytes() <= LOW_WATER_BYTES) return;
    this.#looking = this.#clock.setTimeout(() => {
      this.#looking = undefined;
      if (this.bufferedBytes() <= LOW_WATER_BYTES) this.#inbox.drained();
      else this.#look();
    }, LOOK_EVERY_MS);
  }
}
