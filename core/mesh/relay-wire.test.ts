import { expect, test } from 'vitest';
import type { PeerId } from '../ids.ts';
import { systemClock } from './clock.ts';
import { type MemoryRendezvous, MemoryRoom } from './memory-rendezvous.ts';
import { openRelayPacket, RelayWire } from './relay-wire.ts';
import { wireContract } from './wire-contract.ts';

const [a, b] = ['aaaaaaaaaaaaaaaa', 'bbbbbbbbbbbbbbbb'] as [PeerId, PeerId];
const SESSION = 0xfedc_ba98;

function relayTo(rendezvous: MemoryRendezvous, peer: PeerId): RelayWire {
  const wire = new RelayWire(rendezvous, systemClock, peer, SESSION);
  rendezvous.listen({
    welcome: () => undefined,
    peerJoined: () => undefined,
    iceServers: () => undefined,
    peerLeft: () => undefined,
    signal: () => undefined,
    lost: () => undefined,
    relay: (_, bytes) => {
      const opened = openRelayPacket(bytes);
      if (opened?.session === SESSION) wire.deliver(opened.packet);
    },
  });
  return wire;
}

wireContract('a relay wire', () => {
  const room = new MemoryRoom(systemClock, { delayMs: 3, mbitPerSec: 50 });
  return { left: relayTo(room.join(a), b), right: relayTo(room.join(b), a), closesBothEnds: false };
});

test('bytes too short for a session are no relay packet', () => {
  expect(openRelayPacket(new Uint8Array(7))).toBeUndefined();
  expect(openRelayPacket(new Uint8Array(8))).toEqual({ session: 0, packet: new Uint8Array(0) });
});
