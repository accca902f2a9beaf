import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ProtocolError } from '../errors.ts';
import { PACKET_HEADER_BYTES, type PacketHeader, readPacketHeader, writePacketHeader } from './packet.ts';

function packetOf(header: PacketHeader, payloadBytes = 0): Uint8Array<ArrayBuffer> {
  const packet = new Uint8Array(PACKET_HEADER_BYTES + payloadBytes);
  writePacketHeader(packet, header);
  return packet;
}

const header: PacketHeader = {
  kind: 'activation',
  sequence: 0xffff_ffff,
  acknowledged: 17,
  message: 0xffff_fffe,
  total: 100,
  offset: 60,
};

test('a header comes back as it went', () => {
  expect(readPacketHeader(packetOf(header, 40))).toEqual(header);
  expect(PACKET_HEADER_BYTES % 8).toBe(0);
});

test.each([
  ['shorter than a header', packetOf(header).subarray(0, PACKET_HEADER_BYTES - 1)],
  ['whose bytes end past the total', packetOf(header, 41)],
  ['of a message without a number', packetOf({ ...header, sequence: 0 }, 40)],
  ['about the wire with a number', packetOf({ ...header, kind: 'ping' }, 40)],
  ['of an unknown kind', packetOf(header, 40).fill(10, 0, 1)],
])('a packet %s is refused', (_, packet) => {
  expect(() => readPacketHeader(packet)).toThrow(ProtocolError);
});

test('foreign bytes never throw anything but ProtocolError', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      try {
        readPacketHeader(new Uint8Array(bytes));
      } catch (error) {
        expect(error).toBeInstanceOf(ProtocolError);
      }
    }),
  );
});
