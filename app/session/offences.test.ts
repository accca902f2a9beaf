import { expect, test } from 'vitest';
import { ProtocolError } from '../../core/errors.ts';
import type { PeerId } from '../../core/ids.ts';
import type { DeviceState } from '../../core/session/state.ts';
import { offenceNotice } from './offences.ts';

const peer = 'b'.repeat(16) as PeerId;
const devices = [{ card: { peer, name: "Ann's phone" } }] as unknown as readonly DeviceState[];
const error = (step: string): ProtocolError =>
  new ProtocolError('It is malformed.', { step, expected: 'JSON', actual: 'x'.repeat(5000) });

test('a notice names the device, the step, what was expected and what was found, once', () => {
  const notice = offenceNotice(devices, peer, error('read a control message'), 5);
  expect(notice).toEqual({
    type: 'NoticeRaised',
    tone: 'warn',
    at: 5,
    message: `Ann's phone broke the protocol and was disconnected (read a control message: expected JSON, got ${'x'.repeat(120)}…). Its page may be of another version: reload it there.`,
  });
  expect(offenceNotice(devices, peer, error('read a control message'), 6)).toBeUndefined();
  expect(offenceNotice(devices, peer, error('read a packet'), 7)).toBeDefined();
  expect(offenceNotice([], 'c'.repeat(16) as PeerId, error('read a packet'), 7)).toMatchObject({
    message: expect.stringMatching(/^A device broke/),
  });
});
