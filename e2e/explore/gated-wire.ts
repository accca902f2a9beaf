import type { Dial } from '../../core/mesh/dial.ts';
import type { Wire, WireListener } from '../../core/mesh/wire.ts';
import { kindCode, PACKET_HEADER_BYTES, type PacketKind } from '../../core/protocol/packet.ts';
import type { PageClock } from './page-clock.ts';

/** What happens to packets on their way into one device. */
export interface Gate {
  /** Hands a packet on: now, later, twice, or never. */
  arrive(deliver: () => void): void;
  /** What becomes of its bytes on the way. */
  damage(bytes: Uint8Array<ArrayBuffer>): void;
  /** A wire that is to be cut off can be closed here. */
  readonly wires: Set<Wire>;
}

/** A dial whose wires' packets pass through a gate as they arrive. */
export function gatedDial(dial: Dial, gate: Gate): Dial {
  return (options, listener) =>
    dial(options, { ...listener, connected: (wire) => listener.connected(gated(wire, gate)) });
}

function gated(wire: Wire, gate: Gate): Wire {
  gate.wires.add(wire);
  return {
    kind: wire.kind,
    maxPacketBytes: wire.maxPacketBytes,
    bufferedBytes: () => wire.bufferedBytes(),
    send: (packet) => wire.send(packet),
    listen: (listener: WireListener) =>
      wire.listen({
        packet: (bytes) => {
          gate.damage(bytes);
          gate.arrive(() => listener.packet(bytes.slice()));
        },
        drained: () => gate.arrive(() => listener.drained()),
        closed: (reason) => {
          gate.wires.delete(wire);
          gate.arrive(() => listener.closed(reason));
        },
      }),
    close: (reason) => wire.close(reason),
  };
}

/** The gate of a device whose time may stand still, and to which packets may come twice or damaged. */
export class Faulty implements Gate {
  readonly wires: Set<Wire> = new Set();
  copies = 1;
  /** Of each kind, how many packets are still to be damaged. */
  readonly damages: Map<PacketKind, number> = new Map();
  readonly #clock: PageClock;

  constructor(clock: PageClock) {
    this.#clock = clock;
  }

  arrive(deliver: () => void): void {
    for (let copy = 0; copy < this.copies; copy++) this.#clock.pass(deliver);
  }

  damage(bytes: Uint8Array<ArrayBuffer>): void {
    for (const [kind, count] of this.damages) {
      if (count === 0 || bytes[0] !== kindCode(kind) || bytes.byteLength <= PACKET_HEADER_BYTES) continue;
      this.damages.set(kind, count - 1);
      // A bit of a tensor or of a piece near the end, where a checksum must find it; a text is one no longer.
      const at = kind === 'control' ? PACKET_HEADER_BYTES : bytes.byteLength - 9;
      bytes[at] = (bytes[at] ?? 0) ^ 4;
    }
  }
}
