import type { Dial } from '../../core/mesh/dial.ts';
import type { Wire, WireListener } from '../../core/mesh/wire.ts';

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
